//! AWS Lambda as cargo-lambda emulates it: a Runtime API, and an address that turns requests into function-URL events.
//!
//! Its limits shape the tests: of a header that comes several times it passes on one value; an answer without a `cookies`
//! list is a 500, which it is not on AWS; and about one in ten answers above 8 kB is a 500 or lost.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::binaries::installed;
use crate::deadline::look_until;
use crate::http::Request;
use crate::ports;
use crate::process::{Process, Program};

/// A running emulator. It serves the one function that is started with [`Emulator::function`].
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    // In this order: the process ends before its folder goes.
    _process: Process,
    _dir: TempDir,
}

impl Emulator {
    /// Starts it on a free port and waits until it answers.
    ///
    /// # Panics
    ///
    /// When cargo-lambda is not installed or does not start.
    pub fn start() -> Self {
        let program = cargo_lambda();
        let dir = tempfile::tempdir().expect("a temporary folder");
        package(dir.path());
        // Somebody else may take the port between our look and its start.
        for _ in 0..3 {
            let address = ports::free();
            let mut process = Program::new(&program)
                .arg("lambda")
                .arg("watch")
                .arg("--only-lambda-apis")
                .arg("--disable-cors")
                .arg("--invoke-address")
                .arg(address.ip().to_string())
                .arg("--invoke-port")
                .arg(address.port().to_string())
                .dir(dir.path())
                .start();
            if answers(&mut process, address) {
                return Self { address, _process: process, _dir: dir };
            }
            eprintln!("cargo-lambda did not start on {address}:\n{}", process.written());
        }
        panic!("cargo-lambda's emulator did not start; what it wrote is above");
    }

    /// Where it takes requests.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `program` as the emulator's function: with the environment that AWS gives one.
    pub fn function(&self, program: Program) -> Program {
        program
            .env("AWS_LAMBDA_RUNTIME_API", format!("http://{}/.rt", self.address))
            .env("AWS_LAMBDA_FUNCTION_NAME", "_")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/_")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0")
    }

    /// A direct invoke of the function with these bytes.
    pub fn invoke(&self, event: impl Into<Vec<u8>>) -> crate::http::Response {
        Request::new("POST", "/2015-03-31/functions/_/invocations").body(event).send(self.address)
    }
}

fn cargo_lambda() -> PathBuf {
    if let Some(path) = env::var_os("LIFT_CARGO_LAMBDA") {
        return path.into();
    }
    installed("cargo-lambda")
}

/// The emulator insists on a Cargo package, but never builds it.
fn package(dir: &Path) {
    let manifest = "[package]\nname = \"emulated\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::write(dir.join("Cargo.toml"), manifest).expect("a file in a temporary folder");
    fs::create_dir(dir.join("src")).expect("a folder in a temporary folder");
    fs::write(dir.join("src/main.rs"), "fn main() {}\n").expect("a file in a temporary folder");
}

fn answers(process: &mut Process, address: SocketAddr) -> bool {
    // An invoke must be a POST, so this is refused without any function.
    let probe = Request::get("/2015-03-31/functions/_/invocations");
    let answered = look_until(Duration::from_secs(20), || {
        let answer = probe.try_send(address).is_ok_and(|response| response.status == 405);
        (answer || !process.is_running()).then_some(answer)
    });
    answered == Some(true) && process.is_running()
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::net::TcpStream;
    use std::thread;

    use serde_json::{Value, json};

    use super::*;
    use crate::http::Connection;

    /// A function in a few lines: takes one event, and answers with what it saw.
    fn echo_once(address: SocketAddr) -> io::Result<Connection> {
        let next = Request::get("/.rt/2018-06-01/runtime/invocation/next").try_send(address)?;
        let id = next.header("lambda-runtime-aws-request-id").unwrap_or_default();
        let event: Value = next.json();
        let answer = json!({"statusCode": 201, "cookies": [], "headers": {"x-path": event["rawPath"]}, "body": event["body"]});
        let mut connection = Connection::open(address)?;
        let target = format!("/.rt/2018-06-01/runtime/invocation/{id}/response");
        connection.send(&Request::post(&target, &answer).to_bytes())?;
        connection.read_response(false)?;
        Ok(connection)
    }

    #[test]
    fn a_request_reaches_the_function_and_its_answer_comes_back() {
        let emulator = Emulator::start();
        let address = emulator.address();
        let function = thread::spawn(move || echo_once(address));
        let response = Request::post("/hello/a%20b?x=1", &json!({"a": 1})).send(address);
        let _still_connected = function.join().unwrap().unwrap();
        assert_eq!((response.status, response.header("x-path")), (201, Some("/hello/a%20b")));
        assert_eq!(response.json(), json!({"a": 1}));
    }

    #[test]
    fn it_ends_with_its_owner() {
        let emulator = Emulator::start();
        let address = emulator.address();
        drop(emulator);
        assert!(TcpStream::connect(address).and_then(|mut stream| stream.write_all(b"x")).is_err());
    }
}
