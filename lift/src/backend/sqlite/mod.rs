//! SQLite, bundled: nothing to install.
//!
//! ```
//! use lift::prelude::*;
//!
//! #[derive(Resource)]
//! #[resource(name = "orders-db", settings(url = "orders.db"))]
//! pub struct OrdersDb(lift::sqlite::Connection);
//! ```
//!
//! | setting | meaning | default |
//! |---|---|---|
//! | `url` | a file, `sqlite://file?mode=rwc`, a [URI](https://www.sqlite.org/uri.html) such as `file:orders.db?mode=ro`, or a database in memory | required |
//! | `busy_timeout` | how long a statement waits for another's lock; `0` does not | 5 s |
//! | `journal_mode` | `wal`, `delete`, … as in `PRAGMA journal_mode` | `wal` |
//! | `create` | make the file when it is missing | `true` |
//!
//! A connection is lent as it was opened. After each call lift looks whether something else is left of it than what
//! [`after_connect`](crate::Resource) made: an open transaction, the value of a pragma of the connection (`foreign_keys`,
//! `query_only`, `cache_size`, …), an attached database, temporary tables, an option of `set_db_config` or `set_limit`, or
//! another authorizer or progress handler than lift's. Such a connection is closed when it is returned, unless a later call
//! has undone it. A busy timeout or handler is set back. Of functions, collations, modules and the other hooks that a call
//! registers SQLite tells nothing: they stay for as long as the connection does, so register them in `after_connect`.
//!
//! **In memory**: with `:memory:` each connection has a database of its own. With `file::memory:?cache=shared`, or
//! `file:name?mode=memory&cache=shared` for more than one in a process, all connections of the pool have the same one, which
//! lives as long as the pool, also while no connection is open. There a statement waits for another's lock without a limit.

mod config;
mod error;
mod session;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
pub use rusqlite::{self, params};
use rusqlite::{InterruptHandle, OpenFlags};

use crate::resource::{Init, Resource, ResourceSpec};

pub use self::config::Config;
pub use self::error::Error;
pub(crate) use self::error::judge;
use self::session::Watched;

/// One more connection to a database in memory, which would else be gone with the last one that is idle for long.
type Keeper = Arc<Mutex<Option<rusqlite::Connection>>>;

/// One SQLite connection.
pub struct Connection {
    // `None` while a call runs, and for good when it was interrupted.
    inner: Option<Watched>,
    /// `None` for a database in memory.
    file: Option<PathBuf>,
    abandoned: Arc<AtomicBool>,
}

/// Ends the statements of a caller that has gone away.
///
/// SQLite's interrupt ends the statement that runs now, also while it waits for a lock; the mark ends one that
/// begins a moment later.
struct Interrupt {
    armed: bool,
    handle: InterruptHandle,
    abandoned: Arc<AtomicBool>,
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        if self.armed {
            self.abandoned.store(true, Ordering::Release);
            self.handle.interrupt();
        }
    }
}

impl Connection {
    /// Opens a connection by itself, for a unit test or a script: no app, no pool, and the default of every other setting. It may
    /// take 5 s.
    ///
    /// ```no_run
    /// # use lift::prelude::*;
    /// # #[derive(Resource)]
    /// # struct OrdersDb(lift::sqlite::Connection);
    /// # async fn handler(_: Pooled<OrdersDb>) {}
    /// # async fn test() -> lift::Result<()> {
    /// let db = OrdersDb(lift::sqlite::Connection::connect("orders.db").await?);
    /// handler(Pooled::detached(db)).await;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What is wrong with the URL, or why there is no connection.
    pub async fn connect(url: &str) -> crate::Result<Self> {
        crate::backend::connect("sqlite", url).await
    }

    /// A database in memory, for tests: gone with its connection.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn in_memory() -> Result<Self, Error> {
        let config = Config {
            path: None,
            busy_timeout: Duration::from_secs(5),
            journal_mode: "memory".to_owned(),
            create: true,
            keeper: Keeper::default(),
        };
        Self::initialize(&config, &Init::new("sqlite", Duration::from_secs(1))).await
    }

    /// Runs `work` with the connection on a thread where it may block.
    ///
    /// When the caller is dropped before it ends, the statement is interrupted and the connection is closed. What
    /// `work` leaves open or changed costs the connection, too, so that nobody else finds it.
    ///
    /// # Errors
    /// What SQLite says; [`Error::Gone`] when an earlier call was interrupted.
    ///
    /// # Panics
    /// When `work` panics.
    pub async fn call<T, F>(&mut self, work: F) -> Result<T, Error>
    where
        F: FnOnce(&mut rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let Some(mut inner) = self.inner.take() else { return Err(Error::Gone) };
        let (handle, abandoned) = (inner.connection.get_interrupt_handle(), self.abandoned.clone());
        let mut interrupt = Interrupt { armed: true, handle, abandoned };
        let done = tokio::task::spawn_blocking(move || {
            let answer = inner.work(work);
            (inner, answer)
        })
        .await;
        interrupt.armed = false;
        match done {
            Ok((inner, answer)) => {
                self.inner = Some(inner);
                Ok(answer?)
            }
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is shutting down.
                Err(_) => Err(Error::Gone),
            },
        }
    }
}

/// Opens a connection; and its file, unless it is in memory.
fn open(
    config: &Config,
    opening: bool,
    abandoned: Arc<AtomicBool>,
) -> Result<(Watched, Option<PathBuf>), Error> {
    let connection = connect(config)?;
    let file = file(config, &connection);
    if file.is_none() && config.path.is_some() {
        let mut keeper = config.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if keeper.is_none() {
            *keeper = Some(connect(config)?);
        }
    }
    connection.busy_timeout(config.busy_timeout)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    if let Some(path) = &config.path
        && file.is_some()
    {
        connection.pragma_update(None, "journal_mode", &config.journal_mode).map_err(
            |reason| match reason.sqlite_error_code() {
                Some(rusqlite::ErrorCode::NotADatabase) => Error::NotADatabase(path.clone()),
                _ => Error::Open { path: path.clone(), reason },
            },
        )?;
    }
    Ok((Watched::new(connection, opening, abandoned)?, file))
}

fn connect(config: &Config) -> Result<rusqlite::Connection, Error> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    match &config.path {
        None => Ok(rusqlite::Connection::open_in_memory()?),
        Some(path) => {
            let flags = if config.create { flags | OpenFlags::SQLITE_OPEN_CREATE } else { flags };
            rusqlite::Connection::open_with_flags(path, flags)
                .map_err(|reason| Error::Open { path: path.clone(), reason })
        }
    }
}

/// The file as SQLite has found it, which a URI only hints at.
fn file(config: &Config, connection: &rusqlite::Connection) -> Option<PathBuf> {
    let path = connection.path().filter(|path| !path.is_empty())?;
    // This one names a database in memory as if it were a file.
    let in_memory = config.path.as_ref().is_some_and(|uri| uri.to_string_lossy().contains("vfs=memdb"));
    (!in_memory).then(|| path.into())
}

/// Whether the file still begins as a SQLite database does.
///
/// In WAL mode a connection serves from its cache and would not notice that the file has been overwritten.
fn check_header(path: &Path) -> Result<(), Error> {
    use std::io::Read;
    let mut header = Vec::with_capacity(16);
    let read = std::fs::File::open(path).and_then(|file| file.take(16).read_to_end(&mut header));
    match read {
        // An empty file is a database to which nothing has been written yet.
        Ok(_) if header.is_empty() || header == b"SQLite format 3\0" => Ok(()),
        _ => Err(Error::NotADatabase(path.to_owned())),
    }
}

#[diagnostic::do_not_recommend]
impl Resource for Connection {
    type Config = Config;
    type Error = Error;

    fn spec() -> ResourceSpec {
        ResourceSpec::named("sqlite")
    }

    async fn initialize(config: &Config, init: &Init) -> Result<Self, Error> {
        let config = config.clone();
        let abandoned = Arc::new(AtomicBool::new(false));
        let (opening, mark) = (init.pooled, abandoned.clone());
        let opened = tokio::task::spawn_blocking(move || open(&config, opening, mark)).await;
        let (inner, file) = opened.map_err(|_| Error::Gone)??;
        Ok(Self { inner: Some(inner), file, abandoned })
    }

    fn opened(&mut self) {
        if let Some(inner) = &mut self.inner {
            inner.opened();
        }
    }

    fn is_valid(&self) -> bool {
        self.inner.as_ref().is_some_and(Watched::is_as_opened)
    }

    async fn health_check(&mut self) -> Result<(), Error> {
        if let Some(path) = self.file.clone() {
            let checked =
                tokio::task::spawn_blocking(move || check_header(&path)).await.map_err(|_| Error::Gone)?;
            if let (Err(_), Some(inner)) = (&checked, &self.inner) {
                // Closing must not write pages of the log into what is somebody else's file now.
                inner.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            }
            checked?;
        }
        self.call(|connection| connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())))
            .await
    }

    async fn cleanup(self) {
        if let Some(inner) = self.inner {
            // Closing may write the log back into the file.
            let _ = tokio::task::spawn_blocking(move || drop(inner)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Settings, Sources};

    fn config(url: &str) -> Result<Config, String> {
        let sources = Sources::empty().var("DB_URL", url);
        let mut reader = sources.reader();
        let config = Config::read(&mut reader.section(&["resources", "db"], "DB"));
        config.map_err(|_| reader.finish().to_string())
    }

    #[test]
    fn a_url_that_is_refused_is_told_by_its_variable() {
        let text = config("postgres://u:hunter2@h/db").unwrap_err();
        assert!(text.contains("- DB_URL: `postgres:…` is not") && !text.contains("hunter2"), "{text}");
        let sources = Sources::empty().var("DB_URL", "sqlite://a.db?mode=rwc").var("DB_CREATE", "false");
        let sources = sources.var("DB_BUSY_TIMEOUT", "597h");
        let mut reader = sources.reader();
        assert!(Config::read(&mut reader.section(&["resources", "db"], "DB")).is_err());
        let text = reader.finish().to_string();
        assert!(
            text.contains("- DB_CREATE: is `false`") && text.contains("DB_BUSY_TIMEOUT: is longer"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn addresses_of_other_tools_open_the_file_that_they_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let init = Init::new("sqlite", Duration::from_secs(1));
        for (name, options) in [("a.db", "?mode=rwc"), ("b.db", ""), ("c.db", "?mode=rwc&cache=private")] {
            let url = format!("sqlite://{}{options}", at(name));
            let mut connection = Connection::initialize(&config(&url).unwrap(), &init).await.unwrap();
            connection.call(|c| c.execute_batch("CREATE TABLE t (a int)")).await.unwrap();
        }
        let read_only = format!("sqlite://{}?mode=ro", at("a.db"));
        let mut connection = Connection::initialize(&config(&read_only).unwrap(), &init).await.unwrap();
        assert!(connection.call(|c| c.execute_batch("CREATE TABLE u (a int)")).await.is_err());
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        names.retain(|name| !name.to_string_lossy().contains("-"));
        names.sort();
        assert_eq!(names, ["a.db", "b.db", "c.db"]);
    }

    /// As many connections as the pool has, each of which counts and adds rows at the same time as the others.
    async fn use_all(pool: &crate::Pool<Connection>, table: &'static str) -> Vec<i64> {
        let work = (0..4).map(|_| async {
            let mut connection = pool.get().await.unwrap();
            connection.health_check().await.unwrap();
            let counted = connection
                .call(move |c| {
                    let transaction =
                        c.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
                    transaction.execute_batch(&format!(
                        "CREATE TABLE IF NOT EXISTS {table} (a int); INSERT INTO {table} VALUES (1)"
                    ))?;
                    let count = format!("SELECT count(*) FROM {table}");
                    let count = transaction.query_row(&count, [], |row| row.get(0))?;
                    transaction.commit().map(|()| count)
                })
                .await
                .unwrap();
            connection.discard();
            counted
        });
        let mut counts = futures_util::future::join_all(work).await;
        counts.sort_unstable();
        counts
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn connections_to_one_database_in_memory_share_it_for_as_long_as_their_pool_lives() {
        let settings = crate::pool::PoolSettings { max_size: 4, ..crate::pool::PoolSettings::default() };
        for url in
            ["file::memory:?cache=shared", "file:named?mode=memory&cache=shared", "file:/other?vfs=memdb"]
        {
            let first = config(url).unwrap();
            let keeper = Arc::downgrade(&first.keeper);
            let pool = crate::Pool::<Connection>::new(first, settings.clone());
            pool.warm(4).await.unwrap_or_else(|error| panic!("{url}: {}", crate::error::chain(&error)));
            assert_eq!(use_all(&pool, "t").await, [1, 2, 3, 4], "{url}");
            // None is open any more.
            assert_eq!(use_all(&pool, "t").await, [5, 6, 7, 8], "{url}");
            pool.close().await;
            drop(pool);
            // A task of the pool that has just ended may still be on its way out.
            let gone = async {
                while keeper.strong_count() > 0 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
            let next = crate::Pool::<Connection>::new(config(url).unwrap(), settings.clone());
            assert_eq!(use_all(&next, "t").await, [1, 2, 3, 4], "{url}: it has outlived its pool");
        }
    }

    #[tokio::test]
    async fn a_uri_of_a_file_is_checked_as_that_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let url = format!("file:{}?mode=rwc", path.display());
        let init = Init::new("sqlite", Duration::from_secs(1));
        let mut connection = Connection::initialize(&config(&url).unwrap(), &init).await.unwrap();
        connection.call(|c| c.execute_batch("CREATE TABLE t (a int)")).await.unwrap();
        connection.health_check().await.unwrap();
        std::fs::write(&path, "something else, which is longer").unwrap();
        assert!(matches!(connection.health_check().await, Err(Error::NotADatabase(_))));
    }

    #[tokio::test]
    async fn an_open_transaction_makes_it_invalid() {
        let mut connection = Connection::in_memory().await.unwrap();
        connection.health_check().await.unwrap();
        assert!(connection.is_valid());
        connection.call(|c| c.execute_batch("BEGIN")).await.unwrap();
        assert!(!connection.is_valid());
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_interrupts_the_statement() {
        let mut connection = Connection::in_memory().await.unwrap();
        let (ended, end) = tokio::sync::oneshot::channel();
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
        let (begun, begin) = tokio::sync::oneshot::channel();
        let call = connection.call(move |c| {
            let _ = begun.send(());
            let answer = c.query_row(endless, [], |row| row.get::<_, i64>(0));
            let _ = ended.send(answer.unwrap_err().sqlite_error_code());
            Ok(())
        });
        tokio::select! {
            _ = call => panic!("the statement never ends by itself"),
            _ = begin => {}
        }
        assert!(!connection.is_valid());
        assert_eq!(end.await.unwrap(), Some(rusqlite::ErrorCode::OperationInterrupted));
        assert!(matches!(connection.health_check().await, Err(Error::Gone)));
    }
}
