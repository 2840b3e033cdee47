//! A registry that is away, silent, or talks nonsense: only the command that meets it hears of it.

use std::time::Duration;

use futures_util::future::join_all;
use rrp::sim::{Change, Close, Effect, Fault, Form, Trigger};

use crate::harness::{Daemon, Local, Setup, assert_own, code};

const CHECK: &str = "command=CheckDomain\ndomain=example.com";
const STATUS: &str = "command=StatusDomain\ndomain=example.com";
const RENEW: &str = "command=RenewDomain\ndomain=example.com\nperiod=1";

async fn with_domain(daemon: &Daemon) -> [Local; 2] {
    let mut desk = daemon.log_in("desk").await;
    let added = desk.ask("command=AddDomain\ndomain=example.com\nperiod=1").await;
    assert_eq!(code(&added), "200", "{added}");
    [desk, daemon.log_in_by_tcp("batch").await]
}

/// What a query hears while this happens to the first command that is like it, and that others stay and are answered.
async fn queried(effect: Effect) -> String {
    let daemon = Setup::new().account("timeout = '1s'").start().await;
    let [mut desk, mut batch] = with_domain(&daemon).await;
    daemon.fault("CheckDomain", effect);
    desk.request(CHECK).await;
    assert_eq!(code(&batch.ask(STATUS).await), "200");
    let told = desk.reply().await;
    // Both are there still.
    for local in [&mut desk, &mut batch] {
        assert_eq!(code(&local.ask(CHECK).await), "211");
        assert_eq!(code(&local.ask(STATUS).await), "200");
    }
    daemon.end().await;
    told
}

#[tokio::test]
async fn a_query_outlives_what_happens_to_its_session() {
    let cases = [
        Effect::Stall,
        Effect::CloseBefore(Close::Reset),
        Effect::CloseBefore(Close::Orderly),
        Effect::ExecuteAndClose(Close::Fin),
        Effect::Cut { at: 30, executed: true, close: Close::Reset },
        Effect::Cut { at: 1, executed: true, close: Close::Orderly },
        Effect::Garble,
        Effect::answer(220, false),
        Effect::answer(420, false),
        Effect::answer(421, false),
        Effect::answer(520, false),
        Effect::answer(521, false),
        Effect::LoseLogin,
        Effect::Twice,
        Effect::Surplus("200 Command completed successfully\r\n.\r\n".into()),
    ];
    // All at once, for some wait.
    let told = join_all(cases.iter().cloned().map(queried)).await;
    for (effect, told) in cases.iter().zip(told) {
        assert_eq!(code(&told), "211", "{effect:?}: {told}");
    }
}

#[tokio::test]
async fn a_surplus_reply_is_nobodys() {
    let daemon = Daemon::start().await;
    let [mut desk, mut batch] = with_domain(&daemon).await;
    let surplus = "[RESPONSE]\r\ncode = 210\r\ndescription = surplus\r\nEOF\r\n.\r\n";
    let trigger = Trigger::Command("CheckDomain".to_owned());
    daemon.add(Fault::on(trigger).then(Effect::Surplus(surplus.into())).times(3));
    for _ in 0..3 {
        for local in [&mut desk, &mut batch] {
            for (lines, wanted) in [(CHECK, "211"), (STATUS, "200")] {
                let told = local.ask(lines).await;
                assert!(code(&told) == wanted && !told.contains("surplus"), "{told}");
            }
        }
    }
    daemon.end().await;
}

#[tokio::test]
async fn a_write_is_done_once_whatever_happens_to_its_session() {
    let cut = |at| Effect::Cut { at, executed: true, close: Close::Reset };
    let unmade = |code| Effect::answer(code, false);
    let made = |code| Effect::answer(code, true);
    for effect in [
        Effect::CloseBefore(Close::Reset),
        Effect::ExecuteAndClose(Close::Orderly),
        cut(1),
        cut(40),
        Effect::Garble,
        Effect::Twice,
        unmade(420),
        unmade(421),
        unmade(423),
        unmade(520),
        unmade(521),
        made(420),
        made(421),
        made(423),
        made(520),
        made(521),
    ] {
        let daemon = Daemon::start().await;
        let [mut desk, mut batch] = with_domain(&daemon).await;
        daemon.fault("RenewDomain", effect.clone());
        desk.request(RENEW).await;
        assert_eq!(code(&batch.ask(STATUS).await), "200");
        let told = desk.reply().await;
        assert_eq!(
            (code(&told), daemon.changes(Change::Renewed, "example.com")),
            ("200", 1),
            "{effect:?}: {told}"
        );
        for local in [&mut desk, &mut batch] {
            assert_eq!(code(&local.ask(STATUS).await), "200", "{effect:?}");
        }
        daemon.end().await;
    }
}

#[tokio::test]
async fn a_write_that_meets_a_lost_login_is_refused_and_the_next_is_not() {
    let daemon = Daemon::start().await;
    let [mut desk, mut batch] = with_domain(&daemon).await;
    daemon.fault("RenewDomain", Effect::LoseLogin);
    let told = desk.ask(RENEW).await;
    assert_eq!((code(&told), daemon.changes(Change::Renewed, "example.com")), ("547", 0), "{told}");
    assert_eq!(code(&batch.ask(STATUS).await), "200");
    assert_eq!(code(&desk.ask(RENEW).await), "200");
    daemon.end().await;
}

#[tokio::test]
async fn an_account_that_is_locked_out_waits_and_its_clients_stay() {
    let daemon = Setup::new().account("query-deadline = '1s'").start().await;
    let [mut desk, mut batch] = with_domain(&daemon).await;
    daemon.fault("CheckDomain", Effect::answer(422, false));
    // Held for minutes: told when its time is over, and that it is for now.
    assert_eq!(code(&desk.ask(CHECK).await), "422");
    let told = batch.ask(&format!("{RENEW}\nX-RRP-DEADLINE=1")).await;
    assert_own(&told, "421");
    assert!(told.contains("not sent"), "{told}");
    assert_eq!(daemon.changes(Change::Renewed, "example.com"), 0);
    for local in [&mut desk, &mut batch] {
        assert_own(&local.ask("command=StopSession").await, "531");
    }
    daemon.end().await;
}

#[tokio::test]
async fn a_refused_login_at_the_registry_is_not_the_clients_own() {
    for code_of_registry in [530, 531] {
        let mut setup = Setup::new().account("query-deadline = '1s'\nchange-deadline = '1s'");
        setup.wrong_password = code_of_registry == 530;
        let daemon = setup.start().await;
        daemon.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(code_of_registry)).always());
        // The local login is right.
        let mut desk = daemon.log_in("desk").await;
        for lines in [CHECK, RENEW, STATUS] {
            let told = desk.ask(lines).await;
            assert_own(&told, "421");
            assert!(told.contains("not sent") || told.contains("no response"), "{told}");
            for never in ["530", "531", "549", "Login error", "Authentication"] {
                assert!(!told.contains(never), "{never}: {told}");
            }
        }
        assert_eq!(daemon.reached(), [] as [&str; 0]);
        daemon.end().await;
    }
}

/// With a clock that is let go whenever nothing else does: it is tried again ever more seldom.
#[tokio::test(start_paused = true)]
async fn a_registry_that_is_away_is_told_as_that() {
    for effect in [Effect::CloseBefore(Close::Reset), Effect::answer(521, false)] {
        let daemon =
            Setup::in_memory().account("query-deadline = '1s'\nchange-deadline = '1s'").start().await;
        daemon.add(Fault::on(Trigger::AnyConnection).then(effect.clone()).always());
        let mut desk = daemon.log_in("desk").await;
        for lines in [CHECK, RENEW] {
            let told = desk.ask(lines).await;
            assert!(code(&told) == "421", "{effect:?}: {told}");
            assert_own(&told, "421");
        }
        // And when it is back, the client is still there.
        daemon.registry.registry().faults().clear();
        let back = loop {
            let told = desk.ask(CHECK).await;
            if code(&told) != "421" {
                break told;
            }
        };
        assert_eq!(code(&back), "210", "{effect:?}: {back}");
        daemon.end().await;
    }
}

#[tokio::test]
async fn an_empty_answer_to_the_login_is_no_login() {
    let daemon = Setup::new().account("query-deadline = '5s'\ntimeout = '1s'").start().await;
    daemon.add(Fault::on(Trigger::Login).then(Effect::EmptyLogin).times(2));
    let mut desk = daemon.log_in("desk").await;
    let told = loop {
        let told = desk.ask(CHECK).await;
        if code(&told) != "421" {
            break told;
        }
        assert_own(&told, "421");
    };
    assert_eq!(code(&told), "210", "{told}");
    daemon.end().await;
}

#[tokio::test]
async fn a_line_of_rrp_keeps_its_attributes_and_a_closing_code_closes_nothing_here() {
    for (account, stays) in [("", true), ("close-as-mregd = true", false)] {
        let daemon = Setup::new().account(account).start().await;
        let [mut desk, mut batch] = with_domain(&daemon).await;
        // To a write, so that it is told as it came.
        let effect = |code, executed, close| Effect::Answer {
            code,
            text: Some("Told in a line".to_owned()),
            executed,
            form: Form::Rrp,
            close,
        };
        daemon.fault("ModifyDomain", effect(541, false, None));
        let told = desk.ask("command=ModifyDomain\ndomain=example.com\naddstatus0=x").await;
        assert_eq!(told, "[RESPONSE]\ncode = 541\ndescription = Told in a line\nEOF\n");
        daemon.fault("RenewDomain", effect(220, true, Some(Close::Orderly)));
        desk.request(RENEW).await;
        assert_eq!(code(&desk.reply().await), "220");
        assert_eq!(daemon.changes(Change::Renewed, "example.com"), 1);
        if stays {
            assert_eq!(code(&desk.ask(STATUS).await), "200");
        } else {
            assert_eq!(desk.rest().await, "");
        }
        assert_eq!(code(&batch.ask(STATUS).await), "200");
        tokio::time::sleep(Duration::ZERO).await;
        daemon.end().await;
    }
}
