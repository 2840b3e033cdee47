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
use crate::command::{Billable, Command, Object};
use crate::dispatch::{Entry, LEFT_IN_DOUBT, Standing, TOLD_IN_DOUBT, Ticket};
use crate::settle::{Keyed, Proof, Resolver, payload_hash, resolver};

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
    /// So many were told that it is in doubt, and have not heard more.
    told: u32,
    /// So many of those ask again now.
    asking: u32,
    /// Somebody has left while others waited.
    unheard: bool,
    objects: Vec<Object>,
    /// Whether it may be paid for once more if it is done once more.
    billable: bool,
    /// Whether the journal has what became of it.
    over: bool,
    /// What the journal has open or in doubt: it is not over, however long it takes.
    open: Option<Ticket>,
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
    /// An earlier request for the same has been told, or has left, before it was known what became of it.
    joined: bool,
    /// An earlier one's answer is told again, which is kept until then.
    kept: Option<Instant>,
    /// Nobody has asked for it before, as far as is known.
    first: bool,
    /// It stands for somebody who was told that it is in doubt.
    owed: bool,
    /// Its caller has been told what became of it, as far as is known.
    heard: bool,
}

/// What is kept of a write.
#[derive(Debug)]
pub(super) struct About {
    objects: Vec<Object>,
    billable: bool,
}

impl About {
    pub(super) fn of(command: &Command) -> Self {
        let billable = is_paid_again(command.nature().billable(), resolver(command));
        Self { objects: command.objects(), billable }
    }
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
            known.retain(|other, known| *other == identity || !known.is_outdated_by(entry));
            let Some(key) = intent.key().filter(|key| key.starts_with(PREFIX)) else { continue };
            // It would have been joined if the one before had not been told to everybody.
            known.remove(&identity);
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
            let billable = is_paid_again(intent.billable(), intent.resolver());
            let over = entry.standing().is_finished();
            let restored = Known {
                key: key.into(),
                waiting: 0,
                told: u32::from(matches!(keep, Keep::Told)),
                asking: 0,
                unheard: false,
                objects,
                billable,
                over,
                open: (!over).then(|| entry.ticket()),
                keep,
            };
            known.insert(identity, restored);
        }
    }

    /// A write without a key is asked for. `number` makes a new key: no other one has it.
    pub(super) fn begin(&self, user: &str, command: &Command, number: u64, now: Instant) -> Begin {
        let identity = self.identity(user, &payload_hash(command, &self.keyed));
        let mut all = self.lock();
        self.forget(&mut all, now);
        if let Some(known) = all.get_mut(&identity) {
            known.waiting = known.waiting.saturating_add(1);
            let owed = known.told > known.asking;
            let mut part = Part {
                identity,
                key: known.key.clone(),
                joined: false,
                kept: None,
                first: false,
                owed,
                heard: false,
            };
            known.asking = known.asking.saturating_add(u32::from(owed));
            // Whoever has left asks again.
            known.unheard &= owed;
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
        all.insert(identity, Known::new(key.clone(), About::of(command)));
        Begin::Key(Part { identity, key, joined: false, kept: None, first: true, owed: false, heard: false })
    }

    /// Whether nobody else waits for it.
    pub(super) fn is_alone(&self, part: &Part) -> bool {
        part.of(&mut self.lock()).is_none_or(|known| known.waiting <= 1)
    }

    /// Nothing of it was sent, and its caller knows.
    pub(super) fn not_sent(&self, part: &Part) {
        let mut all = self.lock();
        let Some(known) = part.of(&mut all) else { return };
        known.leaves(part);
        if known.waiting == 0 && matches!(known.keep, Keep::UnderWay) && known.open.is_none() {
            all.remove(&part.identity);
        }
    }

    /// Its caller has been told what became of it. Whoever was told meanwhile that it is in doubt, or has left, still has to hear
    /// it.
    pub(super) fn delivered(&self, part: &mut Part, now: Instant) {
        part.heard = true;
        let mut all = self.lock();
        let Some(known) = part.of(&mut all) else { return };
        known.leaves(part);
        known.told = known.told.saturating_sub(u32::from(part.owed));
        if known.told > 0 {
            return;
        }
        if !known.unheard {
            all.remove(&part.identity);
        } else if !matches!(known.keep, Keep::Held(..)) {
            known.keep = Keep::Left(now.checked_add(self.time).unwrap_or(now));
        }
    }

    /// Its caller has been told that it is in doubt.
    pub(super) fn in_doubt(&self, part: &Part) {
        let mut all = self.lock();
        let Some(known) = part.of(&mut all) else { return };
        known.leaves(part);
        known.told = known.told.saturating_add(u32::from(!part.owed));
        known.keep = Keep::Told;
    }

    /// The answer could not be delivered. If others have had it meanwhile, it comes back all the same: nobody is told less.
    /// One that is long is told by its key.
    pub(super) fn undelivered(&self, part: &Part, answer: Option<Answer>, about: About, now: Instant) {
        // What is asked for again is not kept longer for that.
        let Some(until) = part.kept.or_else(|| now.checked_add(self.time)) else { return };
        let mut all = self.lock();
        if all.len() >= MOST && !all.contains_key(&part.identity) && !drop_oldest(&mut all) {
            return;
        }
        let waiting = usize::from(!part.heard);
        let anew = || Known { waiting, over: true, ..Known::new(part.key.clone(), about) };
        let known = all.entry(part.identity).or_insert_with(anew);
        if known.key != part.key {
            return;
        }
        if part.heard {
            known.told = known.told.saturating_add(u32::from(part.owed));
        } else {
            known.leaves(part);
            known.unheard |= known.waiting > 0;
        }
        // Whoever was told that it is in doubt hears it by the key, however late.
        if part.owed {
            known.keep = Keep::Told;
        } else if !matches!(known.keep, Keep::Told) {
            known.keep = answer.map_or(Keep::Left(until), |answer| Keep::Held(answer, until));
        }
    }

    /// Its caller has left before it was answered.
    pub(super) fn left(&self, part: &Part, now: Instant) {
        let mut all = self.lock();
        let Some(known) = part.of(&mut all) else { return };
        known.leaves(part);
        if known.waiting > 0 {
            known.unheard = true;
        } else if matches!(known.keep, Keep::UnderWay) {
            // If anything of it was sent, the journal says when it is over, and the time begins anew.
            let time = if known.over { self.time } else { self.time.saturating_add(UNDER_WAY) };
            let until = now.checked_add(time);
            known.keep = Keep::Left(until.unwrap_or(now));
        }
    }

    /// The journal has this of a write.
    pub(super) fn recorded(&self, entry: &Entry, now: Instant) {
        let intent = entry.intent();
        let identity = self.identity(intent.user(), intent.payload());
        let mut all = self.lock();
        // Before its caller is told, and so before anybody asks for what relies on it.
        if matches!(entry.standing(), Standing::Accepted(_)) {
            all.retain(|other, known| *other == identity || !known.is_outdated_by(entry));
        }
        let known = all.get_mut(&identity).filter(|known| Some(&*known.key) == intent.key());
        let Some(known) = known else { return };
        known.over = entry.standing().is_finished();
        known.open = (!known.over).then(|| entry.ticket());
        match (&known.keep, entry.standing()) {
            // Whoever waits for it, or has left, asks again as one who was told so.
            (Keep::Left(_) | Keep::UnderWay, Standing::InDoubt) => known.keep = Keep::Told,
            (Keep::Left(_), _) if known.waiting == 0 => {
                known.keep = Keep::Left(now.checked_add(self.time).unwrap_or(now));
            }
            _ => {}
        }
    }

    /// The journal has nothing of this any more: nothing of it was sent.
    pub(super) fn removed(&self, ticket: Ticket) {
        self.lock().retain(|_, known| {
            known.open.take_if(|open| *open == ticket);
            known.open.is_some() || known.waiting > 0 || !matches!(known.keep, Keep::UnderWay)
        });
    }

    fn forget(&self, all: &mut HashMap<Identity, Known>, now: Instant) {
        all.retain(|_, known| match known.keep {
            Keep::Left(until) | Keep::Held(_, until) => {
                known.waiting > 0 || known.open.is_some() || now < until
            }
            Keep::UnderWay | Keep::Told => true,
        });
    }
}

/// So long after its caller has left a write may be under way: its whole reply, and what it takes to read it back.
const UNDER_WAY: Duration = Duration::from_secs(600);

impl Known {
    fn new(key: Box<str>, about: About) -> Self {
        let About { objects, billable } = about;
        Self {
            key,
            waiting: 1,
            told: 0,
            asking: 0,
            unheard: false,
            objects,
            billable,
            over: false,
            open: None,
            keep: Keep::UnderWay,
        }
    }

    /// One that waited does not any more.
    fn leaves(&mut self, part: &Part) {
        self.waiting = self.waiting.saturating_sub(1);
        self.asking = self.asking.saturating_sub(u32::from(part.owed));
    }

    /// Whether it says nothing any more, as its object was written to in another way since. What may have been paid for stays
    /// if that has not undone it; and while it is in doubt it stays anyway: asked for again, it is not to be paid for again.
    fn is_outdated_by(&self, entry: &Entry) -> bool {
        let intent = entry.intent();
        let may = match self.keep {
            Keep::Left(_) | Keep::Held(..) => !self.billable || undoes(intent.resolver()),
            Keep::Told => !self.billable || self.over && undoes(intent.resolver()),
            Keep::UnderWay => false,
        };
        may && matches!(entry.standing(), Standing::Accepted(_))
            && self.waiting == 0
            && self.open.is_none()
            && meet(&self.objects, intent.sent().objects())
    }
}

/// Whether it may be paid for once more if it is done once more. A modification says how an object is to be: what changed it since
/// counts for more than that it was so before.
const fn is_paid_again(billable: Billable, resolver: Option<Resolver>) -> bool {
    billable.at_stake() && !is_modification(resolver)
}

const fn is_modification(resolver: Option<Resolver>) -> bool {
    matches!(
        resolver,
        Some(
            Resolver::ModifyDomain
                | Resolver::ModifyNameServer
                | Resolver::ModifyContact
                | Resolver::ModifyZone
        )
    )
}

/// Whether what was done to an object before may be gone or another's after this, or the object is a new one.
const fn undoes(resolver: Option<Resolver>) -> bool {
    !is_modification(resolver) && !matches!(resolver, None | Some(Resolver::Renew | Resolver::Restore))
}

impl Part {
    fn of<'a>(&self, all: &'a mut HashMap<Identity, Known>) -> Option<&'a mut Known> {
        all.get_mut(&self.identity).filter(|known| known.key == self.key)
    }

    /// Whether nobody has asked for it before.
    pub(super) const fn is_first(&self) -> bool {
        self.first
    }

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
        .filter(|(_, known)| known.waiting == 0 && known.open.is_none())
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
mod tests;
