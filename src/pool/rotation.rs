//! A new password over sessions that are in use.

use super::event::Event;
use super::machine::Pool;
use super::opening::{Credential, Failure, Tried};
use super::place::State;
use crate::dispatch::Unavailable;

/// How far a change of the password has come. No other session opens meanwhile.
#[derive(Clone, Debug)]
pub(super) enum Rotation {
    /// One login changes it.
    Change,
    /// Its reply was lost: one login with the next password.
    TryNext,
    /// That was not accepted: one login with the one before, and then no more.
    TryCurrent(Unavailable),
}

/// What came of a change of the password.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotated {
    /// The next password holds.
    Changed,
    /// The password before still holds.
    NotChanged(Unavailable),
    /// Neither of the two was accepted, or the pool was stopped before one was: no login is tried any more.
    Unknown(Unavailable),
}

impl Rotation {
    pub(super) const fn credential(&self) -> Credential {
        match self {
            Self::Change => Credential::Change,
            Self::TryNext => Credential::Next,
            Self::TryCurrent(_) => Credential::Current,
        }
    }
}

impl Pool {
    /// Goes on with a change of the password that an earlier process has begun, and of which nobody knows what became: one
    /// login with [`Credential::Next`], and if that is refused one with [`Credential::Current`]. Where a login is refused
    /// already, neither is tried before [`retry_login`](Self::retry_login).
    pub fn resume_rotation(&mut self) {
        self.rotation = Some(Rotation::TryNext);
    }

    /// Begins to change the password: one login does so, with [`Credential::Change`]. Whether that can be begun: not while
    /// another change is under way, the login is refused, or the pool stops. What comes of it,
    /// [`poll_rotated`](Self::poll_rotated) tells.
    #[must_use]
    pub fn rotate(&mut self) -> bool {
        let begins = self.rotation.is_none() && self.refused.is_none() && !self.stopping;
        if begins {
            self.rotation = Some(Rotation::Change);
        }
        begins
    }

    /// What came of a change of the password.
    pub fn poll_rotated(&mut self) -> Option<Rotated> {
        self.rotated.pop_front()
    }

    pub(super) fn rotation_opened(&mut self, session: u64, credential: Credential) {
        let Some(rotation) = self.rotation.take() else { return };
        let rotated = match (credential, rotation) {
            (Credential::Change | Credential::Next, _) => {
                self.epoch = self.epoch.saturating_add(1);
                if let Some(place) = self.places.get_mut(&session) {
                    place.epoch = self.epoch;
                }
                self.tell(Event::PasswordChanged);
                Rotated::Changed
            }
            (Credential::Current, Rotation::TryCurrent(why)) => Rotated::NotChanged(why),
            // Begun before the change was asked for.
            (Credential::Current, rotation) => return self.rotation = Some(rotation),
        };
        self.rotated.push_back(rotated);
    }

    /// A login has failed, which may have been one of a change of the password. Whether no other is to be tried.
    pub(super) fn rotation_failed(&mut self, credential: Credential, failure: &Failure) -> bool {
        let why = || failure.why.clone();
        let (next, rotated) = match (credential, self.rotation.take(), failure.tried) {
            (_, None, _) => (None, None),
            (_, Some(rotation), Tried::No) => (Some(rotation), None),
            (Credential::Change, Some(_), _) if failure.password_in_doubt => (Some(Rotation::TryNext), None),
            (Credential::Change, Some(_), _) => (None, Some(Rotated::NotChanged(why()))),
            (Credential::Next, Some(_), Tried::Refused | Tried::Lost) => {
                (Some(Rotation::TryCurrent(why())), None)
            }
            (Credential::Current, Some(Rotation::TryCurrent(_)), Tried::Refused | Tried::Lost) => {
                (None, Some(Rotated::Unknown(why())))
            }
            (Credential::Current, Some(Rotation::Change), Tried::Refused) => {
                (None, Some(Rotated::NotChanged(why())))
            }
            // It says nothing about the password.
            (_, rotation, _) => (rotation, None),
        };
        let stops = matches!(rotated, Some(Rotated::Unknown(_)));
        self.rotation = next;
        self.rotated.extend(rotated);
        stops
    }

    /// A pool that stops begins no login any more; one that is on its way tells what came of it.
    pub(super) fn rotation_stops(&mut self) {
        if self.places.values().any(|place| matches!(place.state, State::LoggingIn(..))) {
            return;
        }
        let why = || Unavailable::new("sessions: stopped while the password was being changed");
        self.rotated.extend(self.rotation.take().map(|rotation| match rotation {
            Rotation::Change => Rotated::NotChanged(why()),
            Rotation::TryNext | Rotation::TryCurrent(_) => Rotated::Unknown(why()),
        }));
    }
}
