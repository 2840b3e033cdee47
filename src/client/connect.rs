//! Opening a session: a connection and its greeting first, the login when its turn has come.

use core::error::Error;
use core::time::Duration;
use std::sync::Arc;

use tokio::time::timeout;

use super::flight::Landed;
use crate::command::{CommandError, Session as Login};
use crate::dispatch::Unavailable;
use crate::journal::BoxFuture;
use crate::net::{Connection, Connector, Endpoint, Greeted, OpenError, Transport};
use crate::pool::{Credential, Failure};
use crate::secret::Secret;
use crate::session::{Config, End};

/// What could not be connected to.
pub(super) type DialError = Box<dyn Error + Send + Sync>;

/// Makes connections.
pub(super) type Dial =
    Arc<dyn Fn() -> BoxFuture<'static, Result<Box<dyn Transport>, DialError>> + Send + Sync>;

/// Connections to this endpoint.
pub(super) fn dial_to(connector: Connector, endpoint: Endpoint) -> Dial {
    let target = Arc::new((connector, endpoint));
    Arc::new(move || {
        let target = Arc::clone(&target);
        Box::pin(async move {
            let stream = target.0.connect(&target.1).await?;
            Ok(Box::new(stream) as Box<dyn Transport>)
        })
    })
}

/// The logins of an account: the one that holds, and the next one while the password is being changed.
pub(super) struct Logins {
    config: Config,
    next: Option<Next>,
}

pub(super) struct Next {
    /// With both passwords.
    change: Login,
    /// With the next one alone.
    alone: Login,
}

impl Logins {
    pub(super) const fn new(config: Config) -> Self {
        Self { config, next: None }
    }

    /// What sessions are told that log in with this.
    pub(super) fn config(&self, credential: Credential) -> Config {
        let config = self.config.clone();
        match (credential, &self.next) {
            (Credential::Change, Some(next)) => config.with_login(next.change.clone()),
            (Credential::Next, Some(next)) => config.with_login(next.alone.clone()),
            _ => config,
        }
    }

    /// The password is to be changed: a login with both, and one with the next alone.
    pub(super) fn set_next(&mut self, change: Login, alone: Login) {
        self.next = Some(Next { change, alone });
    }

    /// A change was begun before, to the password that sessions have: the one before it may still hold.
    pub(super) fn set_before(&mut self, before: Secret) -> Result<(), CommandError> {
        let alone = self.config.login().clone();
        let before = Login::login(alone.id(), before)?;
        self.next = Some(Next { change: alone.clone(), alone });
        self.config = self.config.clone().with_login(before);
        Ok(())
    }

    /// From now on sessions log in with this one.
    pub(super) fn correct(&mut self, login: Login) {
        self.config = self.config.clone().with_login(login);
        self.next = None;
    }

    /// The change has come to its end: whether the next password holds.
    pub(super) fn settle(&mut self, changed: bool) {
        if let (true, Some(next)) = (changed, self.next.take()) {
            self.config = self.config.clone().with_login(next.alone);
        }
    }
}

/// Whoever connects gets so long for it. A [`Connector`] has deadlines of its own, which end before.
const DIAL: Duration = Duration::from_secs(120);

/// Connects, and waits for the greeting.
pub(super) async fn greet(dial: Dial, config: Config, number: u64) -> Landed {
    let unreached = |why| Landed::Greeted { number, result: Err(Failure::unreached(why)) };
    let transport = match timeout(DIAL, dial()).await {
        Ok(Ok(transport)) => transport,
        Ok(Err(error)) => return unreached(in_words(&*error)),
        Err(_) => return unreached(Unavailable::new("connect: took longer than two minutes")),
    };
    let result = Connection::greet(transport, config).await.map_err(|error| failure(&error));
    Landed::Greeted { number, result }
}

/// Logs in.
pub(super) async fn log_in(greeted: Greeted, number: u64) -> Landed {
    let result = greeted.log_in().await;
    let code = result.as_ref().err().and_then(OpenError::session_end).and_then(End::code);
    Landed::Opened { number, code, result: result.map_err(|error| failure(&error)) }
}

fn failure(error: &OpenError) -> Failure {
    let why = in_words(error);
    match error.session_end() {
        Some(end) => Failure::of(end, why),
        None => Failure::unwritten(why),
    }
}

/// The connection was lost while its login waited.
pub(super) fn lost(end: &End) -> Failure {
    Failure::of(end, in_words(end))
}

/// The longest reason that is kept, in bytes.
const MAX_TEXT: usize = 1_024;

/// An error and what lies beneath it, on one line.
fn in_words(error: &(dyn Error + 'static)) -> Unavailable {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let source_text = source.to_string();
        if !text.ends_with(&source_text) {
            text.push_str(": ");
            text.push_str(&source_text);
        }
        next = source.source();
    }
    text.truncate(text.floor_char_boundary(MAX_TEXT));
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Unavailable::new(&plain)
}
