//! How sessions are opened, and what follows if they are not.

use core::time::Duration;
use std::time::Instant;

use super::account::Refusal;
use super::event::Event;
use super::machine::Pool;
use super::place::{Place, State};
use crate::code::{Context, ReturnCode};
use crate::dispatch::{Moment, Unavailable};
use crate::session::{End, Remains, Stage, Why};
use crate::verdict::{Advice, Class};

/// With what a session is to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever logs in must know each of these")]
pub enum Credential {
    /// The password that holds.
    Current,
    /// The password that holds, and the next one to replace it.
    Change,
    /// The next password alone.
    Next,
}

/// Why a session was not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub(super) why: Unavailable,
    pub(super) kind: Kind,
    pub(super) remains: Remains,
    pub(super) tried: Tried,
    pub(super) password_in_doubt: bool,
}

/// What became of the login itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// It was not sent.
    No,
    /// It was refused.
    Refused,
    /// It was answered, and not for what it said.
    Answered,
    /// It was sent, and nobody knows.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Another try may do better, after so long at the least.
    Retry(Duration),
    /// The login is refused for good, and not for its credentials: trying it again and again would only draw attention.
    Declined,
    /// The credentials are refused.
    Refused,
    /// The account is locked.
    Locked(Duration),
    /// The registry takes no more sessions.
    Full,
}

impl Failure {
    /// There was no connection.
    #[must_use]
    pub const fn unreached(why: Unavailable) -> Self {
        Self {
            why,
            kind: Kind::Retry(Duration::ZERO),
            remains: Remains::Nothing,
            tried: Tried::No,
            password_in_doubt: false,
        }
    }

    /// The login cannot even be written.
    #[must_use]
    pub const fn unwritten(why: Unavailable) -> Self {
        Self {
            why,
            kind: Kind::Refused,
            remains: Remains::Nothing,
            tried: Tried::No,
            password_in_doubt: false,
        }
    }

    /// The session came to this end before it was logged in; `why` says so to people.
    #[must_use]
    pub fn of(end: &End, why: Unavailable) -> Self {
        let advice = end.reply().map(|reply| reply.verdict(Context::Login).advice());
        let kind = match advice {
            _ if end.refuses_credentials() => Kind::Refused,
            _ if end.code() == Some(ReturnCode::TOO_MANY_SESSIONS) => Kind::Full,
            Some(Advice::HoldAccount { after }) => Kind::Locked(after),
            _ if declines(end) => Kind::Declined,
            advice => Kind::Retry(advice.and_then(Advice::wait).unwrap_or_default()),
        };
        let tried = match (end.stage(), end.why()) {
            _ if kind == Kind::Refused => Tried::Refused,
            // Of the login itself it says nothing.
            _ if matches!(kind, Kind::Full | Kind::Locked(_)) || !end.login_was_sent() => Tried::No,
            (_, Why::LoginRefused(_)) => Tried::Answered,
            (Stage::Login, _) => Tried::Lost,
            _ => Tried::No,
        };
        Self { why, kind, remains: end.remains(), tried, password_in_doubt: end.password_in_doubt() }
    }

    /// Why.
    #[must_use]
    pub const fn why(&self) -> &Unavailable {
        &self.why
    }

    /// Whether the credentials were refused: no other login is tried.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        matches!(self.kind, Kind::Refused)
    }
}

/// Whether the login was refused for good, and not for its credentials.
fn declines(end: &End) -> bool {
    let closes = |code: ReturnCode| code.closes_connection();
    matches!(end.why(), Why::LoginRefused(reply)
        if reply.verdict(Context::Login).class() == Class::Permanent && !closes(reply.code()))
}

/// Far enough away never to come.
const YEARS: Duration = Duration::from_secs(10 * 31_536_000);

impl Pool {
    /// Decides to open a session.
    pub(super) fn announce(&mut self, now: Instant) {
        if self.when_announce().is_none_or(|when| when > now) {
            return;
        }
        if !self.has_room() {
            self.target = self.target.saturating_add(1).min(self.options.max);
            self.grow_at = None;
            self.tell(Event::Grown { target: self.target });
        }
        let credential = self.rotation.as_ref().map_or(Credential::Current, |rotation| rotation.credential());
        self.numbers = self.numbers.saturating_add(1);
        let far = now.checked_add(YEARS).unwrap_or(now);
        let place = Place {
            state: if self.is_late() { State::Recorded(credential) } else { State::Announced(credential) },
            epoch: self.epoch,
            keepalive_at: far,
            retire_at: far,
            end_at: far,
            used_at: now,
            useful: false,
            old: false,
            quit: false,
            killed: false,
            login: self.login,
            since: now,
            opened_at: None,
            commands: 0,
        };
        self.places.insert(self.numbers, place);
        self.unwritten = true;
        self.write_at = None;
    }

    /// The connection of this session stands, and the registry has greeted.
    pub fn greeted(&mut self, session: u64, now: Instant) {
        if let Some(place) = self.places.get_mut(&session)
            && let State::Connecting(credential) = place.state
        {
            place.enter(State::Greeted(credential), now);
        }
    }

    /// The login of this session was accepted.
    pub fn opened(&mut self, session: u64, now: Instant) {
        let jitter = self.jitter(self.options.rotate_after, 40);
        let retire = self.options.rotate_after.saturating_sub(jitter);
        // Between its replacement and the registry's limit.
        let end =
            self.options.rotate_after.saturating_add(self.options.lifetime).checked_div(2).unwrap_or(retire);
        let Some(place) = self.places.get_mut(&session) else { return };
        let State::LoggingIn(credential, sending) = place.state else { return };
        self.pacer.answered(sending, now);
        place.used_at = now;
        place.opened_at = Some(now);
        place.retire_at = now.checked_add(retire).unwrap_or(now);
        place.end_at = now.checked_add(end).unwrap_or(now);
        self.trouble = None;
        self.lay_one();
        self.tell(Event::Opened { session });
        self.rotation_opened(session, credential);
        self.prove_next(session);
        self.take_back(session, now);
        if self.grow_at.is_none() || self.places.len() > self.full_at {
            // There are more than there were when the registry took no more.
            self.full = 0;
            self.full_at = usize::MAX;
            let grows = self.target < self.options.max;
            self.grow_at = now.checked_add(self.options.hold_off).filter(|_| grows);
        }
        if self.stopping {
            self.rotation_stops();
        }
        // It replaces one whose time has come.
        let aged = self
            .places
            .iter()
            .find(|(_, place)| place.state.is_live() && !place.old && place.retire_at <= now);
        if let Some(aged) = aged.map(|(session, _)| *session) {
            self.grow_old(aged, now);
        }
    }

    /// The session of this number was not opened. It is over with this.
    pub fn failed(&mut self, session: u64, failure: Failure, at: Moment) {
        let now = at.now();
        let known =
            self.places.get(&session).and_then(|place| Some((place.state.credential()?, place.login)));
        let Some((credential, login)) = known else { return };
        self.places.remove(&session);
        self.prove_later(session, now);
        self.remain(failure.remains, now);
        let stops = self.rotation_failed(credential, &failure);
        let Failure { why, kind, .. } = failure;
        let kind = match kind {
            _ if stops => Kind::Refused,
            // Of the next password: the one before is tried.
            Kind::Refused if self.rotation.is_some() => Kind::Retry(Duration::ZERO),
            // The credentials were corrected meanwhile.
            Kind::Refused if login != self.login => Kind::Retry(Duration::ZERO),
            kind => kind,
        };
        match kind {
            Kind::Retry(least) => {
                self.tell(Event::NotOpened { session, why: why.clone() });
                self.back_off(why, least, now);
            }
            Kind::Declined => {
                self.tell(Event::NotOpened { session, why: why.clone() });
                let least = self.doubled(self.options.hold_off, self.failures);
                self.back_off(why, least, now);
            }
            Kind::Refused => self.refuse(why, at),
            Kind::Locked(wait) => {
                self.trouble = Some(why);
                self.lock(wait, now);
            }
            Kind::Full => {
                self.trouble = Some(why);
                self.full(now);
            }
        }
        if self.stopping {
            self.rotation_stops();
        }
    }

    /// No other login is tried with this credential.
    pub(super) fn refuse(&mut self, why: Unavailable, at: Moment) {
        self.refused = Some(Refusal { why: why.clone(), at: at.wall() });
        self.unwritten = true;
        self.tell(Event::LoginRefused { why });
    }

    /// The credentials were corrected at the registry, or somebody wants to know.
    pub fn retry_login(&mut self) {
        if self.refused.take().is_some() {
            self.unwritten = true;
        }
    }

    /// The account has other credentials from now on, of this keyed hash. Sessions that are logged in stay.
    pub fn set_credential(&mut self, credential: [u8; 16]) {
        if self.credential != credential {
            self.credential = credential;
            if self.refused.is_some() {
                self.retry_login();
            }
        }
    }

    pub(super) fn back_off(&mut self, why: Unavailable, least: Duration, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.trouble = Some(why);
        let wait = self.options.reopening.wait(self.failures, least, &mut self.random);
        self.open_at = self.open_at.max(now.checked_add(wait).unwrap_or(now));
    }

    /// Twice as long for each time before, and at most as long as any hold-off.
    fn doubled(&self, first: Duration, before: u32) -> Duration {
        let doublings = 1_u32.checked_shl(before).unwrap_or(u32::MAX);
        first.saturating_mul(doublings).min(self.options.most_hold_off)
    }

    /// The registry takes no more sessions than there are.
    pub(super) fn full(&mut self, now: Instant) {
        let (ours, ghosts, max) = (self.places.len(), self.ghosts.len(), self.options.max);
        let hold_off = self.doubled(self.options.hold_off, self.full);
        let wait = hold_off.saturating_sub(self.jitter(hold_off, 2));
        self.full = self.full.saturating_add(1).min(31);
        self.target = ours.saturating_add(ghosts).clamp(1, max);
        self.full_at = ours;
        let until = now.checked_add(wait).unwrap_or(now);
        self.open_at = self.open_at.max(until);
        self.grow_at = Some(until);
        self.tell(Event::Full { ours, ghosts, target: self.target });
        if ours.saturating_add(ghosts) < max {
            self.tell(Event::ForeignUse { ours, ghosts, max });
        }
    }

    /// A part of this by chance, up to its `parts`th.
    pub(super) fn jitter(&mut self, of: Duration, parts: u32) -> Duration {
        let most = u64::try_from(of.checked_div(parts).unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.random.below(most.saturating_add(1)))
    }
}
