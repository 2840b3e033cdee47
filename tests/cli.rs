//! The program `rrp`, run as a user runs it.
//!
//! A file of `tests/fixtures/cli/` is a session: a line that begins with `$ rrp` is a command, split at blanks, with
//! standard input out of a file if `< path` stands at its end. What follows is exactly what it prints: standard output,
//! then standard error. `? N` as the last line is its exit status, 0 without it. Commands run in the root of the crate.
//!
//! `RRP_OVERWRITE=1 cargo test --test cli` writes what the program prints into the files; read the difference before
//! you commit it.
#![cfg(feature = "cli")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files with this ending in a directory, in order.
fn files(directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(directory)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    assert!(!files.is_empty(), "no file in `{directory}`");
    files
}

fn rrp(args: &[&str], input: Stdio) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rrp"))
        .args(args)
        .current_dir(root())
        .stdin(input)
        .output()
        .expect("the program starts")
}

fn read_of(input: &[u8], args: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rrp"))
        .args(["read", "-"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A program that refuses its input early does not read all of it.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    })
}

/// Runs a command line of a fixture, and prints what comes as the fixture shows it.
fn session(line: &str) -> String {
    let command = line.strip_prefix("$ rrp").expect("a command of the program");
    let (args, input) = match command.split_once(" < ") {
        Some((args, path)) => (args, File::open(root().join(path.trim())).expect("an input").into()),
        None => (command, Stdio::null()),
    };
    let output = rrp(&args.split_whitespace().collect::<Vec<_>>(), input);
    let mut printed = format!("{line}\n");
    for stream in [&output.stdout, &output.stderr] {
        printed.push_str(std::str::from_utf8(stream).expect("the program prints UTF-8"));
    }
    assert!(printed.ends_with('\n'), "`{line}` does not end its last line");
    match output.status.code() {
        Some(0) => {}
        Some(status) => writeln!(printed, "? {status}").unwrap(),
        None => panic!("`{line}` was killed"),
    }
    printed
}

#[test]
fn every_session_of_the_fixtures_prints_what_they_show() {
    let overwrite = std::env::var_os("RRP_OVERWRITE").is_some_and(|value| value == "1");
    let mut wrong = Vec::new();
    for path in files("tests/fixtures/cli") {
        let expected = fs::read_to_string(&path).unwrap();
        let commands: Vec<&str> = expected.lines().filter(|line| line.starts_with("$ ")).collect();
        assert!(!commands.is_empty(), "`{}` has no command", path.display());
        let printed: String = commands.into_iter().map(session).collect();
        if printed == expected {
            continue;
        }
        if overwrite {
            fs::write(&path, printed).unwrap();
        } else {
            wrong.push(format!("--- {}:\n{expected}--- it printed:\n{printed}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}\n`RRP_OVERWRITE=1` takes it over", wrong.join("\n"));
}

#[test]
fn a_wrong_command_line_is_status_2_and_the_version_is_that_of_the_crate() {
    for args in [&[][..], &["frobnicate"], &["codes", "--no-such"], &["read"], &["commands", "add", "del"]] {
        let output = rrp(args, Stdio::null());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}: {output:?}");
    }
    let output = rrp(&["--version"], Stdio::null());
    assert!(output.status.success());
    assert_eq!(output.stdout, concat!("rrp ", env!("CARGO_PKG_VERSION"), "\n").as_bytes());
}

#[test]
fn every_known_code_and_command_can_be_asked_for() {
    for (list, name) in [("codes", "code"), ("commands", "name")] {
        let output = rrp(&[list, "--json"], Stdio::null());
        let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut names: Vec<String> = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned))
            .collect();
        names.dedup();
        assert!(names.len() > 40);
        for name in names {
            let output = rrp(&[list, &name], Stdio::null());
            assert!(output.status.success() && output.stderr.is_empty(), "rrp {list} {name}: {output:?}");
        }
    }
}

#[test]
fn json_of_a_reply_holds_what_the_reply_holds() {
    let output = rrp(&["read", "--json", "tests/fixtures/cli/input/several.txt"], Stdio::null());
    assert!(output.status.success());
    let frames: Value = serde_json::from_slice(&output.stdout).unwrap();
    let kinds: Vec<&Value> = frames.as_array().unwrap().iter().map(|frame| &frame["kind"]).collect();
    assert_eq!(kinds, ["greeting", "reply", "reply", "reply", "reply"]);
    assert_eq!(frames[0]["registry"], "NSI");
    assert_eq!(frames[1]["closes"], true);
    let check =
        json!({"index": 1, "domain": null, "code": 211, "text": "Domain name not available", "answer": "no"});
    assert_eq!(frames[2]["domain_checks"][1], check);
    assert_eq!(frames[2]["page"], Value::Null);
    assert_eq!((&frames[3]["pending"], &frames[3]["job"]), (&json!(true), &json!("4711")));
    assert_eq!(frames[3]["detail"], "Pending (job)");
    assert_eq!(frames[3]["page"], json!({"first": 0, "count": 1, "limit": 1, "total": 2, "next_first": 1}));
    assert_eq!(frames[3]["lines"][1], json!({"name": "first", "index": 0, "value": "0"}));
    assert_eq!((&frames[4]["code"], &frames[4]["class"]), (&json!(599), &json!("permanent")));
}

#[test]
fn json_is_an_array_when_a_later_frame_is_refused() {
    let output = rrp(&["read", "--json", "tests/fixtures/cli/input/malformed.txt"], Stdio::null());
    assert_eq!(output.status.code(), Some(7));
    let frames: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(frames.as_array().unwrap().len(), 1);
}

#[test]
fn recorded_replies_are_read_whatever_their_quirk() {
    for path in [files("tests/fixtures/rfc"), files("tests/fixtures/quirks")].concat() {
        let path = path.to_str().unwrap();
        if path.ends_with(".request.txt") {
            continue;
        }
        let (text, json) =
            (rrp(&["read", path], Stdio::null()), rrp(&["read", "--json", path], Stdio::null()));
        assert!(text.status.success(), "{path}: {text:?}");
        assert!(json.status.success(), "{path}: {json:?}");
        let frames: Value = serde_json::from_slice(&json.stdout).unwrap();
        assert!(!frames.as_array().unwrap().is_empty(), "{path}");
    }
}

#[test]
fn no_character_of_a_peer_gives_orders_to_a_terminal() {
    let every: String =
        (1..0x2100_u32).filter_map(char::from_u32).filter(|c| !matches!(c, '\n' | '\r')).collect();
    // A name with a control character of ASCII, and a bare NUL, are refused.
    let name: String = every.chars().filter(|c| !c.is_ascii_control() && *c != ':').collect();
    let reply = format!("200 a{every}\nname{name}:b{every}\n.\n");
    let greeting = format!("A{every} RRP Server version 1{every}\n{every}\n.\n");
    for input in [reply, greeting] {
        for args in [&[][..], &["--json"], &["--show-secrets"]] {
            let output = read_of(input.as_bytes(), args);
            assert!(output.status.success(), "{output:?}");
            let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            let order = |c: &char| {
                c.is_control() && *c != '\n' || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert_eq!(printed.chars().find(order), None, "{args:?}");
            assert!(printed.contains('é') && printed.contains('я'));
        }
    }
}

#[test]
fn secrets_are_printed_only_when_they_are_asked_for() {
    let input = "[RESPONSE]\ncode=200\ndescription=done; password=hunter22\njobid=auth=hunter22\n\
                 property[auth][0]=hunter22\nproperty[domaincheck][0]=210 auth=hunter22\n\
                 property[operationinfo][0]=AUTH=hunter22\nEOF\n";
    for args in [&[][..], &["--json"], &["--excerpt"], &["--excerpt", "--json"]] {
        let shown = |args: &[&str]| {
            let output = read_of(input.as_bytes(), args);
            assert!(output.status.success(), "{output:?}");
            String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
        };
        assert!(!shown(args).contains("hunter22"), "{args:?}: {}", shown(args));
        assert!(shown(&[args, &["--show-secrets"]].concat()).contains("hunter22"), "{args:?}");
    }
}

#[test]
fn a_refused_frame_shows_nothing_of_it() {
    for input in
        ["200 ok\nauth hunter22\n.\n", "session\n-Id:a\n-Password:hunter22\n.\n", "[X]\nauth=hunter22\n"]
    {
        let output = read_of(input.as_bytes(), &[]);
        assert_eq!(output.status.code(), Some(7), "{output:?}");
        assert!(!String::from_utf8([output.stdout, output.stderr].concat()).unwrap().contains("hunter22"));
    }
}

#[test]
fn frames_are_counted_however_the_input_is_cut() {
    let frame = "200 Command completed successfully\r\nstatus:ACTIVE\r\n.\r\n";
    let output = read_of(frame.repeat(5_000).as_bytes(), &["--json"]);
    assert!(output.status.success());
    let frames: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(frames.as_array().unwrap().len(), 5_000);
}

#[test]
fn a_line_without_end_is_refused_at_the_limit() {
    let mut input = b"200 ok\n.\nx:".to_vec();
    input.resize(input.len() + 20_000_000, b'x');
    let output = read_of(&input, &[]);
    assert_eq!(output.status.code(), Some(7));
    assert!(output.stdout.starts_with(b"200 ok\n"));
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error, "rrp: read: `-`: frame 2: line is longer than the limit of 65536 bytes\n");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    for args in [&["codes"][..], &["commands", "--json"], &["read", "tests/fixtures/cli/input/several.txt"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut program = Command::new(env!("CARGO_BIN_EXE_rrp"));
        let child =
            program.args(args).current_dir(root()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{args:?}: {output:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_rrp"));
    let child = program.arg("codes").stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert!(output.stderr.starts_with(b"rrp: write: cannot write the output: "), "{output:?}");
}
