//! `openssl s_server`: a TLS server that nobody here wrote.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use super::pki::Issued;

/// A running server. Ends with the value.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    _files: tempfile::TempDir,
}

impl Server {
    /// Answers each line with its letters in reverse, on a loopback port of the system's choice.
    pub(crate) fn start(issued: &Issued, options: &[&str]) -> Self {
        let files = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = files.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let (certificate, key) = (file("cert.pem", &issued.certificate), file("key.pem", &issued.key));
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-rev", "-cert"])
            .arg(certificate)
            .arg("-key")
            .arg(key)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("this test needs the program `openssl` (3.0 or above): {error}"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("`openssl s_server {}` ended without listening", options.join(" ")))
                .unwrap();
            if let Some(address) = line.strip_prefix("ACCEPT ") {
                break address.parse().unwrap();
            }
        };
        // What it prints later goes nowhere, but a full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, _files: files }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
