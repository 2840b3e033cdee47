//! The simulated registry on a socket, and the client on the other end of it.
#![cfg(feature = "sim-server")]

use std::time::Duration;

use rrp::command::{self, Add, Check, Command, Period, Status, ToCommand};
use rrp::net::{Connection, Connector, Endpoint, Tls};
use rrp::session::{Config, Fate, Stage, Why};
use rrp::sim::server::{Listen, Server};
use rrp::sim::{self, Close, Effect, Fault, Registrar, Registry, Trigger};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn server(listen: Listen) -> Server {
    let config = sim::Config::new().registrar(Registrar::new("registrar", "i-am-it"));
    Server::start(Registry::new(config, Server::now()), listen).await.unwrap()
}

fn loopback() -> std::net::SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

async fn open(server: &Server) -> Connection {
    let endpoint: Endpoint = server.address().to_string().parse().unwrap();
    let connector = match server.authority() {
        Some(pem) => Connector::tls(Tls::ca_pem(pem.as_bytes()).unwrap()),
        None => Connector::plain(),
    };
    let login = command::Session::login("registrar", "i-am-it".to_owned()).unwrap();
    Connection::open(connector.connect(&endpoint).await.unwrap(), Config::new(login)).await.unwrap()
}

fn add(name: &str) -> Command {
    Add::domain(&name.parse().unwrap()).period(Period::years(1).unwrap()).to_command()
}

fn status(name: &str) -> Command {
    Status::domain(&name.parse().unwrap()).to_command()
}

#[track_caller]
fn code(fate: &Fate) -> u16 {
    match fate {
        Fate::Answered(reply) => reply.code().as_u16(),
        other => panic!("{other:?}"),
    }
}

async fn registers_and_reads_back(server: Server) {
    let connection = open(&server).await;
    assert_eq!(code(&connection.send(add("example.com")).await.unwrap()), 200);
    assert_eq!(code(&connection.send(add("example.com")).await.unwrap()), 554);
    assert_eq!(code(&connection.send(status("example.com")).await.unwrap()), 200);
    assert!(connection.keep_alive().await.unwrap().holds());
    let end = connection.quit().await;
    assert!(matches!(end.why(), Why::Quit), "{end}");
    let registry = server.registry();
    assert_eq!(registry.ledger().executed("add", "example.com"), 1);
}

#[tokio::test]
async fn a_domain_is_registered_over_tls() {
    registers_and_reads_back(server(Listen::tls(loopback())).await).await;
}

#[tokio::test]
async fn a_domain_is_registered_over_plain_tcp() {
    registers_and_reads_back(server(Listen::plain(loopback())).await).await;
}

/// Every way of closing, over both transports: the command was executed, and nobody here can know.
#[tokio::test]
async fn a_lost_reply_leaves_a_change_unanswered() {
    for close in [Close::Orderly, Close::Fin, Close::Reset] {
        for listen in [Listen::tls(loopback()), Listen::plain(loopback())] {
            let server = server(listen).await;
            let lost = Fault::on(Trigger::Command("add".into())).then(Effect::ExecuteAndClose(close));
            server.registry().faults().add(lost);
            let connection = open(&server).await;
            let fate = connection.send(add("example.com")).await.unwrap();
            assert!(matches!(fate, Fate::Unanswered), "{close:?}: {fate:?}");
            let end = connection.ended().await;
            assert_eq!(end.stage(), Stage::FirstByte, "{close:?}: {end}");
            assert_eq!(server.registry().ledger().executed("add", "example.com"), 1);
            // On another session it can be seen.
            assert_eq!(code(&open(&server).await.send(status("example.com")).await.unwrap()), 200);
        }
    }
}

/// Session tickets are bytes on the wire, and no reply: they must not keep a command from being sent.
#[tokio::test]
async fn tickets_are_no_reply() {
    let server = server(Listen::tls(loopback()).tickets(8)).await;
    let connection = open(&server).await;
    assert_eq!(
        code(&connection.send(Check::domain(&"example.com".parse().unwrap()).to_command()).await.unwrap()),
        210
    );
}

#[tokio::test]
async fn an_idle_session_is_closed_by_the_registry_and_nothing_is_sent_on_it() {
    let server = server(Listen::tls(loopback())).await;
    let idle = Fault::on(Trigger::Idle(Duration::from_millis(20))).then(Effect::Unsolicited(
        bytes::Bytes::from_static(
            b"520 Server closing connection. Client should try opening new connection\r\n.\r\n",
        ),
    ));
    server.registry().faults().add(idle);
    let connection = open(&server).await;
    let end = connection.ended().await;
    assert!(end.code().is_some_and(|code| code == 520), "{end}");
    let fate = connection.send(add("example.com")).await.unwrap();
    assert!(matches!(fate, Fate::Unsent(_)), "{fate:?}");
    assert_eq!(server.registry().ledger().executed("add", "example.com"), 0);
}

/// Who does not speak TLS, or stays silent, takes no place for ever and harms nobody else.
#[tokio::test]
async fn strange_clients_do_not_disturb() {
    let server = server(Listen::tls(loopback())).await;
    let mut plain = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    plain.write_all(b"session\r\n-Id:registrar\r\n-Password:i-am-it\r\n.\r\n").await.unwrap();
    let _silent = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let connection = open(&server).await;
    assert_eq!(code(&connection.send(add("example.com")).await.unwrap()), 200);
    // An alert, and the end.
    let mut rest = Vec::new();
    let _ = plain.read_to_end(&mut rest).await;
    assert!(!rest.starts_with(b"2"), "{rest:?}");
}

#[tokio::test]
async fn a_dropped_server_closes() {
    let server = server(Listen::tls(loopback())).await;
    let connection = open(&server).await;
    drop(server);
    let end = connection.ended().await;
    assert!(matches!(end.why(), Why::Eof | Why::Transport(_)), "{end}");
}

/// A client that sends and never reads is reset, and its place is free again.
#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_let_go() {
    let server = server(Listen::plain(loopback())).await;
    let mut client = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    client.write_all(b"session\r\n-Id:registrar\r\n-Password:i-am-it\r\n.\r\n").await.unwrap();
    let many = b"describe\r\n.\r\n".repeat(1_000);
    while client.write_all(&many).await.is_ok() {}
    assert_eq!(server.registry().sessions("registrar"), 0);
}
