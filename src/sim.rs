//! A simulated registry, for tests: RRP and PTF, a ledger of what was executed and billed, and faults on demand.
//!
//! [`Registry`] is a machine without I/O: a test (or a server on top of it) hands it bytes and moments, and it hands
//! back what to send and when. It has a grammar of its own ([`wire`]), apart from the client's, so that the two can be
//! held against each other. Everything that happens by chance comes from the seed of its [`Config`]: the same inputs
//! give the same bytes.
//!
//! With the feature `sim-server` it listens on TCP and TLS: `server`. `examples/simulated_registry.rs` tests a client
//! against it.
//!
//! What it models: sessions and their limits (RFC 2832 §4), the ten commands of RRP with the refusals of §5 and
//! RFC 3632, the commands of PTF that a registrar lives on, prices and balances, an add grace, transfers, queued orders.
//! What it is not: a registry. Nothing is kept or published, domains do not expire, and where the sources leave
//! something open it does the simplest thing that a client can meet.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use rrp::sim::{Action, Close, Config, Effect, Fault, Registrar, Registry, Trigger};
//!
//! # #[expect(clippy::disallowed_methods, reason = "an example needs some moment")]
//! let now = Instant::now();
//! let mut registry = Registry::new(Config::new().registrar(Registrar::new("registrarA", "secret")), now);
//! registry.faults().add(Fault::on(Trigger::Command("add".into())).then(Effect::ExecuteAndClose(Close::Reset)));
//!
//! let client = registry.connect(now);
//! registry.receive(client, b"session\r\n-Id:registrarA\r\n-Password:secret\r\n.\r\n", now);
//! registry.receive(client, b"add\r\nEntityName:Domain\r\nDomainName:example.com\r\n.\r\n", now);
//! let actions: Vec<Action> = std::iter::from_fn(|| registry.poll(now)).map(|(_, action)| action).collect();
//! // The greeting, the login; and of the registration, which was executed and billed, no word.
//! assert!(matches!(actions[..], [Action::Send(_), Action::Send(_), Action::Close(Close::Reset)]));
//! assert_eq!(registry.ledger().executed("add", "example.com"), 1);
//! assert_eq!(registry.ledger().billed("registrarA"), 10_00);
//! ```

mod calendar;
mod config;
mod connection;
mod encoding;
mod fault;
mod hosts;
mod ledger;
mod lifecycle;
mod objects;
mod plan;
mod ptf;
mod random;
mod registry;
mod rrp;
#[cfg(feature = "sim-server")]
#[cfg_attr(docsrs, doc(cfg(feature = "sim-server")))]
pub mod server;
mod session;
pub mod wire;
mod world;

pub use calendar::Stamp;
pub use config::{Config, Prices, Registrar};
pub use connection::ConnectionId;
pub use fault::{Effect, Fault, FaultScript, Trigger};
pub use ledger::{Change, Entry, Ledger};
pub use objects::{Contact, Domain, NameServer};
pub use registry::{Action, Close, Registry};
pub use wire::{Form, LineEnds, Style, Terminator};
