//! A daemon that is told to end, under load: everybody hears something that is true, and nothing is lost.

use std::collections::BTreeMap;
use std::time::Duration;

use rrp::sim::{Change, Effect, Fault, Trigger};
use tokio::io::AsyncReadExt;

use crate::harness::{Daemon, Local, Setup, code};

/// What each of these names was told, if anything.
type Told = BTreeMap<String, Option<String>>;

fn add(name: &str) -> String {
    format!("command=AddDomain\ndomain={name}\nperiod=1")
}

/// Registers names, one after the other, until it is not answered.
async fn registers(mut local: Local, prefix: String) -> Told {
    let mut told = Told::new();
    for number in 0.. {
        let name = format!("{prefix}{number}.com");
        use tokio::io::AsyncWriteExt;
        let request = format!("[COMMAND]\n{}\nEOF\n", add(&name));
        if local.write_all(request.as_bytes()).await.is_err() {
            break;
        }
        let mut answer = Vec::new();
        let whole = loop {
            if answer.ends_with(b"\nEOF\n") {
                break true;
            }
            match local.read_u8().await {
                Ok(byte) => answer.push(byte),
                Err(_) => break false,
            }
        };
        assert!(whole || answer.is_empty(), "{:?}", String::from_utf8_lossy(&answer));
        told.insert(name, whole.then(|| String::from_utf8(answer).unwrap()));
        if !whole {
            break;
        }
    }
    told
}

async fn under_load(daemon: &Daemon) -> Vec<tokio::task::JoinHandle<Told>> {
    let slow = Effect::Delay(Duration::from_millis(20));
    daemon.add(Fault::on(Trigger::Command("AddDomain".to_owned())).then(slow).always());
    let mut clients = Vec::new();
    for client in 0..8 {
        let local =
            if client % 2 == 0 { daemon.log_in("desk").await } else { daemon.log_in_by_tcp("batch").await };
        clients.push(tokio::spawn(registers(local, format!("name{client}-"))));
    }
    while daemon.reached().len() < 20 {
        tokio::task::yield_now().await;
    }
    clients
}

#[tokio::test]
async fn what_is_under_way_is_finished_and_told() {
    for sessions in [1, 4] {
        let daemon = Setup::new().account(&format!("sessions = {sessions}")).start().await;
        let _silent = daemon.connect().await;
        let _idle = daemon.log_in("desk").await;
        let clients = under_load(&daemon).await;
        let registry = daemon.end().await;
        let mut refused = 0;
        for client in clients {
            for (name, told) in client.await.unwrap() {
                let created = registry.registry().ledger().changes(Change::Created, &name);
                match told.as_deref().map(code) {
                    Some("200") => assert_eq!(created, 1, "{name}"),
                    Some("421") => {
                        assert!(told.unwrap().contains("not sent"));
                        assert_eq!(created, 0, "{name}");
                        refused += 1;
                    }
                    // It was closed before it had asked, or its request was never read.
                    None => assert_eq!(created, 0, "{name}"),
                    _ => panic!("{name}: {told:?}"),
                }
            }
        }
        assert!(refused > 0 || sessions > 1);
    }
}
