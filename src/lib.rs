//! A client for RRP (RFC 2832, RFC 3632) and XRRP, the line protocol between a registrar and a registry.
//!
//! A client does what a registrar's backend asks of it once, whatever the network does. Below it stand its
//! parts, each of which can be used by itself:
//!
//! - `daemon` (feature `daemon`): accounts for local backends in any language, with users, operators and metrics;
//! - `client` (features `net`, `tls`): an account at a registry, for as many callers as there are;
//! - [`dispatch`]: the order of events around each command, as a machine without I/O, with the rule of resending
//!   ([`retry`]) and of what a read proves ([`settle`]);
//! - [`pool`]: the sessions of an account, as a machine without I/O, and [`pace`]: how fast it sends, and whose turn it is;
//! - [`code`]: return codes, and what each says about the answer, the connection and the registry's state
//!   ([`verdict`]);
//! - [`command`]: the ten commands of RFC 2832, any PTF command by name, and what is known about repeating each;
//! - [`wire`]: bytes to frames, bounded, and commands onto the wire;
//! - [`reply`]: a code and a text at once, the rest where it lies;
//! - [`session`]: one connection as a state machine without I/O, which gives each command its fate: unsent, answered,
//!   unanswered;
//! - `gateway` (feature `gateway`): the answers of two JSON APIs, read into the same verdicts; their requests go through
//!   [`dispatch`], too, as [`Opaque`](dispatch::Opaque) ones;
//! - `net` (features `net`, `tls`): connectors, and sessions over tokio on which each command has one attempt;
//! - `journal` (features `net`, `journal`): what is known of each write, so that a crash loses none;
//! - `sim` (features `sim`, `sim-server`): a simulated registry that can be told to misbehave, for tests.
//!
//! ```
//! use bytes::BytesMut;
//! use rrp::command::{Add, Dialect, Period, ToCommand};
//! use rrp::verdict::Executed;
//! use rrp::wire::deframe::{Deframer, Limits};
//! use rrp::{DomainName, Reply, wire};
//!
//! // A command out …
//! let name: DomainName = "example.com".parse()?;
//! let add = Add::domain(&name).period(Period::years(10)?).to_command();
//! let mut out = BytesMut::new();
//! wire::encode(add.body(), Dialect::Rfc, &mut out)?;
//! assert_eq!(out, "add\r\nEntityName:Domain\r\nDomainName:example.com\r\n-Period:10\r\n.\r\n");
//!
//! // … and a reply in.
//! let mut received = BytesMut::from("200 Command completed successfully\r\nstatus:ACTIVE\r\n.\r\n");
//! let frame = Deframer::new(Limits::REPLY).deframe(&mut received)?.expect("a whole frame");
//! let reply = Reply::parse(&frame)?;
//! let verdict = reply.verdict(add.context());
//! assert_eq!(verdict.executed(), Executed::Yes);
//! assert_eq!(reply.first("Status").as_deref(), Some("ACTIVE"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A client, over TLS, of a registry that loses the first reply (here a simulated one):
//!
//! ```
//! # #[cfg(feature = "sim-server")]
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use rrp::Client;
//! use rrp::client::Availability;
//! use rrp::command::{Add, Check, Safety, Session};
//! use rrp::dispatch::Outcome;
//! use rrp::net::{Connector, Tls};
//! use rrp::sim::server::{Listen, Server};
//! use rrp::sim::{self, Change, Close, Effect, Fault, Registrar, Registry, Trigger};
//!
//! # #[expect(clippy::disallowed_methods)]
//! # let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH)?;
//! # let today = sim::Stamp::midnight(1970, 1, 1).after(since);
//! let registry = sim::Config::new().registrar(Registrar::new("registrar", "password")).start_date(today);
//! let server = Server::start(Registry::new(registry, Server::now()), Listen::tls("127.0.0.1:0".parse()?)).await?;
//! let lost = Effect::ExecuteAndClose(Close::Reset);
//! server.registry().faults().add(Fault::on(Trigger::NthCommand(1)).then(lost));
//!
//! let authority = server.authority().expect("it speaks TLS");
//! let client = Client::builder(server.address().to_string().parse()?)
//!     .login(Session::login("registrar", "password".to_owned())?)
//!     .connector(Connector::tls(Tls::ca_pem(authority.as_bytes())?))
//!     .unlimited()
//!     .connect()
//!     .await?;
//!
//! // It is not sent again: it is looked what became of it.
//! let name = "example.com".parse()?;
//! match client.change(&Add::domain(&name), Safety::ReadBack).key("order-4711").await? {
//!     Outcome::Accepted(added) => assert!(added.reply().is_none() && added.expires().is_some()),
//!     Outcome::Refused(_) | Outcome::InDoubt(_) => unreachable!("it was done, and that can be seen"),
//! }
//! assert_eq!(client.query(&Check::domain(&name)).await?, Availability::Taken);
//! assert_eq!(server.registry().ledger().changes(Change::Created, "example.com"), 1);
//! client.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! Features only add modules. `cli` (default) is the program `rrp`; `net` the client over tokio, on plain TCP to loopback;
//! `tls` the same over TLS; `journal` a journal of writes in a file; `gateway` the answers of other APIs; `sim` the simulated registry and `sim-server` its sockets; `daemon` a
//! daemon for local backends; `arbitrary` builds commands and
//! replies for fuzzing. A library user takes `default-features = false, features = ["tls"]`; with no features at all there
//! is no tokio in the tree.
//!
//! # What is bounded
//!
//! Calls and commands of a client, connections tried per name (32), events that wait ([`session`]), lines, frames and line counts ([`Limits`](wire::deframe::Limits)), values
//! ([`Value::MAX_LEN`]), parameters ([`PtfCommand`](command::PtfCommand)) and lines of a command
//! ([`RrpCommand`](command::RrpCommand)). Reading takes time linear in the input, and memory of 20 bytes a line.

#![cfg_attr(docsrs, feature(doc_cfg))]
// No byte from a peer may end in a panic: not on any floor, so not in any file.
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod address;
#[cfg(feature = "arbitrary")]
#[cfg_attr(docsrs, doc(cfg(feature = "arbitrary")))]
pub mod arbitrary;
#[cfg(feature = "net")]
#[cfg_attr(docsrs, doc(cfg(feature = "net")))]
pub mod client;
pub mod code;
pub mod command;
#[cfg(feature = "net")]
mod concurrent;
#[cfg(feature = "daemon")]
#[cfg_attr(docsrs, doc(cfg(feature = "daemon")))]
pub mod daemon;
pub mod date;
pub mod dispatch;
#[cfg(feature = "gateway")]
#[cfg_attr(docsrs, doc(cfg(feature = "gateway")))]
pub mod gateway;
#[cfg(feature = "net")]
#[cfg_attr(docsrs, doc(cfg(feature = "net")))]
pub mod journal;
pub mod name;
#[cfg(feature = "net")]
#[cfg_attr(docsrs, doc(cfg(feature = "net")))]
pub mod net;
pub mod pace;
pub mod pool;
pub mod reply;
pub mod retry;
pub mod secret;
pub mod session;
pub mod settle;
#[cfg(feature = "sim")]
#[cfg_attr(docsrs, doc(cfg(feature = "sim")))]
pub mod sim;
pub mod text;
pub mod verb;
pub mod verdict;
pub mod wire;

pub use address::ServerAddress;
#[cfg(feature = "net")]
#[cfg_attr(docsrs, doc(cfg(feature = "net")))]
pub use client::Client;
pub use code::{Context, InvalidReturnCode, ReturnCode};
pub use command::Command;
pub use date::RegistryDate;
pub use name::{DomainName, HostName};
pub use reply::Reply;
pub use secret::Secret;
pub use text::{Token, Value};
pub use verb::Verb;
pub use verdict::Verdict;

#[cfg(all(doctest, feature = "gateway"))]
#[doc = include_str!("../README.md")]
pub struct ReadmeDoctests;
