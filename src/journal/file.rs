//! The file of a journal: its owner's alone, and in its directory for good.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use redb::StorageBackend;
use redb::backends::FileBackend;

use super::{JournalError, JournalErrorKind, JournalStage};

/// A file that is written.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A file that was not there before, readable for its owner alone from the first moment.
pub(super) fn create_new(stage: JournalStage, path: &Path) -> Result<File, JournalError> {
    options().create_new(true).open(path).map_err(|error| JournalError::io(stage, error).at(Some(path)))
}

/// The file at this path, created if it is missing and `create` is set. One that others may read or write is refused.
pub(super) fn open(path: &Path, create: bool) -> Result<File, JournalError> {
    let stage = JournalStage::Open;
    let io = |error| JournalError::io(stage, error).at(Some(path));
    let file = options().create(create).truncate(false).open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        let error = JournalError::new(stage, JournalErrorKind::Damaged).what("it is no file");
        return Err(error.at(Some(path)));
    }
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
        if mode & 0o077 != 0 {
            return Err(JournalError::new(stage, JournalErrorKind::Exposed(mode)).at(Some(path)));
        }
    }
    Ok(file)
}

/// The storage in a file.
pub(super) fn backend(file: File, path: &Path) -> Result<impl StorageBackend, JournalError> {
    FileBackend::new(file).map_err(|error| {
        JournalError::new(JournalStage::Open, JournalErrorKind::Io).because(error).at(Some(path))
    })
}

/// Makes durable that this file is in its directory.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    // Elsewhere a directory cannot be opened, or need not be.
    if cfg!(unix) {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or_else(|| Path::new(".")))?.sync_all()?;
    }
    Ok(())
}
