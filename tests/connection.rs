//! Sessions on live connections: in memory under a virtual clock, and over loopback TCP, where the kernel has a say.
#![cfg(feature = "net")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rrp::command::{self, Check, Command, Describe, Status, ToCommand};
use rrp::net::{Connection, Greeted, OpenError};
use rrp::session::{Config, Fate, Remains, Stage, Why};
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
        assert!(!connection.keep_alive().await.unwrap().holds());
        let end = connection.keep_alive().await.unwrap_err();
        assert!(matches!(end.why(), Why::LoginLost(_)), "{end}");
    };
    tokio::join!(answer, ask);
}

/// What a pool has to hear of a keepalive: the account is locked, or the session about to close.
#[tokio::test(start_paused = true)]
async fn a_keepalive_tells_what_the_registry_said() {
    for (answer, code, holds, closes) in [
        ("200 Command completed successfully\r\n.\r\n", 200, true, false),
        ("421 Command failed due to server error. Client should try again\r\n.\r\n", 421, false, false),
        ("422 Abuse\r\n.\r\n", 422, false, false),
        ("220 Command completed successfully. Server closing connection\r\n.\r\n", 220, true, true),
        ("420 Command failed due to server error. Server closing connection\r\n.\r\n", 420, false, true),
        ("520 Server closing connection\r\n.\r\n", 520, false, true),
    ] {
        let (connection, mut registry) = opened().await;
        let answered = async {
            assert_eq!(command(&mut registry).await, "describe\r\n.\r\n");
            registry.write_all(answer.as_bytes()).await.unwrap();
        };
        let (proof, ()) = tokio::join!(connection.keep_alive(), answered);
        let proof = proof.unwrap();
        assert_eq!((proof.holds(), proof.reply().unwrap().code().as_u16()), (holds, code));
        if closes {
            let end = connection.ended().await;
            assert!(matches!(end.why(), Why::Closing(_)) && end.code().unwrap() == code, "{end}");
            assert_eq!(end.remains(), Remains::Nothing);
        } else {
            assert!(connection.is_open(), "{code}");
        }
    }
    // A reply that is cut short is none.
    let (connection, mut registry) = opened().await;
    let cut = async {
        command(&mut registry).await;
        registry.write_all(b"422 Abu").await.unwrap();
        drop(registry);
    };
    let (proof, ()) = tokio::join!(connection.keep_alive(), cut);
    assert!(matches!(proof.unwrap_err().why(), Why::Incomplete { bytes: 7 }));

    // Where too many wait, nothing is asked.
    let (connection, _registry) = opened().await;
    let mut context = Context::from_waker(Waker::noop());
    let mut waiting: Vec<_> =
        (0..Connection::MAX_WAITING).map(|_| Box::pin(connection.keep_alive())).collect();
    assert!(waiting.iter_mut().all(|asked| asked.as_mut().poll(&mut context).is_pending()));
    let proof = connection.keep_alive().await.unwrap();
    assert!(!proof.holds() && proof.reply().is_none());
}

/// A registry that has greeted in memory, and the session that waits to log in.
async fn greeted() -> (Greeted, DuplexStream) {
    let (ours, mut theirs) = duplex(4_096);
    theirs.write_all(GREETING).await.unwrap();
    (Connection::greet(ours, config()).await.unwrap(), theirs)
}

async fn rest(peer: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut rest = String::new();
    peer.read_to_string(&mut rest).await.unwrap();
    rest
}

#[tokio::test(start_paused = true)]
async fn a_login_waits_as_long_as_it_is_told_and_nothing_is_sent_before() {
    let (greeted, mut registry) = greeted().await;
    assert_eq!(greeted.greeting().registry(), Some("Example"));
    assert!(greeted.is_open() && !greeted.changes_password());
    let mut ended = pin!(greeted.when_ended());
    let mut byte = [0];
    let happens = async {
        tokio::select! {
            end = &mut ended => end.to_string(),
            read = registry.read(&mut byte) => format!("{read:?}: {byte:?}"),
        }
    };
    let nothing = tokio::time::timeout(Duration::from_secs(86_400), happens).await;
    assert!(nothing.is_err(), "{nothing:?}");
    let registry = async {
        assert_eq!(command(&mut registry).await, "session\r\n-Id:registrar\r\n-Password:i-am-it\r\n.\r\n");
        registry.write_all(OK).await.unwrap();
        registry
    };
    let (connection, mut registry) = tokio::join!(greeted.log_in(), registry);
    let connection = connection.unwrap();
    assert_eq!(connection.greeting().unwrap().version(), Some("1.1.0"));
    let answered = async {
        command(&mut registry).await;
        registry.write_all(BYE).await.unwrap();
    };
    let (end, ()) = tokio::join!(connection.quit(), answered);
    assert_eq!((end.remains(), ended.await.to_string()), (Remains::Nothing, end.to_string()));

    // Whoever opens a connection waits for nothing, whatever the configuration says.
    let (ours, mut theirs) = duplex(4_096);
    let registry = async {
        theirs.write_all(GREETING).await.unwrap();
        command(&mut theirs).await;
        theirs.write_all(OK).await.unwrap();
    };
    let (connection, ()) = tokio::join!(Connection::open(ours, config().login_when_told()), registry);
    assert_eq!(connection.unwrap().login().code(), 200);

    // A registry that says nothing to it has its time from then on.
    let (greeted, _registry) = self::greeted().await;
    tokio::time::advance(Duration::from_secs(500)).await;
    let told = tokio::time::Instant::now();
    let error = greeted.log_in().await.unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), told.elapsed().as_secs()),
        ("login: took longer than its deadline", 60)
    );
    assert_eq!(error.session_end().unwrap().remains(), Remains::Silent);
}

#[tokio::test(start_paused = true)]
async fn who_waits_to_log_in_hears_of_the_loss_and_sends_nothing() {
    for (said, told) in [
        (&b""[..], "greeted: connection closed by the registry"),
        (b"520 bye\r\n.\r\n", "greeted: refused instead of greeted, with `520 bye`"),
        (b"521 full\r\n.\r\n", "greeted: refused instead of greeted, with `521 full`"),
        (b"hello\r\n.\r\n", "greeted: malformed reply"),
    ] {
        let (greeted, mut registry) = greeted().await;
        registry.write_all(said).await.unwrap();
        registry.shutdown().await.unwrap();
        let end = greeted.when_ended().await;
        assert_eq!((end.to_string().as_str(), end.remains()), (told, Remains::Nothing));
        assert!(!greeted.is_open());
        let error = greeted.log_in().await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.cause()), (told, None));
        assert_eq!(error.greeting().unwrap().registry(), Some("Example"));
        assert_eq!(rest(&mut registry).await, "");
    }
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_before_the_login_closes_at_once_and_sends_nothing() {
    let begun = tokio::time::Instant::now();
    let (greeted, mut registry) = greeted().await;
    let ended = greeted.when_ended();
    drop(greeted);
    assert_eq!(rest(&mut registry).await, "");
    let end = ended.await;
    assert!(
        matches!(end.why(), Why::Abandoned) && end.stage() == Stage::Greeted && end.is_orderly(),
        "{end}"
    );
    assert_eq!(end.remains(), Remains::Nothing);

    // Before the greeting, too, whichever way it was opened.
    let mut context = Context::from_waker(Waker::noop());
    for greets in [true, false] {
        let (ours, mut theirs) = duplex(4_096);
        if greets {
            let mut left = Box::pin(Connection::greet(ours, config()));
            assert!(left.as_mut().poll(&mut context).is_pending());
        } else {
            let mut left = Box::pin(Connection::open(ours, config()));
            assert!(left.as_mut().poll(&mut context).is_pending());
        }
        theirs.write_all(GREETING).await.unwrap();
        assert_eq!(rest(&mut theirs).await, "");
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

/// Whoever leaves while the login is on its way leaves a session that quits, or one that never began.
#[tokio::test(start_paused = true)]
async fn who_leaves_a_login_leaves_no_session_behind() {
    let mut told = Vec::new();
    for turns in 0..32 {
        let (greeted, mut registry) = greeted().await;
        let ended = greeted.when_ended();
        let registry = tokio::spawn(async move {
            let mut seen = String::new();
            let mut byte = [0];
            while registry.read(&mut byte).await.unwrap() > 0 {
                seen.push(char::from(byte[0]));
                if seen.ends_with("i-am-it\r\n.\r\n") {
                    registry.write_all(OK).await.unwrap();
                } else if seen.ends_with("quit\r\n.\r\n") {
                    registry.write_all(BYE).await.unwrap();
                }
            }
            seen
        });
        let finished = {
            let mut left = pin!(greeted.log_in());
            let mut context = Context::from_waker(Waker::noop());
            let mut finished = left.as_mut().poll(&mut context).is_ready();
            for _ in 0..turns {
                tokio::task::yield_now().await;
                finished = finished || left.as_mut().poll(&mut context).is_ready();
            }
            finished
        };
        let seen = registry.await.unwrap();
        assert_eq!(ended.await.remains(), Remains::Nothing);
        let session = "session\r\n-Id:registrar\r\n-Password:i-am-it\r\n.\r\n";
        assert!(seen.is_empty() || seen == [session, "quit\r\n.\r\n"].concat(), "{turns}: {seen}");
        told.push(seen.is_empty());
        if finished {
            assert!(told.contains(&true) && told.contains(&false), "{told:?}");
            return;
        }
    }
    panic!("32 turns were not enough");
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
        assert!(connection.keep_alive().await.unwrap().holds());
        mark.send(()).unwrap();
        registry.join().unwrap();
        let fate =
            connection.send(Status::domain(&"example.com".parse().unwrap()).to_command()).await.unwrap();
        assert!(matches!(fate, Fate::Unsent(_)), "{fate:?}");
        let end = connection.ended().await;
        assert!(matches!(end.why(), Why::Unsolicited(_)) && end.code().unwrap() == 520, "{end}");
    }
}

/// The same for a login that has waited: what came meanwhile is seen, though our task has had no turn since.
#[tokio::test]
async fn a_login_that_waited_does_not_go_to_a_registry_that_has_closed() {
    for _ in 0..50 {
        let (mark, marked) = std::sync::mpsc::channel();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let registry = std::thread::spawn(move || {
            use std::io::{Read, Write};
            let (mut peer, _) = listener.accept().unwrap();
            peer.write_all(GREETING).unwrap();
            marked.recv().unwrap();
            peer.write_all(IDLE).unwrap();
            peer.shutdown(std::net::Shutdown::Write).unwrap();
            move || {
                let mut rest = Vec::new();
                peer.read_to_end(&mut rest).map(|_| rest)
            }
        });
        let transport = TcpStream::connect(address).await.unwrap();
        let greeted = Connection::greet(transport, config()).await.unwrap();
        mark.send(()).unwrap();
        let rest = registry.join().unwrap();
        let error = greeted.log_in().await.unwrap_err();
        let end = error.session_end().unwrap();
        assert!(matches!(end.why(), Why::InsteadOfGreeting(_)) && end.code().unwrap() == 520, "{end}");
        assert_eq!(end.remains(), Remains::Nothing);
        assert_eq!(tokio::task::spawn_blocking(rest).await.unwrap().unwrap(), b"");
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
    let ended = connection.when_ended();
    connection.abandon();
    registry.await.unwrap();
    // The registry may take its time to notice.
    assert_eq!(ended.await.remains(), Remains::Perhaps);
}
