//! The settings of mregd: which there are, and what is said.

use std::collections::BTreeMap;

use super::super::error::{ConfigError, Place};
use super::super::surroundings::Surroundings;
use super::wrong;
use crate::secret::Secret;

/// What becomes of a setting.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It means something here, too.
    Mapped,
    /// It means nothing here, and why.
    Ignored(&'static str),
    /// It keeps somebody out, or changes what is spoken, and cannot be kept.
    Refused(&'static str),
}

use Fate::{Ignored, Mapped, Refused};

const ONE_PROCESS: &str = "one process serves all local connections";
const SYSLOG: &str = "what goes to standard error is taken by the service manager";
const SUPERVISED: &str = "the service manager starts and stops the daemon";
const PEERS: &str = "who may connect is not checked by address here: use a unix socket, or a firewall";

/// Every setting of mregd and of Net::Server, on which it stands, with the variable that overrides it.
const KNOWN: [(&str, Option<&str>, Fate); 61] = [
    ("mregd_host", Some("MREGD_XRRP_HOST"), Mapped),
    ("mregd_port", Some("MREGD_XRRP_PORT"), Mapped),
    ("mregd_login", Some("MREGD_XRRP_LOGIN"), Mapped),
    ("mregd_password", Some("MREGD_XRRP_PASSWORD"), Mapped),
    ("mregd_keepalive_interval", Some("MREGD_KEEPALIVE_INTERVAL"), Mapped),
    ("port", Some("MREGD_SOCKET_PORT"), Mapped),
    ("mregd_socket_username", Some("MREGD_SOCKET_USERNAME"), Mapped),
    ("mregd_socket_password", Some("MREGD_SOCKET_PASSWORD"), Mapped),
    ("min_servers", Some("MIN_SERVERS"), Mapped),
    ("max_servers", Some("MAX_SERVERS"), Mapped),
    ("log_level", Some("LOG_LEVEL"), Mapped),
    ("log_file", None, Mapped),
    ("host", None, Mapped),
    ("SSL_verify_mode", Some("SSL_VERIFY_MODE"), Mapped),
    ("SSL_ca_path", Some("SSL_CA_PATH"), Mapped),
    ("SSL_ca_file", Some("SSL_CA_FILE"), Mapped),
    ("SSL_verifycn_name", Some("SSL_VERIFYCN_NAME"), Mapped),
    ("SSL_hostname", Some("SSL_HOSTNAME"), Mapped),
    ("min_spare_servers", Some("MIN_SPARE_SERVERS"), Ignored(ONE_PROCESS)),
    ("max_spare_servers", Some("MAX_SPARE_SERVERS"), Ignored(ONE_PROCESS)),
    (
        "max_requests",
        Some("MAX_REQUESTS"),
        Ignored("nothing needs to be started anew after so many requests"),
    ),
    ("conf_file", Some("CONF_FILE"), Ignored("the file is named where the daemon is started")),
    ("pid_file", Some("PID_FILE"), Ignored(SUPERVISED)),
    ("user", None, Ignored("start the daemon as this user: `User=` of the unit")),
    ("group", None, Ignored("start the daemon with this group: `Group=` of the unit")),
    ("syslog_logsock", None, Ignored(SYSLOG)),
    ("syslog_ident", None, Ignored(SYSLOG)),
    ("syslog_logopt", None, Ignored(SYSLOG)),
    ("syslog_facility", None, Ignored(SYSLOG)),
    ("background", None, Ignored(SUPERVISED)),
    ("setsid", None, Ignored(SUPERVISED)),
    ("multi_port", None, Ignored("all sockets are served at once")),
    ("listen", None, Ignored("the queue of a socket is the system's")),
    ("reverse_lookups", None, Ignored("nobody is looked up")),
    ("double_reverse_lookups", None, Ignored("nobody is looked up")),
    ("serialize", None, Ignored(ONE_PROCESS)),
    ("lock_file", None, Ignored(ONE_PROCESS)),
    ("no_close_by_child", None, Ignored(ONE_PROCESS)),
    ("no_client_stdout", None, Ignored(ONE_PROCESS)),
    ("check_for_dead", None, Ignored(ONE_PROCESS)),
    ("check_for_waiting", None, Ignored(ONE_PROCESS)),
    ("check_for_spawn", None, Ignored(ONE_PROCESS)),
    ("min_child_ttl", None, Ignored(ONE_PROCESS)),
    ("max_dequeue", None, Ignored(ONE_PROCESS)),
    ("check_for_dequeue", None, Ignored(ONE_PROCESS)),
    ("run_n_children", None, Ignored(ONE_PROCESS)),
    ("child_communication", None, Ignored(ONE_PROCESS)),
    ("sig_passthrough", None, Ignored(ONE_PROCESS)),
    ("leave_children_open_on_hup", None, Ignored(ONE_PROCESS)),
    ("graceful_shutdown", None, Ignored("`drain` says how long what is under way may take")),
    ("log_function", None, Ignored(SYSLOG)),
    ("tie_client_stdout", None, Ignored(ONE_PROCESS)),
    ("ipv", None, Refused("write the addresses into `port`")),
    ("proto", None, Refused("write `|tcp` or `|unix` into `port`")),
    ("chroot", None, Refused("`RootDirectory=` of the unit does the same")),
    ("allow", None, Refused(PEERS)),
    ("deny", None, Refused(PEERS)),
    ("cidr_allow", None, Refused(PEERS)),
    ("cidr_deny", None, Refused(PEERS)),
    ("udp_recv_len", None, Refused("there is no UDP here")),
    ("udp_recv_flags", None, Refused("there is no UDP here")),
];

/// A setting as it is said.
pub(super) struct Said {
    pub(super) value: Secret,
    pub(super) place: Place,
}

impl Said {
    pub(super) fn text(&self) -> &str {
        self.value.expose()
    }
}

/// All that is said, by file and environment.
pub(super) struct Settings {
    pub(super) name: Box<str>,
    said: BTreeMap<&'static str, Vec<Said>>,
    warnings: Vec<String>,
}

impl Settings {
    pub(super) fn read(text: &str, name: &str, surroundings: &Surroundings) -> Result<Self, ConfigError> {
        let mut settings = Self { name: name.into(), said: BTreeMap::new(), warnings: Vec::new() };
        for (number, line) in (1..).zip(text.lines()) {
            settings.line(line, &Place::At { line: number, column: None })?;
        }
        for (key, variable, _) in KNOWN {
            let Some(variable) = variable else { continue };
            let place = Place::Variable(variable.into());
            match surroundings.get(variable) {
                Ok(None) => {}
                Ok(Some(value)) => {
                    settings.said.insert(key, vec![Said { value, place }]);
                }
                Err(_) => return Err(wrong(name, &place, "it is not UTF-8")),
            }
        }
        for (key, _, fate) in KNOWN {
            let Some(place) = settings.one(key).map(|said| said.place.clone()) else { continue };
            match fate {
                Mapped => {}
                Ignored(why) => settings.warn(&place, &format!("`{key}` has no meaning here: {why}")),
                Refused(why) => return Err(wrong(name, &place, format!("`{key}` cannot be kept: {why}"))),
            }
        }
        for key in settings.said.keys().copied().collect::<Vec<_>>() {
            if key != "port" && settings.said.get(key).is_some_and(|all| all.len() > 1) {
                let place = settings.one(key).map(|said| said.place.clone());
                settings.warn(
                    &place.unwrap_or(Place::Whole),
                    &format!("`{key}` is said before: the last one counts"),
                );
            }
        }
        Ok(settings)
    }

    /// A key, and its value up to the next blank, as Net::Server reads them: behind `=`, `:` or blanks.
    fn line(&mut self, line: &str, place: &Place) -> Result<(), ConfigError> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let line = line.strip_prefix("--").unwrap_or(line);
        let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len());
        let (key, rest) = line.split_at_checked(end).unwrap_or((line, ""));
        let name = self.name.clone();
        if key.is_empty() {
            return Err(wrong(&name, place, "this is neither `key value` nor a comment with `#`"));
        }
        let Some((known, ..)) = KNOWN.iter().find(|(known, ..)| *known == key) else {
            let near = KNOWN.iter().find(|(known, ..)| known.eq_ignore_ascii_case(key));
            let meant = near.map_or_else(String::new, |(known, ..)| format!(": did you mean `{known}`?"));
            return Err(wrong(&name, place, format!("mregd has no setting `{key}`{meant}")));
        };
        let trimmed = rest.trim_start();
        let value = trimmed.strip_prefix(['=', ':']).unwrap_or(trimmed).trim_start();
        let mut words = value.split_ascii_whitespace();
        // A key alone says nothing: so stand login and password in the vendor's sample.
        let Some(value) = words.next() else { return Ok(()) };
        if words.next().is_some_and(|next| !next.starts_with('#')) {
            let what = format!("`{known}`: what follows the first word is not read, nor does mregd");
            self.warn(place, &what);
        }
        let said = Said { value: Secret::from(value), place: place.clone() };
        self.said.entry(*known).or_default().push(said);
        Ok(())
    }

    /// The last that is said of this.
    pub(super) fn one(&self, key: &str) -> Option<&Said> {
        self.said.get(key).and_then(|all| all.last())
    }

    /// All that is said of this.
    pub(super) fn all(&self, key: &str) -> &[Said] {
        self.said.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// What mregd does not start without.
    pub(super) fn required(&self, key: &str) -> Result<&Said, ConfigError> {
        self.one(key).ok_or_else(|| {
            let variable =
                KNOWN.iter().find(|(known, ..)| *known == key).and_then(|(_, variable, _)| *variable);
            let what = format!(
                "`{key}` is missing, and so is `{}` in the environment",
                variable.unwrap_or_default()
            );
            wrong(&self.name, &Place::Whole, what)
        })
    }

    pub(super) fn warn(&mut self, place: &Place, what: &str) {
        let mut line = String::new();
        let _ = place.write(&self.name, &mut line);
        self.warnings.push(format!("{line}: {what}"));
    }

    pub(super) fn into_warnings(self) -> Vec<String> {
        self.warnings
    }
}
