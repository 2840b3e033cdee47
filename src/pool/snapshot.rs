//! What a pool looks like at one moment.

use std::time::Instant;

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

/// The state of a pool at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// The sessions.
    pub sessions: Sessions,
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
    /// Why no login is tried.
    pub login_refused: Option<Unavailable>,
    /// Why the last session could not be opened.
    pub trouble: Option<Unavailable>,
    /// Before this no session is opened.
    pub opens_at: Instant,
    /// Whether the password is being changed.
    pub changes_password: bool,
}

impl Pool {
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
        for place in self.places.values() {
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
            lanes: Lane::ALL.map(|lane| (lane, self.queue.lane(lane))),
            parked: self.parked.len().saturating_add(self.ahead.len()),
            rate: self.options.rate,
            next_at: self.pacer.next_at(),
            held_until: self.hold.as_ref().map(|hold| hold.ends()),
            login_refused: self.refused.as_ref().map(|refused| refused.why.clone()),
            trouble: self.trouble.clone(),
            opens_at: self.open_at,
            changes_password: self.rotation.is_some(),
        }
    }
}
