//! `rrp serve` as a child process.
#![cfg(all(unix, feature = "cli"))]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use program::{PASSWORD, Said, Sim, USER, program};

#[path = "support/program.rs"]
mod program;

/// For what comes at once but on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon in a process of its own.
struct Daemon {
    child: Child,
    out: BufReader<ChildStdout>,
    log: Arc<(Mutex<String>, Condvar)>,
}

impl Daemon {
    fn start(program: &mut Command) -> Self {
        let mut child =
            program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let lines = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new((Mutex::default(), Condvar::new()));
        let shared = Arc::clone(&log);
        thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let (log, more): &(Mutex<String>, Condvar) = &shared;
                log.lock().unwrap().push_str(&(line + "\n"));
                more.notify_all();
            }
        });
        let daemon = Self { child, out, log };
        daemon.logs("serving", 1);
        daemon
    }

    /// Waits until this was logged so many times.
    #[track_caller]
    fn logs(&self, text: &str, times: usize) -> String {
        let (log, more) = &*self.log;
        let lacks = |log: &mut String| log.matches(text).count() < times;
        let (log, late) = more.wait_timeout_while(log.lock().unwrap(), PATIENCE, lacks).unwrap();
        assert!(!late.timed_out(), "not logged {times} times: {text}\n{log}");
        assert!(!log.contains(PASSWORD), "{log}");
        log.clone()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Ends it in order; what it prints then.
    fn end(mut self) -> String {
        self.signal("-TERM");
        self.logs("drained", 1);
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        rest
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a local client hears to all this.
fn hears(socket: &Path, says: &str) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(says.as_bytes()).unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    heard
}

/// What a user hears who logs in, asks for this and leaves.
fn asks(socket: &Path, user: &str, password: &str, request: &str) -> String {
    hears(socket, &format!("{user}\n{password}\n[COMMAND]\n{request}\nEOF\nquit\n"))
}

/// A configuration for a simulated registry, in a directory with all that it names.
struct Place(TempDir);

impl Place {
    fn new(sim: &Sim) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::copy(sim.file("ca.pem"), directory.path().join("ca.pem")).unwrap();
        Self(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(sim: &Sim, name: &str, rest: &str) -> String {
        format!(
            "[[listen]]\nunix = \"{name}.sock\"\n[account.main]\nserver = \"{}\"\nlogin = \"{USER}\"\n\
             password-env = \"REGISTRY\"\nca-file = \"ca.pem\"\nrate = \"unlimited\"\njournal = \"{name}.redb\"\n\
             lock = \".\"\n{rest}\n",
            sim.address()
        )
    }

    /// The program that serves this text.
    fn serving(&self, name: &str, text: &str) -> Command {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        let mut program = program(&["serve", "--config", path.to_str().unwrap()]);
        program.env("REGISTRY", PASSWORD).env("ONE", "first").env("OTHER", "second");
        program
    }
}

#[test]
fn a_simulation_says_how_to_talk_to_it_and_that_works() {
    let directory = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(program(&["serve", "--sim"]).env("TMPDIR", directory.path()));
    let mut told = Vec::new();
    while !told.last().is_some_and(|line: &String| line.starts_with("  password-file") && told.len() > 20) {
        let mut line = String::new();
        assert!(daemon.out.read_line(&mut line).unwrap() > 0, "{told:?}");
        told.push(line);
    }
    let line = |with: &str| told.iter().find(|line| line.contains(with)).unwrap().trim();
    let (said, socket) = line("printf").split_once(" | nc -U ").unwrap();
    let said = said.strip_prefix("printf '").unwrap().strip_suffix('\'').unwrap();
    let heard = hears(Path::new(socket), &said.replace("\\n", "\n"));
    assert!(heard.starts_with("login:password:[RESPONSE]\ncode = 200\n"), "{heard}");
    assert!(heard.ends_with("\nEOF\n"), "{heard}");
    let admin: Vec<&str> = line("rrp admin").split(' ').skip(1).collect();
    Said::of(program(&admin).output().unwrap()).exits(0).says("simulated");
    // It is its own, and nobody else's.
    let home = Path::new(socket).parent().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(home), 0o700);
    for name in ["ca.pem", "registry.password", "user.password", "journal.redb"] {
        assert_eq!(mode(&home.join(name)), 0o600, "{name}");
    }
    // What it prints can be begun from.
    let printed = told.join("").split_once("to begin from:\n").unwrap().1.to_owned();
    let config = directory.path().join("printed.toml");
    fs::write(&config, printed).unwrap();
    Said::of(program(&["config", "check", config.to_str().unwrap()]).output().unwrap()).exits(0);
    fs::remove_file(config).unwrap();
    let log = daemon.logs("serving", 1);
    assert!(!log.contains("WARN"), "{log}");
    let ledger = daemon.end();
    assert!(ledger.contains("AddDomain  example.com  200   created  10.00\n"), "{ledger}");
    assert!(ledger.ends_with("billed to registrar: 10.00\n"), "{ledger}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "something is left");
}

#[test]
fn a_wrong_configuration_is_told_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rrp.toml");
    for (text, why) in [
        (
            "[account.main]\nserver = \"127.0.0.1:1\"\nlogin = \"a\"\npasswort-file = \"x\"\n",
            "line 4, column 1",
        ),
        ("[account.main\n", "line 1"),
        ("drain = \"soon\"\n", "line 1, column 9"),
    ] {
        fs::write(&path, text).unwrap();
        let said = program(&["serve", "--config", path.to_str().unwrap()]).output().unwrap();
        let said = Said::of(said).exits(2).says(why).says("rrp.toml");
        assert_eq!(said.out, "");
    }
    Said::of(program(&["serve", "--config", "/no/such/file"]).output().unwrap())
        .exits(2)
        .says("/no/such/file");
}

#[test]
fn an_account_has_one_daemon() {
    let sim = Sim::new();
    let place = Place::new(&sim);
    let user = "[user.desk]\npassword-env = \"ONE\"";
    let first = Daemon::start(&mut place.serving("one.toml", &Place::text(&sim, "one", user)));
    let mut second = place.serving("two.toml", &Place::text(&sim, "two", user));
    let said = Said::of(second.output().unwrap()).exits(3).says("account `main` is not served");
    assert!(said.err.contains(&first.child.id().to_string()), "who has it: {}", said.err);
    assert!(!place.path("two.sock").exists());
    // Nor does it take the socket away.
    let mut same = place.serving("same.toml", &Place::text(&sim, "one", user));
    Said::of(same.output().unwrap()).exits(6).says("one.sock");
    let heard = asks(&place.path("one.sock"), "desk", "first", "command=CheckDomain\ndomain=example.com");
    assert!(heard.contains("code = 210"), "{heard}");
    first.end();
}

#[test]
fn a_reload_changes_users_or_nothing() {
    let sim = Sim::new();
    let place = Place::new(&sim);
    let user = |name: &str, variable: &str| format!("[user.{name}]\npassword-env = \"{variable}\"\n");
    let text = |users: &str| Place::text(&sim, "rrp", users);
    let daemon = Daemon::start(&mut place.serving("rrp.toml", &text(&user("desk", "ONE"))));
    let socket = place.path("rrp.sock");
    let check = "command=CheckDomain\ndomain=example.com";
    let right = |user: &str, password: &str| asks(&socket, user, password, check).contains("code = 210");
    assert!(right("desk", "first") && !right("shop", "second"));

    fs::write(place.path("rrp.toml"), text(&(user("desk", "OTHER") + &user("shop", "OTHER")))).unwrap();
    daemon.signal("-HUP");
    let log = daemon.logs(" reloaded ", 1);
    assert!(log.contains("desk") && log.contains("shop"), "{log}");
    assert!(right("desk", "second") && right("shop", "second") && !right("desk", "first"));

    for broken in [text("[user.desk]\npassword-hash = \"no\"\n"), "nothing of it".to_owned()] {
        fs::write(place.path("rrp.toml"), broken).unwrap();
        let failed = daemon.logs("", 0).matches("not reloaded").count();
        daemon.signal("-HUP");
        let log = daemon.logs("not reloaded", failed + 1);
        assert!(log.contains("line "), "{log}");
        assert!(right("desk", "second") && right("shop", "second"));
    }
    fs::write(place.path("rrp.toml"), text(&user("desk", "OTHER"))).unwrap();
    daemon.signal("-HUP");
    daemon.logs(" reloaded ", 2);
    assert!(right("desk", "second") && !right("shop", "second"));
    daemon.end();
}

#[test]
fn the_file_and_the_environment_of_mregd_are_enough() {
    let sim = Sim::new();
    let place = Place::new(&sim);
    let (socket, conf) = (place.path("mregd.sock"), place.path("mregd.conf"));
    let (_, port) =
        sim.address().rsplit_once(':').map(|(host, port)| (host.to_owned(), port.to_owned())).unwrap();
    let text = format!(
        "### mregd config ###\nmregd_host\t\txrrp.example.com\nmregd_port\t\t{port}\nmregd_login\t\t{USER}\n\
         mregd_password\t{PASSWORD}\nport        {}|unix\nmregd_socket_username\tcommand\n\
         mregd_socket_password\tout-of-the-file\nmax_servers   3\nmax_requests  1000\nSSL_ca_file {}\n",
        socket.display(),
        place.path("ca.pem").display(),
    );
    fs::write(&conf, text).unwrap();
    let mut program = program(&["serve", "--mregd-conf", conf.to_str().unwrap()]);
    program
        .env("MREGD_XRRP_HOST", "127.0.0.1")
        .env("MREGD_SOCKET_PASSWORD", "secret")
        .env("SSL_VERIFY_MODE", "1")
        .env("RRP_JOURNAL", place.path("mregd.redb"));
    let daemon = Daemon::start(&mut program);
    let log = daemon.logs("serving", 1);
    assert!(log.contains("max_requests"), "what has no meaning here is told: {log}");
    let add = "command = AddDomain\ndomain = example.com\nperiod = 1";
    assert!(asks(&socket, "command", "out-of-the-file", add).contains("code = 549"), "the environment wins");
    let heard = asks(&socket, "command", "secret", add);
    assert!(heard.contains("code = 200"), "{heard}");
    assert_eq!(sim.executed("AddDomain"), 1);
    daemon.end();
    assert!(!socket.exists());
}

#[test]
fn at_the_second_signal_it_ends_at_once() {
    let sim = Sim::new();
    let place = Place::new(&sim);
    let user = "[user.desk]\npassword-env = \"ONE\"";
    let mut daemon = Daemon::start(&mut place.serving("rrp.toml", &Place::text(&sim, "rrp", user)));
    sim.fault("AddDomain", rrp::sim::Effect::ExecuteAndStall);
    let mut desk = UnixStream::connect(place.path("rrp.sock")).unwrap();
    desk.write_all(b"desk\nfirst\n[COMMAND]\ncommand=AddDomain\ndomain=example.com\nperiod=1\nEOF\n")
        .unwrap();
    while sim.executed("AddDomain") == 0 {
        thread::yield_now();
    }
    daemon.signal("-TERM");
    daemon.logs("draining", 1);
    daemon.signal("-TERM");
    daemon.logs("ending at once", 1);
    assert_eq!(daemon.child.wait().unwrap().code(), Some(0));
    // Whoever asks the journal hears of it.
    let journal = place.path("rrp.redb");
    let said = program(&["doubt", "list", "--journal", journal.to_str().unwrap()]).output().unwrap();
    Said::of(said).says("AddDomain").says("example.com");
}
