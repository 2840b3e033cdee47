//! A daemon on this thread, and the registry that it asks.
#![allow(dead_code, reason = "each bench uses a part")]

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use rrp::daemon::{self, Config, Control, Hooks, Surroundings};
use rrp::net::Endpoint;
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::local::Local;
use crate::registry::{Keys, listen_with};

/// What a registry says of a domain.
const STATUS: &[u8] = b"[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\n\
    property[domain][0] = example.com\r\nproperty[status][0] = ACTIVE\r\n\
    property[registrar][0] = registrar\r\nproperty[created date][0] = 2020-01-01 00:00:00\r\n\
    property[updated date][0] = 2026-01-01 00:00:00\r\n\
    property[registration expiration date][0] = 2027-01-01 00:00:00\r\n\
    property[renewalmode][0] = DEFAULT\r\nproperty[transferlock][0] = 0\r\n\
    property[ownercontact][0] = P-ABC1234\r\nproperty[admincontact][0] = P-ABC1234\r\n\
    property[nameserver][0] = ns1.example.net\r\nproperty[nameserver][1] = ns2.example.net\r\n\
    queuetime = 0\r\nruntime = 0.042\r\nEOF\r\n.\r\n";

/// What everything is asked of, and where sockets and configurations are.
pub(crate) struct Bench {
    pub(crate) keys: Keys,
    pub(crate) endpoint: Endpoint,
    pub(crate) directory: TempDir,
    daemons: Cell<usize>,
}

pub(crate) fn surroundings() -> Surroundings {
    Surroundings::system()
        .variable("REGISTRY", "i-am-it".to_owned())
        .variable("BACKEND", "local-secret".to_owned())
}

impl Bench {
    pub(crate) fn new() -> Self {
        let keys = Keys::new();
        let endpoint = listen_with(Some(keys.acceptor.clone()), STATUS);
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("ca.pem"), &keys.pem).unwrap();
        Self { keys, endpoint, directory, daemons: Cell::new(0) }
    }

    /// A configuration, and its socket.
    pub(crate) fn configuration(&self, sessions: usize) -> (PathBuf, String) {
        let number = self.daemons.get();
        self.daemons.set(number + 1);
        let directory = self.directory.path().display();
        let path = self.directory.path().join(format!("daemon-{number}"));
        let text = format!(
            "[account.main]\nserver = \"{}\"\nca-file = \"{directory}/ca.pem\"\nlogin = \"registrar\"\n\
             password-env = \"REGISTRY\"\nsessions = [{sessions}, {sessions}]\nrate = \"unlimited\"\n\
             journal = \"memory\"\nlock = \"{directory}/{number}\"\n\
             [user.backend]\npassword-env = \"BACKEND\"\n\
             [limits]\nconnections = 20000\nconnections-per-user = 20000\n\
             [[listen]]\nunix = \"{}\"\n",
            self.endpoint,
            path.display()
        );
        fs::create_dir(self.directory.path().join(number.to_string())).unwrap();
        (path, text)
    }

    /// Begins a daemon on this thread.
    pub(crate) fn begin(&self, sessions: usize) -> (PathBuf, mpsc::Sender<Control>) {
        let (path, text) = self.configuration(sessions);
        let config = Config::parse(&text, "bench.toml", &surroundings()).unwrap();
        let (control, orders) = mpsc::channel(1);
        tokio::spawn(async move { daemon::run(config, Hooks::default(), orders).await.unwrap() });
        (path, control)
    }

    /// A daemon that serves, for as long as the process lasts.
    pub(crate) async fn daemon(&self, sessions: usize) -> PathBuf {
        let (path, control) = self.begin(sessions);
        std::mem::forget(control);
        there(&path).await;
        // Its sessions are there once each has had something to do.
        let locals = join_all((0..sessions).map(|number| Local::connect(&path, number))).await;
        all(&locals, 100 * sessions).await;
        path
    }
}

/// Waits until a socket is listened to.
pub(crate) async fn there(path: &Path) {
    while std::os::unix::net::UnixStream::connect(path).is_err() {
        tokio::task::yield_now().await;
    }
}

/// So many requests of all clients together.
pub(crate) async fn all(locals: &[Local], turn: usize) {
    join_all(locals.iter().map(|local| local.turn(turn / locals.len()))).await;
}
