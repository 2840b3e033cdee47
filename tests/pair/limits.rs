//! The limits of a registry: idle time, lifetime, sessions, commands per second.

use std::time::Duration;

use rrp::ReturnCode;
use rrp::session::{Config, Fate, Why};
use rrp::sim::Registrar;

use crate::commands::Ask;
use crate::pair::{Link, Pair};
use crate::support::session::{PASSWORD, login};

const HOUR: Duration = Duration::from_secs(3_600);

/// DESCRIBE after each nine idle minutes, until the session has lasted as long as any may.
#[test]
fn a_session_lives_for_a_day() {
    let latency = Duration::from_millis(50);
    let mut pair = Pair::logged_in(Pair::registry(), Config::new(login()), Link { latency, ..Link::GOOD });
    pair.pass(HOUR * 24 - Duration::from_secs(1));
    let alive = pair.words();
    // The first nine minutes count from the login, each later keepalive takes a round trip.
    assert_eq!(alive.len(), 159, "{alive:?}");
    assert!(alive.iter().all(|event| event == "proven 200"), "{alive:?}");
    assert_eq!(pair.registry.ledger().executed("describe", ""), 159);
    assert_eq!(pair.ask(Ask::Check.command("a.example.com")).code(), 210);
    assert!(!pair.session.has_ended());
    pair.events.clear();
    pair.pass(Duration::from_secs(2));
    assert_eq!(pair.words(), ["ended at idle: unsolicited 520"]);
    assert_eq!(pair.registry.sessions("registrar"), 0);
}

#[test]
fn without_a_keepalive_the_idle_limit_ends_it() {
    let config = Config::new(login()).keepalive_after(None);
    let mut pair = Pair::logged_in(Pair::registry(), config, Link::GOOD);
    pair.pass(Duration::from_secs(599));
    assert_eq!(pair.words(), [""; 0]);
    pair.pass(Duration::from_secs(1));
    assert_eq!(pair.words(), ["ended at idle: unsolicited 520"]);
}

/// The registry's 520 and a command pass each other on the way: it was not executed, and the client cannot know.
#[test]
fn a_command_that_meets_the_end_of_its_session_is_in_doubt() {
    let config = || Config::new(login()).keepalive_after(None);
    let latency = Duration::from_millis(100);
    for ask in Ask::ALL {
        let mut pair = Pair::logged_in(Pair::registry(), config(), Link { latency, ..Link::GOOD });
        ask.prepare(&mut pair.registry, "a.example.com", 1);
        // The idle time began when the answer to the login left; its way took 100 ms.
        pair.pass(Duration::from_millis(599_950) - latency);
        let fate = pair.send(ask.command("a.example.com")).unwrap();
        ask.judge(&pair.registry, "a.example.com", &fate, "with a 520 on its way");
        let Fate::Answered(reply) = fate else { panic!("{ask:?}: {fate:?}") };
        assert_eq!(reply.code(), ReturnCode::CLOSING_CONNECTION);
        let verdict = reply.verdict(ask.command("a.example.com").context());
        assert_eq!(verdict.executed(), rrp::verdict::Executed::Unknown, "{ask:?}");
        assert_eq!(ask.executed(&pair.registry, "a.example.com"), 0);
        assert_eq!(pair.words(), ["ended at first-byte: closing 520"]);
    }
}

/// The same 520, come while nobody looked, is seen before the command is sent.
#[test]
fn a_command_behind_the_end_of_its_session_is_not_sent() {
    for ask in Ask::ALL {
        for (link, words) in [
            (Link::GOOD, "ended at check: unsolicited 520"),
            // With its first byte the command is given back.
            (Link { chunk: 1, ..Link::GOOD }, "ended at idle: unsolicited 520"),
        ] {
            let config = Config::new(login()).keepalive_after(None);
            let mut pair = Pair::logged_in(Pair::registry(), config, link);
            ask.prepare(&mut pair.registry, "a.example.com", 1);
            pair.doze(Duration::from_secs(600));
            let sent = pair.sent.len();
            let fate = pair.send(ask.command("a.example.com")).unwrap();
            assert!(
                matches!(&fate, Fate::Unsent(given) if *given == ask.command("a.example.com")),
                "{fate:?}"
            );
            assert_eq!(pair.sent.len(), sent);
            ask.judge(&pair.registry, "a.example.com", &fate, "behind a 520");
            assert_eq!(pair.words(), [words]);
        }
    }
}

#[test]
fn one_session_too_many_is_refused() {
    let registrar = Registrar::new("registrar", PASSWORD).sessions(1);
    let registry = Pair::registry().registrar(registrar).ghosts(Duration::from_secs(60));
    let first = Pair::logged_in(registry, Config::new(login()), Link::GOOD);
    // The first connection is lost without a word, and counts for a minute.
    let mut second = first.reconnect(Config::new(login()), Link::GOOD);
    assert!(!second.log_in());
    let end = second.end().unwrap();
    assert!(
        matches!(end.why(), Why::LoginRefused(reply) if reply.code() == ReturnCode::TOO_MANY_SESSIONS),
        "{end}"
    );
    assert!(!end.refuses_credentials());
    second.pass(Duration::from_secs(60));
    let mut third = second.reconnect(Config::new(login()), Link::GOOD);
    assert!(third.log_in(), "{:?}", third.words());
}

/// 521 in place of the greeting: too many connections.
#[test]
fn one_connection_too_many_is_refused() {
    let mut pair = Pair::new(Pair::registry().connections(0), Config::new(login()), Link::GOOD);
    assert!(!pair.log_in());
    assert_eq!(pair.words(), ["ended at greeting: instead of greeting 521"]);
    assert!(pair.sent.is_empty());
}

/// 422 locks the account on every session of it, and closes none.
#[test]
fn too_many_commands_are_refused_and_not_executed() {
    let registry = Pair::registry().rate(3, Duration::from_secs(1), Duration::from_secs(300));
    let mut pair = Pair::logged_in(registry, Config::new(login()), Link::GOOD);
    let mut codes = Vec::new();
    for (nth, ask) in Ask::ALL.into_iter().enumerate() {
        let name = format!("n{nth}.example.com");
        ask.prepare(&mut pair.registry, &name, 1);
        let fate = pair.send(ask.command(&name)).unwrap();
        ask.judge(&pair.registry, &name, &fate, "beyond the limit");
        let Fate::Answered(reply) = fate else { panic!("{fate:?}") };
        codes.push(reply.code().as_u16());
    }
    // The login was the first of three.
    assert_eq!(codes, [210, 200, 422, 422, 422, 422, 422, 422]);
    assert!(!pair.session.has_ended());
    pair.pass(Duration::from_secs(300));
    assert_eq!(pair.ask(Ask::Check.command("n9.example.com")).code(), 210);

    for (nth, _) in [(); 3].into_iter().enumerate() {
        pair.send(Ask::Check.command(&format!("n{nth}.example.com")));
    }
    let mut locked = pair.reconnect(Config::new(login()), Link::GOOD);
    assert!(!locked.log_in());
    assert_eq!(locked.words(), ["greeted", "ended at login: refused 422"]);
}
