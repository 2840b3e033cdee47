//! A reseller platform whose every answer is HTTP 200 with JSON.
//!
//! An answer is `{"success": true, "result": …}`, whose `result` is any JSON or missing, or
//! `{"success": false, "error": {"code": …, "message": …}}`. The message is a text, or for
//! [`request_validation_failed`](Code::REQUEST_VALIDATION_FAILED) an object: each field with its texts. The source is the
//! API's own list of errors, as saved in `tests/fixtures/reference/reseller-json-api-errors.txt`.
//!
//! Another status than 200 is that of a proxy, or of a server that breaks off: with 408 or a 5xx the code counts for
//! nothing, and a success is one with 200, 201 and 202 alone, of which the last [is pending](Reply::is_pending). See
//! [`Reply::verdict`].
//!
//! ```
//! use bytes::Bytes;
//! use rrp::command::{Billable, Kind, Nature, Repeat, Safety, Settle};
//! use rrp::gateway::reseller::{Code, Reply};
//! use rrp::retry::{Attempt, Case, Decision, NotApplied, ReadBack, Trust, decide};
//! use rrp::verdict::{Advice, Executed};
//!
//! let body = r#"{"success": false, "error": {"code": "domain_registration_failed", "message": "Registry timeout."}}"#;
//! let reply = Reply::read(200, Bytes::from(body))?;
//! assert_eq!(reply.code(), Some(&Code::DOMAIN_REGISTRATION_FAILED));
//! assert_eq!(reply.message(), Some("Registry timeout."));
//!
//! // "Failed", says the platform; not, that nothing was registered.
//! let verdict = reply.verdict();
//! assert_eq!((verdict.executed(), verdict.advice()), (Executed::Unknown, Advice::ReadMessage));
//!
//! // A registration costs: it is looked for before anybody is told that it failed.
//! let register = Nature::write(Kind::Creation, Billable::Yes, Repeat::Refused, Settle::Read("domain"));
//! let case = Case::new(register, Safety::ReadBack, Attempt::Answered(verdict)).readable(true);
//! let look = ReadBack { negatives: Trust::Later, not_applied: NotApplied::Refused };
//! assert_eq!(decide(case), Decision::ReadBack(look));
//!
//! // What is no answer of the API is as good as none.
//! let page = Bytes::from("<html><h1>502 Bad Gateway</h1></html>");
//! let error = Reply::read(502, page).unwrap_err();
//! let case = Case::new(register, Safety::ReadBack, Attempt::Unanswered).readable(true);
//! assert!(matches!(decide(case), Decision::ReadBack(_)), "{error}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits
//!
//! Those of every [body](super). Of a message that is an object, [`MAX_FIELDS`] fields and texts are taken out; the body keeps
//! the others. Reading takes time linear in the body, and beside it memory of at most three times its length and 256 KiB.

mod message;
mod reply;
mod table;

pub use message::{Field, MAX_FIELDS};
pub use reply::{Reply, ResultError};
pub use table::Code;
