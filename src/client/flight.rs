//! What the task waits for, all at once.

use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use std::sync::Arc;

use tokio::time::{sleep, timeout};

use super::connect::NotOpened;
use crate::command::Command;
use crate::dispatch::{RecordId, Slot, Ticket};
use crate::journal::{BoxFuture, JournalError};
use crate::net::Connection;
use crate::session::{End, Fate, Rejected};

/// A session that is ending has so long to say so, before what became of its command is passed on.
const END: Duration = Duration::from_secs(1);

/// Something that has come back.
pub(super) enum Landed {
    Recorded { id: RecordId, removed: Vec<Ticket>, result: Result<(), JournalError> },
    Fate { slot: Slot, fate: Result<Fate, Rejected>, alive: bool },
    Probed { slot: Slot, holds: bool, alive: bool },
    Opened { number: u64, result: Result<Connection, NotOpened> },
    Ended { number: u64, end: Arc<End> },
}

/// Everything that was begun and has not come back. So few that looking at each costs nothing: the journal's writes, and
/// one command or one login.
#[derive(Default)]
pub(super) struct Flights(Vec<BoxFuture<'static, Landed>>);

impl Flights {
    pub(super) fn add(&mut self, flight: impl Future<Output = Landed> + Send + 'static) {
        self.0.push(Box::pin(flight));
    }

    /// The next that comes back; never, if there is none.
    pub(super) async fn next(&mut self) -> Landed {
        poll_fn(|cx| {
            let mut flights = self.0.iter_mut().enumerate();
            let landed = flights.find_map(|(at, flight)| match flight.as_mut().poll(cx) {
                Poll::Ready(landed) => Some((at, landed)),
                Poll::Pending => None,
            });
            match landed {
                Some((at, landed)) => {
                    drop(self.0.swap_remove(at));
                    Poll::Ready(landed)
                }
                None => Poll::Pending,
            }
        })
        .await
    }
}

/// Gives a command its one attempt.
pub(super) async fn send(connection: Arc<Connection>, slot: Slot, command: Command) -> Landed {
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
    Landed::Fate { slot, fate, alive }
}

/// Proves a login twice. Each proof is a command, and pays its pace.
pub(super) async fn probe(connection: Arc<Connection>, slot: Slot, pace: Duration) -> Landed {
    let mut holds = true;
    for _ in 0..2 {
        sleep(pace).await;
        holds = holds && connection.keep_alive().await.is_ok_and(|proof| proof.holds());
    }
    Landed::Probed { slot, holds, alive: connection.is_open() }
}
