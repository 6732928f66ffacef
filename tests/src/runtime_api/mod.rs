//! A strict double of what AWS Lambda shows to a function: the Runtime API, the Extensions API, SnapStart, deadlines, freezes
//! and signals. It runs inside the test, on a thread of its own, and talks to a real process.
//!
//! ```no_run
//! # async fn test(function: tests::process::Program) -> Result<(), tests::runtime_api::InvokeError> {
//! use std::time::Duration;
//! use tests::runtime_api::RuntimeApi;
//!
//! let lambda = RuntimeApi::builder().memory(128).timeout(Duration::from_secs(3)).concurrency(4).seed(7).start();
//! let function = lambda.spawn(function);
//! let answer = lambda.invoke("[1, 2, 3]").await?;
//! assert_eq!(answer.json(), 6);
//! drop(function);
//! lambda.finish();
//! # Ok(()) }
//! ```
//!
//! **Strict** means: what Lambda would refuse is refused in Lambda's words, and it fails the test at
//! [`finish`](RuntimeApi::finish). What Lambda lets pass although its documentation forbids it fails the test, too.
//!
//! **Repeatable** means: which queued event goes to which poll, and how long it waits, is chosen by a seed. A failing test
//! prints it; `RUNTIME_API_SEED=7 cargo test …` makes the same choices again.
//!
//! **Not shown**: a freeze stops the process, but the wall clock does not jump meanwhile and the monotonic clock goes on. What
//! depends on that is tested where the test holds the clocks. Events for extensions are sent, but invocations don't wait for
//! extensions to finish them.

mod answer;
mod api;
mod builder;
mod extension;
mod function;
mod invocation;
mod invoke;
mod record;
mod refusal;
mod seed;
mod server;
mod shared;
mod snapshot;

pub use answer::{Answer, InvokeError};
pub use api::RuntimeApi;
pub use builder::Builder;
pub use function::{Function, ShutDown};
pub use invoke::{Event, Invoke};
pub use record::Record;
pub use snapshot::Started;

/// The largest response that Lambda takes: 6 MiB and 100 bytes.
pub const RESPONSE_LIMIT: usize = 6 * 1024 * 1024 + 100;
