//! What an operator asks of a client that is running.

use std::sync::Arc;

use super::handle::Client;
use super::message::Message;
use super::statistics::Statistics;
use crate::concurrent::{OwnedSemaphorePermit, oneshot};
use crate::dispatch::{Entry, Refused, Resolution, Ticket, Waiting};

impl Client {
    /// So many are listed by [`waiting`](Self::waiting) at the most.
    pub const MAX_WAITING: usize = 1_000;

    /// A person's word on what became of a doubt: it is recorded, its objects are free then, and its key goes by it. The note
    /// says for people who said so and why; it is cut to [`Note::MAX_TEXT`](crate::dispatch::Note::MAX_TEXT).
    ///
    /// Nothing checks the word. A wrong one costs what the change costs: look first, twice, some time apart. If the future is dropped after it was polled, it
    /// goes on.
    ///
    /// # Errors
    /// [`Refused::NoSuchTicket`]; [`Refused::Finished`] if it is known what became of it; [`Refused::UnderWay`] if it is being sent or read back;
    /// [`Refused::Journal`] if the word could not be recorded: nothing has changed. [`Refused::Stopped`] at the end of the task, where
    /// a journal that does not answer leaves open whether it has the word.
    pub async fn resolve(
        &self,
        doubt: impl Into<Ticket>,
        resolution: Resolution,
        note: &str,
    ) -> Result<(), Refused> {
        let (ticket, note) = (doubt.into(), note.into());
        self.aside(|answer, place| Message::Resolve { ticket, resolution, note, answer, place }).await?
    }

    /// What is recorded of a write that is in doubt or under way; `None` of one that is finished, which only the journal
    /// has, and of one that nobody knows.
    ///
    /// # Errors
    /// [`Refused::Stopped`] after the end of the task, which knew.
    pub async fn entry(&self, ticket: impl Into<Ticket>) -> Result<Option<Entry>, Refused> {
        let ticket = ticket.into();
        self.aside(|answer, place| Message::Entry { ticket, answer, place }).await
    }

    /// The oldest commands that are on their way or in line: so many, and [`MAX_WAITING`](Self::MAX_WAITING) at the most.
    ///
    /// # Errors
    /// [`Refused::Stopped`] after the end of the task, which knew.
    pub async fn waiting(&self, most: usize) -> Result<Vec<Waiting>, Refused> {
        let most = most.min(Self::MAX_WAITING);
        self.aside(|answer, place| Message::Waiting { most, answer, place }).await
    }

    /// What this client has counted since it began.
    ///
    /// # Errors
    /// [`Refused::Stopped`] after the end of the task, which knew.
    pub async fn statistics(&self) -> Result<Statistics, Refused> {
        self.aside(|answer, place| Message::Statistics { answer, place }).await
    }

    /// Asks the task something that is no call. Those that are asked at a time are bounded.
    pub(super) async fn aside<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<T>, OwnedSemaphorePermit) -> Message,
    ) -> Result<T, Refused> {
        let place = Arc::clone(&self.0.asides).acquire_owned().await.map_err(|_| Refused::Stopped)?;
        let (answer, answered) = oneshot::channel();
        // If it is not taken, it is not answered either.
        let _ = self.0.messages.send(message(answer, place));
        answered.await.map_err(|_| Refused::Stopped)
    }
}
