//! Calls of commands that are there already, with nothing between them and the task: for who forwards them by the thousand.

use super::call::{Wishes, ask, make};
use super::handle::Client;
use crate::command::{Command, Safety};
use crate::dispatch::{Answer, NotSent, Outcome, QueryError};

impl Client {
    /// What a query wants that says nothing else.
    pub(crate) fn query_wishes(&self) -> Wishes {
        Wishes::new(self.0.query_deadline)
    }

    /// What a change wants that says nothing else.
    pub(crate) fn change_wishes(&self) -> Wishes {
        Wishes::new(self.0.change_deadline)
    }

    /// As [`query`](Self::query), of whatever reads: the reply as it came. To drop the future is to leave.
    pub(crate) fn ask(
        &self,
        command: Command,
        wishes: Wishes,
    ) -> impl Future<Output = Result<Answer, QueryError>> + Send + 'static {
        ask(self.clone(), command, wishes)
    }

    /// As [`change`](Self::change), of whatever writes. To drop the future is to leave.
    pub(crate) fn make(
        &self,
        command: Command,
        safety: Safety,
        wishes: Wishes,
    ) -> impl Future<Output = Result<Outcome, NotSent>> + Send + 'static {
        make(self.clone(), command, safety, wishes)
    }
}
