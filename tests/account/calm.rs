//! Nothing goes wrong: all of the pace is used, and nobody has it for himself.

use std::time::Duration;

use rrp::dispatch::Lane;
use rrp::pool::Options;

use crate::eyes::Eyes;
use crate::line::Delay;
use crate::world::{ALLOWED_DELAY, INTERVAL, SESSIONS, World, registry};

/// So many are asked for at once, by a thousand callers.
const COMMANDS: usize = if cfg!(debug_assertions) { 3_000 } else { 20_000 };

#[test]
fn a_thousand_callers_use_all_of_the_pace() {
    let eyes = Eyes::new(INTERVAL, ALLOWED_DELAY, SESSIONS);
    let delays = vec![Delay::between(1, 5), Delay::between(20, 60), Delay::between(1, 240)];
    let mut world = World::new(registry(1), 1, delays, Options::new(1), eyes);
    for number in 0..COMMANDS {
        let lane = [Lane::Bulk, Lane::Bulk, Lane::Normal, Lane::Interactive][number % 4];
        world.ask(lane);
    }
    world.rest();
    let arrived: usize = world.eyes.arrived.values().sum();
    let worst = world.client.dispatch.slots().worst;
    println!("{arrived} commands, {} ‰ of the bound, {:?}: {}", worst, world.eyes.closest, world.spent);
    // A command takes its interval and its round trip, which is bounded by what it may be on its way.
    let spent = world.spent;
    assert!(spent.paced <= (INTERVAL + ALLOWED_DELAY) * u32::try_from(arrived).unwrap());
    let lost = spent.wasted + spent.opening + spent.backing_off + spent.full + spent.recording;
    assert!(lost <= spent.paced / 100, "{spent}");
    // A query is sent once, and so is the read before a write.
    let reads = world.eyes.arrived["statusdomain"] + world.eyes.arrived["checkdomain"];
    assert!(reads <= COMMANDS, "{:?}", world.eyes.arrived);
    world.end();
}

#[test]
fn beyond_the_allowed_delay_commands_arrive_closer_by_at_most_what_is_beyond() {
    let beyond = Duration::from_millis(650);
    // A registry that does not mind.
    let config = registry(2).rate(100, INTERVAL, Duration::from_secs(300));
    let eyes = Eyes::new(INTERVAL - beyond, ALLOWED_DELAY + beyond, SESSIONS);
    let most = u64::try_from((ALLOWED_DELAY + beyond).as_millis()).unwrap();
    let mut world = World::new(config, 2, vec![Delay::between(1, most)], Options::new(1), eyes);
    for _ in 0..COMMANDS / 4 {
        world.ask(Lane::Normal);
    }
    world.rest();
    // It is not kept, so that the one above tells something.
    assert!(world.eyes.closest.unwrap() < INTERVAL - beyond / 2, "{:?}", world.eyes.closest);
    world.end();
}
