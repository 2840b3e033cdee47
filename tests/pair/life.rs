//! A session's whole life, however the registry writes, and however its bytes arrive.

use std::time::Duration;

use rrp::command::{Add, Check, Command, Del, Period, PtfCommand, Renew, Status, ToCommand, Year};
use rrp::session::Config;
use rrp::sim::wire::{LineEnds, Style, Terminator};

use crate::pair::{Link, Pair};
use crate::support::session::login;

const NAME: &str = "shop.example.com";

fn ptf(name: &str, parameters: &[(&str, &str)]) -> Command {
    let command = PtfCommand::new(name).unwrap();
    let add = |command: PtfCommand, (name, value): &(&str, &str)| command.param(name, value).unwrap();
    Command::new(parameters.iter().fold(command, add))
}

/// Greeting to QUIT in both grammars; every code and value that came, in words.
fn life(style: Style, link: Link) -> Vec<String> {
    let mut pair = Pair::new(Pair::registry().style(style), Config::new(login()), link);
    assert!(pair.log_in(), "{:?}", pair.words());
    let mut told = pair.words();
    let name = NAME.parse().unwrap();
    let years = Period::years(2).unwrap();
    let commands = [
        ptf("CheckDomain", &[("domain", NAME)]),
        ptf("AddDomain", &[("domain", NAME), ("period", "1")]),
        ptf("AddDomain", &[("domain", NAME)]),
        Check::domain(&name).to_command(),
        Renew::domain(&name, years, Year::new(2027).unwrap()).to_command(),
        ptf("CheckDomains", &[("domain0", NAME), ("domain1", "free.example.com"), ("domain2", "other.test")]),
        Status::domain(&name).to_command(),
        ptf("RenewDomain", &[("domain", NAME), ("period", "1"), ("expiration", "2029")]),
        ptf("StatusDomain", &[("domain", NAME)]),
        Del::domain(&name).to_command(),
        ptf("CheckDomain", &[("domain", NAME)]),
        Add::domain(&name).to_command(),
        ptf("NeverHeardOf", &[]),
    ];
    for command in commands {
        let reply = pair.ask(command);
        told.push(format!("{} {}", reply.code(), reply.text()));
        // Each property in its own order; how indices are counted is the style's.
        let item =
            |item: rrp::reply::Item<'_>| format!("{}={}", item.name().to_ascii_lowercase(), item.value());
        let times = ["runtime=", "queuetime="];
        told.extend(reply.lines().map(item).filter(|item| !times.iter().any(|time| item.starts_with(time))));
    }
    pair.session.quit(pair.now);
    pair.drive(|pair| pair.session.has_ended());
    told.extend(pair.words());
    assert_eq!(pair.registry.sessions("registrar"), 0);
    let ledger = pair.registry.ledger();
    assert_eq!((ledger.billed_for(NAME), ledger.executed("quit", "")), (40_00, 1), "2 years, 1 year, 1 year");
    told
}

fn plain() -> Vec<String> {
    life(Style::new(), Link::GOOD)
}

#[test]
fn a_life_is_what_it_should_be() {
    let told = plain();
    let codes: Vec<&str> = told
        .iter()
        .filter(|line| line.as_bytes()[..3].iter().all(u8::is_ascii_digit))
        .map(|line| &line[..3])
        .collect();
    assert_eq!(
        codes,
        ["210", "200", "554", "211", "200", "200", "200", "200", "200", "200", "210", "200", "500"]
    );
    assert_eq!(told[..2], ["greeted", "logged in 200"]);
    assert_eq!(told.last().unwrap(), "ended at quit: quit");
    for line in [
        "registration expiration date=2029-01-01 00:00:00.0",
        "registrationexpirationdate=2030-01-01 00:00:00",
        "domaincheck=211 Domain name not available",
        "domaincheck=210 Domain name available",
        "domain=shop.example.com",
    ] {
        assert!(told.iter().any(|told| told == line), "no `{line}` in {told:#?}");
    }
}

/// All ten switches of a style, in all combinations.
#[test]
fn a_life_is_the_same_in_every_style() {
    let expected = plain();
    for terminator in [Terminator::Eof, Terminator::EofDot, Terminator::Dot] {
        for line_ends in [LineEnds::Crlf, LineEnds::Lf] {
            for switches in 0..256_u32 {
                let on = |bit: u32| switches & (1 << bit) != 0;
                // Who ends blocks by dots alone and RRP by EOF alone cannot be told from who forgot an end.
                if terminator == Terminator::Dot && on(7) {
                    continue;
                }
                let style = Style::new()
                    .terminator(terminator)
                    .line_ends(line_ends)
                    .upper_keys(on(0))
                    .tight(on(1))
                    .padded(on(2))
                    .index_gaps(on(3))
                    .code_last(on(4))
                    .without_times(on(5))
                    .stray_lines(on(6))
                    .rrp_ended_by_eof(on(7));
                assert_eq!(life(style.clone(), Link::GOOD), expected, "{style:?}");
            }
        }
    }
}

/// What cannot be understood is not guessed: the reply has no end, and the session has one.
#[test]
fn an_end_that_was_not_learnt_is_none() {
    let style = Style::new().terminator(Terminator::Dot).rrp_ended_by_eof(true);
    let mut pair = Pair::logged_in(Pair::registry().style(style), Config::new(login()), Link::GOOD);
    assert_eq!(pair.ask(ptf("CheckDomain", &[("domain", NAME)])).code(), 210);
    let fate = pair.send(Check::domain(&NAME.parse().unwrap()).to_command());
    assert!(matches!(fate, Some(rrp::session::Fate::Unanswered)), "{fate:?}");
    assert_eq!(pair.words(), ["ended at reply: timeout"]);
}

#[test]
fn a_life_is_the_same_however_its_bytes_arrive() {
    let expected = plain();
    for chunk in [1, 2, 3, 7, 1460, usize::MAX] {
        // All of it within the second that the registry's dates are written to.
        for latency in [0, 1, 10].map(Duration::from_millis) {
            let told = life(Style::new(), Link { chunk, latency, ..Link::GOOD });
            assert_eq!(told, expected, "in pieces of {chunk}, {latency:?}");
        }
    }
}
