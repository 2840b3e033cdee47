//! Login and logout (RFC 2832 §4, figure 1; §4.3.6, §4.3.8), and the limits of an account.

use std::time::Instant;

use super::Close;
use super::config::Config;
use super::connection::{Connection, ConnectionId, Login};
use super::ledger::{Change, Entry, Ledger};
use super::wire::{Answer, FieldKind, Form, Request};
use super::world::{Moment, Sender, World};
use crate::command::Dialect;
use crate::secret::Secret;

/// An answer, and whether the connection ends behind it.
pub(super) type Answered = (Answer, Option<Close>);

/// Counts a command of an account, and says whether it is refused with 422. A command before login counts for nobody, a
/// login for the account that it names.
pub(super) fn over_rate(
    world: &mut World,
    config: &Config,
    connection: &Connection,
    request: &Request,
    now: Instant,
) -> bool {
    let login = || request.option("Id").filter(|_| request.is("session"));
    let account = connection.registrar().or_else(login).and_then(|id| world.accounts.get_mut(id));
    let (Some(rate), Some(account)) = (config.rate, account) else { return false };
    if account.locked.is_some_and(|until| now < until) {
        return true;
    }
    let old = |when: &Instant| now.saturating_duration_since(*when) >= rate.per;
    while account.recent.front().is_some_and(old) {
        account.recent.pop_front();
    }
    if account.recent.len() >= rate.commands {
        account.locked = now.checked_add(rate.lock);
        account.recent.clear();
        return true;
    }
    account.recent.push_back(now);
    false
}

/// What a command is executed on.
pub(super) struct Place<'a> {
    pub(super) world: &'a mut World,
    pub(super) ledger: &'a mut Ledger,
    pub(super) config: &'a Config,
    /// How many sessions the registrar of this id has on other connections.
    pub(super) sessions: &'a dyn Fn(&str) -> usize,
}

impl Place<'_> {
    /// Executes a command as the state of its connection allows: `locked`, not at all.
    pub(super) fn execute(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        request: &Request,
        now: Moment,
        (locked, refuse_login): (bool, Option<u16>),
    ) -> Answered {
        // Only RRP has SESSION and QUIT: PTF's commands of these names are unknown.
        let rrp = request.form() == Form::Rrp;
        let (session, quit) = (rrp && request.is("session"), rrp && request.is("quit"));
        if locked {
            return (self.note(id, connection, request, 422, now), None);
        }
        match (&connection.login, session, quit) {
            (Login::Waiting { .. }, true, _) => self.log_in(id, connection, request, now, refuse_login),
            (Login::Waiting { .. }, false, _) => {
                (self.note(id, connection, request, self.config.sequence_code, now), None)
            }
            (Login::Done { .. }, true, _) => (self.note(id, connection, request, 547, now), None),
            (Login::Done { .. }, _, true) => {
                if !request.fields().is_empty() {
                    return (self.note(id, connection, request, 507, now), None);
                }
                let answer = self.note(id, connection, request, 220, now);
                connection.login = Login::Waiting { refused: 0 };
                (answer, Some(Close::Orderly))
            }
            (Login::Done { registrar, .. }, false, false) => {
                let sender = Sender { connection: Some(id), registrar };
                (self.world.execute(self.config, sender, request, now, self.ledger), None)
            }
        }
    }

    fn log_in(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        request: &Request,
        now: Moment,
        refuse_login: Option<u16>,
    ) -> Answered {
        let code = match refuse_login {
            Some(code) => code,
            None => self.judge_login(request, now.instant),
        };
        match (&mut connection.login, code) {
            (login, 200) => {
                let registrar = request.option("Id").unwrap_or("").to_owned();
                if let Some(new) = request.option("NewPassword")
                    && let Some(account) = self.world.accounts.get_mut(&registrar)
                {
                    account.registrar.password = Secret::from(new);
                }
                *login = Login::Done { registrar, since: now.instant };
                (self.note(id, connection, request, 200, now), None)
            }
            (Login::Waiting { refused }, 530) => {
                *refused = refused.saturating_add(1);
                // The second failure ends the connection (§4.3.8).
                let close = (*refused > 1).then_some(Close::Orderly);
                (self.note(id, connection, request, 530, now), close)
            }
            (_, code) => {
                let answer = self.note(id, connection, request, code, now);
                let close = answer.closes().then_some(Close::Orderly);
                (answer, close)
            }
        }
    }

    fn judge_login(&mut self, request: &Request, now: Instant) -> u16 {
        for field in request.fields() {
            let known =
                ["Id", "Password", "NewPassword"].iter().any(|name| field.name().eq_ignore_ascii_case(name));
            match field.kind() {
                FieldKind::Option if known => {}
                FieldKind::Option => return 501,
                _ => return 507,
            }
        }
        let (Some(id), Some(password)) = (request.option("Id"), request.option("Password")) else {
            return 509;
        };
        let new = request.option("NewPassword");
        let fits = |password: &str| (4..=16).contains(&password.len());
        if self.config.dialect == Dialect::Rfc && ![Some(password), new].into_iter().flatten().all(fits) {
            return 506;
        }
        if new.is_some_and(str::is_empty) {
            return 506;
        }
        let Some(account) = self.world.accounts.get_mut(id) else { return 530 };
        if account.registrar.password != Secret::from(password) {
            return 530;
        }
        if account.registrar.suspended {
            return 531;
        }
        account.ghosts.retain(|until| *until > now);
        let sessions = (self.sessions)(id).saturating_add(account.ghosts.len());
        if sessions >= account.registrar.sessions { 521 } else { 200 }
    }

    /// The answer of a command that was judged here, with its line in the ledger.
    fn note(
        &mut self,
        id: ConnectionId,
        connection: &Connection,
        request: &Request,
        code: u16,
        now: Moment,
    ) -> Answer {
        let transaction = self.ledger.transaction();
        self.ledger.record(Entry {
            transaction,
            when: now.instant,
            connection: Some(id),
            registrar: connection.registrar().unwrap_or("").to_owned(),
            command: request.name().to_owned(),
            object: String::new(),
            code,
            change: if matches!(code, 200 | 220) { Change::Session } else { Change::None },
            price: 0,
        });
        let ptf = request.form() == Form::Ptf && !self.config.bare_errors;
        Answer::new(code).form(if ptf { Form::Ptf } else { Form::Rrp })
    }
}
