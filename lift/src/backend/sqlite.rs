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
//! | `url` | a file, `sqlite://file`, or `:memory:` (each connection its own) | required |
//! | `busy_timeout` | how long a statement waits for another's lock | 5 s |
//! | `journal_mode` | `wal`, `delete`, … as in `PRAGMA journal_mode` | `wal` |
//! | `create` | make the file when it is missing | `true` |

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
pub use rusqlite::{self, params};
use rusqlite::{InterruptHandle, OpenFlags};

use crate::config::{Invalid, Section, Settings};
use crate::resource::{Init, Resource, ResourceSpec};

/// What SQLite says, or why a call did not come back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The file cannot be opened or made.
    #[error("cannot open the database file `{}`: {reason}; check that its folder exists and is writable", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        reason: rusqlite::Error,
    },
    /// The file is there but is no SQLite database any more.
    #[error("`{}` is not a SQLite database", .0.display())]
    NotADatabase(PathBuf),
    /// An earlier call did not come back, so there is no connection any more.
    #[error("an interrupted call has taken the connection along")]
    Gone,
}

/// The settings of a SQLite resource.
#[derive(Clone, Debug)]
pub struct Config {
    path: Option<PathBuf>,
    busy_timeout: Duration,
    journal_mode: String,
    create: bool,
}

impl Settings for Config {
    fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
        let url = section.required::<String>("url", "orders.db");
        let busy_timeout = section.or("busy_timeout", Duration::from_secs(5));
        let create = section.or("create", true);
        let mode = section.or("journal_mode", "wal".to_owned()).and_then(|mode| match mode.as_str() {
            "wal" | "delete" | "truncate" | "persist" | "memory" | "off" => Ok(mode),
            _ => Err(section.invalid(
                "journal_mode",
                format!("`{mode}` is not `wal`, `delete`, `truncate`, `persist`, `memory` or `off`"),
            )),
        });
        let path = url.and_then(|url| match url.split_once("://") {
            None => Ok(url),
            Some(("sqlite" | "file", path)) if !path.is_empty() => Ok(path.to_owned()),
            Some((scheme, _)) => Err(section
                .invalid("url", format!("`{scheme}://…` is not a SQLite file; write `sqlite://orders.db`"))),
        });
        Ok(Self {
            path: Some(path?).filter(|path| path != ":memory:").map(PathBuf::from),
            busy_timeout: busy_timeout?,
            journal_mode: mode?,
            create: create?,
        })
    }
}

/// One SQLite connection.
pub struct Connection {
    // `None` while a call runs, and for good when it was interrupted.
    inner: Option<rusqlite::Connection>,
    path: Option<PathBuf>,
    abandoned: Arc<AtomicBool>,
}

/// Virtual-machine steps between two looks at whether the caller is still there.
const STEPS: i32 = 10_000;

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

impl Error {
    /// Whether another connection holds the lock; a retry may succeed.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        match self {
            Self::Sqlite(error) => matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked)),
            _ => false,
        }
    }
}

impl Connection {
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
        };
        Self::initialize(&config, &Init::new("sqlite", Duration::from_secs(1))).await
    }

    /// Runs `work` with the connection on a thread where it may block.
    ///
    /// When the caller is dropped before it ends, the statement is interrupted and the connection is closed. A
    /// transaction that `work` leaves open costs the connection, too, so that nobody else finds it.
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
        let (handle, abandoned) = (inner.get_interrupt_handle(), self.abandoned.clone());
        let mut interrupt = Interrupt { armed: true, handle, abandoned };
        let done = tokio::task::spawn_blocking(move || {
            let answer = work(&mut inner);
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

fn open(config: &Config, abandoned: Arc<AtomicBool>) -> Result<rusqlite::Connection, Error> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let mut connection = match &config.path {
        None => rusqlite::Connection::open_in_memory()?,
        Some(path) => {
            let flags = if config.create { flags | OpenFlags::SQLITE_OPEN_CREATE } else { flags };
            rusqlite::Connection::open_with_flags(path, flags)
                .map_err(|reason| Error::Open { path: path.clone(), reason })?
        }
    };
    connection.busy_timeout(config.busy_timeout)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_mode", &config.journal_mode).map_err(|reason| {
        match &config.path {
            Some(path) if reason.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
                Error::NotADatabase(path.clone())
            }
            Some(path) => Error::Open { path: path.clone(), reason },
            None => reason.into(),
        }
    })?;
    connection.progress_handler(STEPS, Some(move || abandoned.load(Ordering::Acquire)))?;
    Ok(connection)
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

    async fn initialize(config: &Config, _: &Init) -> Result<Self, Error> {
        let config = config.clone();
        let path = config.path.clone();
        let abandoned = Arc::new(AtomicBool::new(false));
        let mark = abandoned.clone();
        let opened = tokio::task::spawn_blocking(move || open(&config, mark)).await;
        Ok(Self { inner: Some(opened.map_err(|_| Error::Gone)??), path, abandoned })
    }

    fn is_valid(&self) -> bool {
        self.inner.as_ref().is_some_and(rusqlite::Connection::is_autocommit)
    }

    async fn health_check(&mut self) -> Result<(), Error> {
        if let Some(path) = self.path.clone() {
            let checked =
                tokio::task::spawn_blocking(move || check_header(&path)).await.map_err(|_| Error::Gone)?;
            if let (Err(_), Some(inner)) = (&checked, &self.inner) {
                // Closing must not write pages of the log into what is somebody else's file now.
                inner.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
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
    use crate::config::Sources;

    fn config(url: &str) -> Result<Config, String> {
        let sources = Sources::empty().var("DB_URL", url);
        let mut reader = sources.reader();
        let config = Config::read(&mut reader.section(&["resources", "db"], "DB"));
        config.map_err(|_| reader.finish().to_string())
    }

    #[test]
    fn urls_are_files_or_memory() {
        assert_eq!(config(":memory:").unwrap().path, None);
        assert_eq!(config("sqlite://a/b.db").unwrap().path, Some(PathBuf::from("a/b.db")));
        assert_eq!(config("/tmp/a.db").unwrap().path, Some(PathBuf::from("/tmp/a.db")));
        let text = config("postgres://u:hunter2@h/db").unwrap_err();
        assert!(text.contains("`postgres://…` is not a SQLite file") && !text.contains("hunter2"), "{text}");
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
