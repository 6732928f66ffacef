//! The test crate.
