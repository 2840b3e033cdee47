//! Sessions that are lost on their way to the first command, or right behind their login.

use std::time::Duration;

use rrp::DomainName;
use rrp::client::{Availability, Event};
use rrp::command::{Check, CheckDomain};
use rrp::pace::Rate;
use rrp::pool;
use rrp::sim::{Close, Effect, Fault, Trigger};
use tokio::time::Instant;

use crate::hub::{Hub, journal};

fn check() -> CheckDomain {
    let name: DomainName = "example.com".parse().unwrap();
    Check::domain(&name)
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_while_its_login_waits_for_its_turn_is_opened_again() {
    let hub = Hub::new();
    hub.add(Fault::on(Trigger::Idle(Duration::from_secs(5))).then(Effect::Close(Close::Fin)));
    let builder = hub.builder().rate(Rate::every(Duration::from_secs(20)));
    let client = builder.journal(journal()).connect().await.unwrap();
    let mut events = client.events();
    let begun = Instant::now();
    assert_eq!(client.query(&check()).await.unwrap(), Availability::Available);
    assert_eq!((hub.dials(), hub.most(), hub.heard("session").len()), (2, 1, 1));
    assert_eq!(begun.elapsed().as_secs(), 40, "nothing was sent on the first one, and nothing paid");
    let Some(Event::Sessions(pool::Event::NotOpened { session: 1, why })) = events.next().await else {
        panic!()
    };
    assert!(why.as_str().contains("closed by the registry"), "{why}");
    assert!(matches!(events.next().await, Some(Event::Sessions(pool::Event::Opened { session: 2 }))));
}

/// Whatever comes behind the success of a login, the login was accepted, and the session is over.
#[tokio::test(start_paused = true)]
async fn a_session_lost_right_behind_its_login_is_opened_again() {
    let cases = [
        Effect::Close(Close::Fin),
        Effect::Close(Close::Orderly),
        Effect::Twice,
        Effect::Surplus("noise\r\n.\r\n".into()),
        Effect::UnsolicitedCode(520),
        Effect::EmptyLogin,
        Effect::Garble,
        Effect::CloseBefore(Close::Fin),
        Effect::ExecuteAndClose(Close::Fin),
        Effect::Cut { at: 7, executed: true, close: Close::Fin },
    ];
    for effect in cases {
        for sessions in [1, 3] {
            let hub = Hub::new();
            hub.add(Fault::on(Trigger::Login).then(effect.clone()).times(3));
            let builder = hub.builder().sessions(0..=sessions).rate(Rate::PER_SECOND);
            let client = builder.journal(journal()).connect().await.unwrap();
            let told = client.query(&check()).deadline(Duration::from_secs(3_000)).await;
            assert_eq!(told.unwrap(), Availability::Available, "{effect:?}");
            // As many as went wrong, and one more; and never two at a time.
            assert_eq!((hub.dials(), hub.most()), (4, 1), "{effect:?}");
            for pair in hub.heard("").windows(2) {
                assert!(pair[1].when - pair[0].when >= Duration::from_secs(1), "{effect:?}: {pair:?}");
            }
            let begun = Instant::now();
            client.shutdown().await;
            assert!(begun.elapsed() <= Duration::from_secs(2), "{effect:?}");
            assert_eq!(hub.registry(|registry| registry.connections().len()), 0, "{effect:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_never_greets_is_given_up_and_tried_again() {
    let hub = Hub::new();
    hub.add(Fault::on(Trigger::AnyConnection).then(Effect::Stall).times(2));
    let client = hub.builder().journal(journal()).connect().await.unwrap();
    let begun = Instant::now();
    let told = client.query(&check()).deadline(Duration::from_secs(600)).await;
    assert_eq!(told.unwrap(), Availability::Available);
    assert!((60..70).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!((hub.dials(), hub.most(), hub.heard("session").len()), (3, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_greets_with_a_refusal_is_tried_again_later() {
    for code in [420, 520, 521] {
        let hub = Hub::new();
        hub.add(Fault::on(Trigger::AnyConnection).then(Effect::answer(code, false)).times(2));
        let client = hub.builder().journal(journal()).connect().await.unwrap();
        let told = client.query(&check()).deadline(Duration::from_secs(3_000)).await;
        assert_eq!(told.unwrap(), Availability::Available, "{code}");
        assert_eq!((hub.dials(), hub.most(), hub.heard("session").len()), (3, 1, 1), "{code}");
    }
}
