//! Live connections to peers, and in runtimes, that do their worst.
#![cfg(feature = "tls")]

use std::future::Future;
use std::io::{Read, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rrp::command::{self, Check, Command, PtfCommand, ToCommand};
use rrp::net::{Connection, Connector, Tls, Transport};
use rrp::session::{Config, Deadlines, Fate, Stage, Why};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};

#[path = "support/pki.rs"]
mod pki;

const GREETING: &[u8] = b"Example RRP Server version 1.1.0\r\nSun Nov 22 00:00:00 2026\r\n.\r\n";
const OK: &[u8] = b"200 Command completed successfully\r\n.\r\n";
const AVAILABLE: &[u8] = b"210 Domain name available\r\n.\r\n";
const TAKEN: &[u8] = b"211 Domain name not available\r\n.\r\n";
const CLOSING: &[u8] = b"420 Command failed due to server error. Server closing connection\r\n.\r\n";

fn login() -> command::Session {
    command::Session::login("registrar", "i-am-it".to_owned()).unwrap()
}

fn config() -> Config {
    Config::new(login())
}

fn check(name: &str) -> Command {
    Check::domain(&name.parse().unwrap()).to_command()
}

/// Reads one command from a blocking connection.
fn command(peer: &mut impl Read) {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n.\r\n") {
        let mut byte = [0];
        peer.read_exact(&mut byte).unwrap();
        read.extend(byte);
    }
}

async fn command_of(peer: &mut DuplexStream) {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n.\r\n") {
        read.push(peer.read_u8().await.unwrap());
    }
}

async fn opened(pipe: usize) -> (Connection, DuplexStream) {
    let (ours, mut theirs) = duplex(pipe);
    let registry = async {
        theirs.write_all(GREETING).await.unwrap();
        command_of(&mut theirs).await;
        theirs.write_all(OK).await.unwrap();
        theirs
    };
    let (connection, theirs) = tokio::join!(Connection::open(ours, config()), registry);
    (connection.unwrap(), theirs)
}

/// Gives everybody else their turn, often enough for whatever lies there to be read.
async fn let_others_work() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// A part of a TLS record has arrived when the command comes: the rest may be a surplus reply, and must not answer it.
#[test]
fn half_a_record_is_seen_before_the_first_byte() {
    let ca = pki::Ca::new("a CA");
    let issued = ca.server(&["127.0.0.1"]);
    let certificate = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (begun, has_begun) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel::<()>();
    let registry = std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept().unwrap();
        tcp.set_nodelay(true).unwrap();
        let mut tls = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::Stream::new(&mut tls, &mut tcp);
        stream.write_all(GREETING).unwrap();
        for answer in [OK, TAKEN] {
            command(&mut stream);
            stream.write_all(answer).unwrap();
        }
        tls.writer().write_all(AVAILABLE).unwrap();
        let mut surplus = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut surplus).unwrap();
        }
        let (first, rest) = surplus.split_at(20);
        tcp.write_all(first).unwrap();
        begun.send(()).unwrap();
        goes_on.recv().unwrap();
        tcp.write_all(rest).unwrap();
        let mut sent = Vec::new();
        let _ = rustls::Stream::new(&mut tls, &mut tcp).read_to_end(&mut sent);
        sent
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connector = Connector::tls(Tls::ca_pem(ca.pem().as_bytes()).unwrap());
        let stream = connector.connect(&address.to_string().parse().unwrap()).await.unwrap();
        let connection = Arc::new(Connection::open(stream, self::config()).await.unwrap());
        let fate = connection.send(check("a.example.com")).await.unwrap();
        assert!(matches!(&fate, Fate::Answered(reply) if reply.code() == 211), "{fate:?}");
        has_begun.recv().unwrap();
        let_others_work().await;
        let asked = Arc::clone(&connection);
        let second = tokio::spawn(async move { asked.send(check("taken.example.com")).await });
        let_others_work().await;
        go_on.send(()).unwrap();
        let fate = second.await.unwrap().unwrap();
        assert!(matches!(fate, Fate::Unsent(_)), "the surplus reply went to the wrong caller: {fate:?}");
        assert!(matches!(connection.ended().await.why(), Why::Unsolicited(_)));
    });
    assert_eq!(registry.join().unwrap(), b"");
}

/// A peer that is always faster than we are: greets, accepts the login, and from then on sends blank lines without end.
struct Fast {
    flood: Arc<AtomicBool>,
    script: Vec<u8>,
    logged_in: bool,
}

impl AsyncRead for Fast {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let turn = ready!(tokio::task::coop::poll_proceed(cx));
        if !self.script.is_empty() {
            let here = self.script.len().min(buffer.remaining());
            let bytes: Vec<u8> = self.script.drain(..here).collect();
            buffer.put_slice(&bytes);
        } else if self.flood.load(Ordering::Relaxed) {
            buffer.put_slice(&vec![b'\n'; buffer.remaining()]);
        } else {
            // Whatever comes next, comes with a request.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        turn.made_progress();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Fast {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        if !std::mem::replace(&mut self.logged_in, true) {
            self.script.extend(OK);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Transport for Fast {
    fn kernel_readable(&self) -> std::io::Result<bool> {
        Ok(false)
    }

    fn poll_kernel_readable(&self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// On the real clock, for under such a flood no other would move.
#[tokio::test]
async fn a_peer_that_never_pauses_does_not_stop_the_clock_or_the_others() {
    let flood = Arc::new(AtomicBool::new(false));
    let peer = Fast { flood: Arc::clone(&flood), script: GREETING.to_vec(), logged_in: false };
    let deadlines = Deadlines::DEFAULT.with_write(Duration::from_millis(50));
    let connection = Connection::open(peer, config().deadlines(deadlines)).await.unwrap();
    flood.store(true, Ordering::Relaxed);
    let turns = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&turns);
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let fate = connection.send(check("example.com")).await.unwrap();
    assert!(matches!(fate, Fate::Unsent(_)), "{fate:?}");
    assert!(matches!(connection.ended().await.why(), Why::Timeout));
    assert!(turns.load(Ordering::Relaxed) > 1, "nobody else had a turn");
    other.abort();
}

/// A caller that keeps its future and polls it no more holds up nobody.
#[tokio::test(start_paused = true)]
async fn who_stops_to_poll_blocks_nobody() {
    let (connection, mut registry) = opened(4_096).await;
    let connection = Arc::new(connection);
    let answers = tokio::spawn(async move {
        loop {
            command_of(&mut registry).await;
            registry.write_all(AVAILABLE).await.unwrap();
        }
    });
    let others: Vec<_> = ["x.example.com", "y.example.com"]
        .map(|name| {
            let connection = Arc::clone(&connection);
            tokio::spawn(async move { connection.send(check(name)).await })
        })
        .into();
    let mut left = Box::pin(connection.send(check("z.example.com")));
    assert!(left.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())).is_pending());
    let next =
        tokio::time::timeout(Duration::from_secs(3_600), connection.send(check("w.example.com"))).await;
    assert!(matches!(next.expect("nothing is in hand").unwrap(), Fate::Answered(_)));
    for other in others {
        assert!(matches!(other.await.unwrap().unwrap(), Fate::Answered(_)));
    }
    answers.abort();
}

/// Callers that leave at once fill no queue without end.
#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded_even_if_its_callers_have_left() {
    let (connection, _registry) = opened(4_096).await;
    for _ in 0..Connection::MAX_WAITING {
        let mut left = Box::pin(connection.send(check("left.example.com")));
        assert!(left.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())).is_pending());
    }
    let fate = connection.send(check("example.com")).await.unwrap();
    assert!(matches!(fate, Fate::Unsent(command) if command == check("example.com")));
}

/// The answer lies there when the runtime comes back too late: it is the answer.
#[tokio::test(start_paused = true)]
async fn a_late_runtime_loses_no_answer() {
    let (connection, mut registry) = opened(4_096).await;
    let connection = Arc::new(connection);
    let asked = Arc::clone(&connection);
    let asking = tokio::spawn(async move { asked.send(check("example.com")).await });
    command_of(&mut registry).await;
    registry.write_all(AVAILABLE).await.unwrap();
    // Nobody has had a turn since, and three minutes are over.
    tokio::time::advance(Duration::from_secs(180)).await;
    let fate = asking.await.unwrap().unwrap();
    assert!(matches!(&fate, Fate::Answered(reply) if reply.code() == 210), "{fate:?}");
    assert!(connection.is_open());
}

/// The registry refuses in the middle of a command and closes: it has said why, and that counts.
#[tokio::test(start_paused = true)]
async fn what_a_registry_said_before_it_closed_is_read() {
    let (connection, mut registry) = opened(64).await;
    let refuse = async {
        registry.read_exact(&mut [0; 30]).await.unwrap();
        registry.write_all(&CLOSING[..60]).await.unwrap();
        registry.write_all(&CLOSING[60..]).await.unwrap();
        drop(registry);
    };
    let long = PtfCommand::new("AddDomain").unwrap().param("x", &"y".repeat(20_000)).unwrap();
    let (fate, ()) = tokio::join!(connection.send(long.into()), refuse);
    let fate = fate.unwrap();
    assert!(matches!(&fate, Fate::Answered(reply) if reply.code() == 420), "{fate:?}");
    assert!(matches!(connection.ended().await.why(), Why::Closing(_)));
}

#[test]
fn a_runtime_that_goes_leaves_the_password_in_doubt() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    let (ours, mut theirs) = duplex(4_096);
    let changing = login().new_password("n3w-one".to_owned()).unwrap();
    let opener = std::thread::spawn(move || handle.block_on(Connection::open(ours, Config::new(changing))));
    runtime.block_on(async {
        theirs.write_all(GREETING).await.unwrap();
        command_of(&mut theirs).await;
    });
    runtime.shutdown_background();
    let error = opener.join().unwrap().unwrap_err();
    let end = error.session_end().unwrap();
    assert!(end.password_in_doubt() && !end.is_orderly() && end.stage() == Stage::Login, "{end:?}");
}

#[test]
fn a_runtime_that_goes_before_the_login_leaves_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (ours, mut theirs) = duplex(4_096);
    let changing = login().new_password("n3w-one".to_owned()).unwrap();
    let greeted = runtime.block_on(async {
        theirs.write_all(GREETING).await.unwrap();
        Connection::greet(ours, Config::new(changing)).await.unwrap()
    });
    assert!(greeted.changes_password());
    drop(runtime);
    let mut told = std::pin::pin!(greeted.log_in());
    let told = told.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop()));
    let Poll::Ready(Err(error)) = told else { panic!("{told:?}") };
    let end = error.session_end().unwrap();
    assert!(!end.password_in_doubt() && end.remains() == rrp::session::Remains::Nothing, "{end:?}");
}

/// Whoever asks for a keepalive while the session ends hears of the end, and never of a keepalive that was not sent.
#[test]
fn a_keepalive_that_was_not_sent_is_not_told() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        for _ in 0..200 {
            let (connection, mut registry) = opened(4_096).await;
            let connection = Arc::new(connection);
            let asked = Arc::clone(&connection);
            let asking = tokio::spawn(async move { asked.send(check("example.com")).await });
            command_of(&mut registry).await;
            let probes: Vec<_> = (0..3)
                .map(|_| {
                    let connection = Arc::clone(&connection);
                    tokio::spawn(async move { connection.keep_alive().await })
                })
                .collect();
            tokio::task::yield_now().await;
            registry.write_all(CLOSING).await.unwrap();
            assert!(matches!(asking.await.unwrap().unwrap(), Fate::Answered(_)));
            for probe in probes {
                assert!(probe.await.unwrap().is_err());
            }
        }
    });
}

/// Keepalives that nobody waits for any more are not sent.
#[tokio::test(start_paused = true)]
async fn keepalives_of_callers_that_have_left_are_not_sent() {
    let (connection, mut registry) = opened(4_096).await;
    let connection = Arc::new(connection);
    let asked = Arc::clone(&connection);
    let asking = tokio::spawn(async move { asked.send(check("first.example.com")).await });
    command_of(&mut registry).await;
    for _ in 0..2_000 {
        let mut left = Box::pin(connection.keep_alive());
        // The first thousand are taken in; for the others there is no place.
        let _ = left.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop()));
    }
    registry.write_all(AVAILABLE).await.unwrap();
    assert!(matches!(asking.await.unwrap().unwrap(), Fate::Answered(_)));
    let asked = Arc::clone(&connection);
    let asking = tokio::spawn(async move { asked.send(check("next.example.com")).await });
    let mut read = vec![0; 5];
    registry.read_exact(&mut read).await.unwrap();
    assert_eq!(read, b"check", "no DESCRIBE goes before it");
    command_of(&mut registry).await;
    registry.write_all(AVAILABLE).await.unwrap();
    assert!(matches!(asking.await.unwrap().unwrap(), Fate::Answered(_)));
}

/// A surplus right behind a reply is seen wherever the reads are cut; a long reply alone is an answer, whatever its length.
#[tokio::test(start_paused = true)]
async fn a_surplus_does_not_hide_behind_the_end_of_a_read() {
    for len in [8_190, 8_191, 8_192, 8_193, 16_384, 100_000] {
        let head = "210 Domain name available\r\na:";
        let reply = format!("{head}{}\r\n.\r\n", "x".repeat(len - head.len() - 5));
        assert_eq!(reply.len(), len);
        // Lines may be so long, and no longer.
        let reply = if len > 65_536 {
            reply.replace(&"x".repeat(1_000), &format!("{}\r\na:", "x".repeat(996)))
        } else {
            reply
        };
        for (surplus, answered) in
            [("", true), ("\r\n.\r\n", true), ("211 Domain name not available\r\n.\r\n", false)]
        {
            let (connection, mut registry) = opened(1 << 20).await;
            let answer = async {
                command_of(&mut registry).await;
                registry.write_all(format!("{reply}{surplus}").as_bytes()).await.unwrap();
            };
            let (fate, ()) = tokio::join!(connection.send(check("example.com")), answer);
            let fate = fate.unwrap();
            assert_eq!(matches!(fate, Fate::Answered(_)), answered, "{len} {surplus:?}: {fate:?}");
        }
    }
}
