//! What several tests share. Each test uses a part of it.
#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod session;

use std::error::Error;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use proptest::test_runner::{Config, RngSeed};
use rrp::Reply;
use rrp::command::{Body, Dialect};
use rrp::wire::Index;
use rrp::wire::deframe::{Deframer, Ends, Frame, FrameError, Limits};
use rrp::wire::encode;

/// A folder of `tests/fixtures/`.
pub(crate) fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder)
}

/// The names of the files of a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The bytes of a fixture.
pub(crate) fn fixture(folder: &str, name: &str) -> Vec<u8> {
    let path = fixtures(folder).join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All frames of a stream that arrives in these chunks, and what stays in the buffer.
pub(crate) fn deframe<'c>(
    limits: Limits,
    ends: Ends,
    chunks: impl IntoIterator<Item = &'c [u8]>,
) -> Result<(Vec<Frame>, BytesMut), FrameError> {
    let mut deframer = Deframer::new(limits);
    deframer.set_ends(ends);
    let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        while let Some(frame) = deframer.deframe(&mut buffer)? {
            frames.push(frame);
        }
    }
    Ok((frames, buffer))
}

/// All frames of a stream under the limits for replies.
pub(crate) fn frames(bytes: &[u8]) -> Vec<Frame> {
    deframe(Limits::REPLY, Ends::Either, [bytes]).unwrap().0
}

/// The one frame of these bytes; after it only stray lines may follow.
pub(crate) fn frame(bytes: &[u8]) -> Frame {
    let (mut frames, rest) = deframe(Limits::REPLY, Ends::Either, [bytes]).unwrap();
    assert!(rest.is_empty(), "{} bytes are left after the last frame", rest.len());
    assert_eq!(frames.len(), 1, "not one frame in {:?}", String::from_utf8_lossy(bytes));
    frames.remove(0)
}

/// The one reply of these bytes. Read in three ways that must agree.
pub(crate) fn reply(bytes: &[u8]) -> Reply {
    let whole = frame(bytes);
    let reply = Reply::parse(&whole).unwrap();
    let (pieces, _) = deframe(Limits::REPLY, Ends::Either, bytes.chunks(1)).unwrap();
    let again = Reply::parse_into(&pieces[0], Index::new()).unwrap();
    assert_eq!(items(&reply), items(&again));
    let head = Reply::peek(&whole).unwrap();
    assert_eq!((head.code(), &*head.text()), (reply.code(), &*reply.text()));
    reply
}

/// Name, index and value of every line.
pub(crate) fn items(reply: &Reply) -> Vec<(String, Option<u32>, String)> {
    reply.lines().map(|item| (item.name().into_owned(), item.index(), item.value().into_owned())).collect()
}

/// The bytes of a command.
pub(crate) fn wire(body: &Body, dialect: Dialect) -> BytesMut {
    let mut out = BytesMut::new();
    encode(body, dialect, &mut out).unwrap_or_else(|error| panic!("{}", chain(&error)));
    out
}

/// An error and its sources, as `outer: inner`.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

/// How a law is tried: always with the same inputs, so that no run depends on luck. Another seed comes from
/// `PROPTEST_RNG_SEED`, another number of cases from `PROPTEST_CASES`.
pub(crate) fn law() -> Config {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(2832);
    }
    config
}
