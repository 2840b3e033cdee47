//! The sources against the table of floors in DESIGN.md: who may import whom, and how long a file may be.
//!
//! A file imports only from lower floors and from what stands above it on its own floor. Read are all paths of the code
//! that begin with `crate` or `super`, in `use` lines and elsewhere. Comments, doc examples and strings are not read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The table: DESIGN.md's, for the modules that exist or are about to.
const FLOORS: &[Floor] = &[
    Floor {
        number: 0,
        crates: &["idna", "zeroize"],
        modules: &["verdict", "verb", "code", "text", "name", "address", "date", "secret"],
    },
    Floor { number: 1, crates: &["bytes"], modules: &["command", "sim"] },
    Floor {
        number: 2,
        crates: &["memchr", "nom"],
        modules: &["wire::deframe", "wire::rrp", "wire::ptf", "wire", "reply", "arbitrary"],
    },
    Floor { number: 3, crates: &["serde", "serde_json"], modules: &["session", "gateway"] },
    Floor { number: 4, crates: &["hmac", "sha2"], modules: &["retry", "pace", "settle", "dispatch", "pool"] },
    Floor {
        number: 5,
        crates: &[
            "futures_channel",
            "rcgen",
            "ring",
            "rustls",
            "rustls_native_certs",
            "socket2",
            "tokio",
            "tokio_rustls",
            "tokio_util",
            "tracing",
            "x509_cert",
        ],
        modules: &["concurrent", "net", "sim::server"],
    },
    Floor { number: 6, crates: &["getrandom", "redb"], modules: &["journal"] },
    Floor { number: 7, crates: &["futures_core", "futures_util"], modules: &["client"] },
    Floor {
        number: 8,
        crates: &[
            "argon2",
            "http_body_util",
            "hyper",
            "hyper_util",
            "listenfd",
            "prometheus_client",
            "rustix",
            "sd_notify",
            "toml",
        ],
        modules: &["daemon"],
    },
];

/// The most lines that a source file may have.
const MAX_LINES: usize = 600;

struct Floor {
    number: u8,
    /// Crates that this floor and those above it may use, beside `core` and `std`.
    crates: &'static [&'static str],
    /// Each may import from those before it. Where a directory has an order of its own, its files stand here too; all
    /// others in it count as the directory.
    modules: &'static [&'static str],
}

/// A row of [`FLOORS`] that a path belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    module: &'static str,
    floor: u8,
    order: usize,
}

impl Place {
    /// The longest row that begins this path.
    fn of(path: &[String]) -> Option<Self> {
        (1..=path.len()).rev().find_map(|len| {
            let wanted = path[..len].join("::");
            FLOORS.iter().find_map(|floor| {
                let order = floor.modules.iter().position(|module| *module == wanted)?;
                Some(Self { module: floor.modules[order], floor: floor.number, order })
            })
        })
    }

    fn may_import(self, other: Self) -> bool {
        // The order inside a directory is checked only between files that the table lists.
        let whole_directory = |a: Self, b: Self| a.module.split("::").next() == Some(b.module);
        // The simulated registry must not agree with the client because it is the client, nor the other way round.
        let simulated = |place: Self| place.module.split("::").next() == Some("sim");
        if simulated(other) && !simulated(self) {
            return false;
        }
        self == other
            || whole_directory(self, other)
            || whole_directory(other, self)
            || (other.floor, other.order) < (self.floor, self.order)
    }

    fn may_use(self, dependency: &str) -> bool {
        // A module named after a crate is there to use it: `arbitrary`.
        self.module == dependency
            || FLOORS.iter().any(|floor| floor.number <= self.floor && floor.crates.contains(&dependency))
    }
}

/// The pieces of the code that matter here: words, `::` and single characters, each with its line.
type Piece<'a> = (&'a str, usize);

/// Cuts source text into pieces, without comments, strings and character literals.
fn pieces(source: &str) -> Vec<Piece<'_>> {
    let bytes = source.as_bytes();
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    let (mut found, mut line, mut at) = (Vec::new(), 1, 0);
    while at < bytes.len() {
        let rest = &source[at..];
        let (len, keep) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (block_comment(rest), false)
        } else if let Some(len) = raw_string(rest).or_else(|| string(rest)).or_else(|| character(rest)) {
            (len, false)
        } else if word(bytes[at]) {
            (rest.bytes().position(|byte| !word(byte)).unwrap_or(rest.len()), true)
        } else if rest.starts_with("::") {
            (2, true)
        } else {
            (1, !bytes[at].is_ascii_whitespace())
        };
        let piece = &rest[..len];
        if keep {
            found.push((piece, line));
        }
        line += piece.matches('\n').count();
        at += len;
    }
    found
}

/// The length of the comment that begins here. Block comments nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(next) = text[at..].find(['/', '*']) {
        at += next;
        match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of the raw string that begins here, if one does.
fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        text.strip_prefix(prefix).is_some_and(|rest| rest.trim_start_matches('#').starts_with('"'))
    })?;
    let hashes = text[prefix.len()..].find('"')?;
    let open = prefix.len() + hashes + 1;
    let close = format!("\"{}", "#".repeat(hashes));
    Some(text[open..].find(&close).map_or(text.len(), |len| open + len + close.len()))
}

/// The length of the string that begins here, if one does.
fn string(text: &str) -> Option<usize> {
    text.starts_with('"').then(|| quoted(text, b'"'))
}

/// The length of the character literal that begins here, if one does; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let mut chars = text.strip_prefix('\'')?.chars();
    match (chars.next()?, chars.next()?) {
        ('\\', _) => Some(quoted(text, b'\'')),
        (c, '\'') => Some(c.len_utf8() + 2),
        _ => None,
    }
}

/// The length up to and with the closing quote.
fn quoted(text: &str, quote: u8) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            _ if byte == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn is_word(piece: &str) -> bool {
    piece.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// A path from the root of the crate, and the line of its last piece.
type Import = (Vec<String>, usize);

/// Follows the path whose next segment is at `at`, through groups, and returns the index behind it.
fn follow(pieces: &[Piece<'_>], mut at: usize, mut path: Vec<String>, found: &mut Vec<Import>) -> usize {
    let mut line = pieces.get(at.saturating_sub(1)).map_or(0, |piece| piece.1);
    loop {
        match pieces.get(at) {
            Some(("{", _)) => {
                at += 1;
                while let Some((piece, _)) = pieces.get(at) {
                    at = match *piece {
                        "}" => return at + 1,
                        piece if is_word(piece) || piece == "*" => follow(pieces, at, path.clone(), found),
                        _ => at + 1,
                    };
                }
                return at;
            }
            Some((piece, here)) if is_word(piece) || *piece == "*" => {
                line = *here;
                // `code::{self}` is `code`.
                if *piece != "self" {
                    path.push((*piece).to_owned());
                }
                at += 1;
            }
            _ => break,
        }
        match pieces.get(at) {
            Some(("::", _)) => at += 1,
            Some(("as", _)) => {
                at += 2;
                break;
            }
            _ => break,
        }
    }
    found.push((path, line));
    at
}

/// What a file refers to.
#[derive(Default)]
struct References {
    /// Paths into the crate, from its root.
    inside: Vec<Import>,
    /// Crates of the list that was asked for.
    dependencies: Vec<(String, usize)>,
    /// Lines of `#[path]` attributes and `include!`, which would put code where this test does not look for it.
    moved: Vec<usize>,
}

/// Reads the references of a file that is the module `module`.
fn references(source: &str, module: &[String], dependencies: &BTreeSet<String>) -> References {
    let pieces = pieces(source);
    let mut references = References::default();
    let mut inline: Vec<(&str, usize)> = Vec::new();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&(piece, line)) = pieces.get(at) {
        let next = |ahead: usize| pieces.get(at + ahead).map_or("", |piece| piece.0);
        let before = at.checked_sub(1).and_then(|at| pieces.get(at)).map_or("", |piece| piece.0);
        match piece {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inline.pop_if(|(_, outside)| *outside == depth);
            }
            "mod" if next(2) == "{" => inline.push((next(1), depth)),
            "path" if before == "[" && next(1) == "=" => references.moved.push(line),
            "include" if next(1) == "!" => references.moved.push(line),
            "crate" if next(1) == "::" => {
                at = follow(&pieces, at + 2, Vec::new(), &mut references.inside);
                continue;
            }
            "super" if next(1) == "::" => {
                let here = module.iter().map(String::as_str).chain(inline.iter().map(|(name, _)| *name));
                let mut base: Vec<String> = here.map(str::to_owned).collect();
                while pieces.get(at).is_some_and(|piece| piece.0 == "super") {
                    base.pop();
                    at += 2;
                }
                at = follow(&pieces, at, base, &mut references.inside);
                continue;
            }
            _ if before != "::" && dependencies.contains(piece) => {
                let named = matches!(before, "use" | "crate") && matches!(next(1), ";" | "as");
                if next(1) == "::" || named {
                    references.dependencies.push((piece.to_owned(), line));
                }
            }
            _ => {}
        }
        at += 1;
    }
    references
}

/// What is wrong with a file of the library; `file` is its path below src/.
fn violations(file: &Path, source: &str, dependencies: &BTreeSet<String>) -> Vec<String> {
    let module = module_of(file);
    let at = |line: usize| format!("src/{}:{line}", file.display());
    let Some(place) = Place::of(&module) else {
        return vec![format!(
            "src/{}: module `{}` stands on no floor: add it to DESIGN.md and to FLOORS in tests/floors.rs",
            file.display(),
            module.join("::"),
        )];
    };
    let references = references(source, &module, dependencies);
    let mut wrong = Vec::new();
    for line in references.moved {
        wrong.push(format!("{}: `#[path]` and `include!` hide code from the floors", at(line)));
    }
    for (path, line) in references.inside {
        match Place::of(&path) {
            Some(other) if place.may_import(other) => {}
            Some(other) => wrong.push(format!(
                "{}: `{}` (floor {}) may not import `crate::{}`: `{}` stands on floor {}{}",
                at(line),
                place.module,
                place.floor,
                path.join("::"),
                other.module,
                other.floor,
                if other.floor == place.floor { ", below it" } else { "" },
            )),
            None => wrong.push(format!(
                "{}: `crate::{}` names no module of a floor: import what is re-exported at the top from its module \
                 (`crate::code::ReturnCode`, not `crate::ReturnCode`)",
                at(line),
                path.join("::"),
            )),
        }
    }
    for (dependency, line) in references.dependencies {
        if !place.may_use(&dependency) {
            wrong.push(format!(
                "{}: `{}` (floor {}) may not use the crate `{dependency}`",
                at(line),
                place.module,
                place.floor,
            ));
        }
    }
    wrong
}

/// What is wrong with a file of a program: it has the public API, `rrp::`, and no way around it.
///
/// `own` are the modules of that program.
fn program_violations(file: &Path, source: &str, own: &BTreeSet<String>) -> Vec<String> {
    let references = references(source, &module_of(file), &BTreeSet::new());
    let moved = references.moved.into_iter().map(|line| {
        format!("src/{}:{line}: `#[path]` and `include!` could reach into the library", file.display())
    });
    let inside = references.inside.into_iter().filter_map(|(path, line)| {
        // `super` climbs along the path of the file; `crate` begins at the root of the program.
        let local =
            path.iter().any(|name| name == "bin") || path.first().is_none_or(|name| own.contains(name));
        let library = !local && Place::of(&path).is_some();
        library.then(|| {
            let path = path.join("::");
            format!(
                "src/{}:{line}: a program uses the public API: `rrp::{path}`, not `crate::{path}`",
                file.display()
            )
        })
    });
    moved.chain(inside).collect()
}

/// The module of a file, from its path below src/: `code/table.rs` is `code::table`, `wire/mod.rs` is `wire`.
fn module_of(file: &Path) -> Vec<String> {
    let path = file.with_extension("");
    let mut module: Vec<String> =
        path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    module.pop_if(|name| name == "mod");
    module
}

/// Every Rust file below src/: its path there, and its text.
fn sources() -> Vec<(PathBuf, String)> {
    let root = root().join("src");
    let mut directories = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(&root).unwrap().to_owned(), text));
            }
        }
    }
    found.sort();
    assert!(found.len() > 1, "no sources below `{}`", root.display());
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The crates of Cargo.toml's `[dependencies]`, as the code spells them.
fn dependencies() -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().replace('-', "_"))
        .collect()
}

fn program_of(file: &Path) -> Option<&Path> {
    file.strip_prefix("bin").ok()
}

#[test]
fn every_file_imports_only_from_below_and_from_above_it_on_its_floor() {
    let dependencies = dependencies();
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|(file, _)| program_of(file).is_none() && file != Path::new("lib.rs"))
        .flat_map(|(file, source)| violations(file, source, &dependencies))
        .collect();
    assert!(wrong.is_empty(), "against the floors of DESIGN.md:\n{}", wrong.join("\n"));
}

#[test]
fn programs_use_only_the_public_api() {
    let sources = sources();
    let programs: Vec<_> =
        sources.iter().filter_map(|(file, source)| Some((file, program_of(file)?, source))).collect();
    // `rrp/read.rs` and `rrp/read/frame.rs` are of the module `read`.
    let own = programs.iter().filter_map(|(_, path, _)| module_of(path).get(1).cloned()).collect();
    let wrong: Vec<String> =
        programs.iter().flat_map(|(file, _, source)| program_violations(file, source, &own)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_source_file_is_too_long() {
    for (file, source) in sources() {
        let lines = source.lines().count();
        assert!(lines <= MAX_LINES, "src/{} has {lines} lines, over {MAX_LINES}: split it", file.display());
    }
}

/// Floor and position, in the tree of DESIGN.md, of every file that it names, such as `wire/rrp.rs` and `net/…`.
fn tree(design: &str) -> Vec<(String, u8)> {
    let tree = design.split("## Floors").nth(1).and_then(|text| text.split("```").nth(1)).unwrap_or("");
    let (mut floor, mut found) = (0, Vec::new());
    for line in tree.lines() {
        if let Some(digit) = line.split("floor ").nth(1).and_then(|text| text.bytes().next()) {
            floor = digit.saturating_sub(b'0');
        }
        // `wire/rrp.rs  ptf.rs` names two files of one directory.
        let mut directory = "";
        for word in line.split_whitespace().take_while(|word| word.ends_with(".rs") || word.ends_with('…'))
        {
            directory = word.rfind('/').map_or(directory, |slash| &word[..=slash]);
            let name = word.rsplit('/').next().unwrap_or(word);
            found.push((format!("{directory}{name}"), floor));
        }
    }
    found
}

#[test]
fn the_table_is_that_of_the_design() {
    let design = fs::read_to_string(root().join("DESIGN.md")).unwrap();
    let tree = tree(&design);
    let mut wrong = Vec::new();
    for floor in FLOORS {
        let mut last = (0, "");
        for module in floor.modules {
            let inner = format!("{module}::");
            if floor.modules.iter().any(|other| other.starts_with(&inner)) {
                continue; // Its files are named one by one.
            }
            let path = module.replace("::", "/");
            let names = [format!("{path}.rs"), format!("{path}/…")];
            let Some(at) = tree.iter().position(|(name, _)| names.contains(name)) else {
                wrong.push(format!("does not name `{}` or `{}`", names[0], names[1]));
                continue;
            };
            if tree[at].1 != floor.number {
                wrong.push(format!(
                    "has `{path}` on floor {}, the table on floor {}",
                    tree[at].1, floor.number
                ));
            }
            if at < last.0 {
                wrong.push(format!("has `{path}` above `{}`, the table below it", last.1));
            }
            last = (at, module);
        }
    }
    assert!(
        wrong.is_empty(),
        "the tree of DESIGN.md, against FLOORS in tests/floors.rs:\n{}",
        wrong.join("\n")
    );
}

/// The scanner itself: it must find what it is there to find.
mod scanner {
    use super::*;

    fn found(file: &str, source: &str) -> Vec<String> {
        let dependencies = ["arbitrary", "bytes", "idna", "nom", "tokio_util"].map(str::to_owned).into();
        violations(Path::new(file), source, &dependencies)
    }

    #[track_caller]
    fn refused(file: &str, source: &str, why: &str) {
        let wrong = found(file, source);
        assert!(wrong.len() == 1 && wrong[0].contains(why), "{file}: {source}: {wrong:?}");
    }

    #[track_caller]
    fn accepted(file: &str, source: &str) {
        let wrong = found(file, source);
        assert!(wrong.is_empty(), "{file}: {source}: {wrong:?}");
    }

    #[test]
    fn a_higher_floor_is_refused() {
        refused("text.rs", "use crate::command::Add;", "src/text.rs:1: `text` (floor 0) may not import");
        refused("command/add.rs", "fn f() {\n    crate::reply::Reply::new()\n}", "src/command/add.rs:2");
        refused("reply.rs", "pub use crate::net::Codec;", "floor 5");
    }

    #[test]
    fn what_stands_below_on_the_same_floor_is_refused() {
        refused("verdict.rs", "use crate::code::ReturnCode;", "on floor 0, below it");
        refused("wire/deframe.rs", "use crate::wire::rrp::parse;", "`wire::deframe` (floor 2)");
        refused("wire/rrp.rs", "use crate::wire::ptf;", "`wire::ptf`");
        refused("wire/ptf/keys.rs", "use crate::reply::Reply;", "`wire::ptf` (floor 2)");
    }

    #[test]
    fn what_stands_below_or_above_as_it_should_is_accepted() {
        accepted("code.rs", "use crate::verb::Verb;\nuse crate::verdict::{Advice, Verdict};\nuse core::fmt;");
        accepted("code/table.rs", "use super::ReturnCode;\nuse crate::code::Context;");
        accepted("wire/ptf.rs", "use crate::wire::{rrp, deframe::Frame, lines};");
        accepted("wire.rs", "use crate::wire::ptf::Ptf;");
        accepted("reply/mod.rs", "use crate::{text::Token, wire, command::{self, nature}};");
        accepted("net.rs", "pub(crate) use crate::reply::Reply; use tokio_util::codec;");
    }

    #[test]
    fn nobody_but_itself_uses_the_simulated_registry() {
        refused("session.rs", "use crate::sim::Registry;", "may not import");
        refused("net.rs", "use crate::sim::Registry;", "may not import");
        refused("sim/registry.rs", "use crate::wire::encode;", "floor 2");
        accepted("sim/server.rs", "use crate::sim::Registry;");
    }

    #[test]
    fn groups_are_followed_over_lines() {
        refused(
            "name.rs",
            "use crate::{\n    text,\n    verdict::{Class, Word as W},\n    reply::Reply,\n};",
            ":4:",
        );
        refused("name.rs", "use crate::{text::{self, Value}, code::{A, b::{C}}, date};", "crate::date");
    }

    #[test]
    fn super_is_followed_to_the_root() {
        refused("text.rs", "use super::name::DomainName;", "crate::name::DomainName");
        refused("code/table.rs", "use super::super::text::Value;", "crate::text::Value");
        accepted(
            "text.rs",
            "mod tests { use super::*; fn f() { if true {} } mod deep { use super::super::Value; } }",
        );
        refused("text.rs", "mod tests { fn f() {} }\nuse super::date::RegistryDate;", ":2:");
    }

    #[test]
    fn re_exports_at_the_top_are_refused() {
        refused("command.rs", "use crate::ReturnCode;", "not `crate::ReturnCode`");
        refused("command.rs", "use crate::{ReturnCode, text::Value};", "`crate::ReturnCode` names no module");
        refused("command.rs", "use crate::*;", "`crate::*` names no module");
        refused("command.rs", "fn f(v: &crate::Value) {}", "`crate::Value` names no module");
        refused("command.rs", "macro_rules! m { () => { $crate::Value } }", "`crate::Value` names no module");
        refused("command.rs", "mod tests { use super::super::*; }", "`crate::*` names no module");
    }

    #[test]
    fn comments_and_literals_are_not_read() {
        accepted(
            "text.rs",
            "/// [`x`](crate::Reply)\n//! use crate::net::Codec;\n/* /* */ crate::Reply::x */",
        );
        accepted(
            "text.rs",
            r####"const A: &str = "crate::net::X \" crate::Y"; const B: &str = r#"" crate::Z"#;"####,
        );
        refused(
            "text.rs",
            "fn f<'a>(c: &'a str) { let _ = ('\"', '\\'', b'\"'); }\nuse crate::net::X;",
            ":2:",
        );
        refused("text.rs", "const A: &str = r#\"\"\n\"#;\nuse crate::net::X;", ":3:");
    }

    #[test]
    fn a_module_of_no_floor_is_refused() {
        refused("cellar/shelf.rs", "", "`cellar::shelf` stands on no floor");
        refused("command.rs", "use crate::cellar::Shelf;", "`crate::cellar::Shelf` names no module");
    }

    #[test]
    fn a_crate_of_a_higher_floor_is_refused() {
        refused("reply.rs", "use tokio_util::codec::Decoder;", "may not use the crate `tokio_util`");
        refused("text.rs", "fn f(b: bytes::Bytes) {}", "`text` (floor 0) may not use the crate `bytes`");
        refused("command.rs", "use nom;", "may not use the crate `nom`");
        refused("command.rs", "use {core::fmt, arbitrary::Arbitrary};", "may not use the crate `arbitrary`");
        accepted("arbitrary.rs", "use arbitrary::Arbitrary;");
        accepted("wire/rrp.rs", "use nom::Parser; fn f(bytes: &[u8], b: bytes::Bytes) { idna::x(bytes) }");
    }

    #[test]
    fn code_brought_in_from_elsewhere_is_refused() {
        refused("text.rs", "#[path = \"net/codec.rs\"]\nmod codec;", "hide code");
        refused("text.rs", "include!(\"net/codec.rs\");", "hide code");
        accepted("text.rs", "#![doc = include_str!(\"../README.md\")] fn f(path: &str) {}");
    }

    #[test]
    fn a_program_reaches_the_library_only_by_its_name() {
        let own = ["read", "reply"].map(str::to_owned).into();
        let wrong = |source| program_violations(Path::new("bin/rrp/read.rs"), source, &own);
        assert_eq!(wrong("use crate::code::table::CODES;").len(), 1);
        assert_eq!(wrong("#[path = \"../../code.rs\"] mod code;").len(), 1);
        assert_eq!(
            wrong("use rrp::code::X; use crate::read::Y; use crate::reply::Z; use super::Failure;").len(),
            0
        );
    }

    #[test]
    fn the_tree_of_the_design_is_read() {
        let design = "## Floors\n```\n  floor 0: std\n  text.rs  name.rs   words\n    floor 2: x\n  wire/rrp.rs  ptf.rs  \
                      in nature.rs\n  net/…       floor 5: y\n```\n";
        let read = tree(design);
        let read: Vec<(&str, u8)> = read.iter().map(|(name, floor)| (name.as_str(), *floor)).collect();
        let expected = [("text.rs", 0), ("name.rs", 0), ("wire/rrp.rs", 2), ("wire/ptf.rs", 2), ("net/…", 5)];
        assert_eq!(read, expected);
    }

    #[test]
    fn the_manifest_is_read() {
        let dependencies = dependencies();
        assert!(dependencies.contains("bytes") && dependencies.contains("tokio_util"), "{dependencies:?}");
        assert!(!dependencies.contains("proptest"), "{dependencies:?}");
    }
}
