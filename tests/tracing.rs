//! What sessions and connectors log at TRACE: enough to follow them, no secret, and nothing that a terminal obeys.
#![cfg(feature = "tls")]

#[path = "support/log.rs"]
mod log;
mod support;

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use log::Log;
use rrp::command::{self, Command, Ptf, ToCommand};
use rrp::net::{Connection, Connector, Endpoint, OpenError, Tls};
use rrp::session::{Config, Fate};
use support::chain;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// The password, a new one, an authorisation code: one text without any mark of a secret.
const PLANTED: &str = "pl4nted";
/// What a hostile registry sends to a terminal.
const ORDERS: &str = "\u{1b}]0;owned\u{7}\u{1b}[31m\u{9b}2J\u{202e}";

const GREETING: &str = "Example RRP Server version 1.1.0\r\nSun Nov 22 00:00:00 2026\r\n.\r\n";
const OK: &str = "200 Command completed successfully\r\n.\r\n";

/// Everything that can be seen of one try beside the log, in text.
#[derive(Default)]
struct Seen {
    shown: String,
}

impl Seen {
    fn debug(&mut self, value: &impl Debug) {
        self.shown.push_str(&format!("{value:?}\n{value:#?}\n"));
    }

    fn error(&mut self, error: &(impl Error + 'static)) {
        self.shown.push_str(&chain(error));
        self.debug(error);
    }

    fn open(&mut self, error: &OpenError) {
        self.error(error);
        self.shown.push_str(&error.fix().unwrap_or_default());
        self.debug(&error.cause());
    }

    /// Runs one try under a subscriber that takes all there is.
    fn of(name: &str, work: impl AsyncFnOnce(&mut Self)) -> String {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(log.clone())
            .with_ansi(false)
            .finish();
        let mut seen = Self::default();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        tracing::subscriber::with_default(subscriber, || runtime.block_on(work(&mut seen)));
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let all = format!("{log}\n{}", seen.shown);
        let bytes = format!("{:?}", PLANTED.as_bytes());
        assert!(!all.contains(PLANTED), "{name}: {all}");
        assert!(!all.contains(bytes.trim_matches(['[', ']'])), "{name}: as bytes: {all}");
        let order = all.chars().find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
        assert_eq!(order, None, "{name}: {all:?}");
        assert!(!log.is_empty(), "{name}: nothing was logged");
        log
    }
}

fn config() -> Config {
    let login = command::Session::login("registrar", PLANTED.to_owned()).unwrap();
    Config::new(login.new_password(format!("{PLANTED}2")).unwrap())
}

fn secretive() -> Command {
    Ptf::change("TransferDomain")
        .unwrap()
        .param("domain", "example.com")
        .unwrap()
        .param("auth", PLANTED)
        .unwrap()
        .to_command()
}

async fn ended(peer: &mut DuplexStream) -> Vec<u8> {
    let mut read = Vec::new();
    while !read.ends_with(b".\r\n") {
        read.push(peer.read_u8().await.unwrap());
    }
    read
}

/// A registry that sends these texts, one before the login and one after each thing it is sent, and then closes.
async fn registry(mut peer: DuplexStream, texts: &[&str]) {
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            ended(&mut peer).await;
        }
        peer.write_all(text.as_bytes()).await.unwrap();
    }
}

/// One try against such a registry.
async fn session(seen: &mut Seen, texts: &[&str]) {
    let (ours, theirs) = duplex(4_096);
    seen.debug(&config());
    let client = async {
        match Connection::open(ours, config()).await {
            Ok(connection) => {
                seen.debug(&connection);
                seen.debug(&connection.login());
                seen.debug(&secretive());
                match connection.send(secretive()).await {
                    Ok(Fate::Answered(reply)) => seen.debug(&reply),
                    Ok(fate) => seen.debug(&fate),
                    Err(rejected) => seen.error(&rejected),
                }
                if let Err(rejected) = connection.send(command::Quit.to_command()).await {
                    seen.error(&rejected);
                }
                let end = connection.quit().await;
                seen.error(&Arc::into_inner(end).unwrap());
            }
            Err(error) => seen.open(&error),
        }
    };
    tokio::join!(client, registry(theirs, texts));
}

#[test]
fn no_stage_of_a_session_shows_the_password_or_obeys_the_registry() {
    let orders = format!("Example{ORDERS} RRP Server version {ORDERS}\r\nSun\r\n.\r\n");
    let refused = format!("530 Authentication failed{ORDERS}; password={PLANTED}\r\n.\r\n");
    let prose =
        format!("530 Nobody by the name of registrar is let in with {PLANTED} or {PLANTED}2\r\n.\r\n");
    let quoted = format!("500 Invalid command name; -Password:{PLANTED} {ORDERS}\r\n.\r\n");
    let auth = format!(
        "[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully; {ORDERS}\r\n\
         property[auth][0] = {PLANTED}\r\nproperty[x{ORDERS}][0] = {ORDERS}\r\nEOF\r\n"
    );
    let garbled = format!("{ORDERS}{PLANTED}\r\n.\r\n");
    let noise = format!("{OK}-Password:{PLANTED}{ORDERS}\r\n.\r\n");
    let surplus = format!("{OK}200 {ORDERS} auth={PLANTED}\r\n.\r\n");
    let half = format!("{OK}auth:{PLANTED}");
    let texts: &[(&str, &[&str])] = &[
        ("no greeting", &[]),
        ("half a greeting", &["Exam"]),
        ("a greeting with orders", &[&orders, OK, OK, OK]),
        ("521 instead of a greeting", &["521 Too many sessions open. Server closing connection\r\n.\r\n"]),
        ("a reply instead of a greeting", &[&refused]),
        ("login refused", &[GREETING, &refused]),
        ("login quoted in prose", &[GREETING, &prose]),
        ("login quoted", &[GREETING, &quoted]),
        ("login garbled", &[GREETING, &garbled]),
        ("login lost", &[GREETING, "200 Comm"]),
        ("noise behind the login", &[GREETING, &noise]),
        ("half a line behind the login", &[GREETING, &half]),
        ("surplus behind the login", &[GREETING, &surplus]),
        ("an authorisation code in the reply", &[GREETING, OK, &auth, OK]),
        ("a command refused", &[GREETING, OK, &refused, OK]),
        ("a command garbled", &[GREETING, OK, &garbled]),
        ("no answer", &[GREETING, OK]),
    ];
    for (name, texts) in texts {
        let log = Seen::of(name, async |seen| session(seen, texts).await);
        assert!(log.contains("session{") || log.contains("session:"), "{name}: {log}");
    }
}

#[test]
fn a_session_can_be_followed() {
    let log = Seen::of("followed", async |seen| session(seen, &[GREETING, OK, OK, OK]).await);
    for word in [
        "greeted",
        "logged in",
        "TransferDomain",
        "effect=\"write\"",
        "answered",
        "code=200",
        "session ended",
    ] {
        assert!(log.contains(word), "`{word}`: {log}");
    }
}

#[test]
fn connecting_shows_no_order_of_the_server() {
    // It answers the handshake in plain text, with the bytes that a terminal would obey.
    let log = Seen::of("plain text on the TLS port", async |seen| {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint: Endpoint = listener.local_addr().unwrap().to_string().parse().unwrap();
        let server = async {
            let (mut peer, _) = listener.accept().await.unwrap();
            peer.write_all(
                format!("Example{ORDERS} RRP Server {PLANTED}=password: {PLANTED}\r\n").as_bytes(),
            )
            .await
            .unwrap();
            let _ = peer.read_to_end(&mut Vec::new()).await;
        };
        let tls = Tls::ca_pem(authority().as_bytes()).unwrap();
        let connector = Connector::tls(tls);
        let (error, ()) = tokio::join!(async { connector.connect(&endpoint).await.unwrap_err() }, server);
        seen.error(&error);
        seen.shown.push_str(&error.fix());
    });
    assert!(log.contains("connecting"), "{log}");
}

fn authority() -> String {
    let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
}
