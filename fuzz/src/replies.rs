//! Replies are read as a naive reader reads them, nothing about them panics, and what a builder writes is read as given.

use std::collections::BTreeMap;
use std::fmt::Debug;

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::BytesMut;
use rrp::reply::{Head, ReplyBuilder, Row};
use rrp::secret::{REDACTED, assigns_secret, is_secret_name};
use rrp::verdict::Class;
use rrp::wire::Malformed;
use rrp::wire::deframe::{Ends, Frame, Grammar, Limits};
use rrp::{RegistryDate, Reply, ReturnCode, Value};

use super::naive::{self, folded};
use super::{assert_error_printable, assert_hidden, assert_printable, codes};

/// Bytes as frames of replies; their second half builds a reply of RRP.
pub fn rrp_reply(data: &[u8]) {
    read(data);
    write(data, Grammar::Rrp);
}

/// Bytes as frames of replies; their second half builds a PTF block.
pub fn ptf_reply(data: &[u8]) {
    read(data);
    write(data, Grammar::Ptf);
}

/// A reply as parts that compare.
fn parts(reply: &Reply) -> naive::Reply {
    let lines =
        reply.lines().map(|item| (item.name().into_owned(), item.index(), item.value_bytes().to_vec()));
    naive::Reply {
        code: reply.code().as_u16(),
        text: reply.text_bytes().to_vec(),
        lines: lines.map(|(name, index, value)| (name.into_bytes(), index, value)).collect(),
    }
}

/// Names are shown as text, so the bytes of a naive reading are too.
fn shown(mut reply: naive::Reply) -> naive::Reply {
    for (name, _, _) in &mut reply.lines {
        *name = String::from_utf8_lossy(name).into_owned().into_bytes();
    }
    reply
}

fn read(data: &[u8]) {
    for frame in super::all_frames(data, Limits::REPLY, Ends::Either) {
        let expected = match frame.grammar() {
            Grammar::Ptf => naive::ptf_reply(frame.bytes(), false),
            _ => naive::rrp_reply(frame.bytes()),
        };
        let parsed = Reply::parse(&frame);
        compare(&frame, &parsed, expected);
        compare(&frame, &Reply::parse_excerpt(&frame), naive::ptf_reply(frame.bytes(), true));
        // A head may be sound where the rest is not, but never the other way round.
        let head = Reply::peek(&frame);
        if let Ok(reply) = parsed {
            accept(&frame, &reply, &head.expect("a reply has a head"));
        }
    }
}

fn compare(frame: &Frame, parsed: &Result<Reply, Malformed>, expected: Option<naive::Reply>) {
    match parsed {
        Ok(reply) => {
            assert_eq!(Some(parts(reply)), expected.map(shown));
            look(frame, reply);
        }
        Err(error) => {
            assert_eq!(None, expected, "{error}");
            assert!(error.line() <= frame.lines(), "no such line");
            assert_error_printable(error);
        }
    }
}

/// What holds beside the parse itself, of a reply and not of an excerpt.
fn accept(frame: &Frame, reply: &Reply, head: &Head<'_>) {
    assert_eq!(head.code(), reply.code());
    assert_eq!(head.text(), reply.text());
    assert_printable(&format!("{head:?}"));

    // Storage that was used before changes nothing.
    let other = b"[RESPONSE]\ncode=541\ndescription=x\nproperty[y][7]=z\nruntime=1\n";
    let other = super::all_frames(other, Limits::REPLY, Ends::Either).pop().expect("a frame");
    let index = Reply::parse(&other).expect("a reply").into_index();
    let again = Reply::parse_into(frame, index).expect("as at first");
    assert_eq!(parts(&again), parts(reply));
    assert_eq!(again.grammar(), reply.grammar());
    assert!(again.into_index().capacity() >= reply.lines().len());

    if reply.grammar() == Grammar::Ptf {
        let excerpt = Reply::parse_excerpt(frame).expect("a whole block is an excerpt too");
        assert_eq!(parts(&excerpt), parts(reply));
    }
}

/// Every accessor.
fn look(frame: &Frame, reply: &Reply) {
    assert_eq!(reply.bytes(), frame.bytes());
    let (text, lines) = (reply.text(), parts(reply).lines);
    if let Some(detail) = reply.detail() {
        assert!(!detail.is_empty() && text.contains(';') && text.contains(detail.as_ref()));
    }
    let printed = format!("{reply:?}");
    assert_printable(&printed);
    for (item, (_, _, value)) in reply.lines().zip(&lines) {
        assert_printable(&format!("{item:?}"));
        assert!(!utf8(&item.name()) || item.is(&item.name()), "not its own name");
        assert_eq!(item.value(), String::from_utf8_lossy(value));
        if is_secret_name(&item.name()) {
            assert!(item.is_secret() && item.redacted() == REDACTED);
            assert_hidden(&printed, value, frame.bytes());
        }
    }
    let redacted = reply.redacted_text();
    assert_eq!(redacted == text, !text.split_inclusive(';').any(assigns_secret), "redacted where needed");
    assert!(redacted == text || redacted.ends_with(REDACTED));

    let properties = reply.grammar() == Grammar::Ptf;
    let mut names: Vec<String> = reply.lines().take(8).map(|item| item.name().into_owned()).collect();
    names.retain(|name| utf8(name));
    names.extend(["Name Server", "registrationexpirationdate", "", "nothing", "code"].map(str::to_owned));
    for name in &names {
        let same = |line: &&naive::Line| folded(&line.0) == folded(name.as_bytes());
        let text = |line: &naive::Line| String::from_utf8_lossy(&line.2).into_owned();
        let of_kind = |line: &&naive::Line| line.1.is_some() == properties;
        let expected: Vec<_> = lines.iter().filter(same).filter(of_kind).map(text).collect();
        let found: Vec<_> = reply.property(name).map(|value| value.into_owned()).collect();
        assert_eq!(found, expected, "the values of `{name}`");
        assert_eq!(reply.first(name).as_deref(), expected.first().map(String::as_str));
        let field = lines.iter().filter(same).find(|line| properties && line.1.is_none()).map(text);
        assert_eq!(reply.field(name).map(|value| value.into_owned()), field, "the field `{name}`");
        for index in [0, 1, 2, u32::MAX - 1, u32::MAX] {
            let cell = lines.iter().filter(same).find(|line| line.1 == Some(index)).map(text);
            assert_eq!(reply.property_at(name, index).map(|value| value.into_owned()), cell);
        }
        if let Some(date) = reply.date(name) {
            assert_eq!(RegistryDate::parse(&date.to_string()), Some(date), "a date is read as printed");
        }
    }
    rows(reply, &lines, &names);
    meaning(reply);
}

/// Whether what is shown is what was received: a name of other bytes goes by no text.
fn utf8(shown: &str) -> bool {
    !shown.contains(char::REPLACEMENT_CHARACTER)
}

/// The rows of a list, against a map.
fn rows(reply: &Reply, lines: &[naive::Line], names: &[String]) {
    let columns: Vec<&str> = names.iter().map(String::as_str).take(6).collect();
    let mut expected: BTreeMap<u32, Vec<Option<String>>> = BTreeMap::new();
    for (name, index, value) in lines {
        let column = columns.iter().position(|column| folded(column.as_bytes()) == folded(name));
        if let (Some(index), Some(column)) = (index, column) {
            let cells = expected.entry(*index).or_insert_with(|| vec![None; columns.len()]);
            cells[column].get_or_insert_with(|| String::from_utf8_lossy(value).into_owned());
        }
    }
    let found = reply.rows(&columns);
    let cells = |row: &Row<'_>| row.cells().iter().map(|cell| cell.as_deref().map(str::to_owned)).collect();
    let found: Vec<(u32, Vec<Option<String>>)> = found.iter().map(|row| (row.index(), cells(row))).collect();
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>());

    let checks = reply.domain_checks();
    assert!(checks.is_sorted_by_key(|check| check.index()));
    for check in &checks {
        let value = reply.property_at("domaincheck", check.index()).expect("a check stands on its line");
        assert!(value.ends_with(check.text()));
        assert_eq!(check.domain(), reply.property_at("domain", check.index()).as_deref());
        assert!(check.answer().is_none() || check.code().is_some());
        printable(check);
    }
    if let Some(page) = reply.page() {
        let next = page.next_first();
        assert!(next.is_none_or(|next| next > page.first() && Some(next) < page.total()));
        printable(&page);
    }
}

fn printable(value: &impl Debug) {
    assert_printable(&format!("{value:?}"));
}

/// What the reply says, taken together.
fn meaning(reply: &Reply) {
    assert!(!reply.is_pending() || reply.code().class() == Class::Success);
    assert!(reply.job().is_none_or(|job| !job.is_empty()));
    let _ =
        (reply.runtime(), reply.queuetime(), reply.client_transaction_id(), reply.server_transaction_id());
    for context in codes::contexts() {
        let (verdict, plain) = (reply.verdict(context), reply.code().verdict(context));
        codes::laws(reply.code(), context, &verdict);
        // A success in the other grammar answers something else.
        if plain.fits() && !verdict.fits() {
            assert!(plain.class() == Class::Success && !verdict.completed());
            continue;
        }
        assert_eq!(
            (verdict.class(), verdict.answer(), verdict.fits(), verdict.closes_connection()),
            (plain.class(), plain.answer(), plain.fits(), plain.closes_connection()),
            "the text changes the advice alone",
        );
    }
}

/// Builds replies out of the second half of the input.
fn write(data: &[u8], grammar: Grammar) {
    let mut u = Unstructured::new(&data[data.len() / 2..]);
    // Running out of bytes, or bytes that make nothing, are no failure.
    let _ = given(&mut u, grammar);
    if let Ok(reply) = ReplyBuilder::arbitrary(&mut u) {
        // Both grammars say the same.
        let (rrp, ptf) = (sent(&reply, Grammar::Rrp), sent(&reply, Grammar::Ptf));
        let plain =
            |lines: Vec<naive::Line>| lines.into_iter().map(|line| (line.0, line.2)).collect::<Vec<_>>();
        assert_eq!((rrp.code, rrp.text, plain(rrp.lines)), (ptf.code, ptf.text, plain(ptf.lines)));
        assert_printable(&format!("{reply:?}"));
    }
}

/// What a reader makes of a reply that was built.
fn sent(reply: &ReplyBuilder, grammar: Grammar) -> naive::Reply {
    let mut out = BytesMut::new();
    reply.encode(grammar, &mut out);
    let text = std::str::from_utf8(&out).expect("what is written is UTF-8");
    text.strip_suffix("\r\n").expect("whole lines").split("\r\n").for_each(assert_printable);
    let ends: &[Ends] = if grammar == Grammar::Ptf {
        &[Ends::Either, Ends::Eof]
    } else {
        &[Ends::Either, Ends::Dot, Ends::Eof]
    };
    let frames = ends.iter().map(|ends| super::only_frame(&out, Limits::REPLY, *ends));
    let replies: Vec<_> = frames
        .map(|frame| {
            assert_eq!(frame.grammar(), grammar);
            parts(&Reply::parse(&frame).expect("what is written is read"))
        })
        .collect();
    assert!(replies.iter().all(|reply| *reply == replies[0]));
    replies.into_iter().next().expect("one was read")
}

/// A text of anything, or one that is mostly taken.
fn text(u: &mut Unstructured<'_>) -> Result<String> {
    const RESERVED: [&str; 8] =
        ["code", "CODE", "Description", "d escription", "200 OK", "[RESPONSE]", "EOF", "property[x][0]"];
    match u.int_in_range(0..=4)? {
        0 | 1 => Value::arbitrary(u).map(|value| value.as_str().to_owned()),
        2 => u.choose(&RESERVED).map(|text| (*text).to_owned()),
        _ => String::arbitrary(u),
    }
}

/// Offers parts to a builder: what it takes is read as given, in the grammar.
fn given(u: &mut Unstructured<'_>, grammar: Grammar) -> Result<()> {
    let code = ReturnCode::arbitrary(u)?;
    let head = text(u)?;
    let mut expected =
        naive::Reply { code: code.as_u16(), text: head.clone().into_bytes(), lines: Vec::new() };
    let mut reply = match ReplyBuilder::new(code, &head) {
        Ok(reply) => reply,
        Err(error) => {
            assert_error_printable(&error);
            return Ok(());
        }
    };
    for _ in 0..u.int_in_range(0..=16)? {
        let (name, value) = (text(u)?, text(u)?);
        let index = if bool::arbitrary(u)? { Some(u32::arbitrary(u)?) } else { None };
        let next = match index {
            Some(index) => reply.clone().property(&name, index, &value),
            None => reply.clone().attribute(&name, &value),
        };
        match next {
            Ok(next) => {
                let index = index.filter(|_| grammar == Grammar::Ptf);
                expected.lines.push((name.into_bytes(), index, value.into_bytes()));
                reply = next;
            }
            Err(error) => assert_error_printable(&error),
        }
    }
    assert_eq!(sent(&reply, grammar), expected);
    Ok(())
}
