//! Where the demo is played: a simulated registry over TLS, and a daemon of its account, both in this process.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rrp::daemon::{Config, Control, Hooks, RunError, Surroundings, run};
use rrp::sim::server::{Listen, Server};
use rrp::sim::{self, Effect, Fault, Registrar, Registry, Trigger};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::local::Local;
use crate::nest::Nest;

/// Who logs in at the registry.
pub(super) const LOGIN: &str = "registrar";
/// Of everybody here.
const PASSWORD: &str = "password";

/// When the registry's clock begins, in milliseconds of Unix time: 2026-01-01. The daemon goes by it, too.
const BEGIN: u64 = 1_767_225_600_000;

/// How often it is looked whether something has happened.
const LOOK: Duration = Duration::from_millis(5);

type Problem = Box<dyn Error>;

pub(super) struct Stage {
    pub(super) server: Server,
    nest: Nest,
    control: mpsc::Sender<Control>,
    daemon: JoinHandle<Result<(), RunError>>,
}

impl Stage {
    pub(super) async fn begin() -> Result<Self, Problem> {
        let registry = sim::Config::new().registrar(Registrar::new(LOGIN, PASSWORD));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(Registry::new(registry, Server::now()), Listen::tls(address)).await?;
        let nest = Nest::new().map_err(|error| format!("no directory to live in: {error}"))?;
        nest.write("ca.pem", server.authority().unwrap_or_default())?;
        let surroundings = Surroundings::system().variable("DEMO", PASSWORD);
        let config = Config::parse(&config(&nest, &server), "demo", &surroundings)?;
        let mut hooks = Hooks::default();
        hooks.clock = Arc::new(|| BEGIN);
        let (control, orders) = mpsc::channel(1);
        let daemon = tokio::spawn(run(config, hooks, orders));
        let mut stage = Self { server, nest, control, daemon };
        while !stage.front().exists() {
            if stage.daemon.is_finished() {
                (&mut stage.daemon).await??;
                return Err("the daemon has ended".into());
            }
            sleep(LOOK).await;
        }
        Ok(stage)
    }

    fn front(&self) -> PathBuf {
        self.nest.path("front.sock")
    }

    pub(super) async fn log_in(&self, user: &'static str) -> Result<Local, Problem> {
        Ok(Local::log_in(&self.front(), user, PASSWORD).await?)
    }

    /// The next command of this name fares like this.
    pub(super) fn fault(&self, command: &str, effect: Effect) {
        self.server.registry().faults().add(Fault::on(Trigger::Command(command.to_owned())).then(effect));
    }

    /// Waits until the registry has executed this.
    pub(super) async fn executed(&self, command: &str, object: &str) {
        while self.server.registry().ledger().executed(command, object) == 0 {
            sleep(LOOK).await;
        }
    }

    /// Waits until the daemon has nothing more to do, also for those who have left.
    pub(super) async fn idle(&self) -> Result<(), Problem> {
        let waits = |told: &Value| told.pointer("/ok/waiting").and_then(Value::as_array).map(Vec::len);
        while waits(&self.admin("queue").await?).ok_or("the daemon does not say who waits")? > 0 {
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// Asks the daemon as an operator does.
    async fn admin(&self, what: &str) -> Result<Value, Problem> {
        let mut stream = BufReader::new(UnixStream::connect(self.nest.path("admin.sock")).await?);
        stream.get_mut().write_all(format!("{}\n", json!({"do": what})).as_bytes()).await?;
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Ends the daemon in order; the registry stays, to be looked at.
    pub(super) async fn end(self) -> Result<Server, Problem> {
        // If it has ended already, that is told next.
        let _ = self.control.send(Control::Drain).await;
        self.daemon.await??;
        Ok(self.server)
    }
}

/// What the daemon is told to do.
fn config(nest: &Nest, server: &Server) -> String {
    let quoted = |name: &str| json!(nest.path(name)).to_string();
    format!(
        "[[listen]]\nunix = {}\n[admin]\nsocket = {}\n[account.main]\nserver = \"{}\"\nlogin = \"{LOGIN}\"\n\
         password-env = \"DEMO\"\nca-file = {}\nrate = \"unlimited\"\njournal = {}\nlock = {}\n\
         settle-wait = \"2s\"\nnegatives = [\"2500ms\", \"0s\", \"10ms\"]\n\
         [user.shop]\npassword-env = \"DEMO\"\n[user.desk]\npassword-env = \"DEMO\"\n",
        quoted("front.sock"),
        quoted("admin.sock"),
        server.address(),
        quoted("ca.pem"),
        quoted("journal.redb"),
        json!(nest.directory()),
    )
}
