//! Lists, page by page.

use core::fmt;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::error::Error;

use futures_core::Stream;

use super::call::{Wishes, ask};
use super::handle::Client;
use crate::command::{Body, Command, CommandError, Field};
use crate::dispatch::{Answer, QueryError};
use crate::journal::BoxFuture;
use crate::pace::Lane;
use crate::wire::deframe::Grammar;

/// A list that is read page by page: a stream of answers, each a page. See [`Client::list`].
///
/// Each page is a query of its own: paced, repeated, with its own deadline, and asked only when somebody wants it. What was
/// handed out is forgotten, so it never holds more than a page. To drop it is to leave, as with any call.
///
/// ```no_run
/// # async fn example(client: rrp::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let query = rrp::command::Ptf::query("QueryDomainList")?.param("limit", "1000")?;
/// let mut list = client.list(&query);
/// while let Some(page) = list.next().await {
///     for row in page?.rows(&["domain"]) {
///         println!("{}", row.get(0).unwrap_or("?"));
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Where it ends
///
/// Behind the last page, by the registry's `first`, `count` and `total` (where it gives no `total`: behind a page that is empty
/// or holds less than its `limit`). A reply without `first` and `count` is the only page, so that any query may be asked for as a list; one of RRP always is.
///
/// An `Err` ends it, too, and says where that page begins: to go on from there, ask for a new list
/// [`starting_at`](Self::starting_at) it.
///
/// # A list that changes
///
/// A registry counts rows anew for each page. If rows come or go while a list is read, those behind them move, and some may be
/// seen twice or missed. When the whole has become shorter between two pages, rows were certainly moved, and that is an
/// error ([`ListProblem::Shorter`]); who does not mind goes on from there. Nobody can see it when as many came as went.
#[must_use = "nothing is asked before it is polled"]
pub struct List {
    client: Client,
    command: Command,
    wishes: Wishes,
    limit: Option<u64>,
    max_pages: u64,
    /// Where the next page begins; `None` if the query says it in a way that is no number.
    first: Option<u64>,
    /// Whether the next page is to be asked for with `first`, or as the query is.
    placed: bool,
    total: Option<u64>,
    pages: u64,
    state: State,
}

enum State {
    Between,
    Asked(BoxFuture<'static, Result<Answer, QueryError>>),
    Over,
}

/// Why a list was not read to its end, and where to go on.
#[derive(Debug)]
pub struct ListError {
    first: u64,
    problem: ListProblem,
}

/// Why a page was not to be had.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListProblem {
    /// There is no answer to its query.
    Query(QueryError),
    /// `first` and `limit` do not fit into the command.
    Command(CommandError),
    /// The reply does not tell which part of the list it is, or contradicts itself, and how.
    NoPage(Box<Answer>, &'static str),
    /// It begins elsewhere than it was asked to: perhaps an earlier page once more.
    Elsewhere(Box<Answer>),
    /// It is empty, though the list goes on.
    Empty(Box<Answer>),
    /// The whole list has fewer rows than it had a page ago. Before: so many.
    Shorter(Box<Answer>, u64),
    /// So many pages were read, and there are more: see [`List::max_pages`].
    TooManyPages(u64),
}

/// What a reply says about its place in a list.
struct Place {
    first: u64,
    count: u64,
    limit: Option<u64>,
    total: Option<u64>,
}

impl Place {
    /// `Ok(None)`: it says nothing, and is no part of a list.
    fn of(answer: &Answer) -> Result<Option<Self>, &'static str> {
        if answer.reply().grammar() == Grammar::Rrp {
            return Ok(None);
        }
        let number = |name: &str| match answer.first(name).map(|value| value.parse::<u64>()) {
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err("its `first`, `count` or `total` is no number"),
            None => Ok(None),
        };
        let total = number("total");
        let (first, count) = match (number("first")?, number("count")?) {
            (Some(first), Some(count)) => (first, count),
            (Some(_), None) => return Err("it does not tell how many rows it has"),
            (None, Some(count)) if matches!(total, Ok(Some(total)) if total > count) => {
                return Err("it does not tell where it begins");
            }
            // Whatever its total is one of, it is none of pages.
            (None, _) => return Ok(None),
        };
        // A limit is only good for guessing the end.
        Ok(Some(Self { first, count, limit: number("limit").unwrap_or(None), total: total? }))
    }

    /// Where the next page begins, if there is one, going by this total.
    fn next(&self, total: Option<u64>) -> Result<Option<u64>, &'static str> {
        let next = self.first.checked_add(self.count).ok_or("its `first` and `count` are too large")?;
        Ok(match total {
            Some(total) if next > total && self.count > 0 => return Err("it goes on behind the list's end"),
            Some(total) => (next < total).then_some(next),
            None => (self.count > 0 && self.limit.is_none_or(|limit| self.count >= limit)).then_some(next),
        })
    }
}

impl List {
    /// So many pages are read at the most, if nothing else is said.
    pub const MAX_PAGES: u64 = 10_000;

    pub(super) fn new(client: Client, command: Command) -> Self {
        let first = match command.body() {
            Body::Ptf(ptf) => ptf.get("first").map(Field::expose),
            Body::Rrp(_) => None,
        };
        let first = first.map_or(Some(0), |first| first.parse().ok());
        Self {
            wishes: Wishes::new(client.0.query_deadline),
            client,
            command,
            limit: None,
            max_pages: Self::MAX_PAGES,
            first,
            placed: false,
            total: None,
            pages: 0,
            state: State::Between,
        }
    }

    /// Waits for each page at most so long, queue included, counted from when it is first wanted.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.wishes.deadline = Some(deadline);
        self
    }

    /// In this lane: as [`QueryCall::lane`](super::QueryCall::lane).
    pub fn lane(mut self, lane: Lane) -> Self {
        self.wishes.lane(lane);
        self
    }

    /// From this caller: as [`QueryCall::caller`](super::QueryCall::caller).
    pub fn caller(mut self, caller: &str) -> Self {
        self.wishes.caller(caller);
        self
    }

    /// On behalf of this user: as [`QueryCall::user`](super::QueryCall::user).
    pub fn user(mut self, user: &str) -> Self {
        self.wishes.user(user);
        self
    }

    /// Begins at this row, counted from 0 over the whole list: the `first` of the command, in the place of its own. For a
    /// query of RRP it says nothing.
    pub const fn starting_at(mut self, first: u64) -> Self {
        self.first = Some(first);
        self.placed = true;
        self
    }

    /// With so many rows on a page: the `limit` of the command, in the place of its own. Registries have a limit of their own,
    /// by default and at the most. With 0 there is no progress, and so an error.
    pub const fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Reads so many pages at the most; [`MAX_PAGES`](Self::MAX_PAGES) by default. If there are more, the next one is an error.
    pub const fn max_pages(mut self, pages: u64) -> Self {
        self.max_pages = pages;
        self
    }

    /// How many rows the whole list has, by the last page that was read; `None` if the registry has not said it.
    #[must_use]
    pub const fn total(&self) -> Option<u64> {
        self.total
    }

    /// The next page; `None` behind the last one, and behind an error. The same as of the [`Stream`]. If the future is dropped
    /// the page is still on its way, and the next call waits for it.
    pub async fn next(&mut self) -> Option<Result<Answer, ListError>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Answer, ListError>>> {
        loop {
            match &mut self.state {
                State::Over => return Poll::Ready(None),
                State::Between if self.pages >= self.max_pages => {
                    return self.fail(ListProblem::TooManyPages(self.pages));
                }
                State::Between => match self.command() {
                    Ok(command) => {
                        let call = ask(self.client.clone(), command, self.wishes.clone());
                        self.state = State::Asked(Box::pin(call));
                    }
                    Err(error) => return self.fail(ListProblem::Command(error)),
                },
                State::Asked(page) => {
                    let page = ready!(page.as_mut().poll(cx)).map_err(ListProblem::Query);
                    return match page.and_then(|answer| self.take(answer)) {
                        Ok(answer) => Poll::Ready(Some(Ok(answer))),
                        Err(problem) => self.fail(problem),
                    };
                }
            }
        }
    }

    fn fail(&mut self, problem: ListProblem) -> Poll<Option<Result<Answer, ListError>>> {
        self.state = State::Over;
        Poll::Ready(Some(Err(ListError { first: self.first.unwrap_or(0), problem })))
    }

    /// The command for the next page.
    fn command(&self) -> Result<Command, CommandError> {
        let Body::Ptf(ptf) = self.command.body() else { return Ok(self.command.clone()) };
        let mut ptf = ptf.clone();
        if let Some(limit) = self.limit {
            ptf = ptf.with_param("limit", &limit.to_string())?;
        }
        if let (true, Some(first)) = (self.placed, self.first) {
            ptf = ptf.with_param("first", &first.to_string())?;
        }
        Ok(Command::declared(ptf, *self.command.nature()))
    }

    /// Takes a page, and finds what comes behind it.
    fn take(&mut self, answer: Answer) -> Result<Answer, ListProblem> {
        let place = match Place::of(&answer) {
            Ok(place) => place,
            Err(why) => return Err(ListProblem::NoPage(Box::new(answer), why)),
        };
        let Some(place) = place else {
            if self.pages > 0 {
                return Err(ListProblem::NoPage(Box::new(answer), "it is no page, as those before it were"));
            }
            self.state = State::Over;
            self.pages = 1;
            return Ok(answer);
        };
        if self.first.is_some_and(|first| first != place.first) {
            return Err(ListProblem::Elsewhere(Box::new(answer)));
        }
        if let Some(before) = self.total
            && place.total.is_some_and(|total| total < before)
        {
            return Err(ListProblem::Shorter(Box::new(answer), before));
        }
        let total = place.total.or(self.total);
        let next = match place.next(total) {
            Ok(Some(_)) if place.count == 0 => return Err(ListProblem::Empty(Box::new(answer))),
            Ok(next) => next,
            Err(why) => return Err(ListProblem::NoPage(Box::new(answer), why)),
        };
        self.total = total;
        self.pages = self.pages.saturating_add(1);
        match next {
            Some(next) => {
                self.first = Some(next);
                self.placed = true;
                self.state = State::Between;
            }
            None => self.state = State::Over,
        }
        Ok(answer)
    }
}

impl Stream for List {
    type Item = Result<Answer, ListError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(cx)
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("command", &self.command)
            .field("first", &self.first)
            .field("total", &self.total)
            .field("pages", &self.pages)
            .field("over", &matches!(self.state, State::Over))
            .finish_non_exhaustive()
    }
}

impl ListError {
    /// Where the page begins that was not to be had: what [`List::starting_at`] goes on from.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// Why.
    #[must_use]
    pub const fn problem(&self) -> &ListProblem {
        &self.problem
    }

    /// The reply that is not the page, if one came.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        match &self.problem {
            ListProblem::NoPage(answer, _)
            | ListProblem::Elsewhere(answer)
            | ListProblem::Empty(answer)
            | ListProblem::Shorter(answer, _)
            | ListProblem::Query(QueryError::Refused(answer)) => Some(answer),
            _ => None,
        }
    }
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "list not read from row `{}` on", self.first)
    }
}

impl Error for ListError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.problem)
    }
}

impl fmt::Display for ListProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(_) => f.write_str("no answer"),
            Self::Command(_) => f.write_str("page does not fit into the command"),
            Self::NoPage(_, why) => write!(f, "reply is not understood as a page: {why}"),
            Self::Elsewhere(_) => f.write_str("page begins elsewhere than it was asked to"),
            Self::Empty(_) => f.write_str("page is empty, though the list goes on"),
            Self::Shorter(_, before) => write!(f, "list has become shorter than `{before}` rows"),
            Self::TooManyPages(pages) => write!(f, "list has more than `{pages}` pages"),
        }
    }
}

impl Error for ListProblem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Query(source) => Some(source),
            Self::Command(source) => Some(source),
            _ => None,
        }
    }
}
