//! What happens to a service when its backend, or the network to it, fails.
//!
//! A quick selection by default; with `LIFT_TEST_FAULTS=all` every fault for as long and as often as it takes. Each test
//! prints a line beginning with `fault:`, which `--nocapture` shows.

/// The same tests for each backend.
macro_rules! for_each_backend {
    ($($(#[$attribute:meta])* $test:ident)*) => {
        mod postgres {
            $($(#[$attribute])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test::<tests::servers::Postgres>().await })*
        }

        mod redis {
            $($(#[$attribute])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test::<tests::servers::Redis>().await })*
        }
    };
}

mod connecting;
mod health;
mod idle;
mod left_behind;
mod lending;
mod load;
mod server;
mod service;
