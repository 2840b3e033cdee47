//! A directory for one run, which nobody else can look into, and which goes with it.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// So many names are tried.
const TRIES: u32 = 100;

/// The path of a socket has some hundred bytes, of which so many are left for the directory.
const LONGEST: usize = 64;

/// The directory, until this is dropped.
#[derive(Debug)]
pub(crate) struct Nest(PathBuf);

impl Drop for Nest {
    fn drop(&mut self) {
        // It is ours alone, and was made for this.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Nest {
    /// Among the temporary files; where their path is too long for a socket in it, in `/tmp`.
    pub(crate) fn new() -> io::Result<Self> {
        let among = std::env::temp_dir();
        let among = if among.as_os_str().len() > LONGEST { PathBuf::from("/tmp") } else { among };
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        let mut last = None;
        for number in 0..TRIES {
            let path = among.join(format!("rrp-{}-{number}", std::process::id()));
            match builder.create(&path) {
                Ok(()) => return Ok(Self(path)),
                // Something else was there first, and is not ours.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| ErrorKind::AlreadyExists.into()))
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.0
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A file that nobody else may read.
    pub(crate) fn write(&self, name: &str, content: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.path(name))?;
        file.write_all(content.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_private_and_goes() {
        let (one, other) = (Nest::new().unwrap(), Nest::new().unwrap());
        assert_ne!(one.directory(), other.directory());
        one.write("file", "content").unwrap();
        assert!(one.write("file", "another").is_err(), "what is there stays");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(one.directory()), mode(&one.path("file"))), (0o700, 0o600));
        let gone = one.directory().to_owned();
        drop(one);
        assert!(!gone.exists() && other.directory().exists());
    }
}
