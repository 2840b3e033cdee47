//! A client for RRP (RFC 2832, RFC 3632) and XRRP, the line protocol between a registrar and a registry.
//!
//! What stands so far is the protocol as types, and sessions over TLS on which each command has one attempt:
//!
//! - [`code`]: return codes, and what each says about the answer, the connection and the registry's state
//!   ([`verdict`]);
//! - [`command`]: the ten commands of RFC 2832, any PTF command by name, and what is known about repeating each;
//! - [`wire`]: bytes to frames, bounded, and commands onto the wire;
//! - [`reply`]: a code and a text at once, the rest where it lies;
//! - [`session`]: one connection as a state machine without I/O, which gives each command its fate: unsent, answered,
//!   unanswered;
//! - `net` (features `net`, `tls`): connectors, and sessions over tokio;
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
//! Over TLS, to a registry (here a simulated one that misbehaves):
//!
//! ```
//! # #[cfg(feature = "sim-server")]
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use rrp::command::{Check, Session, ToCommand};
//! use rrp::net::{Connection, Connector, Tls};
//! use rrp::session::{Config, Fate};
//! use rrp::sim::server::{Listen, Server};
//! use rrp::sim::{self, Close, Effect, Fault, Registrar, Registry, Trigger};
//!
//! let registry = sim::Config::new().registrar(Registrar::new("registrar", "password"));
//! let server = Server::start(Registry::new(registry, Server::now()), Listen::tls("127.0.0.1:0".parse()?)).await?;
//! let close = Effect::CloseBefore(Close::Reset);
//! server.registry().faults().add(Fault::on(Trigger::NthCommand(2)).then(close));
//!
//! let authority = server.authority().expect("it speaks TLS");
//! let connector = Connector::tls(Tls::ca_pem(authority.as_bytes())?);
//! let stream = connector.connect(&server.address().to_string().parse()?).await?;
//! let connection = Connection::open(stream, Config::new(Session::login("registrar", "password".to_owned())?)).await?;
//!
//! let check = Check::domain(&"example.com".parse()?).to_command();
//! match connection.send(check.clone()).await? {
//!     Fate::Answered(reply) => assert_eq!(reply.code(), 210),
//!     Fate::Unsent(_) | Fate::Unanswered => unreachable!("nothing went wrong yet"),
//! }
//! // The second one is lost. It only asked, and may be asked again on another connection; an ADD may not.
//! assert!(matches!(connection.send(check).await?, Fate::Unanswered));
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! Features only add modules. `cli` (default) is the program `rrp`; `net` sessions over tokio, on plain TCP to loopback;
//! `tls` the same over TLS; `journal` a journal of writes in a file; `sim` the simulated registry and `sim-server` its sockets; `arbitrary` builds commands and
//! replies for fuzzing. A library user takes `default-features = false, features = ["tls"]`; with no features at all there
//! is no tokio in the tree.
//!
//! # What is bounded
//!
//! Connections tried per name (32), events that wait ([`session`]), lines, frames and line counts ([`Limits`](wire::deframe::Limits)), values
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
pub mod code;
pub mod command;
pub mod date;
pub mod dispatch;
#[cfg(feature = "net")]
#[cfg_attr(docsrs, doc(cfg(feature = "net")))]
pub mod journal;
pub mod name;
#[cfg(feature = "net")]
#[cfg_attr(docsrs, doc(cfg(feature = "net")))]
pub mod net;
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
pub use code::{Context, InvalidReturnCode, ReturnCode};
pub use command::Command;
pub use date::RegistryDate;
pub use name::{DomainName, HostName};
pub use reply::Reply;
pub use secret::Secret;
pub use text::{Token, Value};
pub use verb::Verb;
pub use verdict::Verdict;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeDoctests;
