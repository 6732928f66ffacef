//! The backends against real servers.

mod orders;
mod postgres;
mod redis;
mod support;
