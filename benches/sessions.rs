//! What a session costs on top of its connection.
//!
//! Round trips are given in multiples of a bare tokio echo: the same bytes both ways over the same transport, with no
//! idea of what they mean. Both take turns, round after round, so that a slow moment hits them alike; the fastest round
//! of each counts. Opening a session is compared with the bare handshake in the same way. Memory is counted, not
//! measured: what is allocated for idle sessions over TLS, and still held. `--test` is one short round.

mod registry;

use std::env;
use std::future::Future;
use std::time::{Duration, Instant};

use registry::{Keys, TAKEN, config, converse, listen, runtime};
use rrp::Command;
use rrp::command::{Check, ToCommand};
use rrp::net::{Connection, Endpoint, Stream, Transport};
use rrp::session::Fate;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// How often each has its turn, and how many round trips a turn is.
const ROUNDS: usize = 40;
const TURN: usize = 500;
/// How many connections are opened.
const HANDSHAKES: usize = 60;
/// How many idle sessions are counted, and what each may hold.
const SESSIONS: usize = 64;
const MEMORY: u64 = 12 * 1_024;

fn main() {
    // `cargo bench` says so; without it this is a test.
    let test = env::args().any(|argument| argument == "--test")
        || !env::args().any(|argument| argument == "--bench");
    let (rounds, turn, handshakes) = if test { (1, 2, 1) } else { (ROUNDS, TURN, HANDSHAKES) };
    let keys = Keys::new();
    runtime().block_on(round_trips("memory", rounds, turn, async || {
        let (ours, theirs) = duplex(65_536);
        (ours, theirs)
    }));
    runtime().block_on(round_trips("unix", rounds, turn, async || UnixStream::pair().unwrap()));
    runtime().block_on(round_trips("tcp", rounds, turn, tcp));
    runtime().block_on(round_trips("tls", rounds, turn, async || keys.pair().await));
    runtime().block_on(opening(&keys, handshakes));
    memory(&keys);
}

fn command() -> Command {
    Check::domain(&"example.com".parse().unwrap()).to_command()
}

#[expect(clippy::disallowed_methods, reason = "to read the clock is what it is for")]
async fn time(work: impl Future<Output = ()>) -> Duration {
    let start = Instant::now();
    work.await;
    start.elapsed()
}

/// Commands through a session, and the same bytes through the bare transport.
async fn round_trips<C: Transport, S>(name: &str, rounds: usize, turn: usize, pair: impl AsyncFn() -> (C, S))
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (ours, theirs) = pair().await;
    tokio::spawn(async move { converse(theirs).await });
    let connection = Connection::open(ours, config()).await.unwrap();
    let command = command();

    let mut wire = bytes::BytesMut::new();
    rrp::wire::encode(command.body(), rrp::command::Dialect::Xrrp, &mut wire).unwrap();
    let (mut bare, mut echo) = pair().await;
    let length = wire.len();
    tokio::spawn(async move {
        let mut read = vec![0; length];
        while echo.read_exact(&mut read).await.is_ok() {
            echo.write_all(TAKEN).await.unwrap();
            echo.flush().await.unwrap();
        }
    });
    let mut answer = [0; TAKEN.len()];
    let (mut session, mut reference) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        let through_session = async {
            for _ in 0..turn {
                match connection.send(command.clone()).await.unwrap() {
                    Fate::Answered(reply) => assert_eq!(reply.code(), 211),
                    fate => panic!("{fate:?}"),
                }
            }
        };
        session = session.min(time(through_session).await);
        let through_echo = async {
            for _ in 0..turn {
                bare.write_all(&wire).await.unwrap();
                bare.flush().await.unwrap();
                bare.read_exact(&mut answer).await.unwrap();
            }
        };
        reference = reference.min(time(through_echo).await);
    }
    println!("round trip, {name}: {:.2} of a bare echo", session.as_secs_f64() / reference.as_secs_f64());
}

/// A handshake with nothing after it, one by the connector, and a session with greeting and login.
async fn opening(keys: &Keys, handshakes: usize) {
    let (mut bare, mut connected, mut logged_in) = (Duration::MAX, Duration::MAX, Duration::MAX);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = keys.acceptor.clone();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            tcp.set_nodelay(true).unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(tls) = acceptor.accept(tcp).await {
                    converse(tls).await;
                }
            });
        }
    });
    let endpoint: Endpoint = address.to_string().parse().unwrap();
    let client = keys.bare_client();
    for _ in 0..handshakes {
        let handshake = async {
            let tcp = TcpStream::connect(address).await.unwrap();
            tcp.set_nodelay(true).unwrap();
            client.connect("127.0.0.1".try_into().unwrap(), tcp).await.unwrap();
        };
        bare = bare.min(time(handshake).await);
        let connect = async {
            keys.connector.connect(&endpoint).await.unwrap();
        };
        connected = connected.min(time(connect).await);
        let login = async {
            let stream = keys.connector.connect(&endpoint).await.unwrap();
            Connection::open(stream, config()).await.unwrap().abandon();
        };
        logged_in = logged_in.min(time(login).await);
    }
    let bare = bare.as_secs_f64();
    println!(
        "opening over tls: connector {:.2}, with greeting and login {:.2} of a bare handshake",
        connected.as_secs_f64() / bare,
        logged_in.as_secs_f64() / bare
    );
}

/// What idle sessions hold on our side: the registry is on a thread of its own, whose allocations are not counted.
fn memory(keys: &Keys) {
    let endpoint = listen(Some(keys.acceptor.clone()));
    let runtime = runtime();
    let open = async || {
        let stream: Stream = keys.connector.connect(&endpoint).await.unwrap();
        let connection = Connection::open(stream, config()).await.unwrap();
        // After a command everything has been used that is used at all, the tickets' bytes too.
        connection.send(command()).await.unwrap();
        connection
    };
    // The first one brings what all share.
    let mut sessions = vec![runtime.block_on(open())];
    sessions.reserve_exact(SESSIONS);
    let counted = allocation_counter::measure(|| {
        for _ in 0..SESSIONS {
            sessions.push(runtime.block_on(open()));
        }
    });
    assert_eq!(sessions.iter().filter(|session| session.is_open()).count(), SESSIONS + 1);
    let each = u64::try_from(counted.bytes_current).unwrap() / SESSIONS as u64;
    println!("memory of an idle session over tls: {each} bytes, of {MEMORY} that it may have");
    assert!(each <= MEMORY, "an idle session holds {each} bytes");
}

async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (theirs, _) = listener.accept().await.unwrap();
    ours.set_nodelay(true).unwrap();
    theirs.set_nodelay(true).unwrap();
    (ours, theirs)
}
