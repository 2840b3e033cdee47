//! Every fault that the simulated registry knows, on every command: what the client believes, and what was executed.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use rrp::session::{Config, Fate, Why};
use rrp::sim::wire::Form;
use rrp::sim::{Close, Effect, Fault, Trigger};
use rrp::verdict::{Class, Executed};

use crate::commands::Ask;
use crate::pair::{Link, Pair};
use crate::support::session::login;

const NAME: &str = "a.example.com";
const CLOSES: [Close; 3] = [Close::Orderly, Close::Fin, Close::Reset];

/// What becomes of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It goes on.
    Stays,
    /// It is over: bytes too many, bytes too early, or the connection's end.
    Ends,
    /// It ends if the answer says so, or if there is none.
    AsAnswered,
}

/// Every effect in all its forms, by a name.
fn effects() -> Vec<(String, Effect, Then)> {
    let mut all = Vec::new();
    let mut add = |name: &str, effect: Effect, then: Then| all.push((name.to_owned(), effect, then));
    for close in CLOSES {
        add("close before", Effect::CloseBefore(close), Then::Ends);
        add("execute and close", Effect::ExecuteAndClose(close), Then::Ends);
        add("close", Effect::Close(close), Then::Ends);
        add("execute late", Effect::ExecuteLate { after: Duration::from_secs(7), close }, Then::Ends);
        for executed in [true, false] {
            for at in [0, 1, 3, 17, 28, 30, 90] {
                add("cut", Effect::Cut { at, executed, close }, Then::Ends);
            }
        }
    }
    for time in [1, 59, 61, 179, 181, 100_000] {
        add("delay", Effect::Delay(Duration::from_secs(time)), Then::AsAnswered);
    }
    for (bytes, every) in [(1, 1), (1, 900), (7, 100), (0, 0), (64, 120_000)] {
        let every = Duration::from_millis(every);
        add("dribble", Effect::Dribble { bytes, every }, Then::AsAnswered);
    }
    add("twice", Effect::Twice, Then::Ends);
    add("garble", Effect::Garble, Then::Ends);
    add("stall", Effect::Stall, Then::Ends);
    add("execute and stall", Effect::ExecuteAndStall, Then::Ends);
    add("lose login", Effect::LoseLogin, Then::AsAnswered);
    // No answer at all, outside a login.
    add("empty login", Effect::EmptyLogin, Then::Ends);
    // Nothing, outside a login.
    add("refuse login", Effect::RefuseLogin(530), Then::Stays);
    add("execute after", Effect::ExecuteAfter(Duration::from_secs(5)), Then::AsAnswered);
    for bytes in ["2", "200 Command completed successfully\r\n.\r\n", "[RESPONSE]\r\n", "\0", "  x"] {
        add("surplus", Effect::Surplus(Bytes::from(bytes)), Then::Ends);
    }
    for bytes in [".\r\n", "\r\n", "EOF\r\n.\r\n \r\n"] {
        add("surplus", Effect::Surplus(Bytes::from(bytes)), Then::Stays);
        add("unsolicited strays", Effect::Unsolicited(Bytes::from(bytes)), Then::AsAnswered);
    }
    for bytes in ["211 Domain name not available\r\n.\r\n", "noise\r\n", "421 x\r\n.\r\n", "\u{ff}"] {
        add("unsolicited", Effect::Unsolicited(Bytes::from(bytes)), Then::Ends);
    }
    for code in [200, 210, 211, 213, 220, 420, 421, 422, 423, 500, 520, 521, 530, 540, 545, 549, 999] {
        add("unsolicited code", Effect::UnsolicitedCode(code), Then::Ends);
        for form in [Form::Rrp, Form::Ptf, Form::AsCommand] {
            for executed in [true, false] {
                for close in [None, Some(Close::Orderly), Some(Close::Reset)] {
                    let effect = Effect::Answer { code, text: None, executed, form, close };
                    let then = if close.is_some() { Then::Ends } else { Then::AsAnswered };
                    add(if executed { "answer, executed" } else { "answer, not executed" }, effect, then);
                }
            }
        }
    }
    all
}

/// By these a registry lies: it answers one thing and has done, does or will do another. No client can see that in
/// the answer. What is believed then is wrong as named.
const LIES: [(&str, &str); 5] = [
    // A success without the deed.
    ("answer, not executed", "completed, and not executed"),
    ("answer, executed", "refused, and executed"),
    // The code of a success, without the dates and name servers of the true one.
    ("answer, executed", "another's answer"),
    // Behind the whole answer of a command that was not executed, a cut is none.
    ("cut", "completed, and not executed"),
    // The deed comes seconds after the answer.
    ("execute after", "completed, and not executed"),
];

fn faulty(ask: Ask, trigger: Trigger, effect: &Effect) -> Pair {
    let mut pair = Pair::new(Pair::registry(), Config::new(login()), Link::GOOD);
    ask.prepare(&mut pair.registry, NAME, 1);
    pair.registry.faults().add(Fault::on(trigger).then(effect.clone()));
    pair
}

#[test]
fn under_every_fault_fate_and_ledger_agree() {
    let mut lies = BTreeSet::new();
    for ask in Ask::ALL {
        for (name, effect, then) in effects() {
            let mut pair = faulty(ask, Trigger::Command(ask.name().to_owned()), &effect);
            assert!(pair.log_in());
            pair.events.clear();
            let begun = pair.sent.len();
            let fate = pair.send(ask.command(NAME)).unwrap();
            let what = format!("{ask:?} {name}: {effect:?}: {fate:?}");
            assert_eq!(pair.sent.len() - begun, command_len(&pair, begun), "sent once, whole: {what}");
            if let Some(wrong) = ask.wrong(&pair.registry, NAME, &fate) {
                lies.insert((name.clone(), wrong));
            }
            assert!(!matches!(fate, Fate::Unsent(_)), "{what}");
            pair.settle();
            let ends = match (&fate, then) {
                (Fate::Unanswered, _) | (_, Then::Ends) => true,
                (_, Then::Stays) => false,
                (Fate::Answered(reply), _) => reply.verdict(ask.command(NAME).context()).closes_connection(),
                (Fate::Unsent(_), _) => unreachable!(),
            };
            // What has only begun to arrive is given five seconds, in which no command is taken.
            assert_eq!(pair.session.is_ready(), !ends, "{what} {:?}", pair.events);
            pair.pass(Duration::from_secs(300));
            assert_eq!(pair.session.has_ended(), ends, "{what} {:?}", pair.events);
            assert!(ask.executed(&pair.registry, NAME) <= 1, "{what}");
            if !ends {
                // On the session that goes on, the next command gets its own answer.
                pair.registry.faults().clear();
                let code = if effect == Effect::LoseLogin { 547 } else { 210 };
                let reply = pair.ask(Ask::PtfCheck.command("other.example.com"));
                assert_eq!(reply.code(), code, "{what}, and then {}", reply.text());
            }
        }
    }
    let expected: BTreeSet<(String, &str)> =
        LIES.iter().map(|(name, wrong)| ((*name).to_owned(), *wrong)).collect();
    assert_eq!(lies, expected);
}

/// How long what was sent since is, if it is one command.
fn command_len(pair: &Pair, begun: usize) -> usize {
    let sent = &pair.sent[begun..];
    assert!(rrp::sim::wire::read_command(sent).is_ok(), "{:?}", String::from_utf8_lossy(sent));
    sent.len()
}

/// The same at the login: it succeeds or the session ends, it is sent once, and no command goes before it.
#[test]
fn under_every_fault_a_login_is_sent_once() {
    for (name, effect, _) in effects() {
        let mut pair = faulty(Ask::Add, Trigger::Login, &effect);
        let logged_in = pair.log_in();
        let what = format!("{name}: {effect:?}");
        assert_eq!(command_len(&pair, 0), pair.sent.len(), "{what}");
        assert!(pair.sent.starts_with(b"session\r\n"), "{what}");
        pair.settle();
        if let Some(end) = pair.end() {
            assert!(!end.password_in_doubt(), "{what}");
            let refused = matches!(end.why(), Why::LoginRefused(_));
            let credentials = refused && end.code().is_some_and(|code| code == 530 || code == 531);
            assert_eq!(end.refuses_credentials(), credentials, "{what}: {end}");
        } else if logged_in {
            // The registry may think otherwise, and then refuses.
            let fate = pair.send(Ask::Add.command(NAME)).unwrap();
            Ask::Add.judge(&pair.registry, NAME, &fate, &what);
            let Fate::Answered(reply) = fate else { panic!("{what}: {fate:?}") };
            assert!(matches!(reply.code().class(), Class::Success | Class::Permanent), "{what}: {reply:?}");
        }
    }
}

/// And at the greeting: nothing is sent before one has come.
#[test]
fn under_every_fault_nothing_goes_before_the_greeting() {
    for (name, effect, _) in effects() {
        let mut pair = faulty(Ask::Add, Trigger::AnyConnection, &effect);
        let logged_in = pair.log_in();
        let what = format!("{name}: {effect:?}");
        let greeted = pair.words().first().is_some_and(|word| word == "greeted");
        assert!(greeted || (pair.sent.is_empty() && !logged_in), "{what}");
    }
}

/// No effect is forgotten above.
#[test]
fn every_effect_is_tried() {
    let source = include_str!("../../src/sim/fault.rs");
    let (_, body) = source.split_once("pub enum Effect {").unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let word = |line: &str| line.chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
    let declared: BTreeSet<String> = body
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(word)
        .collect();
    let tried: BTreeSet<String> =
        effects().iter().map(|(_, effect, _)| word(&format!("{effect:?}"))).collect();
    assert_eq!(tried, declared);
}

/// The first answer comes a second time when the next command is already on its way: what the client makes of that
/// command, and how the session ends.
fn late_echo(first: Ask, next: Ask) -> (Fate, Vec<String>) {
    let mut pair = Pair::logged_in(Pair::registry(), Config::new(login()), Link::GOOD);
    first.prepare(&mut pair.registry, NAME, 1);
    next.prepare(&mut pair.registry, "b.example.com", 2);
    let before = pair.answered.len();
    pair.ask(first.command("x.example.com"));
    let bytes = pair.answered.len() - before;
    let echo = Fault::on(Trigger::Command(first.name().to_owned()))
        .then(Effect::Twice)
        .then(Effect::Dribble { bytes, every: Duration::from_secs(1) });
    pair.registry.faults().add(echo);
    pair.ask(first.command("y.example.com"));
    // The registry reads on when it has written all.
    let fate = pair.send(next.command("b.example.com")).unwrap();
    pair.settle();
    (fate, pair.words())
}

#[test]
fn a_late_echo_that_cannot_be_an_answer_ends_the_session() {
    for (first, next) in [(Ask::Check, Ask::Add), (Ask::Add, Ask::Check), (Ask::PtfCheck, Ask::PtfRenew)] {
        let (fate, words) = late_echo(first, next);
        let Fate::Answered(reply) = fate else { panic!("{first:?} {next:?}: {fate:?}") };
        let verdict = reply.verdict(next.command("b.example.com").context());
        assert!(!verdict.fits() && !verdict.completed(), "{first:?} {next:?}: {reply:?}");
        assert_eq!(verdict.executed(), Executed::Unknown, "{first:?} {next:?}: {reply:?}");
        assert!(words.iter().any(|word| word.contains("out of step")), "{first:?} {next:?}: {words:?}");
    }
}

/// One that can be, nobody can tell: the second promise rests on a registry that does not do this. The session ends
/// with the true answer, one command too late.
#[test]
fn a_late_echo_that_could_be_an_answer_is_taken_for_it() {
    let (fate, words) = late_echo(Ask::Status, Ask::Add);
    assert!(matches!(&fate, Fate::Answered(reply) if reply.code() == 531 || reply.code() == 545), "{fate:?}");
    assert!(words.iter().any(|word| word.contains("unsolicited 200")), "{words:?}");
}
