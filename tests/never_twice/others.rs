//! A registrar that is nobody's client here: it takes names, asks for domains, and lets them go.

use std::time::{Duration, Instant};

use rrp::sim::{ConnectionId, Registry};

use crate::operations::{AUTH, domain_name};
use crate::oracle::Oracle;
use crate::pair::Dice;

pub(crate) const THIRD: &str = "third";
pub(crate) const PASSWORD: &str = "th1rd-pass";

/// The third party's connection, and when it acts next.
pub(crate) struct Third {
    connection: Option<ConnectionId>,
    pub(crate) next: Option<Instant>,
}

impl Third {
    pub(crate) const fn new(next: Option<Instant>) -> Self {
        Self { connection: None, next }
    }

    /// Does something about the objects of this number.
    pub(crate) fn act(
        &mut self,
        number: usize,
        registry: &mut Registry,
        oracle: &mut Oracle,
        dice: &mut Dice,
        now: Instant,
    ) {
        self.next = Some(now + Duration::from_secs(1 + dice.next() % 60));
        if self.connection.is_none_or(|id| !registry.connections().any(|open| open == id)) {
            oracle.connect();
            let id = registry.connect(now);
            let login = format!("session\r\n-Id:{THIRD}\r\n-Password:{PASSWORD}\r\n.\r\n");
            registry.receive(id, login.as_bytes(), now);
            self.connection = Some(id);
        }
        let Some(id) = self.connection else { return };
        let name = domain_name(number);
        let domain = registry.domain(&name);
        let command = match domain {
            None => rrp("add", &name, ""),
            Some(domain) if domain.registrar() == THIRD && domain.transfer_to().is_some() => {
                rrp("transfer", &name, dice.one_of(&["-Approve:Yes\r\n", "-Approve:No\r\n"]))
            }
            Some(domain) if domain.registrar() == THIRD => rrp("del", &name, ""),
            Some(domain) if domain.transfer_to() == Some(THIRD) => rrp("transfer", &name, "-Approve:No\r\n"),
            Some(_) if dice.percent(50) => rrp("transfer", &name, ""),
            Some(_) => format!(
                "[COMMAND]\r\ncommand=TransferDomain\r\naction=REQUEST\r\ndomain={name}\r\nauth={AUTH}\r\nEOF\r\n.\r\n"
            ),
        };
        registry.receive(id, command.as_bytes(), now);
    }
}

fn rrp(verb: &str, name: &str, options: &str) -> String {
    format!("{verb}\r\n{options}EntityName:Domain\r\nDomainName:{name}\r\n.\r\n")
}
