//! The local front: what mregd's clients know.

use core::error::Error;
use core::fmt;
use std::sync::Arc;

use super::config::Listen;
use super::shared::Shared;

/// The sockets that are listened to.
pub(super) struct Fronts;

/// Why a socket is not listened to.
#[derive(Debug)]
pub(super) struct ListenError;

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("front: not listened to")
    }
}

impl Error for ListenError {}

impl Fronts {
    pub(super) fn open(_listen: &[Listen]) -> Result<Self, ListenError> {
        Ok(Self)
    }

    pub(super) fn serve(&mut self, _shared: &Arc<Shared>) {}
}
