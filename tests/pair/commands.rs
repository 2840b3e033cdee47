//! The commands that are tried, and what must be true of their fates.

use rrp::command::{Add, Check, Command, Period, PtfCommand, Renew, Status, ToCommand};
use rrp::session::Fate;
use rrp::sim::{Domain, Registry, Stamp};
use rrp::verdict::{Answer, Executed, Word};
use rrp::{DomainName, Reply};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Check,
    Add,
    Renew,
    Status,
    PtfCheck,
    PtfAdd,
    PtfRenew,
    PtfStatus,
}

impl Ask {
    pub(crate) const ALL: [Self; 8] = [
        Self::Check,
        Self::Add,
        Self::Renew,
        Self::Status,
        Self::PtfCheck,
        Self::PtfAdd,
        Self::PtfRenew,
        Self::PtfStatus,
    ];

    /// The name in the ledger.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Add => "add",
            Self::Renew => "renew",
            Self::Status => "status",
            Self::PtfCheck => "CheckDomain",
            Self::PtfAdd => "AddDomain",
            Self::PtfRenew => "RenewDomain",
            Self::PtfStatus => "StatusDomain",
        }
    }

    /// Nothing in it would keep the registry from executing it twice, but for ADD, which a second time is refused.
    pub(crate) fn command(self, domain: &str) -> Command {
        let name: DomainName = domain.parse().unwrap();
        let years = Period::years(1).unwrap();
        let ptf = || PtfCommand::new(self.name()).unwrap().param("domain", domain).unwrap();
        match self {
            Self::Check => Check::domain(&name).to_command(),
            Self::Add => Add::domain(&name).period(years).to_command(),
            Self::Renew => Renew::domain_unguarded(&name).to_command(),
            Self::Status => Status::domain(&name).to_command(),
            Self::PtfCheck | Self::PtfStatus => Command::new(ptf()),
            Self::PtfAdd | Self::PtfRenew => Command::new(ptf().param("period", "1").unwrap()),
        }
    }

    /// Makes the registry ready to execute it. Each domain has an expiry and a name server of its own, by which a
    /// reply is told from every other's.
    pub(crate) fn prepare(self, registry: &mut Registry, domain: &str, day: u8) {
        if matches!(self, Self::Renew | Self::PtfRenew | Self::Status | Self::PtfStatus) {
            let expires = Stamp::midnight(2027, 1 + day % 12, 1 + day / 12 % 28);
            let held = Domain::new(domain, "registrar", Stamp::midnight(2025, 1, 1), expires);
            registry.insert_domain(held.with_name_server(&format!("ns.{domain}")));
        }
    }

    pub(crate) fn executed(self, registry: &Registry, domain: &str) -> usize {
        registry.ledger().executed(self.name(), domain)
    }

    /// What is wrong with a fate, seen from the registry.
    pub(crate) fn wrong(self, registry: &Registry, domain: &str, fate: &Fate) -> Option<&'static str> {
        let executed = self.executed(registry, domain);
        if executed > 1 {
            return Some("executed twice");
        }
        match fate {
            Fate::Unsent(_) => (executed > 0).then_some("unsent, and executed"),
            Fate::Unanswered => None,
            Fate::Answered(reply) => {
                let verdict = reply.verdict(self.command(domain).context());
                let promised = matches!(verdict.word(), Word::Specification | Word::Registry);
                match verdict.executed() {
                    Executed::Yes if executed == 0 => Some("completed, and not executed"),
                    Executed::No if promised && executed > 0 => Some("refused, and executed"),
                    _ if verdict.completed() && !self.answers(registry, domain, reply) => {
                        Some("another's answer")
                    }
                    _ => None,
                }
            }
        }
    }

    /// Whether a success is the answer to this command about this domain.
    fn answers(self, registry: &Registry, domain: &str, reply: &Reply) -> bool {
        let held = registry.domain(domain);
        let expiry = |name: &str| reply.first(name).map(|text| Stamp::parse(&text).unwrap());
        match self {
            Self::Check | Self::PtfCheck => {
                let answer = if held.is_some() { Answer::No } else { Answer::Yes };
                reply.verdict(self.command(domain).context()).answer() == Some(answer)
            }
            Self::Add | Self::Renew | Self::PtfAdd | Self::PtfRenew => {
                expiry("registrationexpirationdate") == held.map(Domain::expires)
            }
            Self::Status | Self::PtfStatus => {
                let host = held.and_then(|held| held.name_servers().next());
                let named = reply.first("domain").is_none_or(|named| named == domain);
                named && host.is_some() && reply.first("nameserver").as_deref() == host
            }
        }
    }

    /// Panics if something is.
    #[track_caller]
    pub(crate) fn judge(self, registry: &Registry, domain: &str, fate: &Fate, circumstances: &str) {
        if let Some(wrong) = self.wrong(registry, domain, fate) {
            let entries: Vec<String> = registry.ledger().entries().iter().map(ToString::to_string).collect();
            panic!("{self:?} {domain}, {circumstances}: {wrong}: {fate:?}\n{entries:#?}");
        }
    }
}
