//! How an account's registry is connected to, and whether whoever answers is believed.

use core::fmt;
use core::time::Duration;
use std::path::Path;

use toml::Spanned;

use super::account::{parsed, sources};
use super::error::{ConfigError, Place};
use super::reader::Reader;
use super::told::Section;
use super::{Config, Environment, raw, value};
use crate::net::{ConnectDeadlines, ConnectError, Connector, Endpoint, Family, Pin, Tls, TlsVersion};

/// How an account connects.
pub(super) struct Upstream {
    pub(super) connector: Connector,
    pub(super) unverified: Option<Unverified>,
}

/// An account that would believe whoever answers, beyond this machine, and nobody has accepted that.
#[derive(Clone, Debug)]
pub struct Unverified {
    account: Box<str>,
    endpoint: Endpoint,
    /// Connects as the account does, with any server, over TLS.
    probe: Connector,
    /// Which setting makes it so.
    setting: &'static str,
    name: Box<str>,
    place: Place,
}

impl Unverified {
    /// The name of the account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Where it connects to.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The pin that the server shows now: see [`pin_of`].
    ///
    /// # Errors
    /// [`ConnectError`] if it does not answer, or not over TLS.
    pub async fn pin(&self) -> Result<Pin, ConnectError> {
        pin_of(&self.endpoint, &self.probe).await
    }

    /// The same, where it stands in what this was made from.
    pub(super) fn moved(&mut self, to: &dyn Fn(Place) -> Place) {
        self.place = to(self.place.clone());
    }

    /// Why such a configuration is not begun with; the pin to use instead, if the server showed one.
    #[must_use]
    pub fn refusal(&self, pin: Option<Pin>) -> ConfigError {
        let (setting, host) = (self.setting, &self.endpoint);
        let what = format!(
            "`{setting}` of account `{}`: anyone on the way to `{host}` can read the password and change what is sent",
            self.account.escape_debug()
        );
        let accept = "`accept-unverified-upstream = true` accepts it";
        let hint = match pin {
            Some(pin) => format!(
                "the server shows the pin `{pin}` now: once the registry has confirmed it, `pin = [\"{pin}\"]` in the \
                 place of `{setting}`; {accept}"
            ),
            None => format!("leave `{setting}` out, or name the server's `pin`; {accept}"),
        };
        ConfigError::new(&self.name, self.place.clone(), what).hint(hint)
    }
}

/// The pin of the key that a server shows now, whoever it is: to be confirmed by the registry before it is believed.
///
/// The connector says from where, over which family, and how long it may take; it should be one over TLS that accepts any
/// certificate, or already knows the server. Nothing is sent but the handshake.
///
/// # Errors
/// [`ConnectError`] if nobody answers, or nobody who speaks TLS.
pub async fn pin_of(endpoint: &Endpoint, connector: &Connector) -> Result<Pin, ConnectError> {
    let stream = connector.connect(endpoint).await?;
    match stream.tls() {
        Some(info) => Ok(info.pin()),
        // The connector was one without TLS.
        None => {
            drop(stream);
            let probe = Connector::tls(Tls::danger_accept_any_certificate());
            // It is over TLS, so that there is something to be told.
            let stream = probe.connect(endpoint).await?;
            Ok(stream.tls().map_or(Pin::from_sha256([0; 32]), |info| info.pin()))
        }
    }
}

impl Config {
    /// The accounts that would believe whoever answers, beyond this machine, and for which nobody has accepted that with
    /// `accept-unverified-upstream`. With one of them a daemon does not begin.
    #[must_use]
    pub fn unverified(&self) -> &[Unverified] {
        &self.notes.unverified
    }

    /// Refuses a configuration with [such accounts](Self::unverified), and asks their servers for the pin to name instead.
    /// Of several, the first is told.
    ///
    /// # Errors
    /// [`ConfigError`] if there is one.
    pub async fn verify_upstreams(&self) -> Result<(), ConfigError> {
        match self.notes.unverified.first() {
            None => Ok(()),
            Some(unverified) => Err(unverified.refusal(unverified.pin().await.ok())),
        }
    }
}

/// How far a server is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Security {
    Plain,
    PlainOverTheNetwork,
    Tls,
    AnyCertificate,
}

pub(super) fn read(
    reader: &mut Reader<'_>,
    section: &mut Section,
    name: &str,
    raw: &raw::Account,
    endpoint: &Endpoint,
    server: &Spanned<String>,
) -> Result<Upstream, ConfigError> {
    let security = security(reader, section, raw, endpoint, server)?;
    let any = Tls::danger_accept_any_certificate;
    let (connector, probe) = match security {
        Security::Plain => (Connector::plain(), Connector::tls(any())),
        Security::PlainOverTheNetwork => {
            (Connector::plain().allow_plain_text_over_the_network(), Connector::tls(any()))
        }
        Security::Tls | Security::AnyCertificate => {
            let base = if security == Security::Tls { trusted(reader, section, raw)? } else { any() };
            let tls = shaped(reader, section, raw, base)?;
            let connector = Connector::tls(tls);
            (connector.clone(), connector)
        }
    };
    let family = match (reader.flag(section, "ipv4", &raw.ipv4), reader.flag(section, "ipv6", &raw.ipv6)) {
        (true, true) => {
            let span = raw.ipv6.as_ref().map_or_else(|| server.span(), Spanned::span);
            return Err(reader.error(&span, "`ipv4` and `ipv6` exclude each other"));
        }
        (true, false) => Some(Family::V4),
        (false, true) => Some(Family::V6),
        (false, false) => None,
    };
    let sources = sources(reader, raw)?;
    reader.list(section, "source", &raw.source);
    let stage = Duration::from_secs(1)..=Duration::from_secs(3_600);
    let timeout = reader.optional_time("timeout", &raw.timeout, stage)?;
    if let Some(timeout) = timeout {
        section.text("timeout", &value::shown(timeout));
    }
    let with_rest = |connector: Connector| {
        let connector = sources.iter().fold(connector, |connector, source| connector.source(*source));
        let connector = match family {
            Some(family) => connector.only(family),
            None => connector,
        };
        match timeout {
            Some(timeout) => {
                connector.deadlines(ConnectDeadlines::DEFAULT.dns(timeout).connect(timeout).tls(timeout))
            }
            None => connector,
        }
    };
    let accepted = reader.flag(section, "accept-unverified-upstream", &raw.accept_unverified_upstream);
    let (setting, said) = match security {
        Security::AnyCertificate => ("accept-any-certificate", &raw.accept_any_certificate),
        Security::PlainOverTheNetwork => ("plain-over-the-network", &raw.plain_over_the_network),
        Security::Plain | Security::Tls => {
            return Ok(Upstream { connector: with_rest(connector), unverified: None });
        }
    };
    let span = said.as_ref().map_or_else(|| server.span(), Spanned::span);
    let loopback = Environment::is_loopback(endpoint);
    if loopback || accepted {
        let what = format!(
            "`{setting}`: whoever answers at `{endpoint}` is believed, and can read the password of account `{}`",
            name.escape_debug()
        );
        reader.warn(&span, &what);
    }
    let unverified = (!loopback && !accepted).then(|| Unverified {
        account: name.into(),
        endpoint: endpoint.clone(),
        probe: with_rest(probe),
        setting,
        name: reader.name.into(),
        place: Place::of(reader.text, span.start),
    });
    Ok(Upstream { connector: with_rest(connector), unverified })
}

fn security(
    reader: &Reader<'_>,
    section: &mut Section,
    raw: &raw::Account,
    endpoint: &Endpoint,
    server: &Spanned<String>,
) -> Result<Security, ConfigError> {
    let plain = reader.flag(section, "plain", &raw.plain);
    let network = reader.flag(section, "plain-over-the-network", &raw.plain_over_the_network);
    let any = reader.flag(section, "accept-any-certificate", &raw.accept_any_certificate);
    let pins = raw.pin.as_ref().and_then(|pins| pins.first());
    let span = |said: &raw::Said<String>| said.as_ref().map(Spanned::span);
    let checks =
        [("ca-file", span(&raw.ca_file)), ("ca-path", span(&raw.ca_path)), ("pin", pins.map(Spanned::span))];
    if plain || network {
        let others = [
            ("server-name", span(&raw.server_name)),
            ("client-certificate", span(&raw.client_certificate)),
            ("client-key", span(&raw.client_key)),
            ("min-tls", span(&raw.min_tls)),
            (
                "accept-any-certificate",
                raw.accept_any_certificate.as_ref().filter(|said| *said.get_ref()).map(Spanned::span),
            ),
        ];
        // Whoever asks for a pin does not want a connection without TLS.
        let first = checks.into_iter().chain(others).find_map(|(key, span)| span.map(|span| (key, span)));
        let said = if plain { "plain" } else { "plain-over-the-network" };
        if let Some((key, span)) = first {
            return Err(reader.error(&span, format!("`{key}` and `{said}`: there is no TLS then")));
        }
        if network {
            return Ok(Security::PlainOverTheNetwork);
        }
        if endpoint.address().is_some_and(|address| !address.to_canonical().is_loopback()) {
            let span = raw.plain.as_ref().map_or_else(|| server.span(), Spanned::span);
            let what = format!("`plain`: to this machine only, and `{}` is another", endpoint.host());
            return Err(reader.error(&span, what).hint("leave it out for TLS"));
        }
        return Ok(Security::Plain);
    }
    if any {
        let first = checks.into_iter().find_map(|(key, span)| span.map(|span| (key, span)));
        if let Some((key, span)) = first {
            let what = format!("`accept-any-certificate` excludes `{key}`, which would not be looked at");
            return Err(reader.error(&span, what));
        }
        return Ok(Security::AnyCertificate);
    }
    Ok(Security::Tls)
}

/// TLS that trusts what it is told to trust: the CAs of this machine if nothing is said.
fn trusted(reader: &Reader<'_>, section: &mut Section, raw: &raw::Account) -> Result<Tls, ConfigError> {
    let mut pins: Vec<Pin> = Vec::new();
    for said in raw.pin.iter().flatten() {
        pins.push(parsed(reader, "pin", said)?);
    }
    reader.list(section, "pin", &raw.pin);
    let mut tls: Option<Tls> = None;
    if let Some(said) = &raw.ca_file {
        let pem = reader.file(section, "ca-file", said)?;
        let found = Tls::ca_pem(&pem)
            .map_err(|error| reader.error(&said.span(), "`ca-file`: TLS cannot be set up").because(error))?;
        tls = Some(found);
    }
    if let Some(said) = &raw.ca_path {
        let pem = directory(reader, section, said)?;
        let found = match tls {
            Some(tls) => tls.add_ca_pem(&pem),
            None => Tls::ca_pem(&pem),
        };
        tls =
            Some(found.map_err(|error| {
                reader.error(&said.span(), "`ca-path`: TLS cannot be set up").because(error)
            })?);
    }
    match tls {
        Some(tls) => Ok(pins.into_iter().fold(tls, Tls::pin)),
        None if !pins.is_empty() => Tls::pinned_key_only(pins),
        None => Tls::platform_roots(),
    }
    .map_err(|error| {
        let what = "TLS cannot be set up: `ca-file`, `ca-path` or `pin` says whom to trust";
        let span = raw.server.as_ref().map_or(0..0, Spanned::span);
        reader.error(&span, what).because(error)
    })
}

/// The CAs of a directory, in files with the names that OpenSSL looks for: eight hexadecimal digits, a dot and a number.
fn directory(
    reader: &Reader<'_>,
    section: &mut Section,
    said: &Spanned<String>,
) -> Result<Vec<u8>, ConfigError> {
    let path = reader.path_of("ca-path", said)?;
    let unreadable = |path: &Path, error| {
        let shown = path.to_string_lossy();
        let what = format!("`ca-path`: cannot read `{}`", shown.escape_debug());
        reader.error(&said.span(), what).because(error)
    };
    let mut pem = Vec::new();
    for file in reader.surroundings.list(&path).map_err(|error| unreadable(&path, error))? {
        let name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let hashed = name.split_once('.').is_some_and(|(hash, number)| {
            hash.len() == 8
                && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        if hashed {
            let read = reader.surroundings.read(&file).map_err(|error| unreadable(&file, error))?;
            pem.extend_from_slice(&read);
            pem.push(b'\n');
        }
    }
    if pem.is_empty() {
        let what = "`ca-path` has no file with a name such as `5ed36f99.0`: run `openssl rehash` on it";
        return Err(reader.error(&said.span(), what));
    }
    let behind = String::from_utf8_lossy(&pem).into_owned();
    section.behind("ca-path", &path.to_string_lossy(), behind.into());
    Ok(pem)
}

/// With all else that is said about TLS.
fn shaped(
    reader: &Reader<'_>,
    section: &mut Section,
    raw: &raw::Account,
    tls: Tls,
) -> Result<Tls, ConfigError> {
    let versions = [("1.2", TlsVersion::V1_2), ("1.3", TlsVersion::V1_3)];
    let mut tls =
        tls.min_version(reader.choice(section, "min-tls", &raw.min_tls, &versions, TlsVersion::V1_2)?);
    if let Some(said) = &raw.server_name {
        tls = tls.server_name(said.get_ref()).map_err(|error| {
            reader.wrong("server-name", said, "is neither a name nor an address").because(error)
        })?;
        section.text("server-name", said.get_ref());
    }
    match (&raw.client_certificate, &raw.client_key) {
        (Some(certificate), key) => {
            let chain = reader.file(section, "client-certificate", certificate)?;
            let key = match key {
                Some(key) => reader.file(section, "client-key", key)?,
                None => chain.clone(),
            };
            tls = tls.client_certificate(&chain, &key).map_err(|error| {
                reader.error(&certificate.span(), "`client-certificate`: TLS cannot be set up").because(error)
            })?;
        }
        (None, Some(key)) => {
            let what = "`client-key`: of no use without `client-certificate`";
            return Err(reader.error(&key.span(), what));
        }
        (None, None) => {}
    }
    Ok(tls)
}

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account `{}` believes whoever answers at `{}`", self.account.escape_debug(), self.endpoint)
    }
}
