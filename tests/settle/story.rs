//! What happens to an object at the simulated registry, step by step, and what the look at its end proves.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rrp::command::{Command, Dialect, Session, ToCommand};
use rrp::settle::{Finding, Reading, Resolver, Sent, Sight, judge, reads, resolver, wants_earlier_reading};
use rrp::sim::{Action, Config, ConnectionId, Registrar, Registry};
use rrp::{Reply, ReturnCode};

use crate::samples::{command, keyed};
use crate::support::session::base;
use crate::support::{reply, wire};

/// 2026-01-01 00:00:00, when the registry's clock begins, in milliseconds of Unix time.
const START: u64 = 1_767_225_600_000;

pub(crate) fn config() -> Config {
    Config::new()
        .registrar(Registrar::new("us", "pl4nted"))
        .registrar(Registrar::new("them", "pl4nted"))
        .zones(["com"])
        .idle_limit(None)
        .session_lifetime(None)
}

/// A registry at which every deletion waits for its end.
pub(crate) fn without_grace() -> Config {
    config().add_grace(Duration::ZERO)
}

struct World {
    registry: Registry,
    now: Instant,
    connections: BTreeMap<&'static str, ConnectionId>,
}

impl World {
    fn new(config: Config) -> Self {
        let mut world =
            Self { registry: Registry::new(config, base()), now: base(), connections: BTreeMap::new() };
        for who in ["us", "them"] {
            let id = world.registry.connect(world.now);
            world.connections.insert(who, id);
            world.taken(id);
            let login = Session::login(who, "pl4nted").unwrap().to_command();
            assert_eq!(world.ask(who, &login).code(), ReturnCode::COMPLETED);
        }
        world
    }

    fn taken(&mut self, id: ConnectionId) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some((other, action)) = self.registry.poll(self.now) {
            match action {
                Action::Send(sent) if other == id => bytes.extend_from_slice(&sent),
                other => panic!("{other:?}"),
            }
        }
        bytes
    }

    fn ask(&mut self, who: &str, command: &Command) -> Reply {
        let id = self.connections[who];
        self.registry.receive(id, &wire(command.body(), Dialect::Xrrp), self.now);
        let bytes = self.taken(id);
        reply(&bytes)
    }
}

/// Lives through these steps, a minute apart, and judges what is read at the end:
///
/// `us …` and `them …` send a command that is executed; `about …` says which one is in doubt, `look` reads before,
/// `send` has the registry execute it, `refused` has it refused, `days …` lets time pass, `queued` says that a job may
/// wait.
#[track_caller]
pub(crate) fn story_in(config: Config, steps: &[&str]) -> Finding {
    let mut world = World::new(config);
    let mut doubt: Option<(Command, Resolver, Sent)> = None;
    let (mut before, mut sent_at, mut queued) = (Vec::new(), START, false);
    for step in steps {
        world.now += Duration::from_secs(60);
        while world.registry.poll(world.now).is_some() {}
        let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
        match word {
            "us" | "them" => {
                let reply = world.ask(word, &command(rest));
                assert_eq!(reply.code(), ReturnCode::COMPLETED, "{step}: {reply:?}");
            }
            "about" => {
                let command = command(rest);
                let resolver = resolver(&command).unwrap_or_else(|| panic!("{step}: no resolver"));
                let sent = Sent::of(&command, &keyed());
                doubt = Some((command, resolver, sent));
                sent_at = START + u64::try_from((world.now - base()).as_millis()).unwrap();
            }
            "look" => {
                let (_, resolver, sent) = doubt.as_ref().unwrap();
                assert!(wants_earlier_reading(*resolver, sent) || before.is_empty());
                before = readings(&mut world, *resolver, sent);
            }
            "send" | "refused" => {
                let (command, ..) = doubt.as_ref().unwrap();
                let reply = world.ask("us", command);
                assert_eq!(reply.code() == ReturnCode::COMPLETED, word == "send", "{step}: {reply:?}");
            }
            "days" => world.now += Duration::from_secs(86_400) * rest.parse::<u32>().unwrap(),
            "queued" => queued = true,
            _ => panic!("no such step: {step}"),
        }
    }
    world.now += Duration::from_secs(60);
    while world.registry.poll(world.now).is_some() {}
    let (_, resolver, sent) = doubt.unwrap();
    let now = readings(&mut world, resolver, &sent);
    judge(resolver, Sight { sent: &sent, before: &before, now: &now, sent_at, may_be_queued: queued })
}

#[track_caller]
pub(crate) fn story(steps: &[&str]) -> Finding {
    story_in(config(), steps)
}

fn readings(world: &mut World, resolver: Resolver, sent: &Sent) -> Vec<Reading> {
    let reads = reads(resolver, sent);
    assert!(!reads.is_empty());
    reads.iter().map(|read| Reading::of(&world.ask("us", read), &keyed())).collect()
}

/// The same as of the steps, but for why it is unproved.
#[track_caller]
pub(crate) fn assert_unproved(found: Finding) {
    assert!(matches!(found, Finding::Unproved(_)), "{found:?}");
}
