//! Testing your own code against a registry that fails on demand.
//!
//! ```sh
//! cargo run --example simulated_registry --features sim-server
//! ```
//!
//! A simulated registry listens on loopback, with TLS. It executes the first `AddDomain`, bills it, and resets the
//! connection instead of answering. What the client believes is then held against what the registry did.

use std::error::Error;

use rrp::command::{Command, PtfCommand, Session};
use rrp::net::{Connection, Connector, Endpoint, Tls};
use rrp::session::{Config, Fate};
use rrp::sim::server::{Listen, Server};
use rrp::sim::{self, Close, Effect, Fault, Registrar, Registry, Trigger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // A registry with one registrar, who has 50.00 on the account; a year costs 10.00.
    let config = sim::Config::new().registrar(Registrar::new("registrar", "i-am-it").balance(50_00));
    let mut registry = Registry::new(config, Server::now());
    let lost = Fault::on(Trigger::Command("AddDomain".into())).then(Effect::ExecuteAndClose(Close::Reset));
    registry.faults().add(lost);

    // Port 0 takes a free one; the certificate is signed by an authority that nobody else trusts.
    let server = Server::start(registry, Listen::tls("127.0.0.1:0".parse()?)).await?;
    let authority = server.authority().ok_or("it listens without TLS")?;
    let connector = Connector::tls(Tls::ca_pem(authority.as_bytes())?);
    let endpoint: Endpoint = server.address().to_string().parse()?;

    // The code under test: here, a bare session.
    let login = || Session::login("registrar", "i-am-it".to_owned()).map(Config::new);
    let connection = Connection::open(connector.connect(&endpoint).await?, login()?).await?;
    let fate = connection.send(ptf("AddDomain")?).await?;
    println!("AddDomain:    {}", in_words(&fate));
    println!("session:      {}", connection.ended().await);
    assert!(matches!(fate, Fate::Unanswered), "the client cannot know");

    // What really happened stands in the ledger. The lock is not to be held over an `await`.
    {
        let registry = server.registry();
        let ledger = registry.ledger();
        assert_eq!((ledger.executed("AddDomain", "example.com"), ledger.billed("registrar")), (1, 10_00));
        println!("ledger:       executed once, {} cents billed", ledger.billed("registrar"));
    }

    // So it must not be sent again. On another session a query tells.
    let connection = Connection::open(connector.connect(&endpoint).await?, login()?).await?;
    let fate = connection.send(ptf("StatusDomain")?).await?;
    println!("StatusDomain: {}", in_words(&fate));
    assert!(matches!(&fate, Fate::Answered(reply) if reply.code() == 200), "it is ours");
    println!("session:      {}", connection.quit().await);
    Ok(())
}

fn ptf(name: &str) -> Result<Command, Box<dyn Error>> {
    Ok(PtfCommand::new(name)?.param("domain", "example.com")?.into())
}

fn in_words(fate: &Fate) -> String {
    match fate {
        Fate::Unsent(_) => "not sent".to_owned(),
        Fate::Answered(reply) => format!("{} {}", reply.code(), reply.text()),
        Fate::Unanswered => "no answer: executed or not, nobody knows".to_owned(),
    }
}
