//! `rrp doctor`: what it finds at each stage, and what it says where one fails.
#![cfg(feature = "cli")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use rrp::sim::{Close, Effect, Fault, Trigger};

use program::{PASSWORD, Said, Sim, program};

#[path = "support/pki.rs"]
mod pki;
#[path = "support/program.rs"]
mod program;

/// The states of the six stages, and the failed one's error and fix.
fn states(said: &Said) -> (Vec<String>, Option<(String, String)>) {
    let told = said.json();
    let stages = told["stages"].as_array().unwrap();
    let names: Vec<&str> = stages.iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(names, ["dns", "connect", "tls", "greeting", "login", "read"]);
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let failed = stages.iter().find(|stage| stage["state"] == "failed");
    assert_eq!(told["exit"], said.exit);
    (
        stages.iter().map(|stage| text(&stage["state"])).collect(),
        failed.map(|stage| (text(&stage["error"]), text(&stage["fix"]))),
    )
}

/// That it failed at this stage, those before it came about, and those behind were skipped.
#[track_caller]
fn fails(said: &Said, at: usize, error: &str, fix: &str) {
    let (states, failed) = states(said);
    for (index, state) in states.iter().enumerate() {
        let expected = match index.cmp(&at) {
            std::cmp::Ordering::Less => &["ok", "skipped"][..],
            std::cmp::Ordering::Equal => &["failed"],
            std::cmp::Ordering::Greater => &["skipped"],
        };
        assert!(expected.contains(&state.as_str()), "stage {index} is {state}: {said:?}");
    }
    let (told, to_do) = failed.unwrap();
    assert!(told.contains(error), "`{error}` in `{told}`");
    assert!(to_do.contains(fix), "`{fix}` in `{to_do}`");
}

fn at(address: &str, args: &[&str]) -> Said {
    let mut all = vec!["doctor", "--json", "--server", address];
    all.extend(args);
    Said::of(program(&all).output().unwrap())
}

#[test]
fn everything_is_found() {
    let sim = Sim::new();
    let said = sim.run(&["doctor"]).exits(0);
    for text in [
        "simulated (loopback)",
        "dns       ok       127.0.0.1 (IPv4)",
        "over IPv4, from 127.0.0.1",
        "TLS 1.3, TLS13_",
        "pin sha256/",
        "1. CN=simulated registry for localhost, 127.0.0.1, ::1",
        "issued by CN=authority ",
        "valid from 1975-01-01T00:00:00Z to 4096-01-01T00:00:00Z",
        "days left",
        "greeting  ok       Simulated, version 1.1.0",
        "login     ok       200 ",
        "read      ok       describe: 200 ",
    ] {
        assert!(said.out.contains(text), "`{text}` in:\n{}", said.out);
    }
    let (states, failed) = states(&sim.run(&["doctor", "--json"]).exits(0));
    assert!(states.iter().all(|state| state == "ok") && failed.is_none());
    let told = sim.run(&["doctor", "--json", "--min-tls", "1.3"]).json();
    assert_eq!(told["stages"][2]["certificates"][0]["names"][0], "localhost");
    assert_eq!(told["stages"][2]["version"], "TLS 1.3");
    assert_eq!(told["stages"][3]["greeting"]["registry"], "Simulated");
}

#[test]
fn without_a_user_it_stops_after_the_greeting_and_sends_nothing() {
    let sim = Sim::plain();
    let said = at(&sim.address(), &["--plain"]).exits(0);
    let (states, _) = states(&said);
    assert_eq!(states, ["ok", "ok", "skipped", "ok", "skipped", "skipped"]);
    assert_eq!(said.json()["stages"][2]["reason"], "no TLS was asked for");
    assert_eq!(said.json()["tls"], serde_json::Value::Null);
    Said::of(program(&["doctor", "--plain", "--server", &sim.address()]).output().unwrap())
        .says("login     skipped  no user is named");
    assert_eq!(sim.server.registry().ledger().entries().len(), 0);
}

#[test]
fn each_stage_before_the_login_can_fail() {
    let sim = Sim::new();
    let (address, ca) = (sim.address(), sim.file("ca.pem").to_string_lossy().into_owned());
    // An IPv4 address has none of IPv6.
    fails(
        &at(&address, &["--ca-file", &ca, "--ipv6"]).exits(6),
        0,
        "no IPv6 address",
        "allow the other family, or give an address (--ipv4, --ipv6)",
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let refusing = listener.local_addr().unwrap().to_string();
    drop(listener);
    fails(&at(&refusing, &["--ca-file", &ca]).exits(6), 1, "connection refused", "whether the server runs");
    let said = at(&address, &["--ca-file", &ca, "--server-name", "rrp.example.com"]).exits(6);
    fails(&said, 2, "certificate is for another name", "set the server name (--server, --server-name)");
    let other_ca = sim.file("other.pem").to_string_lossy().into_owned();
    std::fs::write(&other_ca, pki::Ca::new("another CA").pem()).unwrap();
    fails(
        &at(&address, &["--ca-file", &other_ca]).exits(6),
        2,
        "unknown CA",
        "add it to the CA file (--ca-file)",
    );
    let plain = Sim::plain();
    let said = at(&plain.address(), &["--ca-file", &ca]).exits(6);
    fails(&said, 2, "plain text where TLS is expected", "speaks plain text on this port");
    fails(&said, 2, "plain text where TLS is expected", "(--server HOST:PORT; --plain, on loopback only,");
    // For people what to do is in short lines.
    let said =
        Said::of(program(&["doctor", "--server", &plain.address(), "--ca-file", &ca]).output().unwrap());
    let to_do: Vec<&str> = said.out.lines().skip_while(|line| !line.contains("to do")).collect();
    assert!(to_do[1].starts_with("                     "), "{said:?}");
    assert!(said.out.lines().filter(|line| line.contains("--plain")).all(|line| line.len() <= 100));
}

#[test]
fn a_registry_that_does_not_greet_is_told_from_one_that_closes_or_refuses() {
    let sim = Sim::new();
    let login =
        |name: &str| sim.program(&["doctor", "--json", "--timeout", "1"]).env("X", name).output().unwrap();
    for effect in [Effect::CloseBefore(Close::Orderly), Effect::CloseBefore(Close::Reset)] {
        sim.add(Fault::on(Trigger::AnyConnection).then(effect.clone()));
        fails(&Said::of(login("a")).exits(6), 3, "connection", "list of those that may connect");
        sim.add(Fault::on(Trigger::AnyConnection).then(effect));
        let ca = sim.file("ca.pem").to_string_lossy().into_owned();
        let said = at(&sim.address(), &["--ca-file", &ca]).exits(6);
        fails(&said, 3, "connection", "list of those that may connect");
    }
    sim.add(Fault::on(Trigger::AnyConnection).then(Effect::answer(521, false)));
    fails(&Said::of(login("a")).exits(6), 3, "refused instead of greeted", "close other sessions");
    // It takes the connection and says nothing, as a TLS port does to who speaks no TLS.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().to_string();
    let said = at(&silent, &["--plain", "--timeout", "1"]).exits(6);
    fails(&said, 3, "took longer than its deadline", "whether the port is one for TLS");
    // It speaks something else.
    let other = std::thread::spawn(move || {
        // The one before is still there.
        drop(listener.accept().unwrap());
        let (mut peer, _) = listener.accept().unwrap();
        peer.write_all(b"SSH-2.0-example\r\n").unwrap();
        drop(peer.shutdown(std::net::Shutdown::Write));
        let _ = peer.read(&mut [0; 64]);
    });
    fails(&at(&silent, &["--plain"]).exits(6), 3, "connection closed", "that the port is not one for TLS");
    other.join().unwrap();
}

#[test]
fn a_refused_login_and_a_failed_read_are_the_last_stages() {
    let sim = Sim::new();
    let refused = sim.program(&["doctor", "--json"]).env("RRP_PASSWORD", "wrong-one").output().unwrap();
    let refused = Said::of(refused).exits(6);
    fails(&refused, 4, "login refused with `530", "do not repeat the login");
    assert!(refused.out.contains("Simulated RRP Server version 1.1.0"), "{}", refused.out);
    sim.fault("describe", Effect::answer(421, false));
    fails(&sim.run(&["doctor", "--json"]).exits(3), 5, "describe: 421", "send again after a pause");
    sim.fault("describe", Effect::answer(500, false));
    fails(&sim.run(&["doctor", "--json"]).exits(4), 5, "describe: 500", "correct the request");
    sim.fault("describe", Effect::ExecuteAndClose(Close::Orderly));
    let said = sim.run(&["doctor", "--json"]).exits(3);
    fails(&said, 5, "connection closed by the registry", "");
    assert!(!said.out.contains(PASSWORD));
}
