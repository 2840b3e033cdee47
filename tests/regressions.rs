//! Replays what the fuzzer has found, and its seeds, through the targets' own checks: no fuzzer and no nightly needed.
//!
//! Every file below `fuzz/regressions/` and `fuzz/seeds/` counts, but for those whose name begins with a dot and for
//! `README.md`.
#![cfg(all(feature = "arbitrary", feature = "gateway", feature = "sim"))]

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "it is a crate of its own too")]
mod checks;

use std::collections::BTreeSet;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

type Check = fn(&[u8]);

const TARGETS: [(&str, Check); 10] = [
    ("frames", checks::frames),
    ("rrp_reply", checks::rrp_reply),
    ("ptf_reply", checks::ptf_reply),
    ("rrp_command", checks::rrp_command),
    ("ptf_command", checks::ptf_command),
    ("code_table", checks::code_table),
    ("session", checks::session),
    ("differential", checks::differential),
    ("number_body", checks::number_body),
    ("reseller_body", checks::reseller_body),
];

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The inputs in a folder, in the order of their names.
fn inputs(kind: &str, target: &str) -> Vec<PathBuf> {
    let folder = fuzz().join(kind).join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| {
        let name = file.file_name().unwrap().to_string_lossy();
        !name.starts_with('.') && name != "README.md"
    });
    files.sort();
    files
}

#[track_caller]
fn replay(target: &str) {
    let (_, check) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let seeds = inputs("seeds", target);
    assert!(!seeds.is_empty(), "`{target}` has no seeds");
    let mut failed = Vec::new();
    for file in inputs("regressions", target).into_iter().chain(seeds) {
        let input = fs::read(&file).unwrap();
        // The message of the check itself is printed where it panics.
        if panic::catch_unwind(|| check(&input)).is_err() {
            failed.push(file.strip_prefix(fuzz()).unwrap().display().to_string());
        }
    }
    assert!(failed.is_empty(), "`{target}` fails on: {}", failed.join(", "));
}

#[test]
fn frames_holds_on_all_that_is_stored() {
    replay("frames");
}

#[test]
fn rrp_reply_holds_on_all_that_is_stored() {
    replay("rrp_reply");
}

#[test]
fn ptf_reply_holds_on_all_that_is_stored() {
    replay("ptf_reply");
}

#[test]
fn rrp_command_holds_on_all_that_is_stored() {
    replay("rrp_command");
}

#[test]
fn ptf_command_holds_on_all_that_is_stored() {
    replay("ptf_command");
}

#[test]
fn code_table_holds_on_all_that_is_stored() {
    replay("code_table");
}

#[test]
fn session_holds_on_all_that_is_stored() {
    replay("session");
}

#[test]
fn differential_holds_on_all_that_is_stored() {
    replay("differential");
}

#[test]
fn number_body_holds_on_all_that_is_stored() {
    replay("number_body");
}

#[test]
fn reseller_body_holds_on_all_that_is_stored() {
    replay("reseller_body");
}

#[test]
fn every_fuzz_target_is_replayed() {
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(fuzz().join(folder)).unwrap();
        let stem = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
        entries.map(|entry| stem(entry.unwrap().path())).collect()
    };
    let replayed: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("fuzz_targets"), replayed);
    assert_eq!(names("seeds"), replayed);
    assert_eq!(names("regressions"), replayed);
}
