//! A program without `async`: a runtime is kept beside it, and each call is waited for.
//!
//! ```sh
//! cargo run --example blocking --features sim-server
//! ```
//!
//! The runtime has a thread of its own, on which the client goes on while nobody waits: it finishes what was begun, and
//! notices when the registry closes. `block_on` is for threads that have no runtime; from a thread of a runtime it panics.
//! The registry is simulated, on loopback.

use std::error::Error;
use std::time::{Duration, SystemTime};

use rrp::client::Availability;
use rrp::command::{Add, Check, Period, Ptf, Safety, Session, Status};
use rrp::dispatch::Outcome;
use rrp::net::Connector;
use rrp::sim::server::{Listen, Server};
use rrp::sim::{self, Registrar, Registry, Stamp};
use rrp::{Client, DomainName};
use tokio::runtime::{Builder, Runtime};

/// What a program without `async` may want of the client.
struct Shop {
    client: Client,
    runtime: Runtime,
}

impl Shop {
    fn open(address: &str) -> Result<Self, Box<dyn Error>> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let client = Client::builder(address.parse()?)
            .login(Session::login("registrar", "i-am-it".to_owned())?)
            .connector(Connector::plain())
            // For a simulated registry: a real one allows a command a second.
            .unlimited();
        Ok(Self { client: runtime.block_on(client.connect())?, runtime })
    }

    fn is_free(&self, name: &DomainName) -> Result<bool, Box<dyn Error>> {
        // A deadline belongs into the call: it counts the waiting for a turn, too.
        let check = self.client.query(&Check::domain(name)).deadline(Duration::from_secs(10));
        Ok(self.runtime.block_on(check.into_future())? == Availability::Available)
    }

    fn register(&self, name: &DomainName) -> Result<(), Box<dyn Error>> {
        let add = Add::domain(name).period(Period::years(2)?);
        match self.runtime.block_on(self.client.change(&add, Safety::ReadBack).into_future())? {
            Outcome::Accepted(_) => Ok(()),
            Outcome::Refused(refusal) => Err(format!("refused: {}", refusal.text()).into()),
            Outcome::InDoubt(doubt) => Err(format!("in doubt, ticket {}", doubt.ticket()).into()),
        }
    }

    /// All that is ours, ten at a time.
    fn domains(&self) -> Result<Vec<String>, Box<dyn Error>> {
        let mut list = self.client.list(&Ptf::query("QueryDomainList")?).limit(10);
        let mut names = Vec::new();
        while let Some(page) = self.runtime.block_on(list.next()) {
            let page = page?;
            names.extend(page.property("domain").map(|name| name.into_owned()));
            println!("{} of {} domains", names.len(), list.total().unwrap_or_default());
        }
        Ok(names)
    }

    fn close(self) {
        self.runtime.block_on(self.client.shutdown());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // In the place of a registry.
    let theirs = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let server = theirs.block_on(registry())?;

    let shop = Shop::open(&server.address().to_string())?;
    let names = (0..25).map(|number| format!("example-{number}.com").parse());
    let names: Vec<DomainName> = names.collect::<Result<_, _>>()?;
    for name in &names {
        assert!(shop.is_free(name)?, "nobody has {name} yet");
        shop.register(name)?;
    }
    let first = names.first().ok_or("there are names")?;
    assert!(!shop.is_free(first)?, "{first} is ours now");
    let status = shop.runtime.block_on(shop.client.query(&Status::domain(first)).into_future())?;
    println!("{first}: expires {:?}, registrar {:?}", status.expires(), status.registrar());
    assert_eq!(status.registrar().as_deref(), Some("registrar"));

    assert_eq!(shop.domains()?.len(), names.len());
    shop.close();
    assert_eq!(server.registry().sessions("registrar"), 0, "it has taken its leave");
    Ok(())
}

/// A registry with one registrar.
async fn registry() -> Result<Server, Box<dyn Error>> {
    #[expect(clippy::disallowed_methods, reason = "its clock is to agree with ours, to a day")]
    let today = Stamp::midnight(1970, 1, 1).after(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?);
    let registrar = Registrar::new("registrar", "i-am-it").balance(100_000);
    let registry = Registry::new(sim::Config::new().registrar(registrar).start_date(today), Server::now());
    Ok(Server::start(registry, Listen::plain("127.0.0.1:0".parse()?)).await?)
}
