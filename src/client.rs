//! The client: an account at a registry, for as many callers as there are.
//!
//! One task owns the account: its sessions, its pace and its journal. Callers ask it through a [`Client`], which is cheap to
//! clone. What is resent, read back or left in doubt is decided by [`dispatch`](crate::dispatch), by the rule of
//! [`retry`](crate::retry); here are its calls, its clock and its connections.
//!
//! ```no_run
//! use rrp::Client;
//! use rrp::command::{Add, Safety, Session};
//! use rrp::dispatch::{Outcome, Settled};
//! use rrp::net::Connector;
//!
//! # async fn example(password: String) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("127.0.0.1:2001".parse()?)
//!     .login(Session::login("registrar", password)?)
//!     .connector(Connector::plain())
//!     .connect()
//!     .await?;
//! let add = Add::domain(&"example.com".parse()?);
//! match client.change(&add, Safety::ReadBack).key("order-4711").await? {
//!     Outcome::Accepted(accepted) => println!("ours until {:?}", accepted.expires()),
//!     Outcome::Refused(refusal) => println!("not ours: {}", refusal.text()),
//!     Outcome::InDoubt(doubt) => match client.settle(doubt).await? {
//!         Settled::Applied(_) => println!("ours after all"),
//!         Settled::Refused(_) | Settled::NotApplied(_) => println!("not ours, and nothing was paid"),
//!         Settled::StillInDoubt(doubt) => println!("for a person to look at: ticket {}", doubt.ticket()),
//!     },
//! }
//! client.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Calls
//!
//! A call does nothing until it is first polled, and then is with the task. Its deadline counts from there, waiting
//! included: give it by `deadline`, not by a timeout around the call, which would drop it and with it the ticket. To drop it, at any time, is to leave: what was not handed over is not sent; what was is finished, read and
//! recorded without its caller. An `Err` of a change says that nothing of it was sent, and gives the command back.
//!
//! A query is answered by the type that belongs to it ([`answer`]), or [`raw`](QueryCall::raw); a list page by page ([`List`]). Of a program
//! without `async`, wait for each call with tokio's `Runtime::block_on`, on a runtime that has a thread of its own
//! (`examples/blocking.rs`).
//!
//! ```no_run
//! # async fn example(client: rrp::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use rrp::client::Availability;
//! use rrp::command::{Check, Ptf, Status};
//!
//! let name = "example.com".parse()?;
//! match client.query(&Check::domain(&name)).await? {
//!     Availability::Available => println!("free"),
//!     Availability::Taken => println!("expires {:?}", client.query(&Status::domain(&name)).await?.expires()),
//! }
//! let status = client.query(&Ptf::query("StatusDomain")?.param("domain", "example.com")?).await?;
//! for host in status.property("nameserver") {
//!     println!("{host}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # When it ends
//!
//! [`Client::shutdown`], or dropping the last clone while no call is left, ends it in order: what waits is not sent, what is
//! on the wire is finished and recorded, and each session ends by QUIT. If the runtime takes the task away before that, a
//! change is told [`NotSent`](crate::dispatch::NotSent) only if its intent had not gone to the journal yet. From there on it is
//! [`Outcome::InDoubt`](crate::dispatch::Outcome), with the ticket under which the journal has it, for nobody is left who knows what became
//! of it. A task that starts again on the same journal lists it among its [`doubts`](Client::doubts).
//!
//! # One client on a machine
//!
//! What a registry limits is the account. Two processes that do not know of each other exceed its sessions and its pace
//! together, and get it refused (521) or locked (422) for both. So a client locks its account, the host and the login of it, for as long as its
//! task lives, and a second one is told who has it ([`StartError::AccountLocked`]). A process that dies holds nothing.
//!
//! The lock is a file in `/run/lock` if all users may write there, else among the temporary files (`TMPDIR`), or in the
//! directory that [`Builder::account_lock`] names. Processes that see different directories, in containers or with temporary files
//! of their own, do not see each other; nor do those that write the host in different ways. In a directory for everybody, everybody can hold a lock: it keeps
//! mistakes away, and no ill will. Ports of a host are one; on loopback each is another registry, simulated or
//! at the end of a tunnel.
//!
//! # What is bounded
//!
//! Calls that are not over ([`Builder::calls`]), commands that wait or are under way
//! ([`dispatch::Config::jobs`](crate::dispatch::Config::jobs)), pages of a list ([`List::max_pages`], of which it holds one), sessions ([`Builder::sessions`]), and what [`session`](crate::session) bounds.

mod account;
pub mod answer;
mod builder;
mod call;
mod connect;
mod driver;
mod event;
mod flight;
mod handle;
mod list;
mod lock;
mod machine;
mod message;
mod password;
#[cfg(test)]
mod races;
mod snapshot;
mod wall;

pub use answer::{Availability, Typed};
pub use builder::{Builder, StartError};
pub use call::{ChangeCall, QueryCall, SettleCall};
pub use event::{Event, Events};
pub use handle::Client;
pub use list::{List, ListError, ListProblem};
pub use lock::{Holder, LockError};
pub use password::PasswordError;
pub use snapshot::Snapshot;
