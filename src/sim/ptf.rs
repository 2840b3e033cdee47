//! The commands of PTF, as CNR documents and answers them, on a session that is logged in.
//!
//! Unknown parameters are accepted in silence, as CNR does.

mod account;
mod change;
mod contact;
mod domain;
mod host;
pub(super) mod job;
mod list;
mod transfer;
mod zone;

use super::wire::{Answer, Request};
use super::world::{Outcome, Turn, refuse};

/// Executes a command by its name, which compares without case; 500 if there is none such.
pub(super) fn execute(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    match request.name().to_ascii_lowercase().as_str() {
        "describe" => Ok(Answer::new(200).pair("protocol", "RRP 1.1.0")),
        "checkdomain" => domain::check(turn, request),
        "checkdomains" => domain::check_several(turn, request),
        "adddomain" => domain::add(turn, request),
        "statusdomain" => domain::status(turn, request),
        "renewdomain" => domain::renew(turn, request),
        "modifydomain" => change::modify(turn, request),
        "deletedomain" => change::delete(turn, request),
        "restoredomain" => change::restore(turn, request),
        "setdomainrenewalmode" => change::set_renewal_mode(turn, request),
        "setdomaintransfermode" => change::set_transfer_mode(turn, request),
        "setauthcode" => change::set_auth_code(turn, request),
        "pushdomain" => change::push(turn, request),
        "querydomainlist" => list::domains(turn, request),
        "transferdomain" => transfer::transfer(turn, request),
        "statusdomaintransfer" => transfer::status(turn, request),
        "querytransferlist" => transfer::query(turn, request, transfer::Side::Gaining),
        "queryforeigntransferlist" => transfer::query(turn, request, transfer::Side::Losing),
        "addnameserver" => host::add(turn, request),
        "checknameserver" => host::check(turn, request),
        "statusnameserver" => host::status(turn, request),
        "modifynameserver" => host::modify(turn, request),
        "deletenameserver" => host::delete(turn, request),
        "addcontact" => contact::add(turn, request),
        "checkcontact" => contact::check(turn, request),
        "statuscontact" => contact::status(turn, request),
        "modifycontact" => contact::modify(turn, request),
        "deletecontact" => contact::delete(turn, request),
        "querycontactlist" => contact::query(turn, request),
        "adddnszone" => zone::add(turn, request),
        "statusdnszone" => zone::status(turn, request),
        "modifydnszone" => zone::modify(turn, request),
        "deletednszone" => zone::delete(turn, request),
        "querydnszonerrlist" => zone::records(turn, request),
        "statusaccount" => account::status(turn),
        "queryaccountinglist" => account::query(turn, request),
        "sendsms" => account::send_sms(turn, request),
        "requesttoken" => account::request_token(turn, request),
        "queryeventlist" => list::events(turn, request),
        "statusevent" => list::event(turn, request),
        _ => refuse(500),
    }
}

/// A parameter that is given and not empty.
fn given<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.first(name).filter(|value| !value.is_empty())
}

/// A required parameter: 504 if it is missing or empty.
fn required<'r>(request: &'r Request, name: &str) -> Result<&'r str, Answer> {
    given(request, name).ok_or_else(|| Answer::new(504).detail(name.to_ascii_uppercase()))
}

/// The domain that the command is about.
fn domain_of(turn: &mut Turn<'_>, request: &Request) -> Result<String, Answer> {
    turn.domain_name(required(request, "domain")?, 505)
}
