//! Writes without a key, whose answers got lost on the way: asked for again, they are not done again.

use std::time::Duration;

use rrp::sim::{Change, Close, Effect, Fault, Trigger};
use tokio::io::AsyncWriteExt;

use crate::harness::{Daemon, Local, Setup, assert_own, code};

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
        tokio::time::sleep(Duration::from_millis(5)).await;
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

#[tokio::test]
async fn an_outcome_is_kept_for_as_long_as_is_said_and_no_longer() {
    // By the wall, as a journal is written meanwhile.
    let daemon = Setup::new().account("undelivered = '1s'").start().await;
    let desk = with_domain(&daemon).await;
    drop(desk);
    for round in 0..2 {
        let mut lost = daemon.log_in("desk").await;
        lost.request(RENEW).await;
        daemon.until(Change::Renewed, "example.com", 1 + round).await;
        lost.readable().await;
        lost.reset();
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    assert_eq!(renewals(&daemon), 2);
    daemon.end().await;
}

#[tokio::test]
async fn an_outcome_that_is_lost_again_and_again_stays_the_same() {
    let daemon = Setup::new().account("undelivered = '1s'").start().await;
    let _desk = with_domain(&daemon).await;
    let since = tokio::time::Instant::now();
    let mut rounds = 0;
    while since.elapsed() < Duration::from_millis(700) {
        let mut lost = daemon.log_in("desk").await;
        lost.request(RENEW).await;
        lost.readable().await;
        lost.reset();
        rounds += 1;
    }
    let mut desk = daemon.log_in("desk").await;
    let told = desk.ask(RENEW).await;
    assert!(rounds > 3 && renewals(&daemon) == 1, "{rounds}");
    assert_eq!(told.matches(REPLAYED).count(), 1, "{told}");
    // It was not kept longer for having been asked for.
    let mut lost = daemon.log_in("desk").await;
    lost.request(RENEW).await;
    daemon.until(Change::Renewed, "example.com", 2).await;
    lost.readable().await;
    lost.reset();
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut lost = daemon.log_in("desk").await;
        lost.request(RENEW).await;
        lost.readable().await;
        lost.reset();
    }
    assert_eq!(renewals(&daemon), 3);
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
async fn what_was_changed_since_is_not_told_as_if_it_were_new() {
    let daemon = Daemon::start().await;
    let mut desk = with_domain(&daemon).await;
    let modify = |host: &str| format!("command=ModifyDomain\ndomain=example.com\naddnameserver0={host}");
    let told = desk.ask("command=AddNameserver\nnameserver=ns1.example.com\nipaddress0=198.41.0.4").await;
    assert_eq!(code(&told), "200", "{told}");
    let changed = || daemon.changes(Change::Modified, "example.com");
    let before = changed();
    let mut lost = daemon.log_in("desk").await;
    lost.request(&modify("ns1.example.com")).await;
    daemon.until(Change::Modified, "example.com", before + 1).await;
    lost.readable().await;
    lost.reset();
    // Somebody writes to the same object in another way: what came before says nothing any more.
    let told = desk.ask("command=ModifyDomain\ndomain=example.com\ndelnameserver0=ns1.example.com").await;
    assert_eq!((code(&told), changed()), ("200", before + 2), "{told}");
    let told = desk.ask(&modify("ns1.example.com")).await;
    assert_eq!((code(&told), changed()), ("200", before + 3), "{told}");
    // But what costs, and nobody has heard of, is not paid for again.
    let mut lost = daemon.log_in("desk").await;
    lost.request(RENEW).await;
    daemon.until(Change::Renewed, "example.com", 1).await;
    lost.readable().await;
    lost.reset();
    let told = desk.ask("command=ModifyDomain\ndomain=example.com\ndelnameserver0=ns1.example.com").await;
    assert_eq!(code(&told), "200", "{told}");
    let told = desk.ask(RENEW).await;
    assert_eq!((code(&told), renewals(&daemon)), ("200", 1), "{told}");
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
