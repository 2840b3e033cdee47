//! The file of the socket: made so that nobody is shut out or let in by mistake, and removed at the end.

use core::error::Error;
use core::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use super::peer::Users;
use crate::daemon::config::Admin;
use crate::daemon::front::is_listened_to;

/// A socket that is listened to. It goes with this, if it is still there.
pub(super) struct Socket {
    pub(super) listener: UnixListener,
    path: PathBuf,
    /// Device and number of the file, which somebody else may have replaced since.
    id: (u64, u64),
}

/// Why the socket of operators is not listened to.
#[derive(Debug)]
pub(in crate::daemon) struct AdminError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    /// Something else than a socket is there.
    NoSocket,
    /// Somebody listens there.
    InUse,
    /// There is no such group.
    NoGroup(Box<str>),
    Io(&'static str, io::Error),
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display().to_string();
        write!(f, "admin socket `{}`: ", path.escape_debug())?;
        match &self.problem {
            Problem::NoSocket => f.write_str("something is there that is no socket"),
            Problem::InUse => f.write_str("somebody listens there already"),
            Problem::NoGroup(name) => write!(f, "no group `{}`", name.escape_debug()),
            Problem::Io(what, _) => write!(f, "{what}"),
        }
    }
}

impl Error for AdminError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            Problem::Io(_, error) => Some(error),
            _ => None,
        }
    }
}

impl Socket {
    /// Listens there, for those who are named. A socket that nobody listens to is replaced; nothing else is.
    pub(super) fn open(admin: &Admin, users: &Users) -> Result<Self, AdminError> {
        let failed = |problem| AdminError { path: admin.socket.clone(), problem };
        let (mode, group) = access(admin, users).map_err(failed)?;
        clear(&admin.socket).map_err(failed)?;
        let listener = UnixListener::bind(&admin.socket)
            .map_err(|error| failed(Problem::Io("not listened to", error)))?;
        let told = |what: &'static str| move |error: io::Error| Problem::Io(what, error);
        let id = identity(&admin.socket).map_err(told("it is gone")).map_err(failed)?;
        let socket = Self { listener, path: admin.socket.clone(), id };
        if let Some(group) = group {
            chown(&admin.socket, None, Some(group)).map_err(told("its group is not set")).map_err(failed)?;
        }
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(&admin.socket, mode).map_err(told("its mode is not set")).map_err(failed)?;
        Ok(socket)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|id| id == self.id) {
            // Whoever comes next removes it as well.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Which file it is, and not where a link leads.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// The mode of the file, and its group if it is another one than that of the process.
///
/// A file has one group. Where others are let in than that one, everybody may connect, and who may not ask anything is sent away: the
/// kernel says who it is.
fn access(admin: &Admin, users: &Users) -> Result<(u32, Option<u32>), Problem> {
    let mut named = admin.read_write.iter().chain(&admin.read_only).map(|name| &**name);
    match (named.next(), named.next()) {
        (None, _) => Ok((0o600, None)),
        (Some(name), None) if name.starts_with('@') => {
            let name = name.trim_start_matches('@');
            let group = users.group(name).ok_or_else(|| Problem::NoGroup(name.into()))?;
            Ok((0o660, Some(group)))
        }
        (Some(_), _) => Ok((0o666, None)),
    }
}

/// Removes a socket that nobody listens to.
fn clear(path: &Path) -> Result<(), Problem> {
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Problem::Io("it cannot be looked at", error)),
    };
    if !there.file_type().is_socket() {
        return Err(Problem::NoSocket);
    }
    match is_listened_to(path) {
        Ok(true) => Err(Problem::InUse),
        Ok(false) => match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Problem::Io("an old one cannot be removed", error))
            }
            _ => Ok(()),
        },
        Err(error) => Err(Problem::Io("whether somebody listens there is unknown", error)),
    }
}
