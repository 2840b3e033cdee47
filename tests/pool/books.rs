//! The books of what is sent.

use std::time::Instant;

use rrp::pace::Rate;

use crate::support::session::base;

/// What was sent, and when its reply came: the rate as the registry is promised it, told by nobody but this.
#[derive(Debug)]
pub(crate) struct Books {
    rate: Rate,
    /// By when all has arrived that was sent before the last.
    settled: Instant,
    last: Option<(Instant, Option<Instant>)>,
    pub(crate) sends: usize,
    /// Until when an operator wants nothing sent.
    pub(crate) quiet_until: Option<Instant>,
}

impl Books {
    pub(crate) const fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, settled: now, last: None, sends: 0, quiet_until: None }
    }

    fn arrived_by(&self) -> Instant {
        self.last.map_or(self.settled, |(sent, reply)| {
            let latest = sent + self.rate.delay();
            self.settled.max(reply.map_or(latest, |reply| reply.min(latest)))
        })
    }

    pub(crate) fn heeds_hold(&self, now: Instant, what: &str) {
        let heeds = self.quiet_until.is_none_or(|until| now >= until);
        assert!(heeds, "{what} at {:?}, held until {:?}", now - base(), self.quiet_until);
    }

    pub(crate) fn sent(&mut self, now: Instant, what: &str) -> usize {
        self.heeds_hold(now, what);
        let earliest = self.arrived_by() + self.rate.interval();
        assert!(
            self.rate.is_unlimited() || now >= earliest,
            "{what} leaves {:?} too early at {:?}",
            earliest.saturating_duration_since(now),
            now - base(),
        );
        self.settled = self.arrived_by();
        self.last = Some((now, None));
        self.sends += 1;
        self.sends
    }

    pub(crate) fn answered(&mut self, number: usize, now: Instant) {
        if number == self.sends
            && let Some((_, reply @ None)) = &mut self.last
        {
            *reply = Some(now);
        }
    }
}
