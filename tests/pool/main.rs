//! The sessions of an account, by scripts: what is asked, what happens, and what is done about it, in exact order.

mod books;
mod fails;
mod held;
mod jobs;
mod orders;
mod rig;
#[path = "../support/mod.rs"]
mod support;

mod budget;
mod codes;
mod counts;
mod full;
mod ghosts;
mod hold;
mod idle;
mod laws;
mod operator;
mod others;
mod pace;
mod password;
mod proofs;
mod refused;
mod remember;
mod stop;
