//! The password: from a descriptor, a file, the environment or a prompt, and never from the command line.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use rrp::Secret;
use zeroize::Zeroizing;

use crate::failure::Refusal;
use crate::options::{STAGE, variable};
use crate::output::escape;

/// The longest password with its line end, in bytes.
const MAX: u64 = 4_096;

/// What to say if there is none.
const SOURCES: &str = "give it by --password-file FILE, --password-fd N, RRP_PASSWORD_FILE or RRP_PASSWORD, or run it \
                       at a terminal";

/// Where the password may come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) descriptor: Option<u32>,
    /// The file that a flag names.
    pub(crate) flag: Option<PathBuf>,
    /// The file that the configuration names.
    pub(crate) configured: Option<PathBuf>,
    /// Whether a flag names the configuration.
    pub(crate) explicit: bool,
}

impl Sources {
    /// The password from the first source that there is: the descriptor, the file of the flag, `RRP_PASSWORD`,
    /// `RRP_PASSWORD_FILE`, the file of the configuration; `None` if there is none.
    pub(crate) fn read(&self, err: &mut dyn Write) -> Result<Option<Secret>, Refusal> {
        if let Some(descriptor) = self.descriptor {
            return of_descriptor(descriptor).map(Some);
        }
        if let Some(file) = &self.flag {
            return of_file(file, err).map(Some);
        }
        let (password, file) = (variable("RRP_PASSWORD")?, variable("RRP_PASSWORD_FILE")?);
        if let Some(password) = password {
            if file.is_some() {
                // A note that nobody sees is no failure.
                let _ = writeln!(err, "note: RRP_PASSWORD overrides RRP_PASSWORD_FILE: both are set");
            }
            self.note("RRP_PASSWORD", err);
            return Ok(Some(Secret::new(password)));
        }
        if let Some(file) = file {
            self.note("RRP_PASSWORD_FILE", err);
            return of_file(Path::new(&file), err).map(Some);
        }
        self.configured.as_deref().map(|file| of_file(file, err)).transpose()
    }

    /// That a variable wins over a file that the user named.
    fn note(&self, variable: &str, err: &mut dyn Write) {
        if let (true, Some(_)) = (self.explicit, &self.configured) {
            // A note that nobody sees is no failure.
            let _ = writeln!(
                err,
                "note: {variable} of the environment overrides key `password-file` of the file of --config"
            );
        }
    }

    /// As [`read`](Self::read), and at a terminal by a prompt.
    pub(crate) fn read_or_ask(&self, user: &str, host: &str, err: &mut dyn Write) -> Result<Secret, Refusal> {
        if let Some(password) = self.read(err)? {
            return Ok(password);
        }
        if !io::stdin().is_terminal() {
            return Err(Refusal::usage(STAGE, "no password").hint(SOURCES));
        }
        let prompt = format!("Password of {} at {}: ", escape(user), escape(host));
        match rpassword::prompt_password(prompt) {
            Ok(password) if password.is_empty() => Err(Refusal::usage(STAGE, "the password is empty")),
            Ok(password) => Ok(Secret::new(password)),
            Err(error) => {
                Err(Refusal::usage(STAGE, "cannot ask for the password").because(error).hint(SOURCES))
            }
        }
    }
}

#[cfg(unix)]
fn of_descriptor(descriptor: u32) -> Result<Secret, Refusal> {
    let what = format!("descriptor {descriptor}");
    let opened = File::open(format!("/dev/fd/{descriptor}"));
    password(opened.map_err(|error| unreadable(&what, error))?, &what)
}

#[cfg(not(unix))]
fn of_descriptor(_: u32) -> Result<Secret, Refusal> {
    Err(Refusal::usage(STAGE, "this system has no descriptors to read from").hint(SOURCES))
}

fn of_file(path: &Path, err: &mut dyn Write) -> Result<Secret, Refusal> {
    let what = format!("password file `{}`", escape(&path.to_string_lossy()));
    let file = File::open(path).map_err(|error| unreadable(&what, error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let others = |mode: u32| mode & 0o077 != 0;
        if file.metadata().is_ok_and(|found| found.is_file() && others(found.permissions().mode())) {
            // A warning that nobody sees is no failure.
            let _ = writeln!(err, "warning: {what} can be read by others: `chmod 600` it");
        }
    }
    password(file, &what)
}

/// What is in it, without one line end.
fn password(file: File, what: &str) -> Result<Secret, Refusal> {
    let refused = |why: &str| Refusal::usage(STAGE, format!("{what} {why}"));
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unreadable(what, error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX {
        return Err(refused("holds more than a password"));
    }
    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match core::str::from_utf8(line) {
        Ok("") => Err(refused("is empty")),
        Ok(password) if password.contains(['\n', '\r']) => Err(refused("holds more than one line")),
        Ok(password) => Ok(Secret::from(password)),
        Err(_) => Err(refused("is not UTF-8")),
    }
}

fn unreadable(what: &str, error: io::Error) -> Refusal {
    Refusal::usage(STAGE, format!("cannot read {what}")).because(error)
}
