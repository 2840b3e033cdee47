//! What a client logs at TRACE: enough to follow it, and no secret.
#![cfg(feature = "sim-server")]

#[path = "client/hub.rs"]
mod hub;
#[path = "support/log.rs"]
mod log;

use rrp::DomainName;
use rrp::command::{Add, Check, Ptf, Safety};
use rrp::dispatch::Outcome;
use rrp::sim::{Close, Effect};

use hub::{Hub, PASSWORD, journal};
use log::Log;

const PLANTED: &str = "pl4nted";

#[tokio::test(start_paused = true)]
async fn what_is_logged_tells_the_way_of_a_command_and_no_secret() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
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
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
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
