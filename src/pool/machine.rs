//! The machine: what it knows, what it wants done, and when.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::account::{Machine, Refusal};
use super::event::Event;
use super::hold::Hold;
use super::lost::Ghost;
use super::opening::Credential;
use super::operator::Hand;
use super::options::Options;
use super::parked::Parked;
use super::place::{Place, State};
use super::rotation::{Rotated, Rotation};
use crate::dispatch::{Account, JobId, Moment, Slot, Unavailable};
use crate::pace::{Pacer, Queue, Rate};
use crate::retry::Random;

/// So many events wait for whoever watches; of more, the oldest are dropped.
pub(super) const MAX_EVENTS: usize = 256;

/// What the owner of connections is to do. In the order in which it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever owns connections must do each of these")]
pub enum Action {
    /// Have this written durably, in place of what was written before, and tell [`remembered`](Pool::remembered).
    Remember(Account),
    /// Connect, wait for the greeting, and tell [`greeted`](Pool::greeted) or [`failed`](Pool::failed). The session is to
    /// have this number, and its login this credential.
    Connect {
        /// The number of the session.
        session: u64,
        /// With what it is to log in.
        credential: Credential,
    },
    /// Log in now, and tell [`opened`](Pool::opened) or [`failed`](Pool::failed).
    LogIn(u64),
    /// Send the keepalive now, and tell [`kept_alive`](Pool::kept_alive) if the session has not ended.
    KeepAlive(u64),
    /// End the session by QUIT now, and tell [`ended`](Pool::ended).
    End(u64),
    /// Close the connection, on which nobody has logged in. It is over with this.
    Close(u64),
    /// Close the connection at once, without a word, whatever is on it, and tell [`ended`](Pool::ended), or
    /// [`failed`](Pool::failed) if it was still logging in.
    Reset(u64),
}

/// What a proof of a login has shown, for [`Dispatch::handle_probed`](crate::dispatch::Dispatch::handle_probed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "its owner passes all of it on")]
pub struct Probed {
    /// Whose slot it is.
    pub slot: Slot,
    /// Whether both proofs came.
    pub holds: bool,
    /// Whether the session takes another command.
    pub alive: bool,
}

/// The sessions of an account. See the [module](super).
#[derive(Debug)]
pub struct Pool {
    pub(super) options: Options,
    pub(super) machine: Machine,
    /// A keyed hash of the login, which tells whether it was corrected since it was refused.
    pub(super) credential: [u8; 16],
    /// Past all waiting.
    pub(super) born: Instant,
    pub(super) random: Random,
    pub(super) pacer: Pacer,
    /// With the session that each must not have: mostly there is none, and many may wait.
    pub(super) queue: Queue<Option<Box<u64>>>,
    /// Those who have had their turn, and have read what they are to change. They take any session.
    pub(super) ahead: VecDeque<JobId>,
    pub(super) parked: Parked,
    pub(super) places: BTreeMap<u64, Place>,
    /// Sessions that take a command now, the one that was used last at the end.
    pub(super) idle: Vec<u64>,
    /// Slots that were given and on which nothing was sent yet.
    pub(super) permits: Vec<Slot>,
    pub(super) ghosts: Vec<Ghost>,
    /// How many places are tried at the most, those of lost sessions included.
    pub(super) target: usize,
    /// When one more is tried again.
    pub(super) grow_at: Option<Instant>,
    /// How often the registry said that it takes no more, one after the other.
    pub(super) full: u32,
    /// How many sessions there were the last time, until there are more.
    pub(super) full_at: usize,
    /// Openings that failed, one after the other.
    pub(super) failures: u32,
    pub(super) open_at: Instant,
    pub(super) hold: Option<Hold>,
    /// What an operator has said beside it.
    pub(super) hand: Option<Hand>,
    /// Nobody gets a slot.
    pub(super) paused: bool,
    pub(super) refused: Option<Refusal>,
    pub(super) trouble: Option<Unavailable>,
    pub(super) rotation: Option<Rotation>,
    pub(super) rotated: VecDeque<Rotated>,
    /// The login that new sessions have; those of an earlier one are replaced.
    pub(super) epoch: u64,
    /// How often the credentials were corrected: those that log in with earlier ones say nothing about these.
    pub(super) login: u64,
    pub(super) probed: VecDeque<Probed>,
    pub(super) closing: VecDeque<u64>,
    pub(super) resets: VecDeque<u64>,
    pub(super) events: VecDeque<Event>,
    pub(super) numbers: u64,
    pub(super) stopping: bool,
    pub(super) unwritten: bool,
    pub(super) write_at: Option<Instant>,
    /// A write is under way.
    pub(super) writing: bool,
    /// Until when it is waited for, if it still is.
    pub(super) writing_until: Option<Instant>,
    /// The last one has failed.
    pub(super) write_failed: bool,
}

impl Pool {
    /// The sessions of an account of which this is known: none yet. `credential` is a keyed hash of login and password: a
    /// login that was refused before is not tried again with the same.
    #[must_use]
    pub fn new(
        options: Options,
        machine: Machine,
        credential: [u8; 16],
        account: &Account,
        at: Moment,
    ) -> Self {
        let now = at.now();
        // What a process has sent that did not end in order may still be on its way.
        let under_way = if account.sessions > 0 { options.rate.delay() } else { Duration::ZERO };
        let start = now.checked_add(under_way).unwrap_or(now);
        let mut pool = Self {
            random: Random::new(options.seed),
            pacer: Pacer::new(options.rate, start),
            queue: Queue::new(options.shares),
            target: options.max,
            options,
            machine,
            credential,
            born: now,
            ahead: VecDeque::new(),
            parked: Parked::default(),
            places: BTreeMap::new(),
            idle: Vec::new(),
            permits: Vec::new(),
            ghosts: Vec::new(),
            grow_at: None,
            full: 0,
            full_at: usize::MAX,
            failures: 0,
            open_at: now,
            hold: None,
            hand: None,
            paused: false,
            refused: None,
            trouble: None,
            rotation: None,
            rotated: VecDeque::new(),
            epoch: 0,
            login: 0,
            probed: VecDeque::new(),
            closing: VecDeque::new(),
            resets: VecDeque::new(),
            events: VecDeque::new(),
            numbers: 0,
            stopping: false,
            unwritten: false,
            write_at: None,
            writing: false,
            writing_until: None,
            write_failed: false,
        };
        pool.restore(account, at);
        pool
    }

    /// What is to be done now.
    pub fn poll_action(&mut self, at: Moment) -> Option<Action> {
        let now = at.now();
        self.lay_ghosts(now);
        self.let_hand_go(now);
        self.let_go(now);
        self.give_up_proofs(now);
        self.end_in_silence(now);
        if self.writing_until.is_some_and(|until| until <= now) {
            self.writing_until = None;
            self.go_on(true, now);
        }
        if let Some(session) = self.closing.pop_front() {
            return Some(Action::Close(session));
        }
        if let Some(session) = self.resets.pop_front() {
            return Some(Action::Reset(session));
        }
        self.announce(now);
        if let Some(account) = self.poll_remember(at) {
            return Some(Action::Remember(account));
        }
        let connects = self.hand.is_none();
        let recorded = self.places.iter_mut().find_map(|(session, place)| match place.state {
            State::Recorded(credential) if connects => {
                place.enter(State::Connecting(credential), now);
                Some(Action::Connect { session: *session, credential })
            }
            _ => None,
        });
        recorded.or_else(|| self.poll_paced(now))
    }

    /// What pays its pace, beside commands: what cannot wait first.
    fn poll_paced(&mut self, now: Instant) -> Option<Action> {
        let (when, session, errand) = self.next_errand()?;
        if when > now {
            return None;
        }
        let sending = self.pacer.sent(now);
        self.idle.retain(|idle| *idle != session);
        if errand != Errand::End
            && let Some(hold) = self.hold.as_mut().filter(|hold| hold.wants_proof())
        {
            hold.proven_by(session);
        }
        let place = self.places.get_mut(&session)?;
        let action = match (errand, place.state) {
            (Errand::LogIn, State::Greeted(credential)) => {
                place.enter(State::LoggingIn(credential, sending), now);
                Action::LogIn(session)
            }
            (Errand::Proof, State::Proving(slot, left)) => {
                place.enter(State::Proof(slot, left, sending), now);
                Action::KeepAlive(session)
            }
            (Errand::KeepAlive, _) => {
                place.enter(State::KeepingAlive(sending), now);
                Action::KeepAlive(session)
            }
            _ => {
                place.enter(State::Leaving, now);
                place.quit = true;
                Action::End(session)
            }
        };
        Some(action)
    }

    /// The next proof of a login that has come to its end.
    pub fn poll_probed(&mut self) -> Option<Probed> {
        self.probed.pop_front()
    }

    /// The next thing that happened. Of those that nobody asks for, the last 256 are kept.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`poll_action`](Self::poll_action) and [`poll_slot`](crate::dispatch::Slots::poll_slot) are due.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let all = [
            self.is_pending().then_some(self.born),
            self.next_errand().map(|(when, ..)| when),
            self.when_goes().map(|(when, _)| when),
            self.when_remember(),
            self.when_announce(),
            self.when_slot(),
            self.writing_until,
            self.hand.as_ref().map(|hand| hand.ends),
        ];
        all.into_iter().flatten().min()
    }

    pub(super) fn tell(&mut self, event: Event) {
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// The session has answered what was sent, and takes something else.
    pub(super) fn take_back(&mut self, session: u64, now: Instant) {
        let jitter = self.jitter(self.options.keepalive_after, 10);
        let after = self.options.keepalive_after.saturating_sub(jitter);
        let Some(place) = self.places.get_mut(&session) else { return };
        place.keepalive_at = now.checked_add(after).unwrap_or(now);
        let state = match (place.killed, place.old) {
            (true, _) => State::Leaving,
            (false, true) => State::Ending,
            (false, false) => State::Idle,
        };
        place.enter(state, now);
        self.idle.retain(|idle| *idle != session);
        if !place.old {
            self.idle.push(session);
        }
        // Where commands follow each other without a pause it is idle at no other time.
        self.let_go(now);
    }

    /// Begins no session any more and ends those that there are, each by QUIT once its command has come to its end; a lock
    /// of the account (422) is not waited for. Where an operator holds the account, not even QUIT is sent: they are closed.
    /// Nobody gets a slot any more.
    pub fn stop(&mut self, now: Instant) {
        self.stopping = true;
        self.rotation_stops();
        let all: Vec<u64> = self.places.keys().copied().collect();
        for session in all {
            self.grow_old(session, now);
        }
    }

    /// Whether there is no session left, and nothing to be remembered of them; a journal that fails is not waited for.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let written = !self.unwritten && !self.writing || self.write_failed || self.is_late();
        self.places.is_empty() && self.closing.is_empty() && self.resets.is_empty() && written
    }

    /// A session is to end as soon as nobody uses it.
    pub(super) fn grow_old(&mut self, session: u64, now: Instant) {
        let Some(place) = self.places.get_mut(&session) else { return };
        place.old = true;
        match place.state {
            State::Idle => place.enter(State::Ending, now),
            State::Announced(_) | State::Recording(_) | State::Recorded(_) => {
                self.places.remove(&session);
            }
            State::Connecting(_) | State::Greeted(_) => {
                self.places.remove(&session);
                self.closing.push_back(session);
            }
            _ => {}
        }
        self.idle.retain(|idle| *idle != session);
        self.unwritten = true;
    }

    /// Ends sessions whose time has come.
    fn let_go(&mut self, now: Instant) {
        while let Some((_, session)) = self.when_goes().filter(|(when, _)| *when <= now) {
            self.grow_old(session, now);
        }
    }

    /// The pace of the account.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.options.rate
    }

    /// How many sessions there are, from before their first SYN to the end of their QUIT.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.places.len()
    }
}

/// What a session does for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    KeepAlive,
    LogIn,
    Proof,
    End,
}
