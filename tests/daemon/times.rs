//! Prompts and times, as mregd's clients know them.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep};

use crate::harness::{Daemon, Local, PROMPTS, Setup, at_once};

const NO_LOGIN: &str = "[RESPONSE]\ncode = 421\ndescription = Command failed; Timeout\nEOF\n";
const NO_REQUEST: &str = "[RESPONSE]\ncode = 421\ndescription = Command timeout\nEOF\n";
const WRONG: &str = "[RESPONSE]\ncode = 549\ndescription = Command failed; Login error\nEOF\n";
const SECOND: Duration = Duration::from_secs(1);

async fn daemon() -> Daemon {
    Setup::in_memory().start().await
}

/// What is told until the connection closes, which it does after so long.
async fn told_after(local: &mut Local, since: Instant, seconds: u64) -> String {
    let told = local.rest().await;
    let passed = since.elapsed();
    let wanted = SECOND * u32::try_from(seconds).unwrap();
    assert!(passed >= wanted && passed < wanted + SECOND, "{passed:?}: {told:?}");
    told
}

/// Sends a byte a second for so many seconds, or as long as it is let.
async fn dribble(local: &mut Local, bytes: &[u8]) {
    for byte in bytes {
        if local.write_all(&[*byte]).await.is_err() {
            break;
        }
        sleep(SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_goes_byte_by_byte() {
    let daemon = daemon().await;
    at_once(async {
        for mut local in [daemon.connect().await, daemon.connect_by_tcp().await] {
            assert_eq!(local.read(6).await, "login:");
            local.send("desk\r\n").await;
            assert_eq!(local.read(9).await, "password:");
            local.send("secret\r\n").await;
            // Nothing after a right password; and what is told is told whole.
            local.send("[COMMAND]\r\ncommand=AddDomain\r\nEOF\r\n").await;
            let told = local.reply().await;
            assert!(told.starts_with("[RESPONSE]\ncode = 5") && !told.contains('\r'), "{told}");
            local.send("quit\r\n").await;
            assert_eq!(local.rest().await, "");
        }
    })
    .await;
    daemon.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_login_is_told_as_ever_and_delays_nobody_else() {
    let daemon = daemon().await;
    for login in ["desk\nwrong\n", "nobody\nsecret\n", "\n\n", ".\n.\n", "desk\nsecret \n", "\u{85}\n\0\n"] {
        let mut local = daemon.connect().await;
        local.send(login).await;
        // Meanwhile, and without any time passing:
        let since = Instant::now();
        drop(daemon.log_in("desk").await);
        assert!(since.elapsed() < Duration::from_millis(100));
        assert_eq!(local.rest().await, format!("{PROMPTS}{WRONG}"), "{login:?}");
    }
    daemon.end().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_log_in_within_ten_seconds_is_told_so() {
    let daemon = daemon().await;
    for (said, prompts) in [("", "login:"), ("desk", "login:"), ("desk\n", PROMPTS), ("desk\nsecre", PROMPTS)]
    {
        let (since, mut local) = (Instant::now(), daemon.connect().await);
        local.send(said).await;
        assert_eq!(told_after(&mut local, since, 10).await, format!("{prompts}{NO_LOGIN}"), "{said:?}");
    }
    // Whoever says a byte a second is not let off.
    let (since, mut local) = (Instant::now(), daemon.connect().await);
    dribble(&mut local, b"desk\nsecret").await;
    assert_eq!(local.rest().await, format!("{PROMPTS}{NO_LOGIN}"));
    assert!(since.elapsed() <= 12 * SECOND);
    // And whoever is just in time has all the time of a request.
    let mut local = daemon.connect().await;
    dribble(&mut local, b"desk\nsec").await;
    local.send("ret\n").await;
    let since = Instant::now();
    assert_eq!(local.read(PROMPTS.len()).await, PROMPTS);
    assert_eq!(told_after(&mut local, since, 90).await, NO_REQUEST);
    daemon.end().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_finish_a_request_within_ninety_seconds_is_told_so() {
    let daemon = daemon().await;
    for said in ["", "[COMMAND]\n", "[COMMAND]\ncommand=AddDomain\ndomain=example.com\nEO", "\n\n \n"] {
        let mut local = daemon.log_in("desk").await;
        let since = Instant::now();
        local.send(said).await;
        assert_eq!(told_after(&mut local, since, 90).await, NO_REQUEST, "{said:?}");
    }
    let mut local = daemon.log_in("desk").await;
    let since = Instant::now();
    let slow = format!("[COMMAND]\ncommand=AddDomain\ndomain={}", "a".repeat(100));
    dribble(&mut local, slow.as_bytes()).await;
    assert_eq!(local.rest().await, NO_REQUEST);
    assert!(since.elapsed() <= Duration::from_secs(140));
    // The time begins anew with each request, and a request of 80 seconds is in time.
    let mut local = daemon.log_in("desk").await;
    for _ in 0..3 {
        let slow = format!("[COMMAND]\ncommand=CheckDomain\ndomain={}.com\nEOF", "a".repeat(40));
        dribble(&mut local, slow.as_bytes()).await;
        local.send("\n").await;
        assert!(at_once(local.reply()).await.contains("code = 210"));
    }
    assert_eq!(daemon.reached().len(), 3);
    daemon.end().await;
}

#[tokio::test(start_paused = true)]
async fn endless_blank_lines_are_no_request() {
    let daemon = daemon().await;
    for blank in ["\n", "\r\n", " \n", "\r\r\r\n\t\n"] {
        let mut local = daemon.log_in("desk").await;
        let since = Instant::now();
        // A flood: there is always more to read.
        let flood = blank.repeat(60_000 / blank.len());
        while since.elapsed() < Duration::from_secs(200) {
            if local.write_all(flood.as_bytes()).await.is_err() {
                break;
            }
            // The clock does not move by itself while there is something to do.
            tokio::time::advance(Duration::from_millis(500)).await;
        }
        assert!(since.elapsed() < Duration::from_secs(120), "{blank:?}: {:?}", since.elapsed());
        let told = local.rest().await;
        assert!(told.is_empty() || told == NO_REQUEST, "{told}");
    }
    assert_eq!(daemon.reached(), [] as [&str; 0]);
    daemon.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_never_reads_is_left_and_delays_nobody() {
    let daemon = Setup::in_memory().limits("write-time = '5s'").start().await;
    let mut stuck = daemon.log_in("desk").await;
    // Answers that nobody takes fill the socket at some time.
    let ask = "[COMMAND]\ncommand=CheckDomain\ndomain=example.com\nEOF\n".repeat(1_000);
    let flood = tokio::spawn(async move {
        while stuck.write_all(ask.as_bytes()).await.is_ok() {}
        stuck
    });
    let mut other = daemon.log_in("batch").await;
    for _ in 0..50 {
        let since = Instant::now();
        assert!(at_once(other.ask("command=CheckDomain\ndomain=example.net")).await.contains("code = 210"));
        assert!(since.elapsed() < SECOND, "{:?}", since.elapsed());
    }
    // It is closed: writing fails.
    drop(flood.await.unwrap());
    assert!(at_once(other.ask("command=CheckDomain\ndomain=example.net")).await.contains("code = 210"));
    daemon.end().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_or_has_no_time_does_not_make_its_user_wait() {
    let daemon = Setup::in_memory().users("commands-per-second = 1").start().await;
    let mut desk = daemon.log_in("desk").await;
    for _ in 0..100 {
        let mut left = daemon.log_in("desk").await;
        left.request("command=CheckDomain\ndomain=example.net").await;
        sleep(Duration::from_millis(1)).await;
        drop(left);
    }
    sleep(SECOND).await;
    let asked = Instant::now();
    desk.ask("command=CheckDomain\ndomain=example.com").await;
    assert!(asked.elapsed() < 2 * SECOND, "{:?}", asked.elapsed());
    // What has ten seconds is told after ten, and not when its turn would have been.
    let mut many = Vec::new();
    for _ in 0..60 {
        let mut one = daemon.log_in("desk").await;
        one.request("command=CheckDomain\ndomain=example.org").await;
        many.push(one);
    }
    sleep(SECOND / 10).await;
    let asked = Instant::now();
    let told = desk.ask("X-RRP-DEADLINE=10\ncommand=CheckDomain\ndomain=example.com").await;
    assert!(told.contains("code = 421") && asked.elapsed() < 11 * SECOND, "{:?} {told}", asked.elapsed());
    daemon.end().await;
}
