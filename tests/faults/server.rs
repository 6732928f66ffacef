//! The servers of all backends, with the faults that they have in common.

use std::net::SocketAddr;
use std::sync::Arc;

use lift::App;
use tests::servers::{Postgres, Redis};

use crate::service::{self, Kept};

/// A real server and the service that uses it.
pub(crate) trait Server: Send + Sync + Sized + 'static {
    const NAME: &'static str;

    /// Whether all connections end when one of them is killed.
    const SHARES_ITS_FATE: bool;

    /// What it says when it is full.
    const FULL: &'static str;

    fn start() -> Self;

    /// One that lets in no more than four clients.
    fn start_small() -> Self;

    /// A service whose only resource, `db`, is a connection to such a server.
    fn app(kept: Arc<Kept>) -> App;

    /// The same for a service that can do without.
    fn app_without_need() -> App;

    fn address(&self) -> SocketAddr;

    /// The URL for the service, by this way.
    fn url_at(address: SocketAddr) -> String;

    fn url(&self) -> String {
        Self::url_at(self.address())
    }

    /// How many clients are connected.
    fn clients(&self) -> usize;

    /// Closes all connections and returns how many, when they are closed.
    fn close_all(&self) -> usize;

    /// Ends one connection as harshly as the server allows.
    fn kill_one(&self);

    fn crash(&mut self);

    fn restart(&mut self);

    fn freeze(&self);

    fn thaw(&self);
}

impl Server for Postgres {
    const NAME: &'static str = "postgres";
    const SHARES_ITS_FATE: bool = true;
    const FULL: &'static str = "remaining connection slots are reserved";

    fn start() -> Self {
        with_role(Postgres::start())
    }

    fn start_small() -> Self {
        // The one place more is for superusers, which the service is not.
        with_role(Postgres::start_with(&["max_connections=5", "superuser_reserved_connections=1"]))
    }

    fn app(kept: Arc<Kept>) -> App {
        service::postgres::app(kept)
    }

    fn app_without_need() -> App {
        service::postgres::without_need()
    }

    fn address(&self) -> SocketAddr {
        Postgres::address(self)
    }

    fn url_at(address: SocketAddr) -> String {
        format!("postgres://service@{address}/postgres")
    }

    fn clients(&self) -> usize {
        self.sessions()
    }

    fn close_all(&self) -> usize {
        self.terminate_all()
    }

    fn kill_one(&self) {
        self.kill_a_backend();
    }

    fn crash(&mut self) {
        Postgres::crash(self);
    }

    fn restart(&mut self) {
        Postgres::restart(self);
    }

    fn freeze(&self) {
        Postgres::freeze(self);
    }

    fn thaw(&self) {
        Postgres::thaw(self);
    }
}

fn with_role(server: Postgres) -> Postgres {
    server.sql("CREATE ROLE service LOGIN");
    server
}

impl Server for Redis {
    const NAME: &'static str = "redis";
    const SHARES_ITS_FATE: bool = false;
    const FULL: &'static str = "max number of clients reached";

    fn start() -> Self {
        Redis::start()
    }

    fn start_small() -> Self {
        Redis::start_with(&["--maxclients", "4"])
    }

    fn app(kept: Arc<Kept>) -> App {
        service::redis::app(kept)
    }

    fn app_without_need() -> App {
        service::redis::without_need()
    }

    fn address(&self) -> SocketAddr {
        Redis::address(self)
    }

    fn url_at(address: SocketAddr) -> String {
        format!("redis://{address}")
    }

    fn clients(&self) -> usize {
        Redis::clients(self)
    }

    fn close_all(&self) -> usize {
        self.kill_clients()
    }

    fn kill_one(&self) {
        let clients = self.command(&["CLIENT", "LIST"]);
        let client =
            clients.lines().find(|line| line.contains(" name=db ")).expect("a client of the service");
        let address = client.split_once(" addr=").and_then(|(_, rest)| rest.split(' ').next());
        // It may have gone by itself meanwhile, which makes it no less dead.
        let _ = self.try_command(&["CLIENT", "KILL", address.expect("a client's address")]);
    }

    fn crash(&mut self) {
        Redis::crash(self);
    }

    fn restart(&mut self) {
        Redis::restart(self);
    }

    fn freeze(&self) {
        Redis::freeze(self);
    }

    fn thaw(&self) {
        Redis::thaw(self);
    }
}
