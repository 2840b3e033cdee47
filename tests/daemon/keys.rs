//! Our own parameters: stripped, and meant; and what is not ours is forwarded.

use std::time::Duration;

use rrp::sim::{Change, Effect};

use crate::harness::{Daemon, Setup, assert_own, code};

const REPLAYED: &str = "property[rrp-replayed][0] = 1\n";

#[tokio::test]
async fn a_key_is_the_users_and_stands_for_one_write() {
    let daemon = Daemon::start().await;
    let mut desk = daemon.log_in("desk").await;
    assert_eq!(code(&desk.ask("command=AddDomain\ndomain=example.com\nperiod=1").await), "200");
    let renew = |key: &str, years: u8| {
        format!(
            "command=RenewDomain\nx-rrp-key={key}\ndomain=example.com\nperiod={years}\nX-RRP-LANE=bulk\nX-Rrp-Deadline=100"
        )
    };
    let told = desk.ask(&renew("a", 1)).await;
    assert!(code(&told) == "200" && !told.contains(REPLAYED), "{told}");
    let told = desk.ask(&renew("a", 1)).await;
    assert!(code(&told) == "200" && told.contains(REPLAYED), "{told}");
    let told = desk.ask(&renew("a", 2)).await;
    assert_own(&told, "504");
    assert!(told.contains("property[rrp-state][0] = key-conflict\n"), "{told}");
    assert_eq!(code(&desk.ask(&renew("b", 1)).await), "200");
    assert_eq!(daemon.changes(Change::Renewed, "example.com"), 2);
    // Another user's key is another key.
    let mut batch = daemon.log_in("batch").await;
    assert_eq!(code(&batch.ask(&renew("a", 1)).await), "200");
    assert_eq!(daemon.changes(Change::Renewed, "example.com"), 3);
    // The registry does not know such parameters, and would have refused them: it never saw them.
    daemon.end().await;
}

#[tokio::test]
async fn a_key_outlives_the_daemon() {
    let daemon = Daemon::start().await;
    let mut desk = daemon.log_in("desk").await;
    assert_eq!(
        code(&desk.ask("command=AddDomain\ndomain=example.com\nperiod=1\nX-RRP-KEY=add").await),
        "200"
    );
    let daemon = daemon.restart().await;
    let mut desk = daemon.log_in("desk").await;
    let told = desk.ask("command=AddDomain\ndomain=example.com\nperiod=1\nX-RRP-KEY=add").await;
    assert!(code(&told) == "200" && told.contains(REPLAYED), "{told}");
    assert_eq!(daemon.changes(Change::Created, "example.com"), 1);
    daemon.end().await;
}

#[tokio::test]
async fn a_cltrid_is_a_key_only_where_that_is_said() {
    for (users, renewed) in [("", 2), ("cltrid-is-key = true", 1)] {
        let daemon = Setup::new().users(users).start().await;
        let mut desk = daemon.log_in("desk").await;
        assert_eq!(code(&desk.ask("command=AddDomain\ndomain=example.com\nperiod=1").await), "200");
        for _ in 0..2 {
            let told = desk.ask("command=RenewDomain\ndomain=example.com\nperiod=1\ncltrid=mine-1").await;
            assert_eq!(code(&told), "200", "{told}");
            // It is forwarded in any case, and comes back from the registry.
            assert!(told.contains(REPLAYED) || told.contains("property[cltrid][0] = mine-1\n"), "{told}");
        }
        assert_eq!(daemon.changes(Change::Renewed, "example.com"), renewed, "{users}");
        daemon.end().await;
    }
}

#[tokio::test]
async fn a_deadline_is_the_callers_and_disturbs_nobody() {
    let daemon = Setup::new().account("sessions = 1").start().await;
    let mut desk = daemon.log_in("desk").await;
    let mut batch = daemon.log_in("batch").await;
    daemon.fault("CheckDomain", Effect::Delay(Duration::from_millis(2_500)));
    desk.request("command=CheckDomain\ndomain=example.com").await;
    while daemon.reached().is_empty() {
        tokio::task::yield_now().await;
    }
    // In line for longer than it has time: it is not sent.
    let told = batch.ask("command=AddDomain\ndomain=example.net\nperiod=1\nX-RRP-DEADLINE=1").await;
    assert_own(&told, "421");
    assert_eq!(code(&desk.reply().await), "210");
    assert_eq!(code(&batch.ask("command=CheckDomain\ndomain=example.net").await), "210");
    assert_eq!(daemon.changes(Change::Created, "example.net"), 0);
    for wrong in ["0", "", "-1", "1.5", "soon", "99999999999999999999"] {
        let told =
            batch.ask(&format!("command=CheckDomain\ndomain=example.net\nX-RRP-DEADLINE={wrong}")).await;
        assert_own(&told, "507");
    }
    for (lane, wanted) in
        [("bulk", "210"), ("NORMAL", "210"), ("interactive", "531"), ("settle", "507"), ("", "507")]
    {
        let told = batch.ask(&format!("command=CheckDomain\ndomain=example.net\nX-RRP-LANE={lane}")).await;
        assert_eq!(code(&told), wanted, "{lane}: {told}");
    }
    daemon.end().await;
}
