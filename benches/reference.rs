//! What ours is compared with, from "nobody can be faster" to "what everybody writes".

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use memchr::{memchr, memchr_iter};
use rrp::wire::deframe::{Frame, Grammar};

/// What stands between name and value in a frame.
pub(crate) fn separator(frame: &Frame) -> u8 {
    match frame.grammar() {
        Grammar::Ptf => b'=',
        _ => b':',
    }
}

/// A line as the two scans see it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry<'f> {
    pub(crate) name: &'f [u8],
    pub(crate) index: Option<u32>,
    pub(crate) value: &'f [u8],
}

/// Two scans, plainly written: for the line's end, then for the separator, both with `memchr`. Trims both sides, splits
/// `property[name][index]` and reads the index. Believes what it reads: no check of block, code or repetition.
pub(crate) fn two_scans<'f>(frame: &'f [u8], separator: u8, entries: &mut Vec<Entry<'f>>) {
    entries.clear();
    let mut start = 0;
    for end in memchr_iter(b'\n', frame) {
        let line = &frame[start..end];
        start = end + 1;
        let Some(at) = memchr(separator, line) else { continue };
        let key = line[..at].trim_ascii();
        let value = line[at + 1..].trim_ascii();
        let (name, index) = match property(key) {
            Some((name, index)) => (name, Some(index)),
            None => (key, None),
        };
        entries.push(Entry { name, index, value });
    }
}

/// The parts of `property[name][index]`, the index with all its checks.
fn property(key: &[u8]) -> Option<(&[u8], u32)> {
    let (word, inner) = key.split_at_checked("property[".len())?;
    if !word.eq_ignore_ascii_case(b"property[") {
        return None;
    }
    let inner = inner.strip_suffix(b"]")?;
    let bracket = inner.iter().position(|byte| *byte == b']')?;
    let mut digits = inner[bracket + 1..].strip_prefix(b"[")?.iter();
    let index = digits
        .try_fold(0_u32, |index, byte| index.checked_mul(10)?.checked_add(char::from(*byte).to_digit(10)?))?;
    Some((&inner[..bracket], index))
}

/// Every property in a map of its own strings.
///
/// With the standard library's hash function, but not its random keys: they would make counts differ from run to run.
pub(crate) type Map = HashMap<String, Vec<String>, BuildHasherDefault<DefaultHasher>>;

/// A map of owned strings, plainly written: lines, `split_once`, `trim`, lower-case names. Drops the indices.
pub(crate) fn map(frame: &[u8], separator: u8) -> Map {
    let mut map = Map::default();
    let text = std::str::from_utf8(frame).expect("the inputs are UTF-8");
    for line in text.lines() {
        let Some((key, value)) = line.split_once(char::from(separator)) else { continue };
        let name = key.trim().to_ascii_lowercase();
        let name = match name.strip_prefix("property[").and_then(|inner| inner.split_once(']')) {
            Some((inner, _)) => inner.to_owned(),
            None => name,
        };
        map.entry(name).or_default().push(value.trim().to_owned());
    }
    map
}

/// A frame as the head of an HTTP response: as many lines and within some bytes as long, plus the blank line at its end.
pub(crate) fn as_http(frame: &Frame) -> Vec<u8> {
    let mut http = Vec::with_capacity(frame.bytes().len() + 64);
    for (number, line) in frame.bytes().split_inclusive(|byte| *byte == b'\n').enumerate() {
        let Some(at) = line.iter().position(|byte| *byte == separator(frame)) else {
            assert_eq!(number, 0, "only the first line lacks a separator");
            http.extend_from_slice(b"HTTP/1.1 ");
            http.extend_from_slice(if line.starts_with(b"[") { b"200\r\n" } else { line });
            continue;
        };
        // A header's name has neither blanks nor brackets, and no blank before its colon.
        let name = line[..at].trim_ascii_end();
        http.extend(name.iter().map(|byte| if byte.is_ascii_alphanumeric() { *byte } else { b'-' }));
        http.resize(http.len() + at - name.len(), b'-');
        http.push(b':');
        http.extend_from_slice(&line[at + 1..]);
    }
    http.extend_from_slice(b"\r\n");
    http
}

/// How many headers to make room for.
pub(crate) fn header_room(frame: &Frame) -> usize {
    frame.lines() + frame.lines() / 11 + 8
}
