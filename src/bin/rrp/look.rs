//! What is said of a write whose effect nobody knows: what was sent, how to look whether it was executed, what may be
//! lost.

use rrp::command::{Billable, Body, Command, Field, Kind, Nature, Repeat, RrpLine, Settle};
use rrp::secret::{REDACTED, assigns_secret};
use rrp::verdict::{Advice, Executed, Verdict};
use rrp::{DomainName, HostName};

use crate::output::escape;

/// The lines of a command, one behind the other, without secrets.
pub(crate) fn sent(command: &Command) -> String {
    let mut lines = Vec::new();
    match command.body() {
        Body::Rrp(rrp) => {
            lines.push(rrp.verb().as_str().to_owned());
            for line in rrp.lines() {
                let name = line.name().as_str();
                lines.push(match line {
                    RrpLine::Attribute { value, .. } => format!("{name}:{}", shown(value)),
                    RrpLine::Remove { old, .. } => format!("{name}:{}=", shown(old)),
                    RrpLine::Replace { old, new, .. } => format!("{name}:{}={}", shown(old), shown(new)),
                    RrpLine::Option { value, .. } => format!("-{name}:{}", shown(value)),
                    _ => format!("{name}:{REDACTED}"),
                });
            }
        }
        Body::Ptf(ptf) => {
            let pairs = |given: &[rrp::command::ptf::Parameter]| {
                let pair = |one: &rrp::command::ptf::Parameter| {
                    format!("{}={}", one.name().as_str(), shown(one.value()))
                };
                given.iter().map(pair).collect::<Vec<_>>()
            };
            if !ptf.headers().is_empty() {
                lines.push("[HEADER]".to_owned());
                lines.extend(pairs(ptf.headers()));
            }
            lines.push("[COMMAND]".to_owned());
            lines.push(format!("command={}", ptf.name().as_str()));
            lines.extend(pairs(ptf.parameters()));
            lines.push("EOF".to_owned());
        }
    }
    lines.push(".".to_owned());
    lines.iter().map(|line| escape(line)).collect::<Vec<_>>().join(" | ")
}

fn shown(field: &Field) -> &str {
    field.as_str().filter(|value| !assigns_secret(value)).unwrap_or(REDACTED)
}

/// Whether a write that the registry says has failed for now may go out again without a look: only what the registry
/// refuses to make twice, and what does no harm twice. A renewal's own guard is not to be trusted with money.
pub(crate) const fn repeats_blindly(nature: &Nature) -> bool {
    matches!((nature.kind(), nature.repeat()), (Kind::Creation, Repeat::Refused) | (_, Repeat::Harmless))
}

/// The year by which a renewal guards itself.
fn guard(command: &Command) -> Option<&str> {
    let nature = command.nature();
    if nature.kind() != Kind::Renewal || nature.repeat() != Repeat::Guarded {
        return None;
    }
    match command.body() {
        Body::Rrp(rrp) => rrp.option_value("CurrentExpirationYear"),
        Body::Ptf(ptf) => ptf.get("expiration"),
    }
    .and_then(Field::as_str)
}

/// What to say before a renewal goes out that nothing guards.
pub(crate) fn unguarded(command: &Command) -> Option<&'static str> {
    let nature = command.nature();
    if nature.kind() != Kind::Renewal || nature.repeat() != Repeat::Harmful {
        return None;
    }
    let guarded = ["RenewDomain", "PayDomainRenewal"];
    Some(match command.body() {
        Body::Rrp(_) => "no guard: sent twice it renews twice; give -Period:N -CurrentExpirationYear:YEAR",
        Body::Ptf(ptf) if guarded.iter().any(|name| ptf.name().as_str().eq_ignore_ascii_case(name)) => {
            "no guard: sent twice it renews twice; give expiration=YEAR"
        }
        Body::Ptf(_) => "no guard: sent twice it renews twice",
    })
}

/// What to say of a refusal that comes of the guard: the command asks for what is no more.
pub(crate) fn guarded(command: &Command, reply: &rrp::Reply) -> Option<String> {
    let year = guard(command)?;
    let refuses = [541, 555].contains(&reply.code().as_u16())
        || (500..600).contains(&reply.code().as_u16())
            && reply.text().to_ascii_lowercase().contains("expiration");
    refuses.then(|| {
        format!(
            "the expiration is not {} any more, perhaps through an earlier renewal: look first, do not adjust the year",
            escape(year)
        )
    })
}

/// What to say and to do about a write that may have been executed. `verdict` is that of its reply, if one came.
pub(crate) fn doubt(command: &Command, verdict: Option<&Verdict>) -> Vec<(&'static str, String)> {
    let name = escape(command.name());
    let fate = if verdict.is_some_and(|verdict| verdict.executed() == Executed::No) {
        format!("{name}: the registry says that it failed; look before sending it again")
    } else {
        format!("unknown whether {name} was executed: do NOT send it again")
    };
    let mut said = vec![("IN DOUBT", fate)];
    said.extend(first(command, verdict));
    let money = match command.nature().billable() {
        Billable::Yes => "at stake: a second one may be paid for again",
        Billable::Maybe => "it may cost",
        Billable::No => "none",
    };
    said.push(("money", money.to_owned()));
    said
}

/// By what to look, ready to copy, and what it shows.
fn first(command: &Command, verdict: Option<&Verdict>) -> Vec<(&'static str, String)> {
    let mut said = vec![("look first", settle(command, verdict))];
    if let Some(line) = line(command) {
        said.insert(0, ("look first", line));
        if let Some((key, _)) = said.get_mut(1) {
            *key = "";
        }
    }
    said
}

/// How to learn whether it was executed, in one sentence.
pub(crate) fn settle(command: &Command, verdict: Option<&Verdict>) -> String {
    let text = match command.nature().settle() {
        Settle::Read(read) => format!("by {read}: {}", evidence(command)),
        Settle::List(list) => format!("through {list}, by hand: a list tells no author"),
        Settle::NotNeeded => "nothing: it changes nothing".to_owned(),
        _ => "no read can prove it: ask the registry".to_owned(),
    };
    match verdict.map(Verdict::advice) {
        Some(Advice::HoldAccount { after }) => format!(
            "the account is locked: send nothing for it, from anywhere, for {} s; then {text}",
            after.as_secs()
        ),
        _ => text,
    }
}

/// What of a read shows that it was executed.
fn evidence(command: &Command) -> String {
    match command.nature().kind() {
        Kind::Renewal => match guard(command) {
            Some(year) => format!("an expiration later than {} means that it was executed", escape(year)),
            None => "an expiration later than before means that it was executed; without the date from before ask \
                     the registry"
                .to_owned(),
        },
        Kind::Creation => "found and yours means that it was executed; not found twice, some time apart, that it was \
                           not"
        .to_owned(),
        Kind::Deletion => "not found, or pendingDelete, means that it was executed".to_owned(),
        Kind::Transfer if answers_transfer(command) => {
            "a request that is no longer open means that it was executed, or that somebody else has answered; one that \
             is still open is no proof"
                .to_owned()
        }
        Kind::Transfer => {
            "another registrar or account than before, or a transfer under way, means that it was executed; neither, \
             at once, is no proof"
                .to_owned()
        }
        Kind::Modification => {
            "the values that you sent mean that it was executed, or that nothing is left to do".to_owned()
        }
        Kind::Restore => {
            "no pendingDelete any more, or pendingRestore, means that it was executed".to_owned()
        }
        _ => "it shows whether it was executed; not found at once is no proof".to_owned(),
    }
}

/// Whether it is no transfer of its own, but approves, denies or cancels one that is under way.
fn answers_transfer(command: &Command) -> bool {
    match command.body() {
        Body::Rrp(rrp) => rrp.option_value("Approve").is_some(),
        Body::Ptf(ptf) => {
            let action = ptf.get("action").and_then(Field::as_str).unwrap_or_default();
            ["APPROVE", "DENY", "CANCEL"].iter().any(|answer| action.eq_ignore_ascii_case(answer))
        }
    }
}

/// The command of this program that looks.
pub(crate) fn line(command: &Command) -> Option<String> {
    let read = match command.nature().settle() {
        Settle::Read(read) => read,
        Settle::List(list) => return Some(format!("rrp call {list} …")),
        _ => return None,
    };
    let ptf = match command.body() {
        Body::Rrp(rrp) => {
            let value = |name| rrp.attribute_value(name).and_then(Field::as_str);
            return match (value("DomainName"), value("NameServer")) {
                (Some(domain), _) if domain.parse::<DomainName>().is_ok() => {
                    word(domain).map(|domain| format!("rrp status {domain}"))
                }
                (None, Some(host)) if host.parse::<HostName>().is_ok() => {
                    word(host).map(|host| format!("rrp status --name-server {host}"))
                }
                _ => Some("rrp call --rrp status …".to_owned()),
            };
        }
        Body::Ptf(ptf) => ptf,
    };
    let value = |name: &str| ptf.get(name).and_then(Field::as_str);
    match (read, value("domain"), value("nameserver")) {
        ("StatusDomain", Some(domain), _) if domain.parse::<DomainName>().is_ok() => {
            return word(domain).map(|domain| format!("rrp status --ptf {domain}"));
        }
        ("StatusNameserver", _, Some(host)) if host.parse::<HostName>().is_ok() => {
            return word(host).map(|host| format!("rrp status --ptf --name-server {host}"));
        }
        _ => {}
    }
    // The object of StatusContact is called `contact`; what is about a domain has it as `domain`.
    let kind = read.strip_prefix("Status").unwrap_or_default().to_ascii_lowercase();
    let object = [kind.as_str(), "domain"].into_iter().find_map(|name| {
        let value =
            value(name).filter(|_| !kind.is_empty() && (name == kind || kind.starts_with("domain")))?;
        Some(format!("{name}={}", word(value)?))
    });
    Some(format!("rrp call {read} {}", object.as_deref().unwrap_or("…")))
}

/// A text as one word of a shell, if that can be.
pub(crate) fn word(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-@:+/".contains(c);
    if !text.starts_with('-') && !text.is_empty() && text.chars().all(plain) {
        return Some(text.to_owned());
    }
    let risky = text.starts_with('-') || text.contains('\'') || escape(text) != text;
    (!risky).then(|| format!("'{text}'"))
}

#[cfg(test)]
mod tests {
    use rrp::command::{PtfCommand, RrpCommand};

    use super::*;

    fn ptf(name: &str, parameters: &[(&str, &str)]) -> Command {
        let command = PtfCommand::new(name).unwrap();
        let add = |command: PtfCommand, (key, value): &(&str, &str)| command.param(key, value).unwrap();
        parameters.iter().fold(command, add).into()
    }

    fn rrp(verb: &str, attributes: &[(&str, &str)]) -> Command {
        let command = RrpCommand::new(verb).unwrap();
        let add = |command: RrpCommand, (key, value): &(&str, &str)| command.attribute(key, value).unwrap();
        attributes.iter().fold(command, add).into()
    }

    #[test]
    fn what_was_sent_is_shown_without_secrets() {
        let modify =
            ptf("ModifyDomain", &[("domain", "a.com"), ("auth", "hunter22"), ("x", "AUTH=hunter22")]);
        let shown = "[COMMAND] | command=ModifyDomain | domain=a.com | auth=*** | x=*** | EOF | .";
        assert_eq!(sent(&modify), shown);
        let check = rrp("check", &[("EntityName", "Domain"), ("DomainName", "a.com")]);
        assert_eq!(sent(&check), "check | EntityName:Domain | DomainName:a.com | .");
    }

    #[test]
    fn the_look_is_ready_to_copy() {
        let domain = ("domain", "a.com");
        for (command, expected) in [
            (ptf("RenewDomain", &[domain]), Some("rrp status --ptf a.com")),
            (ptf("RenewDomain", &[("domain", "-a b")]), Some("rrp call StatusDomain …")),
            (
                ptf("RenewDomain", &[("domain", "$(reboot)")]),
                Some("rrp call StatusDomain domain='$(reboot)'"),
            ),
            (
                ptf("AddNameserver", &[("nameserver", "ns.a.com")]),
                Some("rrp status --ptf --name-server ns.a.com"),
            ),
            (ptf("TransferDomain", &[domain]), Some("rrp call StatusDomainTransfer domain=a.com")),
            (ptf("DeleteContact", &[("contact", "P-1")]), Some("rrp call StatusContact contact=P-1")),
            (ptf("Unheard", &[domain]), None),
            (
                rrp("add", &[("EntityName", "Domain"), ("DomainName", "a.com"), ("NameServer", "ns.a.com")]),
                Some("rrp status a.com"),
            ),
            (
                rrp("add", &[("EntityName", "NameServer"), ("NameServer", "ns.a.com")]),
                Some("rrp status --name-server ns.a.com"),
            ),
        ] {
            assert_eq!(line(&command).as_deref(), expected, "{command:?}");
        }
    }

    #[test]
    fn the_evidence_fits_the_kind() {
        let domain = ("domain", "a.com");
        for (command, expected) in [
            (ptf("RenewDomain", &[domain, ("expiration", "2028")]), "later than 2028"),
            (ptf("RenewDomain", &[domain]), "without the date from before"),
            (ptf("AddDomain", &[domain]), "not found twice"),
            (ptf("DeleteDomain", &[domain]), "pendingDelete"),
            (ptf("TransferDomain", &[domain]), "transfer under way"),
            (ptf("TransferDomain", &[domain, ("action", "cancel")]), "no longer open"),
            (ptf("TransferDomain", &[domain, ("action", "APPROVE")]), "no longer open"),
            (ptf("ModifyDomain", &[domain]), "the values that you sent"),
            (ptf("RestoreDomain", &[domain]), "no pendingDelete any more"),
            (ptf("Unheard", &[]), "ask the registry"),
        ] {
            assert!(settle(&command, None).contains(expected), "{command:?}: {}", settle(&command, None));
        }
    }

    #[test]
    fn only_creations_and_what_is_harmless_go_out_blindly() {
        let domain = ("domain", "a.com");
        for (command, blindly) in [
            (ptf("AddDomain", &[domain]), true),
            (ptf("AddContact", &[]), true),
            (ptf("SetDomainRenewalMode", &[domain]), true),
            (ptf("RenewDomain", &[domain]), false),
            (ptf("RenewDomain", &[domain, ("expiration", "2028")]), false),
            (ptf("DeleteDomain", &[domain]), false),
            (ptf("TransferDomain", &[domain]), false),
            (ptf("RestoreDomain", &[domain]), false),
            (ptf("Unheard", &[]), false),
        ] {
            assert_eq!(repeats_blindly(command.nature()), blindly, "{command:?}");
        }
    }
}
