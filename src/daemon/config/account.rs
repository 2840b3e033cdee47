//! One account at a registry, as it is configured.

use core::net::IpAddr;
use core::ops::{Range, RangeInclusive};
use core::str::FromStr;
use core::time::Duration;
use std::path::Path;

use toml::Spanned;

use super::error::ConfigError;
use super::raw;
use super::reader::{Reader, Sources};
use super::told::{Part, Section};
use super::value::{self, Scalar};
use super::{Account, DoubtAnswer, Environment, Journal};
use crate::client::Builder;
use crate::command::{Dialect, Session as Login};
use crate::net::{Endpoint, Family};
use crate::pace::Rate;
use crate::session::{self, Deadlines, Keepalive, Wait};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);
/// From one second to an hour.
const STAGE: RangeInclusive<Duration> = SECOND..=HOUR;

/// So long a reply is held while a doubt is being settled: half of what mregd's clients wait.
const SETTLE_WAIT: Duration = Duration::from_secs(45);
/// So long an outcome is kept that could not be delivered.
const UNDELIVERED: Duration = Duration::from_secs(900);

/// An account, and what else was found out about it.
pub(super) struct Read {
    pub(super) account: Account,
    pub(super) section: Section,
    /// If whoever answers is believed, beyond this machine.
    pub(super) unverified: Option<super::Unverified>,
}

pub(super) fn read(
    reader: &mut Reader<'_>,
    name: &str,
    said: &Spanned<raw::Account>,
) -> Result<Read, ConfigError> {
    let whole = said.span();
    let raw = said.get_ref();
    let mut section = Section::new(Part::Account(name.into()));
    if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
        return Err(reader.error(&whole, "the name of an account is a text of 1 to 64 bytes"));
    }
    let Some(server) = &raw.server else {
        return Err(reader.error(&whole, format!("`server` of account `{}` is missing", name.escape_debug())));
    };
    let endpoint: Endpoint = parsed(reader, "server", server)?;
    section.text("server", &endpoint.to_string());
    let environment = environment(reader, &endpoint, raw, server)?;
    section.text("environment", environment.as_str());
    let session = session(reader, &mut section, name, raw, &whole)?;
    let upstream = super::upstream::read(reader, &mut section, name, raw, &endpoint, server)?;
    let sessions = match &raw.sessions {
        None => 0..=5,
        Some(said) => reader.understood("sessions", said, value::sessions(said.get_ref()))?,
    };
    section.plain("sessions", format!("[{}, {}]", sessions.start(), sessions.end()));
    let rate = rate(reader, &mut section, raw)?;
    let journal = journal(reader, &mut section, name, raw, &whole)?;
    let lock = match &raw.lock {
        None => None,
        Some(said) => {
            let path = reader.path_of("lock", said)?;
            section.text("lock", &path.to_string_lossy());
            Some(path)
        }
    };
    let settle_wait =
        reader.time(&mut section, "settle-wait", &raw.settle_wait, SETTLE_WAIT, Duration::ZERO..=HOUR)?;
    let answers = [("code", DoubtAnswer::Code), ("close", DoubtAnswer::Close)];
    let doubt_answer =
        reader.choice(&mut section, "doubt-answer", &raw.doubt_answer, &answers, DoubtAnswer::Code)?;
    let undelivered =
        reader.time(&mut section, "undelivered", &raw.undelivered, UNDELIVERED, Duration::ZERO..=DAY)?;
    let close_as_mregd = raw.close_as_mregd.as_ref().is_some_and(|said| *said.get_ref());
    section.plain("close-as-mregd", close_as_mregd);
    let deadline = |section: &mut Section, key, said: &raw::Said<Scalar>, otherwise| {
        reader.time(section, key, said, otherwise, SECOND..=WEEK)
    };
    let query_deadline =
        deadline(&mut section, "query-deadline", &raw.query_deadline, Builder::QUERY_DEADLINE)?;
    let change_deadline =
        deadline(&mut section, "change-deadline", &raw.change_deadline, Builder::CHANGE_DEADLINE)?;
    let bulk_deadline = deadline(&mut section, "bulk-deadline", &raw.bulk_deadline, Builder::BULK_DEADLINE)?;
    let keepalive = reader.optional_time("keepalive", &raw.keepalive, SECOND..=DAY)?;
    if let Some(after) = keepalive {
        section.text("keepalive", &value::shown(after));
    }
    let negatives = negatives(reader, &mut section, raw)?;
    let account = Account {
        name: name.into(),
        endpoint,
        environment,
        connector: upstream.connector,
        session,
        sessions,
        rate,
        journal,
        lock,
        settle_wait,
        doubt_answer,
        undelivered,
        close_as_mregd,
        query_deadline,
        change_deadline,
        bulk_deadline,
        keepalive,
        negatives,
    };
    Ok(Read { account, section, unverified: upstream.unverified })
}

/// A value that has a syntax of its own.
pub(super) fn parsed<T>(reader: &Reader<'_>, key: &str, said: &Spanned<String>) -> Result<T, ConfigError>
where
    T: FromStr<Err: core::error::Error + Send + Sync + 'static>,
{
    said.get_ref().parse().map_err(|error: T::Err| {
        let shown = said.get_ref().escape_debug();
        reader.error(&said.span(), format!("`{key}`: `{shown}`")).because(error)
    })
}

fn environment(
    reader: &Reader<'_>,
    endpoint: &Endpoint,
    raw: &raw::Account,
    server: &Spanned<String>,
) -> Result<Environment, ConfigError> {
    let (known, loopback) = (Environment::known(endpoint), Environment::is_loopback(endpoint));
    let Some(said) = &raw.environment else {
        if loopback {
            return Ok(Environment::Simulated);
        }
        let suggestion = known.map_or("ote\" or \"production", Environment::as_str);
        let what =
            format!("`{}` needs `environment = \"{suggestion}\"`: whether money is spent", endpoint.host());
        return Err(reader.error(&server.span(), what));
    };
    let wanted = if loopback { "`ote`, `production` or `simulated`" } else { "`ote` or `production`" };
    let stated = Environment::stated(said.get_ref())
        .filter(|stated| loopback || *stated != Environment::Simulated)
        .ok_or_else(|| reader.wrong("environment", said, &format!("is not {wanted}")))?;
    match known {
        Some(known) if known != stated => {
            let what = format!("`environment` says {stated}, and `{}` is {known}", endpoint.host());
            Err(reader.error(&said.span(), what).hint("name the host that you mean"))
        }
        _ => Ok(stated),
    }
}

/// Who logs in, and how long everything may take.
fn session(
    reader: &mut Reader<'_>,
    section: &mut Section,
    name: &str,
    raw: &raw::Account,
    whole: &Range<usize>,
) -> Result<session::Config, ConfigError> {
    let shown = name.escape_debug();
    let Some(login) = &raw.login else {
        return Err(reader.error(whole, format!("`login` of account `{shown}` is missing: who logs in")));
    };
    section.text("login", login.get_ref());
    let sources = Sources {
        file: &raw.password_file,
        credential: &raw.password_credential,
        variable: &raw.password_env,
    };
    let Some(password) = reader.password(section, &sources)? else {
        return Err(reader
            .error(whole, format!("account `{shown}` has no password"))
            .hint("`password-file`, `password-credential` or `password-env` says where it is"));
    };
    let login = Login::login(login.get_ref(), password)
        .map_err(|error| reader.error(&login.span(), "`login`: this cannot log in").because(error))?;
    let dialects = [("xrrp", Dialect::Xrrp), ("rfc", Dialect::Rfc)];
    let dialect = reader.choice(section, "dialect", &raw.dialect, &dialects, Dialect::Xrrp)?;
    let commands = [("describe", Keepalive::Describe), ("ptf-describe", Keepalive::PtfDescribe)];
    let keepalive = reader.choice(
        section,
        "keepalive-command",
        &raw.keepalive_command,
        &commands,
        Keepalive::Describe,
    )?;
    let mut deadlines = Deadlines::DEFAULT;
    if let Some(timeout) = reader.optional_time("timeout", &raw.timeout, STAGE)? {
        deadlines =
            deadlines.with_greeting(timeout).with_login(timeout).with_query(Wait::new(timeout, timeout));
    }
    let change = reader.time(
        section,
        "change-timeout",
        &raw.change_timeout,
        deadlines.change().whole(),
        Duration::from_secs(10)..=HOUR,
    )?;
    if let Some(said) = raw.change_timeout.as_ref().filter(|_| change < Duration::from_secs(120)) {
        reader
            .warn(&said.span(), "`change-timeout` under two minutes makes doubts: registries work that long");
    }
    Ok(session::Config::new(login)
        .dialect(dialect)
        .keepalive(keepalive)
        .deadlines(deadlines.with_change(Wait::new(change, change))))
}

fn rate(reader: &Reader<'_>, section: &mut Section, raw: &raw::Account) -> Result<Rate, ConfigError> {
    let rate = match &raw.rate {
        None => Rate::PER_SECOND,
        Some(said) => reader.understood("rate", said, value::rate(said.get_ref()))?,
    };
    match raw.rate.as_ref().map(Spanned::get_ref) {
        None => section.plain("rate", 1),
        Some(Scalar::Integer(number)) => section.plain("rate", number),
        Some(Scalar::Float(number)) => section.plain("rate", format!("{number:?}")),
        Some(Scalar::Text(text)) => section.text("rate", text),
    }
    let delay = reader.time(
        section,
        "rate-delay",
        &raw.rate_delay,
        Rate::ALLOWED_DELAY,
        Duration::ZERO..=Duration::from_secs(60),
    )?;
    Ok(rate.allowing_delay(delay))
}

fn journal(
    reader: &mut Reader<'_>,
    section: &mut Section,
    name: &str,
    raw: &raw::Account,
    whole: &Range<usize>,
) -> Result<Journal, ConfigError> {
    let shown = name.escape_debug();
    let Some(said) = &raw.journal else {
        let what = format!(
            "account `{shown}` has no `journal`: its writes are refused; name a file, or say `journal = \"memory\"`"
        );
        reader.warn(whole, &what);
        return Ok(Journal::None);
    };
    if said.get_ref() == "memory" {
        section.text("journal", "memory");
        let what = format!(
            "`journal = \"memory\"`: a crash forgets which writes of account `{shown}` were under way, and they may \
             be executed twice"
        );
        reader.warn(&said.span(), &what);
        return Ok(Journal::Memory);
    }
    let path = reader.path_of("journal", said)?;
    if ["/tmp", "/run", "/var/run", "/dev/shm"].iter().any(|volatile| path.starts_with(Path::new(volatile))) {
        let what = "`journal` is where nothing survives a restart of this machine: put it under /var/lib";
        reader.warn(&said.span(), what);
    }
    section.text("journal", &path.to_string_lossy());
    Ok(Journal::File(path))
}

fn negatives(
    reader: &Reader<'_>,
    section: &mut Section,
    raw: &raw::Account,
) -> Result<Option<(Duration, Duration, Duration)>, ConfigError> {
    let Some(said) = &raw.negatives else { return Ok(None) };
    let [loss, reply, again] = said.get_ref().as_slice() else {
        let what = "`negatives` is not three times: after a loss, after a reply, and again";
        return Err(reader.error(&said.span(), what));
    };
    let time =
        |scalar| reader.understood("negatives", said, value::duration(scalar, &(Duration::ZERO..=HOUR)));
    let (loss, reply, again) = (time(loss)?, time(reply)?, time(again)?);
    section.list("negatives", [loss, reply, again].map(value::shown).iter().map(String::as_str));
    Ok(Some((loss, reply, again)))
}

/// The addresses to connect from: one of each family at the most.
pub(super) fn sources(reader: &Reader<'_>, raw: &raw::Account) -> Result<Vec<IpAddr>, ConfigError> {
    let mut found: Vec<IpAddr> = Vec::new();
    for said in raw.source.iter().flatten() {
        let address: IpAddr = parsed(reader, "source", said)?;
        if found.iter().any(|other| Family::of(*other) == Family::of(address)) {
            let what = format!("`source`: more than one {} address", Family::of(address));
            return Err(reader.error(&said.span(), what));
        }
        found.push(address);
    }
    Ok(found)
}
