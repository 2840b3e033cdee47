//! What is done to a journal as a whole: checking it, printing it, copying it, putting a copy back.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::account::account_to_json;
use super::database::{ENTRIES, Meta, checked, damaged, database, each, from_redb, initialize, read_meta};
use super::file;
use super::record::{encode, to_json};
use super::storage::Storage;
use super::{JournalError, JournalErrorKind, JournalStage, Options, Scope, Store};
use crate::dispatch::{Account, Entry, Put, Standing, Ticket};

/// A journal that is put back goes on with tickets so much higher: those given since the copy was made are not given again.
const SKIPPED_TICKETS: u64 = 1_000_000;

/// What is in a journal that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    scope: Scope,
    entries: usize,
    open: usize,
    in_doubt: usize,
    next_ticket: u64,
    file_bytes: u64,
}

impl Report {
    /// Whose journal it is.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// How many entries it has.
    #[must_use]
    pub const fn entries(&self) -> usize {
        self.entries
    }

    /// How many of them are open: of those a crash interrupted, nobody knows what became.
    #[must_use]
    pub const fn open(&self) -> usize {
        self.open
    }

    /// How many of them are in doubt.
    #[must_use]
    pub const fn in_doubt(&self) -> usize {
        self.in_doubt
    }

    /// The least number that was never that of a [`Ticket`] here.
    #[must_use]
    pub const fn next_ticket(&self) -> u64 {
        self.next_ticket
    }

    /// How large it is, in bytes.
    #[must_use]
    pub const fn file_bytes(&self) -> u64 {
        self.file_bytes
    }
}

impl Store {
    /// Checks that all is as it was written: the checksum of every page, and that every entry can be read, and what is known
    /// of the account.
    ///
    /// # Errors
    ///
    /// If it is not, or the storage fails.
    pub fn verify(&mut self) -> Result<Report, JournalError> {
        let stage = JournalStage::Verify;
        let database = self.database()?;
        let (mut entries, mut open, mut in_doubt) = (0_usize, 0_usize, 0_usize);
        let verified = checked(stage, || {
            if !database.check_integrity().map_err(|error| from_redb(stage, error))? {
                return Err(damaged(stage, "it was damaged; what could be repaired was repaired"));
            }
            each(database, stage, |_, entry| {
                entries = entries.saturating_add(1);
                match entry.standing {
                    Standing::Open => open = open.saturating_add(1),
                    Standing::InDoubt => in_doubt = in_doubt.saturating_add(1),
                    Standing::Accepted(_) | Standing::Refused { .. } | Standing::NotApplied => {}
                }
            })?;
            match read_meta(database, stage)? {
                Some(meta) => meta.account(stage).map(drop),
                None => Err(damaged(stage, "it is no journal any more")),
            }
        });
        verified.map_err(|error| self.named(error))?;
        if entries != self.len() {
            return Err(self.named(damaged(stage, "it has not the entries that it had")));
        }
        let file_bytes = self.storage().len().map_err(|error| self.named(JournalError::io(stage, error)))?;
        let Meta { scope, next_ticket, .. } = self.meta().clone();
        Ok(Report { scope, entries, open, in_doubt, next_ticket, file_bytes })
    }

    /// Writes every entry as a line of JSON, without secrets and hashes: see [`to_json`]; then what is known of the account,
    /// if anything is: see [`account_to_json`].
    ///
    /// # Errors
    ///
    /// If the storage fails, what is in it is damaged, or the output cannot be written.
    pub fn export(&mut self, out: &mut dyn Write) -> Result<(), JournalError> {
        let stage = JournalStage::Copy;
        let database = self.database()?;
        let mut written: io::Result<()> = Ok(());
        let read = checked(stage, || {
            each(database, stage, |_, entry| {
                if written.is_ok() {
                    written = writeln!(out, "{}", to_json(&entry));
                }
            })
        });
        read.map_err(|error| self.named(error))?;
        let account = self.meta().account(stage).map_err(|error| self.named(error));
        if let Ok(account) = &account
            && **account != Account::default()
            && written.is_ok()
        {
            written = writeln!(out, "{}", account_to_json(account));
        }
        written.map_err(|error| {
            JournalError::new(stage, JournalErrorKind::Io).what("the output cannot be written").because(error)
        })?;
        account.map(drop)
    }

    /// Writes a copy to a new file, readable for its owner alone. The key of the hashes is in it, as in the journal.
    ///
    /// # Errors
    ///
    /// If there is such a file, one of the two storages fails, or what is known of the account cannot be read. Then there is
    /// no new file.
    pub fn backup(&mut self, to: impl AsRef<Path>) -> Result<(), JournalError> {
        self.account()?;
        let meta = self.meta().clone();
        self.copy(to.as_ref(), &meta)
    }

    fn copy(&mut self, to: &Path, meta: &Meta) -> Result<(), JournalError> {
        let stage = JournalStage::Copy;
        let entries = self.entries()?;
        let new = file::create_new(stage, to)?;
        let copied = checked(stage, || {
            let storage = Storage::new(file::backend(new, to)?);
            fill(&storage, meta, &entries)?;
            file::sync_directory(to).map_err(|error| JournalError::io(stage, error))
        });
        copied.map_err(|error| {
            // A part of a copy is worse than none. If it cannot be removed, the error says enough.
            let _ = fs::remove_file(to);
            error.at(Some(to))
        })
    }
}

fn fill(storage: &Arc<Storage>, meta: &Meta, entries: &[Entry]) -> Result<(), JournalError> {
    let stage = JournalStage::Copy;
    let database = database(storage)?;
    initialize(&database, meta).map_err(|error| from_redb(stage, error))?;
    let write = || -> Result<(), redb::Error> {
        let mut transaction = database.begin_write()?;
        transaction.set_two_phase_commit(true);
        {
            let mut table = transaction.open_table(ENTRIES)?;
            for entry in entries {
                // It was read from a record that was short enough.
                let record = encode(entry).map_err(|error| redb::Error::Corrupted(error.to_string()))?;
                table.insert(entry.ticket().get(), record.as_slice())?;
            }
        }
        transaction.commit()?;
        Ok(())
    };
    write().map_err(|error| from_redb(stage, error))?;
    database.close().map_err(|error| from_redb(stage, error))
}

/// Puts a copy that [`Store::backup`] made in place of the journal `to`: a copy of it, whose tickets go on a million higher,
/// for nobody knows which were given since. `wall` is the time, in milliseconds of Unix time.
///
/// Of the account a refused login, a lock and an operator's hold come back: they stop too much rather than too little, and end
/// by a word of the operator's or by themselves. Sessions and ghosts of then say nothing of now, and are forgotten:
/// sessions that were lost since may stand at the registry until its idle limit is over.
///
/// With `force` a journal that is there is moved aside, to the path that is returned: `.replaced` behind its name.
///
/// # Errors
///
/// If the copy is damaged, there is a journal and `force` is not set, the journal is in use, something stands where it would
/// be moved to, or the system refuses.
pub fn put_back(
    backup: impl AsRef<Path>,
    to: impl AsRef<Path>,
    force: bool,
    wall: u64,
) -> Result<Option<PathBuf>, JournalError> {
    let (backup, to) = (backup.as_ref(), to.as_ref());
    let stage = JournalStage::Copy;
    let io = |error| JournalError::io(stage, error).at(Some(to));
    let mut copy = Store::open_any(backup, &Options::new(), wall)?;
    copy.verify()?;
    let mut meta = copy.meta().clone();
    meta.next_ticket = meta.next_ticket.saturating_add(SKIPPED_TICKETS);
    meta.account = meta.account.map(|account| Account {
        refused: account.refused,
        held_until: account.held_until,
        operator_hold: account.operator_hold,
        ..Account::default()
    });
    let there = fs::symlink_metadata(to).is_ok();
    if there && !force {
        return Err(JournalError::new(stage, JournalErrorKind::Exists).at(Some(to)));
    }
    // It is written whole beside the journal first: whatever fails until then, the journal stays where it is.
    let fresh = beside(to, ".restoring");
    copy.copy(&fresh, &meta)?;
    let put = || -> Result<Option<PathBuf>, JournalError> {
        let aside = if there { Some(beside(to, ".replaced")) } else { None };
        if let Some(aside) = &aside {
            not_in_use(to, wall)?;
            if fs::symlink_metadata(aside).is_ok() {
                return Err(JournalError::new(stage, JournalErrorKind::Exists).at(Some(aside)));
            }
            fs::rename(to, aside).map_err(io)?;
        }
        // Unlike a renaming, it never replaces what somebody put there meanwhile.
        fs::hard_link(&fresh, to).map_err(io)?;
        file::sync_directory(to).map_err(io)?;
        Ok(aside)
    };
    let done = put();
    // Only the second name of what is in place, or what is not needed.
    let _ = fs::remove_file(&fresh);
    done
}

/// A path in the same directory, with this behind the name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Refuses a journal that another process has open. One that is damaged, or exposed, is nobody's.
fn not_in_use(path: &Path, wall: u64) -> Result<(), JournalError> {
    match Store::open_any(path, &Options::new(), wall) {
        Err(error) if *error.kind() == JournalErrorKind::Locked => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

impl Store {
    /// A person's word on what became of a write that is open or in doubt: see [`resolved`](super::resolved). The entry as
    /// it is written; `None` if there is none, or it is finished.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn resolve(
        &mut self,
        ticket: Ticket,
        applied: bool,
        wall: u64,
    ) -> Result<Option<Entry>, JournalError> {
        let Some(entry) = self.entry(ticket)?.filter(|entry| !entry.standing.is_finished()) else {
            return Ok(None);
        };
        let entry = super::resolved(&entry, applied, wall);
        self.write(&[Put::Entry(entry.clone())], wall)?;
        Ok(Some(entry))
    }
}
