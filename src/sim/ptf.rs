//! The commands of PTF, as CNR documents and answers them, on a session that is logged in.
//!
//! Unknown parameters are accepted in silence, as CNR does.

mod domain;
pub(super) mod job;

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
        _ => refuse(500),
    }
}

/// A required parameter: 504 if it is missing or empty.
fn required<'r>(request: &'r Request, name: &str) -> Result<&'r str, Answer> {
    match request.first(name) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(Answer::new(504).detail(name.to_ascii_uppercase())),
    }
}

/// The domain that the command is about.
fn domain_of(turn: &mut Turn<'_>, request: &Request) -> Result<String, Answer> {
    turn.domain_name(required(request, "domain")?, 505)
}
