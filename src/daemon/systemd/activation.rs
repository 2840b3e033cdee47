//! Sockets that a service manager listens to before the daemon runs: `sd_listen_fds(3)`.
//!
//! Each belongs to what the configuration listens to at the same address. One that nothing takes is an error: clients would
//! connect to it and wait for ever.

use core::error::Error;
use core::fmt;
use core::net::SocketAddr;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::Path;

use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;

/// Sockets that were handed over, and nobody has taken yet.
#[derive(Debug, Default)]
pub(in super::super) struct Activated(Vec<(Box<str>, Socket)>);

#[derive(Debug)]
enum Socket {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Activated {
    /// What the environment says was handed over (`LISTEN_FDS`, `LISTEN_PID`, `LISTEN_FDNAMES`). It takes that out of the environment: to be
    /// called once, before there are threads.
    ///
    /// # Errors
    /// [`ActivationError`] if one is not a stream socket that listens: `Accept=yes`, say.
    pub(in super::super) fn from_env() -> Result<Self, ActivationError> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let mut handed = ListenFd::from_env();
        let mut sockets = Vec::new();
        for index in 0..handed.len() {
            let name: Box<str> = names.next().unwrap_or_default().into();
            let socket = take(&mut handed, index)
                .map_err(|error| ActivationError(Problem::Unusable(index, name.clone(), error)))?;
            sockets.extend(socket.map(|socket| (name, socket)));
        }
        Ok(Self(sockets))
    }

    /// The socket at this path. It is the manager's: its file is not removed, and its owner and mode are not changed.
    pub(in super::super) fn take_unix(&mut self, path: &Path) -> Option<UnixListener> {
        let same = |listener: &UnixListener| {
            let address = listener.local_addr().ok()?;
            let theirs = address.as_pathname()?;
            let real = |path: &Path| fs::canonicalize(path).ok();
            Some(theirs == path || real(theirs).is_some_and(|theirs| Some(theirs) == real(path)))
        };
        let at = self.0.iter().position(|(_, socket)| match socket {
            Socket::Unix(listener) => same(listener).unwrap_or(false),
            Socket::Tcp(_) => false,
        })?;
        match self.0.remove(at) {
            (_, Socket::Unix(listener)) => Some(listener),
            (_, Socket::Tcp(_)) => None,
        }
    }

    /// The socket at this address.
    pub(in super::super) fn take_tcp(&mut self, address: SocketAddr) -> Option<TcpListener> {
        let at = self.0.iter().position(|(_, socket)| match socket {
            Socket::Unix(_) => false,
            Socket::Tcp(listener) => listener.local_addr().is_ok_and(|theirs| theirs == address),
        })?;
        match self.0.remove(at) {
            (_, Socket::Tcp(listener)) => Some(listener),
            (_, Socket::Unix(_)) => None,
        }
    }

    /// Whoever wanted one has taken it.
    ///
    /// # Errors
    /// [`ActivationError`] names those that are left.
    pub(in super::super) fn finish(self) -> Result<(), ActivationError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let left = self.0.iter().map(|(name, socket)| match socket {
            Socket::Unix(listener) => shown(name, listener.local_addr().ok().as_ref()),
            Socket::Tcp(listener) => shown(name, listener.local_addr().ok().as_ref()),
        });
        Err(ActivationError(Problem::Left(left.collect::<Vec<_>>().join(", ").into())))
    }
}

fn take(handed: &mut ListenFd, index: usize) -> io::Result<Option<Socket>> {
    // The first error is that it is no unix socket.
    let socket = match handed.take_unix_listener(index) {
        Ok(listener) => listener.map(Socket::Unix),
        Err(_) => handed.take_tcp_listener(index)?.map(Socket::Tcp),
    };
    let listens = match &socket {
        Some(Socket::Unix(listener)) => {
            listener.set_nonblocking(true)?;
            socket_acceptconn(listener.as_fd())?
        }
        Some(Socket::Tcp(listener)) => {
            listener.set_nonblocking(true)?;
            socket_acceptconn(listener.as_fd())?
        }
        None => true,
    };
    if listens {
        Ok(socket)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it does not listen: `Accept=yes` is not served"))
    }
}

fn shown(name: &str, address: Option<&impl fmt::Debug>) -> String {
    let address = address.map_or_else(String::new, |address| format!("{address:?}"));
    format!("`{}` ({})", name.escape_debug(), address)
}

/// Why what was handed over is not served.
#[derive(Debug)]
pub(in super::super) struct ActivationError(Problem);

#[derive(Debug)]
enum Problem {
    Unusable(usize, Box<str>, io::Error),
    Left(Box<str>),
}

impl fmt::Display for ActivationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Unusable(index, name, _) => write!(
                f,
                "activation: socket {index}, `{}`, handed over by the service manager cannot be used",
                name.escape_debug()
            ),
            Problem::Left(left) => write!(
                f,
                "activation: the service manager listens to what is not configured: {left}; add it to `listen`, or \
                 take it out of the socket unit"
            ),
        }
    }
}

impl Error for ActivationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Problem::Unusable(_, _, error) => Some(error),
            Problem::Left(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    use super::super::tests::{again, assert_passed, is_again};
    use super::*;

    /// Runs a test in a process that was handed this, as descriptor 0.
    #[track_caller]
    fn hand_over(test: &str, socket: OwnedFd, wanted: &str) {
        let output = again(&format!("daemon::systemd::activation::tests::{test}"))
            .env("LISTEN_FDS", "1")
            .env("LISTEN_FDS_FIRST_FD", "0")
            .env("LISTEN_FDNAMES", "rrp.socket")
            .env("WANTED", wanted)
            .stdin(socket)
            .output()
            .unwrap();
        assert_passed(&output);
    }

    fn wanted() -> String {
        std::env::var("WANTED").unwrap()
    }

    #[test]
    fn sockets_are_handed_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rrp.sock");
        let unix = || OwnedFd::from(UnixListener::bind(&path).unwrap());
        hand_over("takes_a_path", unix(), path.to_str().unwrap());
        fs::remove_file(&path).unwrap();
        hand_over("is_left_with_a_path", unix(), path.to_str().unwrap());
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap().to_string();
        hand_over("takes_an_address", tcp.into(), &address);
        hand_over("has_no_use_for_a_connection", UnixStream::pair().unwrap().0.into(), "");
    }

    #[test]
    fn takes_a_path() {
        if !is_again() {
            return;
        }
        let mut activated = Activated::from_env().unwrap();
        assert!(activated.take_unix(Path::new("/nowhere")).is_none());
        assert!(activated.take_tcp("127.0.0.1:1".parse().unwrap()).is_none());
        // Written in another way.
        let path = wanted();
        let (directory, name) = path.rsplit_once('/').unwrap();
        assert!(
            activated
                .take_unix(Path::new(&format!("{directory}/../{}", {
                    let parent = directory.rsplit_once('/').unwrap().1;
                    format!("{parent}/{name}")
                })))
                .is_some()
        );
        assert!(activated.take_unix(Path::new(&path)).is_none(), "once");
        activated.finish().unwrap();
    }

    #[test]
    fn is_left_with_a_path() {
        if !is_again() {
            return;
        }
        let error = Activated::from_env().unwrap().finish().unwrap_err().to_string();
        assert!(error.contains(&wanted()) && error.contains("`rrp.socket`"), "{error}");
    }

    #[test]
    fn takes_an_address() {
        if !is_again() {
            return;
        }
        let mut activated = Activated::from_env().unwrap();
        assert!(activated.take_tcp(wanted().parse().unwrap()).is_some());
        activated.finish().unwrap();
        assert!(Activated::from_env().unwrap().0.is_empty(), "the environment says it no more");
    }

    #[test]
    fn has_no_use_for_a_connection() {
        if !is_again() {
            return;
        }
        let error = Activated::from_env().unwrap_err();
        assert!(error.to_string().contains("`rrp.socket`"), "{error}");
        assert!(error.source().unwrap().to_string().contains("Accept=yes"), "{error:?}");
    }
}
