//! What the daemon logs of its local clients at TRACE: each request with its reply, and no secret of anybody. It is the one
//! test of its process, for what is logged in others would decide what is logged in this one.
#![cfg(all(feature = "daemon", feature = "sim-server"))]

#[path = "support/log.rs"]
mod log;

use std::path::Path;

use rrp::daemon::{Config, Control, Hooks, Surroundings, run};
use rrp::sim::server::{Listen, Server};
use rrp::sim::{self, Registrar};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use log::Log;

const PLANTED: &str = "pl4nted";
const UPSTREAM: &str = "upstr34m";
const LOCAL: &str = "l0cal";

fn config(port: u16, directory: &Path) -> Config {
    let text = format!(
        "[account.main]\nserver = \"127.0.0.1:{port}\"\nplain = true\nlogin = \"registrar\"\npassword-env = \"UPSTREAM\"\n\
         rate = \"unlimited\"\njournal = \"main.redb\"\nlock = \".\"\n\
         [user.desk]\npassword-env = \"LOCAL\"\n[[listen]]\nunix = \"front.sock\"\n"
    );
    let surroundings = Surroundings::none().variable("UPSTREAM", UPSTREAM).variable("LOCAL", LOCAL);
    Config::parse(&text, directory.join("rrp.toml").to_str().unwrap(), &surroundings).unwrap()
}

async fn log_in(path: &Path, password: &str) -> UnixStream {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(format!("desk\n{password}\n").as_bytes()).await.unwrap();
    stream.read_exact(&mut [0; 15]).await.unwrap();
    stream
}

async fn ask(stream: &mut UnixStream, request: &str) -> String {
    stream.write_all(format!("{request}\nEOF\n").as_bytes()).await.unwrap();
    let mut told = Vec::new();
    while !told.ends_with(b"EOF\n") {
        told.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(told).unwrap()
}

#[tokio::test]
async fn requests_and_replies_are_logged_without_secrets() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let directory = tempfile::tempdir().unwrap();
    let registry = sim::Config::new().registrar(Registrar::new("registrar", UPSTREAM));
    let registry = sim::Registry::new(registry, Server::now());
    let registry = Server::start(registry, Listen::plain("127.0.0.1:0".parse().unwrap())).await.unwrap();
    let config = config(registry.address().port(), directory.path());
    let (control, orders) = mpsc::channel(1);
    let daemon = tokio::spawn(run(config, Hooks::default(), orders));
    let path = directory.path().join("front.sock");
    while !path.exists() {
        tokio::task::yield_now().await;
    }
    // A wrong password is somebody's, too.
    log_in(&path, PLANTED).await.read_to_end(&mut Vec::new()).await.unwrap();
    let mut desk = log_in(&path, LOCAL).await;
    let added = ask(&mut desk, "[COMMAND]\ncommand=AddDomain\ndomain=example.com\nperiod=1").await;
    assert!(added.contains("code = 200"), "{added}");
    for request in [
        format!("command=SetAuthCode\ndomain=example.com\nauth={PLANTED}"),
        format!("command=ModifyDomain\ndomain=example.com\nX-AUTH-CODE={PLANTED}"),
        format!("command=TransferDomain\naction=REQUEST\ndomain=example.com\nAuth = {PLANTED}"),
        format!("command=CheckAuthentication\nsubuser=x\npassword={PLANTED}"),
        // What is refused here.
        format!("command=StatusDomain\ncommand=x\nauth={PLANTED}"),
        format!("command=PushDomain\nauth={PLANTED}"),
    ] {
        ask(&mut desk, &format!("[COMMAND]\n{request}")).await;
    }
    ask(&mut desk, &format!("session\n-Id:x\n-Password:{PLANTED}")).await;
    control.send(Control::Drain).await.unwrap();
    daemon.await.unwrap().unwrap();
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for wanted in ["rrp::front: answered user=\"desk\"", "command=AddDomain", "code = 200", "auth=***"] {
        assert!(logged.contains(wanted), "no {wanted:?} in {logged}");
    }
    for secret in [PLANTED, UPSTREAM, LOCAL] {
        assert!(!logged.contains(secret), "{secret} in {logged}");
    }
}
