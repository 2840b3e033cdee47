//! Laws of what is read of a local client, for any bytes in any pieces.

use bytes::BytesMut;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use super::intake::{Input, Intake};
use super::request::Request;
use crate::command::{Body, Dialect};
use crate::daemon::config::{Limits, Password, User};
use crate::pace::Lane;
use crate::wire::{decode_ptf, encode};

const LIMITS: Limits = Limits { line: 64, request: 512, lines: 12, ..Limits::DEFAULT };

fn user() -> User {
    User {
        name: "desk".into(),
        password: Password::Plain("secret".into()),
        account: "main".into(),
        lane: Lane::Normal,
        lanes: vec![Lane::Normal, Lane::Bulk],
        commands_per_second: None,
        billable_per_day: None,
        allow: Vec::new(),
        deny: vec!["push*".into()],
        cltrid_is_key: true,
        connections: None,
    }
}

/// Always with the same inputs; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` say otherwise.
fn law() -> Config {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(2_832);
    }
    config
}

/// What requests are made of, and what breaks them.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> = vec![
        b"[COMMAND]\n",
        b"[COMMAND]\r\n",
        b"command=AddDomain\n",
        b"command = StatusDomain\r\n",
        b"Command=session\n",
        b"command=quit\n",
        b"command=StopSession\n",
        b"command=PushDomain\n",
        b"domain=example.com\n",
        b"cltrid=mine\n",
        b"X-RRP-KEY=a\n",
        b"x-rrp-lane=bulk\n",
        b"X-RRP-DEADLINE=9\n",
        b"X-RRP-OTHER=9\n",
        b"EOF\n",
        b" eof\r\r\n",
        b"\n",
        b"\r",
        b".",
        b".\n",
        b"\r\n.\r\n",
        b"quit\n",
        b"=",
        b" ",
        b"\t",
        b"\0",
        b"\x0b",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xff",
        b"[RESPONSE]\n",
        b"add\n",
    ];
    let lines = vec![
        "command=AddDomain\n",
        "command=StatusDomain\r\n",
        "Command = session \n",
        "command=PushDomain\n",
        "domain=example.com\n",
        "  Period =1\n",
        "cltrid=mine\n",
        "x-rrp-key=a\n",
        "X-RRP-LANE=bulk\n",
        "X-RRP-DEADLINE=9\n",
        "note=a=b;[x] .\n",
        "empty=\n",
        "\n",
    ];
    let block = prop::collection::vec(prop::sample::select(lines), 1..7)
        .prop_map(|lines| format!("[COMMAND]\n{}EOF\n", lines.concat()).into_bytes());
    prop_oneof![
        4 => block,
        8 => prop::sample::select(known).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (1..100_usize).prop_map(|length| vec![b'a'; length]),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    (any::<bool>(), prop::collection::vec(piece(), 0..30)).prop_map(|(logged_in, pieces)| {
        let mut all = if logged_in { b"desk\nsecret\n".to_vec() } else { Vec::new() };
        all.extend(pieces.concat());
        all
    })
}

/// All that is read of these pieces, and the most that was held.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Input>, usize) {
    let (mut intake, mut inputs, mut most) = (Intake::new(), Vec::new(), 0);
    for piece in pieces {
        intake.push(piece);
        while let Some(input) = intake.next(&LIMITS) {
            inputs.push(input);
        }
        most = most.max(intake.held());
    }
    (inputs, most)
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn how_it_is_cut_does_not_matter(all in bytes(), cuts in prop::collection::vec(1..40_usize, 1..40)) {
        let (whole, _) = read([&all[..]]);
        let (single, most) = read(all.chunks(1));
        prop_assert_eq!(format!("{whole:?}"), format!("{single:?}"));
        // A login's line is the longest that is looked at whole.
        prop_assert!(most <= 1_100, "{most} bytes were held");
        let (mut rest, mut pieces) = (&all[..], Vec::new());
        for cut in cuts.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, more) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = more;
        }
        prop_assert_eq!(format!("{whole:?}"), format!("{:?}", read(pieces).0));
    }

    #[test]
    fn nothing_comes_behind_an_offence_and_no_line_ends_a_request_early(all in bytes()) {
        let (inputs, _) = read([&all[..]]);
        let last = inputs.len().saturating_sub(1);
        for (at, input) in inputs.iter().enumerate() {
            match input {
                Input::Offence(_) | Input::Quit => prop_assert_eq!(at, last),
                Input::Request(lines) => {
                    prop_assert!(lines.len() <= LIMITS.request && !lines.contains(&b'\r'));
                    prop_assert!(lines.is_empty() || lines.ends_with(b"\n"));
                    for line in lines.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
                        prop_assert!(line != b"." && !line.eq_ignore_ascii_case(b"eof"));
                    }
                }
                Input::User | Input::Login { .. } => prop_assert!(at < 2),
            }
        }
    }

    #[test]
    fn what_is_sent_is_one_command_that_was_asked_for(all in bytes()) {
        let user = user();
        for input in read([&all[..]]).0 {
            let Input::Request(lines) = input else { continue };
            match Request::read(&lines, &user) {
                Err(answer) => {
                    let told = String::from_utf8(answer.body.to_vec()).unwrap();
                    prop_assert!(told.starts_with("[RESPONSE]\ncode = 5") && told.contains("not sent"), "{told}");
                    prop_assert!(told.lines().count() == 5 && !told.contains(|c: char| c.is_control() && c != '\n'), "{told}");
                }
                Ok(request) => {
                    let mut sent = BytesMut::new();
                    encode(request.command.body(), Dialect::Xrrp, &mut sent).unwrap();
                    let sent = String::from_utf8(sent.to_vec()).unwrap();
                    let block = sent.strip_suffix("\r\nEOF\r\n.\r\n").unwrap();
                    let block: Vec<&str> = block.split("\r\n").collect();
                    prop_assert_eq!(block[0], "[COMMAND]");
                    let named = |line: &&&str| line.split('=').next().unwrap().trim().eq_ignore_ascii_case("command");
                    prop_assert_eq!(block.iter().filter(named).count(), 1);
                    for line in &block[1..] {
                        prop_assert!(line.contains('=') && !line.contains(char::is_control), "{line:?}");
                        prop_assert!(!line.to_ascii_lowercase().starts_with("x-rrp-"), "{line:?}");
                    }
                    let name = request.command.name().to_ascii_lowercase();
                    prop_assert!(!["session", "quit", "stopsession", "pushdomain"].contains(&&*name), "{name}");
                    let Body::Ptf(ptf) = request.command.body() else { panic!("{name}") };
                    let again = decode_ptf(format!("{}\n", block.join("\n")).as_bytes()).unwrap();
                    prop_assert_eq!(&again, ptf);
                }
            }
        }
    }
}
