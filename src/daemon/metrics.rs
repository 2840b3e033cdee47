//! Metrics and health over HTTP, on loopback: `/metrics`, `/healthz` and `/readyz`.
//!
//! Nothing is counted for it: each scrape asks the accounts how they stand, and what they have counted. What it tells is in docs/metrics.md. Labels are names out
//! of the configuration and words of this program: never what a client or a registry sent.

mod counted;
mod encode;
mod health;
mod reading;
mod server;
#[cfg(test)]
mod tests;

pub(super) use server::{MetricsError, Server, Serving};
