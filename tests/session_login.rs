//! Greeting and login: what is taken for a greeting, which answers are a login, and what becomes of a password that was
//! to be changed.

mod support;

use rrp::command::Dialect;
use rrp::session::{Config, Event, NotReady, Session, Stage, Why};
use rrp::wire::deframe::Limits;
use rrp::{Reply, ReturnCode};
use support::chain;
use support::session::{
    At, BYE, GREETING, LOGIN, NEW_PASSWORD, OK, PASSWORD, Play, TIMED_OUT, base, block, changing, check,
    login, rrp, seconds, stage_of,
};

#[test]
fn the_greeting_is_handed_on_in_whatever_words() {
    let mut play = Play::start();
    play.input("\r\n.\r\nExample RRP Server version 1.1.0\nMon Oct 25 20:20:34 EDT 1999\n.\n");
    let Some(Event::Greeted(greeting)) = play.session.poll_event() else { panic!("not greeted") };
    assert_eq!((greeting.registry(), greeting.version()), (Some("Example"), Some("1.1.0")));
    assert_eq!(greeting.lines()[1], "Mon Oct 25 20:20:34 EDT 1999");
    assert_eq!(play.session.stage(), Stage::Login);

    let mut play = Play::start();
    play.input("Welcome\r\nEOF\r\n");
    assert_eq!((play.events(), play.stage()), (vec!["greeted".to_owned()], "login"));
}

#[test]
fn a_reply_instead_of_the_greeting_ends_the_session_before_anything_is_sent() {
    for code in [200, 220, 421, 520, 521, 530, 999] {
        for reply in [rrp(code), block(code)] {
            let mut play = Play::start();
            play.byte_by_byte(&reply);
            play.send();
            assert_eq!(play.events(), [format!("ended at greeting: instead of greeting {code}")]);
            assert_eq!(play.sent, "");
        }
    }
    let mut play = Play::start();
    play.input("[COMMAND]\r\ncommand = x\r\nEOF\r\n");
    assert_eq!(play.events(), ["ended at greeting: malformed"]);
}

#[test]
fn something_behind_the_greeting_ends_the_session_before_the_login_is_sent() {
    for (behind, end) in [
        (OK, "instead of greeting 200"),
        (TIMED_OUT, "instead of greeting 520"),
        ("Welcome\r\n.\r\n", "malformed"),
    ] {
        let mut play = Play::start();
        play.input([GREETING, behind].concat());
        play.send();
        assert_eq!(play.events(), ["greeted".to_owned(), format!("ended at login: {end}")]);
        assert_eq!(play.sent, "");

        // The same piece by piece, however far the check had come.
        for at in [At::LoginCheck, At::LoginChecked] {
            let mut play = Play::at(at);
            for byte in behind.as_bytes().chunks(1) {
                play.input(byte);
                play.send();
            }
            assert_eq!(play.events(), [format!("ended at login: {end}")], "{at:?}");
            assert_eq!(play.sent, "", "{at:?}");
        }
    }
}

#[test]
fn the_login_waits_for_what_has_begun_to_arrive_no_longer_than_it_may_take() {
    let mut play = Play::at(At::LoginChecked);
    play.input("520 Server closing");
    assert!(!play.session.wants_check());
    play.send();
    assert_eq!((play.sent.as_str(), play.due()), ("", Some(seconds(60))));
    play.wait(seconds(60));
    assert_eq!(play.events(), ["ended at login: timeout"]);
}

#[test]
fn a_login_that_waits_is_the_same_login_only_later() {
    let mut play = Play::with(Config::new(changing()), At::Greeted, check());
    assert!(play.session.changes_password());
    assert_eq!((play.due(), play.session.wants_check()), (None, false), "its owner has the time");
    play.wait(seconds(100_000));
    play.send();
    assert!(play.session.submit(check(), play.now).is_err());
    assert_eq!(play.session.keep_alive(play.now), Err(NotReady::Busy(Stage::Greeted)));
    assert_eq!((play.sent.as_str(), play.stage()), ("", "greeted"));

    play.session.log_in(play.now).unwrap();
    assert_eq!((play.due(), play.stage()), (Some(seconds(60)), "login"), "from now on");
    assert!(play.session.poll_output().is_none(), "nobody has looked");
    play.send();
    assert!(play.sent.ends_with("-NewPassword:n3wly-pl4nted\r\n.\r\n"));
    play.input(OK);
    assert_eq!(play.events(), ["password changed 200"]);
    assert_eq!(play.due(), Some(Config::KEEPALIVE_AFTER));
}

#[test]
fn only_a_login_that_waits_can_be_told() {
    for at in At::ALL {
        let mut play = Play::at(at);
        let (stage, due) = (play.session.stage(), play.due());
        let told = play.session.log_in(play.now);
        let expected = match at {
            At::Greeted => {
                assert_eq!((told, play.session.stage()), (Ok(()), Stage::Login));
                continue;
            }
            At::Ended => NotReady::Ended,
            At::Doomed | At::QuitCheck | At::QuitWrite | At::QuitWait => NotReady::Ending,
            _ => NotReady::Busy(stage),
        };
        assert_eq!(told, Err(expected), "{at:?}");
        assert_eq!((play.session.stage(), play.due(), play.events()), (stage, due, Vec::new()), "{at:?}");
    }
    // Once.
    let mut play = Play::at(At::Greeted);
    play.session.log_in(play.now).unwrap();
    assert_eq!(play.session.log_in(play.now), Err(NotReady::Busy(Stage::Login)));
}

#[test]
fn a_login_that_waits_is_not_sent_behind_anything() {
    for (behind, end) in [
        (OK, "instead of greeting 200"),
        (TIMED_OUT, "instead of greeting 520"),
        ("521 Too many sessions open. Server closing connection\r\n.\r\n", "instead of greeting 521"),
        ("Welcome\r\n.\r\n", "malformed"),
    ] {
        // With the greeting, and behind it; told in the middle, it waits for the rest.
        let config = || Config::new(login()).login_when_told();
        let mut play = Play::new(config());
        play.input([GREETING, behind].concat());
        assert_eq!(play.events(), ["greeted".to_owned(), format!("ended at greeted: {end}")]);
        for cut in 1..behind.len() - 1 {
            let mut play = Play::at(At::Greeted);
            play.input(&behind[..cut]);
            play.session.log_in(play.now).unwrap();
            play.send();
            play.input(&behind[cut..]);
            play.send();
            assert_eq!(play.events(), [format!("ended at login: {end}")], "{cut}");
            assert_eq!(play.sent, "");
        }
    }
    let mut play = Play::at(At::Greeted);
    play.input("520 Serv");
    play.wait(seconds(3_600));
    play.session.log_in(play.now).unwrap();
    play.send();
    assert_eq!((play.sent.as_str(), play.due()), ("", Some(seconds(60))));
    play.eof();
    assert_eq!(play.events(), ["ended at login: incomplete 8"]);
}

#[test]
fn stray_lines_around_greeting_and_login_are_nothing() {
    let mut play = Play::start();
    for stray in ["\r\n", ".\r\n", "EOF\r\n", " \t\n", "."] {
        play.input(stray);
    }
    play.input(["\r\n", GREETING, ".\r\n\r\neof\r\n"].concat());
    play.send();
    play.input(".\r\n");
    play.input(["\r\n", OK, "\r\n.\r\nEOF\r\n"].concat());
    assert_eq!(play.events(), ["greeted", "logged in 200"]);
    assert_eq!((play.sent.as_str(), play.session.is_ready()), (LOGIN, true));
}

#[test]
fn both_successes_are_a_login_and_one_of_them_closes() {
    for grammar in [rrp as fn(u16) -> String, block] {
        let mut play = Play::at(At::LoginWait);
        play.input(grammar(200));
        assert_eq!(play.events(), ["logged in 200"]);
        let mut play = Play::at(At::LoginWait);
        play.input(grammar(220));
        assert_eq!(play.events(), ["logged in 220", "ended at login: closing 220"]);
    }
}

/// Every 4xx and 5xx that is listed, and some that are not.
fn refusals() -> impl Iterator<Item = u16> {
    let listed = ReturnCode::known().map(|info| info.code().as_u16()).filter(|code| *code >= 400);
    listed.chain([400, 499, 599, 100, 302, 600, 999])
}

#[test]
fn after_a_refused_login_nothing_more_is_sent() {
    let mut seen = 0;
    for code in refusals() {
        for reply in [rrp(code), block(code), format!("{code} no; read the small print\r\n.\r\n")] {
            let mut play = Play::at(At::LoginWait);
            play.input(&reply);
            assert!(play.session.submit(check(), play.now).is_err());
            play.session.quit(play.now);
            play.send();
            play.wait(seconds(3_600));
            play.send();
            assert_eq!(play.sent, "", "{reply}");
            let end = play.end();
            assert!(matches!(end.why(), Why::LoginRefused(_)), "{reply}");
            assert_eq!(end.code().map(ReturnCode::as_u16), Some(code));
            assert_eq!(end.refuses_credentials(), matches!(code, 530 | 531), "{code}");
            assert!(!end.is_orderly() && !end.password_in_doubt() && end.fix().is_some());
            assert!(play.events().is_empty(), "it ends once");
            seen += 1;
        }
    }
    assert!(seen > 150, "{seen}");
}

#[test]
fn an_answer_that_no_login_gets_is_none() {
    for code in [210, 211, 213, 219] {
        let mut play = Play::at(At::LoginWait);
        play.input(rrp(code));
        assert_eq!(play.events(), [format!("ended at login: out of step {code}")]);
    }
    // A success that is on no list says nothing that could be relied on.
    let mut play = Play::at(At::LoginWait);
    play.input(rrp(299));
    assert_eq!(play.events(), ["ended at login: refused 299"]);
}

#[test]
fn what_to_do_is_told_with_the_end() {
    let fix = |at: At, bytes: &str| {
        let mut play = Play::at(at);
        play.input(bytes);
        if !play.session.has_ended() {
            play.eof();
        }
        play.end().fix().unwrap_or("").to_owned()
    };
    assert!(fix(At::LoginWait, &rrp(530)).contains("password"));
    assert!(fix(At::LoginWait, &rrp(521)).contains("close other sessions"));
    assert!(fix(At::Greeting, &rrp(521)).contains("close other sessions"));
    for at in [At::LoginWait, At::Greeting] {
        assert!(fix(at, &rrp(549)).contains("read what the registry says"));
        assert!(fix(at, &rrp(422)).contains("send nothing for it, from anywhere, for five minutes"));
        for code in [420, 421, 520] {
            assert_eq!(fix(at, &rrp(code)), "try again later");
        }
    }
    assert!(fix(At::Greeting, "").contains("allow list"));
    assert!(fix(At::Greeting, "Exam").contains("allow list"));
    assert!(fix(At::Greeting, "[x]\r\n.\r\n").contains("TLS"));
    assert!(fix(At::LoginWait, "").contains("ask the registry"));
    assert!(fix(At::Greeted, &rrp(521)).contains("close other sessions"));
    for bytes in ["", "520"] {
        assert!(fix(At::Greeted, bytes).contains("sooner"));
    }
    assert_eq!(fix(At::Wait, ""), "");
    let mut play = Play::start();
    play.wait(seconds(30));
    assert!(play.end().fix().unwrap().contains("handshake"));
}

#[test]
fn a_change_of_the_password_is_told_when_it_is_done() {
    for (answer, events) in
        [(OK, &["password changed 200"][..]), (BYE, &["password changed 220", "ended at login: closing 220"])]
    {
        let mut play = Play::with(Config::new(changing()), At::LoginCheck, check());
        play.send();
        assert!(play.sent.ends_with("-NewPassword:n3wly-pl4nted\r\n.\r\n"));
        play.input(answer);
        assert_eq!(play.events(), events);
    }
}

/// What ends a session, in words and in deed.
type Ending = (&'static str, fn(&mut Play));

/// A login that changes the password, up to a state.
fn change_at(at: At) -> Play {
    Play::with(Config::new(changing()), at, check())
}

#[test]
fn a_password_is_in_doubt_from_the_first_byte_of_its_change_until_a_plain_refusal() {
    let all: [Ending; 6] = [
        ("eof", Play::eof),
        ("transport", Play::reset),
        ("timeout", |play| play.wait(play.due().unwrap())),
        ("abandoned", |play| play.session.abandon()),
        ("malformed", |play| play.input("\r\nhello\r\n.\r\n")),
        ("limit", |play| play.input("x".repeat(5_000))),
    ];
    for at in At::ALL.into_iter().filter(|at| stage_of(*at) <= Stage::Login) {
        for (what, happens) in all {
            if (at, what) == (At::Greeted, "timeout") {
                continue; // It has none.
            }
            let mut play = change_at(at);
            happens(&mut play);
            if !play.session.has_ended() {
                // `hello` is a fine greeting.
                assert_eq!((at, what), (At::Greeting, "malformed"));
                continue;
            }
            let end = play.end();
            let handed_over = matches!(at, At::LoginWrite | At::LoginWait | At::LoginReply);
            assert_eq!(end.password_in_doubt(), handed_over, "{at:?}, {what}");
            assert_eq!(end.fix().is_some_and(|fix| fix.contains("each of the two")), handed_over);
        }
    }
    // Once it is answered, nothing is in doubt.
    for at in [At::Idle, At::Wait] {
        let mut play = change_at(at);
        play.eof();
        assert!(!play.end().password_in_doubt(), "{at:?}");
    }
}

#[test]
fn a_refusal_leaves_a_password_in_doubt_unless_it_says_plainly_that_nothing_was_done() {
    for (code, in_doubt) in [
        (530, false),
        (531, false),
        (506, false),
        (507, false),
        (521, false),
        (422, false),
        (420, true),
        (421, true),
        (423, true),
        (520, true),
        (549, true),
        (299, true),
        (211, true),
        (999, true),
    ] {
        let mut play = change_at(At::LoginWait);
        play.input(rrp(code));
        assert_eq!(play.end().password_in_doubt(), in_doubt, "{code}");
    }
    // One that came before the command was written is no answer to it, unless it comes to everybody.
    let mut play = change_at(At::LoginWrite);
    play.input(rrp(530));
    assert_eq!(play.events(), ["ended at login: early 530, password in doubt"]);
    for (at, code, refuses) in [
        (At::LoginWrite, 530, true),
        (At::LoginWrite, 531, true),
        (At::LoginWrite, 541, false),
        (At::Write, 530, false),
    ] {
        let end = Play::at(at).also(|play| play.input(rrp(code))).end();
        assert!(matches!(end.why(), Why::Early(_)));
        assert_eq!(end.refuses_credentials(), refuses, "{at:?} {code}");
        assert_eq!(end.fix().is_some(), refuses);
    }
}

#[test]
fn a_login_that_changes_nothing_leaves_no_doubt() {
    for at in At::ALL {
        let mut play = Play::at(at);
        play.eof();
        if at != At::Ended {
            assert!(!play.end().password_in_doubt(), "{at:?}");
        }
    }
}

#[test]
fn before_the_login_is_accepted_limits_are_narrow() {
    let line = |len: usize| format!("{}\r\n", "x".repeat(len - 2));
    let sixteen: String = line(4_096).repeat(16);
    for (fits, passes) in [
        (line(4_096), line(4_097)),
        (sixteen.clone(), format!("{sixteen}\n")),
        ("x\r\n".repeat(1_024), "x\r\n".repeat(1_025)),
    ] {
        let mut play = Play::start();
        play.input(&fits);
        play.input(".\r\n");
        assert_eq!(play.events(), ["greeted"]);

        let mut play = Play::start();
        play.input(&passes);
        play.input(".\r\n");
        let end = play.end();
        assert!(matches!(end.why(), Why::Frame(_)), "{end}");
        assert!(
            chain(&end).starts_with("greeting: reply passes a limit (what came began with `x"),
            "{}",
            chain(&end)
        );
    }
    // The answer to the login has the same.
    let attributes = |count: usize| format!("200 ok\r\n{}.\r\n", "a:b\r\n".repeat(count));
    for (count, event) in [(1_023, "logged in 200"), (1_024, "ended at login: limit")] {
        let mut play = Play::at(At::LoginWait);
        play.input(attributes(count));
        assert_eq!(play.events(), [event]);
    }
}

#[test]
fn after_it_the_limits_are_those_of_replies_or_as_given() {
    let mut play = Play::at(At::Wait);
    play.input(format!("210 ok\r\n{}a:{}\r\n.\r\n", "a:b\r\n".repeat(2_000), "x".repeat(5_000)));
    assert_eq!(play.events(), ["0 answered 210"]);

    let narrow = Config::new(login()).limits(Limits::REPLY.with_lines(2));
    for (lines, events) in [(1, &["0 answered 210"][..]), (2, &["0 unanswered", "ended at reply: limit"])] {
        let mut play = Play::with(narrow.clone(), At::Wait, check());
        play.byte_by_byte(format!("210 ok\r\n{}.\r\n", "a:b\r\n".repeat(lines)));
        assert_eq!(play.events(), events);
    }
    // What waits behind the answer to the login has the wide limits already.
    let mut play = Play::at(At::LoginWait);
    play.input(format!("{OK}200 {}\r\n.\r\n", "x".repeat(5_000)));
    assert_eq!(play.events(), ["logged in 200", "ended at idle: unsolicited 200"]);
}

#[test]
fn the_login_is_encoded_in_the_dialect() {
    let strict = Config::new(changing()).dialect(Dialect::Rfc);
    let mut play = Play::with(strict, At::LoginCheck, check());
    play.send();
    let expected =
        format!("session\r\n-Id:registrar\r\n-Password:{PASSWORD}\r\n-NewPassword:{NEW_PASSWORD}\r\n.\r\n");
    assert_eq!(play.sent, expected);
    let account = rrp::command::Session::login("account:role", PASSWORD).unwrap();
    assert!(Session::new(Config::new(account.clone()), base()).is_ok());
    assert!(Session::new(Config::new(account).dialect(Dialect::Rfc), base()).is_err());
}

#[test]
fn the_reply_to_the_login_is_there_to_be_read() {
    let mut play = Play::at(At::LoginWait);
    play.input("200 ok; you have mail\r\nbalance:17\r\n.\r\n");
    let Some(Event::LoggedIn { reply, .. }) = play.session.poll_event() else { panic!("not logged in") };
    assert_eq!(
        (reply.detail().as_deref(), reply.first("balance").as_deref()),
        (Some("you have mail"), Some("17"))
    );

    let mut play = Play::at(At::LoginWait);
    play.input("531 Authorization failed; account is locked\r\n.\r\n");
    let end = play.end();
    assert_eq!(end.reply().map(Reply::text).as_deref(), Some("Authorization failed; account is locked"));
    assert_eq!(end.to_string(), "login: login refused with `531 Authorization failed; account is locked`");
}
