//! The reseller platform: the table of codes against its sources, answers of every shape, and the rule of resending.
#![cfg(feature = "gateway")]

mod answers;
mod codes;
mod laws;
mod memory;
mod resending;

use bytes::Bytes;
use rrp::gateway::BodyError;
use rrp::gateway::reseller::Reply;

/// The API's own list of errors, as it was saved.
const LIST: &str = include_str!("../fixtures/reference/reseller-json-api-errors.txt");

fn read(body: impl AsRef<[u8]>) -> Result<Reply, BodyError> {
    Reply::read(200, Bytes::copy_from_slice(body.as_ref()))
}

fn refusal(code: &str) -> String {
    serde_json::json!({ "success": false, "error": { "code": code, "message": "no" } }).to_string()
}
