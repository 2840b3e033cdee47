//! A REST API for telephone numbers: HTTP statuses, error codes in an object `ResponseStatus`, and values.
//!
//! A [`Reply`] is read out of the HTTP status and the body. Its [`verdict`](Reply::verdict) takes both: the
//! [`Code`] says what is wrong, the [`Status`] whether it may be believed. Sources: the API's own list of statuses and
//! codes (`tests/fixtures/reference/numbers-rest-api-errors.txt`) and the researched classes of its codes
//! (`number-codes.tsv` beside it). The list has no success: what a 2xx means is inferred, and one whose body tells of a
//! problem is believed as little as an error. What was accepted with 202 [is pending](Reply::is_pending).
//!
//! ```
//! use bytes::Bytes;
//! use rrp::gateway::numbers::{Code, CountryCode, Reply};
//! use rrp::verdict::{Advice, Class, Executed};
//!
//! let body = r#"{"ResponseStatus": {"ErrorCode": "ONE_OF_SEVERAL_PARAMETERS_REQUIRED", "Message": "…",
//!     "Errors": [{"FieldName": "City,Region"}]}}"#;
//! let reply = Reply::read(400, Bytes::from(body))?;
//! assert_eq!(reply.code(), Some(&Code::ONE_OF_SEVERAL_PARAMETERS_REQUIRED));
//! let wanted: Vec<String> = reply.errors().flat_map(|error| error.fields()).collect();
//! assert_eq!(wanted, ["City", "Region"]);
//! let verdict = reply.verdict();
//! assert_eq!((verdict.class(), verdict.executed()), (Class::Permanent, Executed::No));
//! assert_eq!(verdict.advice(), Advice::FixRequest);
//!
//! // A server that broke off has perhaps done it, whatever its code says.
//! let reply = Reply::read(500, Bytes::from(body))?;
//! assert_eq!((reply.verdict().executed(), reply.verdict().advice()), (Executed::Unknown, Advice::ReadBack));
//!
//! // Values are checked before they are sent.
//! assert!("AU".parse::<CountryCode>().is_ok() && "XK".parse::<CountryCode>().is_err());
//! # Ok::<(), rrp::gateway::BodyError>(())
//! ```

mod country;
mod error;
mod members;
mod phone;
mod reply;
mod status;
mod table;

pub use country::{CountryCode, InvalidCountryCode};
pub use error::FieldError;
pub use phone::{InvalidPhoneNumber, PhoneNumber};
pub use reply::{MAX_CODE, MAX_ERRORS, Reply};
pub use status::{Status, StatusInfo};
pub use table::Code;
