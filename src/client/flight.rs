//! What the task waits for, all at once.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::timeout;

use crate::code::ReturnCode;
use crate::command::{Command, Effect};
use crate::dispatch::{RecordId, Slot, Ticket};
use crate::journal::{BoxFuture, JournalError};
use crate::net::{Connection, Greeted, Proof};
use crate::pool::{Failure, Kept};
use crate::reply::Reply;
use crate::session::{End, Fate, Rejected};

/// A session that is ending has so long to say so, before what became of its command is passed on.
const END: Duration = Duration::from_secs(1);

/// Something that has come back.
pub(super) enum Landed {
    Recorded {
        id: RecordId,
        begun: Instant,
        /// Whether a slot waited for it.
        intent: bool,
        removed: Vec<Ticket>,
        result: Result<(), JournalError>,
    },
    Remembered {
        begun: Instant,
        result: Result<(), JournalError>,
    },
    Fate {
        slot: Slot,
        begun: Instant,
        effect: Effect,
        fate: Result<Fate, Rejected>,
        alive: bool,
    },
    Greeted {
        number: u64,
        result: Result<Greeted, Failure>,
    },
    Opened {
        number: u64,
        /// The code of what refused the login.
        code: Option<ReturnCode>,
        result: Result<Connection, Failure>,
    },
    KeptAlive {
        number: u64,
        code: Option<ReturnCode>,
        /// `None` if the session has ended, or is about to.
        kept: Option<Kept>,
    },
    Ended {
        number: u64,
        end: Arc<End>,
    },
    /// A connection is not made any more.
    CalledBack {
        number: u64,
    },
}

/// Everything that was begun and has not come back: the journal's writes, and one thing or two of each session.
#[derive(Default)]
pub(super) struct Flights(FuturesUnordered<BoxFuture<'static, Landed>>);

impl Flights {
    pub(super) fn add(&self, flight: impl Future<Output = Landed> + Send + 'static) {
        self.0.push(Box::pin(flight));
    }

    /// The next that comes back; never, if there is none.
    pub(super) async fn next(&mut self) -> Landed {
        match self.0.next().await {
            Some(landed) => landed,
            None => core::future::pending().await,
        }
    }
}

/// Gives a command its one attempt.
pub(super) async fn send(
    connection: Arc<Connection>,
    slot: Slot,
    command: Command,
    begun: Instant,
) -> Landed {
    let effect = command.nature().effect();
    let fate = connection.send(command).await;
    let alive = match &fate {
        Ok(Fate::Answered(reply)) => !reply.code().closes_connection() && connection.is_open(),
        Ok(Fate::Unsent(_) | Fate::Unanswered) => false,
        Err(_) => connection.is_open(),
    };
    if !alive {
        // Its end is about to come; what follows is better not sent before it.
        let _ = timeout(END, connection.ended()).await;
    }
    Landed::Fate { slot, begun, effect, fate, alive }
}

/// Sends the keepalive. Of a session that has ended, its end tells.
pub(super) async fn keep_alive(connection: Arc<Connection>, number: u64) -> Landed {
    let proof = connection.keep_alive().await.ok();
    let code = proof.as_ref().and_then(Proof::reply).map(Reply::code);
    let closes = |proof: &Proof| proof.reply().is_some_and(|reply| reply.code().closes_connection());
    let kept = proof.filter(|proof| !closes(proof)).map(|proof| Kept::of(proof.reply(), proof.holds()));
    Landed::KeptAlive { number, code, kept }
}
