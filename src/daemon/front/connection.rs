//! One local connection, from its prompt to its end.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{debug, info, warn};

use super::answer::{Answer, Fate};
use super::intake::{Input, Intake};
use super::request::Request;
use super::share::{MOST_UNREAD, SMALL, Share};
use super::stream::{PIECE, Stream};
use crate::client::random_seed;
use crate::command::{Command, Effect, Safety};
use crate::daemon::account::Account;
use crate::daemon::config::{DoubtAnswer, User};
use crate::daemon::identical::{About, Begin, Part};
use crate::daemon::log;
use crate::daemon::shared::{Connected, Counters, Phase, Shared};
use crate::dispatch::{NotSent, Outcome};
use crate::net::Alarm;
use crate::pace::Lane;
use crate::secret::Secret;

/// So long a wrong login waits for its answer.
const WRONG_LOGIN: Duration = Duration::from_secs(1);

/// While a request is worked on, so much of what follows is read ahead.
const AHEAD: usize = 16_384;

/// So many answers to writes are kept for a client that sends without having read them.
const UNREAD: usize = 128;

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// The client has ended it, or is gone.
    Gone,
    /// It is to be told this, and then closed.
    Told(Box<Answer>),
    /// An operator, or the end of the daemon.
    Closed,
}

/// A write's answer that was handed to the system, and is not known to have been read.
struct Written {
    account: Arc<Account>,
    part: Part,
    /// Unless it is long.
    answer: Option<Answer>,
    about: About,
}

pub(super) struct Connection {
    stream: Stream,
    intake: Intake,
    shared: Arc<Shared>,
    connected: Arc<Connected>,
    /// Its part in what all hold of requests that are not whole.
    counted: usize,
    /// Nothing more comes.
    half_closed: bool,
    alarm: Alarm,
    /// Oldest first. Mostly there is nothing, and then it takes no room.
    #[expect(clippy::box_collection, reason = "each idle connection has one")]
    written: Option<Box<VecDeque<Written>>>,
    /// Nothing had come when the last of them had been written: whatever comes is from somebody who could have read it.
    quiet: bool,
    /// The request that is being answered and its user, if somebody wants to log them.
    asked: Option<Box<(Bytes, Arc<User>)>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.unfinished.fetch_sub(self.counted, Ordering::Relaxed);
        self.shared.connections.leave(&self.connected);
    }
}

impl Connection {
    pub(super) fn new(stream: Stream, connected: Arc<Connected>, shared: Arc<Shared>) -> Self {
        let intake = Intake::new();
        Self {
            stream,
            intake,
            shared,
            connected,
            counted: 0,
            half_closed: false,
            alarm: Alarm::default(),
            written: None,
            quiet: false,
            asked: None,
        }
    }

    /// Boxed, for a future holds what it is given twice.
    pub(super) async fn serve(mut self: Box<Self>) {
        let end = match self.login().await {
            Ok(()) => self.requests().await,
            Err(end) => end,
        };
        match &end {
            // Whoever is gone is not told.
            End::Told(answer) => drop(Box::pin(self.write(answer)).await),
            End::Gone => self.lost(),
            End::Closed => {}
        }
        debug!(connection = self.connected.number, ?end, "local connection is over");
    }

    async fn login(&mut self) -> Result<(), End> {
        let deadline = after(self.shared.state().config.limits.login_time);
        let timeout = || Answer::plain(421, "Command failed; Timeout");
        Box::pin(self.prompt(b"login:")).await?;
        loop {
            match self.input(deadline, timeout).await? {
                Input::User => Box::pin(self.prompt(b"password:")).await?,
                Input::Login { user, password } => {
                    // It may have to wait until others' passwords have been checked.
                    return match timeout_at(deadline, Box::pin(self.check(user, password))).await {
                        Ok(checked) => checked,
                        Err(_) => Err(self.timed_out(timeout)),
                    };
                }
                Input::Offence(offence) => return Err(self.offended(offence.as_str())),
                Input::Request(_) | Input::Quit => return Err(End::Closed),
            }
        }
    }

    async fn check(&self, name: String, password: Secret) -> Result<(), End> {
        let state = self.shared.state();
        let user = state.user(&name).cloned();
        let right = self.shared.users.verify(user.as_ref(), password.expose().as_bytes()).await;
        let limits = &state.config.limits;
        match user.filter(|_| right) {
            Some(user) => {
                let most = user.connections.unwrap_or(limits.connections_per_user);
                if !self.shared.connections.belongs_to(&self.connected, &user.name, most) {
                    Counters::add(&self.shared.counters.turned_away);
                    let text = "Command failed; not sent: the user has too many connections";
                    return Err(End::Told(Box::new(Answer::local(421, text, "too-many-connections"))));
                }
                Counters::add(&self.shared.counters.logins);
                debug!(connection = self.connected.number, user = %user.name, "local login");
                Ok(())
            }
            None => {
                Counters::add(&self.shared.counters.logins_refused);
                warn!(
                    connection = self.connected.number,
                    from = %self.connected.from,
                    user = %name.escape_debug(),
                    "local login refused"
                );
                sleep(WRONG_LOGIN).await;
                Err(End::Told(Box::new(Answer::plain(549, "Command failed; Login error"))))
            }
        }
    }

    async fn requests(&mut self) -> End {
        let timeout = || Answer::plain(421, "Command timeout");
        loop {
            let deadline = after(self.shared.state().config.limits.request_time);
            let input = match self.input(deadline, timeout).await {
                Ok(input) => input,
                Err(end) => return end,
            };
            let done = match input {
                Input::Request(lines) => Box::pin(self.request(lines)).await,
                Input::Offence(offence) => Err(self.offended(offence.as_str())),
                Input::Quit | Input::User | Input::Login { .. } => Err(End::Closed),
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// The next whole thing that the client sends.
    async fn input(&mut self, deadline: Instant, timeout: fn() -> Answer) -> Result<Input, End> {
        loop {
            let whole = self.intake.next(&self.shared.state().config.limits);
            self.count()?;
            if let Some(input) = whole {
                return Ok(input);
            }
            if self.half_closed {
                // By now it may be gone without having read everything, and a unix socket says so.
                if self.stream.is_unix() {
                    let read = self.stream.read(|_| {}).await;
                    self.read(read)?;
                }
                return Err(End::Gone);
            }
            if self.is_over() {
                return Err(End::Closed);
            }
            // Whoever sends and sends may leave no moment for the clock below.
            if Instant::now() >= deadline {
                return Err(self.timed_out(timeout));
            }
            self.quiet |= self.written.is_some() && self.intake.held() == 0 && !self.stream.has_more();
            tokio::select! {
                biased;
                read = self.stream.read(|piece| self.intake.push(piece)) => {
                    if self.read(read)? {
                        // There is more. Others first.
                        yield_now().await;
                    }
                }
                () = self.alarm.until(Some(deadline.into_std())) => return Err(self.timed_out(timeout)),
                () = self.connected.kill.notified() => {}
            }
        }
    }

    fn timed_out(&self, told: fn() -> Answer) -> End {
        Counters::add(&self.shared.counters.timeouts);
        End::Told(Box::new(told()))
    }

    /// Whether it is to end where it stands.
    fn is_over(&self) -> bool {
        let phase = *self.shared.phase.borrow();
        self.connected.is_killed()
            || phase == Phase::Ending
            || phase == Phase::Draining && self.intake.is_idle()
    }

    /// Something was read, or nothing more comes; `true` if that was as much as is read at once.
    fn read(&mut self, read: io::Result<usize>) -> Result<bool, End> {
        let Ok(read) = read else { return Err(End::Gone) };
        if read == 0 {
            self.half_closed = true;
            // It would have been a reset if there were something that was not read.
            self.quiet |= self.stream.is_unix();
        }
        // Whoever goes on has read what it was told; so has whoever says goodbye in order.
        if core::mem::take(&mut self.quiet) {
            self.written = None;
        }
        Ok(read >= PIECE)
    }

    /// What was handed to the system was not read.
    fn lost(&mut self) {
        for written in self.written.take().into_iter().flat_map(|written| *written) {
            let Written { account, part, answer, about } = written;
            Counters::add(&self.shared.counters.undelivered);
            account.identical.undelivered(&part, answer, about, Instant::now());
        }
    }

    /// Counts what is held of a request that is not whole.
    fn count(&mut self) -> Result<(), End> {
        let held = self.intake.held();
        let unfinished = &self.shared.unfinished;
        unfinished.fetch_add(held, Ordering::Relaxed);
        let before = unfinished.fetch_sub(self.counted, Ordering::Relaxed);
        let all = before.saturating_sub(self.counted);
        self.counted = held;
        if held > SMALL && all > self.shared.state().config.limits.unfinished {
            return Err(self.offended("all requests together are too long"));
        }
        Ok(())
    }

    fn offended(&self, why: &'static str) -> End {
        Counters::add(&self.shared.counters.offences);
        info!(connection = self.connected.number, from = %self.connected.from, why, "local connection is closed");
        let text = format!("Invalid command format; not sent: {why}");
        End::Told(Box::new(Answer::local(507, &text, "refused")))
    }

    async fn prompt(&self, prompt: &[u8]) -> Result<(), End> {
        let time = self.shared.state().config.limits.write_time;
        self.stream.write(prompt, b"", time).await.map_err(|_| End::Gone)
    }

    async fn write(&self, answer: &Answer) -> Result<(), End> {
        if let Some(asked) = &self.asked {
            log::exchanged(&asked.1.name, &asked.1.account, &asked.0, &answer.body);
        }
        let Some(_share) = Share::take(&self.shared, |shared| &shared.unread, answer.body.len(), MOST_UNREAD)
        else {
            warn!(connection = self.connected.number, "closed: clients do not read what they have asked for");
            return Err(End::Closed);
        };
        let time = self.shared.state().config.limits.write_time;
        self.stream.write(&answer.body, answer.end, time).await.map_err(|_| End::Gone)
    }

    async fn request(&mut self, lines: Bytes) -> Result<(), End> {
        Counters::add(&self.shared.counters.requests);
        self.connected.requests.fetch_add(1, Ordering::Relaxed);
        let state = self.shared.state();
        let known = self.connected.user().and_then(|name| state.user(&name).cloned());
        let Some((user, account)) =
            known.and_then(|user| Some((Arc::clone(&user), Arc::clone(state.account(&user.account)?))))
        else {
            let text = "Command failed; not sent: the user is not known any more";
            return Err(End::Told(Box::new(Answer::local(421, text, "refused"))));
        };
        if *self.shared.phase.borrow() != Phase::Running {
            let text = "Command failed; not sent: the daemon ends";
            return Err(End::Told(Box::new(Answer::local(421, text, "draining"))));
        }
        let most = state.config.limits.unfinished;
        let Some(_share) = Share::take(&self.shared, |shared| &shared.unfinished, lines.len(), most) else {
            let text = "Command failed; not sent: all requests together are too long";
            return self.write(&Answer::local(421, text, "queue-full")).await;
        };
        if log::is_wanted() {
            self.asked = Some(Box::new((lines.clone(), Arc::clone(&user))));
        }
        let request = match Request::read(&lines, &user) {
            Ok(request) => request,
            Err(answer) => {
                Counters::add(&self.shared.counters.refused);
                let told = self.write(&answer).await;
                self.asked = None;
                return told;
            }
        };
        drop(lines);
        self.connected.set_doing(Some(request.command.clone()));
        let done = self.carry_out(request, &user, account).await;
        self.asked = None;
        self.connected.set_doing(None);
        done
    }

    async fn carry_out(
        &mut self,
        request: Request,
        user: &Arc<User>,
        account: Arc<Account>,
    ) -> Result<(), End> {
        // Its own pace, before it stands in anybody's line.
        let Request { command, key, lane, deadline } = request;
        let wait = self.shared.users.pace(user, Instant::now);
        let mut left = deadline.map(|deadline| deadline.saturating_sub(wait));
        if !wait.is_zero() {
            let config = &account.config;
            let usual = match (lane, command.nature().effect()) {
                (Lane::Bulk, _) => config.bulk_deadline,
                (_, Effect::Read) => config.query_deadline,
                _ => config.change_deadline,
            };
            let deadline = deadline.unwrap_or(usual);
            left = Some(deadline.saturating_sub(wait));
            let end = tokio::select! {
                biased;
                () = sleep(wait.min(deadline)) => None,
                end = self.watch() => Some(end),
            };
            if wait > deadline || end.is_some() {
                self.shared.users.unpace(user);
            }
            if let Some(end) = end {
                return Err(end);
            }
        }
        let deadline = left;
        if command.nature().effect() == Effect::Read {
            let mut call = account.client.ask(command).lane(lane).user(&user.name);
            if let Some(deadline) = deadline {
                call = call.deadline(deadline);
            }
            let told = tokio::select! {
                biased;
                told = call.run() => told,
                end = self.watch() => return Err(end),
            };
            let answer = match &told {
                Ok(answer) => Answer::reply(answer.reply()),
                Err(error) => Answer::query_error(error),
            };
            self.write(&answer).await?;
            return self
                .close_as_mregd(&account, told.ok().map(crate::dispatch::Answer::into_reply).as_ref());
        }
        // Apart, for most only read, and what answers them holds room for all that it may come to.
        Box::pin(self.change(command, key, lane, deadline, user, account)).await
    }

    async fn change(
        &mut self,
        command: Command,
        key: Option<Box<str>>,
        lane: Lane,
        deadline: Option<Duration>,
        user: &Arc<User>,
        account: Arc<Account>,
    ) -> Result<(), End> {
        if !account.takes_writes() {
            let text = "Command failed; not sent: the account has no journal";
            return self.write(&Answer::local(421, text, "no-journal")).await;
        }
        let part = match &key {
            Some(_) => None,
            None => match account.identical.begin(&user.name, &command, random_seed(), Instant::now()) {
                Begin::Key(part) => Some(part),
                Begin::Told(part, answer) => {
                    Counters::add(&self.shared.counters.joined);
                    return self.deliver(account, Some(part), command, answer).await;
                }
                Begin::Full => {
                    let text = "Command failed; not sent: too many writes are known already";
                    return self.write(&Answer::local(421, text, "queue-full")).await;
                }
            },
        };
        // Whoever asks for what was asked for before does not pay for it again.
        let bills = command.nature().billable().at_stake() && part.as_ref().is_none_or(Part::is_first);
        let billed = bills && self.shared.users.bill(user, (account.clock)());
        let used_up = bills && !billed;
        if used_up && let Some(part) = &part {
            account.identical.not_sent(part);
            return self.used_up().await;
        }
        // With a key it may have been done before. It is told so at once, and nothing is sent: there is no time for a reply.
        let deadline = if used_up { Some(Duration::ZERO) } else { deadline };
        let mut leaving = Leaving { account: &account, part };
        let key = leaving.part.as_ref().map(Part::key).or(key.as_deref()).unwrap_or_default();
        let mut joined = leaving.part.as_ref().is_some_and(Part::is_joined);
        let told = loop {
            let call = account.client.make(command.clone(), Safety::ReadBack);
            let mut call = call.lane(lane).user(&user.name).key(key);
            if let Some(deadline) = deadline {
                call = call.deadline(deadline);
            }
            let told = tokio::select! {
                biased;
                told = call.run() => told,
                end = self.watch() => return Err(end),
            };
            match &told {
                // An earlier one, which was in doubt, has turned out as lost: now this one is sent.
                Ok(Outcome::Refused(refusal)) if joined && refusal.reply().is_none() => joined = false,
                _ => break told,
            }
        };
        let part = leaving.part.take();
        drop(leaving);
        if used_up && told.is_err() {
            return self.used_up().await;
        }
        let sent = match &told {
            Ok(Outcome::Accepted(accepted)) => !accepted.is_replayed(),
            Ok(_) => true,
            // Whoever else waits for it has not paid.
            Err(_) => !part.as_ref().is_none_or(|part| account.identical.is_alone(part)),
        };
        if billed && !sent {
            self.shared.users.refund(user);
        }
        self.tell(told, account, part, command).await
    }

    async fn used_up(&self) -> Result<(), End> {
        Counters::add(&self.shared.counters.refused);
        let text = "Authorization failed; not sent: the user's billable commands of this day are used up";
        self.write(&Answer::local(531, text, "cap")).await
    }

    /// Tells what became of a write.
    async fn tell(
        &mut self,
        told: Result<Outcome, NotSent>,
        account: Arc<Account>,
        part: Option<Part>,
        command: Command,
    ) -> Result<(), End> {
        let outcome = match told {
            Ok(outcome) => outcome,
            Err(not_sent) => {
                if let Some(part) = &part {
                    account.identical.not_sent(part);
                }
                return self.write(&Answer::not_sent(&not_sent)).await;
            }
        };
        let answer = Answer::outcome(&outcome);
        if answer.fate == Fate::InDoubt {
            // Whether it is heard or not: whoever asks for the same next is to hear more.
            if let Some(part) = &part {
                account.identical.in_doubt(part);
            }
            return match account.config.doubt_answer {
                DoubtAnswer::Code => self.write(&answer).await,
                DoubtAnswer::Close => Err(End::Closed),
            };
        }
        let reply = match &outcome {
            Outcome::Accepted(accepted) => accepted.reply().cloned(),
            Outcome::Refused(refusal) => refusal.reply().cloned(),
            Outcome::InDoubt(_) => None,
        };
        self.deliver(Arc::clone(&account), part, command, answer).await?;
        self.close_as_mregd(&account, reply.as_ref())
    }

    /// Writes what became of a write; if nobody has it, it is kept for whoever asks again.
    async fn deliver(
        &mut self,
        account: Arc<Account>,
        part: Option<Part>,
        command: Command,
        answer: Answer,
    ) -> Result<(), End> {
        let gone = self.stream.is_gone().await;
        let again = part.as_ref().is_some_and(Part::is_kept).then(|| answer.clone().again());
        let written = if gone { Err(End::Gone) } else { self.write(again.as_ref().unwrap_or(&answer)).await };
        let Some(mut part) = part else { return written };
        // Behind a half-close of TCP there may be nobody any more, and nothing says so.
        let unsure = self.half_closed && !self.stream.is_unix();
        if written.is_ok() && !unsure {
            account.identical.delivered(&mut part, Instant::now());
        }
        let unread = self.written.get_or_insert_default();
        if unread.len() >= UNREAD {
            unread.pop_front();
        }
        let about = About::of(&command);
        let answer = Some(answer).filter(|answer| answer.body.len() <= SMALL);
        unread.push_back(Written { account, part, answer, about });
        self.quiet = false;
        if written.is_err() || unsure {
            self.lost();
        }
        written
    }

    fn close_as_mregd(&self, account: &Account, reply: Option<&crate::reply::Reply>) -> Result<(), End> {
        let closes = reply.is_some_and(|reply| {
            reply.grammar() != crate::wire::deframe::Grammar::Ptf
                && matches!(reply.code().as_u16(), 220 | 420 | 520 | 521)
        });
        if account.config.close_as_mregd && closes { Err(End::Closed) } else { Ok(()) }
    }

    /// Waits, while a request is worked on, for a reason not to wait any more.
    async fn watch(&mut self) -> End {
        loop {
            if self.connected.is_killed() || *self.shared.phase.borrow() == Phase::Ending {
                return End::Closed;
            }
            let full = self.half_closed || self.intake.held() > AHEAD;
            if full {
                tokio::select! {
                    biased;
                    () = self.connected.kill.notified() => continue,
                    () = self.stream.gone() => return End::Gone,
                }
            }
            let read = tokio::select! {
                biased;
                () = self.connected.kill.notified() => continue,
                read = self.stream.read(|piece| self.intake.push(piece)) => read,
            };
            if let Err(end) = self.read(read) {
                return end;
            }
            if self.stream.is_gone().await {
                return End::Gone;
            }
        }
    }
}

/// Its write counts as left if nobody says otherwise.
struct Leaving<'a> {
    account: &'a Account,
    part: Option<Part>,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            self.account.identical.left(part, Instant::now());
        }
    }
}

fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now)
}
