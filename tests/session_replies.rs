//! Replies and what is none: closing codes, misfits, surplus and early replies, stray lines, terminators, limits, and
//! every cut of them.

mod support;

use rrp::command::Command;
use rrp::session::{Config, Event, Fate};
use rrp::verdict::Executed;
use rrp::wire::deframe::{Grammar, Limits};
use support::session::{At, GREETING, OK, Play, TIMED_OUT, add, block, check, login, ptf, rrp, seconds};

/// A session that waits for the reply to this command.
fn waiting(command: Command) -> Play {
    Play::with(Config::new(login()), At::Wait, command)
}

#[test]
fn each_closing_code_ends_the_session_behind_its_reply_in_whatever_grammar() {
    for code in [220, 420, 520, 521] {
        let wholes = [(add(), rrp(code)), (ptf("AddDomain"), rrp(code)), (ptf("AddDomain"), block(code))];
        let detailed = (add(), format!("{code} bye; so there\r\n.\r\n"));
        for (command, reply) in wholes.into_iter().chain([detailed]) {
            let mut play = waiting(command.clone());
            play.byte_by_byte(&reply);
            let events = [format!("0 answered {code}"), format!("ended at reply: closing {code}")];
            assert_eq!(play.events(), events, "{command:?}: {reply}");
            assert_eq!(play.due(), None);
        }
    }
    // A refusal may come as a block to RRP; a success in it answers something else.
    let mut play = waiting(add());
    play.input(block(420));
    assert_eq!(play.events(), ["0 answered 420", "ended at first-byte: closing 420"]);
    let mut play = waiting(add());
    play.input(block(220));
    assert_eq!(play.events(), ["0 answered 220", "ended at first-byte: out of step 220"]);
}

#[test]
fn no_other_code_ends_the_session() {
    for code in (400..600).filter(|code| !matches!(code, 420 | 520 | 521)) {
        for (command, reply) in
            [(add(), rrp(code)), (ptf("AddDomain"), block(code)), (ptf("AddDomain"), rrp(code))]
        {
            let mut play = waiting(command);
            play.input(&reply);
            assert_eq!(play.events(), [format!("0 answered {code}")], "{reply}");
            assert!(play.session.is_ready());
        }
    }
}

#[test]
fn a_check_that_is_answered_with_220_was_not_answered() {
    for (command, reply) in
        [(check(), rrp(220)), (ptf("CheckDomain"), rrp(220)), (ptf("CheckDomain"), block(220))]
    {
        let mut play = waiting(command.clone());
        play.input(&reply);
        let reply = play.answer();
        let verdict = reply.verdict(command.context());
        assert!(!verdict.completed() && verdict.closes_connection(), "{command:?}");
        assert_eq!((verdict.answer(), verdict.executed()), (None, Executed::No));
        assert_eq!(play.events(), ["ended at first-byte: closing 220"]);
    }
}

#[test]
fn a_success_that_the_command_cannot_get_ends_the_session() {
    let property = "[RESPONSE]\r\ncode = 200\r\nproperty[a][0] = b\r\nEOF\r\n";
    for (command, reply, code) in [
        (add(), rrp(210), 210),
        (add(), block(200), 200),
        (check(), rrp(200), 200),
        (check(), rrp(212), 212),
        (check(), property.to_owned(), 200),
        (ptf("AddDomain"), block(211), 211),
        (ptf("AddDomain"), rrp(213), 213),
        (ptf("StatusDomain"), "200 ok\r\nnameserver:ns1.example.net\r\n.\r\n".to_owned(), 200),
        (add(), rrp(217), 217),
    ] {
        let mut play = waiting(command.clone());
        play.input(&reply);
        let answer = play.answer();
        assert!(!answer.verdict(command.context()).fits());
        assert_eq!(answer.verdict(command.context()).executed(), Executed::Unknown);
        assert_eq!(
            play.events(),
            [format!("ended at first-byte: out of step {code}")],
            "{command:?}: {reply}"
        );
    }
    // These fit.
    for (command, reply) in [
        (check(), rrp(211)),
        (check(), rrp(216)),
        (ptf("CheckDomain"), block(211)),
        (ptf("CheckDomain"), rrp(210)),
        (ptf("CheckDomains"), property.to_owned()),
        (ptf("StatusDomain"), property.to_owned()),
        (ptf("AddDomain"), rrp(200)),
        (add(), rrp(299)),
    ] {
        let mut play = waiting(command.clone());
        play.input(&reply);
        play.answer();
        assert!(play.session.is_ready(), "{command:?}: {reply}");
    }
}

#[test]
fn what_is_no_reply_ends_the_session_and_answers_nothing() {
    for frame in [
        "hello\r\n.\r\n",
        "2x0 ok\r\n.\r\n",
        "099 ok\r\n.\r\n",
        "200 ok\r\nno separator\r\n.\r\n",
        "200 ok\r\n211 no\r\n.\r\n",
        "200 ok\r211 no\r\n.\r\n",
        "[RESPONSE]\r\ndescription = ok\r\nEOF\r\n",
        "[RESPONSE]\r\ncode = 200\r\ncode = 541\r\nEOF\r\n",
        "[RESPONSE]\r\ncode = 200\r\n[RESPONSE]\r\nEOF\r\n",
        "[COMMAND]\r\ncommand = AddDomain\r\nEOF\r\n",
        " 200 ok\r\n.\r\n",
    ] {
        for command in [add(), ptf("AddDomain")] {
            let mut play = waiting(command);
            play.input(frame);
            assert_eq!(play.events(), ["0 unanswered", "ended at first-byte: malformed"], "{frame}");
        }
    }
}

#[test]
fn an_unsolicited_reply_ends_an_idle_session_and_says_why() {
    for (reply, code) in [(rrp(520), 520), (block(520), 520), (rrp(421), 421), (rrp(200), 200)] {
        let mut play = Play::idle();
        play.input(&reply);
        let unsolicited = format!("ended at idle: unsolicited {code}");
        assert_eq!(play.events().join(", "), unsolicited);

        let mut play = Play::idle();
        for (at, byte) in reply.bytes().enumerate() {
            assert!(!play.session.has_ended());
            assert_eq!(play.session.is_ready(), at == 0, "{at}");
            play.input([byte]);
        }
        assert_eq!(play.events().join(", "), unsolicited);
    }
}

/// Pieces that together are stray lines.
const STRAY: [&str; 9] =
    ["\r\n", ".\r\n", "EOF\r\n", "eof\n", "\n\n.\n", " \t\r\n", "EOF\r\n.\r\n", "\r\r\n", ".\r\n\r\n.\r\n"];

#[test]
fn stray_lines_are_nothing_wherever_they_stand() {
    for stray in STRAY {
        for by_bytes in [false, true] {
            let feed = |play: &mut Play| {
                if by_bytes { play.byte_by_byte(stray) } else { play.input(stray) }
            };
            for at in At::ALL {
                if matches!(at, At::Doomed | At::Reply | At::LoginReply) {
                    continue; // There they belong to what has begun to arrive.
                }
                let mut play = Play::at(at);
                let due = play.due();
                feed(&mut play);
                let after = (play.events(), play.session.stage(), play.due());
                assert_eq!(after, (Vec::new(), Play::at(at).session.stage(), due), "{at:?}: {stray:?}");
            }
            // Before, between and behind replies, and with the command on its way.
            let mut play = Play::idle();
            for number in 0..3 {
                feed(&mut play);
                play.submit(check());
                feed(&mut play);
                play.hand_over();
                feed(&mut play);
                play.session.handle_flushed(play.now);
                feed(&mut play);
                play.input(rrp(210));
                assert_eq!(play.events(), [format!("{number} answered 210")], "{stray:?}");
            }
        }
    }
}

#[test]
fn what_begins_as_a_stray_line_and_goes_on_otherwise_is_none() {
    for (begin, rest) in [(".", "x"), ("E", "x"), ("EOF", " "), (".\r", "x"), ("  ", "2"), ("\t", ".")] {
        let mut play = Play::idle();
        play.input(begin);
        assert!(play.session.is_ready(), "{begin:?}");
        play.input(rest);
        assert!(!play.session.is_ready(), "{begin:?}{rest:?}");
        play.wait(seconds(5));
        assert_eq!(play.events(), ["ended at idle: noise"]);
    }
}

#[test]
fn a_surplus_reply_answers_nothing() {
    // In the same read, whole and in part: either may be the one that came late.
    for surplus in [rrp(211), "211 Dom".to_owned(), "2".to_owned(), "x\r\n".to_owned()] {
        for stray in ["", "\r\n.\r\n", "EOF\r\n"] {
            let mut play = waiting(check());
            play.input([&rrp(210), stray, &surplus].concat());
            assert_eq!(play.events(), ["0 unanswered", "ended at reply: surplus behind 210"], "{surplus}");
        }
    }
    // Stray lines are none.
    let mut play = waiting(check());
    play.input([&rrp(210), "\r\n.\r\nEOF\r\n."].concat());
    assert_eq!((play.events(), play.session.is_ready()), (vec!["0 answered 210".to_owned()], true));
    // Nor does it prove a login: the first may be the answer to the command before.
    let mut play = Play::idle();
    play.session.keep_alive(play.now).unwrap();
    play.send();
    play.input([rrp(200), rrp(200)].concat());
    assert_eq!(play.events(), ["ended at reply: surplus behind 200"]);
    // In a later one.
    let mut play = waiting(check());
    play.input(rrp(210));
    play.input(rrp(211));
    assert_eq!(play.events(), ["0 answered 210", "ended at idle: unsolicited 211"]);
    // A part of it in a later one, with the rest later still.
    let mut play = waiting(check());
    play.input(rrp(210));
    play.input("211 Dom");
    assert_eq!((play.events(), play.session.is_ready()), (vec!["0 answered 210".to_owned()], false));
    assert!(play.session.submit(check(), play.now).is_err());
    play.input("ain\r\n.\r\n");
    assert_eq!(play.events(), ["ended at idle: unsolicited 211"]);
    // While the next is looked at, whole and in part.
    for surplus in [rrp(211), "2".to_owned(), "211 x\r\n".to_owned()] {
        let mut play = Play::at(At::Check);
        play.input(&surplus);
        play.send();
        assert_eq!(play.events()[0], "0 unsent", "{surplus}");
        assert_eq!((play.sent.as_str(), play.session.is_ready()), ("", false));
        if !play.session.has_ended() {
            assert!(play.session.submit(check(), play.now).is_err());
            assert_eq!(play.due(), Some(seconds(5)));
            play.wait(seconds(5));
            assert_eq!(play.events(), ["ended at idle: noise"]);
        }
    }
}

#[test]
fn a_reply_that_begins_before_its_command_is_written_is_none_wherever_it_is_cut() {
    let reply = rrp(210);
    for cut in 1..=reply.len() {
        let (early, rest) = reply.split_at(cut);
        let mut play = Play::at(At::Write);
        play.input(early);
        play.session.handle_flushed(play.now);
        if !play.session.has_ended() {
            assert_eq!(play.stage(), "reply");
        }
        play.input(rest);
        let stage = if cut < reply.len() { "reply" } else { "write" };
        assert_eq!(
            play.events(),
            ["0 unanswered".to_owned(), format!("ended at {stage}: early 210")],
            "{cut}"
        );
    }
    // One that comes to everybody may; and a stray line is none.
    for cut in 1..TIMED_OUT.len() {
        let mut play = Play::at(At::Write);
        play.input(&TIMED_OUT[..cut]);
        play.session.handle_flushed(play.now);
        play.input(&TIMED_OUT[cut..]);
        assert_eq!(play.events(), ["0 answered 520", "ended at reply: closing 520"], "{cut}");
    }
    let mut play = Play::at(At::Write);
    play.input("EO");
    play.session.handle_flushed(play.now);
    assert_eq!(play.stage(), "first-byte");
    play.input(["F\r\n", &rrp(210)].concat());
    assert_eq!(play.events(), ["0 answered 210"]);
    // The next command begins anew.
    play.submit(check());
    play.send();
    play.input(rrp(210));
    assert_eq!(play.events(), ["1 answered 210"]);
}

#[test]
fn an_early_reply_to_a_keepalive_or_to_quit_is_none_either() {
    let mut play = Play::at(At::AliveWrite);
    play.input("200 Comm");
    play.session.handle_flushed(play.now);
    play.input("and\r\n.\r\n");
    assert_eq!(play.events(), ["ended at reply: early 200"]);
    let mut play = Play::at(At::QuitWrite);
    play.input(rrp(220));
    assert_eq!(play.events(), ["ended at quit: early 220"]);
}

/// Submits a PTF query and gives this answer.
fn ask(play: &mut Play, answer: &str) -> Vec<String> {
    play.submit(ptf("StatusDomain"));
    play.send();
    play.input(answer);
    play.events()
}

const BY_EOF: &str = "[RESPONSE]\r\ncode = 200\r\nEOF\r\n";
const BY_DOT: &str = "[RESPONSE]\r\ncode = 200\r\n.\r\n";
const BY_BOTH: &str = "[RESPONSE]\r\ncode = 200\r\nEOF\r\n.\r\n";
const DOT_WITHIN: &str = "[RESPONSE]\r\ncode = 200\r\n.\r\nproperty[a][0] = b\r\nEOF\r\n";
const EOF_WITHIN: &str = "[RESPONSE]\r\ncode = 200\r\nEOF\r\nproperty[a][0] = b\r\n.\r\n";

#[test]
fn which_terminator_ends_a_block_is_learnt_from_the_first() {
    // Nothing is known yet: whichever comes first, and the rest is surplus.
    for torn in [DOT_WITHIN, EOF_WITHIN] {
        let mut play = Play::idle();
        assert_eq!(ask(&mut play, torn), ["0 unanswered", "ended at reply: surplus behind 200"]);
    }
    for first in [BY_EOF, BY_BOTH] {
        let mut play = Play::idle();
        assert_eq!(ask(&mut play, first), ["0 answered 200"]);
        assert_eq!(ask(&mut play, BY_BOTH), ["1 answered 200"]);
        assert_eq!(ask(&mut play, DOT_WITHIN), ["2 unanswered", "ended at first-byte: malformed"]);
    }
    let mut play = Play::idle();
    assert_eq!(ask(&mut play, BY_DOT), ["0 answered 200"]);
    assert_eq!(ask(&mut play, BY_BOTH), ["1 answered 200"]);
    assert_eq!(ask(&mut play, EOF_WITHIN), ["2 unanswered", "ended at first-byte: malformed"]);
}

#[test]
fn the_answer_to_the_login_teaches_too() {
    for (login, torn) in [(BY_EOF, DOT_WITHIN), (BY_DOT, EOF_WITHIN)] {
        let mut play = Play::at(At::LoginWait);
        play.input(login);
        assert_eq!(play.events(), ["logged in 200"]);
        assert_eq!(ask(&mut play, torn), ["0 unanswered", "ended at first-byte: malformed"]);
    }
}

#[test]
fn replies_of_rrp_teach_nothing_and_end_as_ever() {
    let mut play = Play::idle();
    for (number, answer) in
        [OK, BY_EOF, "200 ok\r\n.\r\n", "200 ok\r\nEOF\r\n", BY_BOTH, OK].iter().enumerate()
    {
        assert_eq!(ask(&mut play, answer), [format!("{number} answered 200")], "{answer}");
    }
    // A block that ends with the other terminator from then on does not end.
    play.submit(ptf("StatusDomain"));
    play.send();
    play.input(BY_DOT);
    assert_eq!(play.stage(), "reply");
    play.eof();
    assert_eq!(play.events().len(), 2);
}

#[test]
fn after_the_end_by_eof_the_dot_may_come_at_any_time() {
    let mut play = Play::idle();
    assert_eq!(ask(&mut play, BY_BOTH), ["0 answered 200"]);
    assert_eq!(ask(&mut play, BY_EOF), ["1 answered 200"]);
    play.submit(ptf("StatusDomain"));
    play.input(".");
    assert!(play.session.wants_check());
    play.hand_over();
    play.input("\r");
    play.session.handle_flushed(play.now);
    assert_eq!(play.stage(), "first-byte");
    play.input(["\n", BY_EOF].concat());
    assert_eq!(play.events(), ["2 answered 200"]);
}

/// A whole session: what is to be read after each thing that is sent, with a long list in it.
fn session() -> Vec<(Option<Command>, String)> {
    let cells: String = (0..40).map(|n| format!("property[domain][{n}] = name{n}.example\r\n")).collect();
    vec![
        (None, format!("\r\n{GREETING}")),
        (None, OK.to_owned()),
        (Some(check()), rrp(210)),
        (Some(ptf("StatusDomain")), BY_EOF.to_owned()),
        (Some(ptf("StatusDomain")), BY_BOTH.to_owned()),
        (Some(ptf("AddDomain")), rrp(554)),
        (Some(ptf("QueryDomainList")), format!("[RESPONSE]\r\ncode = 200\r\n{cells}EOF\r\n.\r\n")),
        (Some(add()), "200 ok\nregistration expiration date:2027-11-22\n.\n".to_owned()),
        (Some(add()), rrp(420)),
    ]
}

/// Plays it with the bytes of each step cut into pieces.
fn play_cut(pieces: impl Fn(usize, &str) -> Vec<usize>) -> (Vec<String>, String) {
    let mut play = Play::start();
    let mut events = Vec::new();
    for (step, (command, reply)) in session().into_iter().enumerate() {
        if let Some(command) = command {
            play.submit(command);
        }
        if step > 0 {
            play.send();
        }
        let mut from = 0;
        for to in pieces(step, &reply).into_iter().chain([reply.len()]) {
            play.input(&reply[from..to]);
            from = to;
        }
        events.extend(play.events());
    }
    // Where it had come to when the end came depends on the cut.
    let events = events.iter().map(|event| event.replace("first-byte", "reply")).collect();
    (events, play.sent)
}

#[test]
fn any_cut_gives_the_same_events() {
    let (events, sent) = play_cut(|_, _| Vec::new());
    assert_eq!(events.len(), 10);
    assert_eq!(events[9], "ended at reply: closing 420");
    assert_eq!(play_cut(|_, reply| (1..reply.len()).collect()), (events.clone(), sent.clone()));
    for (step, (_, reply)) in session().iter().enumerate() {
        for cut in 1..reply.len() {
            let cut_here = play_cut(|at, _| if at == step { vec![cut] } else { Vec::new() });
            assert_eq!(cut_here, (events.clone(), sent.clone()), "step {step}, cut at {cut}");
        }
    }
    for size in 2..7 {
        assert_eq!(play_cut(|_, reply| (size..reply.len()).step_by(size).collect()).0, events, "by {size}");
    }
}

#[test]
fn the_reply_is_handed_on_as_it_came() {
    let (_, list) = session().swap_remove(6);
    let mut play = waiting(ptf("QueryDomainList"));
    play.byte_by_byte(&list);
    let Some(Event::Done { fate: Fate::Answered(reply), .. }) = play.session.poll_event() else {
        panic!("not answered")
    };
    assert_eq!(reply.bytes().as_ref(), list.strip_suffix("EOF\r\n.\r\n").unwrap().as_bytes());
    assert_eq!((reply.grammar(), reply.property("domain").count()), (Grammar::Ptf, 40));
}

#[test]
fn a_reply_over_a_limit_ends_the_session() {
    let config = Config::new(login()).limits(Limits::REPLY.with_line(64).with_frame(256).with_lines(8));
    for (reply, passes) in [
        (format!("210 {}\r\n.\r\n", "x".repeat(58)), false),
        (format!("210 {}\r\n.\r\n", "x".repeat(59)), true),
        (format!("210 ok\r\n{}.\r\n", "a:b\r\n".repeat(7)), false),
        (format!("210 ok\r\n{}.\r\n", "a:b\r\n".repeat(8)), true),
        (format!("210 ok\r\n{}.\r\n", format!("a:{}\r\n", "x".repeat(60)).repeat(4)), true),
        ("2".repeat(65), true),
    ] {
        for by_bytes in [false, true] {
            let mut play = Play::with(config.clone(), At::Wait, check());
            if by_bytes {
                play.byte_by_byte(&reply)
            } else {
                play.input(&reply)
            }
            let events = play.events();
            assert_eq!(events[0], if passes { "0 unanswered" } else { "0 answered 210" }, "{reply}");
            assert_eq!(events.len(), if passes { 2 } else { 1 }, "{events:?}");
            assert!(!passes || events[1].ends_with(": limit"), "{events:?}");
        }
    }
}

#[test]
fn memory_is_bounded_whatever_a_peer_sends() {
    const MOST: u64 = 1024 * 1024;
    let config = || Config::new(login()).limits(Limits::REPLY.with_frame(64 * 1024));
    let line = format!("a:{}\r\n", "x".repeat(1_000));
    for piece in ["\r\n.\r\nEOF\r\n", "x", "200 ok\r\n", &line, " ", "[RESPONSE]\r\n"] {
        for at in At::ALL {
            if matches!(at, At::LoginChecked | At::Checked) {
                continue; // They have something to hand over.
            }
            let mut play = Play::with(config(), at, check());
            let used = allocation_counter::measure(|| {
                for _ in 0..20_000 {
                    play.input(piece);
                    assert!(play.session.poll_output().is_none());
                }
            });
            assert!(used.bytes_max < MOST, "{at:?}, {piece:?}: {} bytes", used.bytes_max);
        }
    }
    // A peer that answers at length, to a caller who reads no events.
    let mut play = Play::with(config(), At::Idle, check());
    let reply = format!("541 no\r\n{}.\r\n", line.repeat(50));
    let used = allocation_counter::measure(|| {
        for _ in 0..1_000 {
            if play.session.submit(check(), play.now).is_err() {
                play.session.keep_alive(play.now).unwrap();
            }
            play.checked();
            drop(play.session.poll_output());
            play.session.handle_flushed(play.now);
            play.input(&reply);
        }
    });
    assert!(used.bytes_max < MOST, "{} bytes", used.bytes_max);
    assert_eq!(play.events().len(), 7);
}
