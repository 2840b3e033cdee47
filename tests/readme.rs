//! Runs the commands of README.md and compares what they print.
//!
//! In a fenced `console` block a line that begins with `$ ` is a command for `sh`; one that ends in `\` goes on in the
//! next line. What follows, up to the next command or the end of the block, is exactly what it prints: standard output,
//! then standard error; a line `…` stands for any that are left out. `? N` as the last line is its exit status, 0 without
//! it. Commands run in the root of the crate, with the `rrp` that was just built.
//!
//! Commands that build or test are not run; for `cargo test` it is checked that `.ci/run` runs the same.
#![cfg(feature = "cli")]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Commands that this test does not run, by how they begin.
const NOT_RUN: &[&str] = &["cargo test", "cargo install", "cargo fuzz", "cargo bench", ".ci/run"];

/// What a reader types for the program, and what runs here.
const PROGRAM: &[&str] = &["cargo run -q -- ", "cargo run -q --release -- ", "cargo run --release -- "];

/// One command of a `console` block.
#[derive(Debug, PartialEq, Eq)]
struct Example {
    /// Where it stands, counted from 1.
    line: usize,
    command: String,
    output: String,
    status: i32,
}

impl Example {
    /// All examples of a Markdown text, in order.
    fn all(markdown: &str) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        let mut block = Block::None;
        for (index, line) in markdown.lines().enumerate() {
            block = match (block, line.strip_prefix("```")) {
                (Block::None, Some("console")) => Block::Start,
                (Block::None, Some(_)) => Block::Other,
                (Block::None, None) => Block::None,
                (_, Some("")) => Block::None,
                (Block::Other, _) => Block::Other,
                (Block::Continued, _) => {
                    let example = found.last_mut().expect("a command was begun");
                    example.command.push('\n');
                    example.command.push_str(line);
                    Block::after(line)
                }
                (Block::Start | Block::Output, _) => match (line.strip_prefix("$ "), found.last_mut()) {
                    (Some(command), _) => {
                        let command = command.to_owned();
                        found.push(Self { line: index + 1, command, output: String::new(), status: 0 });
                        Block::after(line)
                    }
                    (None, Some(example)) if matches!(block, Block::Output) => {
                        example.output.push_str(line);
                        example.output.push('\n');
                        Block::Output
                    }
                    (None, _) => {
                        panic!("README.md:{}: output without a command before it: `{line}`", index + 1)
                    }
                },
            };
        }
        for example in &mut found {
            example.take_status();
        }
        found
    }

    /// Moves a last line `? N` from the output to the status.
    fn take_status(&mut self) {
        let start = self.output.trim_end_matches('\n').rfind('\n').map_or(0, |newline| newline + 1);
        if let Some(status) =
            self.output[start..].strip_prefix("? ").and_then(|text| text.trim().parse().ok())
        {
            self.status = status;
            self.output.truncate(start);
        }
    }

    fn is_run(&self) -> bool {
        !NOT_RUN.iter().any(|start| self.command.starts_with(start))
    }

    /// Runs it, and says how what it did differs from what the README shows.
    fn run(&self) -> Result<(), String> {
        let output = Command::new("sh")
            .args(["-c", &with_program(&self.command)])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("PATH", search_path())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("README.md:{}: cannot start `sh`: {error}", self.line))?;
        let mut printed = String::from_utf8_lossy(&output.stdout).into_owned();
        printed.push_str(&String::from_utf8_lossy(&output.stderr));
        if !printed.is_empty() && !printed.ends_with('\n') {
            printed.push('\n');
        }
        let status = output.status.code().unwrap_or(-1);
        if is_excerpt(&self.output, &printed) && status == self.status {
            return Ok(());
        }
        let Self { line, command, output: expected, status: wanted } = self;
        Err(format!(
            "README.md:{line}: $ {command}\n--- the README shows, with status {wanted}:\n{expected}\
             --- it printed, with status {status}:\n{printed}"
        ))
    }
}

/// Whether the lines are all that was printed, but for those that a line `…` stands for.
fn is_excerpt(shown: &str, printed: &str) -> bool {
    let pieces: Vec<&str> = shown.split("…\n").collect();
    let [first, middle @ .., last] = pieces.as_slice() else {
        return shown == printed;
    };
    let Some(between) = printed.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    // Each piece begins a line; the first ends one.
    let mut rest = format!("\n{between}");
    rest.ends_with('\n')
        && middle.iter().all(|piece| {
            let found = rest.find(&format!("\n{piece}"));
            found.is_some_and(|at| {
                rest.drain(..at + piece.len());
                true
            })
        })
}

/// Where in the text a line stands.
#[derive(Clone, Copy)]
enum Block {
    None,
    /// In a `console` block, before its first command.
    Start,
    /// Behind a command that ends in `\`.
    Continued,
    /// Behind a command.
    Output,
    /// In a fenced block of another kind.
    Other,
}

impl Block {
    /// What comes behind this line of a command.
    fn after(command: &str) -> Self {
        if command.ends_with('\\') { Self::Continued } else { Self::Output }
    }
}

/// The command with the built program wherever a piece of it begins with `cargo run`.
fn with_program(command: &str) -> String {
    PROGRAM.iter().fold(command.to_owned(), |command, typed| {
        let mut parts = command.split(typed);
        let mut replaced = parts.next().unwrap_or("").to_owned();
        for part in parts {
            let begins =
                replaced.trim_end().is_empty() || replaced.trim_end().ends_with(['|', '&', ';', '(']);
            replaced.push_str(if begins { "rrp " } else { typed });
            replaced.push_str(part);
        }
        replaced
    })
}

/// PATH with the directory of the built program before all others.
fn search_path() -> OsString {
    let built = Path::new(env!("CARGO_BIN_EXE_rrp")).parent().expect("the program has a directory");
    let others = env::var_os("PATH").unwrap_or_default();
    let all = [PathBuf::from(built)].into_iter().chain(env::split_paths(&others));
    env::join_paths(all).expect("PATH was one before")
}

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", path.display()))
}

fn examples() -> Vec<Example> {
    let examples = Example::all(&read("README.md"));
    assert!(!examples.is_empty(), "README.md has no command: a line `$ …` in a fenced `console` block");
    examples
}

#[test]
fn every_command_prints_what_the_readme_shows() {
    let examples = examples();
    let run: Vec<&Example> = examples.iter().filter(|example| example.is_run()).collect();
    assert!(!run.is_empty(), "README.md shows no command of the program");
    let wrong: Vec<String> = run.into_iter().filter_map(|example| example.run().err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_tests_of_the_readme_are_those_of_ci() {
    let ci = read(".ci/run");
    let tests: Vec<Example> =
        examples().into_iter().filter(|example| example.command.starts_with("cargo test")).collect();
    assert!(!tests.is_empty(), "README.md does not say how to run the tests: `$ cargo test …`");
    for Example { line, command, .. } in tests {
        let same = ci.lines().any(|line| line.trim() == command);
        assert!(same, "README.md:{line}: `.ci/run` has no line `{command}`");
    }
}

/// The reader of examples itself: it must see what is there, and the test must be able to fail.
mod extractor {
    use super::*;

    fn example(command: &str, output: &str, status: i32) -> Example {
        Example { line: 1, command: command.to_owned(), output: output.to_owned(), status }
    }

    #[test]
    fn commands_have_their_output_and_status() {
        let text = "# x\n$ not this\n```sh\n$ nor this\n```\n\
                    ```console\n$ one\n1\n\n1\n$ two\n? 3\n$ three\nfour\n? 2\n```\n";
        let found = Example::all(text);
        let expected = [
            Example { line: 7, ..example("one", "1\n\n1\n", 0) },
            Example { line: 11, ..example("two", "", 3) },
            Example { line: 13, ..example("three", "four\n", 2) },
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_command_goes_on_behind_a_backslash() {
        let found = Example::all("```console\n$ one \\\n    | two\nout\n```\n");
        assert_eq!(found, [Example { line: 2, ..example("one \\\n    | two", "out\n", 0) }]);
    }

    #[test]
    fn a_status_is_only_the_last_line() {
        let found = Example::all("```console\n$ one\n? 2\nout\n? x\n```\n");
        assert_eq!(found, [Example { line: 2, ..example("one", "? 2\nout\n? x\n", 0) }]);
    }

    #[test]
    #[should_panic(expected = "README.md:5: output without a command")]
    fn output_without_a_command_is_an_error() {
        Example::all("```console\n$ one\n```\n```console\nout\n```\n");
    }

    #[test]
    fn no_console_block_is_no_example() {
        assert_eq!(Example::all("```rust\n$ x\n```\n$ y\n"), []);
    }

    #[test]
    fn cargo_run_is_replaced_where_a_piece_begins() {
        assert_eq!(with_program("cargo run -q -- codes 554"), "rrp codes 554");
        assert_eq!(with_program("printf x | cargo run -q --release -- read"), "printf x | rrp read");
        assert_eq!(with_program("cargo run -q -- a && (cargo run -q -- b)"), "rrp a && (rrp b)");
        assert_eq!(with_program("echo cargo run -q -- codes"), "echo cargo run -q -- codes");
    }

    #[test]
    fn builds_are_not_run() {
        assert!(!example("cargo test --all-features", "", 0).is_run());
        assert!(!example(".ci/run", "", 0).is_run());
        assert!(example("cargo run -q -- codes", "", 0).is_run());
    }

    #[test]
    fn a_difference_in_output_or_status_is_seen() {
        assert_eq!(example("echo a; echo b >&2; exit 3", "a\nb\n", 3).run(), Ok(()));
        assert_eq!(example("printf a", "a\n", 0).run(), Ok(()));
        assert!(example("echo a", "b\n", 0).run().is_err());
        assert!(example("echo a", "a\n\n", 0).run().is_err());
        assert!(example("exit 1", "", 0).run().is_err());
    }

    #[test]
    fn an_ellipsis_stands_for_lines_and_not_for_wrong_ones() {
        for (shown, printed) in [
            ("a\n", "a\n"),
            ("a\n…\nc\n", "a\nb\nc\n"),
            ("a\n…\n", "a\nb\n"),
            ("…\nb\n…\nd\n", "a\nb\nc\nb\nd\n"),
        ] {
            assert!(is_excerpt(shown, printed), "{shown:?} of {printed:?}");
        }
        for (shown, printed) in [
            ("a\n", "a\nb\n"),
            ("a\n…\nc\n", "a\nc\nd\n"),
            ("a\n…\nb\n", "a\nxb\n"),
            ("…\nb\n…\na\n", "a\nb\n"),
        ] {
            assert!(!is_excerpt(shown, printed), "{shown:?} of {printed:?}");
        }
    }

    #[test]
    fn the_program_is_the_built_one() {
        let built = env!("CARGO_BIN_EXE_rrp");
        assert_eq!(example("command -v rrp", &format!("{built}\n"), 0).run(), Ok(()));
    }
}
