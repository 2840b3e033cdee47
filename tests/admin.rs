//! `rrp admin`, and `rrp call`, `check`, `status` and `doubt` by way of a running daemon; the registry is simulated.
#![cfg(feature = "cli")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use rrp::daemon::{Config, Control, Hooks, Surroundings, run};
use rrp::sim::{Close, Effect};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use program::{PASSWORD, Said, Sim, USER, program};

#[path = "support/program.rs"]
mod program;

const LOST: Effect = Effect::ExecuteAndClose(Close::Orderly);

/// A daemon in this process, and a registry for it.
struct Daemon {
    sim: Sim,
    control: mpsc::Sender<Control>,
    thread: Option<JoinHandle<()>>,
}

impl Daemon {
    fn start(more: &str) -> Self {
        let sim = Sim::plain();
        let text = format!(
            "[admin]\nsocket = {:?}\n[account.main]\nserver = {:?}\nlogin = {USER:?}\npassword-env = \"PW\"\nplain = true\n\
             rate = \"unlimited\"\njournal = {:?}\nnegatives = [\"0s\", \"0s\", \"10ms\"]\n{more}\n",
            sim.file("admin.sock"),
            sim.address(),
            sim.file("journal.redb"),
        );
        let surroundings = Surroundings::none().variable("PW", PASSWORD);
        let config =
            Config::parse(&text, "rrp.toml", &surroundings).unwrap_or_else(|error| panic!("{error}"));
        let (control, orders) = mpsc::channel(4);
        let (tell, begun) = std::sync::mpsc::channel();
        let socket = sim.file("admin.sock");
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let look = async {
                    while !socket.exists() {
                        tokio::task::yield_now().await;
                    }
                    tell.send(()).unwrap();
                    core::future::pending::<()>().await;
                };
                tokio::select! {
                    ended = run(config, Hooks::default(), orders) => ended.unwrap(),
                    () = look => {}
                }
            });
        });
        begun.recv().unwrap();
        Self { sim, control, thread: Some(thread) }
    }

    /// The program, told of the socket.
    fn admin(&self, args: &[&str]) -> Said {
        let mut program = program(args);
        program.env("RRP_ADMIN", self.sim.file("admin.sock"));
        Said::of(program.output().unwrap())
    }

    fn json(&self, args: &[&str]) -> Value {
        self.admin(&[args, &["--json"]].concat()).exits(0).json()
    }

    /// The program, told of the registry and the socket, and of no password.
    fn run(&self, args: &[&str]) -> Said {
        self.run_with_input(args, "")
    }

    fn run_with_input(&self, args: &[&str], input: &str) -> Said {
        let mut program = self.sim.program(args);
        program.env("RRP_ADMIN", self.sim.file("admin.sock")).env_remove("RRP_PASSWORD");
        program::with_input(&mut program, input)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.control.blocking_send(Control::Drain);
        let ended = self.thread.take().unwrap().join();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

#[test]
fn commands_go_by_way_of_the_daemon_and_come_to_the_same() {
    let daemon = Daemon::start("");
    daemon.run(&["check", "example.com"]).exits(0).says("example.com: available (210 Domain name available)");
    let said = daemon.run(&["call", "AddDomain", "domain=example.com", "period=1"]).exits(0);
    let said = said.says("accepted, ticket 1: 200 ").says("note: AddDomain goes out by way of the daemon");
    assert!(said.out.contains("environment  simulated (loopback)"), "{said:?}");
    daemon.run(&["check", "example.com"]).exits(1).says("example.com: not available (211 ");
    let answers = daemon.run(&["check", "--json", "example.com", "example.net"]).exits(1).json();
    assert_eq!(
        (&answers[0]["names"][0]["answer"], &answers[0]["names"][1]["answer"]),
        (&json!("no"), &json!("yes"))
    );
    daemon.run(&["status", "example.com"]).exits(0).says("registration expiration date");
    daemon.run(&["status", "--ptf", "example.net"]).exits(1).says("545 ");
    let status = daemon.run(&["call", "--json", "StatusDomain", "domain=example.com"]).exits(0).json();
    assert_eq!(
        (&status["fate"], &status["code"], &status["attempts"][0]["session"]),
        (&json!("answered"), &json!(200), &json!(0))
    );
    // A key is the daemon's to remember.
    let renew =
        ["call", "RenewDomain", "domain=example.com", "period=1", "expiration=2027", "--key", "order-1"];
    daemon.run(&renew).exits(0).says("accepted, ticket 2");
    daemon.run(&renew).exits(0).says("done before with this key");
    daemon
        .run(&["call", "RenewDomain", "domain=example.com", "period=2", "--key", "order-1"])
        .exits(2)
        .says("key");
    assert_eq!(daemon.sim.executed("RenewDomain"), 1);
    daemon.run(&["call", "AddDomain", "domain=example.com", "period=1"]).exits(4).says("refused, ticket");
    // Secrets on standard input get there, and nowhere else.
    let modify = "[COMMAND]\ncommand=ModifyDomain\ndomain=example.com\nauth=hunter22\nEOF\n";
    daemon.run_with_input(&["call", "-"], modify).exits(0).says("auth=***");
    daemon.run(&["call", "StatusDomain", "domain=example.com"]).exits(0).says("auth");
    // Who asks for sessions of its own gets them, beside.
    let mut beside = daemon.sim.program(&["check", "--beside", "example.com"]);
    Said::of(beside.env("RRP_ADMIN", daemon.sim.file("admin.sock")).output().unwrap()).exits(1);
    // Another journal is not the daemon's.
    let other = daemon.sim.file("other.redb");
    let said =
        daemon.run(&["call", "AddDomain", "domain=a.com", "--journal", other.to_str().unwrap()]).exits(3);
    said.says("a journal of its own").says("nothing was sent");
    // The environment that is meant must be the daemon's.
    daemon
        .run(&["call", "AddDomain", "domain=a.com", "--environment", "production"])
        .exits(2)
        .says("nothing was sent");
}

#[test]
fn what_is_lost_is_settled_by_the_daemon_or_by_a_word() {
    let daemon = Daemon::start("");
    daemon.run(&["call", "AddDomain", "domain=example.com", "period=1"]).exits(0);
    daemon.sim.fault("RenewDomain", LOST);
    let said = daemon.run(&["call", "RenewDomain", "domain=example.com", "period=1"]).exits(0);
    said.says("accepted, ticket 2: no answer came, and a read shows that it was done");
    assert_eq!(daemon.sim.executed("RenewDomain"), 1);
    daemon.admin(&["doubt", "list"]).exits(0).says("nothing is in doubt");
    daemon.sim.fault("SendSMS", LOST);
    let sms = ["call", "SendSMS", "text=a", "number=1"];
    let said = daemon.run(&sms).exits(5).says("in doubt, ticket 3").says("rrp doubt settle 3 --socket ");
    assert!(!said.out.contains("--journal"), "{said:?}");
    let list = daemon
        .admin(&["doubt", "list"])
        .exits(0)
        .says("SendSMS")
        .says("next: rrp doubt show TICKET --socket ");
    assert_eq!(list.out, daemon.admin(&["admin", "doubts"]).exits(0).out);
    let shown = daemon.admin(&["doubt", "show", "3"]).exits(0).says("3: SendSMS (in-doubt)");
    shown.says("command=SendSMS").says("rrp doubt resolve 3 --applied --socket");
    assert_eq!(daemon.json(&["doubt", "list"])[0]["ticket"], 3);
    // Who names the journal, which the daemon has open, means the same.
    let journal = daemon.sim.file("journal.redb");
    daemon.admin(&["doubt", "list", "--journal", journal.to_str().unwrap()]).exits(0).says("SendSMS");
    let said = daemon.admin(&["doubt", "settle", "3"]).exits(5).says("3: still in doubt: no read can prove");
    assert!(said.err.contains("(environment: simulated (loopback))"), "{said:?}");
    daemon.admin(&["doubt", "settle", "--all", "--after-loss", "0"]).exits(2);
    daemon
        .admin(&["doubt", "resolve", "3", "--applied"])
        .exits(0)
        .says("3: accepted, by your word (SendSMS)");
    daemon.admin(&["doubt", "list"]).exits(0).says("nothing is in doubt");
    daemon.admin(&["doubt", "settle", "--all"]).exits(0).says("nothing is in doubt");
    daemon.admin(&["doubt", "show", "9"]).exits(1).says("no ticket");
    daemon.admin(&["doubt", "list", "--account", "nosuch"]).exits(1).says("no account `nosuch`");
}

#[test]
fn an_operator_sees_what_is_and_gives_orders() {
    let daemon = Daemon::start("");
    daemon
        .admin(&["admin", "hello"])
        .exits(0)
        .says("look, and give orders")
        .says("simulated")
        .says("registrar");
    daemon.admin(&["admin", "sessions"]).exits(0).says("no session is open");
    daemon.run(&["check", "example.com"]).exits(0);
    let pools = daemon.json(&["admin", "pools"]);
    assert_eq!(
        (&pools["pools"][0]["state"], &pools["pools"][0]["sessions"]["idle"]),
        (&json!("running"), &json!(1))
    );
    daemon.admin(&["admin", "pools"]).exits(0).says("account  environment  state").says("maxwait");
    let sessions = daemon.json(&["admin", "sessions"]);
    let number = sessions["sessions"][0]["session"].as_u64().unwrap().to_string();
    assert_eq!(sessions["sessions"][0]["commands"], 1);
    daemon.admin(&["admin", "kill", "session", &number]).exits(0).says("main: ended");
    daemon.admin(&["admin", "kill", "session", "77"]).exits(1).says("there is no session 77");
    daemon.admin(&["admin", "kill", "client", "77"]).exits(1).says("there is no client 77");
    daemon.admin(&["admin", "holds"]).exits(0).says("nothing is held up");
    daemon.admin(&["admin", "pause"]).exits(0).says("main: paused");
    daemon.admin(&["admin", "holds"]).exits(0).says("paused").says("rrp admin resume");
    daemon.admin(&["admin", "resume"]).exits(0);
    daemon.admin(&["admin", "hold", "--until", "2h", "--reason", "moving house"]).exits(0).says("main: held");
    let said = daemon.admin(&["admin", "holds"]).exits(0).says("operator").says("moving house");
    assert!(said.out.contains("2 h") || said.out.contains("120 min"), "{said:?}");
    daemon.run(&["call", "AddDomain", "domain=example.com"]).exits(3).says("not sent: account is ");
    assert_eq!(daemon.sim.executed("AddDomain"), 0);
    daemon.admin(&["admin", "release"]).exits(0);
    daemon.admin(&["admin", "release"]).exits(1).says("nothing holds the account");
    daemon
        .admin(&["admin", "hold", "--until", "2h", "--reason", "\u{1b}[31m"])
        .exits(2)
        .says("control characters");
    daemon.admin(&["admin", "hold", "--until", "soon", "--reason", "x"]).exits(2);
    daemon.admin(&["admin", "reconnect"]).exits(0);
    daemon.admin(&["admin", "retry-login"]).exits(0);
    daemon.admin(&["admin", "queue"]).exits(0).says("interactive");
    daemon.admin(&["admin", "pace"]).exits(0).says("next in");
    daemon.admin(&["admin", "clients"]).exits(0).says("nobody is connected");
    let config = daemon.admin(&["admin", "config"]).exits(0).says("[account.main]");
    assert!(!config.out.contains(PASSWORD));
    assert!(daemon.json(&["admin", "stats"])["accounts"][0]["sessions_opened"].as_u64() >= Some(1));
    daemon.admin(&["admin", "stats"]).exits(0).says("accounts[main].sessions_opened");
    daemon.admin(&["admin", "reload"]).exits(2).says("nothing has changed");
    daemon.admin(&["admin", "pause", "--account", "other"]).exits(1).says("no account `other`");
    daemon.admin(&["admin", "drain"]).exits(0).says("ends");
}

/// Somebody who listens, and says this to each request.
fn impostor(directory: &Path, answers: impl Fn(&str) -> Vec<u8> + Send + 'static) -> PathBuf {
    let path = directory.join("admin.sock");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let mut line = String::new();
            if BufReader::new(&stream).read_line(&mut line).is_ok() {
                let _ = (&stream).write_all(&answers(&line));
            }
        }
    });
    path
}

fn hello(accounts: &Value) -> Vec<u8> {
    let answer = json!({"ok": {"role": "read-only", "phase": "running", "accounts": accounts}});
    format!("{answer}\n").into_bytes()
}

#[test]
fn what_a_daemon_says_is_not_believed_blindly() {
    let directory = tempfile::tempdir().unwrap();
    let ask =
        |socket: &Path, args: &[&str]| Said::of(program(args).arg("--socket").arg(socket).output().unwrap());
    let pools = ["admin", "pools"];
    // Nobody, and nobody any more.
    let gone = directory.path().join("gone.sock");
    ask(&gone, &pools).exits(6).says("nobody listens at").says("rrp serve");
    drop(UnixListener::bind(&gone).unwrap());
    ask(&gone, &pools).exits(6).says("nobody listens at");
    ask(&gone, &["doubt", "list"]).exits(6).says("--journal FILE");
    for (name, answers) in [
        ("a", (|_| Vec::new()) as fn(&str) -> Vec<u8>),
        ("b", |_| b"\xff\xfe garbage\n".to_vec()),
        ("c", |_| b"{\"ok\": {}, \"error\": {}}\n".to_vec()),
        ("d", |_| b"[1]\n".to_vec()),
        ("e", |_| b"{\"ok\": {\"acc".to_vec()),
    ] {
        let place = directory.path().join(name);
        std::fs::create_dir(&place).unwrap();
        ask(&impostor(&place, answers), &pools).exits(3).says("admin.sock`: it ");
    }
    // What it says cannot give orders to a terminal.
    let place = directory.path().join("f");
    std::fs::create_dir(&place).unwrap();
    let socket = impostor(&place, |line| {
        if line.contains("hello") {
            return hello(&json!([]));
        }
        b"{\"ok\": {\"pools\": [{\"account\": \"\\u001b]0;x\\u0007\", \"sessions\": 7}], \"more\": 3}}\n"
            .to_vec()
    });
    let said = ask(&socket, &pools).exits(0).says("\\u{1b}]0;x\\u{7}").says("and 3 more");
    assert!(!said.out.contains('\u{1b}'));
    let said = ask(&socket, &["admin", "pools", "--json"]).exits(0);
    assert!(!said.out.contains('\u{1b}'));
    // Who serves other accounts is not asked about this one.
    let sim = Sim::plain();
    let mut check = sim.program(&["check", "example.com"]);
    Said::of(check.arg("--socket").arg(&socket).output().unwrap()).exits(0).says("available");
}

#[test]
fn where_the_daemon_cannot_be_asked_the_account_is_in_use() {
    let daemon = Daemon::start("");
    let place = tempfile::tempdir().unwrap();
    let (host, login) = (daemon.sim.address(), USER);
    let account = json!({"name": "main", "host": host, "login": login, "environment": "simulated"});
    // One that lets look only, and is not asked for more.
    let socket = impostor(place.path(), move |line| {
        assert!(line.contains("hello"), "{line}");
        hello(&json!([account]))
    });
    let ask = |socket: &Path, args: &[&str]| {
        Said::of(daemon.sim.program(args).arg("--socket").arg(socket).output().unwrap())
    };
    let check = ["check", "example.com"];
    ask(&socket, &check).exits(3).says("is in use by").says("lets you look, and send nothing");
    // One of other accounts, or none.
    let other = place.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let socket = impostor(&other, |_| hello(&json!([])));
    ask(&socket, &check).exits(3).says("is in use by").says("RRP_ADMIN says where it listens");
    ask(&place.path().join("none"), &check).exits(3).says("is in use by");
    assert_eq!(daemon.sim.executed("check"), 0);
    // And what has its own journal is told of the daemon's.
    let journal = daemon.sim.file("journal.redb");
    let list = ["doubt", "list", "--journal", journal.to_str().unwrap()];
    Said::of(program(&list).arg("--socket").arg(place.path().join("none")).output().unwrap()).exits(3);
    daemon.admin(&list).exits(0).says("nothing is in doubt");
}
