//! Calls: what is asked, and the waiting for what comes of it.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use tokio::time::Instant;

use super::answer::Reader;
use super::handle::Client;
use super::message::{Asked, Call, Caller, Mark, Message};
use crate::command::{Command, Safety};
use crate::concurrent::oneshot;
use crate::dispatch::{Answer, Doubt, NotSent, Options, Outcome, QueryError, Refused, Settled, Ticket, Told};
use crate::journal::BoxFuture;
use crate::pace::Lane;

/// What a caller says about a call.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    options: Options,
    /// What its caller has said, if anything.
    pub(super) deadline: Option<Duration>,
    default: Duration,
    in_bulk: bool,
}

/// A call that was begun.
struct Waiting {
    told: oneshot::Receiver<Told>,
    mark: Arc<Mark>,
    guard: Guard,
}

/// Tells the task that the caller has left, unless it has been told before.
struct Guard {
    client: Client,
    mark: Option<Arc<Mark>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mark) = self.mark.take() {
            // If there is no task any more, there is nobody to be left.
            let _ = self.client.0.messages.send(Message::Leave(mark));
        }
    }
}

impl Wishes {
    pub(super) fn new(default: Duration) -> Self {
        Self { options: Options::new(), deadline: None, default, in_bulk: false }
    }

    pub(super) fn lane(&mut self, lane: Lane) {
        self.options = core::mem::take(&mut self.options).lane(lane);
        self.in_bulk = lane == Lane::Bulk;
    }

    pub(super) fn caller(&mut self, caller: &str) {
        self.options = core::mem::take(&mut self.options).caller(caller);
    }

    /// How long it waits.
    fn time(&self, client: &Client) -> Duration {
        let default = if self.in_bulk { client.0.bulk_deadline.max(self.default) } else { self.default };
        self.deadline.unwrap_or(default)
    }

    pub(super) fn user(&mut self, user: &str) {
        self.options = core::mem::take(&mut self.options).user(user);
    }

    fn key(&mut self, key: &str) {
        self.options = core::mem::take(&mut self.options).key(key);
    }

    /// Hands the call to the task.
    fn begin(self, client: Client, asked: Asked) -> Result<Waiting, Refused> {
        let place = Arc::clone(&client.0.places).try_acquire_owned().map_err(|_| Refused::Backlog)?;
        // A deadline that no clock comes to is none.
        let options = match Instant::now().checked_add(self.time(&client)) {
            Some(deadline) => self.options.deadline(deadline.into_std()),
            None => self.options,
        };
        let mark = Arc::new(Mark::new());
        let (done, told) = oneshot::channel();
        let caller = Caller { done, mark: Arc::clone(&mark), place };
        let call = Message::Call(Box::new(Call { asked, options, caller }));
        client.0.messages.send(call).map_err(|_| Refused::Stopped)?;
        let guard = Guard { client, mark: Some(Arc::clone(&mark)) };
        Ok(Waiting { told, mark, guard })
    }
}

impl Waiting {
    /// What the task tells; an `Err` with what is known if it was taken away.
    async fn told(mut self) -> Result<Told, Arc<Mark>> {
        let told = (&mut self.told).await;
        self.guard.mark = None;
        told.map_err(|_| Arc::clone(&self.mark))
    }
}

macro_rules! deadline_and_user {
    () => {
        /// Waits for at most so long, queue included, counted from the first poll. What is on its way then goes on without
        /// the caller. Nothing is sent in the last part of it, for its answer could not come: half a second of a query's, five seconds of a
        /// change's ([`Config::LEAST_REPLY`](crate::dispatch::Config::LEAST_REPLY)).
        pub const fn deadline(mut self, deadline: Duration) -> Self {
            self.wishes.deadline = Some(deadline);
            self
        }

        /// In this lane; [`Lane::Normal`] by default.
        pub fn lane(mut self, lane: Lane) -> Self {
            self.wishes.lane(lane);
            self
        }

        /// From this caller, at most [`Intent::MAX_USER`](crate::dispatch::Intent::MAX_USER) bytes: inside a lane, callers take turns. Without one, all
        /// calls of a user are one caller's.
        pub fn caller(mut self, caller: &str) -> Self {
            self.wishes.caller(caller);
            self
        }

        /// On behalf of this user, at most [`Intent::MAX_USER`](crate::dispatch::Intent::MAX_USER) bytes: a name of the embedder's own, kept in
        /// the journal. None by default.
        pub fn user(mut self, user: &str) -> Self {
            self.wishes.user(user);
            self
        }
    };
}

/// A query that is about to be asked. See [`Client::query`].
#[must_use = "nothing is asked before it is awaited"]
pub struct QueryCall<A = Answer> {
    client: Client,
    command: Command,
    wishes: Wishes,
    reader: Reader<A>,
}

impl<A> QueryCall<A> {
    pub(super) fn new(client: Client, command: Command, reader: Reader<A>) -> Self {
        let wishes = Wishes::new(client.0.query_deadline);
        Self { client, command, wishes, reader }
    }

    deadline_and_user!();

    /// To be answered with the reply and what it means, whatever the type of the query: a success that typed reading does not
    /// understand is an answer, too.
    pub fn raw(self) -> QueryCall {
        QueryCall { client: self.client, command: self.command, wishes: self.wishes, reader: Box::new(Ok) }
    }

    /// Awaiting the call does this in a box of its own; whoever waits in a future of theirs needs none.
    pub(crate) async fn run(self) -> Result<A, QueryError> {
        let Self { client, command, wishes, reader } = self;
        ask(client, command, wishes).await.and_then(reader)
    }
}

/// Asks, and waits for the answer.
pub(super) async fn ask(client: Client, command: Command, wishes: Wishes) -> Result<Answer, QueryError> {
    let waiting = wishes.begin(client, Asked::Query(command)).map_err(QueryError::Unsent)?;
    match waiting.told().await {
        Ok(Told::Query(told)) => told,
        Err(mark) if !mark.is_sent() => Err(QueryError::Unsent(Refused::Stopped)),
        _ => Err(QueryError::Unanswered),
    }
}

impl<A> fmt::Debug for QueryCall<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryCall")
            .field("client", &self.client)
            .field("command", &self.command)
            .field("wishes", &self.wishes)
            .finish_non_exhaustive()
    }
}

impl<A: 'static> IntoFuture for QueryCall<A> {
    type Output = Result<A, QueryError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// A change that is about to be made. See [`Client::change`].
#[derive(Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct ChangeCall {
    client: Client,
    command: Command,
    safety: Safety,
    wishes: Wishes,
}

impl ChangeCall {
    pub(super) fn new(client: Client, command: Command, safety: Safety) -> Self {
        let wishes = Wishes::new(client.0.change_deadline);
        Self { client, command, safety, wishes }
    }

    deadline_and_user!();

    /// With this key, at most [`Intent::MAX_KEY`](crate::dispatch::Intent::MAX_KEY) bytes: what was done with it is not done again but told again,
    /// and what is under way or in doubt with it is joined. Keys are each user's own. The journal keeps them for 30 days,
    /// across restarts if it is one that does.
    pub fn key(mut self, key: &str) -> Self {
        self.wishes.key(key);
        self
    }

    /// See [`QueryCall::run`].
    pub(crate) async fn run(self) -> Result<Outcome, NotSent> {
        let Self { client, command, safety, wishes } = self;
        make(client, command, safety, wishes).await
    }
}

/// Makes a change, and waits for what comes of it.
pub(super) async fn make(
    client: Client,
    command: Command,
    safety: Safety,
    wishes: Wishes,
) -> Result<Outcome, NotSent> {
    let waiting = match wishes.begin(client, Asked::Change(command.clone(), safety)) {
        Ok(waiting) => waiting,
        Err(why) => return Err(NotSent::new(command, why)),
    };
    let mark = Arc::clone(&waiting.mark);
    match (waiting.told().await, mark.ticket()) {
        (Ok(Told::Change(told)), _) => told,
        // It is in the journal, and may have been sent.
        (_, Some(ticket)) => Ok(Outcome::InDoubt(Doubt::stopped(ticket))),
        (_, None) => Err(NotSent::new(command, Refused::Stopped)),
    }
}

impl IntoFuture for ChangeCall {
    type Output = Result<Outcome, NotSent>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// A doubt that is about to be settled. See [`Client::settle`].
#[derive(Debug)]
#[must_use = "nothing is asked before it is awaited"]
pub struct SettleCall {
    client: Client,
    ticket: Ticket,
    wishes: Wishes,
}

impl SettleCall {
    pub(super) fn new(client: Client, ticket: Ticket) -> Self {
        let wishes = Wishes::new(client.0.change_deadline);
        Self { client, ticket, wishes }
    }

    deadline_and_user!();

    async fn run(self) -> Result<Settled, Refused> {
        let Self { client, ticket, wishes } = self;
        match wishes.begin(client, Asked::Settle(ticket))?.told().await {
            Ok(Told::Settle(told)) => told,
            _ => Err(Refused::Stopped),
        }
    }
}

impl IntoFuture for SettleCall {
    type Output = Result<Settled, Refused>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
