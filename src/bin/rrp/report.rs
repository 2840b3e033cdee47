//! What became of a command, for people and for programs: with host and environment, and what to do if it is in doubt.

use std::io::{self, Write};

use rrp::command::{Command, Effect, Nature, Repeat, Settle};
use serde_json::{Map, Value, json};

use crate::client::{Attempt, Event, Fared, Login, Outcome};
use crate::exit::Exit;
use crate::object;
use crate::output::{Fields, escape};
use crate::reply::Shown;
use crate::target::Target;

/// A command, where it went, and what became of it.
pub(crate) struct Report<'r> {
    pub(crate) target: &'r Target,
    pub(crate) command: &'r Command,
    pub(crate) outcome: &'r Outcome,
}

/// Before a write goes out: what, where, and whether it costs.
pub(crate) fn announce(target: &Target, command: &Command, err: &mut dyn Write) {
    let nature = command.nature();
    if nature.effect() == Effect::Read {
        return;
    }
    // A note that nobody sees is no failure.
    let _ = writeln!(
        err,
        "note: {} goes out once, to {} (environment: {}; billable: {})",
        escape(command.name()),
        target.host(),
        target.environment,
        nature.billable().as_str()
    );
}

/// Tells on standard error what happens meanwhile.
pub(crate) fn tell(event: &Event<'_>, err: &mut dyn Write) {
    // A note that nobody sees is no failure.
    let _ = match event {
        Event::Warning(warning) => writeln!(err, "WARNING: {warning}"),
        Event::Attempt(number, attempt) => match attempt.again {
            Some(again) => writeln!(err, "note: attempt {number}: {}; {}", attempt.story(), again.story()),
            None => Ok(()),
        },
        _ => Ok(()),
    };
}

impl Report<'_> {
    pub(crate) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let exit = self.outcome.exit();
        match self.outcome.decisive() {
            Some(Fared::Answered { reply, verdict, login }) => {
                let shown = Shown::new(reply, *verdict);
                let mut fields = shown.fields();
                match login {
                    Some(Login::Holds) => {
                        fields.add("login", "holds, as a DESCRIBE shows: the refusal stands")
                    }
                    Some(Login::Unproven) => fields.add("login", "not proven: a DESCRIBE did not succeed"),
                    None => {}
                }
                self.add(exit, &mut fields);
                shown.print(&fields, out)
            }
            Some(Fared::Unanswered(why)) => {
                writeln!(out, "no answer: {why}")?;
                self.rest(exit, None, out)
            }
            Some(Fared::Unsent(why)) => {
                writeln!(out, "not sent: {why}")?;
                self.rest(exit, None, out)
            }
            Some(Fared::NotOpened(failure)) => {
                writeln!(out, "not sent: {}", failure.error)?;
                self.rest(exit, failure.fix.as_deref(), out)
            }
            None => Ok(()),
        }
    }

    fn rest(&self, exit: Exit, fix: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
        let mut fields = Fields::new();
        if let Some(fix) = fix {
            fields.add("to do", fix);
        }
        self.add(exit, &mut fields);
        fields.write(out)
    }

    /// What is said of every command: doubt, and for writes where it went and whether it costs.
    fn add(&self, exit: Exit, fields: &mut Fields) {
        let nature = self.command.nature();
        if exit == Exit::InDoubt {
            for (key, text) in doubt(self.command.name(), nature) {
                fields.add(key, text);
            }
        }
        if exit == Exit::Temporary && nature.effect() != Effect::Read {
            fields.add("again", again(nature));
        }
        self.target.add_to(fields);
        let effect = nature.effect().as_str();
        let name = escape(self.command.name());
        fields.add("command", format!("{name}, a {effect}; billable: {}", nature.billable().as_str()));
        let attempts = self.outcome.attempts.len();
        if attempts > 1 {
            fields.add("attempts", attempts.to_string());
        }
    }

    /// The whole story; `more` are the keys of a subcommand's own.
    pub(crate) fn json(&self, more: Map<String, Value>) -> Value {
        let exit = self.outcome.exit();
        let nature = self.command.nature();
        let mut map = Map::new();
        self.target.add_json(&mut map);
        let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
        put("command", json!(self.command.name()));
        put("effect", json!(nature.effect().as_str()));
        put("billable", json!(nature.billable().as_str()));
        let (fate, mut error, mut fix, mut shown) = ("unsent", None, None, None);
        let fate = match self.outcome.decisive() {
            Some(Fared::Answered { reply, verdict, .. }) => {
                shown = Some(Shown::new(reply, *verdict));
                "answered"
            }
            Some(Fared::Unanswered(why)) => {
                error = Some(why.clone());
                "unanswered"
            }
            Some(Fared::Unsent(why)) => {
                error = Some(why.clone());
                fate
            }
            Some(Fared::NotOpened(failure)) => {
                error = Some(failure.error.clone());
                fix.clone_from(&failure.fix);
                fate
            }
            None => fate,
        };
        put("fate", json!(fate));
        put("code", json!(shown.map(|shown| shown.reply.code().as_u16())));
        put("text", json!(shown.map(|shown| shown.reply.redacted_text())));
        put("error", json!(error));
        put("fix", json!(fix));
        put("in_doubt", json!(exit == Exit::InDoubt));
        put("settle", json!((nature.effect() != Effect::Read).then(|| settle(nature))));
        put("tls", object::tls(self.outcome.tls));
        for (key, value) in more {
            put(&key, value);
        }
        put("reply", json!(shown.map(|shown| shown.json())));
        put("attempts", self.outcome.attempts.iter().map(attempt_json).collect());
        put("exit", json!(exit.code()));
        put("result", json!(exit.as_str()));
        Value::Object(map)
    }
}

fn attempt_json(attempt: &Attempt) -> Value {
    let (fate, code, error) = match &attempt.fared {
        Fared::NotOpened(failure) => ("unsent", None, Some(failure.error.as_str())),
        Fared::Unsent(why) => ("unsent", None, Some(why.as_str())),
        Fared::Unanswered(why) => ("unanswered", None, Some(why.as_str())),
        Fared::Answered { reply, .. } => ("answered", Some(reply.code().as_u16()), None),
    };
    json!({
        "session": attempt.session,
        "fate": fate,
        "code": code,
        "error": error,
        "pause": attempt.again.map(|again| again.pause.as_secs_f64()),
        "new_session": attempt.again.map(|again| again.new_session),
    })
}

/// What to say and to do about a write that may have been executed.
pub(crate) fn doubt(name: &str, nature: &Nature) -> [(&'static str, String); 3] {
    let money =
        if nature.billable().at_stake() { "at stake: a second one may be paid for again" } else { "none" };
    [
        ("IN DOUBT", format!("unknown whether {} was executed: do NOT send it again", escape(name))),
        ("look first", settle(nature)),
        ("money", money.to_owned()),
    ]
}

/// How to learn whether it was executed.
fn settle(nature: &Nature) -> String {
    match nature.settle() {
        Settle::Read(command) => {
            format!(
                "by {command}, which shows whether it was executed; not found at once is no proof, it may still be under way"
            )
        }
        Settle::List(command) => format!("through {command}, by hand: a list tells no author"),
        Settle::NotNeeded => "nothing: it changes nothing".to_owned(),
        _ => "no read can prove it: ask the registry".to_owned(),
    }
}

/// What to heed before a write that was refused for now is sent again.
fn again(nature: &Nature) -> String {
    match nature.repeat() {
        Repeat::Refused => "after a pause; the registry refuses a second one".to_owned(),
        Repeat::Harmless => "after a pause; a second one does no harm".to_owned(),
        _ => format!("after a pause, and not before a look: {}", settle(nature)),
    }
}
