//! What a restart must know, and what it makes of it.

use core::time::Duration;
use std::time::Instant;

use super::hold::Hold;
use super::lost::{Ghost, GhostWhy};
use super::machine::Pool;
use super::operator::Hand;
use super::place::State;
use crate::dispatch::{Account, Moment, OperatorHold, RefusedLogin, Unavailable};

/// What is known of the machine, which tells after a restart whether it was the process or the machine that went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    boot: Option<Box<str>>,
    up: Option<Duration>,
}

impl Machine {
    /// The longest name of a boot, in bytes; what is longer is not kept.
    pub const MAX_BOOT: usize = 128;

    /// Nothing is known: sessions that were open when the process ended stay charged for the registry's idle limit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// It was booted under this name, so long ago. A boot has a name that no other one has.
    #[must_use]
    pub fn booted(boot: &str, up: Option<Duration>) -> Self {
        let boot = (!boot.is_empty() && boot.len() <= Self::MAX_BOOT).then(|| boot.into());
        Self { boot, up }
    }
}

/// What is added to a refusal that is only remembered.
const EARLIER: &str = ", as an earlier process was told";

/// The longest lock that a restart believes in: a clock may have been wrong.
const MOST_HOLD: Duration = Duration::from_secs(60 * 60);

/// What could not be written is written again so much later.
const WRITE_AGAIN: Duration = Duration::from_secs(5);
/// And a journal that says nothing for so long is not waited for.
const WRITING: Duration = Duration::from_secs(5);

fn until(at: Moment, wall: u64, most: Duration) -> Option<Instant> {
    let left = Duration::from_millis(wall.checked_sub(at.wall())?).min(most);
    at.now().checked_add(left)
}

impl Pool {
    /// Takes over what an earlier process has left.
    pub(super) fn restore(&mut self, account: &Account, at: Moment) {
        let limit = self.options.idle_limit;
        if let Some(refused) = &account.refused
            && refused.credential == self.credential
        {
            let why = refused.why.trim_end_matches(EARLIER);
            self.refused =
                Some(Refusal { why: Unavailable::new(&format!("{why}{EARLIER}")), at: refused.at });
        }
        if let Some(wall) = account.held_until {
            // Whether it is over or not: one read has to prove it.
            self.hold = Some(Hold::until(until(at, wall, MOST_HOLD).unwrap_or_else(|| at.now())));
        }
        if let Some(hold) = &account.operator_hold {
            // If it is over, it is over.
            let ends = until(at, hold.until, Self::MAX_OPERATOR_HOLD).filter(|ends| *ends > at.now());
            self.hand = ends.map(|ends| Hand { ends, reason: (&*hold.reason).into() });
        }
        // Of a process that has died the kernel has closed the connections; of a machine that has, nobody has.
        let same_boot = account.boot.is_some() && account.boot == self.machine.boot;
        // Which of the two it was, only two names tell; then they were lost before this boot.
        let other_boot = account.boot.is_some() && self.machine.boot.is_some() && !same_boot;
        let up = self.machine.up.filter(|_| other_boot).unwrap_or_default();
        let left = limit.saturating_sub(up);
        let lost = usize::try_from(account.sessions).unwrap_or(usize::MAX).min(Account::MAX_GHOSTS);
        if let Some(until) = at.now().checked_add(left) {
            let ghost = Ghost { until, may_be_gone: same_boot, why: GhostWhy::Earlier };
            self.ghosts.extend((0..lost).map(|_| ghost));
        }
        for wall in account.ghosts.iter().take(Account::MAX_GHOSTS) {
            if let Some(until) = until(at, *wall, limit) {
                self.ghosts.push(Ghost { until, may_be_gone: false, why: GhostWhy::Earlier });
            }
        }
        self.lay_ghosts(at.now());
        // What was too far away by a clock that was wrong is written anew.
        self.unwritten = *account != Account::default();
    }

    /// What a restart would have to know now.
    pub(super) fn account(&self, at: Moment) -> Account {
        let wall = |when: Instant| {
            let left = when.saturating_duration_since(at.now()).as_millis();
            at.wall().saturating_add(u64::try_from(left).unwrap_or(u64::MAX))
        };
        let refused = self.refused.as_ref().map(|refused| RefusedLogin {
            credential: self.credential,
            why: refused.why.as_str().into(),
            at: refused.at,
        });
        let perhaps = self.ghosts.iter().filter(|ghost| ghost.may_be_gone).count();
        let sessions = self.places.len().saturating_add(perhaps);
        let silent = self.ghosts.iter().filter(|ghost| !ghost.may_be_gone);
        let operator_hold = self
            .hand
            .as_ref()
            .map(|hand| OperatorHold { until: wall(hand.ends), reason: (&*hand.reason).into() });
        Account {
            refused,
            held_until: self.hold.as_ref().map(|hold| wall(hold.ends())),
            operator_hold,
            sessions: u32::try_from(sessions).unwrap_or(u32::MAX),
            boot: self.machine.boot.clone(),
            ghosts: silent.take(Account::MAX_GHOSTS).map(|ghost| wall(ghost.until)).collect(),
        }
    }

    /// What is to be written now, if anything.
    pub(super) fn poll_remember(&mut self, at: Moment) -> Option<Account> {
        if self.when_remember()? > at.now() {
            return None;
        }
        self.unwritten = false;
        self.writing = true;
        self.writing_until = Some(at.now().checked_add(WRITING).unwrap_or_else(|| at.now()));
        for place in self.places.values_mut() {
            if let State::Announced(credential) = place.state {
                place.enter(State::Recording(credential), at.now());
            }
        }
        Some(self.account(at))
    }

    /// The journal has what was to be [remembered](super::Action::Remember), or has not; then it is asked again.
    pub fn remembered(&mut self, done: bool, now: Instant) {
        self.writing = false;
        self.writing_until = None;
        self.write_failed = !done;
        if !done {
            self.unwritten = true;
            self.write_at = now.checked_add(WRITE_AGAIN);
        }
        self.go_on(!done, now);
    }

    /// What was announced may connect, and `all` of it if the journal cannot remember: it is done all the same, for reads
    /// need no journal.
    pub(super) fn go_on(&mut self, all: bool, now: Instant) {
        for place in self.places.values_mut() {
            match place.state {
                State::Recording(credential) => place.enter(State::Recorded(credential), now),
                State::Announced(credential) if all => place.enter(State::Recorded(credential), now),
                _ => {}
            }
        }
    }

    /// Whether the journal is not waited for any more.
    pub(super) const fn is_late(&self) -> bool {
        self.writing && self.writing_until.is_none()
    }
}

/// A login that was refused.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) why: Unavailable,
    /// In milliseconds of Unix time.
    pub(super) at: u64,
}
