//! `rrp doubt`: the writes of a journal of which nobody knows what became, and what to do about each.

use std::io::{self, Write};
use std::path::PathBuf;

use rrp::command::{Billable, Nature, ObjectKind, Settle};
use rrp::dispatch::{Entry, Put, Standing, Ticket};
use rrp::journal::{Store, to_json};
use rrp::secret::REDACTED;
use rrp::settle::{Form, Kept, LineKind, SentLine};
use serde_json::{Value, json};

use crate::daemon::Place;
use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal};
use crate::found::{Found, Source};
use crate::journal::{self, refusal, wall};
use crate::look::word;
use crate::output::{self, Fields, JsonArray, escape};
use crate::settle;

pub(crate) const STAGE: &str = "doubt";

const EXAMPLES: &str = "\
A write is in doubt when it was sent and no answer, and no look at the registry, told what became of it; or when
the process ended meanwhile (open). Until it is resolved nothing sends it again.

Examples:
  rrp doubt list                                              of the running daemon, with what to do about each
  rrp doubt list --journal journal.redb                       of a journal that nobody has open
  rrp doubt show 17 --journal journal.redb                    what was sent, what was seen, how to look
  rrp doubt settle 17 --journal journal.redb                  read what became of it; nothing is sent again
  rrp doubt settle --all --journal journal.redb               of each
  rrp doubt resolve 17 --applied --journal journal.redb       you have looked: it was executed
  rrp doubt resolve 17 --not-applied --journal journal.redb   you have looked, twice, some time apart: it was not
  rrp doubt forget 17 --yes --journal journal.redb            remember nothing of it

Without --journal the daemon is asked that runs here (all but `forget`). `settle` connects (see its --help) and ends with 0 if all was settled, however; with 5 if something is still in doubt.
`resolve` and `forget` take your word: look first. A ticket that is not there is 1, one that is finished is 4.";

#[derive(clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", exit::TABLE))]
pub(crate) struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(clap::Subcommand)]
enum Task {
    /// List what is open or in doubt
    List {
        #[command(flatten)]
        at: Where,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what is known of one write, and how to look
    Show {
        ticket: Ticket,
        #[command(flatten)]
        at: Where,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Read what became of a write, and send nothing again
    Settle(Box<settle::Args>),
    /// Say what became of one write
    Resolve {
        ticket: Ticket,
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        word: Word,
    },
    /// Remember nothing of one write
    Forget {
        ticket: Ticket,
        #[command(flatten)]
        file: File,
        /// Also if money is at stake
        #[arg(long)]
        yes: bool,
    },
}

#[derive(clap::Args)]
struct File {
    /// The journal
    #[arg(long, value_name = "FILE")]
    journal: PathBuf,
}

/// Where a write is looked for.
#[derive(clap::Args)]
struct Where {
    /// The journal; without it the running daemon is asked, which is also asked if it has the journal open
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// The account that is meant, of a daemon with several
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Word {
    /// It was executed
    #[arg(long)]
    applied: bool,
    /// It was not executed, and will not be
    #[arg(long)]
    not_applied: bool,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
    match &args.task {
        Task::Settle(args) => return settle::run(args, out, err),
        Task::List { at, json } => list(at, *json, out, err)?,
        Task::Show { ticket, at, json } => {
            let found = at.open(err)?.one(*ticket)?;
            let about = About::new(&found, wall());
            if *json {
                output::json_value(&about.json(), out)?;
            } else {
                about.print(out)?;
            }
        }
        Task::Resolve { ticket, at, word } => {
            let mut source = at.open(err)?;
            let found = source.one(*ticket)?;
            let Some(standing) = source.resolve(&found, word.applied)? else {
                let what = format!("`{ticket}` is finished: {}", found.entry.standing().as_str());
                return Err(Refusal::new(STAGE, what).exit(Exit::Permanent).into());
            };
            writeln!(out, "{ticket}: {}, by your word ({})", escape(&standing), name(&found.entry))?;
        }
        Task::Forget { ticket, file, yes } => {
            let mut store = file.open()?;
            let entry = known(&mut store, *ticket)?;
            if entry.intent().billable().at_stake() && pays_again(&entry) && !yes {
                let why = if entry.standing().is_finished() {
                    "was paid for, and a call with its key would be sent"
                } else {
                    "may have cost, and nobody knows"
                };
                let what = format!("`{ticket}` ({}) {why}: nothing is forgotten", name(&entry));
                let path = journal::shown(&file.journal);
                let hint = format!(
                    "look first (rrp doubt show {ticket} --journal {path}), and resolve it; or say --yes"
                );
                return Err(Refusal::usage(STAGE, what).hint(hint).into());
            }
            store.write(&[Put::Remove(*ticket)], wall()).map_err(refusal)?;
            writeln!(out, "{ticket}: forgotten ({}; it was {})", name(&entry), entry.standing().as_str())?;
        }
    }
    Ok(Exit::Yes)
}

impl File {
    fn open(&self) -> Result<Store, Refusal> {
        journal::open(&self.journal)
    }
}

impl Where {
    fn open(&self, err: &mut dyn Write) -> Result<Source, Refusal> {
        Source::open(self.journal.as_deref(), &self.place, self.account.as_deref(), err)
    }
}

pub(crate) fn known(store: &mut Store, ticket: Ticket) -> Result<Entry, Refusal> {
    let entry = store.entry(ticket).map_err(refusal)?;
    entry.ok_or_else(|| {
        Refusal::new(STAGE, format!("there is no ticket `{ticket}`"))
            .hint("`rrp doubt list` lists what is open or in doubt")
            .exit(Exit::No)
    })
}

fn list(at: &Where, as_json: bool, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let mut source = at.open(err)?;
    let found = source.unfinished()?;
    if as_json {
        let mut array = JsonArray::begin(out)?;
        for found in &found {
            array.push(&About::new(found, wall()).json(), out)?;
        }
        array.end(out)?;
        if source.more() > 0 {
            // A note that nobody sees is no failure.
            let _ = writeln!(err, "note: there are {} more", source.more());
        }
        return Ok(());
    }
    print_list(&found, source.more(), out)
}

/// Writes that are open or in doubt, and what comes next.
pub(crate) fn print_list(found: &[Found], more: u64, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(first) = found.first() else {
        writeln!(out, "nothing is in doubt")?;
        return Ok(());
    };
    let now = wall();
    let rows: Vec<_> = found
        .iter()
        .map(|found| {
            let (about, entry) = (About::new(found, now), &found.entry);
            [
                entry.ticket().to_string(),
                entry.standing().as_str().to_owned(),
                about.age(entry.intent().begun_at()),
                escape(entry.intent().sent().name()),
                object(entry),
                entry.intent().billable().as_str().to_owned(),
                about.look().unwrap_or_else(|| format!("ask {}", about.whom())),
            ]
        })
        .collect();
    let head = ["ticket", "standing", "age", "command", "object", "billable", "look by"];
    if found.iter().any(|other| other.account != first.account) {
        // A ticket is one account's.
        let rows: Vec<_> = rows
            .into_iter()
            .zip(found)
            .map(|([a, b, c, d, e, f, g], found)| {
                [escape(found.account.as_deref().unwrap_or_default()), a, b, c, d, e, f, g]
            })
            .collect();
        let [a, b, c, d, e, f, g] = head;
        output::table(["account", a, b, c, d, e, f, g], &rows, out)?;
    } else {
        output::table(head, &rows, out)?;
    }
    if more > 0 {
        writeln!(out, "and {more} more")?;
    }
    let reach = if found.iter().any(|other| other.reach != first.reach) {
        "--account ACCOUNT"
    } else {
        first.reach.as_str()
    };
    writeln!(out, "{}", format!("next: rrp doubt show TICKET {reach}").trim_end())?;
    Ok(())
}

/// One entry, and what to say of it.
struct About<'e> {
    entry: &'e Entry,
    reach: &'e str,
    now: u64,
}

impl<'e> About<'e> {
    fn new(found: &'e Found, now: u64) -> Self {
        Self { entry: &found.entry, reach: &found.reach, now }
    }

    /// How long ago, in one unit.
    fn age(&self, then: u64) -> String {
        let seconds = self.now.saturating_sub(then) / 1_000;
        match seconds {
            0..120 => format!("{seconds} s"),
            120..7_200 => format!("{} min", seconds / 60),
            7_200..172_800 => format!("{} h", seconds / 3_600),
            _ => format!("{} d", seconds / 86_400),
        }
    }

    /// The command line that looks at the object.
    fn look(&self) -> Option<String> {
        let sent = self.entry.intent().sent();
        let ptf = match sent.form() {
            Form::Rrp => "",
            Form::Ptf => "--ptf ",
            _ => return None,
        };
        if let Some(object) = sent.objects().first() {
            let name = word(object.name())?;
            return Some(match object.kind() {
                ObjectKind::Domain => format!("rrp status {ptf}{name}"),
                ObjectKind::NameServer => format!("rrp status {ptf}--name-server {name}"),
                ObjectKind::Contact => format!("rrp call StatusContact contact={name}"),
                ObjectKind::Zone => format!("rrp call StatusDNSZone dnszone={name}"),
                _ => return None,
            });
        }
        match Nature::by_name(sent.name()).settle() {
            Settle::List(list) => Some(format!("rrp call {list} …")),
            _ => None,
        }
    }

    /// Who knows what became of it where no read can tell.
    fn whom(&self) -> &'static str {
        if is_opaque(self.entry) { "whoever runs the API" } else { "the registry" }
    }

    /// What comes next, ready to copy.
    fn next(&self) -> Vec<(&'static str, String)> {
        if self.entry.standing().is_finished() {
            return Vec::new();
        }
        let ticket = self.entry.ticket();
        let line = |what: &str| format!("rrp doubt {what} {}", self.reach).trim_end().to_owned();
        let mut next = vec![match self.look() {
            Some(line) => ("look first", line),
            None if is_opaque(self.entry) && self.entry.intent().resolver().is_some() => {
                let own = "the program that sent it reads what became of it";
                ("look first", format!("{own}; or ask {}", self.whom()))
            }
            None => ("look first", format!("no read can prove it: ask {}", self.whom())),
        }];
        if self.entry.intent().resolver().is_some() && !is_opaque(self.entry) {
            next.push(("or settle", line(&format!("settle {ticket}"))));
        }
        next.push(("if executed", line(&format!("resolve {ticket} --applied"))));
        next.push(("if not", line(&format!("resolve {ticket} --not-applied"))));
        next
    }

    fn json(&self) -> Value {
        let mut value: Value = serde_json::from_str(&to_json(self.entry)).unwrap_or_default();
        if let Some(map) = value.as_object_mut() {
            let intent = self.entry.intent();
            map.insert("age_s".to_owned(), json!(self.now.saturating_sub(intent.begun_at()) / 1_000));
            map.insert("money_at_stake".to_owned(), json!(intent.billable().at_stake()));
            map.insert("look".to_owned(), json!(self.look()));
            let next: Vec<String> = self.next().into_iter().skip(1).map(|(_, line)| line).collect();
            map.insert("next".to_owned(), json!(next));
        }
        value
    }

    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let (entry, intent) = (self.entry, self.entry.intent());
        writeln!(out, "{}: {} ({})", entry.ticket(), name(entry), entry.standing().as_str())?;
        let mut fields = Fields::new();
        fields.add(
            "money",
            match intent.billable() {
                Billable::Yes => "at stake: a second one may be paid for again",
                Billable::Maybe => "it may cost",
                Billable::No => "none",
            },
        );
        fields.add("begun", format!("{} ago", self.age(intent.begun_at())));
        let times = match entry.standing() {
            Standing::Open => {
                "perhaps once more than is recorded: the program that sent it has ended, or is at it"
                    .to_owned()
            }
            // It may well have been: after a crash that is what is left of it.
            Standing::InDoubt if entry.attempts() == 0 => {
                "perhaps, though that is not recorded: the program that sent it has ended since".to_owned()
            }
            _ => {
                let times = if entry.attempts() == 1 { "time" } else { "times" };
                format!("{} {times}, as far as is recorded", entry.attempts())
            }
        };
        fields.add("handed over", times);
        fields.add("safety", intent.safety().as_str());
        if !intent.user().is_empty() {
            fields.add("user", escape(intent.user()));
        }
        if let Some(key) = intent.key() {
            fields.add("key", escape(key));
        }
        if is_opaque(entry) {
            for (at, object) in intent.sent().objects().iter().enumerate() {
                let shown = format!("{} {}", object.kind(), object.name());
                fields.add(if at == 0 { "object" } else { "" }, escape(&shown));
            }
        }
        let (open, close, separator): (Vec<String>, &[&str], &str) = match intent.sent().form() {
            Form::Rrp => (vec![intent.sent().name().to_owned()], &["."], ":"),
            Form::Ptf => (
                vec!["[COMMAND]".to_owned(), format!("command={}", intent.sent().name())],
                &["EOF", "."],
                "=",
            ),
            _ => (vec![intent.sent().name().to_owned()], &[], "="),
        };
        let lines = intent.sent().lines().iter().map(|line| shown(line, separator));
        let lines = open.into_iter().chain(lines).chain(close.iter().map(|line| (*line).to_owned()));
        for (at, line) in lines.enumerate() {
            fields.add(if at == 0 { "sent" } else { "" }, escape(&line));
        }
        for reading in intent.before() {
            // Of another API the number is its program's own.
            let code = Some(reading.code().to_string()).filter(|_| !is_opaque(entry));
            fields.add("before", code.unwrap_or_else(|| "read by the program that sent it".to_owned()));
            for (name, value) in reading.fields() {
                fields.add("", escape(&format!("{name}={}", clear(value))));
            }
        }
        for note in entry.notes() {
            fields.add("noted", format!("{} ago: {}", self.age(note.at()), escape(note.text())));
        }
        if let Some(answer) = answer(entry) {
            fields.add("answer", answer);
        }
        if let Standing::Accepted(summary) = entry.standing()
            && summary.is_pending()
        {
            let job = summary.job().map(|job| format!(": job {}", escape(job)));
            fields.add("pending", format!("accepted to be done later{}", job.unwrap_or_default()));
        }
        for (key, line) in self.next() {
            fields.add(key, line);
        }
        fields.write(out)
    }
}

/// Whether it may be paid for again once it is forgotten: nobody knows what became of it, or its key stands for it.
fn pays_again(entry: &Entry) -> bool {
    match entry.standing() {
        Standing::Accepted(_) => entry.intent().key().is_some(),
        standing => !standing.is_finished(),
    }
}

/// Whether it is a request of another API, of which this program knows no reads.
pub(crate) fn is_opaque(entry: &Entry) -> bool {
    entry.intent().sent().form() == Form::Opaque
}

/// Code and text of the answer that it ended with, escaped. A number is that of a registry: another API has words, and where a
/// read has settled it, a number of its program's own.
fn answer(entry: &Entry) -> Option<String> {
    let (Standing::Accepted(summary) | Standing::Refused { summary, .. }) = entry.standing() else {
        return None;
    };
    let number = summary.code().map(|code| code.to_string()).filter(|_| !is_opaque(entry));
    let code = number.or_else(|| summary.word().map(escape))?;
    Some(format!("{code} {}", escape(summary.text())).trim_end().to_owned())
}

/// The command and its object.
pub(crate) fn name(entry: &Entry) -> String {
    format!("{} {}", escape(entry.intent().sent().name()), object(entry)).trim_end().to_owned()
}

fn object(entry: &Entry) -> String {
    entry.intent().sent().objects().first().map_or_else(String::new, |object| escape(object.name()))
}

fn clear(kept: &Kept) -> &str {
    kept.as_clear().unwrap_or(REDACTED)
}

/// A line as it was written; what is not kept in clear, redacted.
fn shown(line: &SentLine, separator: &str) -> String {
    let (name, value) = (line.name(), clear(line.value()));
    match line.kind() {
        LineKind::Set => format!("{name}{separator}{value}"),
        LineKind::Option => format!("-{name}{separator}{value}"),
        LineKind::Remove => format!("{name}{separator}{value}="),
        LineKind::Replace(old) => format!("{name}{separator}{}={value}", clear(old)),
    }
}
