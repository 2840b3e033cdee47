//! The error of a connector.

use core::error::Error;
use core::fmt;
use core::net::SocketAddr;

use super::cause::Cause;
use crate::session::Stage;

/// One address that was tried, and why it gave no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    address: SocketAddr,
    stage: Stage,
    cause: Cause,
}

impl Attempt {
    /// The address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How far it got.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// Why it ended there.
    #[must_use]
    pub const fn cause(&self) -> &Cause {
        &self.cause
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}: {}", self.address, self.stage, self.cause)
    }
}

/// Why there is no connection.
///
/// Stage and cause are those of the address that got furthest; [`tried`](Self::tried) has them all. `Display` is
/// `stage: cause`, such as `tls: certificate has expired: …`.
#[derive(Debug)]
pub struct ConnectError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    failure: Failure,
    tried: Vec<Attempt>,
}

impl ConnectError {
    /// Before any address was tried.
    pub(super) fn before(failure: Failure) -> Self {
        Self(Box::new(Inner { failure, tried: Vec::new() }))
    }

    /// Where it ended: [`Stage::Dns`], [`Stage::Connect`] or [`Stage::Tls`].
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.0.failure.stage
    }

    /// Why.
    #[must_use]
    pub const fn cause(&self) -> &Cause {
        &self.0.failure.cause
    }

    /// One sentence: what to check.
    #[must_use]
    pub fn fix(&self) -> String {
        self.cause().fix()
    }

    /// The addresses that were tried, in order; none if the stage is [`Stage::Dns`].
    #[must_use]
    pub fn tried(&self) -> &[Attempt] {
        &self.0.tried
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage(), self.cause())?;
        match self.0.tried.len() {
            0 | 1 => Ok(()),
            tried => write!(f, " ({tried} addresses tried)"),
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.failure.source.as_deref().map(|source| source as _)
    }
}

/// Why one address gave no connection, before it is told to anybody.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) stage: Stage,
    pub(super) cause: Cause,
    /// What is beneath the cause, if it says more.
    pub(super) source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    pub(super) const fn new(stage: Stage, cause: Cause) -> Self {
        Self { stage, cause, source: None }
    }

    pub(super) fn with(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// The failures of one attempt to connect, the one that got furthest apart.
#[derive(Debug, Default)]
pub(super) struct Failures {
    furthest: Option<Failure>,
    tried: Vec<Attempt>,
}

impl Failures {
    pub(super) fn push(&mut self, address: SocketAddr, failure: Failure) {
        self.tried.push(Attempt { address, stage: failure.stage, cause: failure.cause.clone() });
        if self.furthest.as_ref().is_none_or(|known| known.stage < failure.stage) {
            self.furthest = Some(failure);
        }
    }

    pub(super) fn into_tried(self) -> Vec<Attempt> {
        self.tried
    }

    /// The error, or `otherwise` if nothing was tried.
    pub(super) fn into_error(self, otherwise: Failure) -> ConnectError {
        ConnectError(Box::new(Inner { failure: self.furthest.unwrap_or(otherwise), tried: self.tried }))
    }
}
