//! Host and environment, as every output that spends money shows them.

use std::fmt;
use std::io::Write;

use rrp::net::Endpoint;
use rrp::{Command, daemon};
use serde_json::{Map, Value, json};

use crate::failure::Refusal;
use crate::options::STAGE;
use crate::output::{Fields, escape};

/// What it means to order something there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Environment {
    /// The test environment of a registry: nothing costs.
    Ote,
    /// Stated to be that, of a tunnel or a simulated registry on this machine.
    OteOnLoopback,
    /// Real names, real money.
    Production,
    /// Stated to be that, of a tunnel or a simulated registry on this machine.
    ProductionOnLoopback,
    /// On this machine, and nothing else is said.
    Simulated,
    /// Nobody has said.
    NotStated,
}

impl Environment {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ote | Self::OteOnLoopback => "ote",
            Self::Production | Self::ProductionOnLoopback => "production",
            Self::Simulated => "simulated",
            Self::NotStated => "not-stated",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ote => "OT&E",
            Self::OteOnLoopback => "OT&E (loopback)",
            Self::ProductionOnLoopback => "production (loopback)",
            Self::Simulated => "simulated (loopback)",
            Self::NotStated => "not stated",
            other => other.as_str(),
        })
    }
}

/// Where commands go.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) endpoint: Endpoint,
    pub(crate) environment: Environment,
}

impl Target {
    /// `stated` is the environment as somebody has stated it, and who: a flag, say.
    pub(crate) fn new(endpoint: Endpoint, stated: Option<(&str, String)>) -> Result<Self, Refusal> {
        let (stated, origin) = match stated {
            None => (None, String::new()),
            Some(("ote", origin)) => (Some(Environment::Ote), origin),
            Some(("production", origin)) => (Some(Environment::Production), origin),
            Some((other, origin)) => {
                let what = format!("{origin}: `{}` is not `ote` or `production`", escape(other));
                return Err(Refusal::usage(STAGE, what));
            }
        };
        let known = match daemon::Environment::known(&endpoint) {
            Some(daemon::Environment::Ote) => Some(Environment::Ote),
            Some(daemon::Environment::Production) => Some(Environment::Production),
            _ => None,
        };
        let loopback = daemon::Environment::is_loopback(&endpoint);
        let environment = match (stated, known) {
            (Some(stated), Some(known)) if stated != known => {
                let what = format!("{origin}: it says {stated}, and `{}` is {known}", endpoint.host());
                return Err(Refusal::usage(STAGE, what).hint("nothing was sent: name the host that you mean"));
            }
            (Some(Environment::Ote), None) if loopback => Environment::OteOnLoopback,
            (Some(Environment::Production), None) if loopback => Environment::ProductionOnLoopback,
            (Some(stated), _) => stated,
            (None, Some(known)) => known,
            // A tunnel to a registry must be given its environment.
            (None, None) if loopback => Environment::Simulated,
            (None, None) => Environment::NotStated,
        };
        Ok(Self { endpoint, environment })
    }

    /// With the environment that the daemon states which commands go through.
    pub(crate) fn as_served(&mut self, served: &str) -> Result<(), Refusal> {
        if self.environment.as_str() == served {
            return Ok(());
        }
        match (self.environment, served) {
            (Environment::NotStated, "ote") => self.environment = Environment::Ote,
            (Environment::NotStated, "production") => self.environment = Environment::Production,
            (Environment::Simulated, "ote") => self.environment = Environment::OteOnLoopback,
            (Environment::Simulated, "production") => self.environment = Environment::ProductionOnLoopback,
            _ => {
                let what = format!(
                    "the daemon says {}, and here it is {}",
                    escape(served),
                    self.environment.as_str()
                );
                return Err(Refusal::usage(STAGE, what).hint("nothing was sent: name the host that you mean"));
            }
        }
        Ok(())
    }

    /// Says it loudly, before something that may cost goes to nobody knows what.
    pub(crate) fn warn(&self, command: &Command, err: &mut dyn Write) {
        if self.environment == Environment::NotStated && command.nature().billable().at_stake() {
            // A warning that nobody sees is no failure.
            let _ = writeln!(
                err,
                "WARNING: {} may cost money, and whether {} is a test environment is not stated: state it with \
                 --environment ote|production",
                escape(command.name()),
                self.host()
            );
        }
    }

    /// Host and port.
    pub(crate) fn host(&self) -> String {
        self.endpoint.to_string()
    }

    pub(crate) fn add_to(&self, fields: &mut Fields) {
        fields.add("host", self.host());
        fields.add("environment", self.environment.to_string());
    }

    pub(crate) fn add_json(&self, map: &mut Map<String, Value>) {
        map.insert("host".to_owned(), json!(self.host()));
        map.insert("environment".to_owned(), json!(self.environment.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(server: &str, stated: Option<&str>) -> Option<Environment> {
        let stated = stated.map(|stated| (stated, "--environment".to_owned()));
        Target::new(server.parse().unwrap(), stated).ok().map(|target| target.environment)
    }

    #[test]
    fn the_environment_follows_from_the_host_or_is_stated() {
        use Environment::*;
        assert_eq!(environment("xrrp.rrpproxy.net", None), Some(Production));
        assert_eq!(environment("XRRP-OTE.rrpproxy.net.:2001", None), Some(Ote));
        assert_eq!(environment("xrrp-ote.rrpproxy.net", Some("ote")), Some(Ote));
        for server in ["localhost", "127.9.9.9", "[::1]:2001", "::ffff:127.0.0.1"] {
            assert_eq!(environment(server, None), Some(Simulated), "{server}");
            assert_eq!(environment(server, Some("production")), Some(ProductionOnLoopback), "{server}");
            assert_eq!(environment(server, Some("ote")), Some(OteOnLoopback), "{server}");
        }
        assert_eq!(environment("rrp.example.com", None), Some(NotStated));
        assert_eq!(environment("localhost.example.com", None), Some(NotStated));
    }

    #[test]
    fn a_contradiction_is_refused() {
        assert_eq!(environment("xrrp.rrpproxy.net", Some("ote")), None);
        assert_eq!(environment("xrrp-ote.rrpproxy.net", Some("production")), None);
        assert_eq!(environment("rrp.example.com", Some("prod")), None);
    }
}
