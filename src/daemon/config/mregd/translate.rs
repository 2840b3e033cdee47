//! From the settings of mregd to TOML.

use super::super::Environment;
use super::super::error::{ConfigError, Place};
use super::super::surroundings::Surroundings;
use super::super::told::{key, quoted};
use super::settings::{Said, Settings};
use super::wrong;
use crate::net::Endpoint;

/// What mregd listens to if nothing is said.
const SOCKET: &str = "/tmp/mregd.service";
/// Where writes are recorded if nobody says so.
const JOURNAL: &str = "/var/lib/rrp/mregd.redb";
/// Sessions if nothing is said.
const MAX_SERVERS: usize = 2;

/// Where the passwords of a `mregd.conf` are to be put.
const REGISTRY_PASSWORD: &str = "/etc/rrp/registry.password";
const SOCKET_PASSWORD: &str = "/etc/rrp/socket.password";

/// What came of it.
pub(super) struct Translated {
    pub(super) toml: String,
    /// For each line, what it is from.
    pub(super) places: Vec<Place>,
    /// With the passwords in the files where they are to be put.
    pub(super) surroundings: Surroundings,
}

/// TOML, and where each of its lines is from.
#[derive(Default)]
struct Lines {
    toml: String,
    places: Vec<Place>,
}

impl Lines {
    fn push(&mut self, line: &str, place: &Place) {
        self.toml.push_str(line);
        self.toml.push('\n');
        self.places.push(place.clone());
    }

    fn text(&mut self, key: &str, value: &str, place: &Place) {
        self.push(&format!("{key} = {}", quoted(value)), place);
    }

    fn note(&mut self, comment: &str) {
        self.push(&format!("# {comment}"), &Place::Whole);
    }

    fn section(&mut self, header: &str, place: &Place) {
        if !self.toml.is_empty() {
            self.push("", &Place::Whole);
        }
        self.push(header, place);
    }
}

pub(super) fn translate(
    settings: &mut Settings,
    surroundings: &Surroundings,
) -> Result<Translated, ConfigError> {
    let mut lines = Lines::default();
    lines.note("What mregd was told, as `rrp serve` is.");
    let mut surroundings = surroundings.clone();
    log(settings, &mut lines)?;
    listen(settings, &mut lines)?;
    admin(settings, &mut lines, &surroundings)?;
    account(settings, &mut lines, &mut surroundings)?;
    user(settings, &mut lines, &mut surroundings)?;
    Ok(Translated { toml: lines.toml, places: lines.places, surroundings })
}

/// A number within bounds.
fn number(settings: &Settings, said: &Said, what: &str, most: usize) -> Result<usize, ConfigError> {
    said.text().parse().ok().filter(|number| *number <= most).ok_or_else(|| {
        wrong(&settings.name, &said.place, format!("`{what}` is not a number from 0 to {most}"))
    })
}

fn log(settings: &mut Settings, lines: &mut Lines) -> Result<(), ConfigError> {
    lines.section("[log]", &Place::Whole);
    lines.text("format", "mregd", &Place::Whole);
    if let Some(said) = settings.one("log_level") {
        let level = match number(settings, said, "log_level", 4)? {
            0 => "error",
            1 => "warn",
            4 => "debug",
            _ => "info",
        };
        lines.text("level", level, &said.place);
    }
    match settings.one("log_file") {
        Some(said) if said.text() == "Sys::Syslog" => {
            let place = said.place.clone();
            let what =
                "`log_file`: the log goes to standard error, which the service manager passes on to syslog";
            settings.warn(&place, what);
        }
        Some(said) => lines.text("file", said.text(), &said.place),
        None => {}
    }
    Ok(())
}

fn listen(settings: &mut Settings, lines: &mut Lines) -> Result<(), ConfigError> {
    let host = settings.one("host").map_or("*", Said::text).to_owned();
    let mut unix = Vec::new();
    for said in settings.all("port") {
        let (kind, at) = socket(settings, said, &host)?;
        lines.section("[[listen]]", &said.place);
        lines.text(kind, &at, &said.place);
        if kind == "unix" {
            unix.push(said.place.clone());
        }
        if kind == "unix" {
            open_to_all(lines, &said.place);
        }
    }
    if settings.all("port").is_empty() {
        lines.section("[[listen]]", &Place::Whole);
        lines.text("unix", SOCKET, &Place::Whole);
        open_to_all(lines, &Place::Whole);
        unix.push(Place::Whole);
    }
    for place in unix {
        let what = "every user of this machine can connect to the socket, as to that of a mregd that root has started: \
                    `mode = \"0660\"` and `group` keep others out";
        settings.warn(&place, what);
    }
    Ok(())
}

fn open_to_all(lines: &mut Lines, place: &Place) {
    lines.note("As mregd has it. `0660` with `group` lets fewer in.");
    lines.text("mode", "0666", place);
}

/// `host:port|tcp`, `PATH|unix`, and what Net::Server takes for the same.
fn socket(settings: &Settings, said: &Said, host: &str) -> Result<(&'static str, String), ConfigError> {
    let text = said.text();
    let refused = |what: &str| {
        let shown = text.escape_debug();
        Err(wrong(&settings.name, &said.place, format!("`port`: `{shown}` {what}")))
    };
    let (rest, kind) = match text.rsplit_once(['|', ',']) {
        Some((rest, kind)) => (rest, kind.to_ascii_lowercase()),
        None => match text.strip_suffix("/tcp") {
            Some(rest) => (rest, "tcp".to_owned()),
            None if text.starts_with('/') => (text, "unix".to_owned()),
            None => (text, "tcp".to_owned()),
        },
    };
    match kind.as_str() {
        "unix" if rest.is_empty() => refused("has no path"),
        "unix" => Ok(("unix", rest.to_owned())),
        "tcp" => {
            let (host, port) = rest.rsplit_once(':').unwrap_or((host, rest));
            if port.parse::<u16>().is_err() {
                return refused("has no port: write `host:port|tcp` or `PATH|unix`");
            }
            let host = match host {
                "localhost" => "127.0.0.1",
                "*" | "" => "0.0.0.0",
                host => host,
            };
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            match bare.parse::<core::net::IpAddr>() {
                Ok(core::net::IpAddr::V6(address)) => Ok(("tcp", format!("[{address}]:{port}"))),
                Ok(core::net::IpAddr::V4(address)) => Ok(("tcp", format!("{address}:{port}"))),
                Err(_) => refused("names a host: write its address"),
            }
        }
        _ => refused("is neither `host:port|tcp` nor `PATH|unix`"),
    }
}

fn account(
    settings: &mut Settings,
    lines: &mut Lines,
    surroundings: &mut Surroundings,
) -> Result<(), ConfigError> {
    let (host, port) = (settings.required("mregd_host")?, settings.required("mregd_port")?);
    let number_of_port = port.text().parse().unwrap_or(0);
    let endpoint = Endpoint::new(host.text(), number_of_port).map_err(|error| {
        let place = if number_of_port == 0 { &port.place } else { &host.place };
        wrong(&settings.name, place, "`mregd_host` and `mregd_port` are no endpoint").because(error)
    })?;
    lines.section("[account.mregd]", &Place::Whole);
    lines.text("server", &endpoint.to_string(), &host.place);
    let (place, known) = (host.place.clone(), Environment::known(&endpoint));
    match (variable(settings, surroundings, "RRP_ENVIRONMENT")?, known) {
        (Some(said), _) => lines.text("environment", said.text(), &said.place),
        (None, Some(known)) => lines.text("environment", known.as_str(), &place),
        (None, None) if Environment::is_loopback(&endpoint) => {}
        (None, None) => {
            let what = format!("whether money is spent at `{}` is not known", endpoint.host());
            return Err(
                wrong(&settings.name, &place, what).hint("set `RRP_ENVIRONMENT` to `ote` or `production`")
            );
        }
    }
    let login = settings.required("mregd_login")?;
    lines.text("login", login.text(), &login.place);
    password(settings, lines, surroundings, "mregd_password", REGISTRY_PASSWORD)?;
    tls(settings, lines, surroundings, &endpoint)?;
    sessions(settings, lines)?;
    lines.note("The limit of the account at the registry; mregd did not keep it.");
    lines.push("rate = 1", &Place::Whole);
    journal(settings, lines, surroundings)
}

fn variable(
    settings: &Settings,
    surroundings: &Surroundings,
    name: &str,
) -> Result<Option<Said>, ConfigError> {
    let place = Place::Variable(name.into());
    match surroundings.get(name) {
        Ok(value) => Ok(value.map(|value| Said { value, place })),
        Err(_) => Err(wrong(&settings.name, &place, "it is not UTF-8")),
    }
}

/// Says where a password is: in the variable, or in a file that it is to be put into.
fn password(
    settings: &Settings,
    lines: &mut Lines,
    surroundings: &mut Surroundings,
    key: &str,
    path: &str,
) -> Result<(), ConfigError> {
    let said = settings.required(key)?;
    match &said.place {
        Place::Variable(variable) => lines.text("password-env", variable, &said.place),
        place => {
            let line = match place {
                Place::At { line, .. } => format!(" of line {line}"),
                _ => String::new(),
            };
            lines.note(&format!("Put the value of `{key}`{line} alone into this file, and `chmod 600` it."));
            lines.text("password-file", path, place);
            *surroundings = core::mem::take(surroundings).file(path, said.text());
        }
    }
    Ok(())
}

fn tls(
    settings: &mut Settings,
    lines: &mut Lines,
    surroundings: &Surroundings,
    endpoint: &Endpoint,
) -> Result<(), ConfigError> {
    let mut unverified = None;
    if let Some(said) = settings.one("SSL_verify_mode") {
        // The bits of OpenSSL: 1 is the one that asks for a valid certificate.
        if number(settings, said, "SSL_verify_mode", 7)? & 1 == 0 {
            unverified = Some(said.place.clone());
        }
    }
    let pin = variable(settings, surroundings, "RRP_PIN")?;
    if let Some(said) = &pin {
        lines.push(&format!("pin = [{}]", quoted(said.text())), &said.place);
        if let Some(place) = unverified.take() {
            settings.warn(&place, "`SSL_verify_mode`: the server is checked all the same, by `RRP_PIN`");
        }
    }
    if let Some(place) = &unverified {
        lines.push("accept-any-certificate = true", place);
        if let Some(said) = variable(settings, surroundings, "RRP_ACCEPT_UNVERIFIED_UPSTREAM")? {
            match said.text().to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" => lines.push("accept-unverified-upstream = true", &said.place),
                "0" | "false" | "no" => {}
                _ => return Err(wrong(&settings.name, &said.place, "it is not `1` or `0`")),
            }
        }
    }
    for (mregds, ours) in [("SSL_ca_file", "ca-file"), ("SSL_ca_path", "ca-path")] {
        let Some(said) = settings.one(mregds) else { continue };
        if unverified.is_none() {
            lines.text(ours, said.text(), &said.place);
        } else {
            let place = said.place.clone();
            settings.warn(&place, &format!("`{mregds}` is not looked at: `SSL_verify_mode` says so"));
        }
    }
    let (checked, asked) = (settings.one("SSL_verifycn_name"), settings.one("SSL_hostname"));
    if let Some(said) = checked.or(asked).filter(|said| said.text() != endpoint.host()) {
        lines.text("server-name", said.text(), &said.place);
    }
    if let (Some(checked), Some(asked)) = (checked, asked)
        && checked.text() != asked.text()
    {
        let place = asked.place.clone();
        settings
            .warn(&place, "`SSL_hostname`: the server is asked for by the name of `SSL_verifycn_name`, too");
    }
    Ok(())
}

fn sessions(settings: &mut Settings, lines: &mut Lines) -> Result<(), ConfigError> {
    let most = match settings.one("max_servers") {
        None => MAX_SERVERS,
        Some(said) => number(settings, said, "max_servers", 256)?.max(1),
    };
    let least = match settings.one("min_servers") {
        None => 0,
        Some(said) => number(settings, said, "min_servers", 256)?.min(most),
    };
    let place = settings.one("max_servers").map_or(Place::Whole, |said| said.place.clone());
    lines.push(&format!("sessions = [{least}, {most}]"), &place);
    if most > 5 {
        settings.warn(&place, "`max_servers`: the vendor allows an account five sessions");
    }
    if let Some(said) = settings.one("mregd_keepalive_interval") {
        let seconds = number(settings, said, "mregd_keepalive_interval", 86_400)?;
        let place = said.place.clone();
        if seconds == 0 {
            settings.warn(&place, "`mregd_keepalive_interval`: idle sessions are kept alive all the same");
        } else {
            lines.push(&format!("keepalive = {seconds}"), &place);
        }
    }
    lines.text("keepalive-command", "ptf-describe", &Place::Whole);
    Ok(())
}

fn journal(settings: &Settings, lines: &mut Lines, surroundings: &Surroundings) -> Result<(), ConfigError> {
    lines.note("Which writes are under way, and what became of them: so that none is executed twice.");
    if let Some(said) = variable(settings, surroundings, "RRP_JOURNAL")? {
        lines.text("journal", said.text(), &said.place);
        return Ok(());
    }
    match variable(settings, surroundings, "STATE_DIRECTORY")? {
        Some(said) => {
            let first = said.text().split(':').next().unwrap_or_default();
            lines.text("journal", &format!("{}/mregd.redb", first.trim_end_matches('/')), &said.place);
        }
        None => lines.text("journal", JOURNAL, &Place::Whole),
    }
    Ok(())
}

/// Mregd has nothing of the kind; here it is where it is looked for.
fn admin(settings: &mut Settings, lines: &mut Lines, surroundings: &Surroundings) -> Result<(), ConfigError> {
    let said = match variable(settings, surroundings, "RRP_ADMIN")? {
        Some(said) => Some((said.text().to_owned(), said.place.clone())),
        None => variable(settings, surroundings, "RUNTIME_DIRECTORY")?.map(|said| {
            let first = said.text().split(':').next().unwrap_or_default();
            (format!("{}/admin.sock", first.trim_end_matches('/')), said.place.clone())
        }),
    };
    let Some((path, place)) = said else {
        let what = "there is no socket for `rrp admin`: RRP_ADMIN, or systemd's RUNTIME_DIRECTORY, says where it is to be";
        settings.warn(&Place::Whole, what);
        return Ok(());
    };
    lines.section("[admin]", &place);
    lines.text("socket", &path, &place);
    Ok(())
}

fn user(settings: &Settings, lines: &mut Lines, surroundings: &mut Surroundings) -> Result<(), ConfigError> {
    let said = settings.required("mregd_socket_username")?;
    lines.section(&format!("[user.{}]", key(said.text())), &said.place);
    password(settings, lines, surroundings, "mregd_socket_password", SOCKET_PASSWORD)?;
    lines.note("Commands for accounts, users, passwords, cards and pushes are refused; mregd forwarded them. To allow all:");
    lines.note("deny = []");
    Ok(())
}
