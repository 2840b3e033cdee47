//! That the registry sees the end of a connection before the beginning of the next one, over TCP and on several threads.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rrp::client::Builder;
use rrp::command::{Check, Session};
use rrp::dispatch::Config;
use rrp::retry::Backoff;
use rrp::{Client, DomainName};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How many connections there were, and how many of them while the one before was still there.
#[derive(Default)]
struct Seen {
    all: AtomicUsize,
    beside: AtomicUsize,
}

/// A registry with room for one, that answers all commands alike.
fn registry(reply: &'static str) -> (SocketAddr, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Arc::new(Seen::default()));
    let counts = Arc::clone(&seen);
    std::thread::spawn(move || {
        let mut last: Option<TcpStream> = None;
        while let Ok((stream, _)) = listener.accept() {
            counts.all.fetch_add(1, Ordering::SeqCst);
            if let Some(last) = &last {
                last.set_nonblocking(true).unwrap();
                let there =
                    matches!(last.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
                counts.beside.fetch_add(usize::from(there), Ordering::SeqCst);
            }
            last = Some(stream.try_clone().unwrap());
            std::thread::spawn(move || converse(stream, reply));
        }
    });
    (address, seen)
}

fn converse(mut stream: TcpStream, reply: &str) {
    let _ = stream.write_all(b"A RRP Server version 1.1.0\r\nnow\r\n.\r\n");
    let (mut received, mut chunk) = (String::new(), [0; 1_024]);
    loop {
        match stream.read(&mut chunk) {
            Ok(read @ 1..) => received.push_str(std::str::from_utf8(&chunk[..read]).unwrap()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
            _ => return,
        }
        while let Some((command, rest)) = received.split_once("\r\n.\r\n") {
            let reply = match command.lines().next() {
                Some("session") => "200 Command completed successfully\r\n.\r\n",
                Some("quit") => "220 Command completed successfully. Server closing connection\r\n.\r\n",
                _ => reply,
            };
            received = rest.to_owned();
            let _ = stream.write_all(reply.as_bytes());
        }
    }
}

fn builder(address: SocketAddr) -> Builder {
    Client::builder(address.to_string().parse().unwrap())
        .login(Session::login("registrar", "password".to_owned()).unwrap())
        .without_account_lock()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_session_out_of_step_is_gone_before_the_next_one_comes() {
    let (address, seen) = registry("210 Domain name available\r\n.\r\n210 Domain name available\r\n.\r\n");
    let at_once = Backoff::new(Duration::ZERO, Duration::ZERO);
    let client = builder(address).unlimited().sessions(0..=1).reopening(at_once);
    let client = client.config(Config::new(1).backoff(at_once)).connect().await.unwrap();
    let mut asked = JoinSet::new();
    for number in 0..60 {
        let name: DomainName = format!("example-{number}.com").parse().unwrap();
        asked.spawn(client.query(&Check::domain(&name)).into_future());
    }
    while asked.join_next().await.is_some() {}
    client.shutdown().await;
    assert!(seen.all.load(Ordering::SeqCst) >= 60);
    assert_eq!(seen.beside.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_login_that_waited_for_its_pace_is_gone_when_the_client_is() {
    let (address, seen) = registry("");
    let mut tries = 0;
    // Fewer of them come so far on a machine with other work: then more are tried.
    while tries < 200 || tries < 2_000 && seen.all.load(Ordering::SeqCst) < 100 {
        let client = builder(address).sessions(1..=1).connect().await.unwrap();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(8) {
            tokio::task::yield_now().await;
        }
        client.shutdown().await;
        tries += 1;
    }
    assert!(seen.all.load(Ordering::SeqCst) >= 100);
    assert_eq!(seen.beside.load(Ordering::SeqCst), 0);
}
