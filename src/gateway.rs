//! The answers of other APIs than the line protocol: codes, body readers and verdicts.
//!
//! A registrar's backend talks to more than one upstream. Two JSON APIs are read here: [`reseller`], a platform whose every
//! answer is HTTP 200 with JSON, and [`numbers`], a REST API for telephone numbers. Each has a `Code`, a newtype with named
//! constants in which unknown codes survive, and a `Reply` that is read out of a status and a body. Its
//! [`Verdict`](crate::verdict::Verdict) is the one that the rule of resending ([`retry`](crate::retry)) takes of any upstream.
//!
//! There is no HTTP client here, no socket and no clock: whoever has sent a request hands over what came back. What cannot
//! be read as an answer is a [`BodyError`]: to a write it is as good as no answer, and the write is in doubt.
//!
//! Whoever sends must send once. An HTTP client that repeats a POST by itself or follows a redirect with it, and a proxy that
//! passes one on to a second server, do a write twice where nothing here sees it, and the answer is that to the last of them.
//! And whoever drives [`dispatch`](crate::dispatch) with an HTTP client tells [`Fate::Unsent`](crate::session::Fate::Unsent) of
//! what that client says was never connected, and of nothing else: a write whose time was over, whose connection broke, or of
//! which the client does not say, is [`Fate::Unanswered`](crate::session::Fate::Unanswered).
//!
//! # Limits
//!
//! A body has at most [`MAX_BODY`] bytes and is nested at most [`MAX_DEPTH`] deep. What a success carries stays as bytes
//! of the body, so that reading takes time linear in the body and no memory that grows with what is in it.

mod body;
mod code;
pub mod numbers;
pub mod reseller;
mod sort;

pub use body::{BodyError, BodyErrorKind, MAX_BODY, MAX_DEPTH};
pub use code::CodeInfo;
pub use sort::Sort;
