//! A nightly run that renews domains, is killed in the middle, and is started again: each is renewed once.
//!
//! ```sh
//! cargo run --example nightly_renewal --features sim-server,journal
//! ```
//!
//! Each renewal has a key, and the journal is a file. What was done before the kill is told again and not done again; what
//! was on its way is in doubt, and is read back first. The registry, simulated and on loopback, loses three replies in ten.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rrp::command::{Period, Renew, Safety, Session, Year};
use rrp::dispatch::{Config, Outcome};
use rrp::journal::{Embedded, Options, Scope};
use rrp::net::{Connector, Endpoint};
use rrp::sim::server::{Listen, Server};
use rrp::sim::{self, Change, Close, Domain, Effect, Fault, Registrar, Registry, Stamp, Trigger};
use rrp::{Client, DomainName};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// So many are to be renewed.
const DOMAINS: usize = 24;
/// After so many, the first run is killed.
const KILLED_AFTER: usize = 9;
/// They all expire in this year, says the shop's own list.
const EXPIRING: u16 = 2030;

type Anyhow = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Anyhow> {
    // The registry lives on, whatever becomes of its clients.
    let theirs = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let server = theirs.block_on(registry())?;
    let endpoint: Endpoint = server.address().to_string().parse()?;
    let directory = directory()?;
    let path = directory.join("journal.redb");

    let (first, journal) = (ours()?, open(&path, &endpoint)?);
    let told = first.block_on(renew_all(endpoint.clone(), journal.clone(), KILLED_AFTER))?;
    // Killed: with all that waits and all that is on the wire.
    drop(first);
    println!("first run: {told} were told, then it was killed");
    theirs.block_on(journal.close())?;

    let (second, journal) = (ours()?, open(&path, &endpoint)?);
    let told = second.block_on(renew_all(endpoint, journal.clone(), DOMAINS))?;
    println!("second run: {told} were told");
    theirs.block_on(journal.close())?;
    std::fs::remove_dir_all(&directory)?;

    assert_eq!(told, DOMAINS);
    let registry = server.registry();
    for name in (0..DOMAINS).map(name) {
        assert_eq!(registry.ledger().changes(Change::Renewed, &name), 1, "{name}");
    }
    println!(
        "ledger: {DOMAINS} domains, each renewed once, {} cents billed",
        registry.ledger().billed("registrar")
    );
    Ok(())
}

/// Renews what is on the list, and returns once so many are known to be.
async fn renew_all(endpoint: Endpoint, journal: Embedded, enough: usize) -> Result<usize, Anyhow> {
    let client = Client::builder(endpoint)
        .login(Session::login("registrar", "i-am-it".to_owned())?)
        .connector(Connector::plain())
        .journal(journal)
        // For a simulated registry: a real one allows a command a second, and may execute a lost command much later.
        .unlimited()
        .config(Config::new(1).negatives(
            Duration::from_millis(300),
            Duration::ZERO,
            Duration::from_millis(100),
        ))
        .connect()
        .await?;
    for doubt in client.doubts().await? {
        println!("left in doubt: ticket {}, key {:?}", doubt.ticket(), doubt.intent().key());
    }
    let mut calls = JoinSet::new();
    for name in (0..DOMAINS).map(name) {
        let name: DomainName = name.parse()?;
        let client = client.clone();
        // With the year in it the registry refuses to renew what has been renewed, and no reading is needed before it.
        let renew = Renew::domain(&name, Period::years(1)?, Year::new(EXPIRING)?);
        let key = format!("renewal of {name} in {EXPIRING}");
        calls.spawn(async move { (name, client.change(&renew, Safety::ReadBack).key(&key).await) });
    }
    let mut done = 0;
    while let Some(call) = calls.join_next().await {
        match call? {
            (name, Ok(Outcome::Accepted(accepted))) => {
                let how = if accepted.is_replayed() {
                    "known already"
                } else {
                    accepted.summary().proof().as_str()
                };
                println!("{name}: renewed, {how}");
                done += 1;
            }
            (name, other) => return Err(format!("{name}: {other:?}").into()),
        }
        if done == enough {
            break;
        }
    }
    if done == DOMAINS {
        client.shutdown().await;
    }
    Ok(done)
}

fn ours() -> Result<Runtime, Anyhow> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// The journal of this account at this registry.
fn open(path: &Path, endpoint: &Endpoint) -> Result<Embedded, Anyhow> {
    let now = u64::try_from(since_1970()?.as_millis())?;
    let scope = Scope::new(&endpoint.to_string(), "registrar");
    Ok(Embedded::open(path, &scope, &Options::new(), now)?)
}

fn name(number: usize) -> String {
    format!("example-{number}.com")
}

#[expect(clippy::disallowed_methods, reason = "an example has no other clock")]
fn since_1970() -> Result<Duration, Anyhow> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?)
}

/// A directory of our own.
fn directory() -> Result<std::path::PathBuf, Anyhow> {
    let directory = std::env::temp_dir().join(format!("rrp-nightly-renewal-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// A registry with all these domains, that loses three replies in ten.
async fn registry() -> Result<Server, Anyhow> {
    let registrar = Registrar::new("registrar", "i-am-it").balance(100_000);
    let config = sim::Config::new().registrar(registrar).seed(4).latency(Duration::from_millis(2));
    let mut registry = Registry::new(config, Server::now());
    let created = Stamp::midnight(2025, 1, 1);
    for name in (0..DOMAINS).map(name) {
        registry.insert_domain(Domain::new(&name, "registrar", created, created.years_later(5)));
    }
    let lost = Fault::on(Trigger::Command("renew".into())).then(Effect::ExecuteAndClose(Close::Reset));
    registry.faults().add(lost.always().with_probability(0.3));
    Ok(Server::start(registry, Listen::plain("127.0.0.1:0".parse()?)).await?)
}
