//! Writes without a key, whose answers got lost on the way: asked for again, they are not done again.

use std::time::Duration;

use rrp::sim::{Change, Close, Effect, Fault, Trigger};
use tokio::io::AsyncWriteExt;

use crate::harness::{Daemon, Local, Setup, assert_own, at_once, code};

const RENEW: &str = "command=RenewDomain\ndomain=example.com\nperiod=1";
const REPLAYED: &str = "property[rrp-replayed][0] = 1\n";

fn add(name: &str) -> String {
    format!("command=AddDomain\ndomain={name}\nperiod=1")
}

fn renew(name: &str) -> String {
    format!("command=RenewDomain\ndomain={name}\nperiod=1")
}

async fn with_domain(daemon: &Daemon) -> Local {
    let mut desk = daemon.log_in("desk").await;
    let added = desk.ask(&add("example.com")).await;
    assert_eq!(code(&added), "200", "{added}");
    desk
}

fn renewals(daemon: &Daemon) -> usize {
    daemon.changes(Change::Renewed, "example.com")
}

/// Asks until it is not in doubt any more.
async fn settled(local: &mut Local, lines: &str) -> String {
    loop {
        let told = local.ask(lines).await;
        if !(code(&told) == "549" && told.contains("outcome unknown")) {
            return told;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn all_answers_of_a_pipeline_that_nobody_read_come_back() {
    for tcp in [false, true] {
        let daemon = Daemon::start().await;
        let names: Vec<String> = (0..50).map(|number| format!("name{number}.com")).collect();
        let mut desk = daemon.log_in("desk").await;
        for name in &names {
            assert_eq!(code(&desk.ask(&add(name)).await), "200");
        }
        let mut lost = if tcp { daemon.log_in_by_tcp("desk").await } else { daemon.log_in("desk").await };
        let requests: String =
            names.iter().map(|name| format!("[COMMAND]\n{}\nEOF\n", renew(name))).collect();
        // In two writes: the second is not evidence that the answers to the first were read.
        let (first, second) = requests.split_at(requests.len() / 2 + 7);
        lost.send(first).await;
        daemon.until(Change::Renewed, "name3.com", 1).await;
        lost.send(second).await;
        daemon.until(Change::Renewed, names.last().unwrap(), 1).await;
        lost.readable().await;
        lost.reset();
        for name in &names {
            let told = desk.ask(&renew(name)).await;
            assert_eq!((code(&told), daemon.changes(Change::Renewed, name)), ("200", 1), "{name}: {told}");
            assert!(told.contains(REPLAYED), "{name}: {told}");
        }
        // Each was told once: now it is another one.
        let told = desk.ask(&renew("name7.com")).await;
        assert_eq!((code(&told), daemon.changes(Change::Renewed, "name7.com")), ("200", 2), "{told}");
        daemon.end().await;
    }
}

#[tokio::test]
async fn whoever_reads_before_it_goes_on_has_read() {
    let daemon = Daemon::start().await;
    let mut desk = with_domain(&daemon).await;
    assert_eq!(code(&desk.ask(RENEW).await), "200");
    // One request after the other; the answer to the last is not read.
    desk.request("command=StatusDomain\ndomain=example.com").await;
    desk.readable().await;
    desk.reset();
    let mut desk = daemon.log_in("desk").await;
    let told = desk.ask(RENEW).await;
    assert!(code(&told) == "200" && !told.contains(REPLAYED), "{told}");
    assert_eq!(renewals(&daemon), 2);
    daemon.end().await;
}

/// Asks for a renewal, and goes with its answer unread.
async fn renew_unread(daemon: &Daemon) {
    at_once(async {
        let mut lost = daemon.log_in("desk").await;
        lost.request(RENEW).await;
        lost.readable().await;
        lost.reset();
        // Whoever is answered after it finds that the daemon has seen that.
        daemon.log_in("batch").await.ask("command=StatusDomain\ndomain=example.com").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_kept_for_as_long_as_is_said_and_no_longer() {
    let daemon = Setup::in_memory().account("undelivered = '15m'").start().await;
    drop(at_once(with_domain(&daemon)).await);
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    for (wait, times) in [(0, 1), (14, 1), (2, 2), (16, 3)] {
        tokio::time::advance(minutes(wait)).await;
        renew_unread(&daemon).await;
        assert_eq!(renewals(&daemon), times, "after {wait} minutes");
    }
    daemon.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_is_lost_again_and_again_stays_the_same() {
    let daemon = Setup::in_memory().account("undelivered = '15m'").start().await;
    drop(at_once(with_domain(&daemon)).await);
    for _ in 0..5 {
        renew_unread(&daemon).await;
    }
    let told = at_once(async { daemon.log_in("desk").await.ask(RENEW).await }).await;
    assert_eq!((told.matches(REPLAYED).count(), renewals(&daemon)), (1, 1), "{told}");
    // It is not kept longer for having been asked for.
    for (round, times) in [2, 2, 2, 2, 3].into_iter().enumerate() {
        renew_unread(&daemon).await;
        assert_eq!(renewals(&daemon), times, "{round}");
        tokio::time::advance(Duration::from_secs(4 * 60)).await;
    }
    daemon.end().await;
}

#[tokio::test]
async fn a_half_close_is_no_loss_where_it_can_be_seen() {
    let daemon = Daemon::start().await;
    let _desk = with_domain(&daemon).await;
    // A unix socket tells whether anybody is left: each is answered, and done.
    for times in 1..=2 {
        let mut once = daemon.log_in("desk").await;
        once.request(RENEW).await;
        once.shutdown().await.unwrap();
        let told = once.rest().await;
        assert_eq!((code(&told), renewals(&daemon)), ("200", times), "{told}");
    }
    daemon.end().await;
}

#[tokio::test]
async fn a_write_under_way_is_joined_whoever_leaves() {
    let daemon = Daemon::start().await;
    let desk = with_domain(&daemon).await;
    drop(desk);
    daemon.fault("RenewDomain", Effect::Delay(Duration::from_millis(300)));
    let mut clients = Vec::new();
    for number in 0..6 {
        let mut local =
            if number % 2 == 0 { daemon.log_in("desk").await } else { daemon.log_in_by_tcp("desk").await };
        local.request(RENEW).await;
        clients.push(local);
    }
    daemon.until(Change::Renewed, "example.com", 1).await;
    // The first goes, and others stay.
    clients.remove(0).reset();
    clients.remove(0).reset();
    for mut local in clients {
        assert_eq!(code(&local.reply().await), "200");
    }
    assert_eq!(renewals(&daemon), 1);
    daemon.end().await;
}

#[tokio::test]
async fn a_doubt_that_was_applied_is_told_as_done_and_once() {
    let daemon =
        Setup::new().account("settle-wait = '20ms'\nnegatives = ['300ms', '0s', '10ms']").start().await;
    let mut desk = with_domain(&daemon).await;
    daemon.fault("RenewDomain", Effect::ExecuteAndClose(Close::Reset));
    // What is asked meanwhile is not answered for a while.
    daemon.add(
        Fault::on(Trigger::Command("StatusDomain".to_owned()))
            .then(Effect::Delay(Duration::from_millis(200))),
    );
    // The reading before it is one such question.
    daemon.add(
        Fault::on(Trigger::Command("StatusDomain".to_owned()))
            .then(Effect::Delay(Duration::from_millis(200))),
    );
    let told = desk.ask(RENEW).await;
    assert_own(&told, "549");
    assert!(told.contains("outcome unknown, do not resubmit; ticket 2\n"), "{told}");
    let told = settled(&mut desk, RENEW).await;
    assert_eq!((code(&told), renewals(&daemon)), ("200", 1), "{told}");
    assert_eq!(code(&desk.ask(RENEW).await), "200");
    assert_eq!(renewals(&daemon), 2);
    daemon.end().await;
}

#[tokio::test]
async fn a_doubt_may_be_told_by_closing() {
    let setup = Setup::new()
        .account("settle-wait = '20ms'\nnegatives = ['200ms', '0s', '10ms']\ndoubt-answer = 'close'");
    let daemon = setup.start().await;
    let mut desk = with_domain(&daemon).await;
    daemon.fault("RenewDomain", Effect::CloseBefore(Close::Reset));
    desk.request(RENEW).await;
    assert_eq!(desk.rest().await, "");
    let told = loop {
        let mut desk = daemon.log_in("desk").await;
        desk.request(RENEW).await;
        desk.shutdown().await.unwrap();
        let told = desk.rest().await;
        if !told.is_empty() {
            break told;
        }
    };
    assert_eq!((code(&told), renewals(&daemon)), ("200", 1), "{told}");
    daemon.end().await;
}

#[tokio::test]
async fn a_restart_forgets_neither_what_is_in_doubt_nor_what_nobody_has() {
    let setup = Setup::new().account("settle-wait = '20ms'\nnegatives = ['60s', '0s', '10ms']");
    let daemon = setup.start().await;
    let mut desk = with_domain(&daemon).await;
    assert_eq!(code(&desk.ask(&add("example.net")).await), "200");
    // In doubt, and not done: for a minute nothing is believed that says so.
    daemon.fault("RenewDomain", Effect::CloseBefore(Close::Reset));
    let told = desk.ask(RENEW).await;
    assert!(told.contains("ticket 3\n"), "{told}");
    // Done, and answered to nobody.
    let mut lost = daemon.log_in("batch").await;
    lost.request(&renew("example.net")).await;
    daemon.until(Change::Renewed, "example.net", 1).await;
    lost.readable().await;
    lost.reset();
    let daemon = daemon.restart().await;
    let mut desk = daemon.log_in("desk").await;
    let told = desk.ask(RENEW).await;
    assert_own(&told, "549");
    assert!(told.contains("ticket 3\n") && renewals(&daemon) == 0, "{told}");
    let mut batch = daemon.log_in("batch").await;
    let told = batch.ask(&renew("example.net")).await;
    assert_eq!((code(&told), daemon.changes(Change::Renewed, "example.net")), ("200", 1), "{told}");
    // Another user's is another one.
    let told = desk.ask(&renew("example.net")).await;
    assert_eq!((code(&told), daemon.changes(Change::Renewed, "example.net")), ("200", 2), "{told}");
    daemon.end().await;
}

#[tokio::test]
async fn what_was_undone_since_is_not_told_as_if_it_were_new() {
    let daemon = Daemon::start().await;
    let mut desk = with_domain(&daemon).await;
    for (undone, times) in [(false, 1), (true, 2)] {
        let mut lost = daemon.log_in("desk").await;
        lost.request(RENEW).await;
        daemon.until(Change::Renewed, "example.com", times).await;
        lost.readable().await;
        lost.reset();
        // By the answer to this, the daemon has seen that it was lost.
        assert_eq!(code(&desk.ask("command=StatusDomain\ndomain=example.com").await), "200");
        if undone {
            assert_eq!(code(&desk.ask("command=DeleteDomain\ndomain=example.com").await), "200");
            assert_eq!(code(&desk.ask(&add("example.com")).await), "200");
        } else {
            let told =
                desk.ask("command=SetDomainRenewalMode\ndomain=example.com\nrenewalmode=AUTODELETE").await;
            assert_eq!(code(&told), "200", "{told}");
        }
        // A change in between is no reason to pay twice; another object of that name is.
        let told = desk.ask(RENEW).await;
        assert_eq!((code(&told), told.contains(REPLAYED)), ("200", !undone), "{told}");
    }
    assert_eq!(renewals(&daemon), 3);
    daemon.end().await;
}

#[tokio::test]
async fn a_queued_write_whose_client_has_gone_is_not_sent() {
    for tcp in [false, true] {
        let daemon = Setup::new().account("sessions = 1").start().await;
        let mut desk = with_domain(&daemon).await;
        let mut other = if tcp { daemon.log_in_by_tcp("batch").await } else { daemon.log_in("batch").await };
        daemon.fault("CheckDomain", Effect::Delay(Duration::from_millis(300)));
        desk.request("command=CheckDomain\ndomain=example.com").await;
        while !daemon.reached().iter().any(|command| command.starts_with("check")) {
            tokio::task::yield_now().await;
        }
        // It stands in line behind that one, with more behind it.
        other.request(RENEW).await;
        other.request(&add("evil.com")).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        other.reset();
        assert_eq!(code(&desk.reply().await), "211");
        assert_eq!(code(&desk.ask("command=StatusDomain\ndomain=example.com").await), "200");
        assert_eq!((renewals(&daemon), daemon.changes(Change::Created, "evil.com")), (0, 0));
        // And whoever asks again is the first to do so.
        assert!(!desk.ask(RENEW).await.contains(REPLAYED));
        assert_eq!(renewals(&daemon), 1);
        daemon.end().await;
    }
}
