//! One connection to a registry as a state machine without I/O.
//!
//! A [`Session`] is RFC 2832 figure 1 seen from the client: greeting, login, commands one at a time, quit. Whoever owns
//! the connection feeds it what happens (`handle_*`) and asks what to do (`poll_*`); the time is an argument. It opens
//! no connection and never a second one: when it ends, it says why ([`End`]) and what became of the command in hand
//! ([`Fate`]).
//!
//! The order of events around one command: [`submit`](Session::submit); while [`wants_check`](Session::wants_check), a
//! look whether anything is to be read, which goes to [`handle_input`](Session::handle_input) or
//! [`handle_eof`](Session::handle_eof), and if nothing is, [`handle_checked`](Session::handle_checked);
//! [`poll_output`](Session::poll_output), from where on the command counts as handed over;
//! [`handle_flushed`](Session::handle_flushed); input; [`poll_event`](Session::poll_event). `examples/session_without_io.rs` does it on a
//! blocking socket.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use rrp::command::{self, Describe, ToCommand};
//! use rrp::session::{Config, Event, Fate, Session};
//!
//! # #[expect(clippy::disallowed_methods, reason = "whoever owns the connection has a clock")]
//! let now = Instant::now();
//! let mut session = Session::new(Config::new(command::Session::login("registrar", "i-am-it".to_owned())?), now)?;
//! session.handle_input(b"Example RRP Server version 1.1.0\r\nSun Nov 22 00:00:00 2026\r\n.\r\n", now);
//! session.handle_checked(now);
//! let login = session.poll_output().expect("the login");
//! assert_eq!(login, "session\r\n-Id:registrar\r\n-Password:i-am-it\r\n.\r\n");
//! session.handle_flushed(now);
//! session.handle_input(b"200 Command completed successfully\r\n.\r\n", now);
//! assert!(session.is_ready());
//!
//! let id = session.submit(Describe::new().to_command(), now).expect("it is ready");
//! session.handle_checked(now);
//! session.poll_output().expect("the command");
//! // The connection breaks: nobody knows.
//! session.handle_eof(now);
//! let events: Vec<Event> = std::iter::from_fn(|| session.poll_event()).collect();
//! assert!(matches!(&events[2], Event::Done { id: done, fate: Fate::Unanswered } if *done == id));
//! assert!(matches!(&events[3], Event::Ended(end) if end.to_string() == "write: connection closed by the registry"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod end;
mod event;
mod exchange;
mod machine;
mod remains;
mod stage;

pub use config::{Config, Deadlines, Keepalive, Wait};
pub use end::{End, Why};
pub use event::{CommandId, Event, Fate, NotReady, Rejected};
pub use machine::Session;
pub use remains::Remains;
pub use stage::Stage;
