//! The time of a journal: it follows a clock, but never back, and never far at once.

use std::borrow::Cow;
use std::sync::Arc;

use crate::dispatch::{Account, Entry};

/// The most, in milliseconds, that a journal believes to have passed between two looks at the clock: a day.
pub const MAX_STEP_MS: u64 = 24 * 60 * 60 * 1000;

/// No lock of an account is believed to last longer than this, in milliseconds: an hour. What is longer was written by a
/// clock that was wrong.
pub const MAX_HOLD_MS: u64 = 60 * 60 * 1000;

/// No operator's hold of an account is believed to last longer than this, in milliseconds: a day, the longest that there is.
pub const MAX_OPERATOR_HOLD_MS: u64 = 24 * 60 * 60 * 1000;

/// No place is believed to stay charged for a lost session longer than this, in milliseconds: a day, as long as a session
/// lasts.
pub const MAX_GHOST_MS: u64 = 24 * 60 * 60 * 1000;

/// The time, out of what a clock says. All in milliseconds of Unix time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wall {
    now: u64,
    /// What the clock said last.
    clock: u64,
}

impl Wall {
    /// Goes on from the time that was last seen, when the clock said `last_clock`.
    pub(super) fn new(last_seen: u64, last_clock: u64, clock: u64) -> Self {
        let passed = clock.saturating_sub(last_clock);
        // A clock that was set, or a long rest: no further than to what the clock says now.
        let passed =
            if passed > MAX_STEP_MS { clock.saturating_sub(last_seen).min(MAX_STEP_MS) } else { passed };
        Self { now: last_seen.saturating_add(passed), clock }
    }

    /// The time, now that the clock says this.
    pub(super) fn advance(&mut self, clock: u64) -> u64 {
        let passed = clock.saturating_sub(self.clock).min(MAX_STEP_MS);
        self.now = self.now.saturating_add(passed);
        self.clock = clock;
        self.now
    }

    /// How far a clock is behind.
    pub(super) const fn behind(self, clock: u64) -> u64 {
        self.now.saturating_sub(clock)
    }

    /// The time at the last look.
    #[cfg(any(feature = "journal", test))]
    pub(super) const fn now(self) -> u64 {
        self.now
    }

    /// What the clock said at the last look.
    #[cfg(feature = "journal")]
    pub(super) const fn clock(self) -> u64 {
        self.clock
    }

    /// The latest time that can have been: the clock's, or this if that is behind.
    #[cfg(feature = "journal")]
    pub(super) fn latest(self) -> u64 {
        self.now.max(self.clock)
    }
}

/// Takes the times of an entry that lie behind the latest that can have been for that.
pub(super) fn clamp(entry: &mut Entry, latest: u64) {
    entry.changed_at = entry.changed_at.min(latest);
    for note in &mut entry.notes {
        note.at = note.at.min(latest);
    }
    if entry.intent.begun_at > latest {
        Arc::make_mut(&mut entry.intent).begun_at = latest;
    }
}

/// Takes the times of an account that lie too far ahead for the latest that can be. What is still to come goes by the clock
/// that will say when it is there, not by a journal's time, which may be behind; that a login was refused has happened.
pub(super) fn clamp_account(account: &mut Account, clock: u64, latest: u64) {
    if let Some(refused) = &mut account.refused {
        refused.at = refused.at.min(latest);
    }
    account.held_until = account.held_until.map(|until| until.min(clock.saturating_add(MAX_HOLD_MS)));
    if let Some(hold) = &mut account.operator_hold {
        hold.until = hold.until.min(clock.saturating_add(MAX_OPERATOR_HOLD_MS));
    }
    for until in &mut account.ghosts {
        *until = (*until).min(clock.saturating_add(MAX_GHOST_MS));
    }
}

/// An entry as it is kept: one that was written by a clock that is so far behind is as new as any other.
pub(super) fn kept(entry: &Entry, behind: u64) -> Cow<'_, Entry> {
    if behind == 0 {
        return Cow::Borrowed(entry);
    }
    let mut entry = entry.clone();
    entry.changed_at = entry.changed_at.saturating_add(behind);
    Cow::Owned(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = MAX_STEP_MS;

    #[test]
    fn a_clock_that_jumps_is_believed_a_day() {
        let mut wall = Wall::new(10 * DAY, 10 * DAY, 4_000 * DAY);
        assert_eq!(wall.now(), 11 * DAY);
        // It is as wrong as before, and goes on.
        assert_eq!(wall.advance(4_000 * DAY + 5), 11 * DAY + 5);
        assert_eq!(wall.advance(9_000 * DAY), 12 * DAY + 5);
        // It is set right, and goes on.
        assert_eq!(wall.advance(13 * DAY), 12 * DAY + 5);
        assert_eq!(wall.advance(13 * DAY + 7), 12 * DAY + 12);
    }

    #[test]
    fn a_clock_that_stays_wrong_is_believed_once() {
        let mut wall = Wall::new(10 * DAY, 10 * DAY, 400 * DAY);
        for minute in 1..=2_000 {
            wall = Wall::new(wall.now, wall.clock, 400 * DAY + minute * 60_000);
        }
        assert_eq!(wall.now(), 11 * DAY + 2_000 * 60_000);
        // Set right, it does not stand still until it is that late; nor does it gain by having been wrong.
        let wall = Wall::new(300 * DAY, 300 * DAY, 20 * DAY);
        assert_eq!(wall.now(), 300 * DAY);
        assert_eq!(Wall::new(wall.now, wall.clock, 21 * DAY).now(), 301 * DAY);
        assert_eq!(Wall::new(wall.now, wall.clock, 299 * DAY).now(), 300 * DAY);
    }

    #[test]
    fn a_clock_that_is_behind_is_waited_for() {
        let mut wall = Wall::new(10 * DAY, 10 * DAY, 3 * DAY);
        assert_eq!(wall.now(), 10 * DAY);
        assert_eq!(wall.advance(3 * DAY + 9), 10 * DAY + 9);
        assert_eq!(wall.advance(u64::MAX), 11 * DAY + 9);
        assert_eq!(Wall::new(u64::MAX, 0, u64::MAX).advance(0), u64::MAX);
    }
}
