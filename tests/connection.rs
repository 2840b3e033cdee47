//! Sessions on live connections: in memory under a virtual clock, and over loopback TCP, where the kernel has a say.
#![cfg(feature = "net")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rrp::command::{self, Check, Command, Describe, Status, ToCommand};
use rrp::net::{Connection, OpenError};
use rrp::session::{Config, Fate, Stage, Why};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};

const GREETING: &[u8] = b"Example RRP Server version 1.1.0\r\nSun Nov 22 00:00:00 2026\r\n.\r\n";
const OK: &[u8] = b"200 Command completed successfully\r\n.\r\n";
const BYE: &[u8] = b"220 Command completed successfully. Server closing connection\r\n.\r\n";
const IDLE: &[u8] = b"520 Server closing connection. Client should try opening new connection\r\n.\r\n";

fn config() -> Config {
    Config::new(command::Session::login("registrar", "i-am-it".to_owned()).unwrap())
}

fn check(name: &str) -> Command {
    Check::domain(&name.parse().unwrap()).to_command()
}

/// Reads one command: all up to its dot.
async fn command(peer: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n.\r\n") {
        let byte = peer.read_u8().await.unwrap_or_else(|error| panic!("{error} after {read:?}"));
        read.push(byte);
    }
    String::from_utf8(read).unwrap()
}

/// A session in memory, and the registry's end of it.
async fn opened() -> (Connection, DuplexStream) {
    let (ours, mut theirs) = duplex(4_096);
    let registry = async {
        theirs.write_all(GREETING).await.unwrap();
        assert_eq!(command(&mut theirs).await, "session\r\n-Id:registrar\r\n-Password:i-am-it\r\n.\r\n");
        theirs.write_all(OK).await.unwrap();
        theirs
    };
    let (connection, theirs) = tokio::join!(Connection::open(ours, config()), registry);
    (connection.unwrap(), theirs)
}

fn code(fate: &Fate) -> u16 {
    match fate {
        Fate::Answered(reply) => reply.code().as_u16(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn commands_go_one_at_a_time_and_quit_ends_it() {
    let (connection, mut registry) = opened().await;
    assert_eq!(connection.greeting().unwrap().registry(), Some("Example"));
    assert_eq!(connection.login().code(), 200);
    let registry = async {
        let first = command(&mut registry).await;
        registry.write_all(b"211 Domain name not available\r\n.\r\n").await.unwrap();
        let second = command(&mut registry).await;
        registry.write_all(b"210 Domain name available\r\n.\r\n").await.unwrap();
        assert_eq!(command(&mut registry).await, "quit\r\n.\r\n");
        registry.write_all(BYE).await.unwrap();
        let mut rest = Vec::new();
        registry.read_to_end(&mut rest).await.unwrap();
        assert!(first.contains("a.example.com") && second.contains("b.example.com") && rest.is_empty());
    };
    let client = async {
        let (a, b) =
            tokio::join!(connection.send(check("a.example.com")), connection.send(check("b.example.com")));
        assert_eq!((code(&a.unwrap()), code(&b.unwrap())), (211, 210));
        let end = connection.quit().await;
        assert!(matches!(end.why(), Why::Quit), "{end}");
    };
    tokio::join!(client, registry);
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_quits() {
    let (connection, mut registry) = opened().await;
    drop(connection);
    assert_eq!(command(&mut registry).await, "quit\r\n.\r\n");
}

#[tokio::test(start_paused = true)]
async fn the_keepalive_goes_by_the_clock_and_by_hand() {
    let (connection, mut registry) = opened().await;
    let before = tokio::time::Instant::now();
    assert_eq!(command(&mut registry).await, "describe\r\n.\r\n");
    assert_eq!(before.elapsed().as_secs(), Config::KEEPALIVE_AFTER.as_secs());
    registry.write_all(OK).await.unwrap();
    let answer = async {
        command(&mut registry).await;
        registry
            .write_all(b"421 Command failed due to server error. Client should try again\r\n.\r\n")
            .await
            .unwrap();
        command(&mut registry).await;
        registry.write_all(b"547 Invalid command sequence\r\n.\r\n").await.unwrap();
    };
    let ask = async {
        assert!(!connection.keep_alive().await.unwrap());
        let end = connection.keep_alive().await.unwrap_err();
        assert!(matches!(end.why(), Why::LoginLost(_)), "{end}");
    };
    tokio::join!(answer, ask);
}

#[tokio::test(start_paused = true)]
async fn a_silent_registry_meets_each_deadline() {
    let started = tokio::time::Instant::now();
    let (ours, _theirs) = duplex(64);
    let error: OpenError = Connection::open(ours, config()).await.unwrap_err();
    let end = error.session_end().unwrap();
    assert!(matches!((end.stage(), end.why()), (Stage::Greeting, Why::Timeout)), "{error}");
    assert_eq!(started.elapsed(), Duration::from_secs(30));

    let (ours, mut theirs) = duplex(4_096);
    theirs.write_all(GREETING).await.unwrap();
    let error = Connection::open(ours, config()).await.unwrap_err();
    assert_eq!(error.to_string(), "login: took longer than its deadline");

    // So small a pipe that the command does not go through.
    let (ours, mut theirs) = duplex(4);
    let registry = async {
        theirs.write_all(GREETING).await.unwrap();
        command(&mut theirs).await;
        theirs.write_all(OK).await.unwrap();
    };
    let (connection, ()) = tokio::join!(Connection::open(ours, config()), registry);
    let connection = connection.unwrap();
    assert!(matches!(connection.send(check("example.com")).await.unwrap(), Fate::Unanswered));
    assert_eq!(connection.ended().await.stage(), Stage::Write);

    let (connection, mut registry) = opened().await;
    let asked = tokio::time::Instant::now();
    assert!(matches!(connection.send(check("example.com")).await.unwrap(), Fate::Unanswered));
    assert_eq!((connection.ended().await.stage(), asked.elapsed().as_secs()), (Stage::FirstByte, 60));
    command(&mut registry).await;
    // What comes too late is read by nobody.
    let fate = connection.send(check("example.com")).await.unwrap();
    assert!(matches!(fate, Fate::Unsent(command) if command == check("example.com")));
}

#[tokio::test(start_paused = true)]
async fn a_command_of_the_session_is_given_back_and_nothing_ends() {
    let (connection, mut registry) = opened().await;
    let quit = command::Quit.to_command();
    assert_eq!(connection.send(quit.clone()).await.unwrap_err().into_command(), quit);
    let answered = async {
        command(&mut registry).await;
        registry.write_all(OK).await.unwrap();
    };
    let (fate, ()) = tokio::join!(connection.send(Describe::new().to_command()), answered);
    assert_eq!(code(&fate.unwrap()), 200);
}

/// A future that is dropped at its n-th poll, for every n until it comes to its end.
#[tokio::test(start_paused = true)]
async fn a_caller_may_leave_at_any_poll() {
    let mut finished = false;
    for polls in 0..64 {
        let (connection, mut registry) = opened().await;
        // The registry echoes the name, so that a reply to the wrong caller shows.
        let answers = tokio::spawn(async move {
            let mut begun = 0;
            loop {
                let asked = command(&mut registry).await;
                begun += 1;
                let code = if asked.contains("left.example.com") { 211 } else { 210 };
                let reply = format!("{code} seen\r\nasked:{}\r\n.\r\n", asked.lines().nth(2).unwrap());
                for byte in reply.bytes() {
                    registry.write_all(&[byte]).await.unwrap();
                    tokio::task::yield_now().await;
                }
                if code == 210 {
                    return begun;
                }
            }
        });
        {
            let mut left = pin!(connection.send(check("left.example.com")));
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..polls {
                match left.as_mut().poll(&mut context) {
                    Poll::Ready(fate) => {
                        assert_eq!(code(&fate.unwrap()), 211);
                        finished = true;
                        break;
                    }
                    Poll::Pending => {
                        for _ in 0..4 {
                            tokio::task::yield_now().await;
                        }
                    }
                }
            }
        }
        let fate = connection.send(check("next.example.com")).await.unwrap();
        let Fate::Answered(reply) = fate else { panic!("{polls}: {fate:?}") };
        assert!(reply.first("asked").unwrap().ends_with("next.example.com"), "{polls}: {reply:?}");
        let begun = answers.await.unwrap();
        assert!(begun == 2 || (begun == 1 && polls <= 1), "{polls}: {begun}");
        if finished {
            return;
        }
    }
    panic!("64 polls were not enough");
}

/// A registry on loopback that greets, accepts the login and then does as it is told.
async fn over_tcp<F: Future<Output = ()> + Send + 'static>(
    registry: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> (Connection, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (mut peer, _) = listener.accept().await.unwrap();
        peer.write_all(GREETING).await.unwrap();
        command(&mut peer).await;
        peer.write_all(OK).await.unwrap();
        registry(peer).await;
    });
    let connection = Connection::open(TcpStream::connect(address).await.unwrap(), config()).await.unwrap();
    (connection, task)
}

/// The registry closes the idle session; our task has had no turn since. The command is not sent all the same.
#[tokio::test]
async fn what_the_kernel_holds_is_seen_before_the_first_byte() {
    for _ in 0..50 {
        let (mark, marked) = std::sync::mpsc::channel();
        // On a thread of its own, for ours is not to have its turn.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let registry = std::thread::spawn(move || {
            use std::io::{Read, Write};
            let (mut peer, _) = listener.accept().unwrap();
            peer.write_all(GREETING).unwrap();
            for _ in ["session", "describe"] {
                let mut read = Vec::new();
                while !read.ends_with(b"\r\n.\r\n") {
                    let mut byte = [0];
                    peer.read_exact(&mut byte).unwrap();
                    read.extend(byte);
                }
                peer.write_all(OK).unwrap();
            }
            marked.recv().unwrap();
            peer.write_all(IDLE).unwrap();
            drop(peer);
        });
        let connection =
            Connection::open(TcpStream::connect(address).await.unwrap(), config()).await.unwrap();
        assert!(connection.keep_alive().await.unwrap());
        mark.send(()).unwrap();
        registry.join().unwrap();
        let fate =
            connection.send(Status::domain(&"example.com".parse().unwrap()).to_command()).await.unwrap();
        assert!(matches!(fate, Fate::Unsent(_)), "{fate:?}");
        let end = connection.ended().await;
        assert!(matches!(end.why(), Why::Unsolicited(_)) && end.code().unwrap() == 520, "{end}");
    }
}

#[tokio::test]
async fn a_reset_is_an_end_like_another() {
    let (connection, registry) = over_tcp(async |mut peer: TcpStream| {
        command(&mut peer).await;
        socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
    })
    .await;
    assert!(matches!(connection.send(check("example.com")).await.unwrap(), Fate::Unanswered));
    registry.await.unwrap();
    let end = connection.ended().await;
    assert!(matches!(end.why(), Why::Transport(_)), "{end}");
}

/// What came out of step is cut off, and not closed in order: nothing of it may reach anybody any more.
#[tokio::test]
async fn a_session_out_of_step_is_reset_and_one_in_step_is_closed() {
    for (answer, reset) in [("200 no answer to a CHECK\r\n.\r\n", true), ("420 closing\r\n.\r\n", false)] {
        let (connection, registry) = over_tcp(async move |mut peer: TcpStream| {
            command(&mut peer).await;
            peer.write_all(answer.as_bytes()).await.unwrap();
            let end = peer.read(&mut [0; 16]).await;
            assert_eq!(end.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset), reset);
        })
        .await;
        assert!(matches!(connection.send(check("example.com")).await.unwrap(), Fate::Answered(_)));
        registry.await.unwrap();
    }
}

#[tokio::test]
async fn who_gives_up_closes_the_connection() {
    let (connection, registry) = over_tcp(async |mut peer: TcpStream| {
        let mut rest = Vec::new();
        let _ = peer.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
    })
    .await;
    connection.abandon();
    registry.await.unwrap();
}
