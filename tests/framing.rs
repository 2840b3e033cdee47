//! Bytes to frames: any cut of the bytes gives the same frames, every limit holds on both sides, and nothing that a
//! peer sends makes the buffer grow beyond them.

mod support;

use bytes::BytesMut;
use rrp::Reply;
use rrp::wire::deframe::{Deframer, Ends, Frame, FrameError, Grammar, Limits, Terminator};
use support::{deframe, frame, frames};

const ALL_ENDS: [Ends; 3] = [Ends::Either, Ends::Dot, Ends::Eof];

/// What a frame is to a test: its bytes, its number of lines, its end.
type Seen = (Vec<u8>, usize, Option<Terminator>);

fn seen(frame: &Frame) -> Seen {
    (frame.bytes().to_vec(), frame.lines(), frame.terminator())
}

/// The frames of a stream that arrives in these chunks; nothing may be left.
#[track_caller]
fn read<'c>(ends: Ends, chunks: impl IntoIterator<Item = &'c [u8]>) -> Vec<Seen> {
    let (frames, rest) = deframe(Limits::REPLY, ends, chunks).unwrap();
    assert!(rest.is_empty(), "{rest:?} is left");
    frames.iter().map(seen).collect()
}

fn rrp(text: &str) -> Seen {
    (text.as_bytes().to_vec(), text.matches('\n').count(), Some(Terminator::Dot))
}

fn ptf(text: &str) -> Seen {
    (text.as_bytes().to_vec(), text.matches('\n').count(), Some(Terminator::Eof))
}

/// Short streams, how each is to end frames, and the frames in them.
fn streams() -> Vec<(&'static str, Vec<Ends>, Vec<Seen>)> {
    let all = ALL_ENDS.to_vec();
    let eof = vec![Ends::Either, Ends::Eof];
    vec![
        (
            "200 ok\r\na:b\r\n.\r\n211 no\r\n.\r\n",
            all.clone(),
            vec![rrp("200 ok\r\na:b\r\n"), rrp("211 no\r\n")],
        ),
        ("200 ok\na:b\n.\n211 no\n.\n", all.clone(), vec![rrp("200 ok\na:b\n"), rrp("211 no\n")]),
        ("NSI 1\r\nMon\n.\r\n200 x\n.\n", all.clone(), vec![rrp("NSI 1\r\nMon\n"), rrp("200 x\n")]),
        (
            "[RESPONSE]\r\ncode=200\r\nEOF\r\n[R]\neof\r\n",
            eof.clone(),
            vec![ptf("[RESPONSE]\r\ncode=200\r\n"), ptf("[R]\n")],
        ),
        ("[R]\r\nc=1\r\nEOF\r\n.\r\n[R]\nc=2\nEoF\n.\n", eof, vec![ptf("[R]\r\nc=1\r\n"), ptf("[R]\nc=2\n")]),
        (
            "[R]\r\nc=1\r\nEOF\r\n.\r\n[R]\nc=2\nEoF\n.\n",
            vec![Ends::Dot],
            vec![rrp("[R]\r\nc=1\r\n"), rrp("[R]\nc=2\n")],
        ),
        (
            "[R]\r\nc=1\r\n.\r\n[R]\n.\n",
            vec![Ends::Either, Ends::Dot],
            vec![rrp("[R]\r\nc=1\r\n"), rrp("[R]\n")],
        ),
        ("\r\n.\r\nEOF\n \t\r\neof\r\n.\n200\r\n.\r\n\n\r\n.\n", all.clone(), vec![rrp("200\r\n")]),
        (
            ".a\r\n. \r\nEOF \r\n..\r\nEOFX\r\n E\r\n.\r\n",
            all,
            vec![rrp(".a\r\n. \r\nEOF \r\n..\r\nEOFX\r\n E\r\n")],
        ),
    ]
}

#[test]
fn a_stream_in_one_piece_has_the_frames_that_stand_in_it() {
    for (stream, ends, wanted) in streams() {
        for ends in ends {
            assert_eq!(read(ends, [stream.as_bytes()]), wanted, "{ends:?}: {stream:?}");
        }
    }
}

#[test]
fn a_stream_cut_anywhere_in_two_or_three_has_the_same_frames() {
    for (stream, ends, wanted) in streams() {
        let bytes = stream.as_bytes();
        for ends in ends {
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    let chunks = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                    assert_eq!(
                        read(ends, chunks),
                        wanted,
                        "{ends:?}: {stream:?} cut at {first} and {second}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_stream_in_pieces_of_every_size_has_the_same_frames() {
    for (stream, ends, wanted) in streams() {
        for ends in ends {
            for size in 1..=stream.len() {
                assert_eq!(
                    read(ends, stream.as_bytes().chunks(size)),
                    wanted,
                    "{ends:?}: {stream:?} by {size}"
                );
            }
        }
    }
}

#[test]
fn frames_sent_in_one_go_come_one_by_one() {
    let mut deframer = Deframer::new(Limits::REPLY);
    let mut buffer = BytesMut::new();
    for number in 200..300 {
        buffer.extend_from_slice(format!("{number} x\r\n.\r\n").as_bytes());
    }
    for number in 200..300 {
        let frame = deframer.deframe(&mut buffer).unwrap().unwrap();
        assert_eq!(frame.into_bytes(), format!("{number} x\r\n"));
    }
    assert_eq!(deframer.deframe(&mut buffer), Ok(None));
    assert!(deframer.is_between_frames(&buffer) && buffer.is_empty());
}

#[test]
fn where_the_dot_ends_a_frame_an_eof_in_the_middle_is_refused_by_the_grammar() {
    let stream = b"[RESPONSE]\ncode = 200\nEOF\nruntime = 1\nEOF\n.\n";
    let frames = deframe(Limits::REPLY, Ends::Dot, [&stream[..]]).unwrap().0;
    assert_eq!(frames.len(), 1);
    assert_eq!(seen(&frames[0]), rrp("[RESPONSE]\ncode = 200\nEOF\nruntime = 1\n"));
    let error = Reply::parse(&frames[0]).unwrap_err();
    assert_eq!((error.line(), error.to_string().as_str()), (3, "line 3: no `=` on the line"));
}

#[test]
fn where_eof_ends_a_block_a_dot_in_it_is_refused_by_the_grammar() {
    let stream = b"[RESPONSE]\ncode = 200\n.\nruntime = 1\nEOF\n.\n";
    let frames = deframe(Limits::REPLY, Ends::Eof, [&stream[..]]).unwrap().0;
    assert_eq!(frames.len(), 1);
    assert_eq!(seen(&frames[0]), ptf("[RESPONSE]\ncode = 200\n.\nruntime = 1\n"));
    assert_eq!(Reply::parse(&frames[0]).unwrap_err().line(), 3);
}

#[test]
fn where_eof_ends_a_block_a_bare_reply_of_rrp_still_ends_with_its_dot() {
    let stream = b"520 Server closing connection\r\n.\r\n[R]\r\nEOF\r\n.\r\n421 x\r\nEOF\r\n";
    let wanted = [rrp("520 Server closing connection\r\n"), ptf("[R]\r\n"), ptf("421 x\r\n")];
    assert_eq!(read(Ends::Eof, [&stream[..]]), wanted);
}

#[test]
fn which_line_ends_a_frame_can_be_learned_between_two_frames() {
    let mut deframer = Deframer::new(Limits::REPLY);
    let mut buffer = BytesMut::from("[R]\r\nc=1\r\nEOF\r\n.\r\n[R]\r\nc=2\r\nEOF\r\n");
    let first = deframer.deframe(&mut buffer).unwrap().unwrap();
    assert_eq!(seen(&first), ptf("[R]\r\nc=1\r\n"));
    deframer.set_ends(Ends::Dot);
    assert_eq!(deframer.deframe(&mut buffer), Ok(None), "the dot has not come");
    buffer.extend_from_slice(b".\r\n");
    let second = deframer.deframe(&mut buffer).unwrap().unwrap();
    assert_eq!(seen(&second), rrp("[R]\r\nc=2\r\n"));
}

#[test]
fn the_first_bytes_of_a_frame_announce_its_grammar() {
    for (text, grammar) in [
        ("200 x\n", Grammar::Rrp),
        ("200\tx\n", Grammar::Rrp),
        ("200\n", Grammar::Rrp),
        ("200\r\n", Grammar::Rrp),
        ("099 x\n", Grammar::Rrp),
        ("[RESPONSE]\n", Grammar::Ptf),
        ("[\n", Grammar::Ptf),
        ("2000 x\n", Grammar::Text),
        ("20 x\n", Grammar::Text),
        ("200x\n", Grammar::Text),
        (" 200 x\n", Grammar::Text),
        ("NSI RRP Server version 1.1.0\n", Grammar::Text),
        ("check\n", Grammar::Text),
    ] {
        assert_eq!(frame(format!("{text}.\n").as_bytes()).grammar(), grammar, "{text:?}");
    }
}

// Limits.

/// What a stream comes to under limits: the number of frames, or the error; the same for every size of chunks.
#[track_caller]
fn outcome(limits: Limits, ends: Ends, stream: &[u8]) -> Result<usize, FrameError> {
    let whole = deframe(limits, ends, [stream]).map(|(frames, _)| frames.len());
    for size in 1..stream.len() {
        let cut = deframe(limits, ends, stream.chunks(size)).map(|(frames, _)| frames.len());
        assert_eq!(cut, whole, "{:?} by {size}", String::from_utf8_lossy(stream));
    }
    whole
}

#[test]
fn a_line_of_the_limit_passes_and_one_byte_more_fails() {
    let limits = Limits::REPLY.with_line(10);
    for (stream, passes) in [
        ("200 45678\n.\n", true),
        ("200 456789\n.\n", false),
        ("200 4567\r\n.\r\n", true),
        ("200 45678\r\n.\r\n", false),
        ("200 x\na:3456789\n.\n", true),
        ("200 x\na:34567890\n.\n", false),
    ] {
        let wanted = if passes { Ok(1) } else { Err(FrameError::LineTooLong { limit: 10 }) };
        assert_eq!(outcome(limits, Ends::Either, stream.as_bytes()), wanted, "{stream:?}");
    }
}

#[test]
fn a_line_that_never_ends_fails_as_soon_as_it_is_too_long() {
    let limits = Limits::REPLY.with_line(10);
    assert_eq!(outcome(limits, Ends::Either, b"0123456789"), Ok(0));
    assert_eq!(outcome(limits, Ends::Either, b"0123456789a"), Err(FrameError::LineTooLong { limit: 10 }));
}

#[test]
fn a_frame_that_never_ends_fails_as_soon_as_it_is_too_long() {
    let limits = Limits::REPLY.with_frame(14);
    assert_eq!(
        outcome(limits, Ends::Either, b"[R]\na=345678901"),
        Err(FrameError::FrameTooLong { limit: 14 })
    );
    assert_eq!(outcome(limits, Ends::Either, b"[R]\na=34567890"), Ok(0));
    assert_eq!(outcome(limits, Ends::Either, b"[R]\na=345678\n"), Ok(0), "the terminator may come");
}

#[test]
fn a_frame_of_the_limit_passes_and_one_byte_more_fails() {
    let limits = Limits::REPLY.with_frame(14);
    for (content, passes) in [
        ("[R]\na=3456789\n", true),
        ("[R]\na=34567890\n", false),
        ("[R]\r\na=34567\r\n", true),
        ("[R]\r\na=345678\r\n", false),
        ("[R]\na=34567\n\n\n", true),
        ("[R]\na=34567\n\n\n\n", false),
    ] {
        let wanted = if passes { Ok(1) } else { Err(FrameError::FrameTooLong { limit: 14 }) };
        for end in [".\n", ".\r\n", "EOF\r\n", "eof\n.\r\n"] {
            let stream = format!("{content}{end}");
            assert_eq!(outcome(limits, Ends::Either, stream.as_bytes()), wanted, "{stream:?}");
        }
    }
}

#[test]
fn an_eof_before_the_dot_counts_against_no_limit_where_the_dot_ends_a_frame() {
    let content = b"[R]\r\na=34567\r\n";
    let limits = Limits::REPLY.with_frame(content.len()).with_lines(2);
    for end in ["EOF\r\n.\r\n", "eof\n.\n", ".\r\n"] {
        let stream = [content, end.as_bytes()].concat();
        assert_eq!(outcome(limits, Ends::Dot, &stream), Ok(1), "{end:?}");
    }
}

#[test]
fn eof_lines_without_end_are_bounded_where_the_dot_ends_a_frame() {
    let stream = format!("200 x\n{}", "EOF\n".repeat(50));
    for (limits, error) in [
        (Limits::REPLY.with_frame(30), FrameError::FrameTooLong { limit: 30 }),
        (Limits::REPLY.with_lines(3), FrameError::TooManyLines { limit: 3 }),
    ] {
        assert_eq!(outcome(limits, Ends::Dot, stream.as_bytes()), Err(error));
        assert_eq!(outcome(limits, Ends::Dot, format!("{stream}.\n").as_bytes()), Err(error));
    }
}

#[test]
fn as_many_lines_as_the_limit_pass_and_one_more_fails() {
    let limits = Limits::REPLY.with_lines(3);
    for (stream, passes) in [
        ("200 x\na:1\nb:2\n.\n", true),
        ("200 x\na:1\nb:2\nc:3\n.\n", false),
        ("[R]\r\na=1\r\n\r\nEOF\r\n.\r\n", true),
        ("[R]\r\na=1\r\n\r\n\r\nEOF\r\n.\r\n", false),
        ("\n\n\n\n200 x\n\n\n.\n\n\n\n\n200 x\n.\n", true),
    ] {
        let frames = stream.matches("200").count().max(1);
        let wanted = if passes { Ok(frames) } else { Err(FrameError::TooManyLines { limit: 3 }) };
        assert_eq!(outcome(limits, Ends::Either, stream.as_bytes()), wanted, "{stream:?}");
    }
}

#[test]
fn the_error_names_the_limit() {
    for (error, text) in [
        (FrameError::LineTooLong { limit: 10 }, "line is longer than the limit of 10 bytes"),
        (FrameError::FrameTooLong { limit: 20 }, "frame is larger than the limit of 20 bytes"),
        (FrameError::TooManyLines { limit: 3 }, "frame has more lines than the limit of 3"),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn the_terminator_passes_whatever_the_limit_of_a_line() {
    for limit in 0..5 {
        for stream in [".\r\n", "EOF\r\n", "\r\n"] {
            assert_eq!(outcome(Limits::REPLY.with_line(limit), Ends::Either, stream.as_bytes()), Ok(0));
        }
    }
}

#[test]
fn a_blank_line_between_frames_longer_than_the_limit_is_treated_alike_however_it_is_cut() {
    let limits = Limits::REPLY.with_line(10);
    let whole = outcome(limits, Ends::Either, b"            \r\n200 x\n.\n");
    assert_eq!(whole, Err(FrameError::LineTooLong { limit: 10 }));
}

#[test]
fn after_an_error_nothing_more_is_read() {
    let mut deframer = Deframer::new(Limits::REPLY.with_line(10));
    let mut buffer = BytesMut::from("200 x\r\n.\r\n200 too long for the limit\r\n.\r\n");
    assert!(deframer.deframe(&mut buffer).unwrap().is_some());
    let error = FrameError::LineTooLong { limit: 10 };
    assert_eq!(deframer.deframe(&mut buffer), Err(error));
    assert!(!deframer.is_between_frames(&BytesMut::new()));
    let mut next = BytesMut::from("200 x\r\n.\r\n");
    assert_eq!(deframer.deframe(&mut next), Err(error));
    assert_eq!(deframer.finish(&mut next), Err(error));
    assert_eq!(deframer.deframe(&mut BytesMut::new()), Err(error));
    assert_eq!(deframer.finish(&mut BytesMut::new()), Err(error));
}

#[test]
fn the_limits_given_are_the_limits_kept_but_for_the_largest_frame() {
    let limits = Limits::default();
    assert_eq!(limits, Limits::REPLY);
    assert_eq!((limits.line(), limits.frame(), limits.lines()), (65_536, 16_777_216, 262_144));
    let limits = Limits::COMMAND;
    assert_eq!((limits.line(), limits.frame(), limits.lines()), (65_536, 1_048_576, 4_096));
    let limits = limits.with_line(1).with_frame(Limits::MAX_FRAME).with_lines(2);
    assert_eq!((limits.line(), limits.frame(), limits.lines()), (1, 1 << 30, 2));
    assert_eq!(limits.with_frame(Limits::MAX_FRAME + 1).frame(), 1 << 30);
    assert_eq!(limits.with_frame(usize::MAX).frame(), 1 << 30);
}

#[test]
fn stray_lines_do_not_make_the_buffer_grow() {
    let mut deframer = Deframer::new(Limits::REPLY);
    let mut buffer = BytesMut::new();
    for round in 0..100_000 {
        let stray: &[u8] = [&b".\r\n"[..], b"\r\n", b"EOF\r\n", b" \t \n", b"eof\n"][round % 5];
        buffer.extend_from_slice(stray);
        assert_eq!(deframer.deframe(&mut buffer), Ok(None));
        assert!(buffer.is_empty() && buffer.capacity() <= 4_096, "{} bytes", buffer.capacity());
        assert!(deframer.is_between_frames(&buffer));
    }
}

#[test]
fn a_partial_frame_is_held_once_and_no_more_than_the_limit_of_it() {
    let limits = Limits::REPLY.with_frame(100_000).with_lines(usize::MAX);
    let mut deframer = Deframer::new(limits);
    let mut buffer = BytesMut::from("200 x\r\n");
    let error = loop {
        buffer.extend_from_slice(b"name:value\r\n");
        if let Err(error) = deframer.deframe(&mut buffer) {
            break error;
        }
        assert!(buffer.capacity() <= 262_144, "{} bytes", buffer.capacity());
    };
    assert_eq!(error, FrameError::FrameTooLong { limit: 100_000 });
    assert!(buffer.len() <= 100_012, "{} bytes", buffer.len());
}

// The end of the input.

#[test]
fn only_stray_lines_or_their_beginnings_are_between_frames() {
    let stream = b"\r\n.\r\nEOF\r\n \t\r\neOf\n200 x\r\na:b\r\n.\r\n.\r\n\n";
    let inside = stream.iter().position(|byte| *byte == b'2').unwrap() + 1;
    let after = inside + b"00 x\r\na:b\r\n.\r\n".len();
    for end in 0..=stream.len() {
        let mut deframer = Deframer::new(Limits::REPLY);
        let mut buffer = BytesMut::from(&stream[..end]);
        while deframer.deframe(&mut buffer).unwrap().is_some() {}
        assert_eq!(deframer.is_between_frames(&buffer), !(inside..after).contains(&end), "after {end} bytes");
    }
}

#[test]
fn between_frames_is_whatever_can_still_become_a_stray_line() {
    let alphabet = b"\r \t.EoFx\x0c";
    let mut starts = vec![Vec::new()];
    for from in 0.. {
        let Some(start) = starts.get(from).filter(|start| start.len() < 4).cloned() else { break };
        starts.extend(alphabet.iter().map(|byte| [&start[..], &[*byte]].concat()));
    }
    for start in starts {
        let mut deframer = Deframer::new(Limits::REPLY);
        let mut buffer = BytesMut::from(&start[..]);
        assert_eq!(deframer.deframe(&mut buffer), Ok(None));
        let stray = ["\n", "F\n", "oF\n"].iter().any(|end| {
            let (frames, rest) = deframe(Limits::REPLY, Ends::Either, [&start[..], end.as_bytes()]).unwrap();
            frames.is_empty() && rest.is_empty()
        });
        assert_eq!(deframer.is_between_frames(&buffer), stray, "{:?}", String::from_utf8_lossy(&start));
    }
}

#[test]
fn a_document_may_lack_its_last_line_end_and_its_terminator() {
    for (document, wanted) in [
        ("200 x\r\na:b\r\n.\r\n", vec![rrp("200 x\r\na:b\r\n")]),
        ("200 x\r\na:b\r\n.", vec![rrp("200 x\r\na:b\r\n")]),
        ("[R]\nEOF", vec![ptf("[R]\n")]),
        ("200 x\na:b", vec![(b"200 x\na:b\n".to_vec(), 2, None)]),
        ("200 x\n.\n[R]\nc=1\n", vec![rrp("200 x\n"), (b"[R]\nc=1\n".to_vec(), 2, None)]),
        ("", vec![]),
        ("\r\n.\r\n  ", vec![]),
        ("EOF", vec![]),
    ] {
        let mut deframer = Deframer::new(Limits::REPLY);
        let mut buffer = BytesMut::from(document);
        let mut found = Vec::new();
        while let Some(frame) = deframer.finish(&mut buffer).unwrap() {
            found.push(seen(&frame));
        }
        assert_eq!(found, wanted, "{document:?}");
        assert!(buffer.is_empty() && deframer.is_between_frames(&buffer), "{document:?}");
    }
}

#[test]
fn the_limits_hold_for_what_is_left_at_the_end_too() {
    let mut deframer = Deframer::new(Limits::REPLY.with_line(5));
    let mut buffer = BytesMut::from("12345");
    assert_eq!(deframer.finish(&mut buffer), Err(FrameError::LineTooLong { limit: 5 }));
}

#[test]
fn a_frame_printed_shows_sizes_and_no_content() {
    let printed = format!("{:?}", frame(b"200 ok\r\nauth:planted-secret\r\n.\r\n"));
    assert_eq!(printed, "Frame { bytes: 29, lines: 2, terminator: Some(Dot) }");
    let all = frames(b"200 planted\n.\n[planted]\nEOF\n");
    assert!(!format!("{all:?}").contains("planted"));
}
