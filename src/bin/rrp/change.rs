//! `rrp call --journal`: a write that is recorded before it goes out, and settled by the rule of resending.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rrp::Command;
use rrp::command::{Body, CommandError, Ptf, Raw, Safety};
use rrp::dispatch::{
    Accepted, Config, Doubt, DoubtReason, Entry, NotSent, Outcome, Refused, Standing, Summary, Ticket,
};
use rrp::settle::Proof;
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::failure::{Failure, Refusal, chain};
use crate::journal::wall;
use crate::journaled::{Event, Journaled, Seen, option};
use crate::look;
use crate::object;
use crate::output::{self, Fields, escape};
use crate::reply::Shown;
use crate::request;
use crate::settings::Settings;
use crate::target::Target;

/// What is said of a write beside the write itself.
pub(crate) struct Wishes<'w> {
    pub(crate) journal: &'w PathBuf,
    pub(crate) safety: Safety,
    pub(crate) key: Option<&'w str>,
    pub(crate) wait: Duration,
    pub(crate) json: bool,
}

pub(crate) fn run(
    settings: &Settings,
    command: &Command,
    wishes: &Wishes<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let refused = |error: CommandError| Refusal::usage(request::STAGE, "no write").because(error);
    let client = Journaled::start(settings, wishes.journal, Config::new(wall()), err)?;
    settings.target.warn(command, err);
    let call = match command.body() {
        Body::Rrp(rrp) => client.client().change(&Raw::change(rrp.clone()).map_err(refused)?, wishes.safety),
        Body::Ptf(ptf) => {
            client.client().change(&Ptf::change_of(ptf.clone()).map_err(refused)?, wishes.safety)
        }
    };
    let call = match wishes.key {
        Some(key) => call.key(key),
        None => call,
    };
    let call = call.deadline(wishes.wait).into_future();
    let (told, seen) =
        client.run(vec![call], &mut |event| announce(event, &settings.target, command, wishes, err))?;
    let Some(told) = told.into_iter().next() else {
        return Err(Refusal::new(request::STAGE, "no outcome").exit(Exit::InDoubt).into());
    };
    let changed = Changed { target: &settings.target, command, journal: wishes.journal, told, seen };
    let exit = changed.exit();
    let printed = if wishes.json { output::json_value(&changed.json(), out) } else { changed.print(out) };
    match printed.and_then(|()| out.flush()) {
        Ok(()) => {
            if changed.recorded() == Some(false) {
                // A warning that nobody sees is no failure.
                let _ = writeln!(
                    err,
                    "WARNING: the journal did not record this: after a crash the write counts as in doubt"
                );
            }
            Ok(exit)
        }
        Err(error) => Err(Failure::Fate { error, exit, fate: changed.fate() }),
    }
}

/// Tells on standard error what happens meanwhile.
pub(crate) fn tell(event: &Event, err: &mut dyn Write) {
    // A note that nobody sees is no failure.
    let _ = match event {
        Event::Warning(warning) => writeln!(err, "WARNING: {warning}"),
        Event::NotConnected(trouble) => writeln!(err, "note: not connected: {}", trouble.error),
        Event::Connected(_) | Event::Recorded(_) => Ok(()),
    };
}

fn announce(event: &Event, target: &Target, command: &Command, wishes: &Wishes<'_>, err: &mut dyn Write) {
    tell(event, err);
    let Event::Recorded(entry) = event else { return };
    if *entry.standing() != Standing::Open {
        return;
    }
    // A note that nobody sees is no failure.
    if let Some(unguarded) = look::unguarded(command) {
        let _ = writeln!(err, "note: {unguarded}");
    }
    let _ = writeln!(
        err,
        "note: {} goes out as ticket {} (safety: {}), to {} (environment: {}; billable: {}): {}",
        escape(command.name()),
        entry.ticket(),
        wishes.safety,
        target.host(),
        target.environment,
        command.nature().billable().as_str(),
        look::sent(command)
    );
    let _ = writeln!(
        err,
        "note: waiting up to {} s for its outcome; if the answer is lost, it is read back: that it was done shows at once, that \
         it was not counts only after {} s",
        wishes.wait.as_secs(),
        Config::FIRST_NEGATIVE.saturating_add(Config::BETWEEN_NEGATIVES).as_secs()
    );
}

/// On what an outcome rests, in a few words.
pub(crate) const fn proof(proof: Proof) -> &'static str {
    match proof {
        Proof::Reply => "the registry's reply to it",
        Proof::ReadBack => "a read that shows it",
        Proof::Guard => "a read: the expiry is what the command's own guard and period make it",
        Proof::CreatedWithinADay => "a read: yours, and created within a day of the sending",
        Proof::Operator => "an operator's word",
        _ => "a proof that this program does not know",
    }
}

/// Code and text of what is kept, escaped, on one line.
pub(crate) fn head(summary: &Summary) -> Option<String> {
    let code = summary.code()?;
    Some(format!("{code} {}", escape(summary.text())).trim_end().to_owned())
}

/// What is said of everything that was accepted.
pub(crate) fn accepted_fields(accepted: &Accepted, fields: &mut Fields) {
    fields.add("rests on", proof(accepted.summary().proof()));
    if accepted.is_pending() {
        let job = accepted.job().map(|job| format!(", job {}", escape(job))).unwrap_or_default();
        fields.add("pending", format!("yes{job}: accepted, the effect is still to come"));
    }
    if let Some(expires) = accepted.expires() {
        fields.add("expires", escape(expires));
    }
}

/// Why something is in doubt.
pub(crate) fn reason(doubt: &Doubt) -> String {
    match doubt.reason() {
        DoubtReason::Deadline => "nothing is known yet, and the time to wait (--wait) is over".to_owned(),
        reason => reason.to_string(),
    }
}

/// The notes of a journal, one a line.
pub(crate) fn notes(entry: &Entry, fields: &mut Fields) {
    for (at, note) in entry.notes().iter().enumerate() {
        fields.add(if at == 0 { "noted" } else { "" }, escape(note.text()));
    }
}

/// A write, where it went, and what became of it.
struct Changed<'c> {
    target: &'c Target,
    command: &'c Command,
    journal: &'c Path,
    told: Result<Outcome, NotSent>,
    seen: Seen,
}

impl Changed<'_> {
    fn exit(&self) -> Exit {
        match &self.told {
            Ok(Outcome::Accepted(_)) => Exit::Yes,
            Ok(Outcome::Refused(refusal)) if refusal.is_for_now() => Exit::Temporary,
            Ok(Outcome::Refused(_)) => Exit::Permanent,
            Ok(Outcome::InDoubt(_)) => Exit::InDoubt,
            Err(not_sent) => match not_sent.why() {
                Refused::KeyConflict(_) | Refused::TooLong | Refused::WrongEffect | Refused::Encode(_) => {
                    Exit::Usage
                }
                Refused::Journal(_) => Exit::Data,
                Refused::Held { .. } => Exit::Temporary,
                _ => Exit::NotSent,
            },
        }
    }

    fn ticket(&self) -> Option<Ticket> {
        match &self.told {
            Ok(Outcome::Accepted(accepted)) => Some(accepted.ticket()),
            Ok(Outcome::Refused(refusal)) => Some(refusal.ticket()),
            Ok(Outcome::InDoubt(doubt)) => Some(doubt.ticket()),
            Err(_) => None,
        }
    }

    /// The ticket of an earlier write that stands before it.
    fn earlier(&self) -> Option<Ticket> {
        match self.told.as_ref().err()?.why() {
            Refused::ObjectInDoubt(ticket) | Refused::KeyConflict(Some(ticket)) => Some(*ticket),
            _ => None,
        }
    }

    fn recorded(&self) -> Option<bool> {
        match &self.told {
            Ok(Outcome::Accepted(accepted)) => Some(accepted.is_recorded()),
            Ok(Outcome::Refused(refusal)) => Some(refusal.is_recorded()),
            // It is in the journal, as open at least.
            Ok(Outcome::InDoubt(_)) | Err(_) => None,
        }
    }

    /// How it ended, as a word and in one line.
    fn outcome(&self) -> (&'static str, String) {
        match &self.told {
            Ok(Outcome::Accepted(accepted)) => {
                let how = match head(accepted.summary()) {
                    _ if accepted.is_replayed() => "done before with this key, and not sent again".to_owned(),
                    Some(head) if accepted.summary().proof() == Proof::Reply => head,
                    _ => "no answer came, and a read shows that it was done".to_owned(),
                };
                ("accepted", how)
            }
            Ok(Outcome::Refused(refusal)) => {
                let how = head(refusal.summary());
                let how =
                    how.unwrap_or_else(|| "no answer came, and reads show that it was not done".to_owned());
                (if refusal.is_for_now() { "refused for now" } else { "refused" }, how)
            }
            Ok(Outcome::InDoubt(doubt)) => match self.seen.interrupted {
                Some(name) => ("in doubt", format!("interrupted ({name}); {}", doubt.reason())),
                None => ("in doubt", reason(doubt)),
            },
            Err(not_sent) => ("not sent", self.why_not_sent(not_sent)),
        }
    }

    fn why_not_sent(&self, not_sent: &NotSent) -> String {
        match (self.seen.interrupted, self.seen.unreachable(), not_sent.why()) {
            (Some(name), _, _) => format!("interrupted ({name}) before the command was sent"),
            (None, Some(trouble), Refused::Stopped) => trouble.error.clone(),
            (None, _, why) => escape(&chain(why)),
        }
    }

    /// In one line: for where the whole story cannot be written.
    fn fate(&self) -> String {
        let (word, how) = self.outcome();
        let ticket = self.ticket().map(|ticket| format!(", ticket {ticket}")).unwrap_or_default();
        format!("{word}{ticket}: {} ({how})", look::sent(self.command))
    }

    /// Why it was not sent, and what to do.
    fn fix(&self) -> Option<String> {
        let why = self.told.as_ref().err()?.why();
        match (why, self.seen.unreachable()) {
            (Refused::ObjectInDoubt(ticket), _) => Some(self.settle(*ticket)),
            (Refused::KeyConflict(_), _) => Some("take another key for another command".to_owned()),
            (Refused::Journal(_), _) => Some("look at the journal's file and disk".to_owned()),
            (Refused::Stopped, Some(trouble)) if self.seen.interrupted.is_none() => Some(trouble.fix.clone()),
            _ => None,
        }
    }

    fn settle(&self, ticket: Ticket) -> String {
        format!("rrp doubt settle {ticket} {}", option(self.journal))
    }

    fn show(&self, ticket: Ticket) -> String {
        format!("rrp doubt show {ticket} {}", option(self.journal))
    }

    fn entry(&self) -> Option<&Entry> {
        self.seen.entries.get(&self.ticket()?)
    }

    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let (word, how) = self.outcome();
        let ticket = self.ticket().map(|ticket| format!(", ticket {ticket}")).unwrap_or_default();
        writeln!(out, "{word}{ticket}: {how}")?;
        let mut fields = Fields::new();
        match &self.told {
            Ok(Outcome::Accepted(accepted)) => accepted_fields(accepted, &mut fields),
            Ok(Outcome::Refused(refusal)) => fields.add(
                "means",
                if refusal.is_for_now() {
                    "not done, after every try that there was time for: ask again later"
                } else {
                    "not done, and the same again would be refused again"
                },
            ),
            Ok(Outcome::InDoubt(doubt)) => {
                for (key, text) in look::doubt(self.command, None) {
                    fields.add(key, text);
                }
                fields.add("next", self.show(doubt.ticket()));
                fields.add("", self.settle(doubt.ticket()));
            }
            Err(_) => {
                if let Some(fix) = self.fix() {
                    fields.add("to do", fix);
                }
            }
        }
        self.target.add_to(&mut fields);
        let nature = self.command.nature();
        let (name, effect) = (escape(self.command.name()), nature.effect().as_str());
        fields.add("command", format!("{name}, a {effect}; billable: {}", nature.billable().as_str()));
        let key = if self.told.is_err() { "not sent" } else { "sent" };
        fields.add(key, look::sent(self.command));
        if let Some(entry) = self.entry() {
            notes(entry, &mut fields);
        }
        fields.write(out)?;
        match self.shown() {
            Some(shown) if shown.reply.lines().len() > 0 => {
                writeln!(out)?;
                shown.lines(out)
            }
            _ => Ok(()),
        }
    }

    /// The registry's reply to the command.
    fn shown(&self) -> Option<Shown<'_>> {
        let reply = match &self.told {
            Ok(Outcome::Accepted(accepted)) => accepted.reply(),
            Ok(Outcome::Refused(refusal)) => refusal.reply(),
            Ok(Outcome::InDoubt(_)) | Err(_) => None,
        }?;
        Some(Shown::new(reply, reply.verdict(self.command.context())))
    }

    fn json(&self) -> Value {
        let (exit, nature, doubt) = (self.exit(), self.command.nature(), self.exit() == Exit::InDoubt);
        let (accepted, summary) = match &self.told {
            Ok(Outcome::Accepted(accepted)) => (Some(accepted), Some(accepted.summary())),
            Ok(Outcome::Refused(refusal)) => (None, Some(refusal.summary())),
            Ok(Outcome::InDoubt(_)) | Err(_) => (None, None),
        };
        let (outcome, how) = self.outcome();
        let mut map = Map::new();
        self.target.add_json(&mut map);
        let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
        put("command", json!(self.command.name()));
        put("sent", json!(look::sent(self.command)));
        put("effect", json!(nature.effect().as_str()));
        put("billable", json!(nature.billable().as_str()));
        put("outcome", json!(outcome.replace(' ', "-")));
        put("ticket", json!(self.ticket().map(Ticket::get)));
        put("earlier", json!(self.earlier().map(Ticket::get)));
        put("recorded", json!(self.recorded()));
        put("proof", json!(summary.map(|summary| summary.proof().as_str())));
        put("replayed", json!(accepted.is_some_and(Accepted::is_replayed)));
        put("code", json!(summary.and_then(Summary::code).map(rrp::ReturnCode::as_u16)));
        put("text", json!(summary.map(Summary::text)));
        put("pending", json!(accepted.is_some_and(Accepted::is_pending)));
        put("job", json!(accepted.and_then(Accepted::job)));
        put("expires", json!(accepted.and_then(Accepted::expires)));
        put("error", json!(summary.is_none().then_some(how)));
        put("fix", json!(self.fix()));
        put("in_doubt", json!(doubt));
        let line = if doubt { look::line(self.command) } else { None };
        put("look", json!(line));
        let next = self.ticket().filter(|_| doubt);
        put("next", json!(next.map(|ticket| [self.show(ticket), self.settle(ticket)])));
        let notes = self.entry().map(Entry::notes).unwrap_or_default();
        put("notes", notes.iter().map(|note| json!(note.text())).collect());
        put("tls", object::tls(self.seen.tls));
        put("reply", json!(self.shown().map(|shown| shown.json())));
        put("exit", json!(exit.code()));
        put("result", json!(exit.as_str()));
        Value::Object(map)
    }
}
