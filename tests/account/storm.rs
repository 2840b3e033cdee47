//! Storms: a thousand callers for hours, and everything goes wrong.

use std::time::Duration;

use rrp::dispatch::Lane;
use rrp::pool::Options;

use crate::client::Weather;
use crate::eyes::Eyes;
use crate::line::Delay;
use crate::oracle::Tally;
use crate::pair::Dice;
use crate::spent::Spent;
use crate::world::{ALLOWED_DELAY, INTERVAL, SESSIONS, World, registry};

/// So many hours without `RRP_HOURS`.
const HOURS: u64 = if cfg!(debug_assertions) { 6 } else { 40 };

/// A storm lasts so long, and what follows it an hour and more.
const STORM: u64 = 2;

struct Replay(u64);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "replay with: RRP_SEED={} cargo test --no-default-features --features sim --test account storms",
                self.0
            );
        }
    }
}

#[derive(Default)]
struct Sum {
    seconds: u64,
    commands: usize,
    tally: Tally,
    spent: Spent,
    worst: u64,
    sessions: usize,
}

fn storm(seed: u64, sum: &mut Sum) {
    let _replay = Replay(seed);
    let mut dice = Dice(seed);
    let delays = vec![Delay::between(1, 5), Delay::between(20, 60), Delay::between(1, 249)];
    let config = registry(seed)
        .latency(Duration::from_millis(dice.one_of(&[0, 150, 2_000, 5_000])))
        .ghosts(Duration::from_millis(dice.one_of(&[0, 0, 5_000])))
        .bare_errors(dice.percent(50))
        .before_login(dice.one_of(&[530, 547]));
    // A day is too long to be waited for.
    let (lifetime, after) = (Duration::from_secs(1_800), Duration::from_secs(1_500));
    let (config, options) = if dice.percent(50) {
        (config.session_lifetime(lifetime), Options::new(seed).lifetime(after, lifetime))
    } else {
        (config, Options::new(seed))
    };
    let eyes = Eyes::new(INTERVAL, ALLOWED_DELAY, SESSIONS);
    let mut world = World::new(config, dice.next(), delays, options, eyes);
    world.weather = Weather {
        writes: dice.one_of(&[5, 20, 60]),
        others: dice.one_of(&[1, 5, 15]),
        connections: true,
        silence: dice.one_of(&[0, 5, 20]),
        ..Weather::CALM
    };
    let start = world.now;
    world.next = [Lane::Interactive, Lane::Normal].map(|lane| (start, lane)).to_vec();
    world.backlog = dice.one_of(&[0, 50, 400]);
    let crashes = dice.one_of(&[0, 1, 3]);
    while world.now < start + Duration::from_secs(STORM * 3_600) {
        world.pass(Duration::from_secs(60));
        if dice.percent(10) {
            world.settle_doubts(30);
        }
        if dice.percent(crashes) {
            world.crash(dice.percent(40));
        }
        if dice.percent(2) {
            // Nobody wants anything for a while: sessions are kept alive.
            let (next, backlog) = (std::mem::take(&mut world.next), std::mem::take(&mut world.backlog));
            world.pass(Duration::from_secs(1_500));
            let now = world.now;
            world.next = next.into_iter().map(|(_, lane)| (now, lane)).collect();
            world.backlog = backlog;
        }
    }
    world.end();
    assert!(world.spent.used() >= 990, "{seed}: {}", world.spent);
    let Eyes { arrived, events, most_sessions, .. } = &world.eyes;
    println!("{seed}: {}, {most_sessions} sessions, {arrived:?} {events:?}", world.spent);
    sum.seconds += (world.now - start).as_secs();
    sum.commands += world.eyes.arrived.values().sum::<usize>();
    sum.worst = sum.worst.max(world.client.dispatch.slots().worst);
    sum.sessions = sum.sessions.max(world.eyes.most_sessions);
    sum.spent.add(&world.spent);
    sum.tally.add(&world.oracle.into_tally());
}

#[test]
fn storms_of_all_faults_pass_and_all_limits_are_kept() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse().expect("it is a number"));
    let mut sum = Sum::default();
    if let Some(seed) = number("RRP_SEED") {
        storm(seed, &mut sum);
    }
    let hours: u64 = number("RRP_HOURS").unwrap_or(HOURS);
    let mut seed = 0;
    while number("RRP_SEED").is_none() && sum.seconds < hours * 3_600 {
        storm(seed, &mut sum);
        seed += 1;
    }
    let Sum { seconds, commands, tally, spent, worst, sessions } = sum;
    assert!(sessions == SESSIONS || number("RRP_SEED").is_some(), "{sessions} sessions at the most");
    println!(
        "{} hours, {commands} commands, the longest wait {worst} ‰ of the bound\n{spent}",
        seconds / 3_600
    );
    println!("{tally}");
}
