//! Slots without sessions: so many at a time, at a rate, in turns.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rrp::command::Safety;
use rrp::dispatch::{
    Action, Config, Dispatch, GiveBack, Lane, Moment, NoReads, Opaque, OpaqueCommand, Options, Places, Slot,
    Slots, Wish,
};
use rrp::pace::Rate;
use rrp::session::Fate;

use crate::rig::{WALL, base, config, keyed, seconds};
use crate::{DONE, LATER, ORDER, says, write};

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A dispatcher whose requests only ask for places: what a wish is made of nobody else can make.
struct Rig {
    dispatch: Dispatch<Places, Opaque>,
    now: Instant,
    /// What is on its way, by name.
    out: BTreeMap<String, Slot>,
    /// What went out, in order, and when.
    sent: Vec<(String, Duration)>,
    /// Written at once, if it is.
    journal: bool,
    records: Vec<rrp::dispatch::RecordId>,
    told: usize,
}

impl Rig {
    fn new(most: usize, rate: Rate) -> Self {
        Self::with(most, rate, config())
    }

    fn with(most: usize, rate: Rate, config: Config) -> Self {
        let places = Places::new(most, rate, base());
        let at = Moment::new(base(), WALL);
        let dispatch = Dispatch::with_upstream(Opaque::new(NoReads), config, places, keyed(), [], 1, at);
        let (out, sent, records) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { dispatch, now: base(), out, sent, journal: true, records, told: 0 }
    }

    fn at(&self) -> Moment {
        Moment::new(self.now, WALL)
    }

    fn ask(&mut self, name: &str, options: Options) -> rrp::dispatch::CallId {
        let call = self.dispatch.query(OpaqueCommand::read(name, ""), options, self.at());
        self.act();
        call
    }

    fn act(&mut self) {
        while let Some(action) = self.dispatch.poll_action() {
            match action {
                Action::Send { slot, command } => {
                    self.sent.push((command.name().to_owned(), self.now - base()));
                    self.out.insert(command.name().to_owned(), slot);
                }
                Action::Record { id, .. } if self.journal => {
                    self.dispatch.handle_recorded(id, Ok(()), self.at());
                }
                Action::Record { id, .. } => self.records.push(id),
                Action::Tell { .. } => self.told += 1,
                Action::Probe { .. } => panic!("nothing is to be proven"),
            }
        }
    }

    #[track_caller]
    fn answer(&mut self, name: &str) {
        let slot = self.out.remove(name).expect("it is on its way");
        self.dispatch.handle_fate(slot, Ok(Fate::Answered(says(DONE, "ok"))), true, self.at());
        self.act();
    }

    #[track_caller]
    fn lose(&mut self, name: &str) {
        let slot = self.out.remove(name).expect("it is on its way");
        self.dispatch.handle_fate(slot, Ok(Fate::Unanswered), false, self.at());
        self.act();
    }

    /// Time passes, and each thing that is due happens when it is due.
    fn until(&mut self, millis_since_start: u64) {
        let end = base() + millis(millis_since_start);
        while let Some(due) = self.dispatch.poll_timeout().filter(|due| *due <= end) {
            let (before, sent) = (self.now, (self.sent.len(), self.told));
            self.now = self.now.max(due);
            self.dispatch.handle_timeout(self.at());
            self.act();
            // Whoever says that something is due does something then, or says another time.
            let moved = (self.sent.len(), self.told) != sent || self.dispatch.poll_timeout() != Some(due);
            assert!(moved, "it goes round and round at {:?}", before - base());
        }
        self.now = end;
        self.dispatch.handle_timeout(self.at());
        self.act();
    }

    #[track_caller]
    fn has_sent(&self, expected: &[(&str, u64)]) {
        let sent: Vec<(&str, u64)> = self
            .sent
            .iter()
            .map(|(name, when)| (&**name, u64::try_from(when.as_millis()).unwrap()))
            .collect();
        assert_eq!(sent, expected);
    }

    fn names(&self) -> Vec<&str> {
        self.sent.iter().map(|(name, _)| &**name).collect()
    }
}

fn caller(name: &str) -> Options {
    Options::new().caller(name)
}

#[test]
fn the_rate_is_kept_between_sendings_from_the_start_on() {
    let mut rig = Rig::new(9, Rate::PER_SECOND);
    for name in ["1", "2", "3", "4", "5"] {
        rig.ask(name, Options::new());
    }
    rig.has_sent(&[]);
    rig.until(1_000);
    rig.has_sent(&[("1", 1_000)]);
    // The next one leaves an interval after the answer …
    rig.until(1_100);
    rig.answer("1");
    rig.until(2_100);
    rig.has_sent(&[("1", 1_000), ("2", 2_100)]);
    // … or after the delay that is allowed, whatever else is on its way.
    rig.until(9_000);
    rig.has_sent(&[("1", 1_000), ("2", 2_100), ("3", 3_350), ("4", 4_600), ("5", 5_850)]);
}

#[test]
fn a_lost_request_gives_its_place_back_and_is_no_proof_that_it_has_arrived() {
    let mut rig = Rig::new(1, Rate::PER_SECOND);
    rig.ask("1", Options::new());
    rig.ask("2", Options::new());
    rig.until(1_010);
    rig.lose("1");
    assert_eq!(rig.dispatch.slots().busy(), 0);
    rig.until(2_249);
    assert_eq!(rig.names(), ["1"]);
    rig.until(2_250);
    assert_eq!(rig.sent.len(), 2);
}

#[test]
fn no_more_are_on_their_way_than_may_be() {
    for (most, expected) in [(0, 1), (1, 1), (3, 3), (20, 10)] {
        let mut rig = Rig::new(most, Rate::UNLIMITED);
        let names: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        for name in &names {
            rig.ask(name, Options::new());
            assert_eq!(rig.dispatch.poll_timeout(), None);
        }
        for left in (1..=10).rev() {
            assert_eq!(rig.dispatch.slots().busy(), expected.min(left));
            let first = rig.out.keys().next().unwrap().clone();
            rig.answer(&first);
        }
        assert_eq!((rig.told, rig.dispatch.slots().busy(), rig.dispatch.poll_timeout()), (10, 0, None));
        assert_eq!(rig.names(), names.iter().map(|name| &**name).collect::<Vec<_>>());
    }
}

#[test]
fn callers_take_turns_and_lanes_share() {
    let mut rig = Rig::new(1, Rate::UNLIMITED);
    rig.ask("first", caller("a"));
    for name in ["a1", "a2", "a3"] {
        rig.ask(name, caller("a"));
    }
    rig.ask("b1", caller("b"));
    rig.ask("bulk", caller("c").lane(Lane::Bulk));
    rig.ask("c1", caller("c"));
    while let Some(name) = rig.out.keys().next().cloned() {
        rig.answer(&name);
    }
    let names = rig.names();
    let at = |name| names.iter().position(|sent| *sent == name).unwrap();
    let interactive: Vec<&str> = names.iter().copied().filter(|name| *name != "bulk").collect();
    assert_eq!(interactive, ["first", "a1", "b1", "c1", "a2", "a3"]);
    // Nobody is kept out.
    assert!(at("bulk") < at("a3"), "{names:?}");
}

#[test]
fn whoever_takes_back_what_waits_sends_nothing() {
    let mut rig = Rig::new(1, Rate::UNLIMITED);
    rig.ask("1", Options::new());
    let second = rig.ask("2", Options::new());
    rig.ask("3", Options::new());
    rig.dispatch.leave(second, rig.at());
    rig.answer("1");
    rig.answer("3");
    assert_eq!(rig.names(), ["1", "3"]);
    assert_eq!((rig.dispatch.jobs(), rig.dispatch.slots().busy()), (0, 0));
}

#[test]
fn a_place_that_is_given_and_not_used_holds_the_pace_and_not_the_places() {
    let mut rig = Rig::new(9, Rate::PER_SECOND);
    rig.journal = false;
    rig.dispatch.change(write("order", ORDER, "x"), Safety::Once, Options::new(), rig.at());
    rig.ask("look", Options::new());
    rig.until(1_000);
    // The intent is being recorded: nobody else is promised the same moment, and nothing is due for that.
    assert_eq!((rig.records.len(), rig.dispatch.slots().busy()), (1, 1));
    rig.until(3_000);
    rig.has_sent(&[]);
    let id = rig.records.pop().unwrap();
    rig.dispatch.handle_recorded(id, Ok(()), rig.at());
    rig.act();
    rig.until(5_000);
    rig.has_sent(&[("order", 3_000), ("look", 4_250)]);

    // A journal that is silent for ten seconds gives it back: reads need none.
    let mut rig = Rig::new(9, Rate::PER_SECOND);
    rig.journal = false;
    rig.dispatch.change(write("order", ORDER, "x"), Safety::Once, Options::new(), rig.at());
    rig.ask("look", Options::new());
    rig.until(12_000);
    rig.has_sent(&[("look", 11_000)]);

    // Without a rate it holds nothing up.
    let mut rig = Rig::new(2, Rate::UNLIMITED);
    rig.journal = false;
    rig.dispatch.change(write("order", ORDER, "x"), Safety::Once, Options::new(), rig.at());
    rig.ask("look", Options::new());
    rig.has_sent(&[("look", 0)]);
}

#[test]
fn a_hold_lasts_as_long_as_it_was_told_and_the_longer_one_wins() {
    for rate in [Rate::UNLIMITED, Rate::PER_SECOND] {
        let mut rig = Rig::new(9, rate);
        rig.dispatch.hold(seconds(30), rig.at());
        rig.dispatch.hold(seconds(10), rig.at());
        rig.ask("1", Options::new());
        assert_eq!(rig.dispatch.poll_timeout(), Some(base() + seconds(30)));
        assert_eq!(rig.dispatch.slots().held_until(), Some(base() + seconds(30)));
        rig.until(29_999);
        rig.has_sent(&[]);
        rig.until(30_000);
        rig.has_sent(&[("1", 30_000)]);
        assert_eq!(rig.dispatch.slots().held_until(), None);
    }
}

#[test]
fn a_hold_ends_before_its_time_when_somebody_says_so() {
    let mut rig = Rig::new(9, Rate::UNLIMITED);
    rig.dispatch.hold(Duration::MAX, rig.at());
    rig.ask("1", Options::new());
    rig.until(60_000);
    rig.has_sent(&[]);
    rig.dispatch.slots_mut().release();
    rig.until(60_000);
    rig.has_sent(&[("1", 60_000)]);
}

#[test]
fn a_hold_that_never_ends_is_one() {
    let mut rig = Rig::new(9, Rate::UNLIMITED);
    rig.dispatch.hold(Duration::MAX, rig.at());
    rig.ask("1", Options::new());
    rig.until(60_000);
    rig.has_sent(&[]);
    assert!(rig.dispatch.slots().held_until().is_some());
}

#[test]
fn what_waits_to_be_sent_again_goes_before_what_else_its_caller_asks() {
    let mut rig = Rig::new(1, Rate::UNLIMITED);
    rig.ask("1", caller("a"));
    rig.ask("2", caller("a"));
    rig.ask("3", caller("a"));
    let slot = rig.out.remove("1").unwrap();
    let reply = says(LATER.with_advice(rrp::verdict::Advice::Resubmit { after: Duration::ZERO }), "later");
    rig.dispatch.handle_fate(slot, Ok(Fate::Answered(reply)), true, rig.at());
    rig.act();
    rig.until(0);
    rig.answer("2");
    rig.answer("1");
    rig.answer("3");
    assert_eq!(rig.names(), ["1", "2", "1", "3"]);
}

/// A wish of a job that a dispatcher has made.
fn wishes(count: usize) -> Vec<Wish> {
    let mut rig = Rig::new(count, Rate::UNLIMITED);
    for number in 0..count {
        rig.ask(&format!("{number:02}"), Options::new());
    }
    let jobs = rig.out.values().map(|slot| slot.job);
    let wish = |job| Wish { job, lane: Lane::Interactive, caller: "".into(), again: false, not_on: None };
    jobs.map(wish).collect()
}

#[test]
fn what_was_read_for_goes_next_before_all_lanes_and_once() {
    let wishes = wishes(5);
    let mut places = Places::new(9, Rate::UNLIMITED, base());
    for wish in &wishes[..4] {
        places.ask(wish.clone(), base());
    }
    // It had asked, and asks to be next; another one, and that twice; and one that thinks better of it.
    places.ask_next(wishes[3].clone(), base());
    places.ask_next(wishes[4].clone(), base());
    places.ask_next(wishes[4].clone(), base());
    places.ask_next(wishes[2].clone(), base());
    places.ask(wishes[2].clone(), base());
    places.ask_next(wishes[1].clone(), base());
    places.withdraw(wishes[1].job);
    let mut order = Vec::new();
    let mut sessions = Vec::new();
    while let Some(slot) = places.poll_slot(base()) {
        order.push(slot.job);
        assert!(!sessions.contains(&slot.session), "a session of its own");
        sessions.push(slot.session);
    }
    assert_eq!(order, [3, 4, 0, 2].map(|at: usize| wishes[at].job));
}

#[test]
fn a_slot_is_given_back_once_and_used_once() {
    let wishes = wishes(3);
    let mut places = Places::new(1, Rate::PER_SECOND, base());
    for wish in &wishes {
        places.ask(wish.clone(), base());
    }
    let start = base() + seconds(1);
    assert_eq!(places.poll_timeout(), Some(start));
    assert_eq!(places.poll_slot(base()), None);
    let first = places.poll_slot(start).unwrap();
    assert_eq!((places.poll_slot(start), places.poll_timeout(), places.busy()), (None, None, 1));
    // Unused, and given back: the pace was not paid.
    places.give_back(first, GiveBack::Alive, start);
    places.give_back(first, GiveBack::Alive, start);
    let second = places.poll_slot(start).unwrap();
    places.sent(second, start);
    places.sent(second, start + seconds(5));
    places.give_back(second, GiveBack::Alive, start);
    assert_eq!((places.busy(), places.poll_timeout()), (0, Some(start + seconds(1))));
    // Of what is not out nothing is given back.
    places.give_back(second, GiveBack::Ended, start);
    assert_eq!(places.busy(), 0);
    assert_eq!((places.unavailable(), places.trouble()), (None, None));
}

/// Whatever happens, by chance: the rate between any two sendings, the most at a time, and no time that comes to nothing.
#[test]
fn by_chance_the_limits_are_kept_and_nobody_waits_in_vain() {
    for seed in 0..200 {
        let mut dice = crate::toy::Dice(seed);
        let most = 1 + dice.below(4);
        let rate = dice.one_of(&[Rate::UNLIMITED, Rate::PER_SECOND, Rate::per_second(10)]);
        let mut rig = Rig::new(most, rate);
        let mut time = 0;
        for number in 0..60 {
            match dice.below(4) {
                0 | 1 => {
                    rig.ask(&number.to_string(), caller(dice.one_of(&["a", "b"])));
                }
                2 => {
                    if let Some(name) = rig.out.keys().next().cloned() {
                        if dice.percent(30) { rig.lose(&name) } else { rig.answer(&name) }
                    }
                }
                _ => {
                    time += dice.next() % 2_000;
                    rig.until(time);
                }
            }
            assert!(rig.dispatch.slots().busy() <= most && rig.out.len() <= most, "seed {seed}");
        }
        while rig.dispatch.jobs() > 0 {
            time += 2_000;
            rig.until(time);
            while let Some(name) = rig.out.keys().next().cloned() {
                rig.answer(&name);
            }
            assert!(time < 10_000_000, "seed {seed}: somebody waits for ever");
        }
        for pair in rig.sent.windows(2) {
            assert!(pair[1].1 - pair[0].1 >= rate.interval(), "seed {seed}: {pair:?}");
        }
        assert_eq!((rig.dispatch.slots().busy(), rig.dispatch.poll_timeout()), (0, None), "seed {seed}");
    }
}
