//! Recorded and documented replies that are not ours to publish: read where they lie, in the directory named by
//! `RRP_CORPUS`, and skipped where that is not set. An independent reader, as simple as can be, must find the same.

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::BytesMut;
use rrp::Reply;
use rrp::wire::deframe::{Deframer, Frame, Grammar, Limits};
use support::{items, names};

/// The one reply of the corpus that has no code: a template of a test.
const WITHOUT_CODE: &str = "072-perl-sdk-none.txt";

/// A file of the corpus.
struct Recorded {
    name: String,
    bytes: Vec<u8>,
    /// What `index.tsv` says its code is; `-` for none.
    code: String,
    /// What `index.tsv` says that it shows.
    shows: String,
}

/// All of the corpus; `None` if there is none.
fn corpus() -> Option<Vec<Recorded>> {
    let Some(folder) = std::env::var_os("RRP_CORPUS").map(PathBuf::from) else {
        eprintln!("skipped: RRP_CORPUS is not set");
        return None;
    };
    let table = std::fs::read_to_string(folder.join("index.tsv")).expect("RRP_CORPUS has an index.tsv");
    let rows = table.lines().skip(1).map(|row| row.split('\t').collect::<Vec<_>>());
    let mut recorded: Vec<Recorded> = rows
        .map(|row| Recorded {
            name: row[0].to_owned(),
            bytes: std::fs::read(folder.join(row[0])).unwrap(),
            code: row[3].to_owned(),
            shows: row[4].to_owned(),
        })
        .collect();
    recorded.sort_by(|a, b| a.name.cmp(&b.name));
    let listed: Vec<&str> = recorded.iter().map(|file| file.name.as_str()).collect();
    let found: Vec<String> = names(&folder).into_iter().filter(|name| name.ends_with(".txt")).collect();
    assert_eq!(listed, found, "index.tsv lists every file");
    Some(recorded)
}

/// What a reader line by line finds.
#[derive(Debug, Default, PartialEq)]
struct Naive {
    /// Whether there is one `[RESPONSE]`, and every other line is a pair.
    whole: bool,
    code: Option<String>,
    text: Option<String>,
    lines: Vec<(String, Option<u32>, String)>,
}

impl Naive {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut found = Self::default();
        let (mut blocks, mut junk) = (0, false);
        for line in text.split('\n') {
            let line = line.strip_suffix('\r').unwrap_or(line).trim_matches([' ', '\t']);
            if line.eq_ignore_ascii_case("EOF") || line == "." {
                break;
            }
            match line.split_once('=') {
                Some((key, value)) => {
                    found.pair(key.trim_matches([' ', '\t']), value.trim_matches([' ', '\t']));
                }
                None if line.eq_ignore_ascii_case("[RESPONSE]") => blocks += 1,
                None => junk = junk || !line.is_empty(),
            }
        }
        found.whole = blocks == 1 && !junk;
        found
    }

    fn pair(&mut self, key: &str, value: &str) {
        let lower = key.to_ascii_lowercase();
        if lower == "code" {
            assert_eq!(self.code.replace(value.to_owned()), None, "one code");
        } else if lower == "description" && self.text.is_none() {
            self.text = Some(value.to_owned());
        } else {
            let inside = lower.starts_with("property[").then(|| key["property[".len()..].strip_suffix(']'));
            let (name, index) = match inside.flatten().and_then(|inside| inside.split_once("][")) {
                Some((name, index)) => (name, Some(index.parse().unwrap())),
                None => (key, None),
            };
            self.lines.push((name.to_owned(), index, value.to_owned()));
        }
    }

    /// The properties under each name, in lower case and without blanks: index and value, in order.
    fn properties(&self) -> BTreeMap<String, Vec<(u32, &str)>> {
        let mut properties: BTreeMap<String, Vec<(u32, &str)>> = BTreeMap::new();
        for (name, index, value) in &self.lines {
            if let Some(index) = index {
                let name = name.to_ascii_lowercase().replace([' ', '\t'], "");
                properties.entry(name).or_default().push((*index, value));
            }
        }
        properties
    }
}

/// The frame of a file, whose terminator may be missing.
fn frame(bytes: &[u8], size: usize) -> Frame {
    let mut deframer = Deframer::new(Limits::REPLY);
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    for chunk in bytes.chunks(size) {
        buffer.extend_from_slice(chunk);
        frames.extend(deframer.deframe(&mut buffer).unwrap());
    }
    frames.extend(deframer.finish(&mut buffer).unwrap());
    assert_eq!(frames.len(), 1, "one frame");
    frames.remove(0)
}

fn with_line_ends(bytes: &[u8], end: &[u8]) -> Vec<u8> {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.collect::<Vec<_>>().join(end)
}

/// Reads a file as what it is: a whole reply, or an excerpt out of a document.
fn read(file: &Recorded, naive: &Naive, frame: &Frame) -> Reply {
    match (Reply::parse(frame), naive.whole) {
        (Ok(reply), true) => {
            let excerpt = Reply::parse_excerpt(frame).unwrap();
            assert_eq!(items(&excerpt), items(&reply), "{}", file.name);
            reply
        }
        (Err(_), false) => {
            Reply::parse_excerpt(frame).unwrap_or_else(|error| panic!("{}: {error}", file.name))
        }
        (parsed, whole) => panic!("{}: whole: {whole}, read: {}", file.name, parsed.is_ok()),
    }
}

/// Every code, text, line, lookup and row is what the naive reader finds.
fn compare(file: &Recorded, naive: &Naive, reply: &Reply) {
    let name = &file.name;
    assert_eq!(reply.code().to_string(), file.code, "{name}");
    assert_eq!(Some(&file.code), naive.code.as_ref(), "{name}");
    assert_eq!(*reply.text(), *naive.text.as_deref().unwrap_or(""), "{name}");
    assert_eq!(reply.grammar(), Grammar::Ptf, "{name}");
    assert_eq!(items(reply), naive.lines, "{name}");

    let properties = naive.properties();
    for (property, values) in &properties {
        let wanted: Vec<&str> = values.iter().map(|(_, value)| *value).collect();
        for spelling in [property.clone(), property.to_uppercase()] {
            assert_eq!(reply.property(&spelling).collect::<Vec<_>>(), wanted, "{name}: {property}");
        }
        assert_eq!(reply.first(property).as_deref(), wanted.first().copied(), "{name}: {property}");
        for (index, _) in values {
            let wanted = values.iter().find(|(other, _)| other == index).map(|(_, value)| *value);
            assert_eq!(reply.property_at(property, *index).as_deref(), wanted, "{name}: {property}[{index}]");
        }
    }
    for (key, index, _) in &naive.lines {
        let wanted =
            naive.lines.iter().find(|(other, at, _)| at.is_none() && other.eq_ignore_ascii_case(key));
        if index.is_none() {
            assert_eq!(
                reply.field(key).as_deref(),
                wanted.map(|(.., value)| value.as_str()),
                "{name}: {key}"
            );
        }
    }

    let columns: Vec<&str> = properties.keys().map(String::as_str).collect();
    let mut table: BTreeMap<u32, Vec<Option<&str>>> = BTreeMap::new();
    for (column, values) in properties.values().enumerate() {
        for (index, value) in values {
            let row = table.entry(*index).or_insert_with(|| vec![None; columns.len()]);
            row[column] = row[column].or(Some(value));
        }
    }
    let rows: Vec<(u32, Vec<Option<String>>)> = reply
        .rows(&columns)
        .iter()
        .map(|row| (row.index(), row.cells().iter().map(|cell| cell.as_deref().map(str::to_owned)).collect()))
        .collect();
    let wanted: Vec<(u32, Vec<Option<String>>)> = table
        .into_iter()
        .map(|(index, row)| (index, row.into_iter().map(|cell| cell.map(str::to_owned)).collect()))
        .collect();
    assert_eq!(rows, wanted, "{name}");
}

#[test]
fn the_corpus_is_read_as_an_independent_reader_reads_it() {
    for file in corpus().unwrap_or_default().iter().filter(|file| file.name != WITHOUT_CODE) {
        let naive = Naive::read(&file.bytes);
        compare(file, &naive, &read(file, &naive, &frame(&file.bytes, usize::MAX)));
    }
}

#[test]
fn the_corpus_is_read_alike_with_every_line_end_and_cut() {
    for file in corpus().unwrap_or_default().iter().filter(|file| file.name != WITHOUT_CODE) {
        let naive = Naive::read(&file.bytes);
        for end in [&b"\n"[..], b"\r\n"] {
            let bytes = with_line_ends(&file.bytes, end);
            for size in [usize::MAX, 1, 7] {
                compare(file, &naive, &read(file, &naive, &frame(&bytes, size)));
            }
        }
    }
}

#[test]
fn the_corpus_says_at_once_what_the_whole_reply_says() {
    for file in corpus().unwrap_or_default() {
        let whole = frame(&file.bytes, usize::MAX);
        if let Ok(reply) = Reply::parse(&whole) {
            let head = Reply::peek(&whole).unwrap();
            assert_eq!((head.code(), &*head.text()), (reply.code(), &*reply.text()), "{}", file.name);
        }
    }
}

#[test]
fn the_corpus_has_one_reply_without_a_code_and_it_is_refused() {
    let Some(files) = corpus() else { return };
    let without: Vec<&str> =
        files.iter().filter(|file| file.code == "-").map(|file| file.name.as_str()).collect();
    assert_eq!(without, [WITHOUT_CODE]);
    let file = files.iter().find(|file| file.name == WITHOUT_CODE).unwrap();
    let whole = frame(&file.bytes, usize::MAX);
    for error in [Reply::parse(&whole).unwrap_err(), Reply::parse_excerpt(&whole).unwrap_err()] {
        assert_eq!(error.to_string(), "no return code in the reply");
    }
}

#[test]
fn the_corpus_is_refused_on_the_line_that_is_no_pair() {
    for file in corpus().unwrap_or_default().iter().filter(|file| file.shows.contains("junkline")) {
        let error = Reply::parse(&frame(&file.bytes, usize::MAX)).unwrap_err();
        let lines: Vec<&[u8]> = file.bytes.split(|byte| *byte == b'\n').collect();
        let line = lines[error.line() - 1];
        assert!(!line.contains(&b'=') && line.len() > 1, "{}: {error}", file.name);
    }
}

#[test]
fn nothing_in_the_corpus_prints_a_secret_or_a_control_character() {
    for file in corpus().unwrap_or_default() {
        let Ok(reply) = Reply::parse_excerpt(&frame(&file.bytes, usize::MAX)) else { continue };
        let printed = format!("{reply:?}");
        assert!(!printed.chars().any(char::is_control), "{}", file.name);
        for item in reply.lines() {
            let lower = item.name().to_lowercase();
            let secret =
                ["auth", "password", "sessionid"].contains(&lower.as_str()) && !item.value().is_empty();
            assert!(!secret || item.redacted() == "***", "{}: {lower}", file.name);
        }
    }
}
