//! The codecs, driven by hand over a buffer: no runtime, no socket.
#![cfg(feature = "net")]

mod support;

use std::error::Error;
use std::io;

use bytes::BytesMut;
use rrp::command::{Body, Check, Command, Dialect, Ptf, PtfCommand, RrpCommand, Session, ToCommand};
use rrp::net::{CodecError, CommandCodec, Message, ReplyCodec};
use rrp::reply::ReplyBuilder;
use rrp::wire::deframe::{Grammar, Limits};
use rrp::{DomainName, ReturnCode};
use support::{chain, fixture};
use tokio_util::codec::{Decoder, Encoder};

/// What a codec says of a stream that arrives in chunks of this size and then ends.
fn read_all<C>(mut codec: C, stream: &[u8], size: usize) -> (Vec<C::Item>, Option<C::Error>)
where
    C: Decoder,
{
    let (mut buffer, mut items) = (BytesMut::new(), Vec::new());
    for chunk in stream.chunks(size) {
        buffer.extend_from_slice(chunk);
        loop {
            match codec.decode(&mut buffer) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(error) => return (items, Some(error)),
            }
        }
    }
    loop {
        match codec.decode_eof(&mut buffer) {
            Ok(Some(item)) => items.push(item),
            Ok(None) => break,
            Err(error) => return (items, Some(error)),
        }
    }
    assert!(buffer.is_empty(), "{buffer:?} is left");
    (items, None)
}

/// A message in short: the code of a reply, or the first line of a greeting.
fn short(message: &Message) -> String {
    match message {
        Message::Reply(reply) => reply.code().to_string(),
        Message::Greeting(greeting) => greeting.lines()[0].clone(),
        _ => unreachable!("the codec knows these two"),
    }
}

fn messages(stream: &[u8], size: usize) -> (Vec<String>, Option<CodecError>) {
    let (messages, error) = read_all(ReplyCodec::default(), stream, size);
    (messages.iter().map(short).collect(), error)
}

fn encoded<T>(mut codec: impl Encoder<T, Error = CodecError>, item: T) -> Result<BytesMut, CodecError> {
    let mut out = BytesMut::from("before ");
    codec.encode(item, &mut out).map(|()| out.split_off("before ".len()))
}

fn check() -> Command {
    let name: DomainName = "example.com".parse().unwrap();
    Check::domain(&name).to_command()
}

#[test]
fn a_session_is_a_greeting_and_replies_however_it_is_cut() {
    let stream = [
        fixture("rfc", "00-greeting-banner.response.txt"),
        fixture("rfc", "14-session-200.response.txt"),
        fixture("quirks", "eof-before-dot.txt"),
        fixture("quirks", "stray-lines-between-frames.txt"),
        fixture("rfc", "12-quit-220.response.txt"),
    ]
    .concat();
    for size in [1, 2, 3, 7, stream.len()] {
        let (found, error) = messages(&stream, size);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(found, ["NSI RRP Server version 1.1.0", "200", "200", "210", "211", "220"]);
    }
}

#[test]
fn a_reply_comes_with_all_that_stands_in_it() {
    let (found, _) = read_all(ReplyCodec::default(), &fixture("quirks", "upper-case-keys.txt"), 5);
    let [Message::Reply(reply)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(reply.property("domain").collect::<Vec<_>>(), ["example.com", "example.net"]);
}

#[test]
fn a_stream_that_ends_within_a_frame_is_an_error_of_its_own() {
    let stream = fixture("rfc", "15-status-domain-200.response.txt");
    for end in 1..stream.len() - 2 {
        let (found, error) = messages(&stream[..end], 4_096);
        let error = error.unwrap_or_else(|| panic!("{found:?} of {end} bytes"));
        assert!(error.is_incomplete() && error.source().is_none());
        assert_eq!(error.to_string(), format!("connection ended within a frame, after {end} bytes of it"));
    }
}

#[test]
fn a_terminator_that_lacks_its_line_end_ends_nothing() {
    let (found, error) = messages(b"200 x\r\n.", 1);
    assert_eq!((found.len(), error.map(|error| error.is_incomplete())), (0, Some(true)));
}

#[test]
fn a_stream_may_end_between_frames_after_any_stray_line_or_the_beginning_of_one() {
    for end in
        ["", "\r\n", "\r", ".\r\n", ".", ".\r", "EOF\r\n", "EOF", "eo", "E", " \t", "\r\n.\r\n \r\nEOF"]
    {
        for start in ["", "211 Domain name not available\r\n.\r\n"] {
            let (found, error) = messages(format!("{start}{end}").as_bytes(), 3);
            assert!(error.is_none(), "{end:?}: {error:?}");
            assert_eq!(found.len(), usize::from(!start.is_empty()), "{end:?}");
        }
    }
}

#[test]
fn a_malformed_reply_is_an_error_that_says_where_and_why() {
    let (found, error) = messages(b"200 x\r\n.\r\n[RESPONSE]\r\ncode = 200\r\nruntime\r\nEOF\r\n", 4);
    let error = error.unwrap();
    assert_eq!((found, error.is_incomplete()), (vec!["200".to_owned()], false));
    assert_eq!(chain(&error), "malformed frame: line 3: no `=` on the line");
}

#[test]
fn a_passed_limit_is_an_error_and_stays_one() {
    let mut codec = ReplyCodec::new(Limits::REPLY.with_line(10), Dialect::Xrrp);
    let mut buffer = BytesMut::from("200 longer than it may be\r\n.\r\n200 x\r\n.\r\n");
    for _ in 0..2 {
        let error = codec.decode(&mut buffer).unwrap_err();
        assert_eq!(chain(&error), "framing failed: line is longer than the limit of 10 bytes");
    }
    assert!(codec.decode_eof(&mut buffer).is_err());
}

#[test]
fn a_broken_connection_is_told_from_broken_bytes() {
    let error = CodecError::from(io::Error::new(io::ErrorKind::ConnectionReset, "reset by peer"));
    assert!(!error.is_incomplete());
    assert_eq!(chain(&error), "connection failed: reset by peer");
}

#[test]
fn a_client_sends_commands_in_its_dialect() {
    let strict = || ReplyCodec::new(Limits::REPLY, Dialect::Rfc);
    let bytes = encoded(strict(), &check()).unwrap();
    assert_eq!(bytes, &fixture("rfc", "04-check-domain-211.request.txt")[..]);
    assert_eq!(encoded(ReplyCodec::default(), &check()).unwrap(), bytes);

    let ptf = Ptf::query("StatusDomain").unwrap().param("domain", "example.com").unwrap().to_command();
    let bytes = encoded(ReplyCodec::default(), &ptf).unwrap();
    assert_eq!(bytes, "[COMMAND]\r\ncommand=StatusDomain\r\ndomain=example.com\r\nEOF\r\n.\r\n");
}

#[test]
fn a_command_that_the_dialect_does_not_allow_leaves_no_byte_behind() {
    let mut codec = ReplyCodec::new(Limits::REPLY, Dialect::Rfc);
    let mut out = BytesMut::from("before");
    let ptf = Ptf::query("StatusDomain").unwrap().to_command();
    let error = codec.encode(&ptf, &mut out).unwrap_err();
    assert_eq!(chain(&error), "command not encoded: not allowed by RFC 2832: a PTF block");
    let login = Session::login("account", "longer than sixteen bytes").unwrap().to_command();
    let error = codec.encode(&login, &mut out).unwrap_err();
    assert_eq!(
        chain(&error),
        "command not encoded: not allowed by RFC 2832: the text of `Password`: password is longer than 16 bytes"
    );
    assert_eq!(out, "before");
}

#[test]
fn a_server_reads_commands_of_both_grammars_however_they_are_cut() {
    let rrp = RrpCommand::new("check").unwrap().attribute("DomainName", "example.com").unwrap();
    let ptf = PtfCommand::new("StatusDomain").unwrap().param("domain", "example.com").unwrap();
    let stream = b"\r\ncheck\r\nDomainName:example.com\r\n.\r\n[COMMAND]\ncommand = StatusDomain\n\
                   domain = example.com\nEOF\n.\nquit\r\n.\r\n";
    for size in [1, 2, 5, stream.len()] {
        let (found, error) = read_all(CommandCodec::default(), stream, size);
        assert!(error.is_none(), "{error:?}");
        let quit = RrpCommand::new("quit").unwrap();
        assert_eq!(found, [Body::from(rrp.clone()), Body::from(ptf.clone()), Body::from(quit)]);
    }
}

/// A command cut off by a hang-up may have lost its guard: it is never executed.
#[test]
fn a_command_that_is_cut_off_is_no_command() {
    let renew = fixture("rfc", "13-renew-domain-200.request.txt");
    let ptf = b"[COMMAND]\r\ncommand=RenewDomain\r\ndomain=example.com\r\nexpiration=2031\r\nEOF\r\n";
    for stream in [&renew[..], ptf] {
        for end in 1..stream.len() - 2 {
            let (found, error) = read_all(CommandCodec::default(), &stream[..end], 4_096);
            assert!(found.is_empty(), "{found:?} of {end} bytes");
            // The first letter of `EOF` alone may be the beginning of a stray line.
            assert!(error.is_some_and(|error| error.is_incomplete()), "{end} bytes");
        }
    }
}

#[test]
fn a_malformed_command_is_an_error_with_its_whole_chain() {
    let (found, error) = read_all(CommandCodec::default(), b"check\r\nEntityName:\r\n.\r\n", 1);
    assert!(found.is_empty());
    assert_eq!(
        chain(&error.unwrap()),
        "malformed frame: line 2: refused: invalid text in `EntityName`: value is empty"
    );
    let codec = CommandCodec::new(Limits::COMMAND.with_lines(1));
    let (_, error) = read_all(codec, b"check\r\nEntityName:Domain\r\n.\r\n", 1);
    assert_eq!(chain(&error.unwrap()), "framing failed: frame has more lines than the limit of 1");
}

#[test]
fn a_server_writes_replies_in_the_grammar_of_the_command() {
    let reply = ReplyBuilder::new(ReturnCode::COMPLETED, "Command completed successfully").unwrap();
    let reply = reply.property("domain", 7, "example.com").unwrap().property("zip", 0, "").unwrap();
    let reply = reply.attribute("created by", "a=b").unwrap().attribute("fax", "").unwrap();
    let ptf = "[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\n\
               property[domain][7] = example.com\r\nproperty[zip][0] =\r\ncreated by = a=b\r\nfax =\r\nEOF\r\n";
    let rrp =
        "200 Command completed successfully\r\ndomain:example.com\r\nzip:\r\ncreated by:a=b\r\nfax:\r\n.\r\n";
    assert_eq!(encoded(CommandCodec::default(), (&reply, Grammar::Ptf)).unwrap(), ptf);
    assert_eq!(encoded(CommandCodec::default(), (&reply, Grammar::Rrp)).unwrap(), rrp);
    let bare = ReplyBuilder::new(ReturnCode::from_u16(299).unwrap(), "").unwrap();
    assert_eq!(encoded(CommandCodec::default(), (&bare, Grammar::Rrp)).unwrap(), "299\r\n.\r\n");
    let ptf = "[RESPONSE]\r\ncode = 299\r\ndescription =\r\nEOF\r\n";
    assert_eq!(encoded(CommandCodec::default(), (&bare, Grammar::Ptf)).unwrap(), ptf);
}

#[test]
fn what_a_server_answers_the_client_reads() {
    let reply = ReplyBuilder::listed(ReturnCode::DOMAIN_NOT_AVAILABLE).unwrap();
    let reply = reply.property("reason", 0, "taken").unwrap();
    let mut stream = BytesMut::new();
    for grammar in [Grammar::Rrp, Grammar::Ptf] {
        stream.extend_from_slice(&encoded(CommandCodec::default(), (&reply, grammar)).unwrap());
    }
    let (found, error) = read_all(ReplyCodec::default(), &stream, 3);
    assert!(error.is_none());
    for (message, grammar) in found.iter().zip([Grammar::Rrp, Grammar::Ptf]) {
        let Message::Reply(reply) = message else { panic!("{message:?}") };
        assert_eq!((reply.grammar(), reply.code().as_u16()), (grammar, 211));
        assert_eq!(reply.first("reason").as_deref(), Some("taken"));
    }
}

#[test]
fn what_a_client_sends_the_server_reads() {
    let login = Session::login("account:role", "a long pass phrase").unwrap().to_command();
    for command in [check(), login] {
        let bytes = encoded(ReplyCodec::default(), &command).unwrap();
        let (found, error) = read_all(CommandCodec::default(), &bytes, 4);
        assert!(error.is_none() && found == [command.body().clone()]);
    }
}
