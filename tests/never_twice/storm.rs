//! Storms: everything at once, thousands of times with the same dice.

use std::time::Duration;

use rrp::dispatch::{Config, Queues};
use rrp::session;
use rrp::sim::{Style, Terminator};

use crate::client::{Client, Setup, Weather};
use crate::keep::{Keep, Map};
use crate::line::Delay;
use crate::oracle::{Oracle, Tally};
use crate::others::Third;
use crate::pair::Dice;
use crate::support::session::{PASSWORD, login};
use crate::world::{ACCOUNTS, World, one_session, registry};

/// Says how to replay the seed in which a test failed.
pub(crate) struct Replay(pub(crate) u64);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "replay with: RRP_SEED={} cargo test --no-default-features --features sim,journal --test \
                 never_twice storms",
                self.0
            );
        }
    }
}

/// The seed that was asked for.
pub(crate) fn asked_seed() -> Option<u64> {
    std::env::var("RRP_SEED").ok().map(|seed| seed.parse().expect("RRP_SEED is a number"))
}

fn style(dice: &mut Dice) -> Style {
    let terminator = dice.one_of(&[Terminator::Eof, Terminator::EofDot, Terminator::Dot]);
    let mut half = || dice.percent(50);
    Style::new().upper_keys(half()).tight(half()).padded(half()).index_gaps(half()).terminator(terminator)
}

/// A map, or sometimes the shipped one.
fn journal(seed: u64) -> Box<dyn Keep> {
    #[cfg(feature = "journal")]
    if seed.is_multiple_of(16) {
        return Box::new(crate::keep::Stored::new());
    }
    let _ = seed;
    Box::new(Map::default())
}

/// A world of this seed, in which each client has so many sessions.
pub(crate) fn world(seed: u64, sessions: usize, strict: bool) -> World {
    let mut dice = Dice(seed);
    let style = style(&mut dice);
    let mut config = registry()
        .seed(seed)
        .style(style)
        .latency(Duration::from_millis(dice.one_of(&[0, 10, 2_000])))
        .bare_errors(dice.percent(50))
        .before_login(dice.one_of(&[530, 547]));
    let queued = dice.percent(15);
    if queued {
        config = config
            .queued_zones(["example.com"])
            .queue_jobs(Duration::from_secs(dice.one_of(&[5, 300, 3_000])));
    }
    let mut world = World::new(config, dice.next(), Oracle::new(strict));
    world.oracle.may_queue = queued;
    // Each fourth one tells its callers sooner that something is in doubt.
    world.oracle.hurries = seed % 4 == 3;
    world.skew = i64::try_from(dice.below(20 * 3_600_000)).unwrap() - 10 * 3_600_000;
    let both = dice.percent(30);
    world.accounts = if both { ACCOUNTS.to_vec() } else { vec![ACCOUNTS[0]] };
    for number in 0..world.accounts.len() {
        let mut own = Config::new(dice.next());
        if queued {
            own = own.queues(Queues::Everywhere);
        }
        if world.oracle.hurries {
            own = own.settle_wait(Some(Duration::from_secs(45)));
        }
        if dice.percent(30) {
            own = own.tries(1 + u32::try_from(dice.below(4)).unwrap());
        }
        let login =
            if number == 0 { login() } else { rrp::command::Session::login(ACCOUNTS[1], PASSWORD).unwrap() };
        let setup = Setup {
            config: own,
            pool: one_session(Duration::from_millis(dice.one_of(&[0, 100, 1_000]))).sessions(0..=sessions),
            sessions,
            session: session::Config::new(login).keepalive_after(None).login_when_told(),
            delays: [0, 0, 1, 50, 3_000].map(Delay::of_millis).to_vec(),
            chunks: vec![1, 7, usize::MAX, usize::MAX, usize::MAX],
        };
        let (at, wall) = (world.at(), world.wall());
        world.clients.push(Client::new(number, setup, journal(seed), at, wall));
    }
    world.furnish(0, 60);
    if dice.percent(60) {
        world.third = Third::new(Some(world.now + Duration::from_secs(10)));
    }
    let journal = if dice.percent(30) { 2 } else { 0 };
    world.weather = Weather { writes: 92, others: 20, journal, connections: true, ..Weather::CALM };
    world
}

/// Runs a world of so many calls.
pub(crate) fn run(world: &mut World, calls: usize) {
    stir(world, calls);
    world.calm();
}

/// The same, and the faults go on.
pub(crate) fn stir(world: &mut World, calls: usize) {
    let crashes = if world.dice.percent(50) { 2 } else { 0 };
    for _ in 0..calls {
        world.ask();
        if world.dice.percent(6) {
            let client = world.dice.below(world.clients.len());
            world.settle_doubts(client, false);
        }
        let pause = match world.dice.below(20) {
            0..8 => world.dice.next() % 1_500,
            8..18 => world.dice.next() % 120_000,
            _ => world.dice.next() % 900_000,
        };
        world.pass(Duration::from_millis(pause));
        if world.dice.percent(crashes) {
            let client = world.dice.below(world.clients.len());
            world.crash(client);
        }
    }
}

/// Storms with so many sessions until so many writes went wrong.
pub(crate) fn storms(first: u64, sessions: usize, writes: usize) -> Tally {
    let mut all = Tally::default();
    if let Some(seed) = asked_seed() {
        return storm(seed, sessions);
    }
    let mut seed = first;
    while all.faulted < writes {
        all.add(&storm(seed, sessions));
        seed += 1;
    }
    all
}

/// One storm.
pub(crate) fn storm(seed: u64, sessions: usize) -> Tally {
    let _replay = Replay(seed);
    let mut world = world(seed, sessions, true);
    run(&mut world, 120);
    world.oracle.into_tally()
}

/// So many writes go wrong.
const WRITES: usize = if cfg!(debug_assertions) { 2_000 } else { 5_000 };

#[test]
fn storms_do_nothing_twice_and_tell_nothing_wrong() {
    println!("{}", storms(0, 1, WRITES));
}

#[test]
fn storms_over_three_sessions_do_nothing_twice_either() {
    println!("{}", storms(0, 3, WRITES));
}
