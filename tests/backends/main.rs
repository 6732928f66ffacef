//! The backends against real servers.

mod addresses;
mod checks;
mod dynamodb;
mod http;
mod masks;
mod orders;
mod postgres;
mod redis;
mod sqlite;
mod support;
mod tap;
