//! Redis and Valkey, by the `redis` crate; TLS by rustls.
//!
//! ```
//! use lift::prelude::*;
//! use lift::redis::{AsyncCommands, RedisError};
//!
//! #[derive(Resource)]
//! #[resource(name = "cache", pool(max_size = 4))]
//! pub struct Cache(lift::redis::Connection);
//!
//! #[lift::handler(GET, "/visits")]
//! async fn visits(mut cache: Pooled<Cache>) -> Result<String, lift::Error> {
//!     let count: u64 = cache.incr("visits", 1).await?;
//!     Ok(count.to_string())
//! }
//!
//! /// Several commands in one round trip.
//! async fn reset(cache: &mut Cache) -> Result<u64, RedisError> {
//!     let mut commands = lift::redis::pipe();
//!     commands.atomic().get("visits").del("visits").ignore();
//!     let (count,) = cache.pipeline(&commands).await?;
//!     Ok(count)
//! }
//! ```
//!
//! | setting | meaning | default |
//! |---|---|---|
//! | `url` | `redis://user:password@host:6379/0`, `rediss://…` for TLS, `unix:///path`; `valkey://…` as well; `?db=4`, `?user=`, `?password=`, `?protocol=resp3` | required |
//! | `ca_file` | the certificates to trust, in PEM form, instead of Mozilla's | none |
//! | `client_name` | what `CLIENT LIST` shows | the resource's name |
//! | `response_timeout` | bound of one call; a call that runs into it costs the connection. `0` is none, for commands that block | 1 s |
//! | `keepalive` | idle time before TCP asks whether the peer is there (then 4 times, 15 s apart); `0` never | 60 s |
//!
//! The password is the URL's, or comes from a [`CredentialProvider`] for every new connection:
//! `Connection<MyProvider>`; see [`credentials`](crate::credentials).
//!
//! A connection is not lent again after its server closed it, after a call was begun on it and not finished, or when its
//! session is not the one that was opened:
//!
//! | commands | what they do to the session |
//! |---|---|
//! | `MULTI`, `WATCH` | open something, until `EXEC`, `DISCARD` or, for `WATCH`, `UNWATCH` was done; an [`atomic`](Pipeline::atomic) pipeline ends with `EXEC` |
//! | `SELECT`, `AUTH`, `HELLO` with arguments, `RESET`, `QUIT`, `READONLY`, `ASKING` | change it for good |
//! | `CLIENT SETNAME`, `SETINFO`, `TRACKING`, `CACHING`, `NO-EVICT`, `NO-TOUCH`, `REPLY`, and subcommands that are not known here | change it for good |
//! | `SUBSCRIBE`, `PSUBSCRIBE`, `SSUBSCRIBE`, `MONITOR`, `SYNC`, `PSYNC`, `REPLCONF`, `SCRIPT DEBUG` | change it for good |
//! | all others | leave it alone |
//!
//! A command counts by its name, also where the server refuses it. Subscriptions need a connection of their own: this one has
//! nowhere to deliver messages to. A module's commands are taken to leave the session alone.
//!
//! # Errors that evict
//!
//! After one of these errors the connection is closed when it is returned, and the next borrower gets a new one, which
//! may reach another server:
//!
//! | error | meaning |
//! |---|---|
//! | `READONLY` | the server is a replica, as after a failover |
//! | `UNBLOCKED` | the server became a replica while a call blocked, or `CLIENT UNBLOCK` ended the call |
//! | `MASTERDOWN` | a replica has lost its master and serves no data |
//! | `NOREPLICAS` | a master has lost its replicas (`min-replicas-to-write`), as one that is cut off |
//! | `LOADING` | the server loads its data, after a restart or from a new master |
//! | `CLUSTERDOWN` | the node belongs to no working cluster |
//! | `NOAUTH` | the session is not logged in any more |
//!
//! This holds for every command, pipeline, transaction and script, and for an error inside of an answer, even if the
//! caller ignores it. All other errors keep the connection: a new one would meet `OOM`, `MISCONF`, `BUSY`, `MOVED` and
//! `WRONGTYPE` as well.

mod config;
mod error;
mod eviction;
mod open;
mod session;

use std::marker::PhantomData;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
pub use redis::{
    self, AsyncCommands, AsyncTypedCommands, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, Script,
    ToRedisArgs, Value, cmd, pipe,
};
use redis::{RedisFuture, RedisResult};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use self::config::Config;
pub use self::error::Error;
pub(crate) use self::error::judge;
use self::eviction::Answer;
use self::session::Session;
pub use crate::backend::credentials::{CredentialProvider, Credentials, FromUrl, Server};
use crate::resource::{Init, Resource, ResourceSpec};

/// How long closing waits for the connection's task.
const GOODBYE: Duration = Duration::from_millis(250);

/// One Redis connection, whose user and password come from `C`.
///
/// The commands are those of [`AsyncCommands`]. What it does runs in a task of its own, so the end of the stream is
/// noticed while nobody uses it.
pub struct Connection<C = FromUrl> {
    inner: MultiplexedConnection,
    driver: JoinHandle<()>,
    session: Session,
    /// A call whose future was not polled to its end, or whose answer may still come, leaves this set.
    unfinished: bool,
    /// An error was seen that evicts.
    evicted: bool,
    db: i64,
    provider: PhantomData<fn() -> C>,
}

impl Connection {
    /// Opens a connection by itself, for a unit test or a script: no app, no pool, and the default of every other setting. It may
    /// take 5 s.
    ///
    /// ```no_run
    /// # use lift::prelude::*;
    /// # #[derive(Resource)]
    /// # struct Cache(lift::redis::Connection);
    /// # async fn handler(_: Pooled<Cache>) {}
    /// # async fn test() -> lift::Result<()> {
    /// let cache = Cache(lift::redis::Connection::connect("redis://localhost/1").await?);
    /// handler(Pooled::detached(cache)).await;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What is wrong with the URL, or why there is no connection.
    pub async fn connect(url: &str) -> crate::Result<Self> {
        crate::backend::connect("redis", url).await
    }
}

impl<C> Connection<C> {
    /// Runs one command, for those that [`AsyncCommands`] does not know.
    ///
    /// ```
    /// # use lift::redis::{Connection, RedisError, cmd};
    /// async fn memory(redis: &mut Connection, key: &str) -> Result<u64, RedisError> {
    ///     redis.command(cmd("MEMORY").arg("USAGE").arg(key)).await
    /// }
    /// ```
    ///
    /// # Errors
    /// What the server says, or that its answer is of another type.
    pub async fn command<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, RedisError> {
        command.query_async(self).await
    }

    /// Runs several commands in one round trip; [`atomic`](Pipeline::atomic) makes them one transaction.
    ///
    /// # Errors
    /// What the server says, or that its answers are of other types.
    pub async fn pipeline<T: FromRedisValue>(&mut self, commands: &Pipeline) -> Result<T, RedisError> {
        commands.query_async(self).await
    }

    fn end<T: Answer>(&mut self, answer: RedisResult<T>) -> RedisResult<T> {
        self.evicted |= answer.as_ref().map_or_else(eviction::evicts, Answer::evicts);
        // After a time-out the answer is still on its way. Answers come in order, so this one shows that those of
        // earlier, abandoned calls have come.
        self.unfinished = answer.as_ref().is_err_and(RedisError::is_io_error);
        answer
    }
}

impl<C> ConnectionLike for Connection<C> {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let before = self.session;
            self.session = before.sent(command);
            self.unfinished = true;
            let answer = self.inner.send_packed_command(command).await;
            if let Ok(answer) = &answer {
                self.session = before.answered(command, answer);
            }
            self.end(answer)
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let before = self.session;
            self.session = pipeline.cmd_iter().fold(before, Session::sent);
            self.unfinished = true;
            let answers = self.inner.send_packed_commands(pipeline, offset, count).await;
            self.session = if pipeline.is_transaction() {
                self.session.executed(&answers)
            } else {
                before.answered_all(pipeline, &answers)
            };
            self.end(answers)
        })
    }

    fn get_db(&self) -> i64 {
        self.db
    }
}

impl<C: CredentialProvider> Resource for Connection<C> {
    type Config = Config<C>;
    type Error = Error;

    fn spec() -> ResourceSpec {
        ResourceSpec::named("redis")
    }

    async fn initialize(config: &Config<C>, init: &Init) -> Result<Self, Error> {
        let (inner, driver) = open::open(config, init).await?;
        let (session, db) = (Session::new(init.pooled), config.session.db());
        Ok(Self { inner, driver, session, unfinished: false, evicted: false, db, provider: PhantomData })
    }

    fn opened(&mut self) {
        self.session = self.session.opened();
    }

    fn is_valid(&self) -> bool {
        !(self.driver.is_finished() || self.unfinished || self.evicted) && self.session.is_clean()
    }

    async fn health_check(&mut self) -> Result<(), Error> {
        Ok(self.command(&cmd("PING")).await?)
    }

    async fn cleanup(self) {
        let Self { inner, mut driver, unfinished, .. } = self;
        drop(inner);
        // The driver of an abandoned call waits for its answer, which nobody does.
        if unfinished || timeout(GOODBYE, &mut driver).await.is_err() {
            driver.abort();
            let _ = driver.await;
        }
    }
}
