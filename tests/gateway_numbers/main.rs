//! The answers of the API for telephone numbers: its list, to the letter, and bodies of any form.
#![cfg(feature = "gateway")]

mod bodies;
mod laws;
mod list;
mod values;
mod verdicts;

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rrp::gateway::numbers::Reply;

/// Where the sources lie.
fn reference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reference")
}

fn fixture(name: &str) -> String {
    let path = reference().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(status: u16, body: impl Into<Bytes>) -> Reply {
    Reply::read(status, body.into()).unwrap()
}
