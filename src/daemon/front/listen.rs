//! The sockets of the front.

use core::error::Error;
use core::fmt;
use core::net::SocketAddr;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, UnixListener};

use super::stream::Stream;
use crate::daemon::config::{Listen, UnixSocket};
use crate::daemon::systemd::Activated;

/// A socket that is listened to.
#[derive(Debug)]
pub(in crate::daemon) struct Listener {
    pub(in crate::daemon) listen: Listen,
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    /// With the file that is ours, if it is to be removed at the end.
    Unix {
        listener: UnixListener,
        /// Removes the file at the end.
        _made: Option<Made>,
    },
    Tcp(TcpListener),
}

/// A socket in the file system that we have made.
#[derive(Debug)]
struct Made {
    path: PathBuf,
    inode: (u64, u64),
}

impl Drop for Made {
    fn drop(&mut self) {
        // Somebody else's is left alone.
        if fs::symlink_metadata(&self.path).is_ok_and(|there| (there.dev(), there.ino()) == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Listener {
    /// Listens there, with a service manager's socket if it has handed one over.
    pub(in crate::daemon) fn open(listen: &Listen, activated: &mut Activated) -> Result<Self, ListenError> {
        let failed = |what, error| ListenError { at: at(listen), what, error };
        let socket = match listen {
            Listen::Unix(unix) if let Some(theirs) = activated.take_unix(&unix.path) => {
                let listener = UnixListener::from_std(theirs);
                Socket::Unix {
                    listener: listener.map_err(|error| failed("not listened to", error))?,
                    _made: None,
                }
            }
            Listen::Unix(unix) => {
                let (listener, made) = open_unix(unix).map_err(|(what, error)| failed(what, error))?;
                Socket::Unix { listener, _made: Some(made) }
            }
            Listen::Tcp(address) if let Some(theirs) = activated.take_tcp(*address) => {
                let listener = TcpListener::from_std(theirs);
                Socket::Tcp(listener.map_err(|error| failed("not listened to", error))?)
            }
            Listen::Tcp(address) => {
                Socket::Tcp(open_tcp(*address).map_err(|error| failed("not listened to", error))?)
            }
        };
        Ok(Self { listen: listen.clone(), socket })
    }

    /// The address of TCP, with the port that was given for 0.
    pub(in crate::daemon) fn address(&self) -> String {
        match &self.socket {
            Socket::Tcp(listener) => match listener.local_addr() {
                Ok(address) => address.to_string(),
                Err(_) => at(&self.listen),
            },
            Socket::Unix { .. } => at(&self.listen),
        }
    }

    /// The next connection, and where it comes from.
    pub(super) async fn accept(&self) -> io::Result<(Stream, Box<str>)> {
        match &self.socket {
            Socket::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                let pid = stream.peer_cred().ok().and_then(|peer| peer.pid());
                let from = pid.map_or_else(|| "unix".into(), |pid| format!("unix, process {pid}").into());
                Ok((Stream::Unix(stream), from))
            }
            Socket::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // Replies are written whole. Whoever is gone already is found out later.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), address.to_string().into()))
            }
        }
    }
}

fn at(listen: &Listen) -> String {
    match listen {
        Listen::Unix(unix) => unix.path.display().to_string(),
        Listen::Tcp(address) => address.to_string(),
    }
}

fn open_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = if address.is_ipv4() { socket2::Domain::IPV4 } else { socket2::Domain::IPV6 };
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// So many connections may wait to be accepted.
const BACKLOG: i32 = 1_024;

/// It gets its mode and its owner before it has its name, so that nobody finds it open to others.
fn open_unix(unix: &UnixSocket) -> Result<(UnixListener, Made), (&'static str, io::Error)> {
    let path = &unix.path;
    free(path)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    // Left by a process of our number.
    let _ = fs::remove_file(&new);
    let listener = UnixListener::bind(&new).map_err(|error| ("not made", error))?;
    let finish = || -> Result<Made, (&'static str, io::Error)> {
        fs::set_permissions(&new, fs::Permissions::from_mode(unix.mode & 0o777))
            .map_err(|error| ("mode not set", error))?;
        let owner = unix.owner.as_deref().map(super::super::names::user).transpose();
        let group = unix.group.as_deref().map(super::super::names::group).transpose();
        let owner = owner.map_err(|error| ("owner not known", error))?;
        let group = group.map_err(|error| ("group not known", error))?;
        if owner.is_some() || group.is_some() {
            chown(&new, owner, group).map_err(|error| ("owner not set", error))?;
        }
        let there = fs::symlink_metadata(&new).map_err(|error| ("not made", error))?;
        fs::rename(&new, path).map_err(|error| ("not put in its place", error))?;
        Ok(Made { path: path.clone(), inode: (there.dev(), there.ino()) })
    };
    match finish() {
        Ok(made) => Ok((listener, made)),
        Err(error) => {
            let _ = fs::remove_file(&new);
            Err(error)
        }
    }
}

/// Whether the place of a socket is free, or has one that nobody listens to any more. Anything else is left alone.
fn free(path: &Path) -> Result<(), (&'static str, io::Error)> {
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(("cannot be looked at", error)),
    };
    if !there.file_type().is_socket() {
        return Err(("there is something else, which is no socket", io::ErrorKind::AlreadyExists.into()));
    }
    match is_listened_to(path) {
        Ok(false) => Ok(()),
        Ok(true) => Err(("somebody else listens there", io::ErrorKind::AddrInUse.into())),
        Err(error) => Err(("cannot be looked at", error)),
    }
}

/// Whether somebody listens to the socket of this path. Without waiting: whoever listens may accept nobody.
pub(in crate::daemon) fn is_listened_to(path: &Path) -> io::Result<bool> {
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&socket2::SockAddr::unix(path)?) {
        Ok(()) => Ok(true),
        // Its line is full.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Why a socket is not listened to.
#[derive(Debug)]
pub(in crate::daemon) struct ListenError {
    at: String,
    what: &'static str,
    error: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "socket `{}`: {}", self.at.escape_debug(), self.what)
    }
}

impl Error for ListenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::net::UnixStream;

    fn socket(path: &Path) -> Listen {
        Listen::Unix(UnixSocket { path: path.to_owned(), mode: 0o660, owner: None, group: None })
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("front.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let listener = Listener::open(&socket(&path), &mut Activated::default()).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o660);
        let error = Listener::open(&socket(&path), &mut Activated::default()).unwrap_err();
        assert!(error.to_string().ends_with("somebody else listens there"), "{error}");
        let accepted = tokio::join!(listener.accept(), UnixStream::connect(&path)).0.unwrap();
        assert!(accepted.1.starts_with("unix, process "), "{}", accepted.1);
        drop(listener);
        assert!(!path.exists());
        fs::write(&path, "mine").unwrap();
        assert!(Listener::open(&socket(&path), &mut Activated::default()).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn nobody_is_waited_for_who_listens_and_accepts_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("front.sock");
        let of_unix = || socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        let (address, other) = (socket2::SockAddr::unix(&path).unwrap(), of_unix());
        other.bind(&address).unwrap();
        other.listen(0).unwrap();
        let mut waiting = Vec::new();
        loop {
            let client = of_unix();
            client.set_nonblocking(true).unwrap();
            if client.connect(&address).is_err() {
                break;
            }
            waiting.push(client);
        }
        let (done, told) = std::sync::mpsc::channel();
        let looked = path.clone();
        std::thread::spawn(move || done.send(is_listened_to(&looked).unwrap()));
        assert!(told.recv_timeout(core::time::Duration::from_secs(10)).unwrap());
        drop((other, waiting));
        assert!(!is_listened_to(&path).unwrap());
    }

    #[tokio::test]
    async fn somebody_elses_socket_is_not_removed_at_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("front.sock");
        let listener = Listener::open(&socket(&path), &mut Activated::default()).unwrap();
        fs::remove_file(&path).unwrap();
        let _other = std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop(listener);
        assert!(path.exists());
    }
}
