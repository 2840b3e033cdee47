//! System calls of this thread, as `strace` counts them.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How many system calls this thread makes during the work; `None` without `strace`, or where it may not trace.
pub(crate) async fn system_calls(work: impl Future<Output = ()>) -> Option<u64> {
    let thread = fs::read_link("/proc/thread-self").ok()?;
    let thread = thread.file_name()?.to_str()?.to_owned();
    let told = tempfile::NamedTempFile::new().ok()?;
    let mut strace = Command::new("strace")
        .args(["-c", "-q", "-o"])
        .arg(told.path())
        .args(["-p", &thread])
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // It says so in a language of its own; the kernel says it plainly.
    let traced = || {
        let status = fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap_or_default();
        !status.contains("TracerPid:\t0\n")
    };
    while !traced() {
        if strace.try_wait().ok()?.is_some() {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    work.await;
    // It writes down what it has counted when it is interrupted.
    Command::new("kill").args(["-INT", &strace.id().to_string()]).status().ok()?;
    strace.wait().ok()?;
    let told = fs::read_to_string(told.path()).ok()?;
    if std::env::var_os("SHOW").is_some() {
        eprintln!("{told}");
    }
    let total = told.lines().find(|line| line.ends_with(" total"))?;
    // Share, seconds, microseconds a call, calls.
    total.split_whitespace().nth(3)?.parse().ok()
}
