//! Every end of a session: the fate of the command in hand, what is told about it, and that no secret is.

mod support;

use std::error::Error;
use std::fmt::Debug;
use std::io;

use rrp::command::{Command, PtfCommand, ToCommand};
use rrp::session::{Config, Event, Fate, Remains, Session, Stage, Why};
use support::chain;
use support::session::{
    At, BYE, GREETING, LOGIN, NEW_PASSWORD, OK, PASSWORD, Play, add, block, changing, check, login, ptf, rrp,
    seconds, stage_of, why as in_words,
};

#[test]
fn the_fate_of_a_command_is_told_once_whatever_ends_the_session_and_where() {
    let ends: [fn(&mut Play); 6] = [
        Play::eof,
        Play::reset,
        |play| play.wait(play.due().unwrap_or(seconds(1))),
        |play| play.session.abandon(),
        |play| play.input("\r\n[x]\r\n.\r\n"),
        |play| play.input("x".repeat(70_000)),
    ];
    for (number, end) in ends.iter().enumerate() {
        for at in [At::Check, At::Checked, At::Write, At::Wait, At::Reply] {
            for command in [check(), add(), ptf("AddDomain")] {
                let mut play = Play::with(Config::new(login()), at, command.clone());
                end(&mut play);
                let sent = !matches!(at, At::Check | At::Checked);
                match play.session.poll_event().unwrap() {
                    Event::Done { fate: Fate::Unsent(again), .. } => assert!(!sent && again == command),
                    Event::Done { fate: Fate::Unanswered, .. } => assert!(sent, "{at:?}"),
                    other => panic!("{at:?}, {number}: {other:?}"),
                }
                assert!(matches!(play.session.poll_event(), Some(Event::Ended(_))), "{at:?}, {number}");
                assert!(play.session.poll_event().is_none() && play.session.has_ended());
                play.send();
                assert_eq!(play.sent, "");
            }
        }
    }
}

#[test]
fn nothing_follows_the_end() {
    for at in At::ALL {
        let mut play = Play::at(at);
        play.session.abandon();
        let events = play.events();
        assert_eq!(
            events.iter().filter(|event| event.starts_with("ended at ")).count(),
            usize::from(at != At::Ended)
        );
        assert!(format!("{:?}", play.session).contains("buffered: 0"), "nothing is kept");
        play.input(GREETING);
        play.input(OK);
        play.eof();
        play.reset();
        play.session.quit(play.now);
        play.session.abandon();
        play.wait(seconds(100_000));
        play.send();
        assert!(
            play.session.submit(check(), play.now).is_err() && play.session.keep_alive(play.now).is_err()
        );
        assert_eq!((play.events(), play.sent.as_str(), play.due()), (Vec::new(), "", None), "{at:?}");
    }
}

/// What is to be read in one session, in order, and what is submitted before it.
fn script() -> [(Option<Command>, String); 5] {
    [
        (None, GREETING.to_owned()),
        (None, OK.to_owned()),
        (Some(check()), rrp(210)),
        (Some(ptf("AddDomain")), format!("{}.\r\n", block(200))),
        (Some(add()), rrp(541)),
    ]
}

#[test]
fn a_connection_that_ends_after_any_byte_leaves_the_fate_that_it_should() {
    for (last, (_, text)) in script().iter().enumerate() {
        for bytes in 0..text.len() {
            let mut play = Play::start();
            for (step, (command, reply)) in script().into_iter().enumerate().take(last + 1) {
                if let Some(command) = command {
                    play.submit(command);
                }
                if step > 0 {
                    play.send();
                }
                play.events();
                play.input(if step == last { &reply[..bytes] } else { &reply });
            }
            play.eof();
            let events = play.events();
            // The block is whole at its EOF line, and a stray dot may follow.
            let whole = text.find("EOF\r\n").map_or(text.len(), |at| at + "EOF\r\n".len());
            let stage = match (last, bytes) {
                (0, _) => "greeting",
                (1, _) => "login",
                _ if bytes >= whole => "idle",
                (_, 0) => "first-byte",
                _ => "reply",
            };
            let mut expected = match last {
                0 | 1 => Vec::new(),
                _ if bytes >= whole => vec![format!("{} answered 200", last - 2)],
                _ => vec![format!("{} unanswered", last - 2)],
            };
            // One byte may be the beginning of a stray line.
            let begun = bytes > 0 && bytes < whole && !text[..bytes].eq("E");
            let stage = if begun || stage != "reply" { stage } else { "first-byte" };
            let why = if begun { format!("incomplete {bytes}") } else { "eof".to_owned() };
            expected.push(format!("ended at {stage}: {why}"));
            assert_eq!(events, expected, "step {last}, {bytes} bytes");
        }
    }
}

#[test]
fn a_long_list_that_breaks_off_is_no_answer() {
    let cells: String = (0..50).map(|n| format!("property[domain][{n}] = name{n}.example\r\n")).collect();
    let list = format!("[RESPONSE]\r\ncode = 200\r\ndescription = ok\r\n{cells}EOF\r\n");
    for bytes in 0..=list.len() {
        let mut play = Play::with(Config::new(login()), At::Wait, ptf("QueryDomainList"));
        play.input(&list[..bytes]);
        play.eof();
        let answered = play.events()[0] == "0 answered 200";
        assert_eq!(answered, bytes == list.len(), "{bytes}");
    }
}

#[test]
fn after_quit_was_sent_the_registry_closes_as_it_likes() {
    for at in [At::QuitWrite, At::QuitWait] {
        for (what, end) in [("eof", Play::eof as fn(&mut Play)), ("reset", Play::reset)] {
            for begun in ["", "220 Comm"] {
                let mut play = Play::at(at);
                play.input(begun);
                end(&mut play);
                assert!(play.end().is_orderly(), "{at:?}, {what}, {begun:?}");
            }
        }
    }
    let mut play = Play::at(At::QuitCheck);
    play.eof();
    assert!(!play.end().is_orderly(), "QUIT was not sent");
}

#[test]
fn the_end_tells_stage_and_cause() {
    let ended = |at: At, bytes: &str| {
        let mut play = Play::at(at);
        play.input(bytes);
        if !play.session.has_ended() {
            play.eof();
        }
        let end = play.end();
        assert_eq!(end.reply().map(rrp::Reply::code), end.code());
        chain(&end)
    };
    for (at, bytes, text) in [
        (At::Greeting, "", "greeting: connection closed by the registry"),
        (
            At::Greeting,
            "Wel",
            "greeting: connection closed by the registry within a reply, after 3 bytes of it (what came began with `Wel`)",
        ),
        (
            At::Greeting,
            "521 Too many sessions open. Server closing connection\r\n.\r\n",
            "greeting: refused instead of greeted, with `521 Too many sessions open. Server closing connection`",
        ),
        (At::LoginWait, "530\r\n.\r\n", "login: login refused with `530`"),
        (At::Idle, "520 bye\r\n.\r\n", "idle: unsolicited reply `520 bye`"),
        (At::Idle, "hello\r\n.\r\n", "idle: something came that nothing had asked for"),
        (At::Write, "210 x\r\n.\r\n", "write: reply `210 x` before the command was written"),
        (At::Wait, "200 x\r\n.\r\n", "first-byte: reply `200 x` cannot be one to this command"),
        (At::Wait, "420 x\r\n.\r\n", "first-byte: connection closed by the registry with `420 x`"),
        (At::Wait, "200 x\r\ny\r\n.\r\n", "first-byte: malformed reply: line 2: no `:` on the line"),
        (
            At::AliveWait,
            "530 Authentication failed\r\n.\r\n",
            "first-byte: no longer logged in, says `530 Authentication failed`",
        ),
        (At::QuitWait, BYE, "quit: session ended by QUIT"),
    ] {
        assert_eq!(ended(at, bytes), text);
    }
    let mut play = Play::at(At::Wait);
    play.session.handle_error(io::Error::other("the cable is cut"));
    let end = play.end();
    assert_eq!(chain(&end), "first-byte: connection failed: the cable is cut");
    assert_eq!(end.source().unwrap().to_string(), "the cable is cut");
    let mut play = Play::at(At::Check);
    play.session.abandon();
    assert_eq!(play.end().to_string(), "check: session given up by its owner");
    let mut play = Play::at(At::Reply);
    play.wait(seconds(180));
    assert_eq!(play.end().to_string(), "reply: took longer than its deadline");
    for at in At::ALL.into_iter().filter(|at| *at != At::Ended) {
        let mut play = Play::at(at);
        play.session.abandon();
        assert_eq!(play.end().stage(), stage_of(at), "{at:?}");
    }
}

#[test]
fn the_text_of_a_registry_is_shown_escaped_and_cut() {
    let mut play = Play::at(At::LoginWait);
    play.input(format!("530 no\u{1b}[2J\u{202e}{}\r\n.\r\n", "ä".repeat(2_000)));
    let text = play.end().to_string();
    assert!(text.starts_with("login: login refused with `530 no\\u{1b}[2J\\u{202e}ä"), "{text}");
    assert!(text.ends_with("ä…`") && text.chars().count() < 400, "{text}");
}

#[track_caller]
fn assert_hides(what: &str, value: &impl Debug) {
    let printed = format!("{value:?} {value:#?}");
    let list = |secret: &str| format!("{:?}", secret.as_bytes()).trim_matches(['[', ']']).to_owned();
    let on_one_line = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    for secret in [PASSWORD, NEW_PASSWORD] {
        assert!(!printed.contains(secret) && !on_one_line.contains(&list(secret)), "{what}: {printed}");
    }
}

#[test]
fn no_secret_is_printed_at_any_stage() {
    assert_hides("config", &Config::new(changing()));
    let secret = PtfCommand::new("ModifyUser").unwrap().secret("password", PASSWORD.into()).unwrap();
    for at in At::ALL {
        let mut play = Play::with(Config::new(changing()), at, secret.clone().into());
        assert_hides("session", &play.session);
        // A part of a reply that holds a secret.
        for bytes in ["200 ok\r\nauth:", PASSWORD, "\r\n", "password:pl4nted\r\n", "pl4nted"] {
            play.input(bytes);
            assert_hides(&format!("session at {at:?}, after {bytes:?}"), &play.session);
        }
        play.eof();
        while let Some(event) = play.session.poll_event() {
            assert_hides("event", &event);
            if let Event::Ended(end) = event {
                assert!(!chain(&end).contains(PASSWORD), "{}", chain(&end));
            }
        }
    }
}

#[test]
fn no_secret_of_a_reply_is_printed() {
    let replies = [
        format!("210 ok\r\nauth:{PASSWORD}\r\n.\r\n"),
        format!("530 Authentication failed; password={PASSWORD}\r\n.\r\n"),
        format!("[RESPONSE]\r\ncode = 530\r\ndescription = no\r\nproperty[auth][0] = {PASSWORD}\r\nEOF\r\n"),
        format!("200 ok\r\nno separator {PASSWORD}\r\n.\r\n"),
        format!("520 password: {PASSWORD}\r\n.\r\n"),
    ];
    for at in At::ALL {
        for reply in &replies {
            let mut play = Play::at(at);
            play.input(reply);
            assert_hides("session", &play.session);
            play.eof();
            while let Some(event) = play.session.poll_event() {
                assert_hides(reply, &event);
                if let Event::Ended(end) = event {
                    assert!(!chain(&end).contains(PASSWORD), "{}", chain(&end));
                    assert_hides(reply, end.why());
                }
            }
        }
    }
}

#[test]
fn no_secret_of_a_command_that_was_not_taken_is_printed() {
    let mut play = Play::at(At::Greeting);
    for command in [login().to_command(), changing().to_command()] {
        let rejected = play.session.submit(command, play.now).unwrap_err();
        assert_hides("rejected", &rejected);
        assert!(!chain(&rejected).contains(PASSWORD));
    }
    let error = Session::new(
        Config::new(rrp::command::Session::login("a b", PASSWORD).unwrap())
            .dialect(rrp::command::Dialect::Rfc),
        play.now,
    )
    .unwrap_err();
    assert_hides("error", &error);
    // It is in the login all the same.
    assert!(LOGIN.contains(PASSWORD));
}

#[test]
fn an_end_can_be_kept_and_sent_to_another_thread() {
    fn sendable<T: Send + 'static>(value: T) -> T {
        value
    }
    let mut play = Play::at(At::Wait);
    play.eof();
    let session = sendable(play.session);
    assert!(session.has_ended());
    let end: Box<dyn Error + Send + Sync> = Box::new(Play::at(At::Idle).also(Play::eof).end());
    assert_eq!(end.to_string(), "idle: connection closed by the registry");
    assert!(matches!(Play::at(At::Idle).also(Play::reset).end().why(), Why::Transport(_)));
}

#[test]
fn what_is_no_registry_is_told_by_its_first_words() {
    let ended = |received: &[u8], eof: bool| {
        let mut play = Play::start();
        play.input(received);
        if eof {
            play.eof();
        } else {
            play.wait(play.due().unwrap());
        }
        match play.session.poll_event() {
            Some(Event::Ended(end)) => end.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let ssh = ended(b"SSH-2.0-Example_9.9\r\n", false);
    assert_eq!(ssh, "greeting: took longer than its deadline (what came began with `SSH-2.0-Example_9.9`)");
    let tls = ended(b"\x15\x03\x01\x00\x02\x02\x46", true);
    assert!(tls.ends_with("(what came began with `\\u{15}\\u{3}\\u{1}\\0\\u{2}\\u{2}F`)"), "{tls}");
    let secret = ended(b"password: hunter2", true);
    assert!(!secret.contains("hunter2"), "{secret}");
}

#[test]
fn a_secret_that_the_registry_quotes_is_not_repeated() {
    for code in [220, 420, 421, 530] {
        let mut play = Play::at(At::LoginWait);
        play.input(format!("{code} welcome registrar/{PASSWORD}\r\n.\r\n"));
        match std::iter::from_fn(|| play.session.poll_event()).last() {
            Some(Event::Ended(end)) => {
                assert!(!format!("{end} {end:?} {}", chain(&end)).contains(PASSWORD), "{end}");
                assert!(end.to_string().contains(&format!("`{code} ***`")), "{end}");
                assert!(end.reply().unwrap().text().contains(PASSWORD), "who asks for it gets it");
            }
            other => panic!("{other:?}"),
        }
    }
    // An authorisation code in an answer, and in a reply that comes late.
    let transfer = PtfCommand::new("TransferDomain").unwrap().param("auth", "c0de-of-x").unwrap();
    let quoting = "541 Invalid attribute value; c0de-of-x\r\nx:c0de-of-x\r\n.\r\n";
    let mut play = Play::with(Config::new(login()), At::Wait, transfer.into());
    play.input(quoting);
    match play.session.poll_event() {
        Some(Event::Done { fate: Fate::Answered(reply), .. }) => {
            assert!(!format!("{reply:?} {}", reply.redacted_text()).contains("c0de"), "{reply:?}");
            assert!(reply.text().contains("c0de-of-x"), "who asks for it gets it");
        }
        other => panic!("{other:?}"),
    }
    play.input(quoting);
    match play.session.poll_event() {
        Some(Event::Ended(end)) => assert!(!format!("{end} {end:?}").contains("c0de-of-x"), "{end}"),
        other => panic!("{other:?}"),
    }
    // Of a command that it closes behind, and of one that came out of step.
    let transfer = PtfCommand::new("TransferDomain").unwrap().param("auth", "c0de-of-x").unwrap();
    for code in [420, 520, 210] {
        let mut play = Play::with(Config::new(login()), At::Wait, transfer.clone().into());
        play.input(format!("{code} authorization c0de-of-x not checked\r\n.\r\n"));
        match std::iter::from_fn(|| play.session.poll_event()).last() {
            Some(Event::Ended(end)) => assert!(!format!("{end} {end:?}").contains("c0de-of-x"), "{end}"),
            other => panic!("{other:?}"),
        }
    }
}

/// How a session comes to its end: where, by what, for which reason in words, and what remains of it.
const REMAINS: &[(At, Happens, &str, Remains)] = &[
    // Nobody logged in, or nobody was let in.
    (At::Greeting, Happens::Eof, "eof", Remains::Nothing),
    (At::Greeting, Happens::Deadline, "timeout", Remains::Nothing),
    (At::Greeting, Happens::Fails(io::ErrorKind::TimedOut), "transport", Remains::Nothing),
    (At::Greeting, Happens::Says("521 x\r\n.\r\n"), "instead of greeting 521", Remains::Nothing),
    (At::Greeting, Happens::Says("[x]\r\n.\r\n"), "malformed", Remains::Nothing),
    (At::Greeting, Happens::Floods, "limit", Remains::Nothing),
    (At::Greeted, Happens::Abandon, "abandoned", Remains::Nothing),
    (At::Greeted, Happens::Quit, "abandoned", Remains::Nothing),
    (At::Greeted, Happens::Says("520 x\r\n.\r\n"), "instead of greeting 520", Remains::Nothing),
    (At::Greeted, Happens::Says("200 x\r\n.\r\n"), "instead of greeting 200", Remains::Nothing),
    (At::Greeted, Happens::Fails(io::ErrorKind::ConnectionReset), "transport", Remains::Nothing),
    (At::LoginCheck, Happens::Deadline, "timeout", Remains::Nothing),
    (At::LoginChecked, Happens::Abandon, "abandoned", Remains::Nothing),
    (At::LoginChecked, Happens::Fails(io::ErrorKind::ConnectionReset), "transport", Remains::Nothing),
    (At::LoginWait, Happens::Says("530 x\r\n.\r\n"), "refused 530", Remains::Nothing),
    (At::LoginWait, Happens::Says("521 x\r\n.\r\n"), "refused 521", Remains::Nothing),
    (At::LoginWait, Happens::Says("421 x\r\n.\r\n"), "refused 421", Remains::Nothing),
    (At::LoginWait, Happens::Says("999 x\r\n.\r\n"), "refused 999", Remains::Perhaps),
    (At::LoginWait, Happens::Says("299 x\r\n.\r\n"), "refused 299", Remains::Perhaps),
    // The registry has ended it.
    (At::LoginWait, Happens::Says("220 x\r\n.\r\n"), "closing 220", Remains::Nothing),
    (At::LoginWait, Happens::Eof, "eof", Remains::Nothing),
    (At::LoginReply, Happens::Eof, "incomplete 8", Remains::Nothing),
    (At::Idle, Happens::Says("520 x\r\n.\r\n"), "unsolicited 520", Remains::Nothing),
    (At::Wait, Happens::Says("420 x\r\n.\r\n"), "closing 420", Remains::Nothing),
    (At::Wait, Happens::Eof, "eof", Remains::Nothing),
    (At::Reply, Happens::Eof, "incomplete 13", Remains::Nothing),
    (At::AliveWait, Happens::Says("220 x\r\n.\r\n"), "closing 220", Remains::Nothing),
    (At::QuitCheck, Happens::Eof, "eof", Remains::Nothing),
    (At::QuitWait, Happens::Says("220 x\r\n.\r\n"), "quit", Remains::Nothing),
    (At::QuitWait, Happens::Eof, "quit", Remains::Nothing),
    (At::QuitWrite, Happens::Fails(io::ErrorKind::ConnectionReset), "quit", Remains::Nothing),
    (At::QuitWrite, Happens::Fails(io::ErrorKind::BrokenPipe), "quit", Remains::Nothing),
    // It was broken off.
    (At::LoginWrite, Happens::Abandon, "abandoned", Remains::Perhaps),
    (At::LoginWrite, Happens::Fails(io::ErrorKind::BrokenPipe), "transport", Remains::Perhaps),
    (At::LoginWrite, Happens::Says("530 x\r\n.\r\n"), "early 530", Remains::Perhaps),
    (At::LoginWait, Happens::Says("210 x\r\n.\r\n"), "out of step 210", Remains::Perhaps),
    (At::Idle, Happens::Abandon, "abandoned", Remains::Perhaps),
    (At::Idle, Happens::Says("210 x\r\n.\r\n"), "unsolicited 210", Remains::Perhaps),
    (At::Idle, Happens::Says("hello\r\n.\r\n"), "noise", Remains::Perhaps),
    (At::Doomed, Happens::Deadline, "noise", Remains::Perhaps),
    (At::Check, Happens::Fails(io::ErrorKind::ConnectionReset), "transport", Remains::Perhaps),
    (At::Wait, Happens::Fails(io::ErrorKind::ConnectionReset), "transport", Remains::Perhaps),
    (At::Wait, Happens::Says("210 x\r\n.\r\n210 x\r\n.\r\n"), "surplus behind 210", Remains::Perhaps),
    (At::Wait, Happens::Says("hello\r\n.\r\n"), "malformed", Remains::Perhaps),
    (At::Wait, Happens::Floods, "limit", Remains::Perhaps),
    (At::AliveWait, Happens::Says("530 Authentication failed\r\n.\r\n"), "lost 530", Remains::Perhaps),
    (At::QuitWait, Happens::Abandon, "abandoned", Remains::Perhaps),
    (At::QuitWait, Happens::Says("hello\r\n.\r\n"), "malformed", Remains::Perhaps),
    (At::QuitWait, Happens::Fails(io::ErrorKind::PermissionDenied), "transport", Remains::Perhaps),
    // Nothing was heard any more.
    (At::LoginWrite, Happens::Deadline, "timeout", Remains::Silent),
    (At::LoginWait, Happens::Deadline, "timeout", Remains::Silent),
    (At::Write, Happens::Deadline, "timeout", Remains::Silent),
    (At::Wait, Happens::Deadline, "timeout", Remains::Silent),
    (At::AliveWait, Happens::Deadline, "timeout", Remains::Silent),
    (At::QuitWait, Happens::Deadline, "timeout", Remains::Silent),
    (At::Idle, Happens::Fails(io::ErrorKind::TimedOut), "transport", Remains::Silent),
    (At::Wait, Happens::Fails(io::ErrorKind::HostUnreachable), "transport", Remains::Silent),
    (At::QuitWait, Happens::Fails(io::ErrorKind::TimedOut), "transport", Remains::Silent),
    (At::QuitWait, Happens::Fails(io::ErrorKind::NetworkUnreachable), "transport", Remains::Silent),
];

#[derive(Clone, Copy, Debug)]
enum Happens {
    Says(&'static str),
    Floods,
    Eof,
    Fails(io::ErrorKind),
    Deadline,
    Quit,
    Abandon,
}

impl Happens {
    fn to(self, play: &mut Play) {
        match self {
            Self::Says(bytes) => play.input(bytes),
            Self::Floods => play.input("x".repeat(70_000)),
            Self::Eof => play.eof(),
            Self::Fails(kind) => play.session.handle_error(kind.into()),
            Self::Deadline => play.wait(play.due().unwrap()),
            Self::Quit => play.session.quit(play.now),
            Self::Abandon => play.session.abandon(),
        }
    }
}

#[test]
fn what_remains_of_a_session_is_told_with_its_end() {
    let mut causes = std::collections::BTreeSet::new();
    for (at, happens, why, remains) in REMAINS {
        let mut play = Play::at(*at);
        happens.to(&mut play);
        let end = play.end();
        assert_eq!((in_words(&end), end.remains()), ((*why).to_owned(), *remains), "{at:?}, {happens:?}");
        assert_eq!(end.is_orderly(), ["quit", "abandoned"].contains(why), "{at:?}, {happens:?}");
        causes.insert(why.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' '));
    }
    assert_eq!(causes.len(), 17, "every cause: {causes:?}");
}

#[test]
fn nothing_remains_where_no_login_was_handed_over_and_only_the_registry_can_say_so_later() {
    let ours = [Happens::Abandon, Happens::Deadline, Happens::Fails(io::ErrorKind::ConnectionReset)];
    let theirs = [Happens::Eof, Happens::Says("\r\n520 bye\r\n.\r\n")];
    for at in At::ALL.into_iter().filter(|at| *at != At::Ended) {
        let handed_over =
            stage_of(at) > Stage::Login || matches!(at, At::LoginWrite | At::LoginWait | At::LoginReply);
        for happens in ours.into_iter().chain(theirs) {
            let mut play = Play::at(at);
            match happens {
                Happens::Deadline if matches!(at, At::Greeted | At::Idle) => continue,
                // It goes on with what has begun to arrive.
                Happens::Says(_) if matches!(at, At::Doomed | At::Reply | At::LoginReply) => continue,
                _ => happens.to(&mut play),
            }
            let end = play.end();
            let registry =
                matches!(happens, Happens::Eof | Happens::Says(_)) || matches!(end.why(), Why::Quit);
            let nothing = end.remains() == Remains::Nothing;
            assert_eq!(nothing, !handed_over || registry, "{at:?}, {happens:?}: {end:?}");
        }
    }
}
