//! `rrp journal`: what is done to a journal as a whole.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rrp::dispatch::{Account, Put};
use rrp::journal::{JournalError, JournalErrorKind, Options, Store, account_to_json, put_back, to_json};
use serde_json::json;

use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal, chain};
use crate::output::{self, Fields, escape};

const STAGE: &str = "journal";

const EXAMPLES: &str = "\
A journal is a file that one process at a time has open; whoever else asks gets exit status 3. A file that is
damaged, of a newer version, missing, or open to other users of the machine is 7.

Examples:
  rrp journal verify /var/lib/rrp/journal.redb                  every page and every entry
  rrp journal export /var/lib/rrp/journal.redb | jq .standing   a line of JSON for each entry, without secrets
  rrp journal export /var/lib/rrp/journal.redb | jq .account    the last line: what is known of the account, if anything is
  rrp journal backup /var/lib/rrp/journal.redb copy.redb        to a new file; the key of its hashes is in it
  rrp journal restore copy.redb /var/lib/rrp/journal.redb       where no journal is; --force moves one aside
  rrp journal forget-account /var/lib/rrp/journal.redb          its lock, refused login and sessions; entries stay";

#[derive(clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", exit::TABLE))]
pub(crate) struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(clap::Subcommand)]
enum Task {
    /// Check that all is as it was written
    Verify {
        /// The journal
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print every entry as a line of JSON, then what is known of the account
    Export {
        /// The journal
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Write a copy to a new file
    Backup {
        /// The journal
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The copy; there must be no such file
        #[arg(value_name = "COPY")]
        copy: PathBuf,
    },
    /// Put a copy in the place of a journal
    Restore {
        /// The copy, which stays as it is
        #[arg(value_name = "COPY")]
        copy: PathBuf,
        /// The journal
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Move a journal that is there aside: `.replaced` behind its name
        #[arg(long)]
        force: bool,
    },
    /// Forget a lock, a refused login and the sessions of the account, also where they cannot be read; entries stay
    ForgetAccount {
        /// The journal
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

pub(crate) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
    match &args.task {
        Task::Verify { file, json } => verify(file, *json, out)?,
        Task::Export { file } => {
            let mut store = open(file)?;
            for entry in store.entries().map_err(refusal)? {
                writeln!(out, "{}", output::escape_json(&to_json(&entry)))?;
            }
            // Last: if it cannot be read, all else has been.
            let account = store.account().map_err(refusal)?;
            if account != Account::default() {
                writeln!(out, "{}", output::escape_json(&account_to_json(&account)))?;
            }
        }
        Task::Backup { file, copy } => {
            open(file)?.backup(copy).map_err(refusal)?;
            writeln!(out, "{}: copied to {}", shown(file), shown(copy))?;
        }
        Task::Restore { copy, file, force } => {
            let aside = put_back(copy, file, *force, wall()).map_err(refusal)?;
            if let Some(aside) = aside {
                writeln!(out, "{}: moved to {}", shown(file), shown(&aside))?;
            }
            writeln!(out, "{}: put back from {}", shown(file), shown(copy))?;
            // Nothing in the file can tell.
            let _ = writeln!(
                err,
                "note: what was sent since the copy was made is not in it: look at the registry before you send it again"
            );
        }
        Task::ForgetAccount { file } => {
            open(file)?.write(&[Put::Account(Account::default())], wall()).map_err(refusal)?;
            writeln!(out, "{}: what was known of the account is forgotten", shown(file))?;
            // It was known for a reason.
            let _ = writeln!(
                err,
                "note: sessions that are still open at the registry are not counted any more: let its idle limit pass first"
            );
        }
    }
    Ok(Exit::Yes)
}

fn verify(file: &Path, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let mut store = open(file)?;
    let report = store.verify().map_err(refusal)?;
    if as_json {
        let value = json!({
            "file": file.to_string_lossy(),
            "host": report.scope().host(),
            "account": report.scope().account(),
            "entries": report.entries(),
            "open": report.open(),
            "in_doubt": report.in_doubt(),
            "next_ticket": report.next_ticket(),
            "file_bytes": report.file_bytes(),
        });
        output::json_value(&value, out)?;
        return Ok(());
    }
    writeln!(out, "{}: whole", shown(file))?;
    let mut fields = Fields::new();
    fields.add("host", escape(report.scope().host()));
    fields.add("account", escape(report.scope().account()));
    fields.add("entries", report.entries().to_string());
    fields.add("open", report.open().to_string());
    fields.add("in doubt", report.in_doubt().to_string());
    fields.add("bytes", report.file_bytes().to_string());
    fields.write(out)?;
    Ok(())
}

/// The journal in this file, whosever it is.
pub(crate) fn open(file: &Path) -> Result<Store, Refusal> {
    Store::open_any(file, &Options::new(), wall()).map_err(refusal)
}

/// The time, in milliseconds of Unix time.
pub(crate) fn wall() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the program asks for a journal's time"
    )]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// What a journal refused, and what to do.
pub(crate) fn refusal(error: JournalError) -> Refusal {
    let exit = match error.kind() {
        JournalErrorKind::Locked | JournalErrorKind::Full | JournalErrorKind::Backlog => Exit::Temporary,
        _ => Exit::Data,
    };
    let line = chain(&error);
    let what = line.strip_prefix("journal").unwrap_or(&line).trim_start_matches([':', ' ']).to_owned();
    Refusal::new(STAGE, what).hint(error.fix()).exit(exit)
}

pub(crate) fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}
