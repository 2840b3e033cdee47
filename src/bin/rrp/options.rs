//! Which registry, as whom, and how: from flags, the environment and a file. Flags win over the environment, the
//! environment over the file.

use std::env;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use rrp::client::{Holder, StartError};
use serde::Deserialize;

use crate::daemon::{Place, Served};
use crate::failure::Refusal;
use crate::origin::Origins;
use crate::output::escape;
use crate::password::Sources;
use crate::settings::{Settings, in_use};
use crate::way::Through;

pub(crate) const STAGE: &str = "options";

/// The largest configuration file, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// What flags and file can both say. In the file, the keys are the long names of the flags.
#[derive(clap::Args, Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[command(next_help_heading = "Connection")]
pub(crate) struct Options {
    /// The registry; without a port it is 2001 [env: RRP_SERVER]
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) server: Option<String>,
    /// Who logs in [env: RRP_USER]
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    /// A file with the password alone [env: RRP_PASSWORD with the password, else RRP_PASSWORD_FILE; at last a prompt]
    #[arg(long, value_name = "FILE", conflicts_with = "password_fd")]
    pub(crate) password_file: Option<PathBuf>,
    /// `ote` or `production`; what the host is known to be must not contradict [env: RRP_ENVIRONMENT]
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// Trust the CAs of this PEM file, and not those of the machine [env: RRP_CA_FILE]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Ask for a key with this pin (repeatable); without --ca-file it is trusted whatever the chain
    #[arg(long, value_name = "sha256/…")]
    pub(crate) pin: Vec<String>,
    /// The name that the certificate must be for, if it is not the host's
    #[arg(long, value_name = "NAME")]
    pub(crate) server_name: Option<String>,
    /// Show this certificate (PEM) if the server asks for one
    #[arg(long, value_name = "FILE")]
    pub(crate) client_certificate: Option<PathBuf>,
    /// The key of the client certificate (PEM); the same file, if nothing is said
    #[arg(long, value_name = "FILE")]
    pub(crate) client_key: Option<PathBuf>,
    /// The oldest version of TLS: 1.2 or 1.3
    #[arg(long, value_name = "VERSION")]
    pub(crate) min_tls: Option<String>,
    /// Connect from this address (repeatable, one of each family)
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) source: Vec<String>,
    /// Connect over IPv4 only
    #[arg(long, conflicts_with = "ipv6")]
    pub(crate) ipv4: bool,
    /// Connect over IPv6 only
    #[arg(long)]
    pub(crate) ipv6: bool,
    /// No TLS; to loopback only
    #[arg(long)]
    pub(crate) plain: bool,
    /// No TLS, to any host: everyone on the way can read the password
    #[arg(long)]
    pub(crate) plain_over_the_network: bool,
    /// TLS with whoever answers: everyone on the way can read the password
    #[arg(long)]
    pub(crate) accept_any_certificate: bool,
    /// `xrrp` (the default) or `rfc`: RFC 2832 to the letter, without PTF
    #[arg(long, value_name = "DIALECT")]
    pub(crate) dialect: Option<String>,
    /// For each stage and the answer to a read; the answer to a write has 180 s
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
}

/// How every subcommand that talks to a registry is told to which.
#[derive(clap::Args, Debug)]
pub(crate) struct Connection {
    /// A file with any of these options, in TOML; flags win over the environment, that over the file [env: RRP_CONFIG]
    #[arg(long, value_name = "FILE", help_heading = "Connection")]
    config: Option<PathBuf>,
    /// Read the password from this open file descriptor
    #[arg(long, value_name = "N", help_heading = "Connection")]
    password_fd: Option<u32>,
    /// Connect though a client on this machine has the account: its sessions and its pace are used on top
    #[arg(long, help_heading = "Connection")]
    beside: bool,
    #[command(flatten, next_help_heading = "Connection")]
    place: Place,
    #[command(flatten)]
    options: Options,
}

impl Connection {
    /// Whether the password comes on standard input.
    pub(crate) fn takes_stdin(&self) -> bool {
        self.password_fd == Some(0)
    }

    /// All that is said, checked; and nobody else has the account.
    pub(crate) fn settings(&self) -> Result<Settings, Refusal> {
        let settings = self.checked()?;
        if !self.beside {
            settings.heed_others()?;
        }
        Ok(settings)
    }

    /// All that is said, checked, and the daemon that has the account, if one has it and lets this user give orders. Nobody else has it
    /// then.
    pub(crate) fn settings_or_daemon(
        &self,
        err: &mut dyn Write,
    ) -> Result<(Settings, Option<Through>), Refusal> {
        let mut settings = self.checked()?;
        if self.beside {
            return Ok((settings, None));
        }
        let others = settings.others();
        let (host, user) = (settings.target.host(), settings.user.clone());
        let wanted = |served: &Served| served.host == host && Some(&served.login) == user.as_ref();
        let found = match (&user, self.place.find(others.as_ref().and_then(holder), wanted, err)?) {
            (Some(_), Some((daemon, served))) => Some(Through { daemon, served }),
            _ => None,
        };
        match (found, others) {
            (Some(through), _) if through.daemon.may_order => {
                settings.target.as_served(&through.served.environment)?;
                Ok((settings, Some(through)))
            }
            (Some(_), Some(error)) => {
                let hint = "the daemon that has it lets you look, and send nothing: `read-write` of its configuration says who may";
                Err(in_use(&error).hint(hint))
            }
            (None, Some(error)) => Err(in_use(&error)),
            (_, None) => Ok((settings, None)),
        }
    }

    /// Where a daemon is looked for.
    pub(crate) const fn place(&self) -> &Place {
        &self.place
    }

    fn checked(&self) -> Result<Settings, Refusal> {
        let from_env = from_environment()?;
        let path = self.config.clone().or(variable("RRP_CONFIG")?.map(PathBuf::from));
        let file = match &path {
            Some(path) => from_file(path)?,
            None => Options::default(),
        };
        let origins = Origins::new(self.options.names(), from_env.names(), path.as_deref());
        // Who names the file by RRP_CONFIG knows of the other variables.
        let notes = if self.config.is_some() { origins.overridden(&file.names()) } else { Vec::new() };
        let password = Sources {
            descriptor: self.password_fd,
            flag: self.options.password_file.clone(),
            configured: file.password_file.clone(),
            explicit: self.config.is_some(),
        };
        Settings::new(self.options.clone().or(from_env).or(file), password, origins, notes)
    }
}

/// The process that has an account.
const fn holder(error: &StartError) -> Option<&Holder> {
    match error {
        StartError::AccountLocked { holder, .. } => holder.as_ref(),
        _ => None,
    }
}

impl Options {
    /// What is said here, and otherwise there.
    fn or(self, other: Self) -> Self {
        let list = |here: Vec<String>, there| if here.is_empty() { there } else { here };
        // One of a pair stands against the other one too.
        let family = self.ipv4 || self.ipv6;
        Self {
            server: self.server.or(other.server),
            user: self.user.or(other.user),
            password_file: self.password_file.or(other.password_file),
            environment: self.environment.or(other.environment),
            ca_file: self.ca_file.or(other.ca_file),
            pin: list(self.pin, other.pin),
            server_name: self.server_name.or(other.server_name),
            client_certificate: self.client_certificate.or(other.client_certificate),
            client_key: self.client_key.or(other.client_key),
            min_tls: self.min_tls.or(other.min_tls),
            source: list(self.source, other.source),
            ipv4: self.ipv4 || !family && other.ipv4,
            ipv6: self.ipv6 || !family && other.ipv6,
            plain: self.plain || other.plain,
            plain_over_the_network: self.plain_over_the_network || other.plain_over_the_network,
            accept_any_certificate: self.accept_any_certificate || other.accept_any_certificate,
            dialect: self.dialect.or(other.dialect),
            timeout: self.timeout.or(other.timeout),
        }
    }

    /// The long names of the flags for what is said here.
    fn names(&self) -> Vec<&'static str> {
        [
            ("server", self.server.is_some()),
            ("user", self.user.is_some()),
            ("password-file", self.password_file.is_some()),
            ("environment", self.environment.is_some()),
            ("ca-file", self.ca_file.is_some()),
            ("pin", !self.pin.is_empty()),
            ("server-name", self.server_name.is_some()),
            ("client-certificate", self.client_certificate.is_some()),
            ("client-key", self.client_key.is_some()),
            ("min-tls", self.min_tls.is_some()),
            ("source", !self.source.is_empty()),
            ("ipv4", self.ipv4),
            ("ipv6", self.ipv6),
            ("plain", self.plain),
            ("plain-over-the-network", self.plain_over_the_network),
            ("accept-any-certificate", self.accept_any_certificate),
            ("dialect", self.dialect.is_some()),
            ("timeout", self.timeout.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, said)| said.then_some(name))
        .collect()
    }

    /// With paths that are meant from this directory.
    fn in_directory(mut self, directory: &Path) -> Self {
        let paths =
            [&mut self.password_file, &mut self.ca_file, &mut self.client_certificate, &mut self.client_key];
        for path in paths.into_iter().flatten() {
            *path = directory.join(&*path);
        }
        self
    }
}

/// A variable of the environment; one that is empty is not set.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Refusal> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        // The error would show the value.
        Err(env::VarError::NotUnicode(_)) => {
            Err(Refusal::usage(STAGE, format!("environment variable `{name}` is not UTF-8")))
        }
    }
}

fn from_environment() -> Result<Options, Refusal> {
    Ok(Options {
        server: variable("RRP_SERVER")?,
        user: variable("RRP_USER")?,
        environment: variable("RRP_ENVIRONMENT")?,
        ca_file: variable("RRP_CA_FILE")?.map(PathBuf::from),
        // RRP_PASSWORD and RRP_PASSWORD_FILE are read where the password is.
        ..Options::default()
    })
}

fn from_file(path: &Path) -> Result<Options, Refusal> {
    let name = escape(&path.to_string_lossy());
    let unreadable = |error| Refusal::usage(STAGE, format!("cannot read `{name}`")).because(error);
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE).read_to_string(&mut text).map_err(unreadable)?;
    match toml::from_str::<Options>(&text) {
        Ok(options) => Ok(options.in_directory(path.parent().unwrap_or_else(|| Path::new("")))),
        Err(error) => {
            // Not the whole error: it shows the line, which may hold what must not be shown.
            let (line, column) = position(&text, error.span().map_or(0, |span| span.start));
            let secret = error
                .message()
                .strip_prefix("unknown field `")
                .and_then(|rest| rest.split('`').next())
                .filter(|key| rrp::secret::is_secret_name(key));
            let what = format!("`{name}`: line {line}, column {column}");
            Err(match secret {
                Some(key) => Refusal::usage(STAGE, format!("{what}: `{}` does not belong here", escape(key)))
                    .hint("`password-file = \"…\"` names a file that holds the password and nothing else"),
                None => Refusal::usage(STAGE, format!("{what}: {}", escape(error.message()))),
            })
        }
    }
}

/// Line and column of a byte, counted from 1; the column in characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()).saturating_add(1);
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_first_stands() {
        let flags = Options { server: Some("a".into()), ipv4: true, ..Options::default() };
        let file = Options {
            server: Some("b".into()),
            user: Some("u".into()),
            ipv6: true,
            plain: true,
            ..Options::default()
        };
        let all = flags.or(file);
        assert_eq!((all.server.as_deref(), all.user.as_deref()), (Some("a"), Some("u")));
        assert!(all.ipv4 && !all.ipv6 && all.plain);
    }

    #[test]
    fn a_position_is_counted_in_characters() {
        assert_eq!(position("a\näb", 4), (2, 2));
        assert_eq!(position("", 0), (1, 1));
    }
}
