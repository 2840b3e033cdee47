//! A shop that registers domains, loses the reply, and still never pays twice nor forgets what it bought.
//!
//! ```sh
//! cargo run --example register_with_settlement --features sim-server
//! ```
//!
//! The registry is simulated, on loopback, and misbehaves: it executes one registration and loses the reply, it loses
//! another one before it was executed, and it is slow to be asked about either. The shop's patience ends before that; what
//! it then holds is a ticket, with which it asks later.

use std::error::Error;
use std::time::{Duration, SystemTime};

use rrp::command::{Add, Safety, Session};
use rrp::dispatch::{Config, Outcome, Settled};
use rrp::net::{Connector, Tls};
use rrp::sim::server::{Listen, Server};
use rrp::sim::{self, Change, Close, Effect, Fault, Registrar, Registry, Stamp, Trigger};
use rrp::{Client, DomainName};

/// What the shop knows of an order.
#[derive(Debug, PartialEq, Eq)]
enum Order {
    Bought,
    Refused,
    /// Nothing was done, and it may be ordered anew.
    Free,
    /// For a person to look at.
    Ask,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = registry().await?;
    let authority = server.authority().ok_or("it listens without TLS")?;
    let client = Client::builder(server.address().to_string().parse()?)
        .login(Session::login("registrar", "i-am-it".to_owned())?)
        .connector(Connector::tls(Tls::ca_pem(authority.as_bytes())?))
        // A real registry allows a command a second, and may execute a lost command much later than this one: leave
        // these three as they are.
        .unlimited()
        .config(Config::new(1).least_reply(Duration::from_millis(100)).negatives(
            Duration::from_millis(500),
            Duration::ZERO,
            Duration::from_millis(200),
        ))
        .connect()
        .await?;

    let orders = ["example.com", "example.net", "example.org"];
    let mut known = Vec::new();
    for (number, name) in orders.into_iter().enumerate() {
        known.push(register(&client, name, &format!("order-{number}")).await?);
        println!("{name}: {:?}\n", known[number]);
    }
    assert_eq!(known, [Order::Bought, Order::Bought, Order::Free]);

    // What was proven not to be done may be done: under a new key, for it is a new order.
    assert_eq!(register(&client, "example.org", "order-3").await?, Order::Bought);
    // And what was done is not done again: whoever asks with the old key is told what came of it.
    assert_eq!(register(&client, "example.net", "order-1").await?, Order::Bought);
    client.shutdown().await;

    let registry = server.registry();
    for name in orders {
        assert_eq!(registry.ledger().changes(Change::Created, name), 1, "{name}");
    }
    println!("ledger: three domains, {} cents billed", registry.ledger().billed("registrar"));
    assert_eq!(registry.ledger().billed("registrar"), 30_00);
    Ok(())
}

async fn register(client: &Client, name: &str, key: &str) -> Result<Order, Box<dyn Error>> {
    let name: DomainName = name.parse()?;
    // An error says that nothing was sent. Half a second is a customer's patience at the till.
    let change =
        client.change(&Add::domain(&name), Safety::ReadBack).key(key).deadline(Duration::from_millis(500));
    Ok(match change.await? {
        Outcome::Accepted(accepted) => {
            println!("{name}: accepted, expires {:?}", accepted.expires());
            Order::Bought
        }
        Outcome::Refused(refusal) => {
            println!("{name}: refused: {}", refusal.text());
            Order::Refused
        }
        Outcome::InDoubt(doubt) => {
            println!("{name}: in doubt, ticket {}: {}", doubt.ticket(), doubt.reason());
            // Later, and from anywhere that has the ticket. It reads, and never sends a second ADD.
            match client.settle(doubt).await? {
                Settled::Applied(accepted) => {
                    println!("{name}: it was done, by {}", accepted.summary().proof().as_str());
                    Order::Bought
                }
                Settled::Refused(refusal) => {
                    println!("{name}: it was refused: {}", refusal.text());
                    Order::Refused
                }
                Settled::NotApplied(_) => {
                    println!("{name}: it was not done");
                    Order::Free
                }
                Settled::StillInDoubt(doubt) => {
                    println!("{name}: still in doubt, ticket {}", doubt.ticket());
                    Order::Ask
                }
            }
        }
    })
}

/// A registry that answers the first order, and loses the reply of the second and the command of the third.
async fn registry() -> Result<Server, Box<dyn Error>> {
    #[expect(clippy::disallowed_methods, reason = "its clock is to agree with ours, to a day")]
    let today = Stamp::midnight(1970, 1, 1).after(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?);
    let registrar = Registrar::new("registrar", "i-am-it").balance(50_00);
    let mut registry =
        Registry::new(sim::Config::new().registrar(registrar).start_date(today), Server::now());
    let add = |name: &str| Fault::on(Trigger::Command("add".into())).about(name);
    let status = |name: &str| Fault::on(Trigger::Command("status".into())).about(name);
    let slow = Effect::Delay(Duration::from_secs(1));
    registry
        .faults()
        .add(add("example.net").then(Effect::ExecuteAndClose(Close::Reset)))
        .add(status("example.net").then(slow.clone()))
        .add(add("example.org").then(Effect::CloseBefore(Close::Reset)))
        .add(status("example.org").then(slow));
    Ok(Server::start(registry, Listen::tls("127.0.0.1:0".parse()?)).await?)
}
