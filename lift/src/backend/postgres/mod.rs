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
//! | `url` | `postgres://user:password@host:5432/database`, with libpq's options as tokio-postgres knows them | required |
//! | `tls` | `disable`; `prefer`: when the server offers it; `require`. Where there is TLS, certificate and host name are checked | the URL's `sslmode`, else `require` with a `ca_file` and `prefer` without |
//! | `ca_file` | the certificates to trust, in PEM form, instead of Mozilla's; Amazon RDS needs its own bundle | none |
//! | `application_name` | what `pg_stat_activity` shows | the URL's, else the resource's name |
//! | `statement_cache` | prepared statements kept for each connection; `0` sends every call with its parameters in one round trip and prepares nothing, for PgBouncer's transaction mode | 100 |
//! | `keepalive` | idle time before TCP asks whether the peer is there (then 4 times, 15 s apart); `0` never | the URL's, else 60 s |
//! | `statement_timeout` | the server ends a statement that runs for longer | the server's |
//!
//! The password is the URL's, or comes from a [`CredentialProvider`] for every new connection:
//! `Connection<MyProvider>`; see [`credentials`](crate::credentials).
//!
//! A connection is not lent again after its server closed it, after a call or a [transaction](Connection::transaction)
//! on it was begun and not finished, and while a `BEGIN` is open. What else a session may keep (`SET`, `LISTEN`, advisory
//! locks, temporary tables) is not reset, because that would cost a round trip and pin the connections of a proxy: use
//! `SET LOCAL` and `pg_advisory_xact_lock` in a transaction.
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
//! This holds for every call of a connection, a [transaction](Connection::transaction) and a savepoint, including `BEGIN`
//! and `COMMIT`, even if the caller ignores the error. Calls made through [`client()`](Connection::client) are not
//! inspected. All other errors keep the connection. That includes `0A000`, which some pools evict on: PostgreSQL reports it
//! for an outdated prepared statement, and lift prepares that statement again.
//!
//! **Behind PgBouncer in transaction mode** (before its 1.21, or with `max_prepared_statements = 0`) set
//! `statement_cache = 0`. Parameters then have the types of PostgreSQL that their Rust types stand for; text, JSON and
//! `SystemTime` are read as literals are. A value of an enum or a composite type is passed as text and cast
//! (`$1::text::mood`), and such a column is read as text (`mood::text`), because their types are only known by a prepared
//! statement.

mod calls;
mod config;
mod error;
mod eviction;
mod state;
mod statements;
mod transaction;
mod unnamed;

use std::marker::PhantomData;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::timeout;
pub use tokio_postgres::error::{DbError, SqlState};
pub use tokio_postgres::types;
use tokio_postgres::types::ToSql;
pub use tokio_postgres::{self, IsolationLevel, Row};
use tokio_postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

pub use self::config::Config;
pub use self::error::Error;
pub(crate) use self::error::judge;
pub use self::transaction::Transaction;
pub use crate::backend::credentials::{CredentialProvider, Credentials, FromUrl, Server};
use crate::error::logged;
use crate::resource::{Init, Resource, ResourceSpec};
use calls::Calls;
use state::{Effect, State};
use statements::Statements;

/// How long closing waits for the server, each for the end of an abandoned statement and of the connection.
const GOODBYE: Duration = Duration::from_millis(250);

/// One PostgreSQL connection, whose user and password come from `C`.
///
/// What it does runs in a task of its own, so the end of the stream is noticed while nobody uses it.
pub struct Connection<C = FromUrl> {
    client: Client,
    driver: JoinHandle<()>,
    statements: Statements,
    state: State,
    tls: Option<MakeRustlsConnect>,
    provider: PhantomData<fn() -> C>,
}

calls::methods!(Connection<C>, C);

impl<C> Connection<C> {
    /// tokio-postgres's own client, for `COPY`, notifications, types and the like.
    ///
    /// What is done with it is not marked, and its errors are not inspected. If a call may be abandoned, run it inside
    /// [`Pooled::run`](crate::Pooled::run). [Discard](crate::Pooled::discard) the connection after a call that leaves a
    /// transaction open or fails with an [error that evicts](crate::postgres#errors-that-evict).
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn calls(&self) -> Calls<'_> {
        Calls { client: &self.client, statements: &self.statements }
    }

    async fn mark<T>(
        &self,
        call: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        self.state.begin();
        let answer = self.state.evicted().look(call.await);
        self.state.end();
        Ok(answer?)
    }

    async fn mark_text<T>(
        &self,
        sql: &str,
        call: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        let answer = self.mark(call).await;
        self.state.note(Effect::of(sql), answer.is_ok());
        answer
    }

    /// Asks the server to end the statement that still runs, so that it does not work for nobody.
    async fn cancel(&self) {
        let token = self.client.cancel_token();
        let cancelled = async {
            match &self.tls {
                Some(tls) => token.cancel_query(tls.clone()).await,
                None => token.cancel_query(NoTls).await,
            }
        };
        if let Ok(Err(error)) = timeout(GOODBYE, cancelled).await {
            tracing::debug!(
                error = logged(&error),
                "an abandoned PostgreSQL statement could not be cancelled"
            );
        }
    }
}

/// Lets the connection work in a task until the client is dropped or the stream ends.
fn drive<S, T>(connection: tokio_postgres::Connection<S, T>, resource: &'static str) -> JoinHandle<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(resource, error = logged(&error), "a PostgreSQL connection ended");
        }
    })
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
        let opened = match &config.tls {
            Some(tls) => {
                let opened = settings.connect(tls.clone()).await;
                opened.map(|(client, connection)| (client, drive(connection, init.name)))
            }
            None => {
                let opened = settings.connect(NoTls).await;
                opened.map(|(client, connection)| (client, drive(connection, init.name)))
            }
        };
        let (client, driver) = opened.map_err(|source| Error::Connect { server, source })?;
        Ok(Self {
            client,
            driver,
            statements: Statements::new(config.statement_cache),
            state: State::default(),
            tls: config.tls.clone(),
            provider: PhantomData,
        })
    }

    fn is_valid(&self) -> bool {
        !self.client.is_closed() && self.state.is_clean()
    }

    async fn health_check(&mut self) -> Result<(), Error> {
        self.mark(self.client.check_connection()).await
    }

    async fn cleanup(self) {
        if self.state.is_unfinished() && !self.client.is_closed() {
            self.cancel().await;
        }
        let Self { client, mut driver, .. } = self;
        // Before the statements, each of which would else tell the server that it goes.
        drop(client);
        if timeout(GOODBYE, &mut driver).await.is_err() {
            driver.abort();
            let _ = driver.await;
        }
    }
}
