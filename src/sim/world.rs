//! The registry's state, and how one command is executed on it: wholly or not at all (RFC 2832 §4.3).

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::calendar::Stamp;
use super::config::{Config, Registrar};
use super::ledger::{Change, Entry, Ledger};
use super::objects::{Booking, Contact, Domain, Event, NameServer, Zone};
use super::random::Random;
use super::wire::{Answer, Form, Request};
use super::{ConnectionId, encoding, ptf, rrp};
use crate::command::Dialect;
use crate::name::{DomainName, HostName};
use crate::secret::Secret;

/// The most years that a domain may be registered ahead.
pub(super) const MAX_YEARS: i32 = 10;
/// The most name servers of a domain, and addresses of a name server (§4.3.1).
pub(super) const MAX_HOSTS: usize = 13;

/// A success, or a refusal.
pub(super) type Outcome = Result<Answer, Answer>;

/// A registrar's account as it stands.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) registrar: Registrar,
    /// When its last commands came, and until when it is locked.
    pub(super) recent: VecDeque<Instant>,
    pub(super) locked: Option<Instant>,
    /// When sessions of lost connections stop counting.
    pub(super) ghosts: Vec<Instant>,
}

/// What the registry does later of itself.
#[derive(Clone, Debug)]
pub(super) enum Job {
    /// Registers a domain, ordered with AddDomain.
    Register { id: u64, registrar: String, command: Box<Request> },
    /// Approves a transfer that nobody answered.
    Approve { name: String, by: String, requested: Stamp },
    /// Frees the name of a deleted domain.
    Drop { name: String, deleted: Stamp },
}

/// The moment of a command, on the caller's clock and the registry's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) instant: Instant,
    pub(super) stamp: Stamp,
}

/// Who sent a command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender<'a> {
    pub(super) connection: Option<ConnectionId>,
    pub(super) registrar: &'a str,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) domains: BTreeMap<String, Domain>,
    pub(super) name_servers: BTreeMap<String, NameServer>,
    pub(super) contacts: BTreeMap<String, Contact>,
    pub(super) zones: BTreeMap<String, Zone>,
    pub(super) events: VecDeque<Event>,
    pub(super) bookings: VecDeque<Booking>,
    pub(super) jobs: BTreeMap<(Instant, u64), Job>,
    /// Counts ids of objects, jobs and events.
    pub(super) ids: u64,
    pub(super) random: Random,
}

impl World {
    /// How many events and bookings are kept; the oldest are dropped.
    const MAX_KEPT: usize = 10_000;

    pub(super) fn new(config: &Config) -> Self {
        let account = |registrar: &Registrar| Account {
            registrar: registrar.clone(),
            recent: VecDeque::new(),
            locked: None,
            ghosts: Vec::new(),
        };
        let accounts = config.registrars.iter().map(|(id, registrar)| (id.clone(), account(registrar)));
        Self {
            accounts: accounts.collect(),
            domains: BTreeMap::new(),
            name_servers: BTreeMap::new(),
            contacts: BTreeMap::new(),
            zones: BTreeMap::new(),
            events: VecDeque::new(),
            bookings: VecDeque::new(),
            jobs: BTreeMap::new(),
            ids: 0,
            random: Random::new(config.seed ^ 0x0057_4f52_4c44),
        }
    }

    pub(super) const fn next_id(&mut self) -> u64 {
        self.ids = self.ids.saturating_add(1);
        self.ids
    }

    pub(super) fn event(&mut self, event: Event) {
        if self.events.len() >= Self::MAX_KEPT {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Takes this much off an account; negative: gives it back.
    pub(super) fn book(&mut self, booking: Booking) {
        if let Some(account) = self.accounts.get_mut(&booking.registrar) {
            account.registrar.balance = account.registrar.balance.saturating_sub(booking.cents);
        }
        if self.bookings.len() >= Self::MAX_KEPT {
            self.bookings.pop_front();
        }
        self.bookings.push_back(booking);
    }

    /// Executes a command of a session.
    pub(super) fn execute(
        &mut self,
        config: &Config,
        sender: Sender<'_>,
        request: &Request,
        now: Moment,
        ledger: &mut Ledger,
    ) -> Answer {
        let mut turn = Turn::new(self, config, sender.registrar, now, ledger.transaction());
        let is_ptf = request.form() == Form::Ptf;
        let outcome =
            if is_ptf { ptf::execute(&mut turn, request) } else { rrp::execute(&mut turn, request) };
        let mut answer = match outcome {
            Ok(answer) => answer,
            Err(answer) => {
                turn.change = Change::None;
                turn.price = 0;
                answer
            }
        };
        if is_ptf {
            if let Some(id) = request.first("cltrid") {
                answer = answer.pair("cltrid", id);
            }
            answer = answer.pair("svtrid", format!("SIM-{}", turn.transaction));
        }
        let bare = config.bare_errors && !answer.is_success();
        answer = answer.form(if is_ptf && !bare { Form::Ptf } else { Form::Rrp });
        let refund = turn.refund.take();
        let entry = turn.entry(sender.connection, request.name(), answer.code());
        let refund = refund.map(|(registrar, cents)| entry.refund(registrar, cents));
        ledger.record(entry);
        refund.into_iter().for_each(|refund| ledger.record(refund));
        answer
    }

    /// Does what is due, and returns whether something was.
    pub(super) fn run_job(&mut self, config: &Config, now: Moment, ledger: &mut Ledger) -> bool {
        let due = |((when, id), _): ((&Instant, &u64), &Job)| (*when <= now.instant).then_some((*when, *id));
        let Some(key) = self.jobs.first_key_value().and_then(|((when, id), job)| due(((when, id), job)))
        else {
            return false;
        };
        if let Some(job) = self.jobs.remove(&key) {
            ptf::job::run(self, config, job, now, ledger);
        }
        true
    }
}

/// The execution of one command.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    pub(super) world: &'a mut World,
    pub(super) config: &'a Config,
    pub(super) caller: &'a str,
    pub(super) now: Moment,
    pub(super) transaction: u64,
    pub(super) object: String,
    pub(super) change: Change,
    pub(super) price: i64,
    /// Money that another registrar got back.
    pub(super) refund: Option<(String, i64)>,
}

impl<'a> Turn<'a> {
    pub(super) const fn new(
        world: &'a mut World,
        config: &'a Config,
        caller: &'a str,
        now: Moment,
        transaction: u64,
    ) -> Self {
        Self {
            world,
            config,
            caller,
            now,
            transaction,
            object: String::new(),
            change: Change::None,
            price: 0,
            refund: None,
        }
    }

    /// The line of the ledger about this command.
    pub(super) fn entry(self, connection: Option<ConnectionId>, command: &str, code: u16) -> Entry {
        Entry {
            transaction: self.transaction,
            when: self.now.instant,
            connection,
            registrar: self.caller.to_owned(),
            command: command.to_owned(),
            object: self.object,
            code,
            change: self.change,
            price: self.price,
        }
    }

    pub(super) const fn stamp(&self) -> Stamp {
        self.now.stamp
    }

    /// What the command did, for the ledger.
    pub(super) const fn did(&mut self, change: Change) {
        self.change = change;
    }

    /// Whether the caller has this much; if not, 546.
    pub(super) fn afford(&self, cents: i64) -> Result<(), Answer> {
        let balance = self.world.accounts.get(self.caller).map_or(0, |account| account.registrar.balance);
        if cents > 0 && balance < cents { refuse(546) } else { Ok(()) }
    }

    /// Takes this much off the caller's account; negative: gives it back.
    pub(super) fn bill(&mut self, cents: i64) {
        self.price = self.price.saturating_add(cents);
        self.book(self.caller, cents);
    }

    /// Takes this much off somebody's account; negative: gives it back.
    pub(super) fn book(&mut self, registrar: &str, cents: i64) {
        if cents != 0 {
            let (registrar, object) = (registrar.to_owned(), self.object.clone());
            self.world.book(Booking { registrar, when: self.now.stamp, object, cents });
        }
    }

    /// The canonical form of a name that can be registered here. `bad_encoding` is the code for a bad ASCII-compatible
    /// encoding: 510 where RFC 3632 §2.1 has it.
    pub(super) fn domain_name(&mut self, text: &str, bad_encoding: u16) -> Result<String, Answer> {
        if self.config.dialect == Dialect::Rfc && !text.is_ascii() {
            return refuse(505);
        }
        let name = DomainName::new(text).map_err(|_| Answer::new(505))?.as_str().to_owned();
        if !encoding::is_valid(&name) {
            return refuse(bad_encoding);
        }
        self.object.clone_from(&name);
        // §7, `sldn`: two labels.
        let deep = self.config.dialect == Dialect::Rfc && name.matches('.').count() > 1;
        match self.registrable(&name) {
            Some(registrable) if registrable == name && !deep => Ok(name),
            _ => refuse(541),
        }
    }

    /// The canonical form of the name of a host.
    pub(super) fn host_name(&self, text: &str, bad_encoding: u16) -> Result<String, Answer> {
        if self.config.dialect == Dialect::Rfc && !text.is_ascii() {
            return refuse(505);
        }
        let name = HostName::new(text).map_err(|_| Answer::new(505))?.as_str().to_owned();
        if encoding::is_valid(&name) { Ok(name) } else { refuse(bad_encoding) }
    }

    /// The domain of one of our zones that a name is or lies below; `None`: it is of another registry.
    pub(super) fn registrable<'n>(&self, name: &'n str) -> Option<&'n str> {
        let zones = self.config.zones.iter();
        let under = |zone: &String| Some(name.strip_suffix(zone.as_str())?.strip_suffix('.')?.len());
        // The longest zone leaves the shortest rest.
        let rest = zones.filter_map(under).min()?;
        let begin = name.get(..rest)?.rfind('.').map_or(0, |dot| dot.saturating_add(1));
        name.get(begin..)
    }

    /// A domain of the caller's: 545 if there is none, 531 if it is another's.
    pub(super) fn own_domain(&mut self, name: &str) -> Result<&mut Domain, Answer> {
        match self.world.domains.get_mut(name) {
            None => refuse(545),
            Some(domain) if domain.registrar != self.caller => refuse(531),
            Some(domain) => Ok(domain),
        }
    }

    /// A name server of the caller's: 545 if there is none, 531 if it is another's.
    pub(super) fn own_host(&mut self, name: &str) -> Result<&mut NameServer, Answer> {
        match self.world.name_servers.get_mut(name) {
            None => refuse(545),
            Some(host) if host.registrar != self.caller => refuse(531),
            Some(host) => Ok(host),
        }
    }

    /// The hosts of a new list of name servers: each must be known, none twice, not too many.
    pub(super) fn known_hosts<'t>(
        &self,
        texts: impl IntoIterator<Item = &'t str>,
    ) -> Result<Vec<String>, Answer> {
        let mut hosts = Vec::new();
        for (count, text) in texts.into_iter().enumerate() {
            if count >= MAX_HOSTS {
                return refuse(541);
            }
            let host = self.host_name(text, 541)?;
            if hosts.contains(&host) {
                return refuse(540);
            }
            // Hosts of other registries need no entry of ours (§4.3.1.1: MAY).
            if self.registrable(&host).is_some() && !self.world.name_servers.contains_key(&host) {
                return refuse(545);
            }
            hosts.push(host);
        }
        Ok(hosts)
    }

    /// Registers a domain whose name is free, and bills it.
    pub(super) fn register(&mut self, name: &str, years: i32, hosts: Vec<String>) -> &mut Domain {
        let now = self.stamp();
        let price = self.config.prices.add.saturating_mul(i64::from(years));
        self.bill(price);
        self.did(Change::Created);
        let mut domain = Domain::new(name, self.caller, now, now.years_later(years));
        domain.name_servers = hosts;
        domain.paid = price;
        domain.roid = format!("{}_DOMAIN-SIM", self.world.next_id());
        domain.auth = Secret::new(self.world.random.word(12));
        let entry = self.world.domains.entry(name.to_owned());
        entry.insert_entry(domain).into_mut()
    }

    /// Renews a domain of the caller's, guarded by its year of expiry or not, and returns when it expires then.
    pub(super) fn renew(&mut self, name: &str, years: i32, guard: Option<i64>) -> Result<Stamp, Answer> {
        let now = self.stamp();
        let window = self.config.renewal_window;
        let price = self.config.prices.renew.saturating_mul(i64::from(years));
        let domain = self.own_domain(name)?;
        if let Some(guard) = guard.filter(|guard| *guard != domain.expires.year()) {
            return if domain.renewals.contains(&(guard, years)) {
                refuse(555)
            } else {
                Err(Answer::new(541).detail("does not match expiration"))
            };
        }
        if domain.transfer.is_some() {
            return refuse(553);
        }
        let notify =
            domain.statuses.iter().any(|status| status.eq_ignore_ascii_case("registry-delete-notify"));
        if notify || domain.deleted.is_some() || domain.forbids("renew") {
            return refuse(552);
        }
        if window.is_some_and(|window| domain.expires.since(now) > window) {
            return refuse(548);
        }
        let expires = domain.expires.years_later(years);
        if expires > now.years_later(MAX_YEARS) {
            return refuse(556);
        }
        self.afford(price)?;
        self.bill(price);
        self.did(Change::Renewed);
        let caller = self.caller;
        let domain = self.own_domain(name)?;
        domain.expires = expires;
        domain.touch(caller, now);
        domain.renewals.extend(guard.map(|guard| (guard, years)));
        Ok(expires)
    }

    /// Puts a job into the queue and returns its id.
    pub(super) fn later(&mut self, delay: Duration, job: impl FnOnce(u64) -> Job) -> u64 {
        let id = self.world.next_id();
        if let Some(when) = self.now.instant.checked_add(delay) {
            self.world.jobs.insert((when, id), job(id));
        }
        id
    }
}

/// A refusal with the text of the table.
pub(super) fn refuse<T>(code: u16) -> Result<T, Answer> {
    Err(Answer::new(code))
}

/// A period: 505 if it is no number of one or two digits, `outside` if it is none of 1 to 10 years.
pub(super) fn period(text: &str, outside: u16) -> Result<i32, Answer> {
    let digits = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(0) => refuse(505),
        Ok(years) if digits && (1..=MAX_YEARS).contains(&years) => Ok(years),
        Ok(_) if digits => refuse(outside),
        _ => refuse(505),
    }
}
