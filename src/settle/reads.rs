//! Which reads show an object.

use super::renewal;
use super::resolver::Resolver;
use super::sent::{Form, Sent};
use crate::command::{Command, Object, PtfCommand, Status, ToCommand};
use crate::name::{DomainName, HostName};

/// The most records that are asked for of a zone: one page.
const PAGE: &str = "1000";

/// The reads that show what became of it, and what it was like before; none if a name in it is no name.
#[must_use]
pub fn reads(resolver: Resolver, sent: &Sent) -> Vec<Command> {
    let names: Vec<&str> = names(resolver, sent).collect();
    let form = sent.form();
    let all = match resolver {
        Resolver::TransferRequest
        | Resolver::TransferApprove
        | Resolver::TransferDeny
        | Resolver::TransferCancel
            if form == Form::Ptf =>
        {
            names
                .iter()
                .flat_map(|name| [domain("StatusDomainTransfer", name), domain("StatusDomain", name)])
                .collect()
        }
        Resolver::AddDomain
        | Resolver::Renew
        | Resolver::TransferRequest
        | Resolver::TransferApprove
        | Resolver::TransferDeny
        | Resolver::TransferCancel
        | Resolver::DeleteDomain
        | Resolver::Restore
        | Resolver::ModifyDomain => names.iter().map(|name| domain_in(form, name)).collect(),
        Resolver::AddNameServer | Resolver::DeleteNameServer | Resolver::ModifyNameServer => {
            names.iter().map(|name| name_server_in(form, name)).collect()
        }
        Resolver::DeleteContact | Resolver::ModifyContact => {
            names.iter().map(|name| ptf("StatusContact", &[("contact", name)])).collect()
        }
        Resolver::AddZone | Resolver::DeleteZone => {
            names.iter().map(|name| ptf("StatusDNSZone", &[("dnszone", name)])).collect()
        }
        Resolver::ModifyZone => names
            .iter()
            .flat_map(|name| {
                let records = [("dnszone", *name), ("first", "0"), ("limit", PAGE)];
                [ptf("StatusDNSZone", &[("dnszone", name)]), ptf("QueryDNSZoneRRList", &records)]
            })
            .collect(),
        Resolver::Other => None,
    };
    // One that cannot be asked leaves the others without their place.
    let all: Option<Vec<Command>> = all;
    all.unwrap_or_default()
}

/// Whether an earlier reading is needed for a proof: not for creations, nor where the command carries its own guard.
#[must_use]
pub fn wants_earlier_reading(resolver: Resolver, sent: &Sent) -> bool {
    match resolver {
        Resolver::AddDomain | Resolver::AddNameServer | Resolver::AddZone => false,
        Resolver::Renew => renewal::guard(sent).is_none(),
        Resolver::Other => false,
        _ => true,
    }
}

/// The new name of a name server that is renamed.
pub(super) fn new_name(sent: &Sent) -> Option<&Object> {
    sent.value("newnameserver")?;
    match sent.objects() {
        [old, new, ..] if old != new => Some(new),
        _ => None,
    }
}

/// The names that are looked up, in order; one that may have been cut is none.
fn names(resolver: Resolver, sent: &Sent) -> impl Iterator<Item = &str> {
    let new = if resolver == Resolver::ModifyNameServer { new_name(sent) } else { None };
    let names = sent.objects().first().into_iter().chain(new).map(Object::name);
    names.filter(|name| !name.is_empty() && name.len() < Object::MAX_NAME)
}

fn ptf(name: &str, parameters: &[(&str, &str)]) -> Option<Command> {
    let command = PtfCommand::new(name).ok()?;
    let with = |command: PtfCommand, (name, value): &(&str, &str)| command.param(name, value).ok();
    parameters.iter().try_fold(command, with).map(Command::new)
}

fn domain(command: &str, name: &str) -> Option<Command> {
    let name = DomainName::new(name).ok()?;
    ptf(command, &[("domain", name.as_str())])
}

fn domain_in(form: Form, name: &str) -> Option<Command> {
    match form {
        Form::Rrp => Some(Status::domain(&DomainName::new(name).ok()?).to_command()),
        Form::Ptf => domain("StatusDomain", name),
        Form::Opaque => None,
    }
}

fn name_server_in(form: Form, name: &str) -> Option<Command> {
    let name = HostName::new(name).ok()?;
    match form {
        Form::Rrp => Some(Status::name_server(&name).to_command()),
        Form::Ptf => ptf("StatusNameserver", &[("nameserver", name.as_str())]),
        Form::Opaque => None,
    }
}
