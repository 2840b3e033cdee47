//! Laws that hold whatever happens, in any order: each call is told once, and no write is handed over twice without a
//! reason.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rrp::command::Safety;
use rrp::dispatch::{CallId, Lane, Options, Put, Standing, Told};

use crate::rig::{Rig, config};
use crate::support::law;
use crate::*;

/// Something that happens. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Event {
    Query { which: u8, who: u8, deadline: Option<u8> },
    Change { command: u8, safety: u8, key: Option<u8>, who: u8, deadline: Option<u8> },
    Settle(u8),
    Answer { which: u8, reply: u8 },
    Lost(u8),
    Unsent(u8),
    Recorded(u8),
    NotRecorded(u8),
    Leave(u8),
    Pass(u8),
    Slots(u8),
    Unavailable(bool),
    Held(u8),
}

fn event() -> impl Strategy<Value = Event> {
    let small = 0_u8..6;
    prop_oneof![
        3 => (any::<u8>(), any::<u8>(), proptest::option::of(any::<u8>()))
            .prop_map(|(which, who, deadline)| Event::Query { which, who, deadline }),
        4 => (
            any::<u8>(),
            any::<u8>(),
            proptest::option::of(0_u8..3),
            any::<u8>(),
            proptest::option::of(any::<u8>()),
        )
            .prop_map(|(command, safety, key, who, deadline)| Event::Change {
                command,
                safety,
                key,
                who,
                deadline,
            }),
        2 => (0_u8..12).prop_map(Event::Settle),
        8 => (small.clone(), any::<u8>()).prop_map(|(which, reply)| Event::Answer { which, reply }),
        4 => small.clone().prop_map(Event::Lost),
        3 => small.clone().prop_map(Event::Unsent),
        12 => small.clone().prop_map(Event::Recorded),
        1 => small.prop_map(Event::NotRecorded),
        1 => any::<u8>().prop_map(Event::Leave),
        6 => any::<u8>().prop_map(Event::Pass),
        1 => (1_u8..4).prop_map(Event::Slots),
        1 => proptest::bool::weighted(0.1).prop_map(Event::Unavailable),
        1 => any::<u8>().prop_map(Event::Held),
    ]
}

const REPLIES: [&str; 14] = [
    OK,
    OURS,
    RENEWED,
    NOT_FOUND,
    TAKEN,
    LATER,
    "420 Closing",
    "422 Lock",
    "423 Gateway",
    "520 Bye",
    "530 Authentication failed",
    "549 Command failed",
    "210 Domain name available",
    "699 Odd",
];

fn command(number: u8) -> Command {
    match number % 7 {
        0 => add(),
        1 => add_host(),
        2 => renew(),
        3 => renew_unguarded(),
        4 => charge(),
        5 => del_host("ns1.example.com"),
        _ => rename_host("ns1.example.com", "ns2.example.com"),
    }
}

const LANES: [Lane; 3] = [Lane::Interactive, Lane::Normal, Lane::Bulk];

/// One of two callers, in some lane.
fn caller(number: u8) -> (&'static str, Lane) {
    (["", "c"][usize::from(number) % 2], LANES[usize::from(number / 2) % 3])
}

fn safety(number: u8) -> Safety {
    Safety::ALL[usize::from(number) % 4]
}

struct World {
    rig: Rig,
    left: BTreeSet<CallId>,
    /// The callers of the rig's calls.
    names: Vec<&'static str>,
}

impl World {
    fn new() -> Self {
        let rig = Rig::with(config().tries(3), []);
        rig.slots.borrow_mut().most = 2;
        Self { rig, left: BTreeSet::new(), names: Vec::new() }
    }

    /// What was done is lawful.
    fn check(&mut self) {
        let before = self.rig.sends.len();
        let told = self.rig.told.len();
        let done = self.rig.drain();
        for (call, told) in &self.rig.told[told..] {
            assert!(!self.left.contains(call), "told after it left");
            let ticket = match told {
                Told::Change(Ok(rrp::dispatch::Outcome::Accepted(how))) => {
                    how.is_recorded().then(|| (how.ticket(), "accepted"))
                }
                Told::Change(Ok(rrp::dispatch::Outcome::Refused(how))) => {
                    how.is_recorded().then(|| (how.ticket(), "refused"))
                }
                _ => None,
            };
            // Nothing is told before its record.
            if let Some((ticket, standing)) = ticket {
                let recorded = self.rig.entries().into_iter().find(|entry| entry.ticket() == ticket);
                let frozen = self.rig.dispatch.is_frozen();
                let stands = recorded.as_ref().map(|entry| entry.standing().as_str());
                assert!(
                    stands == Some(standing) || frozen,
                    "{ticket} told as {standing}, recorded as {stands:?}"
                );
            }
        }
        let writes: Vec<(u64, String)> = self
            .rig
            .sends
            .iter()
            .skip(before)
            .filter(|(_, command)| command.nature().effect() == rrp::command::Effect::Write)
            .filter(|(_, command)| command.name() != "Probe")
            .map(|(slot, command)| (slot.job.get(), command.name().to_owned()))
            .collect();
        for (_, name) in &writes {
            // Its intent is recorded, and open.
            let entries = self.rig.entries();
            let open = entries.iter().filter(|entry| *entry.standing() == Standing::Open);
            let open = open.filter(|entry| entry.intent().sent().name() == name).count();
            assert!(open > 0, "{name} was sent without its intent: {done:?}");
        }
    }

    fn pick<T>(queue: &mut std::collections::VecDeque<T>, which: u8) -> bool {
        if queue.is_empty() {
            return false;
        }
        let at = usize::from(which) % queue.len();
        let one = queue.remove(at).unwrap();
        queue.push_front(one);
        true
    }

    fn happens(&mut self, event: Event) {
        let rig = &mut self.rig;
        match event {
            Event::Query { which, who, deadline } => {
                let (name, lane) = caller(who);
                let mut options = Options::new().caller(name).lane(lane);
                if let Some(deadline) = deadline {
                    options = options.deadline(rig.now + rig::seconds(u64::from(deadline)));
                }
                self.names.push(name);
                rig.query(if which % 2 == 0 { status() } else { check() }, options);
            }
            Event::Change { command: number, safety: how, key, who, deadline } => {
                let (name, lane) = caller(who);
                let mut options = Options::new().caller(name).lane(lane);
                self.names.push(if key.is_some() { ["u", "u/c"][usize::from(who) % 2] } else { name });
                if let Some(key) = key {
                    options = options.user("u").key(&key.to_string());
                }
                if let Some(deadline) = deadline {
                    options = options.deadline(rig.now + rig::seconds(u64::from(deadline)));
                }
                rig.change(command(number), safety(how), options);
            }
            Event::Settle(ticket) => {
                self.names.push("");
                rig.settle(u64::from(ticket));
            }
            Event::Answer { which, reply } if Self::pick(&mut rig.sends, which) => {
                if rig.sends[0].1.name() == "Probe" {
                    rig.probed(reply % 2 == 0, reply % 3 > 0);
                } else {
                    rig.answer(REPLIES[usize::from(reply) % REPLIES.len()]);
                }
            }
            Event::Lost(which) if Self::pick(&mut rig.sends, which) => {
                if rig.sends[0].1.name() == "Probe" {
                    rig.probed(false, false);
                } else {
                    rig.lost();
                }
            }
            Event::Unsent(which) if Self::pick(&mut rig.sends, which) => {
                if rig.sends[0].1.name() == "Probe" {
                    rig.probed(false, true);
                } else {
                    rig.unsent();
                }
            }
            Event::Recorded(which) if Self::pick(&mut rig.records, which) => rig.recorded(),
            Event::NotRecorded(which) if Self::pick(&mut rig.records, which) => rig.not_recorded(),
            Event::Leave(which) if !rig.calls.is_empty() => {
                let call = rig.calls[usize::from(which) % rig.calls.len()];
                if rig.told.iter().all(|(told, _)| *told != call) {
                    self.left.insert(call);
                }
                rig.leave(call);
            }
            Event::Pass(time) => {
                rig.pass(u64::from(time));
                let due = rig.dispatch.poll_timeout();
                assert!(due.is_none_or(|due| due > rig.now), "it is still due after it was told");
            }
            Event::Slots(most) => {
                rig.slots.borrow_mut().most = usize::from(most);
                rig.tick();
            }
            Event::Held(time) => {
                rig.held(u64::from(time));
                rig.tick();
            }
            Event::Unavailable(yes) => {
                rig.slots.borrow_mut().unavailable =
                    yes.then(|| rrp::dispatch::Unavailable::new("login refused"));
                rig.tick();
            }
            _ => {}
        }
        self.check();
        self.counts();
    }

    /// Who waits is counted.
    fn counts(&self) {
        let told: BTreeSet<CallId> = self.rig.told.iter().map(|(call, _)| *call).collect();
        let waits = |call: &CallId| !told.contains(call) && !self.left.contains(call);
        let calls = self.rig.calls.iter().zip(&self.names).filter(|(call, _)| waits(call));
        let names: Vec<&str> = calls.map(|(_, name)| *name).collect();
        let at = self.rig.dispatch.snapshot(self.rig.now);
        assert_eq!(at.calls(), names.len());
        // Whoever has left something that still waits in line is counted, too.
        assert!(at.callers() >= names.iter().collect::<BTreeSet<_>>().len(), "{at:?}, {names:?}");
        let jobs = [at.queued(), at.pausing(), at.behind(), at.recording(), at.on_the_wire(), at.probing()];
        assert_eq!(jobs.iter().sum::<usize>() + at.closing(), self.rig.dispatch.jobs());
        assert_eq!(at.on_the_wire() + at.probing(), self.rig.sends.len());
    }

    /// From now on all goes well: everything comes to its end.
    fn finish(&mut self) {
        self.rig.slots.borrow_mut().most = 2;
        self.rig.slots.borrow_mut().unavailable = None;
        self.rig.slots.borrow_mut().held_until = None;
        self.rig.tick();
        self.check();
        for _ in 0..20_000 {
            if self.rig.dispatch.jobs() == 0 && !self.rig.dispatch.is_frozen() && self.rig.records.is_empty()
            {
                return;
            }
            if !self.rig.records.is_empty() {
                self.rig.recorded();
            } else if let Some((_, command)) = self.rig.sends.front() {
                match command.name() {
                    "Probe" => self.rig.probed(true, true),
                    "check" => self.rig.answer("211 Domain name not available"),
                    _ => self.rig.answer(OURS),
                }
            } else {
                let due = self.rig.dispatch.poll_timeout().expect("something is due while something waits");
                self.rig.now = self.rig.now.max(due);
                self.rig.tick();
            }
            self.check();
        }
        panic!("it comes to no end: {:?}", self.rig.dispatch);
    }
}

/// In each journal, how often each write was handed over, and by what reason again.
fn lawful_attempts(journal: &[Put]) {
    for put in journal {
        let Put::Entry(entry) = put else { continue };
        let fates: Vec<&str> = entry
            .notes()
            .iter()
            .map(|note| note.text())
            .filter(|text| text.starts_with("answered") || text.starts_with("sent"))
            .collect();
        let all: Vec<&str> = entry.notes().iter().map(|note| note.text()).collect();
        assert_eq!(u32::try_from(fates.len()).unwrap(), entry.attempts());
        let safety = entry.intent().safety();
        // Between two attempts there must be a reason.
        for at in 0..all.len() {
            let is_fate = |text: &str| text.starts_with("answered") || text.starts_with("sent");
            if !is_fate(all[at]) {
                continue;
            }
            let Some(next) = (at + 1..all.len()).find(|next| is_fate(all[*next])) else { continue };
            let for_now =
                ["420", "421", "422"].iter().any(|code| all[at].starts_with(&format!("answered: {code}")));
            let negatives = all[at..next].iter().filter(|text| text.contains("nothing shows")).count();
            let creation = entry.intent().sent().name() == "add";
            let trusted = match safety {
                Safety::Repeatable => true,
                Safety::TrustReply => for_now,
                Safety::ReadBack => for_now && creation,
                Safety::Once => false,
            };
            let proven = negatives >= 2 && safety != Safety::Once;
            assert!(trusted || proven, "sent again without a reason under {safety}: {all:#?}");
        }
    }
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn each_call_is_told_once_and_no_write_goes_out_twice_without_a_reason(
        events in proptest::collection::vec(event(), 1..120),
    ) {
        let mut world = World::new();
        for event in events {
            world.happens(event);
        }
        world.finish();
        let rig = &world.rig;
        let mut told: Vec<CallId> = rig.told.iter().map(|(call, _)| *call).collect();
        told.sort_unstable();
        let expected: Vec<CallId> =
            rig.calls.iter().copied().filter(|call| !world.left.contains(call)).collect();
        prop_assert_eq!(told, expected);
        prop_assert_eq!(rig.dispatch.calls(), 0);
        rig.counts_are_zero();
        lawful_attempts(&rig.journal);
        // What is open in the journal is open nowhere else: all is finished or in doubt.
        let open = rig.entries().into_iter().filter(|entry| *entry.standing() == Standing::Open).count();
        prop_assert_eq!(open, 0);
        let doubts: BTreeSet<u64> = rig.dispatch.doubts().map(|entry| entry.ticket().get()).collect();
        let recorded: BTreeSet<u64> = rig
            .entries()
            .into_iter()
            .filter(|entry| !entry.standing().is_finished())
            .map(|entry| entry.ticket().get())
            .collect();
        prop_assert_eq!(doubts, recorded);
        // Whoever was told that it is in doubt finds it.
        for (_, told) in &rig.told {
            if let Told::Change(Ok(rrp::dispatch::Outcome::InDoubt(doubt))) = told {
                prop_assert!(rig.entries().iter().any(|entry| entry.ticket() == doubt.ticket()));
            }
        }
    }
}
