//! PgBouncer, as Debian packages it.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::Postgres;
use super::postgres::{ask, own, owner_program, shared_folder};
use crate::deadline::look_until;
use crate::ports;
use crate::process::Process;

/// A proxy before a [`Postgres`] that pools its transactions: each may run in another session of the server.
#[derive(Debug)]
pub struct PgBouncer {
    address: SocketAddr,
    // Before its folder, so that it ends first.
    _proxy: Process,
    _dir: TempDir,
}

impl PgBouncer {
    /// Starts one on a free port, with this many sessions that take turns, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When PgBouncer is not installed or does not start.
    pub fn start(server: &Postgres, sessions: usize) -> Self {
        let dir = shared_folder();
        // Somebody else may take the port between our look and its start.
        for _ in 0..3 {
            let address = ports::free();
            let mut proxy = owner_program(PathBuf::from("pgbouncer"))
                .arg(configure(&dir, server.address(), address, sessions))
                .start();
            // It opens its sessions one by one; the asking one is one more.
            let clients = "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend'";
            let answered = look_until(Duration::from_secs(20), || match ask(address, "SELECT 1") {
                Ok(_) => (server.sql(clients).len() > sessions).then_some(true),
                Err(_) => (!proxy.is_running()).then_some(false),
            });
            if answered == Some(true) {
                return Self { address, _proxy: proxy, _dir: dir };
            }
            eprintln!("PgBouncer did not start on {address}:\n{}", proxy.written());
        }
        panic!(
            "PgBouncer did not start; what it wrote is above (on Debian or Ubuntu: apt-get install pgbouncer)"
        );
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn configure(dir: &TempDir, server: SocketAddr, address: SocketAddr, sessions: usize) -> PathBuf {
    let users = dir.path().join("users.txt");
    let file = dir.path().join("pgbouncer.ini");
    fs::write(&users, "\"postgres\" \"\"\n").expect("a file in a folder of our own");
    let text = format!(
        "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = {}\nlisten_port = {}\nunix_socket_dir =\n\
         auth_type = trust\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = {sessions}\n\
         min_pool_size = {sessions}\nserver_round_robin = 1\n",
        server.ip(),
        server.port(),
        address.ip(),
        address.port(),
        users.display(),
    );
    fs::write(&file, text).expect("a file in a folder of our own");
    own(&users);
    own(&file);
    file
}
