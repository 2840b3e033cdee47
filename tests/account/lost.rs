//! A machine that is lost, with as many sessions as there may be: nobody closes them, and the registry counts them until
//! they have been idle for too long.

use std::time::Duration;

use rrp::dispatch::Lane;
use rrp::pool::Options;

use crate::eyes::Eyes;
use crate::line::Delay;
use crate::world::{ALLOWED_DELAY, INTERVAL, SESSIONS, World, registry};

/// A registry that is so slow that every session is in use.
fn busy(seed: u64) -> World {
    let config = registry(seed).latency(Duration::from_secs(8));
    let eyes = Eyes::new(INTERVAL, ALLOWED_DELAY, SESSIONS);
    let mut world = World::new(config, seed, vec![Delay::between(1, 60)], Options::new(seed), eyes);
    world.next = vec![(world.now, Lane::Normal)];
    world.backlog = 100;
    world.pass(Duration::from_secs(120));
    assert_eq!(world.registry.sessions("registrar"), SESSIONS);
    world
}

#[test]
fn sessions_of_a_lost_machine_stay_charged_until_the_registry_has_ended_them() {
    for seed in 0..5 {
        let mut world = busy(seed);
        let opened = world.eyes.events["Opened"];
        world.crash(true);
        world.pass(Duration::from_secs(300));
        // None was opened, and none tried in vain.
        assert_eq!((world.eyes.events["Opened"], world.eyes.events.get("Full")), (opened, None));
        assert_eq!(world.client.dispatch.slots().snapshot().sessions.ghosts, SESSIONS);
        world.pass(Duration::from_secs(600));
        assert_eq!(world.registry.sessions("registrar"), SESSIONS);
        world.end();
    }
}

#[test]
fn sessions_of_a_process_that_died_are_found_gone_by_logins() {
    for seed in 0..5 {
        let mut world = busy(seed);
        world.crash(false);
        world.pass(Duration::from_secs(120));
        assert_eq!(world.registry.sessions("registrar"), SESSIONS);
        assert_eq!(world.eyes.events.get("Full"), None);
        world.end();
    }
}
