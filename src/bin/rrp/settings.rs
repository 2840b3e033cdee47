//! Options that were checked: what a connection is made from.

use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use rrp::Secret;
use rrp::client::StartError;
use rrp::command::{self, Dialect};
use rrp::journal::Scope;
use rrp::net::{ConnectDeadlines, Connector, Endpoint, Family, Pin, Tls, TlsError, TlsVersion};
use rrp::session::{Config, Deadlines, Wait};

use crate::exit::Exit;
use crate::failure::Refusal;
use crate::options::{Options, STAGE};
use crate::origin::Origins;
use crate::output::escape;
use crate::password::Sources;
use crate::target::Target;

/// Where to connect, and how.
pub(crate) struct Settings {
    pub(crate) target: Target,
    pub(crate) dialect: Dialect,
    pub(crate) user: Option<String>,
    password: Sources,
    security: Security,
    family: Option<Family>,
    sources: Vec<IpAddr>,
    timeout: Option<Duration>,
    /// What the user should know of where all this comes from.
    notes: Vec<String>,
}

/// A client on this machine has the account.
pub(crate) fn in_use(error: &StartError) -> Refusal {
    let line = error.to_string();
    let what = line.strip_prefix("client: ").unwrap_or(&line);
    let hint = "wait for its end: an account has a few sessions and one pace, whoever uses them; \
                without a journal, `--beside` connects all the same. If it is a daemon, --socket PATH or RRP_ADMIN says where it listens";
    Refusal::new("client", what).hint(hint).exit(Exit::Temporary)
}

enum Security {
    Plain { everywhere: bool },
    Tls(Box<TlsOptions>),
}

struct TlsOptions {
    ca_file: Option<PathBuf>,
    pins: Vec<Pin>,
    server_name: Option<String>,
    client: Option<(PathBuf, PathBuf)>,
    min: TlsVersion,
    any: bool,
    origins: Origins,
}

impl Settings {
    pub(crate) fn new(
        options: Options,
        password: Sources,
        origins: Origins,
        notes: Vec<String>,
    ) -> Result<Self, Refusal> {
        let server = options.server.as_deref().ok_or_else(|| {
            Refusal::usage(STAGE, "no registry is named")
                .hint("--server HOST[:PORT], RRP_SERVER or `server` in the file; `rrp demo` needs none")
        })?;
        let endpoint: Endpoint = parse(&origins, "server", server)?;
        let stated = options.environment.as_deref();
        let target = Target::new(endpoint, stated.map(|stated| (stated, origins.of("environment"))))?;
        let dialect = match options.dialect.as_deref() {
            None | Some("xrrp") => Dialect::Xrrp,
            Some("rfc") => Dialect::Rfc,
            Some(other) => return Err(unknown(&origins, "dialect", other, "`xrrp` or `rfc`")),
        };
        let timeout = match options.timeout {
            Some(seconds @ (0 | 3_601..)) => {
                let wanted = "a number of seconds from 1 to 3600";
                return Err(unknown(&origins, "timeout", &seconds.to_string(), wanted));
            }
            seconds => seconds.map(Duration::from_secs),
        };
        let family = match (options.ipv4, options.ipv6) {
            (true, true) => return Err(Refusal::usage(STAGE, "`ipv4` and `ipv6` exclude each other")),
            (true, false) => Some(Family::V4),
            (false, true) => Some(Family::V6),
            (false, false) => None,
        };
        let sources: Vec<IpAddr> = options
            .source
            .iter()
            .map(|source| parse(&origins, "source", source))
            .collect::<Result<_, _>>()?;
        for family in [Family::V4, Family::V6] {
            if sources.iter().filter(|source| Family::of(**source) == family).count() > 1 {
                return Err(Refusal::usage(
                    STAGE,
                    format!("{}: more than one {family} address", origins.of("source")),
                ));
            }
        }
        if options.user.as_deref() == Some("") {
            return Err(Refusal::usage(STAGE, format!("{}: it is empty", origins.of("user"))));
        }
        let security = security(&options, origins)?;
        if let (Security::Plain { everywhere: false }, Some(address)) = (&security, target.endpoint.address())
            && !address.to_canonical().is_loopback()
        {
            let what = format!("plain text is allowed to loopback only, and `{address}` is not");
            return Err(Refusal::usage(STAGE, what).hint(
                "leave out --plain; --plain-over-the-network shows the password to everyone on the way",
            ));
        }
        Ok(Self { target, dialect, user: options.user, password, security, family, sources, timeout, notes })
    }

    /// What a registry limits is the account, whoever uses it: not beside a client that has it.
    pub(crate) fn heed_others(&self) -> Result<(), Refusal> {
        self.others().map_or(Ok(()), |error| Err(in_use(&error)))
    }

    /// Who else has the account.
    pub(crate) fn others(&self) -> Option<StartError> {
        let user = self.user.as_deref()?;
        match rrp::Client::account_is_free(&self.target.endpoint, user) {
            Err(error @ StartError::AccountLocked { .. }) => Some(error),
            // Where nobody can tell, nobody is kept from looking.
            _ => None,
        }
    }

    /// What connects. Files of certificates are read here, and notes are given.
    pub(crate) fn connector(&self, err: &mut dyn Write) -> Result<Connector, Refusal> {
        for note in &self.notes {
            // A note that nobody sees is no failure.
            let _ = writeln!(err, "note: {note}");
        }
        let connector = match &self.security {
            Security::Plain { everywhere: false } => Connector::plain(),
            Security::Plain { everywhere: true } => {
                // A warning that nobody sees is no failure.
                let _ = writeln!(
                    err,
                    "WARNING: no TLS: everyone on the way can read the password and change what is sent"
                );
                Connector::plain().allow_plain_text_over_the_network()
            }
            Security::Tls(options) => Connector::tls(options.tls()?),
        };
        let connector = self.sources.iter().fold(connector, |connector, source| connector.source(*source));
        let connector = match self.family {
            Some(family) => connector.only(family),
            None => connector,
        };
        Ok(match self.timeout {
            Some(timeout) => {
                connector.deadlines(ConnectDeadlines::default().dns(timeout).connect(timeout).tls(timeout))
            }
            None => connector,
        })
    }

    /// Who logs in, and how long everything may take. Asks for the password, if need be.
    pub(crate) fn session(&self, err: &mut dyn Write) -> Result<Config, Refusal> {
        let user = self.who()?;
        let password = self.password.read_or_ask(user, &self.target.host(), err)?;
        self.session_of(user, password)
    }

    fn who(&self) -> Result<&str, Refusal> {
        self.user.as_deref().ok_or_else(|| {
            Refusal::usage(STAGE, "nobody is named who logs in")
                .hint("--user ID, RRP_USER or `user` in the file")
        })
    }

    /// Whose journal it must be: that of this user at this host and port.
    pub(crate) fn scope(&self) -> Result<Scope, Refusal> {
        Ok(Scope::new(&self.target.host(), self.who()?))
    }

    /// A session with this login.
    pub(crate) fn session_of(&self, user: &str, password: Secret) -> Result<Config, Refusal> {
        let login = command::Session::login(user, password)
            .map_err(|error| Refusal::usage(STAGE, "this cannot log in").because(error))?;
        let deadlines = match self.timeout {
            Some(timeout) => Deadlines::DEFAULT
                .with_greeting(timeout)
                .with_login(timeout)
                .with_query(Wait::new(timeout, timeout)),
            None => Deadlines::DEFAULT,
        };
        Ok(Config::new(login).dialect(self.dialect).deadlines(deadlines))
    }
}

fn security(options: &Options, origins: Origins) -> Result<Security, Refusal> {
    let pins: Vec<Pin> =
        options.pin.iter().map(|pin| parse(&origins, "pin", pin)).collect::<Result<_, _>>()?;
    let min = match options.min_tls.as_deref() {
        None | Some("1.2") => TlsVersion::V1_2,
        Some("1.3") => TlsVersion::V1_3,
        Some(other) => return Err(unknown(&origins, "min-tls", other, "`1.2` or `1.3`")),
    };
    let client = match (&options.client_certificate, &options.client_key) {
        (Some(certificate), key) => {
            Some((certificate.clone(), key.clone().unwrap_or_else(|| certificate.clone())))
        }
        (None, Some(_)) => {
            let what = format!("{}: of no use without `client-certificate`", origins.of("client-key"));
            return Err(Refusal::usage(STAGE, what));
        }
        (None, None) => None,
    };
    let checks = options.ca_file.is_some() || !pins.is_empty();
    let for_tls = [
        ("ca-file", options.ca_file.is_some()),
        ("pin", !pins.is_empty()),
        ("server-name", options.server_name.is_some()),
        ("client-certificate", client.is_some()),
        ("min-tls", options.min_tls.is_some()),
        ("accept-any-certificate", options.accept_any_certificate),
    ];
    if options.plain || options.plain_over_the_network {
        // Whoever asks for a pin does not want a connection without TLS.
        if let Some((name, _)) = for_tls.iter().find(|(_, said)| *said) {
            let plain = if options.plain { "plain" } else { "plain-over-the-network" };
            let (option, plain) = (origins.of(name), origins.of(plain));
            return Err(Refusal::usage(STAGE, format!("{option} and {plain}: there is no TLS then")));
        }
        return Ok(Security::Plain { everywhere: options.plain_over_the_network });
    }
    if options.accept_any_certificate && checks {
        let any = origins.of("accept-any-certificate");
        let checks = origins.of(if options.ca_file.is_some() { "ca-file" } else { "pin" });
        let what = format!("{any} excludes {checks}, which would not be looked at");
        return Err(Refusal::usage(STAGE, what));
    }
    Ok(Security::Tls(Box::new(TlsOptions {
        ca_file: options.ca_file.clone(),
        pins,
        server_name: options.server_name.clone(),
        client,
        min,
        any: options.accept_any_certificate,
        origins,
    })))
}

impl TlsOptions {
    fn tls(&self) -> Result<Tls, Refusal> {
        let refused = |name: &str| {
            let what = format!("{}: TLS cannot be set up", self.origins.of(name));
            move |error: TlsError| Refusal::usage(STAGE, what).because(error)
        };
        let mut tls = match &self.ca_file {
            _ if self.any => Ok(Tls::danger_accept_any_certificate()),
            Some(file) => Tls::ca_file(file)
                .map(|tls| self.pins.iter().fold(tls, |tls, pin| tls.pin(*pin)))
                .map_err(refused("ca-file")),
            None if self.pins.is_empty() => Tls::platform_roots()
                .map_err(|error| Refusal::usage(STAGE, "TLS cannot be set up").because(error)),
            None => Tls::pinned_key_only(self.pins.iter().copied()).map_err(refused("pin")),
        }?
        .min_version(self.min);
        if let Some(name) = &self.server_name {
            tls = tls.server_name(name).map_err(refused("server-name"))?;
        }
        if let Some((certificate, key)) = &self.client {
            tls = tls.client_certificate_files(certificate, key).map_err(refused("client-certificate"))?;
        }
        Ok(tls)
    }
}

fn parse<T: FromStr<Err: std::error::Error + 'static>>(
    origins: &Origins,
    name: &str,
    text: &str,
) -> Result<T, Refusal> {
    text.parse().map_err(|error| {
        Refusal::usage(STAGE, format!("{}: `{}`", origins.of(name), escape(text)))
            .because(Box::new(error) as Box<dyn std::error::Error>)
    })
}

fn unknown(origins: &Origins, name: &str, given: &str, wanted: &str) -> Refusal {
    Refusal::usage(STAGE, format!("{}: `{}` is not {wanted}", origins.of(name), escape(given)))
}
