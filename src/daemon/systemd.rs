//! What a service manager is told, and the sockets that it hands over.
//!
//! Messages are those of `sd_notify(3)`. Without `NOTIFY_SOCKET` all of it does nothing. What cannot be told is not told: a daemon
//! serves its clients whether the manager listens or not.

mod activation;

use core::time::Duration;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};

pub(super) use activation::{Activated, ActivationError};

/// The most bytes of a status.
const MAX_STATUS: usize = 512;

/// Tells the service manager how things are.
#[derive(Debug)]
pub(super) struct Notifier {
    /// Nobody, if it is `None`.
    manager: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// What the environment says: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`. A socket that cannot be used is told in the log.
    pub(super) fn from_env() -> Self {
        let watchdog = sd_notify::watchdog_enabled();
        let manager = std::env::var_os("NOTIFY_SOCKET").and_then(|name| {
            let manager = manager(&name);
            if let Err(error) = &manager {
                tracing::warn!(socket = ?name, %error, "the service manager cannot be told anything");
            }
            manager.ok()
        });
        Self { manager, watchdog }
    }

    /// Tells whoever listens at this socket: a path, or `@` and an abstract name.
    #[cfg(test)]
    pub(super) fn to(socket: &OsStr, watchdog: Option<Duration>) -> io::Result<Self> {
        Ok(Self { manager: Some(manager(socket)?), watchdog })
    }

    /// It serves, for the first time or after a reload.
    pub(super) fn ready(&self) {
        self.send(&[NotifyState::Ready]);
    }

    /// It begins to reload; [`ready`](Self::ready) ends that, also if nothing has changed.
    pub(super) fn reloading(&self) {
        // The manager wants to know that this is the answer to its own signal: by the clock that does not stand still.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.send(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "the service manager is not told of the reload"),
        }
    }

    /// It takes nothing new any more.
    pub(super) fn stopping(&self) {
        self.send(&[NotifyState::Stopping]);
    }

    /// What `systemctl status` shows: one line, cut after 512 bytes.
    pub(super) fn status(&self, status: &str) {
        let mut line: String = status.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        line.truncate(line.floor_char_boundary(MAX_STATUS));
        self.send(&[NotifyState::Status(&line)]);
    }

    /// Within so long the manager wants a [`ping`](Self::ping); `None` if it does not watch.
    pub(super) const fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// It lives.
    pub(super) fn ping(&self) {
        self.send(&[NotifyState::Watchdog]);
    }

    /// Pings twice as often as the manager wants, for ever; it is over at once if the manager does not watch. It belongs on the
    /// runtime that serves, so that the pings stop when nothing is served any more.
    pub(super) async fn keep_pinging(self: Arc<Self>) {
        let Some(within) = self.watchdog().filter(|_| self.manager.is_some()) else { return };
        let mut ticks = interval(within.div_f32(2.0).max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.ping();
        }
    }

    fn send(&self, states: &[NotifyState<'_>]) {
        let Some((socket, manager)) = &self.manager else { return };
        let message: Vec<String> = states.iter().map(ToString::to_string).collect();
        // The socket does not block: a manager that does not read is told less.
        if let Err(error) = socket.send_to_addr(message.join("\n").as_bytes(), manager) {
            tracing::debug!(%error, "the service manager was not told");
        }
    }
}

fn manager(socket: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match socket.as_bytes() {
        [b'@', name @ ..] => abstract_address(name)?,
        [b'/', ..] => SocketAddr::from_pathname(socket)?,
        _ => return Err(io::Error::new(io::ErrorKind::Unsupported, "neither a path nor an abstract name")),
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;

    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn abstract_address(_name: &[u8]) -> io::Result<SocketAddr> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "abstract names are Linux's"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::linux::net::SocketAddrExt;
    use std::process::{Command, Output, Stdio};

    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut message = [0; 1_024];
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let len = socket.recv(&mut message).unwrap();
        String::from_utf8(message[..len].to_vec()).unwrap()
    }

    #[test]
    fn the_manager_hears_each_state_at_a_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::to(path.as_os_str(), None).unwrap();
        notifier.ready();
        assert_eq!(heard(&manager), "READY=1");
        notifier.reloading();
        let reloading = heard(&manager);
        let at = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect("the time beside it");
        assert!(at.parse::<u64>().unwrap() > 0);
        notifier.status("three\nof READY=1 four ä");
        assert_eq!(heard(&manager), "STATUS=three of READY=1 four ä");
        notifier.status(&"ä".repeat(1_000));
        assert_eq!(heard(&manager).len(), "STATUS=".len() + MAX_STATUS);
        notifier.stopping();
        assert_eq!(heard(&manager), "STOPPING=1");
    }

    #[test]
    fn the_manager_hears_at_an_abstract_name() {
        let name = format!("rrp-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        Notifier::to(&OsString::from(format!("@{name}")), None).unwrap().ready();
        assert_eq!(heard(&manager), "READY=1");
        assert!(Notifier::to(OsStr::new("vsock:2:1234"), None).is_err());
    }

    #[test]
    fn a_manager_that_does_not_read_holds_nobody_up() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let _manager = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::to(path.as_os_str(), None).unwrap();
        // More than any queue of datagrams holds.
        (0..10_000).for_each(|_| notifier.ping());
    }

    #[tokio::test(start_paused = true)]
    async fn pings_come_twice_in_each_interval() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let within = Duration::from_secs(30);
        let notifier = Arc::new(Notifier::to(path.as_os_str(), Some(within)).unwrap());
        assert_eq!(notifier.watchdog(), Some(within));
        let pinging = Arc::clone(&notifier).keep_pinging();
        // The first at once, then at 15, 30, 45 and 60 s.
        assert!(tokio::time::timeout(Duration::from_secs(61), pinging).await.is_err());
        (0..5).for_each(|_| assert_eq!(heard(&manager), "WATCHDOG=1"));
        manager.set_nonblocking(true).unwrap();
        assert!(manager.recv(&mut [0; 16]).is_err(), "no sixth");
        // Where nobody watches it is over at once.
        Arc::new(Notifier::to(path.as_os_str(), None).unwrap()).keep_pinging().await;
    }

    /// This test, once more, in a process of its own: only there the environment can be another.
    pub(super) fn again(test: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "--nocapture", test])
            .env("RRP_TEST_AGAIN", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID"] {
            command.env_remove(name);
        }
        command
    }

    /// Whether this process was started by [`again`]. What only runs there does nothing elsewhere.
    pub(super) fn is_again() -> bool {
        std::env::var_os("RRP_TEST_AGAIN").is_some()
    }

    /// It was there, and ran.
    #[track_caller]
    pub(super) fn assert_passed(output: &Output) {
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("1 passed"), "{told}");
    }

    #[test]
    fn the_environment_says_whom_to_tell() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let output = again("daemon::systemd::tests::tells_whom_the_environment_says")
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "3000000")
            .output()
            .unwrap();
        assert_passed(&output);
        assert_eq!(heard(&manager), "READY=1");
        // Without a manager nothing is told, and nothing fails; a watchdog of somebody else is not ours.
        let output = again("daemon::systemd::tests::tells_nobody")
            .env("WATCHDOG_USEC", "3000000")
            .env("WATCHDOG_PID", "1")
            .output()
            .unwrap();
        assert_passed(&output);
    }

    #[test]
    fn tells_whom_the_environment_says() {
        if !is_again() {
            return;
        }
        let notifier = Notifier::from_env();
        assert_eq!(notifier.watchdog(), Some(Duration::from_secs(3)));
        notifier.ready();
    }

    #[test]
    fn tells_nobody() {
        if !is_again() {
            return;
        }
        let notifier = Notifier::from_env();
        assert_eq!(notifier.watchdog(), None);
        assert!(notifier.manager.is_none());
        notifier.ready();
    }

    /// The settings of a unit, by section.
    fn unit(file: &str) -> Vec<(String, String, String)> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("dist").join(file);
        let (mut section, mut settings) = (String::new(), Vec::new());
        for line in std::fs::read_to_string(path).unwrap().lines() {
            match line.split_once('=') {
                _ if line.is_empty() || line.starts_with('#') => {}
                Some((key, value)) => settings.push((section.clone(), key.to_owned(), value.to_owned())),
                None => section = line.strip_prefix('[').unwrap().strip_suffix(']').unwrap().to_owned(),
            }
        }
        settings
    }

    #[test]
    fn the_unit_knows_what_the_daemon_does() {
        let service = unit("rrp.service");
        let told = |key: &str| service.iter().find(|(_, name, _)| name == key).map(|(_, _, value)| &**value);
        assert!(matches!(told("Type"), Some("notify" | "notify-reload")));
        assert!(told("ExecReload").unwrap().ends_with("-HUP $MAINPID"));
        let seconds = |key: &str| told(key).unwrap().strip_suffix('s').unwrap().parse::<u64>().unwrap();
        // A write has 180 s, a journal that fails has ten, and sessions that do not end have two minutes after that.
        assert!(seconds("TimeoutStopSec") >= 300);
        assert!((2..=120).contains(&seconds("WatchdogSec")));
        assert_eq!(told("ProtectSystem"), Some("strict"));
        assert!(told("LimitNOFILE").unwrap().parse::<u64>().unwrap() > 10_000);
        let socket = unit("rrp.socket");
        assert!(
            socket
                .iter()
                .any(|(section, key, value)| section == "Socket" && key == "Accept" && value == "no")
        );
    }
}
