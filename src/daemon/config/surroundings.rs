//! What a configuration refers to: variables of the environment, and files.

use core::fmt;
use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::secret::Secret;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;
/// The most files of a directory that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// What a configuration refers to: variables of the environment, and files.
///
/// ```
/// use rrp::daemon::{Config, Surroundings};
///
/// let surroundings = Surroundings::none().variable("REGISTRY_PASSWORD", "hidden").variable("SHOP_PASSWORD", "hidden");
/// let text = r#"
///     [account.main]
///     server = "127.0.0.1:2001"
///     plain = true
///     login = "registrar"
///     password-env = "REGISTRY_PASSWORD"
///     journal = "memory"
///
///     [user.shop]
///     password-env = "SHOP_PASSWORD"
///
///     [[listen]]
///     unix = "/run/rrp/rrp.sock"
/// "#;
/// let config = Config::parse(text, "rrp.toml", &surroundings)?;
/// assert!(!config.show().contains("hidden"));
/// # Ok::<(), rrp::daemon::ConfigError>(())
/// ```
#[derive(Clone, Default)]
pub struct Surroundings {
    system: bool,
    variables: BTreeMap<Box<str>, Secret>,
    files: BTreeMap<PathBuf, Zeroizing<Vec<u8>>>,
}

impl Surroundings {
    /// Those of this process.
    #[must_use]
    pub fn system() -> Self {
        Self { system: true, ..Self::default() }
    }

    /// Nothing but what is added.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// With this variable, whatever the process has. One that is empty is not set.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<Secret>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// With this file, whatever the disk has.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), Zeroizing::new(content.into()));
        self
    }

    /// The value of a variable; one that is empty is not set.
    pub(super) fn get(&self, name: &str) -> Result<Option<Secret>, NotUnicode> {
        let found = match self.variables.get(name) {
            Some(value) => Some(value.clone()),
            None if !self.system => None,
            None => match env::var(name) {
                Ok(value) => Some(Secret::new(value)),
                Err(env::VarError::NotPresent) => None,
                // The error would show the value.
                Err(env::VarError::NotUnicode(_)) => return Err(NotUnicode),
            },
        };
        Ok(found.filter(|value| !value.expose().is_empty()))
    }

    pub(super) fn read(&self, path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
        if let Some(content) = self.files.get(path) {
            return Ok(content.clone());
        }
        if !self.system {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut content = Zeroizing::new(Vec::new());
        let read = File::open(path)?.take(MAX_FILE.saturating_add(1)).read_to_end(&mut content)?;
        if u64::try_from(read).unwrap_or(u64::MAX) > MAX_FILE {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 MiB"));
        }
        Ok(content)
    }

    /// The files of a directory, in order.
    pub(super) fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let mut found: Vec<PathBuf> =
            self.files.keys().filter(|path| path.parent() == Some(directory)).cloned().collect();
        if self.system && found.is_empty() {
            for entry in fs::read_dir(directory)?.take(MAX_ENTRIES) {
                found.push(entry?.path());
            }
        }
        found.sort();
        if found.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(found) }
    }

    /// Whether others than its owner can read a file.
    pub(super) fn is_open_to_others(&self, path: &Path) -> bool {
        if !self.system || self.files.contains_key(path) {
            return false;
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o077 != 0)
        }
        #[cfg(not(unix))]
        false
    }
}

/// A variable that is not UTF-8.
#[derive(Debug)]
pub(super) struct NotUnicode;

impl fmt::Debug for Surroundings {
    /// Names alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("system", &self.system)
            .field("variables", &self.variables.keys())
            .field("files", &self.files.keys())
            .finish()
    }
}
