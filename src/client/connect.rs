//! Opening a session, and what a failure to open one means to those who wait.

use core::error::Error;
use core::time::Duration;
use std::sync::Arc;

use tokio::time::timeout;

use crate::code::Context;
use crate::dispatch::Unavailable;
use crate::journal::BoxFuture;
use crate::net::{Connection, Connector, Endpoint, OpenError, Transport};
use crate::session::Config;
use crate::verdict::Advice;

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

/// Why there is no session.
pub(super) struct NotOpened {
    pub(super) why: Unavailable,
    pub(super) then: Then,
}

/// What to do about a session that was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Another try may do better, after at least so long.
    Retry(Duration),
    /// The account is locked: nothing is sent for so long.
    Hold(Duration),
    /// None makes sense until somebody has looked.
    Refused,
}

/// Whoever connects gets so long for it. A [`Connector`] has deadlines of its own, which end before.
const DIAL: Duration = Duration::from_secs(120);

/// Connects and logs in.
pub(super) async fn open(dial: Dial, config: Config) -> Result<Connection, NotOpened> {
    let retry = |why| NotOpened { why, then: Then::Retry(Duration::ZERO) };
    let transport = match timeout(DIAL, dial()).await {
        Ok(Ok(transport)) => transport,
        Ok(Err(error)) => return Err(retry(in_words(&*error))),
        Err(_) => return Err(retry(Unavailable::new("connect: took longer than two minutes"))),
    };
    match Connection::open(transport, config).await {
        Ok(connection) => Ok(connection),
        Err(error) => Err(NotOpened { why: in_words(&error), then: after(&error) }),
    }
}

fn after(error: &OpenError) -> Then {
    // Without an end, the login was not even encoded.
    let Some(end) = error.session_end() else { return Then::Refused };
    if end.refuses_credentials() {
        return Then::Refused;
    }
    let advice = end.reply().map(|reply| reply.verdict(Context::Login).advice());
    match advice {
        Some(Advice::HoldAccount { after }) => Then::Hold(after),
        advice => Then::Retry(advice.and_then(Advice::wait).unwrap_or_default()),
    }
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
