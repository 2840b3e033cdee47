//! `rrp sim` as a child process, with `rrp` itself as its client; and `rrp demo`.
#![cfg(feature = "cli")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::{Value, json};

use program::{PASSWORD, Said, program};

#[path = "support/program.rs"]
mod program;

/// A registry in a process of its own.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    /// Where it listens.
    address: String,
}

impl Running {
    fn new(args: &[&str]) -> Self {
        let mut program =
            program(&["sim", "--json", "--listen", "127.0.0.1:0", "--start-date", "2026-01-01"]);
        let program = program.args(args).env("RRP_PASSWORD", PASSWORD);
        let mut child = program.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let listening: Value = serde_json::from_str(&line).unwrap();
        Self { child, out, address: listening["listening"].as_str().unwrap().to_owned() }
    }

    fn client(&self, args: &[&str]) -> Said {
        let mut program = program(args);
        program.args(["--server", &self.address, "--user", "registrar"]).env("RRP_PASSWORD", PASSWORD);
        Said::of(program.output().unwrap())
    }

    /// Stops it as Ctrl-C does; what it prints then.
    #[cfg(unix)]
    fn stop(mut self) -> Value {
        let killed =
            std::process::Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        serde_json::from_str(&rest).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
#[test]
fn a_simulated_registry_serves_and_prints_its_ledger() {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    let ca = ca.to_str().unwrap();
    let sim =
        Running::new(&["--authority-out", ca, "--fault", "RenewDomain:execute-and-close", "--balance", "25"]);
    let with_ca = |args: &[&str]| sim.client(&[args, &["--ca-file", ca]].concat());
    with_ca(&["check", "example.com"]).exits(0);
    with_ca(&["call", "AddDomain", "domain=example.com"]).exits(0);
    with_ca(&["check", "example.com"]).exits(1);
    with_ca(&["call", "RenewDomain", "domain=example.com"]).exits(5);
    with_ca(&["status", "example.com"]).exits(0).says("2028-01-01");
    // 25.00, less two years.
    with_ca(&["call", "RenewDomain", "domain=example.com"]).exits(4).says("546");
    let told = sim.stop();
    assert_eq!(told["billed_cents"], 2_000);
    let renewals: Vec<&Value> =
        told["ledger"].as_array().unwrap().iter().filter(|entry| entry["command"] == "RenewDomain").collect();
    assert_eq!(renewals.len(), 2);
    assert_eq!((&renewals[0]["did"], &renewals[0]["cents"]), (&"renewed".into(), &1_000.into()));
    assert_eq!((&renewals[1]["code"], &renewals[1]["cents"]), (&546.into(), &0.into()));
}

#[test]
fn the_number_of_commands_and_sessions_can_be_limited() {
    let sim = Running::new(&["--plain", "--fault", "login:521"]);
    sim.client(&["check", "--plain", "example.com"]).exits(6).says("521");
    let sim = Running::new(&["--plain", "--rate", "1"]);
    sim.client(&["check", "--plain", "example.com"]).exits(3).says("422 ");
}

#[test]
fn a_simulated_registry_that_cannot_be_is_refused() {
    for (args, exit, why) in [
        (&["--listen", "192.0.2.1:2001"][..], 2, "--beyond-loopback"),
        (&["--listen", "here"], 2, "invalid value"),
        (&["--balance", "-5"], 2, ""),
        (&["--balance", "a lot"], 2, "no amount"),
        (&["--start-date", "2026-02-30"], 2, "`2026-02-30` is no date"),
        (&["--fault", "add:explode"], 2, "is not `COMMAND:EFFECT`"),
        (&["--fault", "Chek:421"], 2, "did you mean `check`?"),
        (&["--fault", "RenewDomian:421"], 2, "did you mean `RenewDomain`?"),
        (&["--fault", "FrobnicateDomain:421"], 2, "it knows add, check, del"),
        (&["--plain", "--authority-out", "x"], 2, "cannot be used with"),
        (&["--listen", "127.0.0.1:0", "--authority-out", "/no/such/file"], 7, "cannot write `/no/such/file`"),
    ] {
        Said::of(program(&[&["sim"], args].concat()).output().unwrap()).exits(exit).says(why);
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = Said::of(program(&["sim", "--plain", "--listen", &address]).output().unwrap());
    said.exits(6).says("cannot listen on");
}

#[test]
fn the_demo_is_the_same_every_time_and_bills_once() {
    let directory = tempfile::tempdir().unwrap();
    let demo = |args: &[&str]| program(&[&["demo"], args].concat()).env("TMPDIR", directory.path()).output();
    let said = Said::of(demo(&[]).unwrap()).exits(0);
    assert_eq!(said.err, "");
    assert!((60..=120).contains(&said.out.lines().count()), "{}", said.out);
    assert_eq!(said.out, Said::of(demo(&[]).unwrap()).out);
    assert!(!said.out.contains("127.0.0.1") && !said.out.contains(directory.path().to_str().unwrap()));
    assert!(said.out.contains("billed once"));

    let told = Said::of(demo(&["--json"]).unwrap()).exits(0).json();
    let steps = told["steps"].as_array().unwrap();
    let events = |step: usize| steps[step]["events"].as_array().unwrap();
    // What went to the registry in each step: 0 for what had no answer.
    let registry: Vec<Vec<(&str, u64)>> = (0..steps.len())
        .map(|step| {
            let sent =
                events(step).iter().filter_map(|event| Some((event["command"].as_str()?, &event["code"])));
            sent.map(|(command, code)| (command, code.as_u64().unwrap_or_default())).collect()
        })
        .collect();
    let (add, renew, status) = ("AddDomain", "RenewDomain", ("StatusDomain", 200));
    assert_eq!(
        registry,
        [
            vec![("CheckDomain", 210), (add, 200), status],
            vec![(add, 0), status],
            vec![(add, 421), (add, 200)],
            vec![],
            vec![(renew, 200)],
            vec![status, (renew, 0), status, status, status, (renew, 200)],
        ]
    );
    let heard: Vec<Vec<u64>> = (0..steps.len())
        .map(|step| events(step).iter().filter_map(|event| event["heard"]["code"].as_u64()).collect())
        .collect();
    assert_eq!(heard, [vec![210, 200, 200], vec![200], vec![200], vec![507], vec![200], vec![549, 200]]);
    let own =
        |step: usize| &events(step).iter().rfind(|event| event["heard"].is_object()).unwrap()["heard"]["own"];
    assert_eq!(own(1)["rrp-proof"], "created-within-a-day");
    assert!(own(1)["rrp-ticket"].is_string() && own(2).as_object().unwrap().is_empty());
    assert_eq!((&own(4)["rrp-replayed"], &own(5)["rrp-replayed"]), (&json!("1"), &Value::Null));
    let executed: Vec<usize> = steps.iter().map(|step| step["executed"].as_array().unwrap().len()).collect();
    assert_eq!((executed, &told["result"]["billed_cents"]), (vec![1, 1, 1, 0, 1, 1], &json!(5_000)));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "something is left");
}

#[cfg(unix)]
#[test]
fn a_demo_that_is_ended_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut demo = program(&["demo"]);
    let mut demo =
        demo.env("TMPDIR", directory.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(demo.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let id = demo.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    Said::of(demo.wait_with_output().unwrap()).exits(1).says("ended by SIGTERM");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "something is left");
}
