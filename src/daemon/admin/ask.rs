//! A request, and an answer to it.

use core::time::Duration;

use serde_json::{Map, Value, json};

use super::show::chain;
use crate::dispatch::{Refused, Ticket};

/// Why something is not done, or not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// A word for programs: `request`, `denied`, `not-found`, `refused`, `ending`, `idle` or `busy`.
    kind: &'static str,
    text: String,
}

impl Refusal {
    pub(super) fn new(kind: &'static str, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    /// The request says something that cannot be.
    pub(super) fn request(text: impl Into<String>) -> Self {
        Self::new("request", text)
    }

    pub(super) fn not_found(text: impl Into<String>) -> Self {
        Self::new("not-found", text)
    }

    pub(super) fn json(&self) -> Value {
        json!({"error": {"kind": self.kind, "text": self.text}})
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl From<Refused> for Refusal {
    fn from(why: Refused) -> Self {
        let kind = match why {
            Refused::NoSuchTicket(_) => "not-found",
            Refused::Stopped => "ending",
            _ => "refused",
        };
        Self::new(kind, chain(&why))
    }
}

/// What stands in a request. What nobody asks for is an error: it may be an order that is meant in another way.
pub(super) struct Request {
    map: Map<String, Value>,
}

impl Request {
    pub(super) fn parse(line: &[u8]) -> Result<(String, Self), Refusal> {
        // Not the error: it may quote what is secret.
        let no_object = || Refusal::request("it is no JSON object on one line");
        let Ok(Value::Object(mut map)) = serde_json::from_slice(line) else { return Err(no_object()) };
        match map.remove("do") {
            Some(Value::String(name)) => Ok((name, Self { map })),
            _ => Err(Refusal::request("it has no `do` with the name of a command")),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    pub(super) fn value(&mut self, name: &str) -> Option<Value> {
        self.take(name)
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refusal::request(format!("`{name}` is no text"))),
        }
    }

    pub(super) fn number(&mut self, name: &'static str) -> Result<Option<u64>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(Refusal::request(format!("`{name}` is no whole number"))),
            },
        }
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Refusal::request(format!("`{name}` is not true or false"))),
        }
    }

    /// Seconds, up to so many.
    pub(super) fn seconds(&mut self, name: &'static str, most: u64) -> Result<Option<Duration>, Refusal> {
        match self.number(name)? {
            None => Ok(None),
            Some(seconds) if (1..=most).contains(&seconds) => Ok(Some(Duration::from_secs(seconds))),
            Some(_) => Err(Refusal::request(format!("`{name}` is not from 1 to {most}"))),
        }
    }

    pub(super) fn ticket(&mut self) -> Result<Ticket, Refusal> {
        self.number("ticket")?.map(Ticket::new).ok_or_else(|| Refusal::request("no `ticket` is named"))
    }

    /// Nothing else may be in it.
    pub(super) fn done(self) -> Result<(), Refusal> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(name) => {
                Err(Refusal::request(format!("`{}` belongs to no part of it", name.escape_debug())))
            }
        }
    }
}
