//! Local clients, each on a thread of its own: what they cost is not counted.
#![allow(dead_code, reason = "each bench uses a part")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};

use tokio::sync::oneshot;

/// Where a request ends.
pub(crate) const EOF: &[u8] = b"EOF\r\n";
/// What is said for user and password, and the prompts for them.
const LOGIN: &[u8] = b"backend\nlocal-secret\n";
const PROMPTS: &[u8] = b"login:password:";

/// A client that has logged in.
pub(crate) struct Local(Sender<(usize, oneshot::Sender<()>)>);

impl Local {
    /// Connects, from a thread that waits for what it serves. `number` tells one client's requests from another's.
    pub(crate) async fn connect(path: &Path, number: usize) -> Self {
        let (turns, asked) = channel::<(usize, oneshot::Sender<()>)>();
        let (ready, connected) = oneshot::channel();
        let mut socket = UnixStream::connect(path).unwrap();
        std::thread::spawn(move || {
            socket.write_all(LOGIN).unwrap();
            let mut prompts = [0; PROMPTS.len()];
            socket.read_exact(&mut prompts).unwrap();
            assert_eq!(prompts, PROMPTS);
            ready.send(()).unwrap();
            let request = request(number);
            while let Ok((count, done)) = asked.recv() {
                (0..count).for_each(|_| ask(&mut socket, request.as_bytes()));
                done.send(()).unwrap();
            }
        });
        connected.await.unwrap();
        Self(turns)
    }

    /// So many requests, one after the other.
    pub(crate) async fn turn(&self, count: usize) {
        let (done, ended) = oneshot::channel();
        self.0.send((count, done)).unwrap();
        ended.await.unwrap();
    }
}

/// What a client asks.
pub(crate) fn request(number: usize) -> String {
    format!("[COMMAND]\r\ncommand = StatusDomain\r\ndomain = domain-{number}.example.com\r\nEOF\r\n")
}

/// In a process of its own: opens so many connections that log in, ask once and then say nothing.
pub(crate) fn idle(path: &Path, count: usize) {
    let connect = |_| {
        let mut socket = UnixStream::connect(path).unwrap();
        socket.write_all(LOGIN).unwrap();
        socket.read_exact(&mut [0; PROMPTS.len()]).unwrap();
        // Once a request is answered, everything has been used that is used at all.
        ask(&mut socket, request(0).as_bytes());
        socket
    };
    let open: Vec<UnixStream> = (0..count).map(connect).collect();
    println!("open");
    // Until whoever waits for them has seen enough.
    let _ = std::io::stdin().read(&mut [0]);
    drop(open);
}

fn ask(socket: &mut UnixStream, request: &[u8]) {
    let mut reply = [0; 2_048];
    let mut length = 0;
    socket.write_all(request).unwrap();
    while !reply[..length].trim_ascii_end().ends_with(b"\nEOF") {
        let read = socket.read(&mut reply[length..]).unwrap();
        assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&reply[..length]));
        length += read;
    }
    let said = String::from_utf8_lossy(&reply[..length]);
    assert!(said.starts_with("[RESPONSE]") && said.contains("example.com"), "{said}");
}
