//! Writes without a key, so that the same one asked for again is not done again.
//!
//! A local client whose connection broke asks again, and knows no key. So a write without one gets one of ours, by which the
//! journal knows it; and whoever asks for the same (account, user, parameters) while it is under way, in doubt, or was
//! answered to nobody, gets that key, and with it what became of the first.
//!
//! Bounds: [`MOST`] writes are known at a time. One under way or in doubt is never forgotten for another; what could not be
//! delivered is, the oldest first.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::front::Answer;
use crate::command::{Command, Object};
use crate::dispatch::{Entry, LEFT_IN_DOUBT, Standing, TOLD_IN_DOUBT};
use crate::settle::{Keyed, Proof, payload_hash};

/// So many writes are known.
const MOST: usize = 20_000;

/// How a key of ours begins. Nobody else's may.
pub(super) const PREFIX: &str = "rrp:auto:";

/// Who wants what done.
type Identity = [u8; 16];

/// What is known of one write.
#[derive(Debug)]
struct Known {
    key: Box<str>,
    /// How many wait for it.
    waiting: usize,
    /// How often somebody was told that it is in doubt.
    told: u32,
    objects: Vec<Object>,
    /// Whether money may be at stake if it is done twice.
    billable: bool,
    /// Whether the journal has what became of it.
    over: bool,
    keep: Keep,
}

#[derive(Debug)]
enum Keep {
    /// It is under way.
    UnderWay,
    /// Somebody was told that it is in doubt, and is to hear what became of it.
    Told,
    /// Whoever waited has left: what becomes of it is for whoever asks next, until then.
    Left(Instant),
    /// It was answered, but nobody has the answer.
    Held(Answer, Instant),
}

/// Writes without a key, of one account.
#[derive(Debug)]
pub(super) struct Identical {
    known: Mutex<HashMap<Identity, Known>>,
    keyed: Keyed,
    /// So long an outcome is kept that nobody has.
    time: Duration,
}

/// One request's part in a write. To be told how it ended, or it counts as left.
#[derive(Debug)]
pub(super) struct Part {
    identity: Identity,
    key: Box<str>,
    /// How often somebody had been told that it is in doubt when this one began.
    told: u32,
    /// An earlier request for the same has been told, or has left, before it was known what became of it.
    joined: bool,
    /// An earlier one's answer is told again, which is kept until then.
    kept: Option<Instant>,
}

/// How a write without key begins.
#[derive(Debug)]
pub(super) enum Begin {
    /// By this key; new, or that of the one to join.
    Key(Part),
    /// It was done: this is what an earlier request would have been told.
    Told(Part, Answer),
    /// Too many are known.
    Full,
}

impl Identical {
    pub(super) fn new(keyed: Keyed, time: Duration) -> Self {
        Self { known: Mutex::default(), keyed, time }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Identity, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn identity(&self, user: &str, payload: &[u8; 16]) -> Identity {
        self.keyed.hash([user.as_bytes(), payload])
    }

    /// What an earlier process has left of it: `entries` of the journal, `passed` since each was written.
    pub(super) fn restore(&self, entries: &[Entry], passed: impl Fn(u64) -> Duration, now: Instant) {
        let mut known = self.lock();
        for entry in entries {
            let intent = entry.intent();
            let identity = self.identity(intent.user(), intent.payload());
            known.retain(|_, other| !other.is_outdated_by(intent.sent().objects()));
            let Some(key) = intent.key().filter(|key| key.starts_with(PREFIX)) else { continue };
            let keep = match entry.standing() {
                Standing::Open | Standing::InDoubt => Keep::Told,
                Standing::Accepted(summary) if told_in_doubt(entry) || summary.proof() != Proof::Reply => {
                    Keep::Told
                }
                Standing::Accepted(_) => {
                    let left = self.time.saturating_sub(passed(entry.changed_at()));
                    match now.checked_add(left) {
                        Some(until) if !left.is_zero() => Keep::Left(until),
                        _ => continue,
                    }
                }
                Standing::Refused { .. } | Standing::NotApplied => continue,
            };
            let objects = intent.sent().objects().to_vec();
            let billable = intent.billable().at_stake();
            let over = matches!(entry.standing(), Standing::Accepted(_));
            known.insert(
                identity,
                Known { key: key.into(), waiting: 0, told: 0, objects, billable, over, keep },
            );
        }
    }

    /// A write without a key is asked for. `number` makes a new key: no other one has it.
    pub(super) fn begin(&self, user: &str, command: &Command, number: u64, now: Instant) -> Begin {
        let identity = self.identity(user, &payload_hash(command, &self.keyed));
        let objects = command.objects();
        let mut all = self.lock();
        self.forget(&mut all, now);
        all.retain(|other, known| *other == identity || !known.is_outdated_by(&objects));
        if let Some(known) = all.get_mut(&identity) {
            known.waiting = known.waiting.saturating_add(1);
            let mut part =
                Part { identity, key: known.key.clone(), told: known.told, joined: false, kept: None };
            match &known.keep {
                Keep::Held(answer, until) => {
                    part.kept = Some(*until);
                    return Begin::Told(part, answer.clone());
                }
                Keep::Left(_) => {
                    part.joined = true;
                    known.keep = Keep::UnderWay;
                }
                Keep::Told => part.joined = true,
                Keep::UnderWay => {}
            }
            return Begin::Key(part);
        }
        if all.len() >= MOST && !drop_oldest(&mut all) {
            return Begin::Full;
        }
        let key: Box<str> = format!("{PREFIX}{number:016x}").into();
        let billable = command.nature().billable().at_stake();
        let keep = Keep::UnderWay;
        let known = Known { key: key.clone(), waiting: 1, told: 0, objects, billable, over: false, keep };
        all.insert(identity, known);
        Begin::Key(Part { identity, key, told: 0, joined: false, kept: None })
    }

    /// Nothing of it was sent, and its caller knows.
    pub(super) fn not_sent(&self, part: &Part) {
        let mut all = self.lock();
        if let Some(known) = all.get_mut(&part.identity).filter(|known| known.key == part.key) {
            known.waiting = known.waiting.saturating_sub(1);
            if known.waiting == 0 && matches!(known.keep, Keep::UnderWay) {
                all.remove(&part.identity);
            }
        }
    }

    /// Its caller has been told what became of it. Whoever was told meanwhile that it is in doubt still has to hear it.
    pub(super) fn delivered(&self, part: &Part) {
        let mut all = self.lock();
        let Some(known) = all.get_mut(&part.identity).filter(|known| known.key == part.key) else { return };
        known.waiting = known.waiting.saturating_sub(1);
        if known.told == part.told {
            all.remove(&part.identity);
        }
    }

    /// Its caller has been told that it is in doubt.
    pub(super) fn in_doubt(&self, part: &Part) {
        let mut all = self.lock();
        if let Some(known) = all.get_mut(&part.identity).filter(|known| known.key == part.key) {
            known.waiting = known.waiting.saturating_sub(1);
            known.told = known.told.saturating_add(1);
            known.keep = Keep::Told;
        }
    }

    /// The answer could not be delivered. If others have had it meanwhile, it comes back all the same: nobody is told less.
    pub(super) fn undelivered(&self, part: &Part, answer: Answer, command: &Command, now: Instant) {
        // What is asked for again is not kept longer for that.
        let Some(until) = part.kept.or_else(|| now.checked_add(self.time)) else { return };
        let mut all = self.lock();
        if all.len() >= MOST && !all.contains_key(&part.identity) && !drop_oldest(&mut all) {
            return;
        }
        let known = all.entry(part.identity).or_insert_with(|| Known {
            key: part.key.clone(),
            waiting: 1,
            told: 0,
            objects: command.objects(),
            billable: command.nature().billable().at_stake(),
            over: true,
            keep: Keep::UnderWay,
        });
        if known.key == part.key {
            known.waiting = known.waiting.saturating_sub(1);
            // Whoever was told that it is in doubt hears it by the key, however late.
            if !matches!(known.keep, Keep::Told) {
                known.keep = Keep::Held(answer, until);
            }
        }
    }

    /// Its caller has left before it was answered.
    pub(super) fn left(&self, part: &Part, now: Instant) {
        let mut all = self.lock();
        if let Some(known) = all.get_mut(&part.identity).filter(|known| known.key == part.key) {
            known.waiting = known.waiting.saturating_sub(1);
            if known.waiting == 0 && matches!(known.keep, Keep::UnderWay) {
                // If anything of it was sent, the journal says when it is over, and the time begins anew.
                let time = if known.over { self.time } else { self.time.saturating_add(UNDER_WAY) };
                let until = now.checked_add(time);
                known.keep = Keep::Left(until.unwrap_or(now));
            }
        }
    }

    /// The journal has this of a write.
    pub(super) fn recorded(&self, entry: &Entry, now: Instant) {
        let intent = entry.intent();
        let Some(key) = intent.key().filter(|key| key.starts_with(PREFIX)) else { return };
        let identity = self.identity(intent.user(), intent.payload());
        let mut all = self.lock();
        let Some(known) = all.get_mut(&identity).filter(|known| *known.key == *key) else { return };
        known.over = !matches!(entry.standing(), Standing::Open | Standing::InDoubt);
        if let (Keep::Left(_), true) = (&known.keep, known.waiting == 0) {
            known.keep = match entry.standing() {
                Standing::InDoubt => Keep::Told,
                _ => Keep::Left(now.checked_add(self.time).unwrap_or(now)),
            };
        }
    }

    fn forget(&self, all: &mut HashMap<Identity, Known>, now: Instant) {
        all.retain(|_, known| match known.keep {
            Keep::Left(until) | Keep::Held(_, until) => known.waiting > 0 || now < until,
            Keep::UnderWay | Keep::Told => true,
        });
    }
}

/// So long after its caller has left a write may be under way: its whole reply, and what it takes to read it back.
const UNDER_WAY: Duration = Duration::from_secs(600);

impl Known {
    /// Whether it says nothing any more, as its object is written to in another way. What may have been paid for and was told
    /// in doubt stays: asked for again, it is not to be paid for again.
    fn is_outdated_by(&self, objects: &[Object]) -> bool {
        let open = match self.keep {
            Keep::Left(_) | Keep::Held(..) => true,
            Keep::Told => !self.billable,
            Keep::UnderWay => false,
        };
        open && self.waiting == 0 && meet(&self.objects, objects)
    }
}

impl Part {
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whether it joins an earlier one that was in doubt, or was left.
    pub(super) const fn is_joined(&self) -> bool {
        self.joined
    }

    /// Whether its answer is one that was kept.
    pub(super) const fn is_kept(&self) -> bool {
        self.kept.is_some()
    }
}

fn meet(some: &[Object], others: &[Object]) -> bool {
    some.iter().any(|object| others.contains(object))
}

/// Makes room at the cost of what nobody has asked for; `false` if there is no such thing.
fn drop_oldest(all: &mut HashMap<Identity, Known>) -> bool {
    let oldest = all
        .iter()
        .filter(|(_, known)| known.waiting == 0)
        .filter_map(|(identity, known)| match known.keep {
            Keep::Left(until) | Keep::Held(_, until) => Some((until, *identity)),
            Keep::UnderWay | Keep::Told => None,
        })
        .min();
    oldest.is_some_and(|(_, identity)| all.remove(&identity).is_some())
}

/// Whether a caller has been told that it is in doubt, before it was known.
fn told_in_doubt(entry: &Entry) -> bool {
    let tells = |text: &str| text == TOLD_IN_DOUBT || text.starts_with(LEFT_IN_DOUBT);
    entry.notes().iter().any(|note| tells(note.text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::PtfCommand;

    fn renew() -> Command {
        let ptf = PtfCommand::new("RenewDomain").unwrap().param("domain", "example.com").unwrap();
        Command::new(ptf.param("period", "1").unwrap())
    }

    fn known() -> Identical {
        Identical::new(Keyed::new(&[1; 32]), Duration::from_secs(900))
    }

    fn begin(known: &Identical, number: u64, now: Instant) -> Part {
        match known.begin("desk", &renew(), number, now) {
            Begin::Key(part) => part,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn whoever_was_told_in_doubt_hears_it_though_another_one_has() {
        let (known, now) = (known(), Instant::now());
        let (first, second) = (begin(&known, 1, now), begin(&known, 2, now));
        assert_eq!(first.key(), second.key());
        known.in_doubt(&first);
        known.delivered(&second);
        let again = begin(&known, 3, now);
        assert_eq!(again.key(), first.key());
        known.delivered(&again);
        assert_ne!(begin(&known, 4, now).key(), first.key());
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten_but_not_a_doubt() {
        let (known, now) = (known(), Instant::now());
        let left = begin(&known, 1, now);
        known.left(&left, now);
        let later = now + Duration::from_secs(899 + 600);
        assert_eq!(begin(&known, 2, later).key(), left.key());
        known.left(&left, later);
        let much_later = later + Duration::from_secs(901 + 600);
        let doubtful = begin(&known, 3, much_later);
        assert_ne!(doubtful.key(), left.key());
        known.in_doubt(&doubtful);
        assert_eq!(begin(&known, 4, much_later + Duration::from_secs(86_400)).key(), doubtful.key());
    }

    #[test]
    fn an_answer_that_nobody_has_is_for_whoever_asks_next_unless_the_object_has_changed() {
        let (known, now) = (known(), Instant::now());
        let part = begin(&known, 1, now);
        known.undelivered(&part, Answer::plain(200, "done"), &renew(), now);
        assert!(matches!(known.begin("desk", &renew(), 2, now), Begin::Told(..)));
        assert!(matches!(known.begin("batch", &renew(), 3, now), Begin::Key(_)));
        known.delivered(&part);
        let part = begin(&known, 4, now);
        known.undelivered(&part, Answer::plain(200, "done"), &renew(), now);
        let ptf = PtfCommand::new("DeleteDomain").unwrap().param("domain", "example.com").unwrap();
        assert!(matches!(known.begin("desk", &Command::new(ptf), 5, now), Begin::Key(_)));
        assert!(matches!(known.begin("desk", &renew(), 6, now), Begin::Key(_)));
    }
}
