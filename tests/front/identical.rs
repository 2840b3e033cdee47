//! Writes without a key: asked for again, they are not done again.

use std::time::Duration;

use rrp::sim::{Change, Close, Effect, Fault, Form, Trigger};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::{Daemon, ask, code, reply};

const RENEW: &str = "command=RenewDomain\ndomain=example.com\nperiod=1";

async fn with_domain(daemon: &Daemon) -> UnixStream {
    let mut desk = daemon.log_in("desk").await;
    let added = ask(&mut desk, "command=AddDomain\ndomain=example.com\nperiod=1").await;
    assert_eq!(code(&added), "200", "{added}");
    desk
}

fn renewals(daemon: &Daemon) -> usize {
    daemon.registry.registry().ledger().changes(Change::Renewed, "example.com")
}

fn on_renewal(daemon: &Daemon, effect: Effect) {
    daemon
        .registry
        .registry()
        .faults()
        .add(Fault::on(Trigger::Command("RenewDomain".to_owned())).then(effect));
}

/// Until the registry has executed so many.
async fn until_renewed(daemon: &Daemon, times: usize) {
    while renewals(daemon) < times {
        tokio::task::yield_now().await;
    }
}

async fn send(stream: &mut UnixStream, lines: &str) {
    stream.write_all(format!("[COMMAND]\n{lines}\nEOF\n").as_bytes()).await.unwrap();
}

#[tokio::test]
async fn one_that_was_answered_is_done_again() {
    let daemon = Daemon::start().await;
    let mut desk = with_domain(&daemon).await;
    for times in 1..=2 {
        assert_eq!(code(&ask(&mut desk, RENEW).await), "200");
        assert_eq!(renewals(&daemon), times);
    }
    daemon.end().await;
}

#[tokio::test]
async fn one_whose_client_hung_up_is_told_to_whoever_asks_again() {
    let daemon = Daemon::start().await;
    let mut desk = with_domain(&daemon).await;
    on_renewal(&daemon, Effect::ExecuteAndClose(Close::Reset));
    send(&mut desk, RENEW).await;
    until_renewed(&daemon, 1).await;
    drop(desk);
    let mut desk = daemon.log_in("desk").await;
    let told = ask(&mut desk, RENEW).await;
    assert_eq!((code(&told), renewals(&daemon)), ("200", 1), "{told}");
    // And now it has been told.
    assert_eq!(code(&ask(&mut desk, RENEW).await), "200");
    assert_eq!(renewals(&daemon), 2);
    daemon.end().await;
}

#[tokio::test]
async fn another_users_is_another_one() {
    let daemon = Daemon::start().await;
    let mut desk = with_domain(&daemon).await;
    send(&mut desk, RENEW).await;
    until_renewed(&daemon, 1).await;
    drop(desk);
    let mut batch = daemon.log_in("batch").await;
    assert_eq!(code(&ask(&mut batch, RENEW).await), "200");
    assert_eq!(renewals(&daemon), 2);
    daemon.end().await;
}

#[tokio::test]
async fn two_at_once_are_one() {
    let daemon = Daemon::start().await;
    let mut desk = with_domain(&daemon).await;
    let mut other = daemon.log_in("desk").await;
    on_renewal(&daemon, Effect::ExecuteAndClose(Close::Reset));
    send(&mut desk, RENEW).await;
    until_renewed(&daemon, 1).await;
    send(&mut other, RENEW).await;
    let told = [reply(&mut desk).await, reply(&mut other).await];
    assert_eq!(told.each_ref().map(|told| code(told)), ["200", "200"], "{told:?}");
    assert_eq!(renewals(&daemon), 1);
    daemon.end().await;
}

#[tokio::test]
async fn a_doubt_is_told_with_its_ticket_and_settled_for_whoever_asks_again() {
    // It is not seen what became of it for longer than its caller is held back.
    let daemon = Daemon::with("settle-wait = '50ms'\nnegatives = ['3s', '0s', '10ms']").await;
    let mut desk = with_domain(&daemon).await;
    on_renewal(&daemon, Effect::CloseBefore(Close::Reset));
    let told = ask(&mut desk, RENEW).await;
    assert_eq!((code(&told), renewals(&daemon)), ("549", 0), "{told}");
    assert!(told.contains("outcome unknown, do not resubmit; ticket 2\n"), "{told}");
    assert!(told.contains("property[rrp-ticket][0] = 2\n"), "{told}");
    // Not done, as it turns out: asked for again, it is sent anew, and once.
    let mut last = told;
    while code(&last) == "549" {
        last = ask(&mut desk, RENEW).await;
    }
    assert_eq!((code(&last), renewals(&daemon)), ("200", 1), "{last}");
    daemon.end().await;
}

#[tokio::test]
async fn an_answer_that_was_not_read_comes_back() {
    let daemon = Daemon::start().await;
    let mut desk = with_domain(&daemon).await;
    send(&mut desk, RENEW).await;
    until_renewed(&daemon, 1).await;
    // It has arrived, and is thrown away.
    desk.readable().await.unwrap();
    drop(desk);
    let mut desk = daemon.log_in("desk").await;
    let told = ask(&mut desk, RENEW).await;
    assert_eq!((code(&told), renewals(&daemon)), ("200", 1), "{told}");
    assert!(told.contains("property[rrp-replayed][0] = 1\n"), "{told}");
    daemon.end().await;
}

#[tokio::test]
async fn what_waits_is_not_sent_for_whoever_is_gone() {
    let daemon = Daemon::with("sessions = 1").await;
    let mut desk = with_domain(&daemon).await;
    let mut batch = daemon.log_in("batch").await;
    daemon.registry.registry().faults().add(
        Fault::on(Trigger::Command("AddDomain".to_owned())).then(Effect::Delay(Duration::from_millis(300))),
    );
    send(&mut batch, "command=AddDomain\ndomain=example.net\nperiod=1").await;
    while daemon.registry.registry().ledger().changes(Change::Created, "example.net") == 0 {
        tokio::task::yield_now().await;
    }
    send(&mut desk, RENEW).await;
    // A half-close is not leaving.
    let mut other = daemon.log_in("desk").await;
    send(&mut other, "command=RenewDomain\ndomain=example.com\nperiod=2").await;
    other.shutdown().await.unwrap();
    drop(desk);
    assert_eq!(code(&reply(&mut other).await), "200");
    assert_eq!(other.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(renewals(&daemon), 1);
    daemon.end().await;
}

#[tokio::test]
async fn a_renewal_that_nobody_has_heard_of_is_not_done_again_after_a_modification() {
    let daemon = Daemon::start().await;
    let mut desk = with_domain(&daemon).await;
    on_renewal(&daemon, Effect::ExecuteAndClose(Close::Reset));
    send(&mut desk, RENEW).await;
    until_renewed(&daemon, 1).await;
    drop(desk);
    let mut batch = daemon.log_in("batch").await;
    let modified = ask(&mut batch, "command=ModifyDomain\ndomain=example.com\ntransferlock=1").await;
    assert_eq!(code(&modified), "200", "{modified}");
    let mut desk = daemon.log_in("desk").await;
    let told = ask(&mut desk, RENEW).await;
    assert_eq!((code(&told), renewals(&daemon)), ("200", 1), "{told}");
    daemon.end().await;
}

#[tokio::test]
async fn a_used_up_cap_does_not_hide_what_became_of_a_write() {
    let daemon = Daemon::with(
        "negatives = ['0s', '0s', '10ms']\n[user.shop]\npassword-env = 'SECRET'\nbillable-per-day = 2",
    )
    .await;
    let mut shop = daemon.log_in("shop").await;
    let key = "X-RRP-KEY=order-1\ncommand=AddDomain\ndomain=example.com\nperiod=1";
    assert_eq!(code(&ask(&mut shop, key).await), "200");
    on_renewal(&daemon, Effect::ExecuteAndClose(Close::Reset));
    send(&mut shop, RENEW).await;
    until_renewed(&daemon, 1).await;
    drop(shop);
    let mut shop = daemon.log_in("shop").await;
    let told = ask(&mut shop, RENEW).await;
    assert_eq!((code(&told), renewals(&daemon)), ("200", 1), "{told}");
    let told = ask(&mut shop, key).await;
    assert!(code(&told) == "200" && told.contains("property[rrp-replayed][0] = 1\n"), "{told}");
    for anew in [RENEW, "X-RRP-KEY=order-2\ncommand=AddDomain\ndomain=example.net\nperiod=1"] {
        let told = ask(&mut shop, anew).await;
        assert!(code(&told) == "531" && told.contains("property[rrp-state][0] = cap\n"), "{told}");
    }
    assert_eq!(renewals(&daemon), 1);
    daemon.end().await;
}

/// A client whose each order is asked for until it is answered, however often it is cut off. How many orders it gave.
async fn orders(daemon: &Daemon, mut random: u64, count: usize) -> usize {
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for _ in 0..count {
        loop {
            let mut desk = daemon.log_in("desk").await;
            send(&mut desk, RENEW).await;
            match next(4) {
                // It hangs up some time before it is answered, or after.
                0 => {
                    for _ in 0..next(400) {
                        tokio::task::yield_now().await;
                    }
                    continue;
                }
                1 => {
                    let _ = tokio::time::timeout(Duration::from_millis(200), desk.readable()).await;
                    continue;
                }
                2 => desk.shutdown().await.unwrap(),
                _ => {}
            }
            let told = reply(&mut desk).await;
            if code(&told) == "200" {
                break;
            }
            assert!(told.contains("property[rrp-state][0] = ") || code(&told) == "421", "{told}");
        }
    }
    count
}

#[tokio::test]
async fn nothing_is_done_more_often_than_it_was_ordered() {
    // Nine renewals: ten years are the most.
    let seed = 2_u64;
    let daemon =
        Daemon::with("sessions = 3\nsettle-wait = '40ms'\nnegatives = ['60ms', '20ms', '10ms']").await;
    drop(with_domain(&daemon).await);
    for (nth, effect) in [
        Effect::ExecuteAndClose(Close::Reset),
        Effect::CloseBefore(Close::Reset),
        Effect::Delay(Duration::from_millis(25)),
        Effect::ExecuteAndClose(Close::Fin),
        Effect::Answer { code: 421, text: None, executed: false, form: Form::Rrp, close: None },
        Effect::Cut { at: 7, executed: true, close: Close::Fin },
        Effect::Cut { at: 7, executed: false, close: Close::Reset },
        Effect::Delay(Duration::from_millis(60)),
    ]
    .into_iter()
    .cycle()
    .take(64)
    .enumerate()
    {
        if (seed.wrapping_add(nth as u64)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 62 != 0 {
            on_renewal(&daemon, effect);
        }
    }
    // One alone has exactly what it has ordered; where several order the same, one may be told what another one has.
    let alone = orders(&daemon, seed, 3).await;
    assert_eq!(renewals(&daemon), alone);
    let (first, second, third) = tokio::join!(
        orders(&daemon, seed ^ 0x1111, 2),
        orders(&daemon, seed ^ 0x5555, 2),
        orders(&daemon, seed ^ 0xaaaa, 2),
    );
    let (done, all) = (renewals(&daemon) - alone, first + second + third);
    assert!((1..=all).contains(&done), "{done} of {all}");
    daemon.end().await;
}
