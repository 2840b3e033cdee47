//! The registry's grammar and the client's, held against each other: what one writes, the other reads.

use bytes::BytesMut;
use proptest::prelude::*;
use rrp::Reply;
use rrp::command::{Body, Dialect, PtfCommand, RrpCommand};
use rrp::sim::wire::{Answer, FieldKind, Form, LineEnds, Style, Terminator, read_command, write_reply};
use rrp::text::same_name;
use rrp::wire::deframe::{Deframer, Limits};
use rrp::wire::{Greeting, encode};

use crate::drive::{Client, config};

/// Every combination of what answers are written like.
fn styles() -> impl Strategy<Value = Style> {
    let terminator = prop_oneof![Just(Terminator::Eof), Just(Terminator::EofDot), Just(Terminator::Dot)];
    let line_ends = prop_oneof![Just(LineEnds::Crlf), Just(LineEnds::Lf)];
    (terminator, line_ends, prop::array::uniform8(any::<bool>())).prop_map(
        |(terminator, line_ends, quirks)| {
            let [upper, tight, padded, gaps, last, no_times, stray, rrp_eof] = quirks;
            let style =
                Style::new().terminator(terminator).line_ends(line_ends).upper_keys(upper).tight(tight);
            let style = style.padded(padded).index_gaps(gaps).code_last(last).without_times(no_times);
            style.stray_lines(stray).rrp_ended_by_eof(rrp_eof)
        },
    )
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~äß]{0,20}".prop_map(|value| value.trim().to_owned()),
        Just(".".to_owned()),
        Just("EOF".to_owned()),
        Just("[RESPONSE]".to_owned()),
    ]
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[a-z]{1,8}( [a-z]{1,4})?", value()), 0..8)
}

proptest! {
    #[test]
    fn answers_are_read_as_they_were_meant(
        style in styles(),
        ptf: bool,
        code in 200..599_u16,
        text in "[A-Za-z][A-Za-z ;,]{0,20}",
        pairs in pairs(),
    ) {
        let text = text.trim();
        let form = if ptf { Form::Ptf } else { Form::Rrp };
        let answer = Answer::new(code).form(form).text(text);
        let answer = pairs.iter().fold(answer, |answer, (name, value)| answer.pair(name, value));
        let mut received = BytesMut::from(&write_reply(&answer, &style)[..]);
        let mut deframer = Deframer::new(Limits::REPLY);
        let frame = match deframer.deframe(&mut received).unwrap() {
            Some(frame) => frame,
            // Without a dot the reader waits for one no longer than the server is silent.
            None => deframer.finish(&mut received).unwrap().unwrap(),
        };
        let reply = Reply::parse(&frame).unwrap();
        prop_assert_eq!(reply.code(), code);
        prop_assert_eq!(&*reply.text(), text);
        for (name, _) in &pairs {
            let expected: Vec<&str> =
                pairs.iter().filter(|(other, _)| same_name(other.as_bytes(), name.as_bytes())).map(|(_, value)| value.as_str()).collect();
            let mut read: Vec<String> = reply.property(name).map(|value| value.into_owned()).collect();
            // Spellings of one name have indices of their own each, so that their order is not kept.
            let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            read.sort();
            expected.sort();
            prop_assert_eq!(read, expected);
        }
        // Nothing but ends and stray lines is left.
        prop_assert!(received.iter().all(|byte| b".\r\nEOF".contains(byte)), "{:?}", received);
    }

    #[test]
    fn commands_are_read_as_they_were_meant(
        verb in "[a-z]{1,10}",
        lines in prop::collection::vec(("[A-Za-z][A-Za-z0-9]{0,9}", value(), any::<bool>()), 0..8),
        headers in prop::collection::vec(("h[a-z]{1,8}", value()), 0..3),
    ) {
        let mut rrp = RrpCommand::new(&verb).unwrap();
        let mut ptf = PtfCommand::new(&verb).unwrap();
        let (mut meant_rrp, mut meant_ptf) = (Vec::new(), Vec::new());
        for (name, value, option) in &lines {
            let next = if *option { rrp.clone().option(name, value) } else { rrp.clone().attribute(name, value) };
            if let Ok(next) = next {
                rrp = next;
                let kind = if *option { FieldKind::Option } else { FieldKind::Attribute };
                meant_rrp.push((kind, name.clone(), value.clone()));
            }
            if let Ok(next) = ptf.clone().param(name, value) {
                ptf = next;
                meant_ptf.push((FieldKind::Parameter, name.clone(), value.clone()));
            }
        }
        let mut meant_headers = Vec::new();
        for (name, value) in &headers {
            if let Ok(next) = ptf.clone().header(name, value) {
                ptf = next;
                meant_headers.push((name.as_str(), value.as_str()));
            }
        }
        let mut out = BytesMut::new();
        for (body, form, meant) in [(Body::from(rrp), Form::Rrp, meant_rrp), (Body::from(ptf), Form::Ptf, meant_ptf)] {
            out.clear();
            if encode(&body, Dialect::Xrrp, &mut out).is_err() {
                continue;
            }
            let request = read_command(&out).unwrap();
            prop_assert_eq!((request.form(), request.name()), (form, verb.as_str()));
            let read: Vec<_> = request
                .fields()
                .iter()
                .map(|field| (field.kind(), field.name().to_owned(), field.value().to_owned()))
                .collect();
            prop_assert_eq!(read, meant);
            if form == Form::Ptf {
                let read: Vec<_> = request.header().iter().map(|field| (field.name(), field.value())).collect();
                prop_assert_eq!(read, meant_headers.clone());
            }
        }
    }
}

#[test]
fn greeting_is_read() {
    let mut client = Client::connect(config().greeting("NSI RRP Server version 1.1.0"));
    client.id = client.registry.connect(client.now);
    client.settle();
    let mut received = BytesMut::from(&client.received[..]);
    let frame = Deframer::new(Limits::REPLY).deframe(&mut received).unwrap().unwrap();
    let greeting = Greeting::parse(frame.bytes());
    assert_eq!((greeting.registry(), greeting.version()), (Some("NSI"), Some("1.1.0")));
}

#[test]
fn pages_checks_and_jobs_are_read() {
    let mut client =
        Client::new(config().queue_jobs(std::time::Duration::from_secs(60)).queued_zones(["org"]));
    let mut ask = |lines: &str| {
        let text = client.ptf(lines).0;
        let frame =
            Deframer::new(Limits::REPLY).deframe(&mut BytesMut::from(text.as_str())).unwrap().unwrap();
        Reply::parse(&frame).unwrap()
    };
    ask("command=AddDomain\ndomain=a.com");
    ask("command=AddDomain\ndomain=b.com");
    let page = ask("command=QueryDomainList\nlimit=1").page().unwrap();
    assert_eq!((page.first(), page.count(), page.total(), page.next_first()), (0, 1, Some(2), Some(1)));
    let checks = ask("command=CheckDomains\ndomain0=a.com\ndomain1=c.com");
    let codes: Vec<u16> = checks.domain_checks().iter().map(|check| check.code().unwrap().as_u16()).collect();
    assert_eq!(codes, [211, 210]);
    let queued = ask("command=AddDomain\ndomain=a.org\ncltrid=mine");
    assert!(queued.is_pending() && queued.job().is_some());
    assert_eq!(queued.client_transaction_id().as_deref(), Some("mine"));
    assert!(queued.server_transaction_id().is_some());
    assert!(!ask("command=StatusDomain\ndomain=a.com").is_pending());
}
