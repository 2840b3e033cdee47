//! temporary
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]
pub mod address;
pub mod code;
pub mod date;
pub mod name;
pub mod secret;
pub mod text;
pub mod verb;
pub mod verdict;
pub use address::ServerAddress;
pub use code::{Context, InvalidReturnCode, ReturnCode};
pub use date::RegistryDate;
pub use name::{DomainName, HostName};
pub use secret::Secret;
pub use text::{Token, Value};
pub use verb::Verb;
pub use verdict::Verdict;
