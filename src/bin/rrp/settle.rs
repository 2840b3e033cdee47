//! `rrp doubt settle`: reads what became of writes in doubt, and sends none again.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use rrp::dispatch::{Config, DoubtReason, Entry, Refused, Settled, Ticket};
use rrp::journal::BoxFuture;
use serde_json::{Map, Value, json};

use crate::change::{accepted_fields, notes, tell};
use crate::client::block_on;
use crate::daemon::{Daemon, request};
use crate::doubt::{STAGE, is_opaque, name};
use crate::ended::{Kept, OVER, reason};
use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal, chain};
use crate::found::{Found, Source, entry_of, target};
use crate::journal::wall;
use crate::journaled::{Journaled, Trouble, all};
use crate::options;
use crate::output::{self, Fields, JsonArray, escape};
use crate::target::Target;
use crate::way::{GRACE, kept};

const EXAMPLES: &str = "\
It looks at the object of the write and compares it with what it was before. It only reads. What was done shows at the
first look; what was not done is believed only when it is seen twice, and the registry has had a minute to finish it.

Examples:
  rrp doubt settle 17                          by the daemon that runs here; its account's settings count
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
    /// The journal; without it the running daemon settles, which is also asked if it has the journal open
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// The account that is meant, of a daemon with several
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Give up after so long; what was not settled by then stays in doubt
    #[arg(long, value_name = "SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    wait: u64,
    /// That nothing shows it counts so long after the start, and once more 10 s later. Less only if the write was lost
    /// longer ago than that: the registry may still be executing it; needs --journal [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=86_400))]
    after_loss: Option<u64>,
    /// Print JSON: an array with an object for each
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: options::Connection,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
    let place = args.connection.place();
    let mut source = Source::open(args.journal.as_deref(), place, args.account.as_deref(), err)?;
    let doubts = wanted(args, &mut source)?;
    let more = source.more();
    // Its objects and fields mean nothing here, and its host speaks no RRP.
    if let Some(other) = doubts.iter().find(|found| is_opaque(&found.entry)) {
        let ticket = other.entry.ticket();
        let what = format!(
            "`{ticket}` ({}) is a request of another API: the program that sent it settles it",
            name(&other.entry)
        );
        let hint = format!("`rrp doubt show {ticket} {}` says how to look", other.reach);
        return Err(Refusal::new(STAGE, what).hint(hint).exit(Exit::InDoubt).into());
    }
    if doubts.is_empty() {
        if args.json {
            output::json_array(core::iter::empty(), out)?;
        } else {
            writeln!(out, "nothing is in doubt")?;
        }
        return Ok(Exit::Yes);
    }
    let reports = match (source, &args.journal) {
        (Source::Daemon { daemon, .. }, _) => by_daemon(args, &daemon, doubts, err)?,
        // The client opens it for itself.
        (Source::Journal { store, .. }, Some(journal)) => {
            drop(store);
            by_client(args, journal, doubts, err)?
        }
        (Source::Journal { .. }, None) => return Err(Refusal::usage(STAGE, "no journal is named").into()),
    };
    // What was not told of is still in doubt.
    let begin = if more > 0 { Exit::InDoubt } else { Exit::Yes };
    if more > 0 {
        let _ = writeln!(err, "note: {more} more are in doubt: call it again");
    }
    let exit = reports.iter().map(Report::exit).fold(begin, Exit::worse);
    let printed = print(&reports, args.json, out).and_then(|()| out.flush());
    printed.map_err(Failure::output(exit))?;
    Ok(exit)
}

fn by_client(
    args: &Args,
    journal: &PathBuf,
    doubts: Vec<Found>,
    err: &mut dyn Write,
) -> Result<Vec<Report>, Failure> {
    let settings = args.connection.settings()?;
    let after_loss = args.after_loss.map_or(Config::FIRST_NEGATIVE, Duration::from_secs);
    let config = Config::new(wall()).negatives(after_loss, Duration::ZERO, Config::BETWEEN_NEGATIVES);
    let client = Journaled::start(&settings, journal, config, err)?;
    let shows = after_loss.saturating_add(Config::BETWEEN_NEGATIVES).as_secs();
    announce(
        args,
        doubts.iter().map(|found| (found, &settings.target)),
        &format!("only after {shows} s"),
        err,
    );
    let wait = Duration::from_secs(args.wait);
    let calls = doubts
        .iter()
        .map(|found| client.client().settle(found.entry.ticket()).deadline(wait).into_future())
        .collect();
    let (told, seen) = client.run(calls, &mut |event| tell(event, err))?;
    let unreachable =
        seen.unreachable().map(|trouble| Trouble { error: trouble.error.clone(), fix: trouble.fix.clone() });
    Ok(doubts
        .into_iter()
        .zip(told)
        .map(|(found, told)| {
            let now = seen.entries.get(&found.entry.ticket()).cloned();
            let trouble = unreachable.clone();
            let told = Told::of(told, seen.interrupted, trouble.as_ref());
            Report {
                target: settings.target.clone(),
                found,
                now,
                told,
                fix: trouble.map(|trouble| trouble.fix),
            }
        })
        .collect())
}

/// How many are settled at a time by way of a daemon, which takes a few connections only.
const AT_ONCE: usize = 8;

fn by_daemon(
    args: &Args,
    daemon: &Daemon,
    doubts: Vec<Found>,
    err: &mut dyn Write,
) -> Result<Vec<Report>, Failure> {
    if args.after_loss.is_some() {
        let what = "--after-loss is for a journal that nobody has open: a daemon has its own times";
        return Err(Refusal::usage(STAGE, what).into());
    }
    let mut targets = Vec::new();
    for found in &doubts {
        let served = daemon.accounts.iter().find(|served| Some(&served.name) == found.account.as_ref());
        let served = served.ok_or_else(|| Refusal::new(STAGE, "the daemon names no account"))?;
        targets.push(target(served)?);
    }
    announce(args, doubts.iter().zip(&targets), "later", err);
    let wait = Duration::from_secs(args.wait);
    let told = block_on(async {
        let mut told = Vec::new();
        for doubts in doubts.chunks(AT_ONCE) {
            let calls = doubts.iter().map(|found| -> BoxFuture<'static, _> {
                let mut map = request("settle", found.account.as_deref());
                map.insert("ticket".to_owned(), json!(found.entry.ticket().get()));
                map.insert("wait_s".to_owned(), json!(args.wait));
                let daemon = daemon.clone();
                Box::pin(async move {
                    daemon.tell(&map.into(), wait.checked_add(GRACE)).await.map_err(|refusal| refusal.what())
                })
            });
            told.extend(all(calls.collect()).await);
        }
        told
    })?;
    Ok(doubts
        .into_iter()
        .zip(targets)
        .zip(told)
        .map(|((found, target), told)| {
            let mut map = request("doubt", found.account.as_deref());
            map.insert("ticket".to_owned(), json!(found.entry.ticket().get()));
            let now = daemon.ask(&map.into()).ok().and_then(|row| entry_of(&row));
            let told = match told {
                Ok(told) => Told::by_daemon(&told),
                Err(why) => Told::Unasked { exit: Exit::NotSent, why },
            };
            Report { target, found, now, told, fix: None }
        })
        .collect())
}

fn announce<'f>(
    args: &Args,
    doubts: impl Iterator<Item = (&'f Found, &'f Target)>,
    shows: &str,
    err: &mut dyn Write,
) {
    // A note that nobody sees is no failure.
    for (found, target) in doubts {
        let _ = writeln!(
            err,
            "note: reading what became of ticket {}: {} at {} (environment: {})",
            found.entry.ticket(),
            name(&found.entry),
            target.host(),
            target.environment
        );
    }
    let _ = writeln!(
        err,
        "note: that it was done shows at once; that it was not counts {shows}. Waiting up to {} s; nothing is sent again",
        args.wait
    );
}

/// The entries that are to be settled.
fn wanted(args: &Args, source: &mut Source) -> Result<Vec<Found>, Refusal> {
    let Some(ticket) = args.ticket else { return source.unfinished() };
    let found = source.one(ticket)?;
    if found.entry.standing().is_finished() {
        let what = format!("`{ticket}` is finished: {}", found.entry.standing().as_str());
        return Err(Refusal::new(STAGE, what).exit(Exit::Permanent));
    }
    Ok(vec![found])
}

fn print(reports: &[Report], as_json: bool, out: &mut dyn Write) -> io::Result<()> {
    if !as_json {
        return reports.iter().try_for_each(|report| report.print(out));
    }
    let mut array = JsonArray::begin(out)?;
    for report in reports {
        array.push(&report.json(), out)?;
    }
    array.end(out)
}

/// What reading came to.
enum Told {
    Applied(Option<Kept>),
    Refused(Option<Kept>),
    NotApplied,
    /// `nobody_asked`: no session was to be had.
    Still {
        why: String,
        nobody_asked: bool,
    },
    Unasked {
        exit: Exit,
        why: String,
    },
}

impl Told {
    fn of(
        told: Result<Settled, Refused>,
        interrupted: Option<&'static str>,
        unreachable: Option<&Trouble>,
    ) -> Self {
        match told {
            Ok(Settled::Applied(accepted)) => Self::Applied(Some(accepted.summary().into())),
            Ok(Settled::Refused(refusal)) => Self::Refused(Some(refusal.summary().into())),
            Ok(Settled::NotApplied(_)) => Self::NotApplied,
            Ok(Settled::StillInDoubt(doubt)) => Self::Still {
                why: match (interrupted, unreachable) {
                    (Some(name), _) => format!("interrupted ({name})"),
                    (None, Some(trouble)) => trouble.error.clone(),
                    (None, None) => reason(doubt.reason()),
                },
                nobody_asked: unreachable.is_some() || doubt.reason() == DoubtReason::Unavailable,
            },
            Err(why) => {
                let exit = match why {
                    Refused::Journal(_) => Exit::Data,
                    Refused::Held { .. } => Exit::Temporary,
                    _ => Exit::NotSent,
                };
                Self::Unasked { exit, why: escape(&chain(&why)) }
            }
        }
    }

    fn by_daemon(told: &Value) -> Self {
        let text = |key: &str| told.get(key).and_then(Value::as_str).unwrap_or_default();
        let why = if text("reason") == "deadline" { OVER.to_owned() } else { escape(text("why")) };
        match text("found") {
            "applied" => Self::Applied(kept(told)),
            "refused" => Self::Refused(kept(told)),
            "not-applied" => Self::NotApplied,
            "nobody-asked" => {
                let exit = match text("kind") {
                    "journal" => Exit::Data,
                    "held" => Exit::Temporary,
                    _ => Exit::NotSent,
                };
                Self::Unasked { exit, why }
            }
            _ => Self::Still { why, nobody_asked: text("reason") == "unavailable" },
        }
    }
}

/// What was found out about one write.
struct Report {
    target: Target,
    found: Found,
    /// How it stands in the journal now, if that is known.
    now: Option<Entry>,
    told: Told,
    /// What to check, if nobody could be asked.
    fix: Option<String>,
}

impl Report {
    const fn exit(&self) -> Exit {
        match &self.told {
            Told::Applied(_) | Told::Refused(_) | Told::NotApplied => Exit::Yes,
            // Nobody was asked.
            Told::Still { nobody_asked: true, .. } => Exit::NotSent,
            Told::Still { .. } => Exit::InDoubt,
            Told::Unasked { exit, .. } => *exit,
        }
    }

    /// What was found, as a word and in one line.
    fn found(&self) -> (&'static str, String) {
        match &self.told {
            Told::Applied(_) => ("applied", "it was done".to_owned()),
            Told::Refused(kept) => {
                let head = kept.as_ref().and_then(Kept::head);
                let why = head.map(|head| format!(": {head}")).unwrap_or_default();
                ("refused", format!("it was not done{why}"))
            }
            Told::NotApplied => ("not applied", "it was not done, and is not sent again".to_owned()),
            Told::Still { why, .. } | Told::Unasked { why, .. } => ("still in doubt", why.clone()),
        }
    }

    const fn applied(&self) -> Option<&Kept> {
        match &self.told {
            Told::Applied(kept) => kept.as_ref(),
            _ => None,
        }
    }

    fn ticket(&self) -> Ticket {
        self.found.entry.intent().ticket()
    }

    /// What comes next, ready to copy.
    fn next(&self) -> Option<String> {
        matches!(&self.told, Told::Still { .. } | Told::Unasked { .. })
            .then(|| format!("rrp doubt show {} {}", self.ticket(), self.found.reach).trim_end().to_owned())
    }

    /// How it stands in the journal now.
    fn entry(&self) -> &Entry {
        self.now.as_ref().unwrap_or(&self.found.entry)
    }

    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let (word, how) = self.found();
        writeln!(out, "{}: {word}: {how} ({})", self.ticket(), name(&self.found.entry))?;
        let mut fields = Fields::new();
        if let Some(kept) = self.applied() {
            accepted_fields(kept, &mut fields);
        }
        if let (Some(fix), true) = (&self.fix, self.exit() == Exit::NotSent) {
            fields.add("to do", fix.clone());
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
        let applied = self.applied();
        let exit = self.exit();
        let intent = self.found.entry.intent();
        let mut map = Map::new();
        self.target.add_json(&mut map);
        let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
        put("ticket", json!(self.ticket().get()));
        put("command", json!(intent.sent().name()));
        put("object", json!(intent.sent().objects().first().map(|object| object.name())));
        put("found", json!(word.replace(' ', "-")));
        put("why", json!(how));
        put("proof", json!(applied.map(|kept| kept.proof.as_str())));
        put("expires", json!(applied.and_then(|kept| kept.expires.as_ref())));
        put("in_doubt", json!(self.next().is_some()));
        put("next", json!(self.next()));
        put("notes", self.entry().notes().iter().map(|note| json!(note.text())).collect());
        put("exit", json!(exit.code()));
        put("result", json!(exit.as_str()));
        Value::Object(map)
    }
}
