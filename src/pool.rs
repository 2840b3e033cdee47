//! The sessions of one account, as a machine without I/O: how many, when they open and end, and who uses one when.
//!
//! What a registry limits is the account: so many sessions, so many commands per second, each session idle for so long and
//! open for so long. A [`Pool`] keeps these limits whatever is asked of it, and hands out [slots](crate::dispatch::Slots): the right to
//! send one command now, on one session.
//!
//! - A place is charged from before the first SYN to the end of QUIT. Places of sessions that were lost stay charged until
//!   the registry must have noticed, or until a login has proven that it has ([`Remains`](crate::session::Remains)).
//! - Sessions open one at a time, when something waits that no other session can take, with full jitter after failures.
//! - Everything that makes the registry work pays its pace: commands, logins, keepalives, proofs of the login and QUIT.
//! - Idle sessions are kept alive before the registry's idle limit, and replaced before its limit for the life of one.
//! - A refused login stops all others until somebody says otherwise; a locked account (422) stops everything until its
//!   end, and then one read has to prove it.
//! - An operator may pause it (nobody gets a slot), hold it (nothing is sent at all), have its sessions replaced one by one,
//!   and have one of them closed at once.
//! - 521 at a login lowers what is tried, for a while; if neither our own sessions nor lost ones explain it, somebody else
//!   uses the account, and an [`Event`] says so.
//!
//! Whoever owns connections does what [`poll_action`](Pool::poll_action) says, tells what becomes of it, and gives the
//! pool to a [`Dispatch`](crate::dispatch::Dispatch), which asks it for slots. What must survive a restart goes to the journal
//! ([`Action::Remember`]).

mod account;
mod event;
mod hold;
mod lost;
mod machine;
mod opening;
mod operator;
mod options;
mod parked;
mod place;
mod rotation;
mod slots;
mod snapshot;
mod when;

pub use account::Machine;
pub use event::Event;
pub use hold::Kept;
pub use lost::GhostWhy;
pub use machine::{Action, Pool, Probed};
pub use opening::{Credential, Failure};
pub use operator::HoldError;
pub use options::Options;
pub use rotation::Rotated;
pub use snapshot::{Ghost, Held, HeldBy, Session, SessionState, Sessions, Snapshot};
