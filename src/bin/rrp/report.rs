//! What became of a command, for people and for programs: with host and environment, and what to do if it is in doubt.

use std::io::{self, Write};

use rrp::command::{Command, Effect, Nature, Repeat};
use rrp::verdict::{Advice, Executed, Verdict};
use serde_json::{Map, Value, json};

use crate::client::{Attempt, Event, Fared, Login, Outcome};
use crate::exit::Exit;
use crate::look;
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

/// Right before a write is sent: what, where, and whether it costs.
pub(crate) fn announce(target: &Target, command: &Command, err: &mut dyn Write) {
    let nature = command.nature();
    if nature.effect() == Effect::Read {
        return;
    }
    // A note that nobody sees is no failure.
    if let Some(unguarded) = look::unguarded(command) {
        let _ = writeln!(err, "note: {unguarded}");
    }
    let _ = writeln!(
        err,
        "note: {} is sent once, to {} (environment: {}; billable: {}): {}",
        escape(command.name()),
        target.host(),
        target.environment,
        nature.billable().as_str(),
        look::sent(command)
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
    /// The reply that decides, and its meaning. What is in doubt is read back, whatever the reply alone advises.
    fn shown(&self) -> Option<Shown<'_>> {
        let Some(Fared::Answered { reply, verdict, .. }) = self.outcome.decisive() else {
            return None;
        };
        let verdict = match self.outcome.exit() {
            Exit::InDoubt => verdict.with_advice(Advice::ReadBack),
            _ => *verdict,
        };
        Some(Shown::new(reply, verdict))
    }

    /// What the reply itself says, with its own advice.
    fn verdict(&self) -> Option<&Verdict> {
        match self.outcome.decisive() {
            Some(Fared::Answered { verdict, .. }) => Some(verdict),
            _ => None,
        }
    }

    /// What to say of a renewal whose guard refused it.
    fn guarded(&self) -> Option<String> {
        let shown = self.shown().filter(|_| self.outcome.exit() == Exit::Permanent)?;
        look::guarded(self.command, shown.reply)
    }

    /// What became of a write, in one line: for where its whole story cannot be written.
    pub(crate) fn fate(&self) -> String {
        let story = self.outcome.attempts.last().map(Attempt::story).unwrap_or_default();
        let fate = match self.verdict().map(Verdict::executed) {
            _ if self.outcome.exit() == Exit::InDoubt => "IN DOUBT, look before it is sent again",
            Some(Executed::Yes) => "executed",
            Some(_) => "not executed",
            None => "not sent",
        };
        format!("{fate}: {} ({story})", look::sent(self.command))
    }

    pub(crate) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let exit = self.outcome.exit();
        match self.outcome.decisive() {
            Some(Fared::Answered { login, .. }) => {
                let Some(shown) = self.shown() else {
                    return Ok(());
                };
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
            for (key, text) in look::doubt(self.command, self.verdict()) {
                fields.add(key, text);
            }
        }
        if let Some(guarded) = self.guarded() {
            fields.add("guard", guarded);
            if let Some(line) = look::line(self.command) {
                fields.add("look first", line);
            }
        }
        if exit == Exit::Temporary && nature.effect() != Effect::Read {
            fields.add("again", again(nature));
        }
        self.target.add_to(fields);
        let effect = nature.effect().as_str();
        let name = escape(self.command.name());
        fields.add("command", format!("{name}, a {effect}; billable: {}", nature.billable().as_str()));
        if nature.effect() != Effect::Read {
            let key = if exit == Exit::NotSent { "not sent" } else { "sent" };
            fields.add(key, look::sent(self.command));
        }
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
        put("sent", json!(look::sent(self.command)));
        put("effect", json!(nature.effect().as_str()));
        put("billable", json!(nature.billable().as_str()));
        let (fate, mut error, mut fix) = ("unsent", None, None);
        let shown = self.shown();
        let fate = match self.outcome.decisive() {
            Some(Fared::Answered { .. }) => "answered",
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
        let (doubt, guarded) = (exit == Exit::InDoubt, self.guarded());
        let advice = if doubt { Some(Advice::ReadBack) } else { shown.map(|shown| shown.verdict.advice()) };
        put("advice", json!(advice.map(Advice::keyword)));
        put("advice_text", json!(advice.map(Advice::as_str)));
        put("wait", json!(advice.and_then(Advice::wait).map(|wait| wait.as_secs_f64())));
        let looks = doubt || guarded.is_some();
        put("settle", json!(doubt.then(|| look::settle(self.command, self.verdict()))));
        put("look", json!(if looks { look::line(self.command) } else { None }));
        put("guard", json!(guarded));
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

/// What to heed before a write that was refused for now is sent again; only what may go out blindly comes here.
fn again(nature: &Nature) -> &'static str {
    match nature.repeat() {
        Repeat::Harmless => "after a pause; a second one does no harm",
        _ => "after a pause; the registry refuses a second one",
    }
}
