//! The daemon as its clients see it, against a simulated registry.
#![cfg(all(feature = "daemon", feature = "sim-server"))]
#![allow(clippy::disallowed_methods)]

mod identical;
mod reload;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use rrp::daemon::{Config, Control, Hooks, RunError, Surroundings, run};
use rrp::sim::server::{Listen, Server};
use rrp::sim::{self, Change, Close, Effect, Fault, Registrar, Trigger};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

struct Daemon {
    directory: TempDir,
    registry: Server,
    control: mpsc::Sender<Control>,
    task: JoinHandle<Result<(), RunError>>,
}

impl Daemon {
    async fn start() -> Self {
        Self::with("").await
    }

    /// With these settings of the account.
    async fn with(settings: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let today = sim::Stamp::midnight(1970, 1, 1).after(since);
        let registry =
            sim::Config::new().registrar(Registrar::new("registrar", "password")).start_date(today);
        let registry = sim::Registry::new(registry, Server::now());
        let registry = Server::start(registry, Listen::plain("127.0.0.1:0".parse().unwrap())).await.unwrap();
        let config = config(&directory, &registry, settings);
        let (control, asked) = mpsc::channel(1);
        let task = tokio::spawn(run(config, Hooks::default(), asked));
        let daemon = Self { directory, registry, control, task };
        while !daemon.path().exists() {
            assert!(!daemon.task.is_finished(), "{:?}", daemon.task.await);
            tokio::task::yield_now().await;
        }
        daemon
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("front.sock")
    }

    async fn connect(&self) -> UnixStream {
        UnixStream::connect(self.path()).await.unwrap()
    }

    async fn log_in(&self, user: &str) -> UnixStream {
        let mut stream = self.connect().await;
        stream.write_all(format!("{user}\nsecret\n").as_bytes()).await.unwrap();
        let mut prompts = [0; 15];
        stream.read_exact(&mut prompts).await.unwrap();
        assert_eq!(&prompts, b"login:password:");
        stream
    }

    async fn end(self) -> Server {
        self.control.send(Control::Drain).await.unwrap();
        self.task.await.unwrap().unwrap();
        assert!(!self.directory.path().join("front.sock").exists());
        self.registry
    }
}

fn config(directory: &TempDir, registry: &Server, settings: &str) -> Config {
    let path = directory.path().display();
    let text = format!(
        "[[listen]]\nunix = '{path}/front.sock'\n[user.desk]\npassword-env = 'SECRET'\ndeny = ['PushDomain']\n\
         [user.batch]\npassword-env = 'SECRET'\n[account.main]\nserver = '{}'\nlogin = 'registrar'\n\
         password-env = 'PASSWORD'\nplain = true\nrate = 'unlimited'\njournal = '{path}/main.redb'\n\
         lock = '{path}'\n{settings}\n",
        registry.address()
    );
    let negatives = if settings.contains("negatives") { "" } else { "negatives = ['0s', '0s', '10ms']\n" };
    let surroundings = Surroundings::none().variable("SECRET", "secret").variable("PASSWORD", "password");
    Config::parse(&format!("{text}{negatives}"), "test.toml", &surroundings).unwrap()
}

/// Up to and with the next `EOF`.
async fn reply(stream: &mut UnixStream) -> String {
    let mut told = Vec::new();
    while !told.ends_with(b"EOF\n") {
        match stream.read_u8().await {
            Ok(byte) => told.push(byte),
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&told)),
        }
    }
    String::from_utf8(told).unwrap()
}

async fn ask(stream: &mut UnixStream, lines: &str) -> String {
    stream.write_all(format!("[COMMAND]\n{lines}\nEOF\n").as_bytes()).await.unwrap();
    reply(stream).await
}

fn code(reply: &str) -> &str {
    reply.lines().find_map(|line| line.strip_prefix("code")?.split('=').nth(1)).unwrap().trim()
}

#[tokio::test]
async fn requests_are_answered_in_order_and_end_in_order() {
    let daemon = Daemon::start().await;
    let mut desk = daemon.log_in("desk").await;
    let added = ask(&mut desk, "command=AddDomain\ndomain=example.com\nperiod=1").await;
    assert!(added.starts_with("[RESPONSE]\n") && !added.contains('\r'), "{added}");
    assert_eq!(code(&added), "200");
    desk.write_all(b"[COMMAND]\r\ncommand=CheckDomain\r\ndomain=example.com\r\nEOF\r\n\r\n[COMMAND]\ncommand = StatusDomain\ndomain=example.com\neof\n").await.unwrap();
    assert_eq!(code(&reply(&mut desk).await), "211");
    assert_eq!(code(&reply(&mut desk).await), "200");
    let registry = daemon.end().await;
    assert_eq!(registry.registry().ledger().changes(Change::Created, "example.com"), 1);
    let mut rest = Vec::new();
    assert_eq!(desk.read_to_end(&mut rest).await.unwrap(), 0, "{rest:?}");
}

#[tokio::test]
async fn a_lost_reply_is_settled_before_it_is_told() {
    let daemon = Daemon::start().await;
    let lost = Effect::ExecuteAndClose(Close::Reset);
    daemon.registry.registry().faults().add(Fault::on(Trigger::Command("AddDomain".to_owned())).then(lost));
    let mut desk = daemon.log_in("desk").await;
    let added = ask(&mut desk, "command=AddDomain\ndomain=example.com\nperiod=1").await;
    assert!(code(&added) == "200" && added.contains("property[rrp-origin][0] = local"), "{added}");
    let registry = daemon.end().await;
    assert_eq!(registry.registry().ledger().changes(Change::Created, "example.com"), 1);
}

#[tokio::test]
async fn nobody_gets_in_by_a_wrong_password() {
    let daemon = Daemon::start().await;
    for login in ["desk\nwrong\n", "nobody\nsecret\n", "\n\n"] {
        let mut stream = daemon.connect().await;
        stream.write_all(login.as_bytes()).await.unwrap();
        let mut told = String::new();
        stream.read_to_string(&mut told).await.unwrap();
        let wanted =
            "login:password:[RESPONSE]\ncode = 549\ndescription = Command failed; Login error\nEOF\n";
        assert_eq!(told, wanted);
    }
    daemon.end().await;
}

#[tokio::test]
async fn what_is_not_for_clients_is_not_forwarded() {
    let daemon = Daemon::start().await;
    let mut desk = daemon.log_in("desk").await;
    for (request, wanted) in [
        ("add\nEntityName:Domain\nDomainName:example.com\nEOF\n", "507"),
        ("session\n-Id:registrar\n-Password:password\nEOF\n", "507"),
        ("[COMMAND]\ncommand=StartSession\nEOF\n", "531"),
        ("[COMMAND]\ncommand=StopSession\nEOF\n", "531"),
        ("[COMMAND]\ncommand=SetPassword\nnewpassword=other\nEOF\n", "531"),
        ("[COMMAND]\ncommand=ModifyUser\nuser=registrar\nPassword=other\nEOF\n", "531"),
        ("[COMMAND]\ncommand=PushDomain\ndomain=example.com\nEOF\n", "531"),
        ("[COMMAND]\ncommand=StatusDomain\ncommand=AddDomain\ndomain=example.com\nEOF\n", "507"),
        ("EOF\n", "507"),
        (
            "[COMMAND]\ncommand=AddDomain\ndomain=example.com\n.\nadd\nEntityName:Domain\nDomainName:example.com\n.\n",
            "507",
        ),
    ] {
        desk.write_all(request.as_bytes()).await.unwrap();
        let told = reply(&mut desk).await;
        assert_eq!(code(&told), wanted, "{request}{told}");
    }
    assert_eq!(desk.read(&mut [0; 1]).await.unwrap(), 0);
    let registry = daemon.end().await;
    assert_eq!(registry.registry().ledger().changes(Change::Created, "example.com"), 0);
}
