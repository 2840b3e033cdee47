//! The registry's own grammar: what it reads and what it writes.
//!
//! Written apart from the client's [`wire`](crate::wire), so that each can be held against the other.

mod answer;
mod request;

pub use answer::{Answer, Form, LineEnds, Style, Terminator, write_reply};
pub use request::{
    Field, FieldKind, MAX_FRAME, MAX_LINE, MAX_LINES, Reader, Request, RequestError, read_command,
};
