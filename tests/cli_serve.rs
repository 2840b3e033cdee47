//! `rrp serve` as a child process.
#![cfg(all(unix, feature = "cli"))]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[path = "support/program.rs"]
mod program;

/// A thread writes it, which must not have to wait for the end of the program.
#[test]
fn the_log_is_written_while_it_serves() {
    let mut child = program::program(&["serve", "--sim"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let (tell, told) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in log.lines().map_while(Result::ok) {
            if line.contains("serving") {
                let _ = tell.send(());
            }
        }
    });
    let serving = told.recv_timeout(Duration::from_secs(60));
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    reader.join().unwrap();
    assert!(serving.is_ok(), "nothing was logged before the end");
}
