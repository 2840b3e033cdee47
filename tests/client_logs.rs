//! What a client logs at TRACE: enough to follow it, and no secret.
#![cfg(feature = "sim-server")]

#[path = "client/hub.rs"]
mod hub;
#[path = "support/log.rs"]
mod log;

use rrp::DomainName;
use rrp::command::{Add, Check, Ptf, Safety};
use rrp::dispatch::Outcome;
use rrp::journal::Journal;
use rrp::sim::{Close, Effect, Fault, Trigger};

use hub::{Hub, PASSWORD, journal};
use log::Log;

const PLANTED: &str = "pl4nted";

/// Everything that is logged from here on.
fn logged() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

fn text(log: &Log) -> String {
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_logged_tells_the_way_of_a_command_and_no_secret() {
    let (log, _guard) = logged();
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    let name: DomainName = "example.com".parse().unwrap();
    hub.fault("add", Effect::ExecuteAndClose(Close::Fin));
    let Ok(Outcome::Accepted(_)) = client.change(&Add::domain(&name), Safety::ReadBack).await else {
        panic!()
    };
    let code = Ptf::change("SetAuthCode").unwrap().param("domain", "example.com").unwrap();
    let code = code.secret("auth", PLANTED.to_owned().into()).unwrap();
    let shown = format!("{:?}", client.change(&code, Safety::ReadBack));
    let told = client.change(&code, Safety::ReadBack).key("a-key").await;
    client.query(&Check::domain(&name)).await.unwrap();
    client.shutdown().await;
    let logged = text(&log);
    for secret in [PLANTED, PASSWORD] {
        assert!(!logged.contains(secret), "{logged}");
        assert!(!format!("{shown}{told:?}{client:?}").contains(secret), "{shown} {told:?}");
    }
    for event in
        ["session is open", "sending", "change accepted", "no answer", "recording", "client has ended"]
    {
        assert!(logged.contains(event), "no {event:?} in {logged}");
    }
}

/// Whatever becomes of a change of the password.
#[tokio::test(start_paused = true)]
async fn neither_password_is_logged_or_shown_while_it_is_changed() {
    let refused = Effect::RefuseLogin(530);
    let fates = [
        (vec![], "password is changed"),
        (vec![Effect::ExecuteAndClose(Close::Fin)], "password is changed"),
        (vec![Effect::CloseBefore(Close::Fin)], "password is not changed"),
        (vec![refused.clone()], "password is not changed"),
        (vec![Effect::CloseBefore(Close::Fin), refused.clone(), refused], "nobody knows"),
    ];
    for (effects, event) in fates {
        let (log, _guard) = logged();
        let (hub, journal) = (Hub::new(), journal());
        let client = hub.client(journal.clone()).await;
        let mut events = client.events();
        let name: DomainName = "example.com".parse().unwrap();
        client.query(&Check::domain(&name)).await.unwrap();
        for effect in effects {
            hub.add(Fault::on(Trigger::Login).then(effect));
        }
        let call = client.change_password(PLANTED.to_owned(), |_| async { std::io::Result::Ok(()) });
        let told = call.await;
        let snapshot = client.snapshot().await.unwrap();
        client.shutdown().await;
        let mut seen = Vec::new();
        while let Some(event) = events.next().await {
            seen.push(event);
        }
        let builder = hub.builder_with(PLANTED).password_before(PASSWORD.to_owned());
        let kept = journal.restore(0).await.unwrap();
        let shown =
            format!("{told:?} {told:#?} {snapshot:?} {seen:?} {builder:?} {client:?} {:?}", kept.account());
        let error = told.as_ref().err().map(ToString::to_string).unwrap_or_default();
        drop(kept);
        let client = builder.journal(journal).connect().await.unwrap();
        let _ = client.query(&Check::domain(&name)).await;
        client.shutdown().await;
        let logged = text(&log);
        assert!(logged.contains(event), "no {event:?} in {logged}");
        for secret in [PLANTED, PASSWORD] {
            assert!(!logged.contains(secret), "{logged}");
            assert!(!shown.contains(secret) && !error.contains(secret), "{shown} {error}");
        }
    }
}
