//! The program `rrp` as a child, and a simulated registry in this process for it to talk to.
#![allow(dead_code, reason = "each test uses a part")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use rrp::sim::server::{Listen, Server};
use rrp::sim::{Config, Effect, Fault, Registrar, Registry, Trigger};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Who logs in, and with what.
pub(crate) const USER: &str = "registrar";
pub(crate) const PASSWORD: &str = "hunter22";

/// A registry that listens on loopback.
pub(crate) struct Sim {
    pub(crate) server: Server,
    runtime: Runtime,
    directory: TempDir,
}

impl Sim {
    /// Over TLS.
    pub(crate) fn new() -> Self {
        Self::with(Config::new(), Listen::tls("127.0.0.1:0".parse().unwrap()))
    }

    pub(crate) fn plain() -> Self {
        Self::with(Config::new(), Listen::plain("127.0.0.1:0".parse().unwrap()))
    }

    pub(crate) fn with(config: Config, listen: Listen) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(async {
            let config = config.registrar(Registrar::new(USER, PASSWORD));
            Server::start(Registry::new(config, Server::now()), listen).await.unwrap()
        });
        let directory = tempfile::tempdir().unwrap();
        if let Some(authority) = server.authority() {
            std::fs::write(directory.path().join("ca.pem"), authority).unwrap();
        }
        Self { server, runtime, directory }
    }

    pub(crate) fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// A file in a directory of its own.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The next command of this name fares like this.
    pub(crate) fn fault(&self, command: &str, effect: Effect) {
        self.add(Fault::on(Trigger::Command(command.to_owned())).then(effect));
    }

    pub(crate) fn add(&self, fault: Fault) {
        self.server.registry().faults().add(fault);
    }

    /// How often the registry has executed a command on `example.com`.
    pub(crate) fn executed(&self, command: &str) -> usize {
        self.server.registry().ledger().executed(command, "example.com")
    }

    /// The program, told of this registry, with nothing on standard input.
    pub(crate) fn program(&self, args: &[&str]) -> Command {
        let mut program = program(args);
        program.args(["--server", &self.address(), "--user", USER]).env("RRP_PASSWORD", PASSWORD);
        if self.server.authority().is_some() {
            program.arg("--ca-file").arg(self.file("ca.pem"));
        } else {
            program.arg("--plain");
        }
        program
    }

    /// What the program says to this.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        Said::of(self.program(args).output().unwrap())
    }

    pub(crate) fn run_with_input(&self, args: &[&str], input: &str) -> Said {
        with_input(&mut self.program(args), input)
    }
}

/// The program, in an environment that says nothing of a registry.
pub(crate) fn program(args: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_rrp"));
    program.args(args).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RRP_") {
            program.env_remove(name);
        }
    }
    program
}

pub(crate) fn with_input(program: &mut Command, input: &str) -> Said {
    let mut child =
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that refuses its command line does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Said::of(child.wait_with_output().unwrap())
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let said = Self {
            exit: output.status.code().expect("it was not killed"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        // Whatever is tested: no password is ever shown.
        assert!(!said.out.contains(PASSWORD) && !said.err.contains(PASSWORD), "{said:?}");
        said
    }

    /// With this exit code; both streams, one behind the other.
    #[track_caller]
    pub(crate) fn exits(self, exit: i32) -> Self {
        assert_eq!(self.exit, exit, "{}{}", self.out, self.err);
        self
    }

    /// With this in what was said.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text) || self.err.contains(text), "`{text}` in:\n{}{}", self.out, self.err);
        self
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
