//! Registries that lie, or execute what was lost minutes later: no client can do everything right then. What it comes to
//! is counted, per lie and per safety; what must hold even so is asserted.

use std::collections::BTreeMap;

use rrp::command::Safety;
use rrp::settle::Resolver;

use crate::client::Weather;
use crate::faults::Kind;
use crate::oracle::Violation;
use crate::storm::{Replay, run, world};

/// Worlds for each lie and each safety.
const WORLDS: u64 = if cfg!(debug_assertions) { 3 } else { 40 };

/// Each lie, and the assumption that it breaks.
const LIES: [(Kind, &str); 4] = [
    (Kind::LieFailed, "what failed for now was not executed"),
    (Kind::LieRefused, "what was refused was not executed"),
    (Kind::LieDone, "what was done was executed"),
    (Kind::LieLate, "what was lost is executed within a minute, or never"),
];

/// Writes, and what was wrong with them.
#[derive(Default)]
struct Count {
    writes: usize,
    executed: usize,
    /// Registrations and renewals with a guard.
    doubles_refused: usize,
    doubles: usize,
    wrong: BTreeMap<Violation, usize>,
}

fn count(kind: Kind, safety: Safety) -> Count {
    let mut count = Count::default();
    for seed in 0..WORLDS {
        let _replay = Replay(seed);
        let mut world = world(seed, 1, false);
        world.safety = Some(safety);
        world.weather = Weather { writes: 50, only: Some(kind), ..Weather::CALM };
        run(&mut world, 120);
        for (what, _, intent) in &world.oracle.violations {
            if kind == Kind::LieFailed && safety == Safety::ReadBack {
                // What costs nothing and is refused a second time is believed when no try is left, and nothing else.
                let resolver = intent.and_then(|at| world.oracle.intents[at].resolver);
                assert_eq!((*what, resolver), (Violation::ToldNotDone, Some(Resolver::AddNameServer)));
            }
            let refused_twice = intent.is_some_and(|at| {
                let intent = &world.oracle.intents[at];
                intent.refused_twice && !intent.freed
            });
            match what {
                Violation::Double if refused_twice => count.doubles_refused += 1,
                Violation::Double => count.doubles += 1,
                other => *count.wrong.entry(*other).or_default() += 1,
            }
        }
        let sent = || world.oracle.intents.iter().filter(|intent| !intent.attempts.is_empty());
        count.writes += sent().count();
        count.executed += sent().filter(|intent| intent.executions > 0).count();
    }
    count
}

#[test]
fn a_registry_that_lies_is_counted_and_nothing_that_is_refused_twice_is_done_twice() {
    for (kind, assumption) in LIES {
        println!("{kind:?} breaks: {assumption}");
        for safety in Safety::ALL {
            let Count { writes, executed, doubles_refused, doubles, wrong } = count(kind, safety);
            println!(
                "  {safety}: {writes} writes, {executed} executed; done twice: {doubles_refused} registrations and \
                 guarded renewals, {doubles} others; {wrong:?}"
            );
            assert!(writes > 100, "{kind:?} {safety}: too few writes");
            // What the registry refuses to repeat is paid for once, whatever it says, unless it was deleted in between.
            assert_eq!(doubles_refused, 0, "{kind:?} {safety}");
            if matches!(safety, Safety::ReadBack | Safety::Once) && kind != Kind::LieLate {
                assert_eq!(doubles, 0, "{kind:?} {safety}");
            }
            if safety == Safety::Once {
                assert_eq!(doubles, 0, "{kind:?} {safety}");
            }
        }
    }
}
