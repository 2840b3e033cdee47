//! `rrp doubt settle`: reads what became of writes in doubt, and sends none again.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rrp::dispatch::{Config, DoubtReason, Entry, Refused, Settled, Ticket};
use serde_json::{Map, Value, json};

use crate::change::{accepted_fields, head, notes, reason, tell};
use crate::doubt::name;
use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal, chain};
use crate::journal::{self, refusal, wall};
use crate::journaled::{Journaled, Seen, option};
use crate::options;
use crate::output::{self, Fields, JsonArray, escape};
use crate::target::Target;

const STAGE: &str = "doubt";

const EXAMPLES: &str = "\
It looks at the object of the write and compares it with what it was before. It only reads. What was done shows at the
first look; what was not done is believed only when it is seen twice, and the registry has had a minute to finish it.

Examples:
  rrp doubt settle 17 --journal rrp.redb --server registry.example.com --user registrar
  rrp doubt settle --all --journal rrp.redb    RRP_SERVER, RRP_USER and RRP_PASSWORD_FILE are set
  rrp doubt settle --all --journal rrp.redb --after-loss 0    the process that sent them ended long ago

It ends with 0 if all was settled, whether done or not; with 5 if something is still in doubt, and with 6 if nobody
could be asked. A journal that cannot be read, or is another account's or host's, is 7; one in use is 3. A ticket that
is not there is 1, one that is finished is 4.";

#[derive(clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", exit::TABLE))]
pub(crate) struct Args {
    /// What is to be settled
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    ticket: Option<Ticket>,
    /// All that is open or in doubt
    #[arg(long)]
    all: bool,
    /// The journal
    #[arg(long, value_name = "FILE")]
    journal: PathBuf,
    /// Give up after so long; what was not settled by then stays in doubt
    #[arg(long, value_name = "SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    wait: u64,
    /// That nothing shows it counts so long after the start, and once more 10 s later. Less only if the write was lost
    /// longer ago than that: the registry may still be executing it
    #[arg(long, value_name = "SECONDS", default_value_t = Config::FIRST_NEGATIVE.as_secs(), value_parser = clap::value_parser!(u64).range(..=86_400))]
    after_loss: u64,
    /// Print JSON: an array with an object for each
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: options::Connection,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
    let settings = args.connection.settings()?;
    let doubts = wanted(args)?;
    if doubts.is_empty() {
        if args.json {
            output::json_array(core::iter::empty(), out)?;
        } else {
            writeln!(out, "nothing is in doubt")?;
        }
        return Ok(Exit::Yes);
    }
    let after_loss = Duration::from_secs(args.after_loss);
    let config = Config::new(wall()).negatives(after_loss, Duration::ZERO, Config::BETWEEN_NEGATIVES);
    let client = Journaled::start(&settings, &args.journal, config, err)?;
    for entry in &doubts {
        // A note that nobody sees is no failure.
        let _ = writeln!(
            err,
            "note: reading what became of ticket {}: {} at {} (environment: {})",
            entry.ticket(),
            name(entry),
            settings.target.host(),
            settings.target.environment
        );
    }
    let _ = writeln!(
        err,
        "note: that it was done shows at once; that it was not counts only after {} s. Waiting up to {} s; nothing is sent again",
        after_loss.saturating_add(Config::BETWEEN_NEGATIVES).as_secs(),
        args.wait
    );
    let wait = Duration::from_secs(args.wait);
    let calls = doubts
        .iter()
        .map(|entry| client.client().settle(entry.ticket()).deadline(wait).into_future())
        .collect();
    let (told, seen) = client.run(calls, &mut |event| tell(event, err))?;
    let reports: Vec<Report<'_>> = doubts
        .iter()
        .zip(told)
        .map(|(before, told)| Report {
            target: &settings.target,
            journal: &args.journal,
            before,
            told,
            seen: &seen,
        })
        .collect();
    let exit = reports.iter().map(Report::exit).fold(Exit::Yes, Exit::worse);
    let printed = print(&reports, args.json, out).and_then(|()| out.flush());
    printed.map_err(Failure::output(exit))?;
    Ok(exit)
}

/// The entries that are to be settled. The journal is closed again: the client opens it for itself.
fn wanted(args: &Args) -> Result<Vec<Entry>, Refusal> {
    let mut store = journal::open(&args.journal)?;
    let Some(ticket) = args.ticket else {
        let mut entries = store.entries().map_err(refusal)?;
        entries.retain(|entry| !entry.standing().is_finished());
        return Ok(entries);
    };
    let entry = crate::doubt::known(&mut store, ticket)?;
    if entry.standing().is_finished() {
        let what = format!("`{ticket}` is finished: {}", entry.standing().as_str());
        return Err(Refusal::new(STAGE, what).exit(Exit::Permanent));
    }
    Ok(vec![entry])
}

fn print(reports: &[Report<'_>], as_json: bool, out: &mut dyn Write) -> io::Result<()> {
    if !as_json {
        return reports.iter().try_for_each(|report| report.print(out));
    }
    let mut array = JsonArray::begin(out)?;
    for report in reports {
        array.push(&report.json(), out)?;
    }
    array.end(out)
}

/// What was found out about one write.
struct Report<'r> {
    target: &'r Target,
    journal: &'r Path,
    before: &'r Entry,
    told: Result<Settled, Refused>,
    seen: &'r Seen,
}

impl Report<'_> {
    fn exit(&self) -> Exit {
        match &self.told {
            Ok(Settled::Applied(_) | Settled::Refused(_) | Settled::NotApplied(_)) => Exit::Yes,
            // Nobody was asked.
            Ok(Settled::StillInDoubt(_)) if self.seen.unreachable().is_some() => Exit::NotSent,
            Ok(Settled::StillInDoubt(doubt)) if doubt.reason() == DoubtReason::Unavailable => Exit::NotSent,
            Ok(Settled::StillInDoubt(_)) => Exit::InDoubt,
            Err(Refused::Journal(_)) => Exit::Data,
            Err(Refused::Held { .. }) => Exit::Temporary,
            Err(_) => Exit::NotSent,
        }
    }

    /// What was found, as a word and in one line.
    fn found(&self) -> (&'static str, String) {
        match &self.told {
            Ok(Settled::Applied(_)) => ("applied", "it was done".to_owned()),
            Ok(Settled::Refused(refusal)) => {
                let why = head(refusal.summary()).map(|head| format!(": {head}")).unwrap_or_default();
                ("refused", format!("it was not done{why}"))
            }
            Ok(Settled::NotApplied(_)) => {
                ("not applied", "it was not done, and is not sent again".to_owned())
            }
            Ok(Settled::StillInDoubt(doubt)) => {
                let why = match (self.seen.interrupted, self.seen.unreachable()) {
                    (Some(name), _) => format!("interrupted ({name})"),
                    (None, Some(trouble)) => trouble.error.clone(),
                    (None, None) => reason(doubt),
                };
                ("still in doubt", why)
            }
            Err(why) => ("still in doubt", escape(&chain(why))),
        }
    }

    /// What comes next, ready to copy.
    fn next(&self) -> Option<String> {
        let ticket = self.before.ticket();
        matches!(&self.told, Ok(Settled::StillInDoubt(_)) | Err(_))
            .then(|| format!("rrp doubt show {ticket} {}", option(self.journal)))
    }

    /// How it stands in the journal now.
    fn entry(&self) -> &Entry {
        self.seen.entries.get(&self.before.ticket()).unwrap_or(self.before)
    }

    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let (word, how) = self.found();
        writeln!(out, "{}: {word}: {how} ({})", self.before.ticket(), name(self.before))?;
        let mut fields = Fields::new();
        if let Ok(Settled::Applied(accepted)) = &self.told {
            accepted_fields(accepted, &mut fields);
        }
        if let (Some(trouble), true) = (self.seen.unreachable(), self.exit() == Exit::NotSent) {
            fields.add("to do", trouble.fix.clone());
        }
        if let Some(next) = self.next() {
            fields.add("next", next);
        }
        self.target.add_to(&mut fields);
        notes(self.entry(), &mut fields);
        fields.write(out)
    }

    fn json(&self) -> Value {
        let (word, how) = self.found();
        let applied = match &self.told {
            Ok(Settled::Applied(accepted)) => Some(accepted),
            _ => None,
        };
        let exit = self.exit();
        let mut map = Map::new();
        self.target.add_json(&mut map);
        let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
        put("ticket", json!(self.before.ticket().get()));
        put("command", json!(self.before.intent().sent().name()));
        put("object", json!(self.before.intent().sent().objects().first().map(|object| object.name())));
        put("found", json!(word.replace(' ', "-")));
        put("why", json!(how));
        put("proof", json!(applied.map(|accepted| accepted.summary().proof().as_str())));
        put("expires", json!(applied.and_then(|accepted| accepted.expires())));
        put("in_doubt", json!(self.next().is_some()));
        put("next", json!(self.next()));
        put("notes", self.entry().notes().iter().map(|note| json!(note.text())).collect());
        put("exit", json!(exit.code()));
        put("result", json!(exit.as_str()));
        Value::Object(map)
    }
}
