//! How fast an account sends, and who goes next.
//!
//! A registry limits the account, not the caller: about one command per second. [`Lane`] says how urgent a command is.

mod lane;

pub use lane::Lane;
