//! A new password for an account that is in use.

use core::error::Error;
use core::fmt;

use crate::command::CommandError;
use crate::dispatch::Unavailable;
use crate::wire::EncodeError;

/// Why the password was not changed, or nobody knows whether it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum PasswordError {
    /// The new password could not be kept, so that it was not sent.
    NotStored(Box<dyn Error + Send + Sync>),
    /// No login can carry it.
    Invalid(CommandError),
    /// The dialect of the sessions does not allow it.
    NotAllowed(EncodeError),
    /// Nothing was begun, and nothing sent: another change is under way, or the login was refused, or the client ends.
    NotBegun,
    /// It was not changed: the password before still holds, if it did. If the login that was to change it was refused, no
    /// other is tried until [`retry_login`](super::Client::retry_login).
    NotChanged(Unavailable),
    /// The reply was lost, and then neither of the two was accepted: no login is tried any more, until
    /// [`retry_login`](super::Client::retry_login), which tries the old one.
    Unknown(Unavailable),
    /// The client has ended before it was known: try each once.
    Stopped,
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStored(_) => f.write_str("password: new one not stored, and so not sent"),
            Self::Invalid(_) | Self::NotAllowed(_) => f.write_str("password: new one cannot be sent"),
            Self::NotBegun => f.write_str("password: change not begun"),
            Self::NotChanged(why) => write!(f, "password: not changed: {why}"),
            Self::Unknown(why) => write!(f, "password: neither the old nor the new one is accepted: {why}"),
            Self::Stopped => f.write_str("password: client ended before it was known whether it was changed"),
        }
    }
}

impl Error for PasswordError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotStored(source) => Some(&**source),
            Self::Invalid(source) => Some(source),
            Self::NotAllowed(source) => Some(source),
            _ => None,
        }
    }
}
