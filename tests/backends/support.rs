//! What the tests have in common.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use lift::Init;
use lift::config::Sources;
use tests::deadline::wait_until;
use tests::http::Request;
use tests::process::{Process, Program};

/// An error with all its sources on one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let sources = std::iter::successors(error.source(), |&error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

/// The settings of a resource named `db`: `url`, and others by their variables.
pub(crate) fn settings(url: &str, others: &[(&str, &str)]) -> Sources {
    others
        .iter()
        .fold(Sources::empty().var("DB_URL", url), |sources, (name, value)| sources.var(*name, *value))
}

/// Starts a service on a free port, waits until it is ready, and returns where it listens.
pub(crate) fn serve(program: Program) -> (Process, SocketAddr) {
    // A busy machine would degrade it.
    let program = program.env("LIFT_HEALTH_SYSTEM_ENABLED", "false");
    let process = program.arg("serve").arg("--listen").arg("127.0.0.1:0").start();
    let address =
        process.wait_for("its address", |line| line.split_once(" listens on http://")?.1.trim().parse().ok());
    let ready = || Request::get("/health/ready").try_send(address).is_ok_and(|answer| answer.status == 200);
    wait_until("readiness", || ready().then_some(()));
    (process, address)
}

pub(crate) fn init() -> Init {
    Init::new("db", Duration::from_secs(5))
}

/// Waits until it holds, while the runtime works.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), waiting).await.is_ok(), "{what}: not within 30 s");
}
