//! RFC 2832 figure 1 as a client walks through it that closes after a refused login, one command at a time, and quits.

mod support;

use rrp::command::{
    Command, Describe, Dialect, Nature, PtfCommand, Quit, RrpCommand, Session as Login, ToCommand,
};
use rrp::session::{Config, Event, Fate, Keepalive, NotReady, Session, Stage};
use support::chain;
use support::session::{
    At, BYE, DESCRIBE, GREETING, LOGIN, NEW_PASSWORD, OK, Play, QUIT, TIMED_OUT, add, base, check, login,
    ptf, rrp, seconds, stage_of,
};

/// What happens to a session.
#[derive(Clone, Copy, Debug)]
enum Input {
    Bytes(&'static str),
    Eof,
    Reset,
    /// The deadline of where it is, whichever that is.
    Deadline,
    Send,
    LogIn,
    Submit,
    Alive,
    Quit,
    Abandon,
}

use Input::{Abandon, Alive, Bytes, Deadline, Eof, LogIn, Reset, Send, Submit};

const CHECK: &str = "check\r\nEntityName:Domain\r\nDomainName:example.com\r\n.\r\n";
const AVAILABLE: &str = "210 Domain name available\r\n.\r\n";
const FAILED: &str = "530 Authentication failed\r\n.\r\n";
const CLOSING: &str = "420 Command failed due to server error. Server closing connection\r\n.\r\n";

type Row = (At, Input, &'static str, &'static [&'static str], &'static str);

/// Every way out of every state: the state, the input, the next stage, the events, and what was handed over.
///
/// PRE is from the greeting to the answer to the login, WFC is idle, EXE is from the check to the reply, DIS is ended.
/// WFR is never entered.
const FIGURE_1: &[Row] = &[
    // PRE: the banner, then SESSION, then its answer.
    (At::Greeting, Bytes(GREETING), "login", &["greeted"], ""),
    (At::Greeting, Bytes(TIMED_OUT), "ended", &["ended at greeting: instead of greeting 520"], ""),
    (At::Greeting, Eof, "ended", &["ended at greeting: eof"], ""),
    (At::Greeting, Reset, "ended", &["ended at greeting: transport"], ""),
    (At::Greeting, Deadline, "ended", &["ended at greeting: timeout"], ""),
    (At::Greeting, Send, "greeting", &[], ""),
    (At::Greeting, Input::Quit, "ended", &["ended at greeting: abandoned"], ""),
    (At::Greeting, Abandon, "ended", &["ended at greeting: abandoned"], ""),
    // PRE, with a login that waits for its owner: nothing is sent, not even QUIT.
    (At::Greeted, LogIn, "login", &[], ""),
    (At::Greeted, Send, "greeted", &[], ""),
    (At::Greeted, Bytes("\r\n.\r\nEOF\r\n"), "greeted", &[], ""),
    (At::Greeted, Bytes("520 Serv"), "greeted", &[], ""),
    (At::Greeted, Bytes(TIMED_OUT), "ended", &["ended at greeted: instead of greeting 520"], ""),
    (At::Greeted, Bytes(OK), "ended", &["ended at greeted: instead of greeting 200"], ""),
    (At::Greeted, Bytes("hello\r\n.\r\n"), "ended", &["ended at greeted: malformed"], ""),
    (At::Greeted, Eof, "ended", &["ended at greeted: eof"], ""),
    (At::Greeted, Reset, "ended", &["ended at greeted: transport"], ""),
    (At::Greeted, Input::Quit, "ended", &["ended at greeted: abandoned"], ""),
    (At::Greeted, Abandon, "ended", &["ended at greeted: abandoned"], ""),
    (At::LoginCheck, Send, "login", &[], LOGIN),
    (At::LoginCheck, Bytes(TIMED_OUT), "ended", &["ended at login: instead of greeting 520"], ""),
    (At::LoginCheck, Eof, "ended", &["ended at login: eof"], ""),
    (At::LoginCheck, Reset, "ended", &["ended at login: transport"], ""),
    (At::LoginCheck, Deadline, "ended", &["ended at login: timeout"], ""),
    (At::LoginCheck, Input::Quit, "ended", &["ended at login: abandoned"], ""),
    (At::LoginChecked, Bytes(TIMED_OUT), "ended", &["ended at login: instead of greeting 520"], ""),
    (At::LoginChecked, Input::Quit, "ended", &["ended at login: abandoned"], ""),
    (At::LoginWrite, Bytes(OK), "ended", &["ended at login: early 200"], ""),
    (At::LoginWrite, Bytes(TIMED_OUT), "ended", &["ended at login: refused 520"], ""),
    (At::LoginWrite, Input::Quit, "login", &[], ""),
    (At::LoginWait, Bytes(OK), "idle", &["logged in 200"], ""),
    (At::LoginWait, Bytes(BYE), "ended", &["logged in 220", "ended at login: closing 220"], ""),
    (At::LoginWait, Bytes(FAILED), "ended", &["ended at login: refused 530"], ""),
    (At::LoginWait, Bytes(TIMED_OUT), "ended", &["ended at login: refused 520"], ""),
    (At::LoginWait, Eof, "ended", &["ended at login: eof"], ""),
    (At::LoginWait, Reset, "ended", &["ended at login: transport"], ""),
    (At::LoginWait, Deadline, "ended", &["ended at login: timeout"], ""),
    (At::LoginWait, Input::Quit, "login", &[], ""),
    (At::LoginReply, Bytes("\r\n.\r\n"), "idle", &["logged in 200"], ""),
    (At::LoginReply, Eof, "ended", &["ended at login: incomplete 8"], ""),
    (At::LoginReply, Deadline, "ended", &["ended at login: timeout"], ""),
    // WFC: a request, the server's timeout, or our own QUIT.
    (At::Idle, Submit, "check", &[], ""),
    (At::Idle, Alive, "check", &[], ""),
    (At::Idle, Deadline, "check", &[], ""),
    (At::Idle, Input::Quit, "quit", &[], ""),
    (At::Idle, Abandon, "ended", &["ended at idle: abandoned"], ""),
    (At::Idle, Send, "idle", &[], ""),
    (At::Idle, Bytes("\r\n.\r\nEOF\r\n"), "idle", &[], ""),
    (At::Idle, Bytes(TIMED_OUT), "ended", &["ended at idle: unsolicited 520"], ""),
    (At::Idle, Bytes(AVAILABLE), "ended", &["ended at idle: unsolicited 210"], ""),
    (At::Idle, Bytes("hello\r\n.\r\n"), "ended", &["ended at idle: noise"], ""),
    (At::Idle, Bytes("hello"), "idle", &[], ""),
    (At::Idle, Eof, "ended", &["ended at idle: eof"], ""),
    (At::Idle, Reset, "ended", &["ended at idle: transport"], ""),
    (At::Doomed, Bytes("er\r\n.\r\n"), "ended", &["ended at idle: unsolicited 520"], ""),
    (At::Doomed, Eof, "ended", &["ended at idle: incomplete 8"], ""),
    (At::Doomed, Deadline, "ended", &["ended at idle: noise"], ""),
    (At::Doomed, Send, "idle", &[], ""),
    (At::Doomed, Input::Quit, "idle", &[], ""),
    (At::Doomed, Abandon, "ended", &["ended at idle: abandoned"], ""),
    // EXE: the check, the request, the response.
    (At::Check, Send, "first-byte", &[], CHECK),
    (At::Check, Bytes("\r\n.\r\n"), "check", &[], ""),
    (At::Check, Bytes("520 Serv"), "idle", &["0 unsent"], ""),
    (At::Check, Bytes(TIMED_OUT), "ended", &["0 unsent", "ended at check: unsolicited 520"], ""),
    (At::Check, Eof, "ended", &["0 unsent", "ended at check: eof"], ""),
    (At::Check, Reset, "ended", &["0 unsent", "ended at check: transport"], ""),
    (At::Check, Deadline, "ended", &["0 unsent", "ended at check: timeout"], ""),
    (At::Check, Abandon, "ended", &["0 unsent", "ended at check: abandoned"], ""),
    (At::Check, Input::Quit, "check", &[], ""),
    (At::Checked, Bytes("520 Serv"), "idle", &["0 unsent"], ""),
    (At::Checked, Bytes(TIMED_OUT), "ended", &["0 unsent", "ended at check: unsolicited 520"], ""),
    (At::Checked, Eof, "ended", &["0 unsent", "ended at check: eof"], ""),
    (At::Write, Bytes(AVAILABLE), "ended", &["0 unanswered", "ended at write: early 210"], ""),
    (At::Write, Bytes(TIMED_OUT), "ended", &["0 answered 520", "ended at write: closing 520"], ""),
    (At::Write, Eof, "ended", &["0 unanswered", "ended at write: eof"], ""),
    (At::Write, Reset, "ended", &["0 unanswered", "ended at write: transport"], ""),
    (At::Write, Deadline, "ended", &["0 unanswered", "ended at write: timeout"], ""),
    (At::Wait, Bytes(AVAILABLE), "idle", &["0 answered 210"], ""),
    (At::Wait, Bytes("541 x\r\n.\r\n"), "idle", &["0 answered 541"], ""),
    (At::Wait, Bytes(CLOSING), "ended", &["0 answered 420", "ended at first-byte: closing 420"], ""),
    (At::Wait, Bytes(OK), "ended", &["0 answered 200", "ended at first-byte: out of step 200"], ""),
    (At::Wait, Bytes("hello\r\n.\r\n"), "ended", &["0 unanswered", "ended at first-byte: malformed"], ""),
    (At::Wait, Bytes("\r\n.\r\n"), "first-byte", &[], ""),
    (At::Wait, Bytes("2"), "reply", &[], ""),
    (At::Wait, Eof, "ended", &["0 unanswered", "ended at first-byte: eof"], ""),
    (At::Wait, Reset, "ended", &["0 unanswered", "ended at first-byte: transport"], ""),
    (At::Wait, Deadline, "ended", &["0 unanswered", "ended at first-byte: timeout"], ""),
    (At::Wait, Input::Quit, "first-byte", &[], ""),
    (At::Wait, Abandon, "ended", &["0 unanswered", "ended at first-byte: abandoned"], ""),
    (At::Reply, Bytes("me\r\n.\r\n"), "idle", &["0 answered 210"], ""),
    (At::Reply, Eof, "ended", &["0 unanswered", "ended at reply: incomplete 13"], ""),
    (At::Reply, Deadline, "ended", &["0 unanswered", "ended at reply: timeout"], ""),
    // EXE, with a keepalive.
    (At::AliveCheck, Send, "first-byte", &[], DESCRIBE),
    (At::AliveCheck, Bytes("520 Serv"), "idle", &[], ""),
    (At::AliveCheck, Input::Quit, "quit", &[], ""),
    (At::AliveWrite, Input::Quit, "write", &[], ""),
    (At::AliveWait, Bytes(OK), "idle", &["proven 200"], ""),
    (At::AliveWait, Bytes(BYE), "ended", &["proven 220", "ended at first-byte: closing 220"], ""),
    (At::AliveWait, Bytes(FAILED), "ended", &["ended at first-byte: lost 530"], ""),
    (At::AliveWait, Eof, "ended", &["ended at first-byte: eof"], ""),
    (At::AliveWait, Deadline, "ended", &["ended at first-byte: timeout"], ""),
    // EXE, with QUIT: DIS, whatever comes.
    (At::QuitCheck, Send, "quit", &[], QUIT),
    (At::QuitCheck, Bytes(TIMED_OUT), "ended", &["ended at quit: unsolicited 520"], ""),
    (At::QuitCheck, Bytes("520 Serv"), "idle", &[], ""),
    (At::QuitCheck, Eof, "ended", &["ended at quit: eof"], ""),
    (At::QuitWrite, Eof, "ended", &["ended at quit: quit"], ""),
    (At::QuitWrite, Reset, "ended", &["ended at quit: quit"], ""),
    (At::QuitWrite, Deadline, "ended", &["ended at quit: timeout"], ""),
    (At::QuitWait, Bytes(BYE), "ended", &["ended at quit: quit"], ""),
    (At::QuitWait, Bytes(FAILED), "ended", &["ended at quit: quit"], ""),
    (At::QuitWait, Bytes("hello\r\n.\r\n"), "ended", &["ended at quit: malformed"], ""),
    (At::QuitWait, Bytes("220"), "quit", &[], ""),
    (At::QuitWait, Eof, "ended", &["ended at quit: quit"], ""),
    (At::QuitWait, Reset, "ended", &["ended at quit: quit"], ""),
    (At::QuitWait, Deadline, "ended", &["ended at quit: timeout"], ""),
    (At::QuitWait, Input::Quit, "quit", &[], ""),
    (At::QuitWait, Abandon, "ended", &["ended at quit: abandoned"], ""),
    // DIS is the end.
    (At::Ended, Bytes(GREETING), "ended", &[], ""),
    (At::Ended, Eof, "ended", &[], ""),
    (At::Ended, Reset, "ended", &[], ""),
    (At::Ended, Send, "ended", &[], ""),
    (At::Ended, Input::Quit, "ended", &[], ""),
    (At::Ended, Abandon, "ended", &[], ""),
];

#[test]
fn every_way_out_of_every_state_of_figure_1_is_as_the_rfc_draws_it() {
    for (at, input, stage, events, sent) in FIGURE_1 {
        let mut play = Play::at(*at);
        match input {
            Bytes(bytes) => play.input(bytes),
            Eof => play.eof(),
            Reset => play.reset(),
            Deadline => play.wait(play.due().unwrap()),
            Send => play.send(),
            LogIn => play.session.log_in(play.now).unwrap(),
            Submit => play.submit(check()),
            Alive => play.session.keep_alive(play.now).unwrap(),
            Input::Quit => play.session.quit(play.now),
            Abandon => play.session.abandon(),
        }
        assert_eq!(play.events(), *events, "{at:?}, {input:?}");
        assert_eq!(play.stage(), *stage, "{at:?}, {input:?}");
        assert_eq!(play.sent, *sent, "{at:?}, {input:?}");
        if *stage == "ended" {
            assert_eq!(play.session.poll_timeout(), None, "{at:?}, {input:?}");
            assert!(play.session.poll_output().is_none(), "{at:?}, {input:?}");
        }
    }
}

#[test]
fn every_state_is_in_the_table_and_at_the_stage_that_is_told() {
    for at in At::ALL {
        assert!(FIGURE_1.iter().any(|(from, ..)| *from == at), "{at:?}");
        let play = Play::at(at);
        assert_eq!(play.session.stage(), stage_of(at), "{at:?}");
        assert_eq!(play.session.is_ready(), at == At::Idle, "{at:?}");
        assert_eq!(play.session.has_ended(), at == At::Ended, "{at:?}");
        assert_eq!(play.session.idle_since().is_some(), matches!(at, At::Idle | At::Doomed), "{at:?}");
        let checks = [At::LoginCheck, At::Check, At::AliveCheck, At::QuitCheck];
        assert_eq!(play.session.wants_check(), checks.contains(&at), "{at:?}");
    }
}

#[test]
fn a_whole_session_is_login_commands_and_quit() {
    let mut play = Play::start();
    play.input(GREETING);
    play.send();
    play.input(OK);
    play.submit(check());
    play.send();
    play.input(AVAILABLE);
    play.submit(add());
    play.send();
    play.input("200 Command completed successfully\r\nregistration expiration date:2027-11-22\r\n.\r\n");
    play.session.quit(play.now);
    play.send();
    play.input(BYE);
    assert_eq!(
        play.events(),
        ["greeted", "logged in 200", "0 answered 210", "1 answered 200", "ended at quit: quit"]
    );
    let add = "add\r\nEntityName:Domain\r\nDomainName:example.com\r\n.\r\n";
    assert_eq!(play.sent, [LOGIN, CHECK, add, QUIT].concat());
}

#[test]
fn nothing_is_handed_over_before_the_greeting() {
    let mut play = Play::start();
    for bytes in ["\r\n", ".", "\r\nExample", " RRP Server version 1\r\n", "Monday\r\n"] {
        play.send();
        play.input(bytes);
        assert!(play.session.keep_alive(play.now).is_err());
        assert!(play.session.submit(check(), play.now).is_err());
    }
    play.send();
    assert_eq!((play.sent.as_str(), play.stage()), ("", "greeting"));
    play.input(".\r\n");
    play.send();
    assert_eq!(play.sent, LOGIN);
}

#[test]
fn nothing_is_handed_over_unchecked_and_nothing_twice() {
    for at in [At::LoginCheck, At::Check, At::AliveCheck, At::QuitCheck] {
        let mut play = Play::at(at);
        assert!(play.session.poll_output().is_none(), "{at:?}");
        play.session.handle_flushed(play.now);
        assert!(play.session.wants_check(), "{at:?}: nothing was handed over that could be written");
        play.checked();
        assert!(!play.session.wants_check(), "{at:?}");
        assert!(play.session.poll_output().is_some(), "{at:?}");
        play.checked();
        assert!(play.session.poll_output().is_none(), "{at:?}");
    }
}

#[test]
fn a_command_is_refused_with_itself_unless_the_session_is_idle() {
    let refused = |play: &mut Play| {
        let rejected = play.session.submit(add(), play.now).unwrap_err();
        assert_eq!(*rejected.command(), add());
        let cause = rejected.cause().clone();
        assert_eq!(rejected.into_command(), add());
        cause
    };
    for at in At::ALL {
        let mut play = Play::at(at);
        let cause = match at {
            At::Idle => continue,
            At::Ended => NotReady::Ended,
            At::Doomed | At::QuitCheck | At::QuitWrite | At::QuitWait => NotReady::Ending,
            _ => NotReady::Busy(stage_of(at)),
        };
        assert_eq!(refused(&mut play), cause, "{at:?}");
        assert_eq!(play.session.keep_alive(play.now), Err(cause), "{at:?}");
        assert_eq!(play.events(), [""; 0], "{at:?}");
        play.session.quit(play.now);
        if !play.session.has_ended() {
            assert_eq!(refused(&mut play), NotReady::Ending, "{at:?}");
        }
    }
}

#[test]
fn a_command_is_refused_while_too_many_events_are_unread() {
    let mut play = Play::idle();
    for number in 0..6 {
        play.submit(check());
        play.send();
        play.input(AVAILABLE);
        assert_eq!(play.session.is_ready(), number < 5);
    }
    let rejected = play.session.submit(check(), play.now).unwrap_err();
    assert_eq!(*rejected.cause(), NotReady::Unread);
    // A keepalive and the end still find room.
    for _ in 0..3 {
        play.session.keep_alive(play.now).unwrap();
        play.send();
        play.input(OK);
    }
    play.eof();
    let events = play.events();
    assert_eq!(events.len(), 8);
    assert_eq!(events[6..], ["proven 200", "ended at idle: eof"]);
}

#[test]
fn reading_events_makes_room_again() {
    let mut play = Play::idle();
    for _ in 0..6 {
        play.submit(check());
        play.send();
        play.input(AVAILABLE);
    }
    assert!(play.session.poll_event().is_some());
    assert!(play.session.is_ready());
    play.submit(check());
}

#[test]
fn commands_of_the_session_are_not_taken_whatever_they_are_declared_to_be() {
    let changing = Login::login("registrar", NEW_PASSWORD).unwrap().new_password("another").unwrap();
    let mut refused = vec![login().to_command(), changing.to_command(), Quit.to_command()];
    refused.push(Command::declared(RrpCommand::new("Describe").unwrap(), Nature::SESSION));
    for name in ["SESSION", "quit"] {
        refused.push(Command::declared(RrpCommand::new(name).unwrap(), Nature::READ));
    }
    for name in ["StartSession", "EndSession", "stopsession"] {
        refused.push(Command::new(PtfCommand::new(name).unwrap()));
        refused.push(Command::declared(PtfCommand::new(name).unwrap(), Nature::UNKNOWN));
    }
    let mut play = Play::idle();
    for command in refused {
        let rejected = play.session.submit(command.clone(), play.now).unwrap_err();
        assert_eq!(*rejected.cause(), NotReady::OfTheSession, "{command:?}");
        assert_eq!(*rejected.command(), command);
    }
    assert!(play.session.is_ready());
    play.submit(Describe::new().to_command());
}

#[test]
fn what_the_strict_dialect_does_not_allow_is_not_taken() {
    let strict = || Config::new(login()).dialect(Dialect::Rfc);
    let mut play = Play::with(strict(), At::Idle, check());
    let rejected = play.session.submit(ptf("StatusDomain"), play.now).unwrap_err();
    assert!(matches!(rejected.cause(), NotReady::Encode(_)));
    assert_eq!(
        chain(&rejected),
        "command `StatusDomain` not taken: command not encoded: not allowed by RFC 2832: a PTF block"
    );
    assert!(play.session.is_ready());
    play.submit(check());

    let long = Login::login("registrar", "longer-than-sixteen-characters").unwrap();
    assert!(Session::new(Config::new(long.clone()), base()).is_ok());
    let error = Session::new(Config::new(long).dialect(Dialect::Rfc), base()).unwrap_err();
    assert!(chain(&error).contains("`Password`"), "{}", chain(&error));
    // A keepalive that could never be sent is refused at once too, and not after nine minutes.
    let error = Session::new(strict().keepalive(Keepalive::PtfDescribe), base()).unwrap_err();
    assert_eq!(chain(&error), "not allowed by RFC 2832: a PTF block");
}

#[test]
fn what_was_not_taken_tells_why() {
    for (cause, text) in [
        (NotReady::Busy(Stage::Reply), "session is at stage `reply`"),
        (NotReady::Ending, "session is about to end"),
        (NotReady::Ended, "session has ended"),
        (NotReady::Unread, "session has events that nobody has read"),
        (NotReady::OfTheSession, "command belongs to the session itself"),
    ] {
        assert_eq!(cause.to_string(), text);
    }
}

#[test]
fn an_unsent_command_comes_back_as_it_was_given() {
    let mut play = Play::with(Config::new(login()), At::Check, ptf("AddDomain"));
    play.eof();
    let Some(Event::Done { fate: Fate::Unsent(command), .. }) = play.session.poll_event() else {
        panic!("not unsent")
    };
    assert_eq!(command, ptf("AddDomain"));
    assert_eq!(play.sent, "");
}

#[test]
fn quit_waits_for_the_command_in_hand_and_then_goes_out_by_itself() {
    for at in [At::Check, At::Checked, At::Write, At::Wait, At::Reply] {
        let mut play = Play::at(at);
        play.session.quit(play.now);
        play.session.quit(play.now);
        if play.session.stage() < Stage::FirstByte {
            play.send();
        }
        play.session.handle_flushed(play.now);
        play.input(if at == At::Reply { "me\r\n.\r\n" } else { AVAILABLE });
        assert_eq!((play.events(), play.stage()), (vec!["0 answered 210".to_owned()], "quit"), "{at:?}");
        play.take_sent();
        play.send();
        play.input(BYE);
        assert_eq!(play.take_sent(), QUIT, "{at:?}");
        assert!(play.end().is_orderly());
    }
}

#[test]
fn quit_while_the_login_is_on_its_way_follows_its_answer() {
    for (answer, sent, event) in [
        (OK, QUIT, "logged in 200"),
        (FAILED, "", "ended at login: refused 530"),
        ("421 x\r\n.\r\n", "", "ended at login: refused 421"),
    ] {
        let mut play = Play::at(At::LoginWait);
        play.session.quit(play.now);
        play.input(answer);
        play.send();
        assert_eq!((play.events().join(" "), play.sent.as_str()), (event.to_owned(), sent));
    }
}

#[test]
fn quit_is_not_sent_over_what_has_begun_to_arrive() {
    let mut play = Play::at(At::Doomed);
    play.session.quit(play.now);
    play.send();
    assert_eq!(play.sent, "");
    assert_eq!(play.due(), Some(seconds(5)));
    play.wait(seconds(5));
    assert_eq!(play.events(), ["ended at idle: noise"]);

    // The same where it begins after QUIT was asked for, and before it was handed over.
    for at in [At::QuitCheck, At::Check] {
        let mut play = Play::at(at);
        play.session.quit(play.now);
        play.checked();
        play.input("52");
        play.send();
        play.input("0 bye\r\n.\r\n");
        assert_eq!((play.sent.as_str(), play.stage()), ("", "ended"));
        assert_eq!(play.events().last().unwrap(), "ended at idle: unsolicited 520");
    }
}

#[test]
fn a_surplus_reply_before_a_waiting_quit_ends_the_session_without_it() {
    let mut play = Play::at(At::Wait);
    play.session.quit(play.now);
    play.input([AVAILABLE, AVAILABLE].concat());
    play.send();
    assert_eq!(play.events(), ["0 unanswered", "ended at reply: surplus behind 210"]);
    assert_eq!(play.sent, "");
}

#[test]
fn every_answer_to_quit_is_its_end() {
    for code in [200, 220, 421, 500, 520, 547, 999] {
        let mut play = Play::at(At::QuitWait);
        play.input(rrp(code));
        let end = play.end();
        assert!(end.is_orderly(), "{code}");
        assert_eq!(end.to_string(), "quit: session ended by QUIT");
        assert_eq!(end.fix(), None);
    }
}
