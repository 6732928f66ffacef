//! Resources ready to use, each behind its feature.

#[cfg(feature = "sqlite")]
pub mod sqlite;
