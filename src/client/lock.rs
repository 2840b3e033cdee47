//! That an account has one client on a machine.
//!
//! A file for each host and login, under an advisory lock of the system, which goes with its process however that ends.
//! The file says who holds it; it is emptied at the end and stays, for to remove it would let two hold two of them.
//!
//! The directory may be one where everybody may write. So nothing is followed or written through: what is at the path must
//! be a plain file with one name, before it is opened and once it is locked. One of another user may be locked without being
//! written; who holds it is then unknown.

use core::error::Error;
use core::fmt;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::wall::{self, Utc};
use crate::journal::Scope;
use crate::net::Endpoint;

/// Where it is taken for granted that all processes of a machine see the same files, and none after a restart.
const SHARED: &str = "/run/lock";

/// So much of a host or a program's name is kept, in bytes.
const MAX_NAME: usize = 64;

/// So much of what a file says is read, in bytes.
const MAX_CONTENT: u64 = 512;

/// If what is at the path changes while it is looked at, it is looked at so often.
const TRIES: usize = 3;

/// Where an account is locked.
#[derive(Debug, Default)]
pub(super) enum Locking {
    /// In [`SHARED`] where everybody may write, otherwise among the temporary files.
    #[default]
    Default,
    In(PathBuf),
    /// It is not.
    Off,
}

impl Locking {
    /// Locks the account of this login at this endpoint, or nothing if it is off. `since`: the time, in seconds of Unix time.
    ///
    /// It blocks for a few calls to the system, on a directory that is in memory as a rule: to hand it to a thread would take longer.
    pub(super) fn lock(
        &self,
        endpoint: &Endpoint,
        login: &str,
        since: u64,
    ) -> Result<Option<AccountLock>, NotLocked> {
        let acquire = |directory: &Path| AccountLock::acquire(directory, endpoint, login, since).map(Some);
        match self {
            Self::Off => Ok(None),
            Self::In(directory) => acquire(directory),
            Self::Default => match is_everybodys(Path::new(SHARED)).then(|| acquire(Path::new(SHARED))) {
                // So it is for all that see the machine as this process does.
                Some(Err(NotLocked::Failed(error))) if error.is_read_only() => acquire(&std::env::temp_dir()),
                Some(locked) => locked,
                None => acquire(&std::env::temp_dir()),
            },
        }
    }
}

/// Whether this is a directory where all users may write. One for some of them would part the others from these.
fn is_everybodys(directory: &Path) -> bool {
    #[cfg(unix)]
    let writable =
        |metadata: &Metadata| std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o002 != 0;
    #[cfg(not(unix))]
    let writable = |_: &Metadata| false;
    fs::metadata(directory).is_ok_and(|metadata| metadata.is_dir() && writable(&metadata))
}

/// While this lives, nobody else has the account, on this machine and by this directory.
#[derive(Debug)]
pub(super) struct AccountLock {
    file: File,
    /// Whether it says who holds it.
    written: bool,
}

/// Why an account was not locked.
#[derive(Debug)]
pub(super) enum NotLocked {
    Held { account: Scope, holder: Option<Holder>, path: PathBuf },
    Failed(LockError),
}

impl AccountLock {
    /// Takes the lock, or says who has it.
    pub(super) fn acquire(
        directory: &Path,
        endpoint: &Endpoint,
        login: &str,
        since: u64,
    ) -> Result<Self, NotLocked> {
        let account = Scope::new(&host(endpoint), login);
        let path = directory.join(file_name(&account));
        let failed = |problem| NotLocked::Failed(LockError { path: path.clone(), problem });
        for _ in 0..TRIES {
            let Some((file, writable)) = open(&path).map_err(failed)? else { continue };
            let free = match file.try_lock() {
                Ok(()) => true,
                Err(TryLockError::WouldBlock) => false,
                Err(TryLockError::Error(error)) => return Err(failed(Problem::Io(error))),
            };
            // Only now: nobody may have put another one there in between.
            if !is_at(&path, &file).map_err(|error| failed(Problem::Io(error)))? {
                continue;
            }
            if !free {
                let holder = Holder::read(&file);
                return Err(NotLocked::Held { account, holder, path });
            }
            // A full disk makes it no less ours.
            let written = writable && Holder::this(since).write(&file).is_ok();
            return Ok(Self { file, written });
        }
        Err(failed(Problem::NotPlain))
    }
}

impl Drop for AccountLock {
    fn drop(&mut self) {
        if self.written {
            // Whoever has it next is not to be taken for us.
            let _ = self.file.set_len(0);
        }
        // Closing does it too, but not while a child that is just being started has the file.
        let _ = self.file.unlock();
    }
}

/// The host that has the account: without the port, as another port of it is the same registry. But on loopback each port
/// may lead to another one.
fn host(endpoint: &Endpoint) -> String {
    let loopback = match endpoint.address() {
        Some(address) => address.to_canonical().is_loopback(),
        None => endpoint.host() == "localhost",
    };
    if loopback { endpoint.to_string() } else { endpoint.host().to_owned() }
}

/// A name that tells the host, and the login to nobody.
fn file_name(account: &Scope) -> String {
    let mut hash = Sha256::new();
    for part in [account.host(), "\0", account.account()] {
        hash.update(part.as_bytes());
    }
    let hash: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("rrp-{}-{hash}.lock", plain(account.host()))
}

/// With nothing in it that means something to a shell, a terminal or the file system.
fn plain(name: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.chars().take(MAX_NAME).map(|c| if kept(c) { c } else { '_' }).collect()
}

/// The file at this path, and whether it may be written; made if there is none. `None` if it changed meanwhile.
///
/// It is not asked for and made in one, which the system refuses for another user's file in a directory that all may write.
fn open(path: &Path) -> Result<Option<(File, bool)>, Problem> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if is_plain(&metadata) => {}
        Ok(_) => return Err(Problem::NotPlain),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match create(path) {
                Ok(file) => Ok(Some((file, true))),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
                Err(error) => Err(Problem::Io(error)),
            };
        }
        Err(error) => return Err(Problem::Io(error)),
    }
    let opened = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            File::open(path).map(|file| (file, false))
        }
        opened => opened.map(|file| (file, true)),
    };
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problem::Io(error)),
    }
}

/// A new file that all users may read, and so lock.
fn create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
    #[cfg(unix)]
    {
        // What the process masks for its other files does not count here.
        let _ = file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    }
    Ok(file)
}

/// A file, and not one of somebody's that has another name too.
fn is_plain(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    let names = std::os::unix::fs::MetadataExt::nlink(metadata);
    #[cfg(not(unix))]
    let names = 1;
    metadata.is_file() && names == 1
}

/// Whether this file is the one at this path, and a plain one.
fn is_at(path: &Path, file: &File) -> io::Result<bool> {
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let ours = file.metadata()?;
    #[cfg(unix)]
    let same = {
        use std::os::unix::fs::MetadataExt;
        (there.dev(), there.ino()) == (ours.dev(), ours.ino())
    };
    #[cfg(not(unix))]
    let same = true;
    Ok(same && is_plain(&there) && is_plain(&ours))
}

/// Who has an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pid: u32,
    program: Box<str>,
    since: u64,
    instance: u64,
}

/// Differs from process to process, where their numbers do not: those of two containers.
static INSTANCE: OnceLock<u64> = OnceLock::new();

impl Holder {
    fn this(since: u64) -> Self {
        let program = std::env::current_exe().ok();
        let program = program.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy());
        Self {
            pid: std::process::id(),
            program: plain(&program.unwrap_or_default()).into(),
            since,
            instance: *INSTANCE.get_or_init(wall::random),
        }
    }

    /// The number of the process.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// The file name of its program: letters, digits, `.`, `-` and `_`, at most 64, or none.
    #[must_use]
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Since when, in seconds of Unix time, by its clock.
    #[must_use]
    pub const fn since(&self) -> u64 {
        self.since
    }

    /// Whether it is another client of the process that asks.
    #[must_use]
    pub fn is_this_process(&self) -> bool {
        INSTANCE.get() == Some(&self.instance)
    }

    fn write(&self, mut file: &File) -> io::Result<()> {
        let Self { pid, program, since, instance } = self;
        // What a process that was killed has left.
        file.set_len(0)?;
        // In one piece: whoever reads it in between finds nothing.
        let line = format!("pid {pid} program {program} since {since} instance {instance:016x}\n");
        file.write_all(line.as_bytes())
    }

    /// What a file says, if it is whole and its process may be there: who has just locked it may not have written yet.
    fn read(file: &File) -> Option<Self> {
        let mut content = Vec::new();
        file.take(MAX_CONTENT).read_to_end(&mut content).ok()?;
        let holder = Self::parse(core::str::from_utf8(&content).ok()?)?;
        (holder.is_this_process() || !is_gone(holder.pid)).then_some(holder)
    }

    fn parse(content: &str) -> Option<Self> {
        let words: Vec<&str> = content.strip_suffix('\n')?.split(' ').collect();
        let ["pid", pid, "program", program, "since", since, "instance", instance] = *words else {
            return None;
        };
        if plain(program) != program {
            return None;
        }
        Some(Self {
            pid: pid.parse().ok()?,
            program: program.into(),
            since: since.parse().ok()?,
            instance: u64::from_str_radix(instance, 16).ok()?,
        })
    }
}

/// Whether there is surely no such process.
fn is_gone(pid: u32) -> bool {
    cfg!(target_os = "linux")
        && Path::new("/proc/self").exists()
        && !Path::new("/proc").join(pid.to_string()).exists()
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_this_process() {
            f.write_str("this process")?;
        } else {
            write!(f, "process {}", self.pid)?;
        }
        if !self.program.is_empty() {
            write!(f, " (`{}`)", self.program)?;
        }
        write!(f, ", since {}", Utc(self.since))
    }
}

/// Why nobody can say whether an account is in use.
#[derive(Debug)]
pub struct LockError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Io(io::Error),
    /// A link, a directory, or something that changes all the time.
    NotPlain,
}

impl LockError {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn is_read_only(&self) -> bool {
        matches!(&self.problem, Problem::Io(error) if error.kind() == ErrorKind::ReadOnlyFilesystem)
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display().to_string();
        let path = path.escape_debug();
        match self.problem {
            Problem::Io(_) => write!(f, "account lock `{path}`: not taken"),
            Problem::NotPlain => write!(f, "account lock `{path}`: it is no plain file with one name"),
        }
    }
}

impl Error for LockError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            Problem::Io(error) => Some(error),
            Problem::NotPlain => None,
        }
    }
}
