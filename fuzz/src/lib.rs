//! What the fuzz targets check, one public function a target, each given the input as it is.
//!
//! Compiles without the fuzzer: `tests/regressions.rs` includes this file and replays the stored inputs on stable.

mod codes;
mod commands;
mod differential;
mod frames;
mod json;
mod naive;
mod numbers;
mod replies;
mod reseller;
mod session;

pub use codes::code_table;
pub use commands::{ptf_command, rrp_command};
pub use differential::differential;
pub use frames::frames;
pub use numbers::number_body;
pub use replies::{ptf_reply, rrp_reply};
pub use reseller::reseller_body;
pub use session::session;

use bytes::BytesMut;
use rrp::wire::deframe::{Deframer, Ends, Frame, Limits};

/// All that a deframer finds in these bytes, what is left at their end included.
fn all_frames(data: &[u8], limits: Limits, ends: Ends) -> Vec<Frame> {
    let mut deframer = Deframer::new(limits);
    deframer.set_ends(ends);
    let mut buffer = BytesMut::from(data);
    let mut found = Vec::new();
    while let Ok(Some(frame)) = deframer.deframe(&mut buffer) {
        found.push(frame);
    }
    while let Ok(Some(frame)) = deframer.finish(&mut buffer) {
        found.push(frame);
    }
    found
}

/// The one frame that these bytes are, with its terminator, and nothing else beside it but stray lines.
fn only_frame(data: &[u8], limits: Limits, ends: Ends) -> Frame {
    let mut frames = all_frames(data, limits, ends);
    let frame = frames.pop().expect("a frame");
    assert!(frames.is_empty(), "more than one frame");
    assert!(frame.terminator().is_some(), "a frame without its terminator");
    frame
}

/// What is printed can be shown on a terminal and stands on one line.
fn assert_printable(text: &str) {
    let bad = |c: &char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    assert_eq!(text.chars().find(bad), None, "printed raw");
}

/// An error and its causes can be shown on a terminal.
fn assert_error_printable(error: &dyn std::error::Error) {
    let mut next = Some(error);
    while let Some(error) = next {
        assert_printable(&error.to_string());
        assert_printable(&format!("{error:?}"));
        next = error.source();
    }
}

/// What is printed does not show this secret.
///
/// Only for secrets that could not stand there by chance: long, of letters and digits, once in what was sent.
fn assert_hidden(printed: &str, secret: &[u8], sent: &[u8]) {
    let telling = secret.len() >= 12 && secret.iter().all(u8::is_ascii_alphanumeric);
    let Ok(secret) = std::str::from_utf8(secret) else { return };
    if telling && sent.windows(secret.len()).filter(|part| *part == secret.as_bytes()).count() == 1 {
        assert!(!printed.contains(secret), "a secret is printed");
    }
}

/// What is printed of a message does not show what it assigns to a secret: nothing of it is shown.
fn assert_no_assignment(printed: &str, message: &str, sent: &[u8]) {
    // Of a longer one only a beginning is looked at.
    if message.len() <= 1024 && rrp::secret::assigns_secret(message) {
        for word in message.split(|c: char| !c.is_ascii_alphanumeric()) {
            assert_hidden(printed, word.as_bytes(), sent);
        }
    }
}
