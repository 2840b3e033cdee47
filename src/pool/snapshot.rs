//! What a pool looks like at one moment.

use core::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::lost::GhostWhy;
use super::machine::Pool;
use super::place::State;
use crate::dispatch::Unavailable;
use crate::pace::{Lane, Rate, Waiting};

/// How many sessions do what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sessions {
    /// On their way to a login.
    pub opening: usize,
    /// Free for a command.
    pub idle: usize,
    /// With a command in hand.
    pub busy: usize,
    /// Kept alive, or proving a login.
    pub proving: usize,
    /// On their way to the end of QUIT.
    pub ending: usize,
    /// Lost, and still charged.
    pub ghosts: usize,
    /// How many are kept open.
    pub min: usize,
    /// How many are tried at the most now, lost ones included.
    pub target: usize,
    /// How many the account is said to be allowed.
    pub max: usize,
}

/// What a session does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionState {
    /// It is on its way to the greeting.
    Connecting,
    /// The registry has greeted; the login waits for its turn.
    Greeted,
    /// Its login is on the wire.
    LoggingIn,
    /// It is free for a command.
    Idle,
    /// It has a command in hand.
    Busy,
    /// Its login is being proven.
    Proving,
    /// It is being kept alive.
    KeepingAlive,
    /// It is on its way to its end.
    Ending,
}

impl SessionState {
    /// In a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Greeted => "greeted",
            Self::LoggingIn => "logging-in",
            Self::Idle => "idle",
            Self::Busy => "busy",
            Self::Proving => "proving",
            Self::KeepingAlive => "keeping-alive",
            Self::Ending => "ending",
        }
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One session at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Session {
    /// Its number, which no other one of this pool ever has.
    pub number: u64,
    /// What it does.
    pub state: SessionState,
    /// Since when.
    pub since: Instant,
    /// When it was logged in, if it was.
    pub opened_at: Option<Instant>,
    /// How many commands were sent on it, without what it sends for itself.
    pub commands: u64,
    /// Whether it ends once nobody uses it.
    pub retiring: bool,
}

/// A place that is charged for a session that was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ghost {
    /// Until when at the most.
    pub until: Instant,
    /// Why.
    pub why: GhostWhy,
    /// Whether a login may be tried in its place, which shows whether it is gone.
    pub may_be_gone: bool,
}

/// Who keeps an account from sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are two who can")]
pub enum HeldBy {
    /// It has locked the account (422); at the end one read proves that it is over.
    Registry,
    /// By [`hold_by_operator`](Pool::hold_by_operator).
    Operator,
}

/// Something that keeps an account from sending.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Held {
    /// Who.
    pub by: HeldBy,
    /// Until when.
    pub until: Instant,
    /// Why, in an operator's words.
    pub reason: Option<Arc<str>>,
}

/// The state of a pool at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// The sessions.
    pub sessions: Sessions,
    /// Each of them, in the order in which they were begun: [`Sessions::max`] at the most.
    pub each: Vec<Session>,
    /// Those that were lost, and are still charged.
    pub ghosts: Vec<Ghost>,
    /// Who waits in each lane.
    pub lanes: [(Lane, Waiting); 4],
    /// How many have had their turn and go before all lanes: they wait for a session other than the one that is free, or
    /// have read what they are to change.
    pub parked: usize,
    /// The pace.
    pub rate: Rate,
    /// When the next command may leave; `None` at once.
    pub next_at: Option<Instant>,
    /// Until when the registry has locked the account. If that is past, it is still to be proven that it is over.
    pub held_until: Option<Instant>,
    /// All that keeps the account from sending: the registry's lock, an operator's hold, both or none.
    pub holds: Vec<Held>,
    /// Whether an operator has paused it: nobody gets a slot.
    pub paused: bool,
    /// Why no login is tried.
    pub login_refused: Option<Unavailable>,
    /// Why the last session could not be opened.
    pub trouble: Option<Unavailable>,
    /// Before this no session is opened.
    pub opens_at: Instant,
    /// Whether the password is being changed.
    pub changes_password: bool,
}

impl super::place::Place {
    const fn show(&self, number: u64) -> Session {
        Session {
            number,
            state: self.state.shown(),
            since: self.since,
            opened_at: self.opened_at,
            commands: self.commands,
            retiring: self.old,
        }
    }
}

impl super::lost::Ghost {
    const fn show(&self) -> Ghost {
        Ghost { until: self.until, why: self.why, may_be_gone: self.may_be_gone }
    }
}

impl Pool {
    /// All that keeps the account from sending.
    fn holds(&self) -> Vec<Held> {
        let lock =
            self.hold.as_ref().map(|hold| Held { by: HeldBy::Registry, until: hold.ends(), reason: None });
        let hand = self.hand.as_ref().map(|hand| Held {
            by: HeldBy::Operator,
            until: hand.ends,
            reason: Some(Arc::clone(&hand.reason)),
        });
        lock.into_iter().chain(hand).collect()
    }

    /// What it looks like now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut sessions = Sessions {
            ghosts: self.ghosts.len(),
            min: self.options.min,
            target: self.target,
            max: self.options.max,
            ..Sessions::default()
        };
        let mut each = Vec::with_capacity(self.places.len());
        for (number, place) in &self.places {
            each.push(place.show(*number));
            let counted = match place.state {
                state if state.opens() => &mut sessions.opening,
                State::Idle => &mut sessions.idle,
                State::Granted(_) | State::Busy(..) => &mut sessions.busy,
                State::Proving(..) | State::Proof(..) | State::Proven(_) | State::KeepingAlive(_) => {
                    &mut sessions.proving
                }
                _ => &mut sessions.ending,
            };
            *counted = counted.saturating_add(1);
        }
        Snapshot {
            sessions,
            each,
            ghosts: self.ghosts.iter().map(super::lost::Ghost::show).collect(),
            lanes: Lane::ALL.map(|lane| (lane, self.queue.lane(lane))),
            parked: self.parked.len().saturating_add(self.ahead.len()),
            rate: self.options.rate,
            next_at: self.pacer.next_at(),
            held_until: self.hold.as_ref().map(|hold| hold.ends()),
            holds: self.holds(),
            paused: self.paused,
            login_refused: self.refused.as_ref().map(|refused| refused.why.clone()),
            trouble: self.trouble.clone(),
            opens_at: self.open_at,
            changes_password: self.rotation.is_some(),
        }
    }
}
