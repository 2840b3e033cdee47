//! What an operator does to a pool, and who sees that it is heeded.

use std::collections::BTreeSet;

use rrp::dispatch::{GiveBack, Slot, Slots};
use rrp::pool::{Action, Snapshot};
use rrp::session::Remains;

use crate::rig::{Fails, Held, Rig, seconds};

#[derive(Default)]
pub(crate) struct Orders {
    paused: bool,
    /// Sessions whose connections were closed at once, and whose ends were not told yet.
    cut: BTreeSet<u64>,
}

impl Orders {
    pub(crate) fn is_cut(&self, session: u64) -> bool {
        self.cut.contains(&session)
    }

    #[track_caller]
    pub(crate) fn look_at(&mut self, action: &Action) {
        match action {
            Action::Reset(session) => assert!(self.cut.insert(*session), "twice"),
            Action::LogIn(session) | Action::KeepAlive(session) | Action::End(session) => {
                assert!(!self.is_cut(*session), "it is closed: {action:?}");
            }
            _ => {}
        }
    }

    #[track_caller]
    pub(crate) fn granted(&self, slot: Slot) {
        assert!(!self.paused && !self.is_cut(slot.session), "{slot:?}");
    }
}

impl Rig {
    pub(crate) fn pause(&mut self) {
        self.pool.pause();
        self.orders.paused = true;
        self.act();
    }

    pub(crate) fn resume(&mut self) {
        self.pool.resume();
        self.orders.paused = false;
        self.act();
    }

    #[track_caller]
    pub(crate) fn hold_by_operator(&mut self, wait: u64) {
        self.pool.hold_by_operator(seconds(wait), "maintenance", self.now).unwrap();
        self.books.quiet_until = Some(self.now + seconds(wait));
        self.act();
    }

    pub(crate) fn release(&mut self) -> bool {
        let any = self.pool.release(self.now);
        self.books.quiet_until = None;
        self.act();
        any
    }

    pub(crate) fn reconnect(&mut self) {
        self.pool.reconnect();
        self.act();
    }

    /// The command of a slot goes out, or back if the account is held by now.
    #[track_caller]
    pub(crate) fn send_or_not(&mut self, slot: Slot) {
        if self.books.quiet_until.is_some_and(|until| until > self.now) {
            assert!(
                self.pool.held_until().is_some_and(|until| until > self.now),
                "whoever sends must see it"
            );
            let job = self.jobs.number(slot.job);
            return self.answer(job);
        }
        self.send(slot);
    }

    #[track_caller]
    pub(crate) fn kill(&mut self, session: u64) -> bool {
        let any = self.pool.kill(session, self.now);
        self.act();
        any
    }

    /// The end of a session comes that was closed at once.
    #[track_caller]
    pub(crate) fn cut_off(&mut self, session: u64) {
        assert!(self.orders.cut.remove(&session), "{session} was not closed");
        match self.held.get(&session).copied() {
            None => {}
            Some(Held::LoggingIn(..)) => self.failed(session, Fails::Reset),
            Some(Held::Granted(slot) | Held::Busy(slot, _)) => {
                self.pool.give_back(slot, GiveBack::Ended, self.now);
                self.ended(session, None, Remains::Perhaps);
            }
            Some(_) => self.ended(session, None, Remains::Perhaps),
        }
    }

    /// What is shown of each session adds up.
    #[track_caller]
    pub(crate) fn shown_well(&self, shown: &Snapshot) {
        assert_eq!(shown.each.len(), self.pool.sessions(), "{shown:?}");
        assert_eq!(shown.ghosts.len(), shown.sessions.ghosts, "{shown:?}");
        assert!(shown.each.windows(2).all(|pair| pair[0].number < pair[1].number), "{shown:?}");
        assert!(shown.each.iter().all(|session| session.since <= self.now), "{shown:?}");
        assert_eq!(shown.paused, self.orders.paused);
    }

    /// So many sessions, each with a command that is not answered: of the jobs 0, 1, 2 …
    #[track_caller]
    pub(crate) fn busy(&mut self, sessions: usize) {
        for job in 0..sessions {
            self.ask(job);
            let session = u64::try_from(job).unwrap() + 1;
            self.open(session);
            self.until(|rig| matches!(rig.held[&session], Held::Busy(..)));
        }
        self.done();
        self.told();
    }

    /// So many sessions, all idle.
    #[track_caller]
    pub(crate) fn idle(&mut self, sessions: usize) {
        self.busy(sessions);
        for job in 0..sessions {
            self.answer(job);
        }
        self.done();
        self.told();
    }
}
