//! PostgreSQL, by tokio-postgres; TLS by rustls.
//!
//! ```
//! use lift::prelude::*;
//!
//! #[derive(Resource)]
//! #[resource(name = "orders-db", pool(max_size = 8))]
//! pub struct OrdersDb(lift::postgres::Connection);
//!
//! #[lift::handler(GET, "/count")]
//! async fn count(db: Pooled<OrdersDb>) -> Result<String, lift::Error> {
//!     let row = db.query_one("SELECT count(*) FROM orders", &[]).await?;
//!     Ok(row.try_get::<_, i64>(0)?.to_string())
//! }
//! ```
//!
//! | setting | meaning | default |
//! |---|---|---|
//! | `url` | `postgres://user:password@host:5432/database`, with libpq's options as tokio-postgres knows them, or `key=value` pairs; what nothing reads is refused | required |
//! | `tls` | `disable`; `prefer`: when the server offers it; `require`. Where there is TLS, certificate and host name are checked | the URL's `sslmode`, else `require` with a `ca_file` and `prefer` without |
//! | `ca_file` | the certificates to trust, in PEM form, instead of Mozilla's; Amazon RDS needs its own bundle | none |
//! | `application_name` | what `pg_stat_activity` shows | the URL's, else the resource's name |
//! | `statement_cache` | prepared statements kept for each connection; `0` sends every call with its parameters in one round trip and prepares nothing, for PgBouncer's transaction mode | 100 |
//! | `keepalive` | idle time before TCP asks whether the peer is there (then 4 times, 15 s apart); `0` never | the URL's, else 60 s |
//! | `statement_timeout` | the server ends a statement that runs for longer; `0` never, whatever the server's own is | the server's |
//!
//! The password is the URL's, or comes from a [`CredentialProvider`] for every new connection:
//! `Connection<MyProvider>`; see [`credentials`](crate::credentials).
//!
//! A connection is not lent again after its server closed it, after a call or a [transaction](Connection::transaction)
//! on it was begun and not finished, and while a transaction is open. Whether one is, PostgreSQL says after every call, and
//! lift reads it off the stream, so it does not matter how the transaction was begun: by `batch("BEGIN")`, in a comment's
//! company, by [`client()`](Connection::client). What else a session may keep (`SET`, `LISTEN`, advisory locks, temporary
//! tables) is not reset, because that would cost a round trip and pin the connections of a proxy: use `SET LOCAL` and
//! `pg_advisory_xact_lock` in a transaction.
//!
//! # Errors that evict
//!
//! After one of these errors the connection is closed when it is returned, and the next borrower gets a new one, which
//! may reach another server:
//!
//! | SQLSTATE | meaning |
//! |---|---|
//! | any, with severity `FATAL` or `PANIC` | the server ends the session |
//! | `08…` | the connection failed, at the server or at a proxy |
//! | `57P01`, `57P02`, `57P03` and every other `57P…` | shutdown by an administrator, crash, not accepting connections yet; database dropped, session idle for too long |
//! | `25006` | the server accepts no writes, as after a failover that made it a standby; also a write in a transaction that was begun as `READ ONLY` |
//!
//! This holds for every call of a connection, a [transaction](Connection::transaction), a savepoint and
//! [`client()`](Connection::client), including `BEGIN` and `COMMIT`, even if the caller ignores the error. All other errors keep
//! the connection. That includes `0A000`, which some pools evict on: PostgreSQL reports it for an outdated prepared statement.
//!
//! # Migrations
//!
//! A statement that was prepared before a migration may not fit its tables and types any more: columns came or went, a type
//! was made anew. PostgreSQL says so before it executes anything. Outside of a transaction lift then prepares the statement
//! again and makes the call once more, which nobody notices. In a transaction such a call fails, once for each statement and
//! connection, because what came before it is lost with it; the next one works. A session that says that it knows a statement
//! no longer (`26000`, as after `DEALLOCATE ALL`) is not lent again.
//!
//! **Behind PgBouncer in transaction mode** (before its 1.21, or with `max_prepared_statements = 0`) set
//! `statement_cache = 0`. Parameters then have the types of PostgreSQL that their Rust types stand for; text, JSON and
//! `SystemTime` are read as literals are. A value of an enum or a composite type is passed as text and cast
//! (`$1::text::mood`), and such a column is read as text (`mood::text`), because their types are only known by a prepared
//! statement.

mod address;
mod calls;
mod config;
mod connector;
mod error;
mod eviction;
mod link;
mod outdated;
mod statements;
mod tap;
mod transaction;
mod unfinished;
mod unnamed;

use std::marker::PhantomData;

use tokio_postgres::Client;
pub use tokio_postgres::error::{DbError, SqlState};
pub use tokio_postgres::types;
use tokio_postgres::types::ToSql;
pub use tokio_postgres::{self, IsolationLevel, Row};

pub use self::config::Config;
pub use self::error::Error;
pub(crate) use self::error::judge;
pub use self::transaction::Transaction;
pub use crate::backend::credentials::{CredentialProvider, Credentials, FromUrl, Server};
use crate::resource::{Init, Resource, ResourceSpec};
use calls::Calls;
use link::Link;
use statements::Statements;
use unfinished::Unfinished;

/// One PostgreSQL connection, whose user and password come from `C`.
///
/// What it does runs in a task of its own, so the end of the stream is noticed while nobody uses it.
pub struct Connection<C = FromUrl> {
    link: Link,
    statements: Statements,
    unfinished: Unfinished,
    provider: PhantomData<fn() -> C>,
}

calls::methods!(Connection<C>, C);

impl Connection {
    /// Opens a connection by itself, for a unit test or a script: no app, no pool, and the default of every other setting. It may
    /// take 5 s.
    ///
    /// ```no_run
    /// # use lift::prelude::*;
    /// # #[derive(Resource)]
    /// # struct OrdersDb(lift::postgres::Connection);
    /// # async fn handler(_: Pooled<OrdersDb>) {}
    /// # async fn test() -> lift::Result<()> {
    /// let db = OrdersDb(lift::postgres::Connection::connect("postgres://postgres@localhost/test").await?);
    /// handler(Pooled::detached(db)).await;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What is wrong with the URL, or why there is no connection.
    pub async fn connect(url: &str) -> crate::Result<Self> {
        crate::backend::connect("postgres", url).await
    }
}

impl<C> Connection<C> {
    /// tokio-postgres's own client, for `COPY`, notifications, types and the like.
    ///
    /// A connection on which it leaves a transaction open, or something under way, is not lent again. If a call may be
    /// abandoned before anything of it was sent (a `select!` whose other arm was ready), run it inside
    /// [`Pooled::run`](crate::Pooled::run).
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.link.client
    }

    fn calls(&self) -> Calls<'_> {
        Calls { client: &self.link.client, statements: &self.statements, session: &self.link.session }
    }

    async fn mark<T>(
        &self,
        call: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        Ok(self.unfinished.count(self.link.session.heard(call)).await?)
    }
}

impl<C: CredentialProvider> Resource for Connection<C> {
    type Config = Config<C>;
    type Error = Error;

    fn spec() -> ResourceSpec {
        ResourceSpec::named("postgres")
    }

    async fn initialize(config: &Config<C>, init: &Init) -> Result<Self, Error> {
        let server = config.server();
        let credentials = match config.credentials.credentials(&server).await {
            Ok(credentials) => credentials,
            Err(source) => return Err(Error::Credentials { server, source }),
        };
        let settings = config.connection(init, credentials);
        Ok(Self {
            link: Link::open(settings, config.tls.clone(), server, init).await?,
            statements: Statements::new(config.statement_cache),
            unfinished: Unfinished::default(),
            provider: PhantomData,
        })
    }

    fn is_valid(&self) -> bool {
        !self.link.client.is_closed() && self.link.session.is_clean() && !self.unfinished.is_any()
    }

    async fn health_check(&mut self) -> Result<(), Error> {
        self.mark(self.link.client.check_connection()).await
    }

    async fn cleanup(self) {
        // The link first: each statement would else tell the server that it goes.
        self.link.close().await;
    }
}
