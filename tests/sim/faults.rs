//! Each fault: what the client sees, and what the ledger says was done.

use std::time::Duration;

use bytes::Bytes;
use rrp::sim::wire::Form;
use rrp::sim::{Close, Effect, Fault, Trigger};

use crate::drive::{Client, config};

const ADD: &str = "add\nEntityName:Domain\nDomainName:example.com\n.";
const CHECK: &str = "check\nEntityName:Domain\nDomainName:example.com\n.";
const ADDED: &str = "200 Command completed successfully\r\nregistration expiration date:2000-09-22 10:27:00.0\r\nstatus:ACTIVE\r\n.\r\n";

fn second(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn client(fault: Fault) -> Client {
    let mut client = Client::new(config());
    client.registry.faults().add(fault);
    client
}

/// A client whose next ADD meets this.
fn add(effect: Effect) -> Client {
    client(Fault::on(Trigger::Command("ADD".into())).then(effect))
}

fn executed(client: &Client) -> usize {
    let ledger = client.registry.ledger();
    let times = ledger.executed("add", "example.com");
    assert_eq!(ledger.billed("registrarA"), 1_000 * i64::try_from(times).unwrap());
    assert_eq!(client.registry.domain("example.com").is_some(), times > 0);
    times
}

#[test]
fn connections_close_before_or_after_the_command() {
    for close in [Close::Orderly, Close::Fin, Close::Reset] {
        let mut client = add(Effect::CloseBefore(close));
        assert_eq!((client.ask(ADD).as_str(), client.closed, executed(&client)), ("", Some(close), 0));
        let mut client = add(Effect::ExecuteAndClose(close));
        assert_eq!((client.ask(ADD).as_str(), client.closed, executed(&client)), ("", Some(close), 1));
        // Once: what comes next finds nothing wrong.
        assert_eq!(client.registry.faults().pending(), 0);
        client.reconnect();
        client.log_in("registrarA");
        assert_eq!(client.ask(ADD), "554 Domain already registered\r\n.\r\n");
    }
}

#[test]
fn answers_are_cut_anywhere() {
    for executed_too in [true, false] {
        for at in 0..=ADDED.len() + 1 {
            let mut client = add(Effect::Cut { at, executed: executed_too, close: Close::Fin });
            let cut = &ADDED[..at.min(ADDED.len())];
            assert_eq!((client.ask(ADD).as_str(), client.closed), (cut, Some(Close::Fin)));
            assert_eq!(executed(&client), usize::from(executed_too));
        }
    }
}

#[test]
fn answers_come_late() {
    let mut client = add(Effect::Delay(second(30)));
    assert_eq!((client.ask(ADD).as_str(), executed(&client)), ("", 1));
    client.wait(29);
    assert_eq!(client.take(), "");
    client.wait(1);
    assert_eq!(client.take(), ADDED);
    assert_eq!(client.code("describe"), 200);
}

#[test]
fn answers_come_twice() {
    let mut client = add(Effect::Twice);
    assert_eq!((client.ask(ADD), executed(&client)), (ADDED.repeat(2), 1));
}

#[test]
fn answers_are_garbled_and_differ_by_seed() {
    let garbled = |seed: u64| {
        let mut client = Client::new(config().seed(seed));
        client.registry.faults().add(Fault::on(Trigger::AnyCommand).then(Effect::Garble));
        client.send(ADD);
        assert_eq!(executed(&client), 1);
        std::mem::take(&mut client.received)
    };
    let bytes = garbled(1);
    let line = bytes.iter().position(|byte| *byte == b'\r').unwrap();
    assert_eq!(line, ADDED.find('\r').unwrap());
    assert!(bytes[..line].iter().all(|byte| *byte >= 0x80));
    assert_eq!(&bytes[line..], &ADDED.as_bytes()[line..]);
    assert_eq!(bytes, garbled(1));
    assert_ne!(bytes, garbled(2));
}

#[test]
fn answers_dribble() {
    let mut client = add(Effect::Dribble { bytes: 10, every: second(2) });
    client.send(ADD);
    let mut pieces = Vec::new();
    while client.received != ADDED.as_bytes() {
        pieces.push(client.received.len());
        client.wait(2);
    }
    let expected: Vec<usize> = (1..).map(|piece| piece * 10).take_while(|len| *len < ADDED.len()).collect();
    assert_eq!(pieces, expected);
    assert_eq!(executed(&client), 1);
}

#[test]
fn server_hangs() {
    for (effect, times) in [(Effect::Stall, 0), (Effect::ExecuteAndStall, 1)] {
        let mut client = add(effect);
        client.send(ADD);
        client.send(CHECK);
        client.wait(100_000);
        assert_eq!((client.take().as_str(), client.closed, executed(&client)), ("", None, times));
        // Nor is what waits behind it executed when the client gives up.
        let commands = client.registry.commands();
        client.registry.disconnect(client.id, client.now);
        assert_eq!(client.registry.commands(), commands);
        assert_eq!(client.registry.sessions("registrarA"), 0);
    }
}

#[test]
fn answers_are_replaced() {
    for code in [420, 421, 423, 520, 521, 530, 547, 549, 220, 599] {
        for executed_too in [true, false] {
            let mut client = add(Effect::answer(code, executed_too));
            let reply = client.ask(ADD);
            assert!(reply.starts_with(&format!("{code} ")) && reply.ends_with("\r\n.\r\n"), "{reply}");
            let closes = matches!(code, 220 | 420 | 520 | 521);
            assert_eq!(client.closed.is_some(), closes, "{code}");
            assert_eq!(executed(&client), usize::from(executed_too));
        }
    }
}

#[test]
fn answers_are_replaced_in_either_form() {
    let answer = |form: Form, text: Option<&str>| Effect::Answer {
        code: 421,
        text: text.map(str::to_owned),
        executed: true,
        form,
        close: None,
    };
    let mut client = add(answer(Form::Ptf, Some("try again")));
    assert!(client.ask(ADD).starts_with("[RESPONSE]\r\ncode = 421\r\ndescription = try again\r\n"));
    let ptf = Fault::on(Trigger::Command("adddomain".into())).then(answer(Form::Rrp, None));
    let mut client = self::client(ptf);
    let reply = client.ask("[COMMAND]\ncommand = AddDomain\ndomain = example.com\nEOF");
    assert_eq!(reply, "421 Command failed due to server error. Client should try again\r\n.\r\n");
    assert_eq!(client.registry.ledger().executed("AddDomain", "example.com"), 1);
}

#[test]
fn check_is_answered_with_220() {
    let mut client = client(Fault::on(Trigger::Command("check".into())).then(Effect::answer(220, true)));
    assert_eq!(client.ask(CHECK), "220 Command completed successfully. Server closing connection\r\n.\r\n");
    assert_eq!(client.closed, Some(Close::Orderly));
}

#[test]
fn commands_are_executed_late() {
    let mut client = add(Effect::ExecuteLate { after: second(40), close: Close::Reset });
    assert_eq!((client.ask(ADD).as_str(), client.closed, executed(&client)), ("", Some(Close::Reset), 0));
    client.wait(39);
    assert_eq!(executed(&client), 0);
    client.wait(1);
    assert_eq!(executed(&client), 1);
    let entry = client.registry.ledger().entries().last().unwrap();
    assert_eq!((entry.when(), entry.connection()), (client.now, Some(client.id)));
    // As said of a lie: refused at once, executed all the same.
    let fault = Fault::on(Trigger::AnyCommand);
    let mut client =
        self::client(fault.then(Effect::answer(421, false)).then(Effect::ExecuteAfter(second(5))));
    assert!(client.ask(ADD).starts_with("421 "));
    assert_eq!(executed(&client), 0);
    client.wait(5);
    assert_eq!(executed(&client), 1);
    // Answered as if it were done already.
    let mut client = add(Effect::ExecuteAfter(second(5)));
    assert_eq!((client.ask(ADD).as_str(), executed(&client)), (ADDED, 0));
    client.wait(5);
    assert_eq!(executed(&client), 1);
}

#[test]
fn a_command_executed_late_is_judged_late() {
    let mut client = add(Effect::ExecuteLate { after: second(40), close: Close::Reset });
    client.send(ADD);
    client.switch("registrarB");
    assert_eq!(client.ask(ADD), ADDED);
    client.wait(40);
    let ledger = client.registry.ledger();
    let last = ledger.entries().last().unwrap();
    assert_eq!((last.registrar(), last.code(), last.price()), ("registrarA", 540, 0));
    assert_eq!((ledger.billed("registrarA"), ledger.billed("registrarB")), (0, 1_000));
}

#[test]
fn more_comes_than_was_asked_for() {
    let mut client = add(Effect::Surplus(Bytes::from_static(b"200 and more\r\n.\r\n")));
    assert_eq!(client.ask(ADD), [ADDED, "200 and more\r\n.\r\n"].concat());
    let mut client = add(Effect::Unsolicited(Bytes::from_static(b"200 before\r\n.\r\n")));
    assert_eq!(client.ask(ADD), ["200 before\r\n.\r\n", ADDED].concat());
    let mut client = add(Effect::Close(Close::Fin));
    assert_eq!((client.ask(ADD).as_str(), client.closed), (ADDED, Some(Close::Fin)));
}

#[test]
fn idle_connections_are_disturbed() {
    let mut quiet = client(Fault::on(Trigger::Idle(second(30))).then(Effect::UnsolicitedCode(520)));
    assert_eq!(quiet.registry.poll_timeout(), Some(quiet.now + second(30)));
    quiet.wait(29);
    assert_eq!(quiet.take(), "");
    quiet.wait(1);
    assert!(quiet.take().starts_with("520 "));
    assert_eq!(quiet.closed, Some(Close::Orderly));
    let fault = Fault::on(Trigger::Idle(second(30))).then(Effect::CloseBefore(Close::Reset));
    let mut closed = client(fault);
    closed.wait(30);
    assert_eq!((closed.take().as_str(), closed.closed), ("", Some(Close::Reset)));
    // Again in each pause, once in each.
    let bytes = Bytes::from_static(b"200 hello\r\n.\r\n");
    let mut noisy = client(Fault::on(Trigger::Idle(second(30))).then(Effect::Unsolicited(bytes)).always());
    noisy.wait(100);
    assert_eq!(noisy.take(), "200 hello\r\n.\r\n");
    assert_eq!(noisy.code("describe"), 200);
    noisy.wait(30);
    assert_eq!(noisy.take(), "200 hello\r\n.\r\n");
    assert_eq!(noisy.closed, None);
}

#[test]
fn logins_go_wrong() {
    let login = "session\n-Id:registrarA\n-Password:i-am-registrarA\n.";
    let faulty = |effect: Effect| {
        let mut client = Client::connect(config());
        client.registry.faults().add(Fault::on(Trigger::Login).then(effect));
        client
    };
    let mut client = faulty(Effect::EmptyLogin);
    assert_eq!(client.ask(login), ".\r\n");
    assert_eq!(client.registry.sessions("registrarA"), 0);
    for (code, close) in [(530, None), (521, Some(Close::Orderly)), (420, Some(Close::Orderly)), (549, None)]
    {
        let mut client = faulty(Effect::RefuseLogin(code));
        assert!(client.ask(login).starts_with(&format!("{code} ")));
        assert_eq!((client.closed, client.registry.sessions("registrarA")), (close, 0));
    }
    let mut client = faulty(Effect::ExecuteAndClose(Close::Fin));
    assert_eq!((client.ask(login).as_str(), client.closed), ("", Some(Close::Fin)));
    assert_eq!(client.registry.sessions("registrarA"), 0);
}

#[test]
fn sessions_are_lost_on_living_connections() {
    let mut client = client(Fault::on(Trigger::AnyCommand).then(Effect::LoseLogin));
    assert_eq!(client.ask(ADD), "547 Invalid command sequence\r\n.\r\n");
    assert_eq!(client.ask(CHECK), "547 Invalid command sequence\r\n.\r\n");
    assert_eq!((executed(&client), client.registry.sessions("registrarA")), (0, 0));
    client.log_in("registrarA");
    assert_eq!(client.ask(ADD), ADDED);
}

#[test]
fn connections_go_wrong() {
    let start = |fault: Fault| {
        let mut client = Client::connect(config());
        client.registry.faults().add(fault);
        client.id = client.registry.connect(client.now);
        client.settle();
        client
    };
    let mut client = start(Fault::on(Trigger::Connection(2)).then(Effect::CloseBefore(Close::Fin)));
    assert_eq!((client.take().as_str(), client.closed), ("", Some(Close::Fin)));
    let mut client = start(Fault::on(Trigger::AnyConnection).then(Effect::Stall));
    client.wait(10_000);
    assert_eq!((client.take().as_str(), client.closed), ("", None));
    let mut client = start(Fault::on(Trigger::AnyConnection).then(Effect::answer(521, false)));
    assert!(client.take().starts_with("521 "));
    assert_eq!(client.closed, Some(Close::Orderly));
    let client = start(Fault::on(Trigger::Connection(3)).then(Effect::Stall));
    assert!(!client.received.is_empty());
}

#[test]
fn triggers_fit_what_they_name() {
    let lost = || Effect::answer(421, false);
    let hits = |fault: Fault| {
        let mut client = client(fault);
        let commands = [CHECK, ADD, "describe\n.", CHECK];
        commands.map(|command| client.ask(command).starts_with("421"))
    };
    let on = Fault::on;
    assert_eq!(hits(on(Trigger::NthCommand(2)).then(lost())), [false, true, false, false]);
    assert_eq!(hits(on(Trigger::NthCommand(2)).then(lost()).on_connection(1)), [false, true, false, false]);
    assert_eq!(hits(on(Trigger::NthCommand(2)).then(lost()).on_connection(2)), [false; 4]);
    assert_eq!(hits(on(Trigger::Command("Check".into())).then(lost())), [true, false, false, false]);
    assert_eq!(hits(on(Trigger::Command("Check".into())).then(lost()).times(2)), [true, false, false, true]);
    assert_eq!(hits(on(Trigger::AnyCommand).then(lost()).always()), [true; 4]);
    assert_eq!(
        hits(on(Trigger::AnyCommand).then(lost()).always().about("EXAMPLE.com")),
        [true, true, false, true]
    );
    assert_eq!(hits(on(Trigger::AnyCommand).then(lost()).always().with_probability(0.0)), [false; 4]);
    assert_eq!(hits(on(Trigger::AnyCommand).then(lost()).times(0)), [false; 4]);
    assert_eq!(hits(on(Trigger::Login).then(lost())), [false; 4]);
}

#[test]
fn chance_is_the_seed() {
    let run = |seed: u64| {
        let mut client = Client::new(config().seed(seed).idle_limit(None).session_lifetime(None));
        let lost =
            Fault::on(Trigger::AnyCommand).then(Effect::answer(421, false)).always().with_probability(0.3);
        client.registry.faults().add(lost);
        let mut replies = String::new();
        for n in 0..200 {
            replies += &client.ask(&format!("add\nEntityName:Domain\nDomainName:example{n}.com\n."));
            replies +=
                &client.ask(&format!("[COMMAND]\ncommand = StatusDomain\ndomain = example{n}.com\nEOF"));
            client.wait(7);
        }
        let lost = replies.matches("421").count();
        assert!((60..180).contains(&lost), "{lost} of 400");
        let ledger = client.registry.ledger().entries();
        (replies, ledger.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(run(11), run(11));
    assert_ne!(run(11).0, run(12).0);
}

#[test]
fn of_several_faults_one_fires_at_a_time() {
    let mut client = Client::new(config());
    let answer = |code| Fault::on(Trigger::AnyCommand).then(Effect::answer(code, false));
    client.registry.faults().add(answer(421)).add(answer(549));
    assert!(client.ask(CHECK).starts_with("421"));
    assert!(client.ask(CHECK).starts_with("549"));
    assert!(client.ask(CHECK).starts_with("210"));
    client.registry.faults().add(answer(421)).clear();
    assert!(client.ask(CHECK).starts_with("210"));
}
