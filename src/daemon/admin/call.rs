//! A command that an operator sends by way of the daemon.

use bytes::BytesMut;
use serde_json::{Map, Value, json};

use super::accounts;
use super::ask::{Refusal, Request};
use super::show::chain;
use crate::command::{Body, Command, Effect, Ptf, PtfCommand, Raw, RrpCommand, Safety};
use crate::daemon::shared::State;
use crate::dispatch::{DoubtReason, NotSent, Outcome, QueryError, Refused, Summary};
use crate::pace::Lane;
use crate::reply::Reply;
use crate::wire;
use crate::wire::deframe::{Deframer, Grammar, Limits, Terminator};

/// The longest that a command may wait, in seconds.
pub(super) const MOST_WAIT: u64 = 86_400;

/// What is said beside the command.
struct Wishes {
    safety: Safety,
    key: Option<String>,
    lane: Option<Lane>,
    deadline: Option<core::time::Duration>,
}

/// Sends a command of an account, and tells what became of it.
pub(super) async fn run(mut request: Request, state: &State, user: &str) -> Result<Value, Refusal> {
    let account = accounts::one(&mut request, state)?;
    let body = body(&mut request)?;
    let safety = match request.text("safety")? {
        None => Safety::ReadBack,
        Some(word) => word_of(Safety::ALL, Safety::as_str, &word, "safety")?,
    };
    let lane = match request.text("lane")? {
        None => None,
        Some(word) => Some(word_of(Lane::ALL, Lane::as_str, &word, "lane")?),
    };
    let (key, deadline) = (request.text("key")?, request.seconds("deadline_s", MOST_WAIT)?);
    request.done()?;
    let wishes = Wishes { safety, key, lane, deadline };
    let command = Command::new(body);
    match command.nature().effect() {
        Effect::Read => {
            let call = match command.body() {
                Body::Rrp(rrp) => account.client.query(&Raw::query(rrp.clone()).map_err(no_command)?).raw(),
                Body::Ptf(ptf) => {
                    account.client.query(&Ptf::query_of(ptf.clone()).map_err(no_command)?).raw()
                }
            };
            let call = call.user(user);
            let call = match wishes.lane {
                Some(lane) => call.lane(lane),
                None => call,
            };
            let call = match wishes.deadline {
                Some(deadline) => call.deadline(deadline),
                None => call,
            };
            Ok(answer(call.await.map(crate::dispatch::Answer::into_reply)))
        }
        Effect::Write => {
            if !account.takes_writes() {
                let why = "the account has no journal, and without one no write is sent (`journal = \"memory\"` allows it)";
                return Err(Refusal::new("refused", why));
            }
            let safety = wishes.safety;
            let call = match command.body() {
                Body::Rrp(rrp) => {
                    account.client.change(&Raw::change(rrp.clone()).map_err(no_command)?, safety)
                }
                Body::Ptf(ptf) => {
                    account.client.change(&Ptf::change_of(ptf.clone()).map_err(no_command)?, safety)
                }
            };
            let call = call.user(user);
            let call = match &wishes.key {
                Some(key) => call.key(key),
                None => call,
            };
            let call = match wishes.lane {
                Some(lane) => call.lane(lane),
                None => call,
            };
            let call = match wishes.deadline {
                Some(deadline) => call.deadline(deadline),
                None => call,
            };
            Ok(outcome(call.await))
        }
        _ => Err(Refusal::request("it belongs to the session, which is the daemon's own")),
    }
}

fn no_command(error: impl core::error::Error + 'static) -> Refusal {
    Refusal::request(format!("no command: {}", chain(&error)))
}

fn word_of<T: Copy, const N: usize>(
    all: [T; N],
    as_str: impl Fn(T) -> &'static str,
    word: &str,
    name: &str,
) -> Result<T, Refusal> {
    all.into_iter().find(|one| as_str(*one) == word).ok_or_else(|| {
        let words: Vec<&str> = all.into_iter().map(as_str).collect();
        Refusal::request(format!("`{name}` is one of {}", words.join(", ")))
    })
}

/// The command: as it stands on the wire (`request`), or by its name and parameters (`command`, `parameters`; RRP's with
/// `rrp`).
fn body(request: &mut Request) -> Result<Body, Refusal> {
    let (text, name) = (request.text("request")?, request.text("command")?);
    match (text, name) {
        (Some(text), None) => decode(text.as_bytes()),
        (None, Some(name)) => {
            let rrp = request.flag("rrp")?.unwrap_or(false);
            let parameters = pairs(request.value("parameters"))?;
            if rrp {
                let mut command = RrpCommand::new(&name).map_err(no_command)?;
                for (name, value) in &parameters {
                    command = match name.strip_prefix('-') {
                        Some(name) => command.option(name, value),
                        None => command.attribute(name, value),
                    }
                    .map_err(no_command)?;
                }
                return Ok(Body::Rrp(command));
            }
            let mut command = PtfCommand::new(&name).map_err(no_command)?;
            for (name, value) in &parameters {
                command = command.param(name, value).map_err(no_command)?;
            }
            Ok(Body::Ptf(command))
        }
        _ => Err(Refusal::request("either `request` or `command` says what is sent")),
    }
}

/// `{"domain": "example.com"}`, or `[["domain", "example.com"]]`.
fn pairs(value: Option<Value>) -> Result<Vec<(String, String)>, Refusal> {
    let wrong = || Refusal::request("`parameters` is an object of texts, or an array of pairs of texts");
    let text = |value: Value| match value {
        Value::String(text) => Ok(text),
        _ => Err(wrong()),
    };
    match value {
        None => Ok(Vec::new()),
        Some(Value::Object(map)) => map.into_iter().map(|(name, value)| Ok((name, text(value)?))).collect(),
        Some(Value::Array(pairs)) => pairs
            .into_iter()
            .map(|pair| match serde_json::from_value::<(String, String)>(pair) {
                Ok(pair) => Ok(pair),
                Err(_) => Err(wrong()),
            })
            .collect(),
        Some(_) => Err(wrong()),
    }
}

/// The one command in these bytes, with its end: what was cut off may be half of one, and what follows another one.
fn decode(request: &[u8]) -> Result<Body, Refusal> {
    let mut buffer = BytesMut::from(request);
    let mut deframer = Deframer::new(Limits::COMMAND);
    let mut next = || {
        let frame = deframer.deframe(&mut buffer).map_err(no_command)?;
        match frame {
            Some(frame) => Ok(Some(frame)),
            None => deframer.finish(&mut buffer).map_err(no_command),
        }
    };
    let Some(frame) = next()? else { return Err(Refusal::request("`request` holds no command")) };
    let ends = match frame.grammar() {
        Grammar::Ptf => frame.terminator().is_some(),
        _ => frame.terminator() == Some(Terminator::Dot),
    };
    if !ends {
        return Err(Refusal::request(
            "`request` is not ended: by a line `EOF` if it is a block, else by a line `.`",
        ));
    }
    if next()?.is_some() {
        return Err(Refusal::request("`request` holds more than one command"));
    }
    wire::decode(&frame).map_err(no_command)
}

/// What became of a query.
fn answer(told: Result<Reply, QueryError>) -> Value {
    let (word, reply, why, kind_of) = match told {
        Ok(reply) => ("answered", Some(reply), None, None),
        Err(QueryError::Refused(answer)) => ("answered", Some(answer.into_reply()), None, None),
        Err(QueryError::Unsent(why)) => ("unsent", None, Some(chain(&why)), Some(kind(&why))),
        Err(error) => ("unanswered", None, Some(chain(&error)), None),
    };
    json!({
        "effect": "read",
        "told": word,
        "why": why,
        "kind": kind_of,
        "reply": reply.as_ref().map(redacted),
    })
}

/// What became of a change.
fn outcome(told: Result<Outcome, NotSent>) -> Value {
    let mut map = Map::new();
    map.insert("effect".to_owned(), json!("write"));
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    match told {
        Ok(Outcome::Accepted(accepted)) => {
            put("told", json!("accepted"));
            put("ticket", json!(accepted.ticket().get()));
            put("recorded", json!(accepted.is_recorded()));
            put("replayed", json!(accepted.is_replayed()));
            put("reply", json!(accepted.reply().map(redacted)));
            summary(Some(accepted.summary()), &mut map);
        }
        Ok(Outcome::Refused(refusal)) => {
            put("told", json!(if refusal.is_for_now() { "refused-for-now" } else { "refused" }));
            put("ticket", json!(refusal.ticket().get()));
            put("recorded", json!(refusal.is_recorded()));
            put("reply", json!(refusal.reply().map(redacted)));
            summary(Some(refusal.summary()), &mut map);
        }
        Ok(Outcome::InDoubt(doubt)) => {
            put("told", json!("in-doubt"));
            put("ticket", json!(doubt.ticket().get()));
            put("reason", json!(reason(doubt.reason())));
            put("why", json!(doubt.reason().to_string()));
        }
        Err(not_sent) => {
            put("told", json!("not-sent"));
            put("kind", json!(kind(not_sent.why())));
            put("why", json!(chain(not_sent.why())));
            let earlier = match not_sent.why() {
                Refused::ObjectInDoubt(ticket) | Refused::KeyConflict(Some(ticket)) => Some(ticket.get()),
                _ => None,
            };
            put("earlier", json!(earlier));
        }
    }
    map.into()
}

/// What is kept of an outcome.
pub(super) fn summary(summary: Option<&Summary>, map: &mut Map<String, Value>) {
    let Some(summary) = summary else { return };
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("proof", json!(summary.proof().as_str()));
    put("code", json!(summary.code().map(crate::code::ReturnCode::as_u16)));
    put("text", json!(summary.text()));
    put("pending", json!(summary.is_pending()));
    put("job", json!(summary.job()));
    put("expires", json!(summary.expires()));
}

/// Why something is in doubt, as a word.
pub(super) const fn reason(reason: DoubtReason) -> &'static str {
    match reason {
        DoubtReason::Deadline => "deadline",
        DoubtReason::Unsettleable => "unsettleable",
        DoubtReason::Unproved(_) => "unproved",
        DoubtReason::Unreadable(_) => "unreadable",
        DoubtReason::Unavailable => "unavailable",
        DoubtReason::UnderWay => "under-way",
        DoubtReason::Pending => "pending",
        DoubtReason::Restored => "restored",
        DoubtReason::Stopped => "stopped",
    }
}

/// Why nothing was sent, as a word.
pub(super) const fn kind(why: &Refused) -> &'static str {
    match why {
        Refused::Encode(_) | Refused::WrongEffect | Refused::TooLong => "usage",
        Refused::KeyConflict(_) => "key-conflict",
        Refused::Stopped => "stopped",
        Refused::Held { .. } => "held",
        Refused::Journal(_) => "journal",
        Refused::ObjectInDoubt(_) => "object-in-doubt",
        Refused::NoSuchTicket(_) => "not-found",
        _ => "not-sent",
    }
}

/// A reply as it came, with its end, but for secrets: a reply that has any is written anew without them.
pub(super) fn redacted(reply: &Reply) -> String {
    let ptf = reply.grammar() == Grammar::Ptf;
    let text = reply.redacted_text();
    let is_clear = |item: &crate::reply::Item<'_>| !item.is_secret() && item.redacted_name() == item.name();
    if text == reply.text() && reply.lines().all(|item| is_clear(&item)) {
        let mut text = String::from_utf8_lossy(reply.bytes()).into_owned();
        text.push_str(if ptf { "EOF\r\n" } else { ".\r\n" });
        return text;
    }
    // One of another line end would be two lines.
    let line = |parts: &[&str]| {
        let mut line: String = parts.concat().replace(['\r', '\n'], " ");
        line.push_str("\r\n");
        line
    };
    let code = reply.code().to_string();
    let mut out = if ptf {
        line(&["[RESPONSE]"]) + &line(&["code = ", &code]) + &line(&["description = ", &text])
    } else {
        line(&[&code, " ", &text])
    };
    for item in reply.lines() {
        let (name, value) = (item.redacted_name(), item.redacted());
        out.push_str(&match item.index() {
            Some(index) => line(&["property[", &name, "][", &index.to_string(), "] = ", &value]),
            None if ptf => line(&[&name, " = ", &value]),
            None => line(&[&name, ":", &value]),
        });
    }
    out.push_str(if ptf { "EOF\r\n" } else { ".\r\n" });
    out
}
