//! The client's grammar against the simulated registry's, which was written apart from it.
//!
//! What one writes the other reads as the same. Of bytes that nobody wrote they may think differently, in the ways that
//! stand here and in no other:
//!
//! - The client ends any frame with either `.` or `EOF`; the registry a command of RRP with `.` alone and a block with
//!   `EOF` alone, and refuses what has the other's end in it.
//! - The client takes blanks before a colon, and any number of CRs among the blanks at the end of a line; the registry
//!   refuses both.
//! - The registry takes blanks around `EOF` and around the names of blocks, and white space that is no blank on a line
//!   between commands; to the client these are lines like any other, and make no command.
//! - The registry keeps a `[HEADER]` that `.` or `EOF` ends for the next command (of RRP it says nothing); to the
//!   client it is none.
//! - The registry reads what the client's types refuse to be: values that are empty or have tabs, names that stand
//!   twice, `command` in disguise, what MOD does not allow.
//!
//! None of them turns one command into two.

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::BytesMut;
use rrp::command::{Body, Command, Dialect, RrpLine};
use rrp::sim::wire::{
    Answer, Field, FieldKind, Form, LineEnds, Reader, Request, RequestError, Style, Terminator, read_command,
    write_reply,
};
use rrp::wire::deframe::{self, Deframer, Ends, Frame, Grammar, Limits};
use rrp::wire::{self, Malformed};
use rrp::{Reply, Value};

/// Any bytes as commands; after a byte 0 an answer of the registry's, after 1 a command of the client's.
pub fn differential(data: &[u8]) {
    // Bytes that make nothing are no failure.
    let _ = match data.split_first() {
        Some((0, rest)) => answer(&mut Unstructured::new(rest)),
        Some((1, rest)) => command(&mut Unstructured::new(rest)),
        _ => {
            each_command_of_the_clients(data);
            one_command_of_the_registrys(data);
            Ok(())
        }
    };
}

/// What a line of a command says, to either.
type Line = (FieldKind, String, String);

/// A command: its name, its lines, and those of its header.
type Parts = (Form, String, Vec<Line>, Vec<Line>);

fn of_client(body: &Body) -> Parts {
    let rrp = |line: &RrpLine| {
        let name = line.name().as_str().to_owned();
        match line {
            RrpLine::Attribute { value, .. } => (FieldKind::Attribute, name, value.expose().to_owned()),
            RrpLine::Remove { old, .. } => (FieldKind::Attribute, name, format!("{}=", old.expose())),
            RrpLine::Replace { old, new, .. } => {
                (FieldKind::Attribute, name, format!("{}={}", old.expose(), new.expose()))
            }
            RrpLine::Option { value, .. } => (FieldKind::Option, name, value.expose().to_owned()),
            other => panic!("a form of line that this check does not know: {other:?}"),
        }
    };
    match body {
        Body::Rrp(command) => {
            let lines = command.lines().iter().map(rrp).collect();
            (Form::Rrp, command.verb().as_str().to_owned(), lines, Vec::new())
        }
        Body::Ptf(command) => {
            let line = |line: &rrp::command::ptf::Parameter| {
                (FieldKind::Parameter, line.name().as_str().to_owned(), line.value().expose().to_owned())
            };
            let lines = command.parameters().iter().map(line).collect();
            let header = command.headers().iter().map(line).collect();
            (Form::Ptf, command.name().as_str().to_owned(), lines, header)
        }
    }
}

fn of_registry(request: &Request) -> Parts {
    let line = |field: &Field| (field.kind(), field.name().to_owned(), field.value().to_owned());
    let lines = |fields: &[Field]| fields.iter().map(line).collect();
    (request.form(), request.name().to_owned(), lines(request.fields()), lines(request.header()))
}

/// What a registry reads of bytes that arrive in pieces of these sizes, over and over; and whether all of it was used.
fn registry_reads(
    bytes: &[u8],
    sizes: &[u8],
    dialect: Dialect,
) -> (Vec<std::result::Result<Request, RequestError>>, bool) {
    let mut reader = Reader::new(dialect);
    for piece in pieces(bytes, sizes) {
        reader.push(piece);
    }
    let read = std::iter::from_fn(|| reader.next_command()).collect();
    (read, reader.is_between())
}

/// The bytes in pieces of these sizes, over and over; in one, if there are no sizes.
fn pieces<'b>(bytes: &'b [u8], sizes: &[u8]) -> Vec<&'b [u8]> {
    let mut sizes = sizes.iter().map(|size| usize::from(*size).max(1)).cycle();
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(sizes.next().unwrap_or(rest.len()).min(rest.len()));
        pieces.push(piece);
        rest = later;
    }
    pieces
}

/// What the client writes is one command to the registry: the same.
fn command(u: &mut Unstructured<'_>) -> Result<()> {
    let sizes = sizes(u)?;
    let (first, second) = (Command::arbitrary(u)?, Command::arbitrary(u)?);
    let mut bytes = BytesMut::new();
    for command in [&first, &second] {
        wire::encode(command.body(), Dialect::Xrrp, &mut bytes).expect("XRRP takes every command");
    }
    let (read, between) = registry_reads(&bytes, &sizes, Dialect::Xrrp);
    let read: Vec<Parts> = read.iter().map(|read| of_registry(read.as_ref().expect("a command"))).collect();
    assert_eq!(read, [of_client(first.body()), of_client(second.body())]);
    assert!(between, "something is left");

    let mut strict = BytesMut::new();
    if wire::encode(first.body(), Dialect::Rfc, &mut strict).is_ok() {
        let (read, between) = registry_reads(&strict, &sizes, Dialect::Rfc);
        let [Ok(read)] = &read[..] else { panic!("not one command: {read:?}") };
        assert_eq!(of_registry(read), of_client(first.body()));
        assert!(between, "something is left");
    }
    Ok(())
}

/// A frame by itself, ended as the registry wants it.
fn alone(frame: &Frame) -> Vec<u8> {
    let end: &[u8] = if frame.grammar() == Grammar::Ptf { b"EOF\r\n" } else { b".\r\n" };
    [frame.bytes(), end].concat()
}

/// What the client's reader takes for one command is that command to the registry, or none.
fn each_command_of_the_clients(data: &[u8]) {
    for frame in client_frames(data).0 {
        let Ok(body) = wire::decode(&frame) else { continue };
        match read_command(&alone(&frame)) {
            Ok(request) => assert_eq!(of_registry(&request), of_client(&body)),
            Err(RequestError::Malformed(why)) => {
                let lines = || frame.bytes().split(|byte| *byte == b'\n');
                let found = match why {
                    "a line has a control character" => lines().any(crs_at_its_end),
                    "the name of an attribute or option is no word" => lines().any(blank_before_colon),
                    _ => false,
                };
                assert!(found, "{why}, and the client takes it");
            }
            Err(error) => panic!("{error}, and the client takes it"),
        }
    }
}

/// Beside the one that belongs to the line's end.
fn crs_at_its_end(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.iter().rev().take_while(|byte| b" \t\r".contains(byte)).any(|byte| *byte == b'\r')
}

fn blank_before_colon(line: &[u8]) -> bool {
    line.split(|byte| *byte == b':').next().is_some_and(|name| name.ends_with(b" ") || name.ends_with(b"\t"))
}

/// All whole frames, and whether nothing is left.
fn client_frames(data: &[u8]) -> (Vec<Frame>, bool) {
    let mut deframer = Deframer::new(Limits::COMMAND);
    let mut buffer = BytesMut::from(data);
    let mut frames = Vec::new();
    while let Ok(Some(frame)) = deframer.deframe(&mut buffer) {
        frames.push(frame);
    }
    let between = deframer.is_between_frames(&buffer);
    (frames, between)
}

/// What the registry takes for one command is at most that one to the client. Where neither refuses anything, both
/// have read the same commands.
fn one_command_of_the_registrys(data: &[u8]) {
    let (read, between) = registry_reads(data, &[], Dialect::Xrrp);
    let (frames, client_between) = client_frames(data);
    let decoded: Vec<std::result::Result<Body, Malformed>> = frames.iter().map(wire::decode).collect();
    let taken: Vec<Parts> = decoded.iter().flatten().map(of_client).collect();
    let refused: Vec<&Malformed> = decoded.iter().filter_map(|decoded| decoded.as_ref().err()).collect();
    let requests: Vec<Parts> = read.iter().flatten().map(of_registry).collect();
    let registry_took_all = between && requests.len() == read.len();
    let client_took_all = client_between && refused.is_empty();
    if registry_took_all && client_took_all {
        assert_eq!(requests, taken, "neither refuses anything");
    }
    let ([request], true) = (&requests[..], registry_took_all) else { return };
    match (&taken[..], client_took_all) {
        // A header that ended by itself is refused by the client and kept by the registry.
        ([(form, name, lines, _)], _) => {
            assert_eq!((&request.0, &request.1, &request.2), (form, name, lines), "read as another");
            let mut refused = frames.iter().zip(&decoded).filter(|(_, decoded)| decoded.is_err());
            assert!(refused.all(|(frame, _)| is_header(frame.bytes())), "a command, and more that is none");
        }
        ([], false) => {
            let known = |error: &&Malformed| {
                let text = error.to_string();
                let listed =
                    ["`[COMMAND]`", "no `command` in", "no `=` on", "no `:` on", "second block", "not UTF-8"];
                error.command_error().is_some() || listed.iter().any(|part| text.contains(part))
            };
            let unknown: Vec<_> = refused.iter().filter(|error| !known(error)).collect();
            assert!(unknown.is_empty(), "refused for {unknown:?}, and the registry takes it");
        }
        ([], true) => panic!("a command to the registry, and nothing to the client"),
        _ => panic!("one command to the registry, and more to the client"),
    }
}

fn is_header(frame: &[u8]) -> bool {
    frame.get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case(b"[HEADER]"))
}

fn sizes(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    (0..u.int_in_range(0..=3)?).map(|_| u8::arbitrary(u)).collect()
}

/// A text that says something, or anything.
fn text(u: &mut Unstructured<'_>) -> Result<String> {
    if bool::arbitrary(u)? { String::arbitrary(u) } else { Ok(Value::arbitrary(u)?.as_str().to_owned()) }
}

/// As the registry writes it: control characters are blanks.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The name of an attribute, which has no colon, is not empty, and does not look like the first line of a reply.
fn attribute_name(text: &str) -> String {
    let name = clean(text).replace(':', ";");
    let name = name.trim_matches(' ');
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    if name.is_empty() || digits >= 3 { format!("x{name}") } else { name.to_owned() }
}

/// A style in which every switch is a byte's bit, and how it ends frames.
fn style(u: &mut Unstructured<'_>) -> Result<(Style, Terminator, bool)> {
    let switches = u16::arbitrary(u)?;
    let on = |bit: u32| switches & (1 << bit) != 0;
    let terminator = *u.choose(&[Terminator::Eof, Terminator::EofDot, Terminator::Dot])?;
    let style = Style::new()
        .terminator(terminator)
        .line_ends(if on(0) { LineEnds::Crlf } else { LineEnds::Lf })
        .upper_keys(on(1))
        .tight(on(2))
        .padded(on(3))
        .index_gaps(on(4))
        .code_last(on(5))
        .without_times(on(6))
        .stray_lines(on(7))
        .rrp_ended_by_eof(on(8));
    Ok((style, terminator, on(8)))
}

/// What the registry writes the client reads as given, in whatever style and pieces.
fn answer(u: &mut Unstructured<'_>) -> Result<()> {
    let sizes = sizes(u)?;
    let (style, terminator, rrp_eof) = style(u)?;
    let ptf = bool::arbitrary(u)?;
    let code = if u8::arbitrary(u)? & 15 == 15 { u16::arbitrary(u)? } else { u.int_in_range(100..=999)? };
    let description = text(u)?;
    let mut answer = Answer::new(code).text(&*description).form(if ptf { Form::Ptf } else { Form::Rrp });
    let mut expected: Vec<(String, Option<u32>, String)> = Vec::new();
    let trimmed = |value: &str| clean(value).trim_matches(' ').to_owned();
    for nth in 0..u.int_in_range(0..=6)? {
        // Beside the code and the description there are few such lines, of plain names.
        let (name, value) = (format!("key{nth}"), text(u)?);
        answer = answer.key(&*name, &value);
        if ptf {
            expected.push((name, None, trimmed(&value)));
        }
    }
    let gaps = style == style.clone().index_gaps(true);
    for _ in 0..u.int_in_range(0..=12)? {
        let name = if bool::arbitrary(u)? { "nameserver".to_owned() } else { attribute_name(&text(u)?) };
        let name = name.replace('=', "-");
        let value = text(u)?;
        // Counted by the name as it was given, before it is written in capitals.
        let before = answer.items().filter(|(other, _)| *other == name).count();
        let index = u32::try_from(if gaps { 2 * before } else { before }).expect("few");
        expected.push((name.to_ascii_lowercase(), ptf.then_some(index), trimmed(&value)));
        answer = answer.pair(&*name, &value);
    }
    if ptf && style != style.clone().without_times(true) {
        expected.push(("runtime".to_owned(), None, "0.012".to_owned()));
        expected.push(("queuetime".to_owned(), None, "0".to_owned()));
    }
    let bytes = write_reply(&answer, &style);
    let ends: &[Ends] = match (ptf, terminator) {
        (true, Terminator::Eof) => &[Ends::Either, Ends::Eof],
        (true, Terminator::Dot) => &[Ends::Either, Ends::Dot],
        (true, _) => &[Ends::Either, Ends::Dot, Ends::Eof],
        (false, _) if rrp_eof => &[Ends::Either, Ends::Eof],
        (false, _) => &[Ends::Either, Ends::Dot, Ends::Eof],
    };
    for ends in ends {
        let frame = one_frame(&bytes, &sizes, *ends);
        let reply = match Reply::parse(&frame) {
            Ok(reply) => reply,
            Err(error) => {
                assert!(!(100..=999).contains(&code), "{error}");
                return Ok(());
            }
        };
        assert_eq!(reply.grammar(), if ptf { Grammar::Ptf } else { Grammar::Rrp });
        assert_eq!((reply.code().as_u16(), &*reply.text()), (code, &*trimmed(&description)));
        let lines = reply.lines();
        let lines: Vec<(String, Option<u32>, String)> = lines
            .map(|line| (line.name().to_ascii_lowercase(), line.index(), line.value().into_owned()))
            .collect();
        assert_eq!(lines, expected);
    }
    Ok(())
}

/// The one frame of bytes that arrive in pieces.
fn one_frame(bytes: &[u8], sizes: &[u8], ends: Ends) -> Frame {
    let mut deframer = Deframer::new(Limits::REPLY);
    deframer.set_ends(ends);
    let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
    for piece in pieces(bytes, sizes) {
        buffer.extend_from_slice(piece);
        while let Some(frame) = deframer.deframe(&mut buffer).expect("within limits") {
            frames.push(frame);
        }
    }
    assert!(deframer.is_between_frames(&buffer), "something is left");
    let frame = frames.pop().expect("a frame");
    assert!(
        frames.is_empty()
            && matches!(frame.terminator(), Some(deframe::Terminator::Dot | deframe::Terminator::Eof))
    );
    frame
}
