//! Builds commands out of arbitrary bytes, for fuzzing.
