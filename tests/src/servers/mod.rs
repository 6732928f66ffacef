//! Real servers with the faults that real servers have, and a proxy for those of the network between.
//!
//! Each server listens on a free loopback port, keeps its data in a folder of its own, and ends with its owner.

pub mod certificate;
pub mod dynamodb;
pub mod moto;
pub mod pgbouncer;
pub mod postgres;
pub mod processes;
pub mod proxy;
pub mod redis;

pub use certificate::Certificate;
pub use dynamodb::DynamoDb;
pub use moto::Moto;
pub use pgbouncer::PgBouncer;
pub use postgres::Postgres;
pub use proxy::FaultProxy;
pub use redis::Redis;
