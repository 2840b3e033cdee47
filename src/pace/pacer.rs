//! When the next command may leave.

use core::time::Duration;
use std::time::Instant;

use super::rate::Rate;

/// Lets an account's commands leave one by one, so that they *arrive* at the registry no faster than its [`Rate`].
///
/// The next command leaves no earlier than one interval after the earlier of two times: the reply to the previous one,
/// and its sending + the delay `g` that the rate allows. Never are two allowed at once (a burst of 1), and the first
/// leaves one interval after the start: a program that restarts again and again keeps the rate, too.
///
/// **Why the rate is kept there.** A command that leaves at *s* arrives at *a* ≥ *s*. Its reply comes at *r* ≥ *a*, for
/// nobody answers what has not come; and *a* ≤ *s* + *g* while the delay stays below *g*. So it has arrived by
/// min(*r*, *s* + *g*). The next one leaves, and the more so arrives, no earlier than one interval after that: whatever
/// the delay of each, two arrivals are never closer than the interval. That a command waits for those on all sessions
/// is what makes this hold for the account.
///
/// **Beyond *g*** it holds for each command that was answered before the next left. One that takes *d* > *g* and is
/// not answered until then can arrive closer before its successor than the interval, by at most *d* − *g*; a connection
/// that sticks (loss, a full window) can even deliver it later than its successor. What the registry makes of that is
/// then an error reply or a lock (422), for which the account is held. A longer [delay](Rate::allowing_delay) buys
/// safety, and costs pace only where replies take longer than the old one.
///
/// The pace while work waits is one command per interval + min(round trip, *g*).
///
/// All that writes to the registry pays: logins, keepalives, repetitions and read-backs. It has no clock and never waits;
/// whoever sends asks [`next_at`](Self::next_at) and reports [what was sent](Self::sent) and
/// [answered](Self::answered). Time that goes backwards counts as standing still.
#[derive(Clone, Debug)]
pub struct Pacer {
    rate: Rate,
    /// All commands before the last have arrived by then, or nothing has been sent before.
    settled: Instant,
    /// When the last command left.
    left: Instant,
    /// When the last command was answered.
    answered: Option<Instant>,
    number: u64,
}

/// Which command was [sent](Pacer::sent): given back to the same pacer with the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "without its reply the next command leaves later"]
pub struct Sending(u64);

impl Pacer {
    /// The first command leaves one interval after `now`; at once if the rate is unlimited.
    #[must_use]
    pub const fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, settled: now, left: now, answered: Some(now), number: 0 }
    }

    /// The rate that it keeps.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// When the next command may leave, perhaps in the past; `None` if the rate is unlimited.
    #[must_use]
    pub fn next_at(&self) -> Option<Instant> {
        (!self.rate.is_unlimited()).then(|| after(self.arrived_by(), self.rate.interval()))
    }

    /// Whether a command may leave now.
    #[must_use]
    pub fn is_ready(&self, now: Instant) -> bool {
        self.next_at().is_none_or(|next| next <= now)
    }

    /// A command leaves now, whether or not it [is its time](Self::is_ready): the delay that it may have begins at this
    /// `now`. One sent too early brings none of the later ones forward.
    pub fn sent(&mut self, now: Instant) -> Sending {
        self.settled = self.arrived_by();
        self.left = self.left.max(now);
        self.answered = None;
        self.number = self.number.wrapping_add(1);
        Sending(self.number)
    }

    /// The reply to this command came, whole or in part: it must have arrived. Counts for the last command only, and only
    /// before the delay that it may have is over; a late reply, or another one to the same command, changes nothing.
    ///
    /// The end of its connection is no reply, for the registry may read the command after it.
    pub fn answered(&mut self, sending: Sending, now: Instant) {
        if sending.0 == self.number && self.answered.is_none() {
            self.answered = Some(now.max(self.left));
        }
    }

    /// Another rate, from now on. One that ends a time without limit begins as at the [start](Self::new): the next
    /// command leaves one interval after `now`.
    pub fn set_rate(&mut self, rate: Rate, now: Instant) {
        if self.rate.is_unlimited() {
            self.settled = self.settled.max(now);
        }
        self.rate = rate;
    }

    /// By when all that was sent has arrived, if none takes longer than it may.
    fn arrived_by(&self) -> Instant {
        let latest = after(self.left, self.rate.delay());
        let last = self.answered.map_or(latest, |answered| answered.min(latest));
        self.settled.max(last)
    }
}

/// A rate's times are at most a day, so that this ends within what an `Instant` can hold: billions of years.
fn after(instant: Instant, time: Duration) -> Instant {
    instant.checked_add(time).unwrap_or(instant)
}
