//! The client: an account at a registry, for as many callers as there are.
//!
//! One task owns the account: its sessions, its pace and its journal. Callers ask it through a [`Client`], which is cheap to
//! clone. What is resent, read back or left in doubt is decided by [`dispatch`](crate::dispatch), by the rule of
//! [`retry`](crate::retry); how many sessions there are and who sends next, by [`pool`](crate::pool) and
//! [`pace`](crate::pace). Here are its calls, its clock and its connections.
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
//! # Sessions and pace
//!
//! ```no_run
//! # async fn example(password: String) -> Result<(), Box<dyn std::error::Error>> {
//! use rrp::Client;
//! use rrp::command::{Check, Session};
//! use rrp::pace::{Lane, Rate};
//!
//! let client = Client::builder("127.0.0.1:2001".parse()?)
//!     .login(Session::login("registrar", password)?)
//!     .sessions(1..=5)
//!     .rate(Rate::per_second(1))
//!     .connect()
//!     .await?;
//! let check = Check::domain(&"example.com".parse()?);
//! let _ = client.query(&check).lane(Lane::Interactive).caller("the person at window 3").await?;
//! # Ok(())
//! # }
//! ```
//!
//! Sessions open one at a time, when something waits that no other one can take; as many as the range begins with are open
//! always. A place counts from before the first SYN to the end of QUIT, and so does that of a session that was lost, for as long as the
//! registry may not have noticed. Idle ones are kept alive before the registry ends them, and replaced before their day is over.
//!
//! The rate is the account's, whatever there are of sessions: commands, logins, keepalives, retries, read-backs and QUIT pay
//! it. The first one leaves one interval after the start, as nobody knows what an earlier process has sent just before. So at one per
//! second a login leaves after a second, the first command after two, and the end takes a second for each session. A registry without a
//! limit wants [`Builder::unlimited`].
//!
//! Who waits, waits in a [`Lane`](crate::pace::Lane): interactive, normal or bulk, each with a share of the pace that no other
//! can take, beside one for what settles doubts. Inside a lane *callers* take turns, a command each: a caller is whoever the call names
//! ([`caller`](QueryCall::caller)), of its [`user`](QueryCall::user), and all calls that name nobody are one caller's. So nobody waits
//! for the 40,000 renewals of another. A deadline drops what waits, and never moves it forward.
//!
//! # When the registry does not want
//!
//! While nobody can be reached, what was not sent waits for a session until its own deadline, and is then told why there was none.
//!
//! A *refused login* (530) is told to all who wait and whoever comes ([`Refused::Unavailable`](crate::dispatch::Refused)), unless
//! other sessions still work. No other login is tried before [`Client::retry_login`], nor by the next process on the same
//! journal, unless it has another login or password: registries lock accounts.
//!
//! A *locked account* (422) is left alone: no command, keepalive or login is sent until the lock is over, across restarts,
//! and then one keepalive, to see whether it is. Whoever's deadline lies before that is refused at once, unsent
//! ([`Refused::Held`](crate::dispatch::Refused)).
//!
//! *Too many sessions* (521) lowers how many are tried, for a while. If neither ours nor lost ones explain it, somebody else uses
//! the account, and an [`Event`] says so.
//!
//! [`Client::events`] tells all of this as it happens, [`Client::snapshot`] how things stand, [`Client::waiting`] who waits for
//! what, and [`Client::statistics`] what there was since the start. What is in doubt and no read can prove, a person resolves
//! ([`Client::resolve`]).
//!
//! # Operators
//!
//! What a person may do to an account that is in use, beside [settling](Client::settle) its doubts:
//!
//! - [`pause`](Client::pause): callers wait, and nobody is refused for it; sessions are kept alive. [`resume`](Client::resume) goes on.
//! - [`hold`](Client::hold): nothing at all is sent for a while, as if the registry had locked the account: during its maintenance,
//!   say. Whoever cannot wait so long is told at once. It outlasts a restart, a day at the most, and says why.
//! - [`release`](Client::release): ends that, and the waiting for the end of a lock by the registry.
//! - [`reconnect`](Client::reconnect): every session is replaced, one at a time, while work goes on.
//! - [`kill_session`](Client::kill_session): one session is closed at once, whatever is on it.
//! - [`use_password`](Client::use_password): logins have another password from now on, which holds at the registry already;
//!   [`retry_login`](Client::retry_login) tries a refused one again as it is.
//!
//! Each is done when its call returns, and what follows from it comes by itself. [`Client::snapshot`] shows the sessions one
//! by one, what is charged for lost ones, and who holds the account up, until when and why.
//!
//! # When it ends
//!
//! [`Client::shutdown`], or dropping the last clone while no call is left, ends it in order: what waits is not sent, what is
//! on the wire is finished and recorded, and each session ends by QUIT, at the account's pace. If the runtime takes the task away before that, a
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
//! - Calls that are not over ([`Builder::calls`]), and of those each caller's share
//!   ([`dispatch::Config::per_caller`](crate::dispatch::Config::per_caller)); commands that wait or are under way
//!   ([`dispatch::Config::jobs`](crate::dispatch::Config::jobs)). One more is refused at once.
//! - Sessions ([`Builder::sessions`], five), and what [`session`](crate::session) bounds of each.
//! - Events that wait for whoever watches: 1,024, and then the oldest are missed ([`Event::Missed`]).
//! - Pages of a list ([`List::max_pages`]), of which it holds one.
//! - Changes of the password: one at a time.

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
mod operator;
mod orders;
mod password;
#[cfg(test)]
mod races;
mod snapshot;
mod statistics;
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
pub use statistics::{Ended, Statistics};
#[cfg(feature = "daemon")]
pub(crate) use wall::{random as random_seed, random_key, system as system_wall};
