//! What is told of one step: who sent and heard what, and what the registry got and did.

use std::io::{self, Write};

use rrp::Reply;
use rrp::code::CodeInfo;
use rrp::sim::Entry;
use rrp::{Context, sim::Change};
use serde_json::{Map, Value, json};

use super::wire::{Exchange, Fate};
use crate::ledger::{did, money};
use crate::output::{Fields, escape};
use crate::reply::{Shown, safe};

/// The widest key: `shop sends`.
const KEYS: usize = 10;

/// Something that happened.
pub(super) enum Told {
    /// A local client said this.
    Sent(&'static str, String),
    /// The registry was sent a command; why, if no client had asked for it.
    Registry(Exchange, Option<&'static str>),
    Heard(&'static str, Box<Reply>),
    /// What else a local client met with.
    Met(&'static str, &'static str),
    /// What it comes to.
    So(&'static str),
    /// What the registry has executed since the step began.
    Executed(Vec<Entry>),
}

/// Those that changed something.
pub(super) fn changes(entries: &[Entry]) -> Vec<Entry> {
    let quiet = |entry: &Entry| matches!(entry.change(), Change::None | Change::Session);
    entries.iter().filter(|entry| !quiet(entry)).cloned().collect()
}

pub(super) fn print(told: &[Told], out: &mut dyn Write) -> io::Result<()> {
    let mut fields = Fields::with_keys(KEYS);
    for one in told {
        match one {
            Told::Sent(user, lines) => fields.add(key(user, "sends"), lines.clone()),
            Told::Heard(user, reply) => fields.add(key(user, "hears"), heard(reply)),
            Told::Met(user, what) => fields.add(user, *what),
            Told::So(so) => fields.add("so", *so),
            Told::Registry(exchange, why) => {
                let why = why.map(|why| format!(", {why}")).unwrap_or_default();
                let command = escape(&exchange.command);
                fields.add("registry", format!("{command}{why}: {}", fate(exchange.fate)));
                if let Some(means) = means(exchange.fate) {
                    fields.add("means", means);
                }
            }
            Told::Executed(entries) if entries.is_empty() => fields.add("ledger", "nothing was executed"),
            Told::Executed(entries) => {
                for (entry, key) in
                    entries.iter().zip(core::iter::once("ledger").chain(core::iter::repeat("")))
                {
                    let (command, object) = (escape(entry.command()), escape(entry.object()));
                    let did = did(entry.change());
                    fields.add(key, format!("{command} {object}: {did}, {}", money(entry.price())));
                }
            }
        }
    }
    fields.write(out)
}

/// Keys are known beforehand.
fn key(user: &str, does: &str) -> &'static str {
    match (user, does) {
        ("shop", "sends") => "shop sends",
        ("shop", _) => "shop hears",
        (_, "sends") => "desk sends",
        _ => "desk hears",
    }
}

fn fate(fate: Fate) -> String {
    match fate {
        Fate::Answered(code) => {
            let text = code.info().map_or("", CodeInfo::text);
            format!("{code} {text}").trim_end().to_owned()
        }
        Fate::NotSent => "not sent, the session had ended".to_owned(),
        Fate::Unanswered | Fate::Open => "no answer, the connection is lost".to_owned(),
    }
}

fn means(fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::Answered(code) if !code.verdict(Context::Ptf).completed() => code.info().map(CodeInfo::meaning),
        Fate::Unanswered => {
            Some("nobody knows whether it was executed: it is read back, and not sent again before that")
        }
        _ => None,
    }
}

/// Code and text, expiry and status, and what the daemon says of itself.
fn heard(reply: &Reply) -> String {
    let mut pieces = vec![Shown::new(reply, reply.verdict(Context::Ptf)).head()];
    pieces.extend(expiry(reply).map(|date| format!("expires {date}")));
    pieces.extend(reply.first("status").map(|status| format!("status {}", escape(&safe(&status, false)))));
    let own: Vec<String> = own(reply).map(|(name, value)| format!("{name}={value}")).collect();
    if !own.is_empty() {
        pieces.push(own.join(" "));
    }
    pieces.join("; ")
}

/// Without the time of day: it depends on how fast the machine is.
fn expiry(reply: &Reply) -> Option<String> {
    ["registration expiration date", "registrationexpirationdate"]
        .into_iter()
        .find_map(|name| reply.date(name))
        .map(|date| format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()))
}

/// The daemon's own properties.
fn own(reply: &Reply) -> impl Iterator<Item = (String, String)> {
    let items = reply.lines().filter(|item| item.name().starts_with("rrp-"));
    items.map(|item| (escape(&item.redacted_name()), escape(&item.redacted())))
}

pub(super) fn json(title: &str, told: &[Told]) -> Value {
    let (mut events, mut executed) = (Vec::new(), Vec::new());
    for one in told {
        events.push(match one {
            Told::Sent(user, lines) => json!({"client": user, "sent": lines}),
            Told::Heard(user, reply) => json!({
                "client": user,
                "heard": {
                    "code": reply.code().as_u16(),
                    "text": reply.redacted_text(),
                    "expires": expiry(reply),
                    "own": own(reply).map(|(name, value)| (name, json!(value))).collect::<Map<_, _>>(),
                },
            }),
            Told::Met(user, what) => json!({"client": user, "met": what}),
            Told::Registry(exchange, why) => json!({
                "command": exchange.command,
                "sent": exchange.fate != Fate::NotSent,
                "code": match exchange.fate {
                    Fate::Answered(code) => Some(code.as_u16()),
                    _ => None,
                },
                "why": why,
            }),
            Told::So(so) => json!({"so": so}),
            Told::Executed(entries) => {
                executed.extend(entries.iter().map(|entry| {
                    json!({
                        "command": entry.command(),
                        "object": entry.object(),
                        "did": did(entry.change()),
                        "cents": entry.price(),
                    })
                }));
                continue;
            }
        });
    }
    json!({"step": title, "host": "127.0.0.1", "environment": "simulated", "events": events, "executed": executed})
}
