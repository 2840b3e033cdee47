//! `rrp call --journal`: a write that is recorded before it goes out, and settled by the rule of resending.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use rrp::Command;
use rrp::command::{Body, CommandError, Ptf, Raw, Safety};
use rrp::dispatch::{Config, Entry, Standing, Ticket};
use rrp::settle::Proof;
use serde_json::{Map, Value, json};

use crate::ended::{Ended, Fate, Kept, Unsent};
use crate::exit::Exit;
use crate::failure::{Failure, Refusal};
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
    pub(crate) safety: Safety,
    pub(crate) key: Option<&'w str>,
    pub(crate) wait: Duration,
    pub(crate) json: bool,
}

pub(crate) fn run(
    settings: &Settings,
    command: &Command,
    journal: &PathBuf,
    wishes: &Wishes<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let refused = |error: CommandError| Refusal::usage(request::STAGE, "no write").because(error);
    let client = Journaled::start(settings, journal, Config::new(wall()), err)?;
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
        client.run(vec![call], &mut |event| heed(event, &settings.target, command, wishes, err))?;
    let Some(told) = told.into_iter().next() else {
        return Err(Refusal::new(request::STAGE, "no outcome").exit(Exit::InDoubt).into());
    };
    let reach = option(journal);
    Changed { target: &settings.target, command, reach, told: told.into(), seen }.tell(wishes.json, out, err)
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

fn heed(event: &Event, target: &Target, command: &Command, wishes: &Wishes<'_>, err: &mut dyn Write) {
    tell(event, err);
    if let Event::Recorded(entry) = event
        && *entry.standing() == Standing::Open
    {
        announce(Some(entry.ticket()), target, command, wishes, err);
    }
}

/// Right before a write is sent: what, where, and how long its outcome may take. Whoever sends it by a daemon hears the ticket later.
pub(crate) fn announce(
    ticket: Option<Ticket>,
    target: &Target,
    command: &Command,
    wishes: &Wishes<'_>,
    err: &mut dyn Write,
) {
    // A note that nobody sees is no failure.
    if let Some(unguarded) = look::unguarded(command) {
        let _ = writeln!(err, "note: {unguarded}");
    }
    let by = match ticket {
        Some(ticket) => format!("as ticket {ticket}"),
        None => "by way of the daemon".to_owned(),
    };
    let _ = writeln!(
        err,
        "note: {} goes out {by} (safety: {}), to {} (environment: {}; billable: {}): {}",
        escape(command.name()),
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

/// What is said of everything that was accepted.
pub(crate) fn accepted_fields(kept: &Kept, fields: &mut Fields) {
    fields.add("rests on", proof(kept.proof));
    if kept.pending {
        let job = kept.job.as_deref().map(|job| format!(", job {}", escape(job))).unwrap_or_default();
        fields.add("pending", format!("yes{job}: accepted, the effect is still to come"));
    }
    if let Some(expires) = &kept.expires {
        fields.add("expires", escape(expires));
    }
}

/// The notes of a journal, one a line.
pub(crate) fn notes(entry: &Entry, fields: &mut Fields) {
    for (at, note) in entry.notes().iter().enumerate() {
        fields.add(if at == 0 { "noted" } else { "" }, escape(note.text()));
    }
}

/// A write, where it went, and what became of it.
pub(crate) struct Changed<'c> {
    pub(crate) target: &'c Target,
    pub(crate) command: &'c Command,
    /// What is said behind `rrp doubt …` to mean this journal.
    pub(crate) reach: String,
    pub(crate) told: Ended,
    pub(crate) seen: Seen,
}

impl Changed<'_> {
    /// Prints it, and gives what it comes to.
    pub(crate) fn tell(&self, json: bool, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
        let exit = self.exit();
        let printed = if json { output::json_value(&self.json(), out) } else { self.print(out) };
        match printed.and_then(|()| out.flush()) {
            Ok(()) => {
                if self.told.recorded == Some(false) {
                    // A warning that nobody sees is no failure.
                    let _ = writeln!(
                        err,
                        "WARNING: the journal did not record this: after a crash the write counts as in doubt"
                    );
                }
                Ok(exit)
            }
            Err(error) => Err(Failure::Fate { error, exit, fate: self.fate() }),
        }
    }

    fn exit(&self) -> Exit {
        match self.told.fate {
            Fate::Accepted => Exit::Yes,
            Fate::RefusedForNow => Exit::Temporary,
            Fate::Refused => Exit::Permanent,
            Fate::InDoubt => Exit::InDoubt,
            Fate::NotSent(why) => match why {
                Unsent::KeyConflict(_) | Unsent::Usage => Exit::Usage,
                Unsent::Journal => Exit::Data,
                Unsent::Held => Exit::Temporary,
                Unsent::ObjectInDoubt(_) | Unsent::Stopped | Unsent::Other => Exit::NotSent,
            },
        }
    }

    const fn ticket(&self) -> Option<Ticket> {
        self.told.ticket
    }

    /// The ticket of an earlier write that stands before it.
    const fn earlier(&self) -> Option<Ticket> {
        match self.told.fate {
            Fate::NotSent(Unsent::ObjectInDoubt(ticket) | Unsent::KeyConflict(Some(ticket))) => Some(ticket),
            _ => None,
        }
    }

    /// How it ended, as a word and in one line.
    fn outcome(&self) -> (&'static str, String) {
        let head = self.told.kept.as_ref().and_then(Kept::head);
        let by_reply = self.told.kept.as_ref().is_some_and(|kept| kept.proof == Proof::Reply);
        match self.told.fate {
            Fate::Accepted => {
                let how = match head {
                    _ if self.told.replayed => "done before with this key, and not sent again".to_owned(),
                    Some(head) if by_reply => head,
                    _ => "no answer came, and a read shows that it was done".to_owned(),
                };
                ("accepted", how)
            }
            Fate::Refused | Fate::RefusedForNow => {
                let how =
                    head.unwrap_or_else(|| "no answer came, and reads show that it was not done".to_owned());
                (if self.told.fate == Fate::RefusedForNow { "refused for now" } else { "refused" }, how)
            }
            Fate::InDoubt => match self.seen.interrupted {
                Some(name) => ("in doubt", format!("interrupted ({name}); {}", self.told.why)),
                None => ("in doubt", self.told.why.clone()),
            },
            Fate::NotSent(why) => ("not sent", self.why_not_sent(why)),
        }
    }

    fn why_not_sent(&self, why: Unsent) -> String {
        match (self.seen.interrupted, self.seen.unreachable(), why) {
            (Some(name), _, _) => format!("interrupted ({name}) before the command was sent"),
            (None, Some(trouble), Unsent::Stopped) => trouble.error.clone(),
            (None, _, _) => self.told.why.clone(),
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
        let Fate::NotSent(why) = self.told.fate else { return None };
        match (why, self.seen.unreachable()) {
            (Unsent::ObjectInDoubt(ticket), _) => Some(self.settle(ticket)),
            (Unsent::KeyConflict(_), _) => Some("take another key for another command".to_owned()),
            (Unsent::Journal, _) => Some("look at the journal's file and disk".to_owned()),
            (Unsent::Stopped, Some(trouble)) if self.seen.interrupted.is_none() => Some(trouble.fix.clone()),
            _ => None,
        }
    }

    fn settle(&self, ticket: Ticket) -> String {
        format!("rrp doubt settle {ticket} {}", self.reach).trim_end().to_owned()
    }

    fn show(&self, ticket: Ticket) -> String {
        format!("rrp doubt show {ticket} {}", self.reach).trim_end().to_owned()
    }

    fn entry(&self) -> Option<&Entry> {
        self.seen.entries.get(&self.ticket()?)
    }

    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let (word, how) = self.outcome();
        let ticket = self.ticket().map(|ticket| format!(", ticket {ticket}")).unwrap_or_default();
        writeln!(out, "{word}{ticket}: {how}")?;
        let mut fields = Fields::new();
        match self.told.fate {
            Fate::Accepted => {
                if let Some(kept) = &self.told.kept {
                    accepted_fields(kept, &mut fields);
                }
            }
            Fate::RefusedForNow => {
                fields.add("means", "not done, after every try that there was time for: ask again later")
            }
            Fate::Refused => fields.add("means", "not done, and the same again would be refused again"),
            Fate::InDoubt => {
                for (key, text) in look::doubt(self.command, None) {
                    fields.add(key, text);
                }
                if let Some(ticket) = self.ticket() {
                    fields.add("next", self.show(ticket));
                    fields.add("", self.settle(ticket));
                }
            }
            Fate::NotSent(_) => {
                if let Some(fix) = self.fix() {
                    fields.add("to do", fix);
                }
            }
        }
        self.target.add_to(&mut fields);
        let nature = self.command.nature();
        let (name, effect) = (escape(self.command.name()), nature.effect().as_str());
        fields.add("command", format!("{name}, a {effect}; billable: {}", nature.billable().as_str()));
        let key = if matches!(self.told.fate, Fate::NotSent(_)) { "not sent" } else { "sent" };
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
        let reply = self.told.reply.as_deref()?;
        Some(Shown::new(reply, reply.verdict(self.command.context())))
    }

    fn json(&self) -> Value {
        let (exit, nature, doubt) = (self.exit(), self.command.nature(), self.exit() == Exit::InDoubt);
        let kept = self.told.kept.as_ref();
        let accepted = kept.filter(|_| self.told.fate == Fate::Accepted);
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
        put("recorded", json!(self.told.recorded));
        put("proof", json!(kept.map(|kept| kept.proof.as_str())));
        put("replayed", json!(self.told.replayed));
        put("code", json!(kept.and_then(|kept| kept.code).map(rrp::ReturnCode::as_u16)));
        put("text", json!(kept.map(|kept| &kept.text)));
        put("pending", json!(accepted.is_some_and(|kept| kept.pending)));
        put("job", json!(accepted.and_then(|kept| kept.job.as_ref())));
        put("expires", json!(accepted.and_then(|kept| kept.expires.as_ref())));
        put("error", json!(kept.is_none().then_some(how)));
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
