//! The sessions of an account, by scripts: what is asked, what happens, and what is done about it, in exact order.

mod rig;
#[path = "../support/mod.rs"]
mod support;

mod laws;
