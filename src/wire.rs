//! From bytes to frames, and the two grammars that stand in them.
//!
//! First the border, then the meaning: [`deframe`] finds where a frame ends whatever stands in it, bounded and without
//! ever searching a byte twice; the grammars of RRP and PTF read whole frames only. So a malformed reply is thrown away
//! at a known border and never read as the start of the next one.

pub mod deframe;
mod encode;
mod lines;
mod malformed;
mod ptf;
mod rrp;

pub use encode::{EncodeError, decode, encode};
pub use lines::Index;
pub use malformed::Malformed;
pub use rrp::Greeting;

pub(crate) use encode::check;
#[cfg(feature = "daemon")]
pub(crate) use encode::decode_ptf;
pub(crate) use lines::{Line, Span, opens_a_reply};
pub(crate) use ptf::Form;

pub(crate) mod read {
    //! Reading replies, one function a grammar.
    pub(crate) use super::ptf::{read_head as ptf_head, read_reply as ptf_reply};
    pub(crate) use super::rrp::{read_head as rrp_head, read_reply as rrp_reply};
}
