//! What an account's time was spent on while somebody waited.

use std::fmt;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::watched::Watched;

/// Time in which somebody waited, by what was waited for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    /// The pace did not allow it yet: the time that is put to use.
    pub(crate) paced: Duration,
    /// The journal was writing what is to be sent.
    pub(crate) recording: Duration,
    /// No session was free, and one was on its way,
    pub(crate) opening: Duration,
    /// or to be opened later, for those before had failed,
    pub(crate) backing_off: Duration,
    /// or there was no place for one.
    pub(crate) full: Duration,
    pub(crate) held: Duration,
    /// Something could have been sent.
    pub(crate) wasted: Duration,
    /// Nobody waited.
    pub(crate) idle: Duration,
}

impl Spent {
    /// So much time is about to pass in which nothing happens.
    pub(crate) fn pass(
        &mut self,
        client: &Client,
        interval: Duration,
        delay: Duration,
        now: Instant,
        time: Duration,
    ) {
        let pool: &Watched = client.dispatch.slots();
        if pool.waiting() == 0 {
            self.idle += time;
            return;
        }
        let left = client.last_left;
        let by = left.at.map(|at| left.answered.map_or(at + delay, |answered| answered.min(at + delay)));
        let paced = by.is_none_or(|by| now < by + interval);
        let snapshot = pool.snapshot();
        let ready = |line: &&crate::line::Line| line.logged_in && !line.dropped && line.session.is_ready();
        let ready: Vec<u64> = client.lines.iter().filter(ready).map(|line| line.number).collect();
        let sessions = snapshot.sessions;
        let places = sessions.opening + sessions.idle + sessions.busy + sessions.proving + sessions.ending;
        let full = places + sessions.ghosts >= sessions.target || snapshot.login_refused.is_some();
        let serves = pool.takes_one_of(&ready);
        *(if snapshot.held_until.is_some() {
            &mut self.held
        } else if paced {
            &mut self.paced
        } else if !pool.unsent.is_empty() {
            &mut self.recording
        } else if !serves && sessions.opening > 0 {
            &mut self.opening
        } else if !serves && now < snapshot.opens_at {
            &mut self.backing_off
        } else if !serves && full {
            &mut self.full
        } else {
            // Whoever may open one has to.
            &mut self.wasted
        }) += time;
    }

    /// How many thousandths of what the pace permits were used, while something could be sent.
    pub(crate) fn used(&self) -> u128 {
        let lost = self.wasted + self.recording;
        self.paced.as_millis() * 1_000 / (self.paced + lost).as_millis().max(1)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.paced += other.paced;
        self.recording += other.recording;
        self.opening += other.opening;
        self.backing_off += other.backing_off;
        self.full += other.full;
        self.held += other.held;
        self.wasted += other.wasted;
        self.idle += other.idle;
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { paced, recording, opening, backing_off, full, held, wasted, idle } = self;
        write!(
            f,
            "paced {paced:.0?}, recording {recording:.0?}, opening {opening:.0?}, backing off {backing_off:.0?}, no place \
             {full:.0?}, held {held:.0?}, wasted {wasted:.0?}, nobody waited {idle:.0?}: {} ‰ used",
            self.used()
        )
    }
}
