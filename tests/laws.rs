//! Laws: what holds for every input. What is built is read again as it was built, any bytes are read without harm, and
//! nothing that a caller puts into a command makes it two commands or another one (P6).

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rrp::command::{Body, CommandError, Describe, Dialect, PtfCommand, RrpCommand, Session, ToCommand};
use rrp::reply::ReplyBuilder;
use rrp::wire::deframe::{Deframer, Ends, Frame, FrameError, Grammar, Limits, Terminator};
use rrp::wire::{Greeting, decode};
use rrp::{Context, Reply, ReturnCode, Secret, Verb};
use support::{deframe, items, law, wire};

/// What somebody may try to put where it does not belong.
const HOSTILE: [&str; 30] = [
    "",
    " ",
    ".",
    "EOF",
    "eof",
    "=",
    "a=",
    "=a",
    "a=b",
    ":",
    "a:b",
    "[COMMAND]",
    "[RESPONSE]",
    "code",
    "description",
    "command",
    "Command0",
    "c-o-m-m-a-n-d",
    "property[a][0]",
    "EntityName",
    "DomainName",
    "NameServer",
    "Password",
    "\r\n.\r\n",
    "\nEOF\n[COMMAND]\ncommand=DeleteDomain\n",
    "a\r",
    "a\0b",
    "\u{85}",
    "\u{2028}EOF",
    "\u{1b}[2J",
];

/// Any text, tame, wild or hostile, alone or inside another.
fn text() -> impl Strategy<Value = String> {
    let hostile = || select(&HOSTILE[..]).prop_map(str::to_owned);
    prop_oneof![
        3 => "[a-zA-Z][a-zA-Z0-9 _.-]{0,16}",
        2 => "\\PC{0,24}",
        1 => any::<String>(),
        2 => hostile(),
        1 => ("[a-z.=]{0,4}", hostile(), "[a-z.=]{0,4}").prop_map(|(a, b, c)| format!("{a}{b}{c}")),
    ]
}

/// Names that are often accepted, for commands that are not all refused.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-zA-Z][a-zA-Z0-9_-]{0,8}", 1 => text()]
}

/// Bytes that look like the protocol, and bytes that do not.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&[u8]; 39] = [
        b"[RESPONSE]",
        b"[COMMAND]",
        b"[HEADER]",
        b"code = 200",
        b"CODE=541",
        b"code",
        b"code = 99",
        b"\t",
        b" ",
        b"description = a; b",
        b"property[a][0] = x",
        b"property[a][1]=y",
        b"PROPERTY[B C][07] = z",
        b"property[a][",
        b"property[auth][4294967295] = s",
        b"runtime = 0.1",
        b"first",
        b"property[count][0] = 1",
        b"command = Check",
        b"property[domaincheck][1] = 210 Domain name available",
        b"200 ok",
        b"530 Authentication failed",
        b"211",
        b"=",
        b":",
        b"status:ACTIVE",
        b"registration expiration date:2031-02-03 04:05:06.0",
        b"check",
        b"DomainName:a.example",
        b"X RRP Server version 1",
        b"jobid = 1",
        b"          ",
        b"EOF",
        b"eof",
        b".",
        b"\r",
        b"\xff",
        b"\0\x1b[2J",
        b"]",
    ];
    let piece = prop_oneof![
        4 => (select(&PIECES[..]), select(&["\n", "\r\n", "", "\n"][..]))
            .prop_map(|(piece, end)| [piece, end.as_bytes()].concat()),
        1 => vec(any::<u8>(), 0..8),
    ];
    const STARTS: [&[u8]; 5] =
        [b"", b"", b"                    \n", b"[RESPONSE]\ncode = 200\n", b"200 ok\r\n"];
    (select(&STARTS[..]), vec(piece, 0..24)).prop_map(|(start, pieces)| [start, &pieces.concat()].concat())
}

/// A stream in pieces of these sizes, over and over.
fn cut<'b>(bytes: &'b [u8], sizes: &'b [usize]) -> impl Iterator<Item = &'b [u8]> {
    let mut rest = bytes;
    sizes.iter().cycle().map_while(move |size| {
        let (chunk, after) = rest.split_at(rest.len().min(*size));
        rest = after;
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// All frames before the first error, and the error.
fn all(limits: Limits, ends: Ends, bytes: &[u8], sizes: &[usize]) -> (Vec<Frame>, Option<FrameError>) {
    let mut deframer = Deframer::new(limits);
    deframer.set_ends(ends);
    let (mut buffer, mut frames) = (bytes::BytesMut::new(), Vec::new());
    for chunk in cut(bytes, sizes) {
        buffer.extend_from_slice(chunk);
        loop {
            match deframer.deframe(&mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}

/// Code, text and lines of a reply.
type Read = (u16, String, Vec<(String, Option<u32>, String)>);

fn read(reply: &Reply) -> Read {
    (reply.code().as_u16(), reply.text().into_owned(), items(reply))
}

/// Asks a reply everything that can be asked of it.
fn ask_everything(reply: &Reply) {
    let contexts = [Context::Login, Context::Ptf, Context::PtfCheck, Context::Unsolicited];
    for context in Verb::ALL.into_iter().map(Context::Rrp).chain(contexts) {
        let _ = reply.verdict(context);
    }
    let names: Vec<String> = reply.lines().map(|item| item.name().into_owned()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for name in &names {
        let _ = (reply.first(name), reply.property_at(name, 0), reply.field(name), reply.date(name));
    }
    let _ = (reply.rows(&names), reply.page().map(|page| page.next_first()), reply.domain_checks());
    let _ = (reply.runtime(), reply.queuetime(), reply.job(), reply.is_pending());
    let _ = (reply.detail(), reply.client_transaction_id(), reply.server_transaction_id());
    let printed = format!("{reply:?} {:?}", reply.redacted_text());
    assert!(!printed.chars().any(char::is_control));
}

/// The one command on the wire is `body`, and no byte is left but the dot behind a PTF block.
fn assert_one_command(body: &Body) -> Result<(), TestCaseError> {
    let bytes = wire(body, Dialect::Xrrp);
    let mut buffer = bytes.clone();
    let frame = Deframer::new(Limits::COMMAND).deframe(&mut buffer).unwrap().expect("a frame");
    let dot: &[u8] = if matches!(body, Body::Ptf(_)) { b".\r\n" } else { b"" };
    prop_assert_eq!(buffer.as_ref(), dot);
    prop_assert_eq!(&decode(&frame).unwrap(), body);
    // Each reader finds one: who waits for the dot, and who knows lines of LF alone.
    for ends in [Ends::Either, Ends::Dot, Ends::Eof] {
        let (frames, rest) = deframe(Limits::COMMAND, ends, [&bytes[..]]).unwrap();
        prop_assert!(frames.len() == 1 && rest.is_empty(), "{} frames", frames.len());
        prop_assert_eq!(&decode(&frames[0]).unwrap(), body);
    }
    let text = std::str::from_utf8(&bytes).unwrap();
    let mut lines: Vec<&str> = text.split("\r\n").collect();
    prop_assert_eq!(lines.pop(), Some(""));
    let ends_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    prop_assert!(!lines.iter().any(|line| line.contains(ends_line)), "a line within a line");
    let (header, body_lines) = match body {
        Body::Rrp(command) => (1, command.lines().len()),
        Body::Ptf(command) if command.headers().is_empty() => (3, command.parameters().len()),
        Body::Ptf(command) => (4, command.headers().len() + command.parameters().len()),
    };
    prop_assert_eq!(lines.len(), header + body_lines + 1);
    Ok(())
}

/// One call on a builder of RRP commands.
fn call(command: RrpCommand, which: u8, name: &str, a: &str, b: &str) -> Result<RrpCommand, CommandError> {
    match which % 5 {
        0 => command.remove(name, a),
        1 => command.replace(name, a, b),
        2 => command.option(name, a),
        3 => command.secret_option(name, Secret::from(a)),
        _ => command.attribute(name, a),
    }
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn a_reply_that_is_built_is_read_as_it_was_built(
        code in 100..1000_u16,
        description in text(),
        lines in vec((any::<bool>(), text(), prop_oneof![0..9_u32, any::<u32>()], text()), 0..12),
        size in 1..9_usize,
    ) {
        let Ok(mut builder) = ReplyBuilder::new(ReturnCode::from_u16(code).unwrap(), &description) else {
            return Ok(());
        };
        let mut wanted = Vec::new();
        for (property, name, index, value) in lines {
            let next = builder.clone();
            let next = if property { next.property(&name, index, &value) } else { next.attribute(&name, &value) };
            if let Ok(next) = next {
                builder = next;
                wanted.push((name, property.then_some(index), value));
            }
        }
        for grammar in [Grammar::Ptf, Grammar::Rrp, Grammar::Text] {
            let mut bytes = bytes::BytesMut::new();
            builder.encode(grammar, &mut bytes);
            let (frames, rest) = deframe(Limits::REPLY, Ends::Either, bytes.chunks(size)).unwrap();
            prop_assert!(frames.len() == 1 && rest.is_empty());
            let ptf = grammar == Grammar::Ptf;
            prop_assert_eq!(frames[0].terminator(), Some(if ptf { Terminator::Eof } else { Terminator::Dot }));
            let reply = Reply::parse(&frames[0]).unwrap();
            prop_assert_eq!(reply.grammar() == Grammar::Ptf, ptf);
            let wanted: Vec<_> =
                wanted.iter().cloned().map(|(name, index, value)| (name, index.filter(|_| ptf), value)).collect();
            prop_assert_eq!(read(&reply), (code, description.clone(), wanted));
        }
    }

    #[test]
    fn any_bytes_are_read_without_harm_and_alike_however_they_are_cut(
        bytes in soup(),
        sizes in vec(1..20_usize, 1..6),
        ends in select(&[Ends::Either, Ends::Dot, Ends::Eof][..]),
    ) {
        let (whole, none) = all(Limits::REPLY, ends, &bytes, &[bytes.len().max(1)]);
        prop_assert_eq!((&all(Limits::REPLY, ends, &bytes, &sizes).0, none), (&whole, None));
        for frame in &whole {
            prop_assert_eq!(frame.lines(), frame.bytes().iter().filter(|byte| **byte == b'\n').count());
            let _ = (format!("{frame:?}"), decode(frame).map(|body| format!("{body:?}")));
            let _ = (Greeting::parse(frame.bytes()), Reply::parse_excerpt(frame));
            match Reply::parse(frame) {
                Ok(reply) => {
                    ask_everything(&reply);
                    let head = Reply::peek(frame).unwrap();
                    prop_assert_eq!((head.code(), &*head.text()), (reply.code(), &*reply.text()));
                    prop_assert!(reply.lines().len() < frame.lines());
                    let again = Reply::parse_into(frame, reply.clone().into_index()).unwrap();
                    prop_assert_eq!(read(&again), read(&reply));
                    if reply.grammar() == Grammar::Ptf {
                        prop_assert_eq!(read(&Reply::parse_excerpt(frame).unwrap()), read(&reply));
                    }
                }
                Err(error) => prop_assert!(error.line() <= frame.lines()),
            }
        }
    }

    #[test]
    fn under_limits_any_cut_gives_the_same_frames_before_the_same_end(
        bytes in soup(),
        sizes in vec(1..20_usize, 1..6),
        ends in select(&[Ends::Either, Ends::Dot, Ends::Eof][..]),
        (line, frame, lines) in (0..40_usize, 0..60_usize, 0..6_usize),
    ) {
        let limits = Limits::REPLY.with_line(line).with_frame(frame).with_lines(lines);
        let (whole, error) = all(limits, ends, &bytes, &[bytes.len().max(1)]);
        let (pieces, other) = all(limits, ends, &bytes, &sizes);
        prop_assert_eq!(&pieces, &whole);
        prop_assert_eq!(other.is_some(), error.is_some());
        for found in &whole {
            prop_assert!(found.bytes().len() <= frame && found.lines() <= lines);
            prop_assert!(found.bytes().split(|byte| *byte == b'\n').all(|found| found.len() < line));
        }
    }

    #[test]
    fn any_command_that_is_accepted_is_one_frame_that_reads_as_the_same_command(
        verb in prop_oneof![3 => select(&Verb::ALL[..]).prop_map(|v| v.as_str().to_uppercase()), 1 => name()],
        calls in vec((any::<u8>(), name(), text(), text()), 0..8),
    ) {
        let Ok(mut command) = RrpCommand::new(&verb) else { return Ok(()) };
        for (which, name, a, b) in calls {
            command = call(command.clone(), which, &name, &a, &b).unwrap_or(command);
        }
        assert_one_command(&Body::Rrp(command))?;
    }

    #[test]
    fn any_ptf_command_that_is_accepted_is_one_frame_that_reads_as_the_same_command(
        verb in name(),
        headers in vec((name(), text()), 0..3),
        parameters in vec((0..3_u8, name(), text()), 0..8),
    ) {
        let Ok(mut command) = PtfCommand::new(&verb) else { return Ok(()) };
        for (name, value) in headers {
            command = command.clone().header(&name, &value).unwrap_or(command);
        }
        for (which, name, value) in parameters {
            let next = command.clone();
            let next = match which {
                0 => next.secret(&name, Secret::from(value)),
                1 => next.params(&name, [value.as_str(), "second"]),
                _ => next.param(&name, &value),
            };
            command = next.unwrap_or(command);
        }
        assert_one_command(&Body::Ptf(command))?;
    }

    #[test]
    fn any_text_offered_anywhere_is_refused_or_survives_as_it_is(given in text(), other in text()) {
        let check = || RrpCommand::new("check").unwrap();
        let modify = || RrpCommand::new("Mod").unwrap();
        let ptf = || PtfCommand::new("StatusDomain").unwrap();
        let rrp = [
            RrpCommand::new(&given),
            check().attribute("DomainName", &given),
            check().attribute(&given, "x"),
            check().option("Id", &given),
            check().option(&given, "x"),
            check().secret_option("Password", Secret::from(given.clone())),
            modify().attribute("NameServer", &given),
            modify().remove("NameServer", &given),
            modify().remove(&given, "x"),
            modify().replace("NameServer", &given, &other),
            modify().replace("NameServer", "x", &given),
        ];
        let ptf = [
            PtfCommand::new(&given),
            ptf().param("domain", &given),
            ptf().param(&given, "x"),
            ptf().param(&given, &given),
            ptf().header("s_login", &given),
            ptf().header(&given, "x"),
            ptf().params("nameserver", [given.as_str(), &other]),
            ptf().secret("auth", Secret::from(given.clone())),
        ];
        let session = Session::login(&given, other.as_str()).and_then(|login| login.new_password(given.as_str()));
        let typed =
            [session.map(|login| login.to_command()), Describe::new().option("Target", &given).map(|d| d.to_command())];
        let bodies = (rrp.into_iter().flatten().map(Body::Rrp))
            .chain(ptf.into_iter().flatten().map(Body::Ptf))
            .chain(typed.into_iter().flatten().map(|command| command.body().clone()));
        for body in bodies {
            let text = String::from_utf8(wire(&body, Dialect::Xrrp).to_vec()).unwrap();
            prop_assert!(text.contains(&given) || text.contains(&other));
            assert_one_command(&body)?;
        }
    }
}

#[test]
fn what_a_command_is_about_stands_once_whatever_the_call() {
    let about = |name: &str, value: &str| RrpCommand::new("mod").unwrap().attribute(name, value).unwrap();
    for (name, value) in [("DomainName", "a.example"), ("EntityName", "Domain")] {
        assert!(about(name, value).attribute(name, "b.example").is_err(), "{name} twice");
        assert!(about(name, value).replace(name, value, "b.example").is_err(), "{name} replaced");
        assert!(about(name, value).remove(name, value).is_err(), "{name} removed");
    }
}

// Bounds of what is built.

#[test]
fn the_largest_rrp_command_passes_the_limits_for_commands() {
    let mut command = RrpCommand::new("add").unwrap();
    let value = "v".repeat(32_768);
    for _ in 0..RrpCommand::MAX_LINES {
        command = command.clone().attribute("NameServer", &value).unwrap_or(command);
    }
    assert_one_command(&Body::Rrp(command)).unwrap();
}

#[test]
fn the_largest_reply_passes_the_limits_for_replies() {
    let mut builder = ReplyBuilder::listed(ReturnCode::COMPLETED).unwrap();
    let value = "v".repeat(32_768);
    for index in 0..600 {
        match builder.clone().property("long", index, &value) {
            Ok(next) => builder = next,
            Err(_) => break,
        }
    }
    let mut bytes = bytes::BytesMut::new();
    builder.encode(Grammar::Ptf, &mut bytes);
    let (frames, _) = deframe(Limits::REPLY, Ends::Either, [&bytes[..]]).unwrap();
    assert_eq!(frames.len(), 1);
}

// Memory.

fn list(lines: usize) -> [Frame; 2] {
    let mut ptf =
        String::from("[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\n");
    let mut rrp = String::from("200 Command completed successfully\r\n");
    for index in 0..lines {
        ptf.push_str(&format!("property[domain][{index}] = name-{index}.example\r\n"));
        rrp.push_str(&format!("nameserver:ns{index}.example.net\r\n"));
    }
    [support::frame(format!("{ptf}EOF\r\n").as_bytes()), support::frame(format!("{rrp}.\r\n").as_bytes())]
}

#[test]
fn reading_a_reply_allocates_once_twenty_bytes_a_line() {
    for lines in [0, 1, 100, 20_000] {
        for frame in list(lines) {
            let mut reply = None;
            let used = allocation_counter::measure(|| reply = Some(Reply::parse(&frame).unwrap()));
            assert_eq!(used.count_total, 1, "{lines} lines");
            assert_eq!(used.bytes_total, 20 * frame.lines() as u64, "{lines} lines");
            assert_eq!(reply.unwrap().lines().len(), lines);
        }
    }
}

#[test]
fn reading_into_used_storage_allocates_nothing() {
    for lines in [0, 1, 100, 20_000] {
        for frame in list(lines) {
            let index = Reply::parse(&frame).unwrap().into_index();
            assert!(index.capacity() >= lines);
            let mut index = Some(index);
            let used = allocation_counter::measure(|| {
                for _ in 0..3 {
                    index = Reply::parse_into(&frame, index.take().unwrap()).ok().map(Reply::into_index);
                }
            });
            assert_eq!((used.count_total, used.bytes_total), (0, 0), "{lines} lines");
        }
    }
}

#[test]
fn reading_code_and_text_alone_allocates_nothing() {
    for frame in list(20_000) {
        let used = allocation_counter::measure(|| assert_eq!(Reply::peek(&frame).unwrap().code(), 200));
        assert_eq!(used.count_total, 0);
    }
}

#[test]
fn looking_a_value_up_allocates_nothing() {
    let frame = list(100)[0].clone();
    let reply = Reply::parse(&frame).unwrap();
    let used = allocation_counter::measure(|| {
        assert_eq!(reply.property_at("DOMAIN", 99).as_deref(), Some("name-99.example"));
        assert_eq!(reply.property("domain").count(), 100);
    });
    assert_eq!(used.count_total, 0);
}
