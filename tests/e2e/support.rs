//! What the tests have in common: the programs, and a running server or function.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::binaries::example;
use tests::deadline::wait_until;
use tests::emulator::Emulator;
use tests::http::{Request, Response};
use tests::journal::Journal;
use tests::process::{Process, Program};

/// A folder of its own for one test.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// The example `orders` with its database in this folder and a warehouse that nobody answers for.
pub(crate) fn orders(dir: &Path) -> Program {
    Program::new(example("orders"))
        .dir(dir)
        .env("ORDERS_DB_URL", database_url(dir))
        .env("WAREHOUSE_CLIENT_URL", "http://127.0.0.1:9")
        .env(MACHINE, "false")
}

/// Whether the machine is a part of the health report; here it is none, because other tests run on it, too.
pub(crate) const MACHINE: &str = "LIFT_HEALTH_SYSTEM_ENABLED";

/// The URL of the database that [`orders`] uses.
pub(crate) fn database_url(dir: &Path) -> String {
    format!("sqlite://{}", dir.join("orders.db").display())
}

/// The service that misbehaves on request.
pub(crate) fn faulty(dir: &Path) -> Program {
    Program::new(env!("CARGO_BIN_EXE_faulty"))
        .dir(dir)
        .env("TOOL_JOURNAL", Journal::of(dir).path())
        .env(MACHINE, "false")
}

/// A program that serves HTTP.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts it on a free port and waits until it is ready.
    pub(crate) fn start(program: Program) -> Self {
        let server = Self::start_unready(program);
        wait_until("readiness", || (server.status("/health/ready")? == 200).then_some(()));
        server
    }

    /// Starts it on a free port and waits until it listens.
    pub(crate) fn start_unready(program: Program) -> Self {
        let process = program.arg("serve").arg("--listen").arg("127.0.0.1:0").start();
        let address = process
            .wait_for("its address", |line| line.split_once(" listens on http://")?.1.trim().parse().ok());
        Self { process, address }
    }

    pub(crate) fn send(&self, request: &Request) -> Response {
        request.send(self.address)
    }

    pub(crate) fn get(&self, target: &str) -> Response {
        self.send(&Request::get(target))
    }

    /// The status of a `GET`, when there is an answer.
    pub(crate) fn status(&self, target: &str) -> Option<u16> {
        Request::get(target).try_send(self.address).ok().map(|response| response.status)
    }
}

/// A program as the function of an emulator of its own.
pub(crate) struct Function {
    // In this order: the function ends before the emulator does.
    pub(crate) process: Process,
    pub(crate) emulator: Emulator,
}

impl Function {
    pub(crate) fn start(program: Program) -> Self {
        let emulator = Emulator::start();
        let process = emulator.function(program).start();
        Self { process, emulator }
    }

    pub(crate) fn send(&self, request: &Request) -> Response {
        request.send(self.emulator.address())
    }
}

/// An order that is right in every way.
pub(crate) fn an_order() -> Value {
    json!({"customer": "ada", "item": "Difference Engine", "quantity": 2})
}

/// Checks what every failure looks like to a client, and returns its body.
pub(crate) fn assert_problem(response: &Response, status: u16, code: &str) -> Value {
    let problem = response.json();
    assert_eq!(response.status, status, "{problem}");
    assert_eq!(response.content_type(), "application/problem+json", "{problem}");
    assert_eq!(problem["status"], status, "{problem}");
    assert_eq!(problem["code"], code, "{problem}");
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
    let id = problem["request_id"].as_str();
    assert!(id.is_some_and(|id| !id.is_empty()), "{problem}");
    assert_eq!(response.header("x-request-id"), id, "{problem}");
    problem
}
