//! The harness of the end-to-end tests: programs as processes, requests as bytes, waiting with a deadline.
//!
//! Everything here blocks and panics with a full account when something is not as expected: a test is a plain
//! function, and what it starts ends with it.

pub mod binaries;
pub mod deadline;
pub mod emulator;
pub mod event_source;
pub mod http;
pub mod journal;
pub mod ports;
pub mod process;
pub mod runtime_api;
pub mod servers;
pub mod sqs;
