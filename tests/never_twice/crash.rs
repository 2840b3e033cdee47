//! A process that ends between every two records, and between every two operations on its storage.

use std::time::Duration;

use rrp::command::Safety;
use rrp::dispatch::Config;
use rrp::session;

use crate::client::{Client, Setup, Weather};
use crate::crashy::Crashy;
use crate::keep::Stored;
use crate::line::Delay;
use crate::oracle::Oracle;
use crate::support::session::login;
use crate::world::{ACCOUNTS, World, one_session, registry};

/// All of them, but in debug builds, which are slow.
const STEP: usize = if cfg!(debug_assertions) { 9 } else { 1 };

/// When the process ends.
#[derive(Clone, Copy, Debug)]
enum Crash {
    Never,
    /// Before the record of this number, or right behind it.
    Record(u64, bool),
    /// Before this operation on the storage.
    Operation(u64),
}

/// A small script, always the same; how many records and operations there were.
fn script(seed: u64, crash: Crash) -> (u64, u64) {
    let mut world = World::new(registry().seed(seed), seed, Oracle::new(true));
    world.accounts = vec![ACCOUNTS[0]];
    world.safety = Some(Safety::ReadBack);
    let setup = Setup {
        config: Config::new(seed),
        pool: one_session(Duration::from_millis(100)),
        sessions: 1,
        session: session::Config::new(login()).keepalive_after(None).login_when_told(),
        delays: vec![Delay::of_millis(10)],
        chunks: vec![usize::MAX],
    };
    let stored = Stored::new();
    let storage: Crashy = stored.storage.clone();
    if let Crash::Operation(number) = crash {
        storage.crash_at(number);
    }
    let (at, wall) = (world.at(), world.wall());
    let mut client = Client::new(0, setup, Box::new(stored), at, wall);
    if let Crash::Record(number, behind) = crash {
        client.crash_at = Some((number, behind));
    }
    world.clients.push(client);
    world.furnish(0, 20);
    world.weather = Weather { writes: 60, ..Weather::CALM };
    for _ in 0..12 {
        world.ask();
        world.pass(Duration::from_secs(7));
    }
    world.calm();
    let crashed = world.oracle.tally.crashes > 0 || storage.crashed();
    assert_eq!(crashed, !matches!(crash, Crash::Never), "{crash:?}");
    (world.clients[0].recorded, storage.operations())
}

#[test]
fn a_crash_between_two_records_loses_nothing_and_does_nothing_twice() {
    for seed in 0..4 {
        let (records, _) = script(seed, Crash::Never);
        assert!(records > 10, "{records}");
        for number in (0..records).step_by(STEP) {
            script(seed, Crash::Record(number, false));
            script(seed, Crash::Record(number, true));
        }
    }
}

#[test]
fn a_crash_between_two_operations_on_the_storage_loses_nothing() {
    for seed in 0..2 {
        let (_, operations) = script(seed, Crash::Never);
        assert!(operations > 40, "{operations}");
        // Those of the opening are the journal's own affair; the last ones close it.
        for number in (0..operations).step_by(STEP) {
            script(seed, Crash::Operation(number));
        }
    }
}
