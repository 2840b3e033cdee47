//! Chance: random commands and faults, and what must hold all the same.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use rrp::sim::wire::Form;
use rrp::sim::{Action, Change, Close, Effect, Fault, Registry, Trigger};

use crate::drive::{base, config};

const NAMES: [&str; 3] = ["one.com", "two.com", "three.org"];
const START: i64 = 100_000_000;

fn close() -> impl Strategy<Value = Close> {
    prop_oneof![Just(Close::Orderly), Just(Close::Fin), Just(Close::Reset)]
}

fn effect() -> impl Strategy<Value = Effect> {
    let time = (0..100_u64).prop_map(Duration::from_secs);
    let bytes = prop::collection::vec(any::<u8>(), 0..30).prop_map(Bytes::from);
    prop_oneof![
        close().prop_map(Effect::CloseBefore),
        close().prop_map(Effect::ExecuteAndClose),
        (0..60_usize, any::<bool>(), close()).prop_map(|(at, executed, close)| Effect::Cut {
            at,
            executed,
            close
        }),
        time.clone().prop_map(Effect::Delay),
        Just(Effect::Twice),
        Just(Effect::Garble),
        (0..20_usize, time.clone()).prop_map(|(bytes, every)| Effect::Dribble { bytes, every }),
        Just(Effect::Stall),
        Just(Effect::ExecuteAndStall),
        (any::<u16>(), any::<bool>(), prop::option::of(close())).prop_map(|(code, executed, close)| {
            Effect::Answer { code, text: None, executed, form: Form::AsCommand, close }
        }),
        (time.clone(), close()).prop_map(|(after, close)| Effect::ExecuteLate { after, close }),
        time.prop_map(Effect::ExecuteAfter),
        bytes.clone().prop_map(Effect::Surplus),
        bytes.prop_map(Effect::Unsolicited),
        any::<u16>().prop_map(Effect::UnsolicitedCode),
        close().prop_map(Effect::Close),
        Just(Effect::EmptyLogin),
        any::<u16>().prop_map(Effect::RefuseLogin),
        Just(Effect::LoseLogin),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    let trigger = prop_oneof![
        Just(Trigger::AnyConnection),
        Just(Trigger::Login),
        Just(Trigger::AnyCommand),
        Just(Trigger::Command("AddDomain".into())),
        (1..20_u64).prop_map(Trigger::NthCommand),
        (0..700_u64).prop_map(|pause| Trigger::Idle(Duration::from_secs(pause))),
    ];
    (trigger, prop::collection::vec(effect(), 0..3), prop::option::of(0..4_u64), 0.0..1.2).prop_map(
        |(trigger, effects, times, probability)| {
            let fault = effects.into_iter().fold(Fault::on(trigger), Fault::then);
            let fault = match times {
                Some(times) => fault.times(times),
                None => fault.always(),
            };
            fault.with_probability(probability)
        },
    )
}

/// A step of a client: whose, which command, about which name; or what else happens.
#[derive(Clone, Debug)]
enum Step {
    Command(usize, usize, usize),
    Wait(u64),
    Disconnect(usize),
    Eof(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..2_usize, 0..COMMANDS.len(), 0..NAMES.len()).prop_map(|(who, what, name)| Step::Command(who, what, name)),
        2 => (0..400_u64).prop_map(Step::Wait),
        1 => Just(Step::Wait(3 * 86_400)),
        1 => (0..2_usize).prop_map(Step::Disconnect),
        1 => (0..2_usize).prop_map(Step::Eof),
    ]
}

const COMMANDS: [&str; 14] = [
    "add\nEntityName:Domain\nDomainName:$\n.\n",
    "renew\nEntityName:Domain\nDomainName:$\n.\n",
    "del\nEntityName:Domain\nDomainName:$\n.\n",
    "transfer\nEntityName:Domain\nDomainName:$\n.\n",
    "transfer\n-Approve:Yes\nEntityName:Domain\nDomainName:$\n.\n",
    "transfer\n-Approve:No\nEntityName:Domain\nDomainName:$\n.\n",
    "mod\nEntityName:Domain\nDomainName:$\nStatus:REGISTRAR-LOCK\n.\n",
    "mod\nEntityName:Domain\nDomainName:$\nStatus:REGISTRAR-LOCK=\n.\n",
    "status\nEntityName:Domain\nDomainName:$\n.\n",
    "[COMMAND]\ncommand=AddDomain\ndomain=$\nEOF\n",
    "[COMMAND]\ncommand=RestoreDomain\ndomain=$\nEOF\n",
    "[COMMAND]\ncommand=PushDomain\ndomain=$\ntarget=registrarB\nEOF\n",
    "[COMMAND]\ncommand=SendSMS\nphone=1\nmessage=$\nEOF\n",
    "quit\n.\n",
];

/// What came of it: everything that was sent, and the ledger.
type Trace = (Vec<(u64, Action)>, Vec<String>);

fn run(seed: u64, faults: &[Fault], steps: &[Step]) -> Result<Trace, TestCaseError> {
    let mut now = base();
    let config = config().seed(seed).queue_jobs(Duration::from_secs(200)).queued_zones(["org"]);
    let config = config.latency(Duration::from_secs(1)).transfer_approval(Duration::from_secs(86_400));
    let mut registry = Registry::new(config, now);
    for fault in faults {
        registry.faults().add(fault.clone());
    }
    let registrars = ["registrarA", "registrarB"];
    let mut connections = [None, None];
    let mut trace = Vec::new();
    for step in steps {
        match step {
            Step::Command(who, what, name) => {
                let open = connections[*who].filter(|id| registry.connections().any(|open| open == *id));
                let id = open.unwrap_or_else(|| {
                    let id = registry.connect(now);
                    let name = registrars[*who];
                    let login = format!("session\n-Id:{name}\n-Password:i-am-{name}\n.\n");
                    registry.receive(id, login.as_bytes(), now);
                    id
                });
                connections[*who] = Some(id);
                registry.receive(id, COMMANDS[*what].replace('$', NAMES[*name]).as_bytes(), now);
            }
            Step::Wait(seconds) => now += Duration::from_secs(*seconds),
            Step::Disconnect(who) => {
                connections[*who].take().into_iter().for_each(|id| registry.disconnect(id, now))
            }
            Step::Eof(who) => {
                connections[*who].take().into_iter().for_each(|id| registry.receive_eof(id, now))
            }
        }
        while let Some((id, action)) = registry.poll(now) {
            trace.push((id.number(), action));
        }
        // Nothing that is due is left over.
        prop_assert!(registry.poll_timeout().is_none_or(|due| due > now));
        for registrar in registrars {
            let billed = registry.ledger().billed(registrar);
            prop_assert_eq!(registry.balance(registrar), Some(START - billed), "{}", registrar);
            prop_assert!(registry.sessions(registrar) <= 5);
        }
    }
    let ledger = registry.ledger();
    for name in NAMES {
        // What is there was created once more often than it went.
        let gone = ledger.changes(Change::Deleted, name);
        let created = ledger.changes(Change::Created, name);
        let there = usize::from(registry.domain(name).is_some());
        prop_assert!(created >= there && created <= gone + 1, "{name}: {created} {gone} {there}");
    }
    // After the last action of a connection, the end, comes nothing.
    for (at, (id, action)) in trace.iter().enumerate() {
        if matches!(action, Action::Close(_)) {
            prop_assert!(trace.iter().skip(at + 1).all(|(other, _)| other != id));
        }
    }
    Ok((trace, ledger.entries().iter().map(ToString::to_string).collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn money_adds_up_whatever_goes_wrong(
        seed: u64,
        faults in prop::collection::vec(fault(), 0..4),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let first = run(seed, &faults, &steps)?;
        // The same seed and inputs: the same bytes, the same ledger.
        prop_assert_eq!(first, run(seed, &faults, &steps)?);
    }
}
