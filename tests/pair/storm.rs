//! Storms: everything that can go wrong, by chance and all at once, thousands of times with the same dice.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use rrp::session::{Config, Fate, Keepalive};
use rrp::sim::wire::{LineEnds, Style, Terminator};
use rrp::sim::{Close, Effect, Fault, Trigger};

use crate::commands::Ask;
use crate::pair::{Break, Dice, Link, Pair};
use crate::support::session::login;

const SEEDS: u64 = 2_000;
const COMMANDS: usize = 30;

/// Says how to replay the seed in which a test failed.
struct Replay(u64);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("replay with: RRP_SEED={} cargo test --all-features --test pair storm", self.0);
        }
    }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn link(dice: &mut Dice) -> Link {
    let mut cut = |percent, most| {
        let how = dice.one_of(&[Break::Fin, Break::Reset]);
        dice.percent(percent).then(|| (dice.below(most), how))
    };
    let (up, down) = (cut(15, 1_500), cut(15, 4_000));
    let latency = dice.one_of(&[0, 0, 1, 50, 3_000]);
    // Mostly whole: in small pieces everything takes its time.
    let chunk = dice.one_of(&[1, 2, 3, 7, 1460, 1460, usize::MAX, usize::MAX, usize::MAX]);
    Link { latency: millis(latency), chunk, up, down }
}

fn style(dice: &mut Dice) -> Style {
    let terminator = dice.one_of(&[Terminator::Eof, Terminator::EofDot, Terminator::Dot]);
    let mut half = || dice.percent(50);
    Style::new()
        .upper_keys(half())
        .tight(half())
        .padded(half())
        .index_gaps(half())
        .code_last(half())
        .without_times(half())
        .stray_lines(half())
        .rrp_ended_by_eof(half() && terminator != Terminator::Dot)
        .line_ends(if half() { LineEnds::Crlf } else { LineEnds::Lf })
        .terminator(terminator)
}

/// Faults of a registry that fails in every way but does not lie: see `LIES` of `faults`.
fn faults(pair: &mut Pair, dice: &mut Dice) {
    let close = dice.one_of(&[Close::Orderly, Close::Fin, Close::Reset]);
    let seconds = Duration::from_secs;
    let on_command = [
        Effect::CloseBefore(close),
        Effect::ExecuteAndClose(close),
        Effect::ExecuteLate { after: seconds(45), close },
        Effect::Cut { at: dice.below(28), executed: true, close },
        Effect::Cut { at: dice.below(28), executed: false, close },
        Effect::Cut { at: dice.below(400), executed: true, close },
        Effect::Delay(seconds(u64::try_from(dice.below(200)).unwrap())),
        Effect::Twice,
        Effect::Garble,
        Effect::Dribble { bytes: 1 + dice.below(40), every: millis(dice.one_of(&[0, 10, 1_000])) },
        Effect::Stall,
        Effect::ExecuteAndStall,
        Effect::Close(close),
        Effect::Surplus(Bytes::from(dice.one_of(&["2", "200 Done\r\n.\r\n", ".\r\n", "EOF\r\n", "\0\0"]))),
        Effect::LoseLogin,
        Effect::answer(420, false),
        Effect::answer(421, false),
        Effect::answer(423, dice.percent(50)),
        Effect::answer(520, dice.percent(50)),
        Effect::answer(549, false),
    ];
    let on_login = [
        Effect::CloseBefore(close),
        Effect::ExecuteAndClose(close),
        Effect::Stall,
        Effect::EmptyLogin,
        Effect::RefuseLogin(dice.one_of(&[421, 422, 521, 530])),
        Effect::Cut { at: dice.below(40), executed: true, close },
        Effect::Delay(seconds(61)),
    ];
    let on_connection = [
        Effect::CloseBefore(close),
        Effect::Stall,
        Effect::Delay(seconds(31)),
        Effect::Cut { at: dice.below(60), executed: true, close },
        Effect::Garble,
        Effect::Unsolicited(Bytes::from_static(
            b"521 Too many sessions open. Server closing connection\r\n.\r\n",
        )),
    ];
    let unasked = ["520 Server closing connection\r\n.\r\n", "520 Serv", "noise\r\n", "\r\n.\r\n"];
    let on_pause = [
        Effect::UnsolicitedCode(520),
        Effect::UnsolicitedCode(420),
        Effect::Unsolicited(Bytes::from(dice.one_of(&unasked))),
        Effect::Close(close),
        Effect::LoseLogin,
    ];
    let script = pair.registry.faults();
    let mut add = |trigger: Trigger, effects: &[Effect], probability: f64| {
        // Another half of them in each storm.
        for effect in effects {
            if dice.percent(50) {
                continue;
            }
            let fault = Fault::on(trigger.clone()).then(effect.clone()).always();
            script.add(fault.with_probability(probability));
        }
    };
    add(Trigger::AnyCommand, &on_command, 0.04);
    add(Trigger::Login, &on_login, 0.06);
    add(Trigger::AnyConnection, &on_connection, 0.04);
    for (pause, effect) in [9, 59, 300, 541, 600].into_iter().zip(on_pause) {
        add(Trigger::Idle(Duration::from_secs(pause)), &[effect], 0.2);
    }
}

fn config(dice: &mut Dice) -> Config {
    let keepalive = dice.one_of(&[Keepalive::Describe, Keepalive::PtfDescribe]);
    let after = dice.one_of(&[None, Some(Duration::from_secs(300)), Some(Config::KEEPALIVE_AFTER)]);
    Config::new(login()).keepalive(keepalive).keepalive_after(after)
}

/// Until somebody is logged in: reconnecting is all that a client does.
fn ready(mut pair: Pair, dice: &mut Dice) -> Pair {
    for _ in 0..200 {
        pair.drive(|pair| pair.session.is_ready() || pair.session.has_ended());
        if pair.session.is_ready() {
            return pair;
        }
        pair.pass(Duration::from_secs(61));
        let config = config(dice);
        pair = pair.reconnect(config, link(dice));
    }
    panic!("nobody gets in: {:?}", pair.words());
}

/// One storm; how often each kind of fate was met.
fn storm(seed: u64, met: &mut BTreeMap<&'static str, usize>) {
    let _replay = Replay(seed);
    let mut dice = Dice(seed);
    let registry = Pair::registry()
        .seed(seed)
        .style(style(&mut dice))
        .latency(millis(dice.one_of(&[0, 10, 2_000])))
        .bare_errors(dice.percent(50));
    let registry = if dice.percent(20) {
        registry.rate(5, Duration::from_secs(1), Duration::from_secs(120))
    } else {
        registry
    };
    let config = config(&mut dice);
    let mut pair = Pair::new(registry, config, link(&mut dice));
    faults(&mut pair, &mut dice);

    let mut fates = Vec::new();
    for nth in 0..COMMANDS {
        let ask = dice.one_of(&Ask::ALL);
        let name = format!("n{nth}.example.com");
        ask.prepare(&mut pair.registry, &name, u8::try_from(nth).unwrap());
        let pause = dice.one_of(&[0, 0, 0, 0, 0, 0, 0, 10, 100, 700]);
        // Half of the time nobody looks at what comes.
        if dice.percent(50) {
            pair.doze(Duration::from_secs(pause));
        } else {
            pair.pass(Duration::from_secs(pause));
        }
        let fate = loop {
            if !pair.session.is_ready() {
                pair = ready(pair, &mut dice);
            }
            let sent = pair.sent.len();
            let fate = pair.send(ask.command(&name)).expect("it is ready");
            ask.judge(&pair.registry, &name, &fate, "in a storm");
            match &fate {
                // Of what was not sent nothing was sent: once more, on another connection.
                Fate::Unsent(command) => {
                    assert_eq!((pair.sent.len(), command), (sent, &ask.command(&name)));
                    *met.entry("unsent").or_default() += 1;
                }
                Fate::Unanswered => {
                    assert!(pair.session.has_ended(), "{name}: lost, and the session goes on");
                    break fate;
                }
                Fate::Answered(_) => break fate,
            }
        };
        let executed = ask.executed(&pair.registry, &name) > 0;
        *met.entry(match (&fate, executed) {
            (Fate::Answered(_), true) => "answered and executed",
            (Fate::Answered(_), false) => "answered and not executed",
            (_, true) => "lost and executed",
            (_, false) => "lost and not executed",
        })
        .or_default() += 1;
        fates.push((ask, name, fate));
    }
    // What comes late comes within the hour.
    pair.session.abandon();
    pair.pass(Duration::from_secs(3_600));
    for (ask, name, fate) in &fates {
        ask.judge(&pair.registry, name, fate, "after a storm");
    }
    // And nothing was executed that nobody asked for.
    let known = |name: &str| name.is_empty() || fates.iter().any(|(_, asked, _)| asked == name);
    assert!(pair.registry.ledger().entries().iter().all(|entry| known(entry.object())));
}

/// The seeds of this half, or the one that was asked for.
fn storms(half: u64) {
    let given = std::env::var("RRP_SEED").ok().map(|seed| seed.parse().expect("RRP_SEED is a number"));
    let mut met = BTreeMap::new();
    for seed in given.map_or(0..=SEEDS, |seed| seed..=seed).filter(|seed| seed % 2 == half) {
        storm(seed, &mut met);
    }
    if given.is_none() {
        println!("{met:?}");
        assert_eq!(met.len(), 5, "{met:?}");
        assert!(met.values().all(|times| *times > 1_000), "{met:?}");
    }
}

// Two tests, for two cores.

#[test]
fn storm_after_storm_fate_and_ledger_agree() {
    storms(0);
}

#[test]
fn in_the_other_half_of_the_storms_too() {
    storms(1);
}
