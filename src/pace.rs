//! How fast an account sends, and who goes next.
//!
//! A registry limits the account, not the caller: about one command per second. The [`Pacer`] says when the next command
//! may leave, so that the [`Rate`] is kept at the registry; the [`Queue`] says whose it is. [`Lane`] says how urgent a
//! command is, and [`Shares`] how much of the pace each lane has. Neither has a clock, a socket or a thread.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::{Duration, Instant};
//!
//! use rrp::pace::{Lane, Pacer, Queue, Rate, Shares};
//!
//! # #[expect(clippy::disallowed_methods)]
//! let start = Instant::now();
//! let mut queue = Queue::new(Shares::DEFAULT);
//! let (night, shop): (Arc<str>, Arc<str>) = ("night".into(), "shop".into());
//! queue.push(1, Lane::Bulk, &night, "renew a.example", start);
//! queue.push(2, Lane::Bulk, &night, "renew b.example", start);
//! queue.push(3, Lane::Interactive, &shop, "check c.example", start);
//!
//! // The first leaves a second after the start, and the next a second after its reply.
//! let mut pacer = Pacer::new(Rate::PER_SECOND, start);
//! let second = Duration::from_secs(1);
//! assert_eq!(pacer.next_at(), Some(start + second));
//! assert_eq!(queue.pop(), Some((3, "check c.example")));
//! let sending = pacer.sent(start + second);
//! pacer.answered(sending, start + second + Duration::from_millis(40));
//! assert_eq!(pacer.next_at(), Some(start + second + Duration::from_millis(40) + second));
//! assert_eq!(queue.pop(), Some((1, "renew a.example")));
//! ```

mod lane;
mod pacer;
mod queue;
mod rate;
mod shares;
mod turns;

pub use lane::Lane;
pub use pacer::{Pacer, Sending};
pub use queue::{Queue, Waiting};
pub use rate::Rate;
pub use shares::Shares;
