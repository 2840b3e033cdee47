//! One connection to a registry as a state machine without I/O.

mod stage;

pub use stage::Stage;
