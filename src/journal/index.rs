//! Which tickets a journal has, when each may be forgotten, and whether there is room for more.

use core::hash::{Hash, Hasher};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::DefaultHasher;

use super::{JournalErrorKind, Options};
use crate::command::Billable;
use crate::dispatch::{Entry, Standing};

/// After so long the doubt about a contact that may have been created twice is forgotten.
const HARMLESS_DOUBT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The most entries that one write forgets, so that none waits long.
const MAX_FORGOTTEN: usize = 1_024;

/// What an entry takes beside its bytes: its ticket, and its share of a page.
const OVERHEAD: u64 = 64;

/// When the entry may be forgotten, in milliseconds of Unix time; `None` as long as it matters.
fn expires(entry: &Entry, options: &Options) -> Option<u64> {
    let after =
        |from: u64, time: Duration| from.saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    let intent = &entry.intent;
    match entry.standing {
        Standing::Open => None,
        Standing::InDoubt => {
            let harmless = intent.billable == Billable::No
                && intent.resolver.is_none()
                && intent.sent.name().eq_ignore_ascii_case("AddContact");
            harmless.then(|| after(intent.begun_at, HARMLESS_DOUBT))
        }
        Standing::Accepted(_) | Standing::Refused { .. } | Standing::NotApplied => {
            let time = if intent.key.is_some() { options.keep_keyed } else { options.keep };
            Some(after(entry.changed_at, time))
        }
    }
}

/// What is known of one ticket without reading its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// The length of its record.
    bytes: u32,
    /// Of which intent it is: a ticket is one intent's for ever.
    intent: [u8; 3],
    /// Whether more is known than that it was about to be sent: that is never so again.
    begun: bool,
    pub(super) expires: Option<u64>,
}

impl Held {
    /// What is known of this entry, whose record has so many bytes.
    pub(super) fn new(entry: &Entry, bytes: usize, options: &Options) -> Self {
        let mut hasher = DefaultHasher::new();
        (entry.intent.payload(), entry.intent.user(), entry.intent.key()).hash(&mut hasher);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        // So many bits: it is a mistake that is to be found, and no attack.
        let [a, b, c, ..] = hasher.finish().to_le_bytes();
        let begun = entry.standing != Standing::Open || entry.attempts > 0;
        Self { bytes, intent: [a, b, c], begun, expires: expires(entry, options) }
    }
}

/// What is to become of a ticket: what it then holds, or that it goes.
pub(super) type Step = (u64, Option<Held>);

/// The tickets of a journal.
#[derive(Debug, Default)]
pub(super) struct Index {
    held: BTreeMap<u64, Held>,
    expiring: BTreeSet<(u64, u64)>,
    bytes: u64,
}

fn size(held: &Held) -> u64 {
    u64::from(held.bytes).saturating_add(OVERHEAD)
}

impl Index {
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// The tickets that may be forgotten now; those that may longest first, some of them if there are many.
    pub(super) fn expired(&self, now: u64) -> Vec<u64> {
        let due = self.expiring.iter().take_while(|(expires, _)| *expires < now);
        due.take(MAX_FORGOTTEN).map(|(_, ticket)| *ticket).collect()
    }

    pub(super) fn apply(&mut self, steps: impl IntoIterator<Item = Step>) {
        for (ticket, held) in steps {
            let before = match held {
                Some(held) => {
                    self.bytes = self.bytes.saturating_add(size(&held));
                    if let Some(expires) = held.expires {
                        self.expiring.insert((expires, ticket));
                    }
                    self.held.insert(ticket, held)
                }
                None => self.held.remove(&ticket),
            };
            if let Some(before) = before {
                self.bytes = self.bytes.saturating_sub(size(&before));
                if let Some(expires) =
                    before.expires.filter(|_| held.and_then(|held| held.expires) != before.expires)
                {
                    self.expiring.remove(&(expires, ticket));
                }
            }
        }
    }
}

/// A look ahead: how full an index is when what is planned has been done.
#[derive(Debug)]
pub(super) struct Plan<'i> {
    index: &'i Index,
    /// What planned tickets hold then.
    planned: HashMap<u64, Option<Held>>,
    entries: usize,
    bytes: u64,
}

impl<'i> Plan<'i> {
    /// Nothing but this is planned: that these tickets are forgotten.
    pub(super) fn new(index: &'i Index, forgotten: &[u64]) -> Self {
        let mut plan = Self { index, planned: HashMap::new(), entries: index.len(), bytes: index.bytes };
        for ticket in forgotten {
            plan.add(&[(*ticket, None)]);
        }
        plan
    }

    fn held(&self, ticket: u64) -> Option<Held> {
        self.planned.get(&ticket).copied().unwrap_or_else(|| self.index.held.get(&ticket).copied())
    }

    /// Plans these, or none of them if there is no room for a new ticket among them, or a known one is another intent's, or the
    /// same one's that is about to be sent once more under a ticket under which it was. Known ones always have room.
    pub(super) fn try_add(
        &mut self,
        steps: &[Step],
        max_entries: usize,
        max_bytes: u64,
    ) -> Result<(), JournalErrorKind> {
        let others = |(ticket, held): &Step| {
            let both = held.zip(self.held(*ticket));
            both.is_some_and(|(held, before)| held.intent != before.intent || before.begun && !held.begun)
        };
        if steps.iter().any(others) {
            return Err(JournalErrorKind::TicketTaken);
        }
        let new = |(ticket, held): &&Step| held.is_some() && self.held(*ticket).is_none();
        let (mut entries, mut bytes) = (self.entries, self.bytes);
        for (_, held) in steps.iter().filter(new) {
            entries = entries.saturating_add(1);
            bytes = bytes.saturating_add(held.as_ref().map_or(0, size));
        }
        if entries > self.entries && (entries > max_entries || bytes > max_bytes) {
            return Err(JournalErrorKind::Full);
        }
        self.add(steps);
        Ok(())
    }

    fn add(&mut self, steps: &[Step]) {
        for (ticket, held) in steps {
            match self.held(*ticket) {
                Some(before) => self.bytes = self.bytes.saturating_sub(size(&before)),
                None => self.entries = self.entries.saturating_add(1),
            }
            match held {
                Some(held) => self.bytes = self.bytes.saturating_add(size(held)),
                None => self.entries = self.entries.saturating_sub(1),
            }
            self.planned.insert(*ticket, *held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn held(bytes: u32, expires: Option<u64>) -> Option<Held> {
        Some(Held { bytes, intent: [7; 3], begun: true, expires })
    }

    #[test]
    fn what_is_counted_is_what_is_held() {
        let mut index = Index::default();
        index.apply([(1, held(10, None)), (2, held(20, Some(5))), (3, held(30, Some(6)))]);
        assert_eq!((index.len(), index.bytes), (3, 60 + 3 * OVERHEAD));
        index.apply([(2, held(25, Some(5))), (3, held(31, Some(9))), (1, None), (7, None)]);
        assert_eq!((index.len(), index.bytes), (2, 56 + 2 * OVERHEAD));
        assert_eq!(index.expired(6), [2]);
        assert_eq!(index.expired(10), [2, 3]);
        index.apply([(2, None), (3, held(1, None))]);
        assert!(index.expired(u64::MAX).is_empty());
    }

    #[test]
    fn the_defaults_hold_a_month_of_renewals() {
        let options = Options::new();
        let (most, bytes) = (options.max_entries, options.max_file / 4);
        let mut index = Index::default();
        index.apply((0..1_300_000).map(|ticket| (ticket, held(500, Some(ticket)))));
        let mut plan = Plan::new(&index, &[]);
        assert_eq!(plan.try_add(&[(1_300_000, held(500, None))], most, bytes), Ok(()));
        assert_eq!(
            plan.try_add(&[(1_300_001, held(1 << 30, None))], most, bytes),
            Err(JournalErrorKind::Full)
        );
    }

    #[test]
    fn only_new_tickets_need_room() {
        let mut index = Index::default();
        index.apply([(1, held(10, None)), (2, held(10, Some(1)))]);
        let mut plan = Plan::new(&index, &[]);
        assert_eq!(plan.try_add(&[(3, held(1, None))], 2, u64::MAX), Err(JournalErrorKind::Full));
        assert_eq!(plan.try_add(&[(1, held(1_000, None))], 2, 0), Ok(()));
        assert_eq!(plan.try_add(&[(9, None), (2, None)], 0, 0), Ok(()));
        assert_eq!(plan.try_add(&[(3, held(1, None))], 2, u64::MAX), Ok(()));
        assert_eq!(plan.try_add(&[(4, held(1, None))], 2, u64::MAX), Err(JournalErrorKind::Full));
        let mut plan = Plan::new(&index, &[2]);
        assert_eq!(plan.try_add(&[(3, held(1, None))], 2, u64::MAX), Ok(()));
        assert_eq!(plan.try_add(&[(2, held(1, None))], 2, u64::MAX), Err(JournalErrorKind::Full));
        let mut plan = Plan::new(&index, &[]);
        assert_eq!(plan.try_add(&[(5, held(1, None))], 9, index.bytes), Err(JournalErrorKind::Full));
        assert_eq!(plan.try_add(&[(5, held(1, None))], 9, index.bytes + OVERHEAD + 1), Ok(()));
    }
}
