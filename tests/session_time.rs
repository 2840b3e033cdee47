//! Deadlines, each of its own and exact; keepalives, and what they prove.

mod support;

use std::time::Duration;

use rrp::command::{Command, Dialect, Nature, PtfCommand};
use rrp::session::{Config, Deadlines, Keepalive, NotReady, Wait};
use support::session::{
    At, BYE, DESCRIBE, GREETING, OK, Play, QUIT, TIMED_OUT, add, check, login, ptf, rrp, seconds,
};

const A_NANOSECOND: Duration = Duration::from_nanos(1);

/// Nothing happens a nanosecond before it is due; at that instant it does.
#[track_caller]
fn assert_due(play: &mut Play, after: Duration, events: &[&str]) {
    assert_eq!(play.due(), Some(after));
    let stage = play.stage();
    play.wait(after - A_NANOSECOND);
    assert_eq!((play.events(), play.stage()), (Vec::new(), stage), "a nanosecond too early");
    assert_eq!(play.due(), Some(A_NANOSECOND));
    play.wait(A_NANOSECOND);
    assert_eq!(play.events(), events);
}

fn config() -> Config {
    let deadlines = Deadlines::DEFAULT
        .with_greeting(seconds(11))
        .with_login(seconds(12))
        .with_write(seconds(13))
        .with_query(Wait::new(seconds(14), seconds(15)))
        .with_change(Wait::new(seconds(16), seconds(17)))
        .with_quit(seconds(18));
    Config::new(login()).deadlines(deadlines)
}

#[test]
fn the_default_deadlines_are_those_that_are_told() {
    let deadlines = Deadlines::default();
    assert_eq!(deadlines.greeting(), seconds(30));
    assert_eq!(deadlines.login(), seconds(60));
    assert_eq!(deadlines.write(), seconds(30));
    assert_eq!((deadlines.query().first_byte(), deadlines.query().whole()), (seconds(60), seconds(180)));
    assert_eq!((deadlines.change().first_byte(), deadlines.change().whole()), (seconds(180), seconds(180)));
    assert_eq!(deadlines.quit(), seconds(10));
    assert_eq!(Config::KEEPALIVE_AFTER, seconds(540));
}

#[test]
fn every_stage_has_its_own_deadline_and_keeps_it_to_the_nanosecond() {
    for (at, after, events) in [
        (At::Greeting, 11, &["ended at greeting: timeout"][..]),
        (At::LoginCheck, 12, &["ended at login: timeout"]),
        (At::LoginChecked, 12, &["ended at login: timeout"]),
        (At::LoginWrite, 12, &["ended at login: timeout"]),
        (At::LoginWait, 12, &["ended at login: timeout"]),
        (At::LoginReply, 12, &["ended at login: timeout"]),
        (At::Doomed, 5, &["ended at idle: noise"]),
        (At::Check, 13, &["0 unsent", "ended at check: timeout"]),
        (At::Checked, 13, &["0 unsent", "ended at check: timeout"]),
        (At::Write, 13, &["0 unanswered", "ended at write: timeout"]),
        (At::Wait, 14, &["0 unanswered", "ended at first-byte: timeout"]),
        (At::Reply, 15, &["0 unanswered", "ended at reply: timeout"]),
        (At::AliveCheck, 13, &["ended at check: timeout"]),
        (At::AliveWrite, 13, &["ended at write: timeout"]),
        (At::AliveWait, 14, &["ended at first-byte: timeout"]),
        (At::QuitCheck, 18, &["ended at quit: timeout"]),
        (At::QuitWrite, 18, &["ended at quit: timeout"]),
        (At::QuitWait, 18, &["ended at quit: timeout"]),
    ] {
        assert_due(&mut Play::with(config(), at, check()), seconds(after), events);
    }
}

#[test]
fn login_and_quit_have_one_deadline_however_their_time_is_spent() {
    let mut play = Play::with(config(), At::LoginCheck, check());
    play.pass(seconds(3));
    play.send();
    play.wait(seconds(4));
    play.input("200 Comm");
    assert_due(&mut play, seconds(5), &["ended at login: timeout"]);

    let mut play = Play::with(config(), At::QuitCheck, check());
    play.pass(seconds(3));
    play.send();
    play.input("220 Comm");
    assert_due(&mut play, seconds(15), &["ended at quit: timeout"]);
}

#[test]
fn a_change_has_longer_than_a_query_and_ptf_goes_by_its_nature() {
    let declared = Command::declared(PtfCommand::new("AddDomain").unwrap(), Nature::READ);
    for (command, first, whole) in [
        (check(), 14, 15),
        (add(), 16, 17),
        (ptf("StatusDomain"), 14, 15),
        (ptf("AddDomain"), 16, 17),
        (ptf("NeverHeardOf"), 16, 17),
        (declared, 14, 15),
    ] {
        let mut play = Play::with(config(), At::Wait, command.clone());
        assert_due(&mut play, seconds(first), &["0 unanswered", "ended at first-byte: timeout"]);
        let mut play = Play::with(config(), At::Wait, command);
        play.wait(seconds(first - 1));
        play.input("2");
        assert_due(&mut play, seconds(whole - first + 1), &["0 unanswered", "ended at reply: timeout"]);
    }
    let mut play = Play::with(Config::new(login()), At::Wait, add());
    assert_due(&mut play, seconds(180), &["0 unanswered", "ended at first-byte: timeout"]);
}

#[test]
fn the_time_for_the_reply_runs_from_when_all_is_written() {
    let mut play = Play::with(config(), At::Write, check());
    play.wait(seconds(12));
    play.session.handle_flushed(play.now);
    assert_due(&mut play, seconds(14), &["0 unanswered", "ended at first-byte: timeout"]);
    // The write deadline runs from the submission.
    let mut play = Play::with(config(), At::Check, check());
    play.wait(seconds(9));
    play.hand_over();
    assert_due(&mut play, seconds(4), &["0 unanswered", "ended at write: timeout"]);
}

#[test]
fn more_bytes_and_stray_lines_buy_no_time() {
    let mut play = Play::with(config(), At::Wait, check());
    for _ in 0..13 {
        play.wait(seconds(1));
        play.input("\r\n.\r\nEOF\r\n.");
        play.input("\r\n");
    }
    assert_due(&mut play, seconds(1), &["0 unanswered", "ended at first-byte: timeout"]);

    let mut play = Play::with(config(), At::Reply, check());
    for _ in 0..14 {
        play.wait(seconds(1));
        play.input("x");
    }
    assert_due(&mut play, seconds(1), &["0 unanswered", "ended at reply: timeout"]);

    let mut play = Play::with(config(), At::Doomed, check());
    for _ in 0..4 {
        play.wait(seconds(1));
        play.input("x");
    }
    assert_due(&mut play, seconds(1), &["ended at idle: noise"]);
}

#[test]
fn a_first_byte_never_has_longer_than_the_whole_reply() {
    let deadlines = Deadlines::DEFAULT.with_query(Wait::new(seconds(60), seconds(2)));
    let mut play = Play::with(Config::new(login()).deadlines(deadlines), At::Wait, check());
    assert_due(&mut play, seconds(2), &["0 unanswered", "ended at first-byte: timeout"]);
}

#[test]
fn a_reply_that_is_late_is_none() {
    let mut play = Play::with(config(), At::Wait, check());
    play.wait(seconds(14));
    play.input("210 Domain name available\r\n.\r\n");
    assert_eq!(play.events(), ["0 unanswered", "ended at first-byte: timeout"]);
}

#[test]
fn a_reply_that_is_there_before_anybody_looks_at_the_clock_counts() {
    let mut play = Play::with(config(), At::Wait, check());
    play.pass(seconds(100));
    play.input("210 Domain name available\r\n.\r\n");
    play.wait(Duration::ZERO);
    assert_eq!((play.events(), play.stage()), (vec!["0 answered 210".to_owned()], "idle"));
}

#[test]
fn after_a_keepalive_idle_time_counts_anew() {
    let mut play = Play::idle();
    for _ in 0..3 {
        assert_eq!(play.session.idle_since(), Some(play.now));
        assert_due(&mut play, seconds(540), &[]);
        assert_eq!((play.stage(), play.session.idle_since()), ("check", None));
        play.send();
        assert_eq!(play.take_sent(), DESCRIBE);
        play.pass(seconds(1));
        play.input(OK);
        assert_eq!(play.events(), ["proven 200"]);
    }
    // So it does after a command.
    play.wait(seconds(500));
    play.submit(check());
    play.send();
    play.input("211 Domain name not available\r\n.\r\n");
    assert_eq!(play.due(), Some(seconds(540)));
}

#[test]
fn both_forms_of_the_keepalive_go_out_as_they_should() {
    let ptf = Config::new(login()).keepalive(Keepalive::PtfDescribe).keepalive_after(Some(seconds(7)));
    let mut play = Play::with(ptf, At::Idle, check());
    play.wait(seconds(7));
    play.send();
    assert_eq!(play.take_sent(), "[COMMAND]\r\ncommand=Describe\r\nEOF\r\n.\r\n");
    play.input("[RESPONSE]\r\ncode = 200\r\ndescription = ok\r\nproperty[version][0] = 1\r\nEOF\r\n.\r\n");
    assert_eq!((play.events(), play.stage()), (vec!["proven 200".to_owned()], "idle"));
    for dialect in [Dialect::Rfc, Dialect::Xrrp] {
        let mut play = Play::with(Config::new(login()).dialect(dialect), At::AliveCheck, check());
        play.send();
        assert_eq!(play.take_sent(), DESCRIBE);
        play.input("200 Command completed successfully\r\nProtocol:RRP 2.0.0\r\n.\r\n");
        assert_eq!(play.events(), ["proven 200"]);
    }
}

#[test]
fn without_a_time_for_it_a_keepalive_goes_out_only_when_asked_for() {
    let mut play = Play::with(Config::new(login()).keepalive_after(None), At::Idle, check());
    assert_eq!(play.due(), None);
    play.wait(seconds(100_000));
    assert_eq!(play.stage(), "idle");
    play.session.keep_alive(play.now).unwrap();
    play.send();
    assert_eq!(play.take_sent(), DESCRIBE);
    assert_eq!(play.session.keep_alive(play.now), Err(NotReady::Busy(play.session.stage())));
}

#[test]
fn what_a_keepalive_proves_depends_on_its_answer() {
    let at = "ended at first-byte: ";
    let exact = "530 Authentication failed\r\n.\r\n";
    let sequence = "547 Invalid command sequence\r\n.\r\n";
    for (answer, event, end) in [
        (OK.to_owned(), "proven 200", ""),
        (BYE.to_owned(), "proven 220", "closing 220"),
        (exact.to_owned(), "", "lost 530"),
        (sequence.to_owned(), "", "lost 547"),
        (
            "[RESPONSE]\r\ncode = 530\r\ndescription = Authentication failed\r\nEOF\r\n".to_owned(),
            "",
            "lost 530",
        ),
        // With a particular it is a refusal of the command, and says nothing about the login.
        ("530 Authentication failed; object is of another\r\n.\r\n".to_owned(), "unproven 530", ""),
        ("547 Invalid command sequence; not here\r\n.\r\n".to_owned(), "unproven 547", ""),
        (rrp(500), "unproven 500", ""),
        (rrp(421), "unproven 421", ""),
        (rrp(422), "unproven 422", ""),
        (rrp(999), "unproven 999", ""),
        (rrp(299), "unproven 299", ""),
        (rrp(420), "unproven 420", "closing 420"),
        (TIMED_OUT.to_owned(), "unproven 520", "closing 520"),
        (rrp(521), "unproven 521", "closing 521"),
        (rrp(210), "unproven 210", "out of step 210"),
        ("[RESPONSE]\r\ncode = 200\r\nEOF\r\n".to_owned(), "unproven 200", "out of step 200"),
    ] {
        let mut play = Play::at(At::AliveWait);
        play.input(&answer);
        let ended = (!end.is_empty()).then(|| format!("{at}{end}"));
        let events: Vec<String> =
            [event.to_owned()].into_iter().filter(|event| !event.is_empty()).chain(ended).collect();
        assert_eq!(play.events(), events, "{answer}");
        assert_eq!(play.session.is_ready(), end.is_empty(), "{answer}");
    }
}

#[test]
fn the_same_refusals_of_a_command_end_nothing() {
    for reply in [rrp(530), rrp(547), "530 Authentication failed; not yours\r\n.\r\n".to_owned()] {
        let mut play = Play::at(At::Wait);
        play.input(&reply);
        assert_eq!(play.events().len(), 1, "{reply}");
        assert!(play.session.is_ready());
    }
}

#[test]
fn of_keepalives_that_nobody_reads_the_last_is_kept() {
    let mut play = Play::idle();
    for answer in [OK, "500 x\r\n.\r\n", "541 x\r\n.\r\n"] {
        play.wait(seconds(540));
        play.send();
        play.input(answer);
    }
    assert_eq!(play.events(), ["unproven 541"]);
}

#[test]
fn quit_sends_no_keepalive_that_was_not_begun_and_none_is_sent_after_it() {
    let mut play = Play::at(At::AliveCheck);
    play.session.quit(play.now);
    assert_eq!(play.due(), Some(seconds(10)));
    play.send();
    assert_eq!(play.take_sent(), QUIT);

    let mut play = Play::at(At::AliveWait);
    play.session.quit(play.now);
    play.input(OK);
    play.send();
    assert_eq!(play.take_sent(), QUIT);
    play.wait(seconds(10));
    assert_eq!(play.events(), ["proven 200", "ended at quit: timeout"]);
    assert_eq!((play.due(), play.session.poll_output()), (None, None));
}

#[test]
fn a_clock_that_stands_still_or_deadlines_of_nothing_make_no_loop() {
    let nothing = Deadlines::DEFAULT
        .with_greeting(Duration::ZERO)
        .with_login(Duration::ZERO)
        .with_write(Duration::ZERO)
        .with_query(Wait::new(Duration::ZERO, Duration::ZERO))
        .with_quit(Duration::ZERO);
    let config = Config::new(login()).deadlines(nothing).keepalive_after(Some(Duration::ZERO));
    for at in At::ALL {
        let mut play = Play::with(config.clone(), at, check());
        let mut turns = 0;
        while play.due().is_some_and(|due| due.is_zero()) {
            play.wait(Duration::ZERO);
            turns += 1;
            assert!(turns < 3, "{at:?}");
        }
        // What has begun to arrive has its five seconds, and a keepalive at least one.
        assert_eq!(play.session.has_ended(), !matches!(at, At::Doomed | At::Idle | At::Greeted), "{at:?}");
        if at == At::Idle {
            assert_eq!(play.due(), Some(Config::MIN_KEEPALIVE_AFTER));
        }
    }
}

#[test]
fn deadlines_beyond_the_end_of_time_are_far_away() {
    let forever = Deadlines::DEFAULT
        .with_greeting(Duration::MAX)
        .with_login(Duration::MAX)
        .with_write(Duration::MAX)
        .with_query(Wait::new(Duration::MAX, Duration::MAX));
    let config = Config::new(login()).deadlines(forever).keepalive_after(Some(Duration::MAX));
    for at in [At::Greeting, At::LoginWait, At::Idle, At::Write, At::Wait, At::Reply] {
        let play = Play::with(config.clone(), at, check());
        assert!(play.due().unwrap() >= seconds(31_536_000), "{at:?}");
    }
}

#[test]
fn time_alone_changes_nothing_before_the_deadline() {
    for at in At::ALL {
        let mut play = Play::at(at);
        let due = play.due();
        for _ in 0..3 {
            play.wait(Duration::ZERO);
        }
        assert_eq!((play.due(), play.events(), play.sent.as_str()), (due, Vec::new(), ""), "{at:?}");
    }
    let mut play = Play::start();
    play.pass(seconds(29));
    play.input(GREETING);
    assert_eq!(play.due(), Some(seconds(60)), "the login has a deadline of its own");
}
