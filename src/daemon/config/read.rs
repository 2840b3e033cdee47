//! From a text to a configuration.

use core::net::SocketAddr;
use core::ops::RangeInclusive;
use core::time::Duration;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::account::{self, parsed};
use super::error::{ConfigError, Place};
use super::reader::Reader;
use super::surroundings::Surroundings;
use super::told::{Change, Part, Section, Told};
use super::{Admin, Config, Limits, Listen, Log, LogFormat, Notes, UnixSocket, raw, user, value};
use crate::secret::is_secret_name;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// What a write may still take when a daemon is told to end, and something to spare.
const DRAIN: Duration = Duration::from_secs(200);

impl Config {
    /// Reads a file. Relative paths in it are meant from its directory.
    ///
    /// # Errors
    /// [`ConfigError`] if it cannot be read, or is not a configuration.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let name = path.to_string_lossy();
        let surroundings = Surroundings::system();
        let whole = |what: &str| ConfigError::new(&name, Place::Whole, what);
        let content = surroundings.read(path).map_err(|error| whole("it cannot be read").because(error))?;
        let text = core::str::from_utf8(&content).map_err(|error| whole("it is not UTF-8").because(error))?;
        Self::parse(text, &name, &surroundings)
    }

    /// Reads a text: TOML. `name` is the path of its file, whose directory relative paths in it are meant from; what it
    /// refers to is taken from its surroundings.
    ///
    /// Keys are written with `-`; `_` in its place is taken too. There is no interpolation of variables.
    ///
    /// # Errors
    /// [`ConfigError`] if it is not a configuration, or something that it refers to cannot be read.
    pub fn parse(text: &str, name: &str, surroundings: &Surroundings) -> Result<Self, ConfigError> {
        Self::parse_from(text, name, surroundings, None)
    }

    /// The same of a text that was made from something else: for each line, where that stands.
    pub(super) fn parse_from(
        text: &str,
        name: &str,
        surroundings: &Surroundings,
        places: Option<&[Place]>,
    ) -> Result<Self, ConfigError> {
        let moved = |place: Place| match (&place, places) {
            (Place::At { line, .. }, Some(places)) => {
                line.checked_sub(1).and_then(|at| places.get(at)).cloned().unwrap_or(Place::Whole)
            }
            _ => place,
        };
        let mut config =
            Self::parse_here(text, name, surroundings, &moved).map_err(|error| error.moved(&moved))?;
        for unverified in &mut config.notes.unverified {
            unverified.moved(&moved);
        }
        Ok(config)
    }

    fn parse_here(
        text: &str,
        name: &str,
        surroundings: &Surroundings,
        moved: &dyn Fn(Place) -> Place,
    ) -> Result<Self, ConfigError> {
        let raw = raw(text, name)?;
        let mut reader = Reader::new(name, text, surroundings);
        let mut told = Told::default();
        let mut daemon = Section::new(Part::Daemon);
        let drain = reader.time(&mut daemon, "drain", &raw.drain, DRAIN, SECOND..=DAY)?;
        told.push(daemon);
        let log = log(&reader, &mut told, &raw.log)?;
        let admin = admin(&reader, &mut told, raw.admin.as_ref())?;
        let metrics = metrics(&reader, &mut told, raw.metrics.as_ref())?;
        let limits = limits(&reader, &mut told, &raw.limits)?;
        let listen = listen(&mut reader, &mut told, &raw.listen)?;
        let (mut accounts, mut unverified) = (BTreeMap::<Box<str>, _>::new(), Vec::new());
        for (name, said) in in_order(&raw.account) {
            let read = account::read(&mut reader, name, said)?;
            told.push(read.section);
            unverified.extend(read.unverified);
            let change = read.account.session.change_wait();
            if drain < change {
                let span = raw.drain.as_ref().map_or_else(|| said.span(), Spanned::span);
                let what = format!(
                    "`drain` is shorter than the {} for which the answer to a write is awaited: what is cut off is in doubt",
                    value::shown(change)
                );
                reader.warn(&span, &what);
            }
            accounts.insert(Box::from(name), Arc::new(read.account));
        }
        if accounts.is_empty() {
            let what = "there is no account: `[account.NAME]` with `server` and `login`";
            return Err(ConfigError::new(reader.name, Place::Whole, what));
        }
        let names: Vec<&str> = accounts.keys().map(AsRef::as_ref).collect();
        let mut users = BTreeMap::new();
        for (name, said) in in_order(&raw.user) {
            let (user, section) = user::read(&mut reader, name, said, &names)?;
            told.push(section);
            users.insert(Box::from(name), Arc::new(user));
        }
        if users.is_empty() {
            reader.warn(&(0..0), "there is no `[user.NAME]`: nobody can log in");
        }
        let warning = |(place, what)| {
            let mut line = String::new();
            let _ = moved(place).write(name, &mut line);
            format!("{line}: {what}")
        };
        let warnings = reader.warnings.into_iter().map(warning).collect();
        let notes = Notes { unverified, warnings, told };
        Ok(Self { accounts, users, listen, admin, metrics, log, limits, drain, notes })
    }

    /// What is allowed and should be known: each with the file and the line.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.notes.warnings
    }

    /// All settings, those that were left out too, as TOML. Secrets are not in it, but where they are.
    #[must_use]
    pub fn show(&self) -> String {
        self.notes.told.toml()
    }

    /// What is different in a newer configuration.
    #[must_use]
    pub fn changes(&self, new: &Self) -> Vec<Change> {
        self.notes.told.changes(&new.notes.told)
    }

    /// What is logged, and how.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// The names of the accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.accounts.keys().map(|name| &**name)
    }

    /// The names of the users.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.users.keys().map(|name| &**name)
    }
}

/// As they stand in the file.
fn in_order<T>(all: &BTreeMap<String, Spanned<T>>) -> Vec<(&str, &Spanned<T>)> {
    let mut all: Vec<_> = all.iter().map(|(name, said)| (name.as_str(), said)).collect();
    all.sort_by_key(|(_, said)| said.span().start);
    all
}

fn raw(text: &str, name: &str) -> Result<raw::Daemon, ConfigError> {
    let broken = |error: toml::de::Error| broken(text, name, &error);
    let mut table = DeTable::parse(text).map_err(broken)?;
    dashes(table.get_mut(), true)
        .map_err(|(key, span)| ConfigError::at(name, text, &span, format!("`{key}` is said twice")))?;
    raw::Daemon::deserialize(toml::de::Deserializer::from(table)).map_err(broken)
}

/// Writes `-` for `_` in keys that are settings, and leaves the names of accounts and users alone.
fn dashes(table: &mut DeTable<'_>, top: bool) -> Result<(), (String, core::ops::Range<usize>)> {
    for (key, mut value) in core::mem::take(table) {
        let span = key.span();
        let dashed = key.get_ref().replace('_', "-");
        let named = top && matches!(dashed.as_str(), "account" | "user");
        match value.get_mut() {
            DeValue::Table(inner) if named => {
                for (_, one) in inner.iter_mut() {
                    if let DeValue::Table(one) = one.get_mut() {
                        dashes(one, false)?;
                    }
                }
            }
            DeValue::Table(inner) => dashes(inner, false)?,
            DeValue::Array(all) => {
                for one in all.iter_mut() {
                    if let DeValue::Table(one) = one.get_mut() {
                        dashes(one, false)?;
                    }
                }
            }
            _ => {}
        }
        if let Some(other) = table.insert(Spanned::new(span.clone(), dashed.clone().into()), value) {
            // The later one is one too many.
            let span = if other.span().start > span.start { other.span() } else { span };
            return Err((dashed.escape_debug().to_string(), span));
        }
    }
    Ok(())
}

/// What the reader of TOML found, without the line, which may hold what must not be shown.
fn broken(text: &str, name: &str, error: &toml::de::Error) -> ConfigError {
    let span = error.span().unwrap_or(0..0);
    let message = tame(error.message());
    let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    match unknown {
        Some(key) if is_secret_name(key) => {
            let what = format!("`{}` does not belong here", key.escape_debug());
            ConfigError::at(name, text, &span, what).hint(
                "`password-file`, `password-credential` or `password-env` says where a password is; a user may have a \
                 `password-hash`",
            )
        }
        _ => ConfigError::at(name, text, &span, message),
    }
}

/// Without the value that it is about, and in one line.
fn tame(message: &str) -> String {
    let line: Vec<&str> = message.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let line = line.join(", ").replace(|c: char| c.is_control(), " ");
    let cut = line.find("string \"").zip(line.rfind("\", expected"));
    match cut.and_then(|(from, to)| line.get(..from).zip(line.get(to..))) {
        Some((before, after)) => format!("{before}a text{}", after.trim_start_matches('"')),
        None => line,
    }
}

fn log(reader: &Reader<'_>, told: &mut Told, raw: &raw::Log) -> Result<Log, ConfigError> {
    let mut section = Section::new(Part::Log);
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json), ("mregd", LogFormat::Mregd)];
    let format = reader.choice(&mut section, "format", &raw.format, &formats, LogFormat::Text)?;
    let levels = [
        ("error", tracing::Level::ERROR),
        ("warn", tracing::Level::WARN),
        ("info", tracing::Level::INFO),
        ("debug", tracing::Level::DEBUG),
        ("trace", tracing::Level::TRACE),
    ];
    let level = reader.choice(&mut section, "level", &raw.level, &levels, tracing::Level::INFO)?;
    let file = match &raw.file {
        None => None,
        Some(said) => {
            let path = reader.path_of("file", said)?;
            section.text("file", &path.to_string_lossy());
            Some(path)
        }
    };
    told.push(section);
    Ok(Log { format, level, file })
}

fn admin(
    reader: &Reader<'_>,
    told: &mut Told,
    raw: Option<&Spanned<raw::Admin>>,
) -> Result<Option<Admin>, ConfigError> {
    let Some(raw) = raw.map(Spanned::get_ref) else { return Ok(None) };
    let mut section = Section::new(Part::Admin);
    let socket = reader.path_of("socket", &raw.socket)?;
    section.text("socket", &socket.to_string_lossy());
    let who = |section: &mut Section, key: &'static str, said: &raw::List| {
        let mut names: Vec<Box<str>> = Vec::new();
        for said in said.iter().flatten() {
            let name = said.get_ref();
            if name.is_empty() || name == "@" || name.chars().any(|c| c.is_control() || c == ':') {
                return Err(reader.wrong(key, said, "is no user, and no `@group`"));
            }
            names.push(name.as_str().into());
        }
        section.list(key, names.iter().map(|name| &**name));
        Ok(names)
    };
    let read_write = who(&mut section, "read-write", &raw.read_write)?;
    let read_only = who(&mut section, "read-only", &raw.read_only)?;
    told.push(section);
    Ok(Some(Admin { socket, read_write, read_only }))
}

fn metrics(
    reader: &Reader<'_>,
    told: &mut Told,
    raw: Option<&Spanned<raw::Metrics>>,
) -> Result<Option<SocketAddr>, ConfigError> {
    let Some(raw) = raw.map(Spanned::get_ref) else { return Ok(None) };
    let address = address(reader, "listen", &raw.listen)?;
    if !address.ip().to_canonical().is_loopback() {
        let what = "is not on this machine: metrics are told to loopback only";
        return Err(reader.wrong("listen", &raw.listen, what));
    }
    let mut section = Section::new(Part::Metrics);
    section.text("listen", &address.to_string());
    told.push(section);
    Ok(Some(address))
}

/// An address and a port; `localhost` is 127.0.0.1.
fn address(reader: &Reader<'_>, key: &str, said: &Spanned<String>) -> Result<SocketAddr, ConfigError> {
    if let Some(port) = said.get_ref().strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    }
    parsed(reader, key, said)
}

fn limits(reader: &Reader<'_>, told: &mut Told, raw: &raw::Limits) -> Result<Limits, ConfigError> {
    const COUNT: RangeInclusive<usize> = 1..=1_000_000;
    const BYTES: RangeInclusive<usize> = 1_024..=1_073_741_824;
    let (usual, section) = (Limits::DEFAULT, &mut Section::new(Part::Limits));
    let time = SECOND..=HOUR;
    let limits = Limits {
        connections: reader.number(section, "connections", &raw.connections, usual.connections, COUNT)?,
        connections_per_user: reader.number(
            section,
            "connections-per-user",
            &raw.connections_per_user,
            usual.connections_per_user,
            COUNT,
        )?,
        line: reader.number(section, "line", &raw.line, usual.line, BYTES)?,
        request: reader.number(section, "request", &raw.request, usual.request, BYTES)?,
        lines: reader.number(section, "lines", &raw.lines, usual.lines, 10..=1_000_000)?,
        unfinished: reader.number(section, "unfinished", &raw.unfinished, usual.unfinished, BYTES)?,
        login_time: reader.time(section, "login-time", &raw.login_time, usual.login_time, time.clone())?,
        request_time: reader.time(
            section,
            "request-time",
            &raw.request_time,
            usual.request_time,
            time.clone(),
        )?,
        write_time: reader.time(section, "write-time", &raw.write_time, usual.write_time, time)?,
        logins: reader.number(section, "logins", &raw.logins, usual.logins, 1..=64)?,
    };
    let within = [
        (&raw.line, "line", limits.line, "request", limits.request),
        (&raw.request, "request", limits.request, "unfinished", limits.unfinished),
    ];
    for (said, key, size, other, most) in within {
        if size > most {
            let span = said.as_ref().map_or(0..0, Spanned::span);
            return Err(reader.error(&span, format!("`{key}` is larger than `{other}`, which is {most}")));
        }
    }
    told.push(core::mem::replace(section, Section::new(Part::Limits)));
    Ok(limits)
}

fn listen(
    reader: &mut Reader<'_>,
    told: &mut Told,
    all: &[Spanned<raw::Listen>],
) -> Result<Vec<Listen>, ConfigError> {
    let mut found: Vec<Listen> = Vec::new();
    for said in all {
        let raw = said.get_ref();
        let (one, section) = match (&raw.unix, &raw.tcp) {
            (Some(path), None) => unix(reader, path, raw)?,
            (None, Some(tcp)) => {
                let others = [
                    ("mode", raw.mode.as_ref().map(Spanned::span)),
                    ("owner", raw.owner.as_ref().map(Spanned::span)),
                    ("group", raw.group.as_ref().map(Spanned::span)),
                ];
                if let Some((key, span)) =
                    others.into_iter().find_map(|(key, span)| span.map(|span| (key, span)))
                {
                    return Err(reader.error(&span, format!("`{key}` is for sockets with a path")));
                }
                let address = address(reader, "tcp", tcp)?;
                if !address.ip().to_canonical().is_loopback() {
                    let what =
                        "`tcp` beyond this machine: passwords and commands of local clients go unencrypted";
                    reader.warn(&tcp.span(), what);
                }
                let mut section = Section::new(Part::Listen(format!("tcp:{address}").into()));
                section.text("tcp", &address.to_string());
                (Listen::Tcp(address), section)
            }
            _ => {
                let what = "`[[listen]]` has either `unix`, a path, or `tcp`, an address with a port";
                return Err(reader.error(&said.span(), what));
            }
        };
        let same = |other: &Listen| match (other, &one) {
            (Listen::Unix(other), Listen::Unix(one)) => other.path == one.path,
            (Listen::Tcp(other), Listen::Tcp(one)) => other == one && one.port() != 0,
            _ => false,
        };
        if found.iter().any(same) {
            return Err(reader.error(&said.span(), "this is listened to already"));
        }
        found.push(one);
        told.push(section);
    }
    if found.is_empty() {
        reader.warn(
            &(0..0),
            "there is no `[[listen]]`: only sockets that the service manager hands over are served",
        );
    }
    Ok(found)
}

fn unix(
    reader: &Reader<'_>,
    path: &Spanned<String>,
    raw: &raw::Listen,
) -> Result<(Listen, Section), ConfigError> {
    /// As long as the name of a socket may be, with its end.
    const LONGEST: usize = 107;
    let socket = reader.path_of("unix", path)?;
    let shown = socket.to_string_lossy().into_owned();
    if shown.len() > LONGEST {
        return Err(reader.error(&path.span(), format!("`unix` is longer than {LONGEST} bytes")));
    }
    let mut section = Section::new(Part::Listen(format!("unix:{shown}").into()));
    section.text("unix", &shown);
    let mode = match &raw.mode {
        None => 0o660,
        Some(said) => reader.understood("mode", said, value::mode(said.get_ref()))?,
    };
    section.text("mode", &format!("{mode:04o}"));
    let mut who = |key: &'static str, said: &raw::Said<String>| -> Result<Option<Box<str>>, ConfigError> {
        let Some(said) = said else { return Ok(None) };
        if said.get_ref().is_empty() || said.get_ref().chars().any(|c| c.is_control() || c == ':') {
            return Err(reader.wrong(key, said, "is no name and no number"));
        }
        section.text(key, said.get_ref());
        Ok(Some(said.get_ref().as_str().into()))
    };
    let (owner, group) = (who("owner", &raw.owner)?, who("group", &raw.group)?);
    Ok((Listen::Unix(UnixSocket { path: socket, mode, owner, group }), section))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_the_reader_never_shows_a_value() {
        let told = tame("invalid type: string \"hunter2\", expected a boolean");
        assert_eq!(told, "invalid type: a text, expected a boolean");
        assert_eq!(tame("unknown field `x`,\n expected `y`"), "unknown field `x`,, expected `y`");
    }
}
