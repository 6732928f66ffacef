//! What a connection was opened as, and whether it still is that.
//!
//! SQLite says of each statement what it is about to do when the statement is prepared. One that may change the connection
//! raises suspicion, and after the call SQLite is asked what the connection is now.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Result};

/// The pragmas whose value belongs to the connection, and those of a file that take effect by way of it. The others belong
/// to the file or to the process, tell something or do something.
const PRAGMAS: [&str; 38] = [
    "analysis_limit",
    "auto_vacuum",
    "automatic_index",
    "busy_timeout",
    "cache_size",
    "cache_spill",
    "case_sensitive_like",
    "cell_size_check",
    "checkpoint_fullfsync",
    "count_changes",
    "defer_foreign_keys",
    "empty_result_callbacks",
    "encoding",
    "foreign_keys",
    "full_column_names",
    "fullfsync",
    "ignore_check_constraints",
    "journal_mode",
    "journal_size_limit",
    "legacy_alter_table",
    "locking_mode",
    "max_page_count",
    "mmap_size",
    "page_size",
    "parser_trace",
    "query_only",
    "read_uncommitted",
    "recursive_triggers",
    "reverse_unordered_selects",
    "secure_delete",
    "short_column_names",
    "synchronous",
    "temp_store",
    "threads",
    "trusted_schema",
    "vdbe_trace",
    "wal_autocheckpoint",
    "writable_schema",
];

/// What else a statement can leave behind.
const LEFT: [&str; 3] = [
    // Of `PRAGMA case_sensitive_like`, which cannot be read.
    "SELECT 'a' LIKE 'A'",
    // Of `ATTACH` and `DETACH`; the database of temporary tables is there once it was needed.
    "SELECT group_concat(name || ' ' || file) FROM pragma_database_list WHERE name <> 'temp'",
    "SELECT group_concat(type || ' ' || name || ' ' || coalesce(sql, '')) FROM sqlite_temp_schema",
];

const CONFIGS: [DbConfig; 19] = [
    DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY,
    DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
    DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER,
    DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
    DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG,
    DbConfig::SQLITE_DBCONFIG_TRIGGER_EQP,
    DbConfig::SQLITE_DBCONFIG_RESET_DATABASE,
    DbConfig::SQLITE_DBCONFIG_DEFENSIVE,
    DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA,
    DbConfig::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE,
    DbConfig::SQLITE_DBCONFIG_DQS_DML,
    DbConfig::SQLITE_DBCONFIG_DQS_DDL,
    DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW,
    DbConfig::SQLITE_DBCONFIG_LEGACY_FILE_FORMAT,
    DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA,
    DbConfig::SQLITE_DBCONFIG_REVERSE_SCANORDER,
    DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE,
    DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE,
    DbConfig::SQLITE_DBCONFIG_ENABLE_COMMENTS,
];

const LIMITS: [Limit; 12] = [
    Limit::SQLITE_LIMIT_LENGTH,
    Limit::SQLITE_LIMIT_SQL_LENGTH,
    Limit::SQLITE_LIMIT_COLUMN,
    Limit::SQLITE_LIMIT_EXPR_DEPTH,
    Limit::SQLITE_LIMIT_COMPOUND_SELECT,
    Limit::SQLITE_LIMIT_VDBE_OP,
    Limit::SQLITE_LIMIT_FUNCTION_ARG,
    Limit::SQLITE_LIMIT_ATTACHED,
    Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH,
    Limit::SQLITE_LIMIT_VARIABLE_NUMBER,
    Limit::SQLITE_LIMIT_TRIGGER_DEPTH,
    Limit::SQLITE_LIMIT_WORKER_THREADS,
];

/// What functions of SQLite change, which no statement tells of; it is looked at after every call.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Switches {
    configs: [Option<bool>; CONFIGS.len()],
    limits: [Option<i32>; LIMITS.len()],
    /// Whether what lift watches the connection with is still there.
    handlers: usize,
}

impl Switches {
    fn of(connection: &Connection, watch: &Watch) -> Self {
        Self {
            configs: CONFIGS.map(|config| connection.db_config(config).ok()),
            limits: LIMITS.map(|limit| connection.limit(limit).ok()),
            handlers: Arc::strong_count(&watch.handlers),
        }
    }
}

/// All that a borrower can change about a connection and SQLite can tell.
#[derive(PartialEq)]
struct Session {
    switches: Switches,
    told: Vec<Option<Value>>,
}

impl Session {
    fn of(connection: &Connection, watch: &Watch) -> Result<Self> {
        let ask = |statement: &str| connection.query_row(statement, [], |row| row.get(0)).optional();
        let pragmas = PRAGMAS.iter().map(|name| ask(&format!("PRAGMA {name}")));
        let told = pragmas.chain(LEFT.iter().map(|statement| ask(statement))).collect::<Result<_>>()?;
        Ok(Self { switches: Switches::of(connection, watch), told })
    }

    fn busy_timeout(&self) -> Option<Duration> {
        let place = PRAGMAS.iter().position(|&name| name == "busy_timeout")?;
        match self.told.get(place)? {
            Some(Value::Integer(time)) => {
                u64::try_from(*time).ok().filter(|&time| time > 0).map(Duration::from_millis)
            }
            _ => None,
        }
    }
}

/// What is called while the connection works.
struct Watch {
    /// A statement was prepared that may change the connection.
    suspicious: Arc<AtomicBool>,
    /// Held by each handler, so that one that was replaced is missed.
    handlers: Arc<()>,
}

/// Its handlers and itself.
const HANDLERS: usize = 3;

/// Virtual-machine steps between two looks at whether the caller is still there.
const STEPS: i32 = 10_000;

impl Watch {
    fn begin(connection: &mut Connection, abandoned: Arc<AtomicBool>) -> Result<Self> {
        let (suspicious, handlers) = (Arc::new(AtomicBool::new(false)), Arc::new(()));
        let held = handlers.clone();
        connection.progress_handler(
            STEPS,
            Some(move || {
                let _ = &held;
                abandoned.load(Ordering::Acquire)
            }),
        )?;
        let (held, mark) = (handlers.clone(), suspicious.clone());
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            let _ = &held;
            if is_suspicious(&context) {
                mark.store(true, Ordering::Relaxed);
            }
            Authorization::Allow
        }))?;
        Ok(Self { suspicious, handlers })
    }

    /// Whether something suspicious was done since it was last asked, or may have been done unseen.
    fn take(&self) -> bool {
        self.suspicious.swap(false, Ordering::Relaxed) || Arc::strong_count(&self.handlers) < HANDLERS
    }
}

fn is_suspicious(context: &AuthContext<'_>) -> bool {
    match context.action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => true,
        AuthAction::Pragma { pragma_name, pragma_value } => {
            pragma_value.is_some() && PRAGMAS.iter().any(|name| pragma_name.eq_ignore_ascii_case(name))
        }
        AuthAction::Read { .. } => false,
        _ => context.database_name == Some("temp"),
    }
}

/// An open connection, and what it was opened as.
pub(super) struct Watched {
    pub(super) connection: Connection,
    watch: Watch,
    /// Whether what is done still belongs to its opening.
    opening: bool,
    /// `None` until its first call after that.
    opened: Option<Session>,
    changed: bool,
}

impl Watched {
    /// Its statements are ended once `abandoned` is set.
    pub(super) fn new(mut connection: Connection, opening: bool, abandoned: Arc<AtomicBool>) -> Result<Self> {
        let watch = Watch::begin(&mut connection, abandoned)?;
        Ok(Self { connection, watch, opening, opened: None, changed: false })
    }

    /// What is done from now on does not belong to its opening.
    pub(super) fn opened(&mut self) {
        self.opening = false;
    }

    /// Whether it is as it was opened, with no transaction open.
    pub(super) fn is_as_opened(&self) -> bool {
        !self.changed && self.connection.is_autocommit()
    }

    /// Does some work with it, and looks at what that leaves behind.
    pub(super) fn work<T>(&mut self, work: impl FnOnce(&mut Connection) -> T) -> T {
        if self.opening {
            return work(&mut self.connection);
        }
        if self.opened.is_none() {
            self.opened = Session::of(&self.connection, &self.watch).ok();
            self.watch.take();
        }
        let done = work(&mut self.connection);
        if self.connection.is_autocommit() {
            self.look();
        }
        done
    }

    fn look(&mut self) {
        let Some(opened) = &self.opened else {
            self.changed = self.watch.take();
            return;
        };
        if let Some(time) = opened.busy_timeout() {
            let _ = self.connection.busy_timeout(time);
        }
        let switched = Switches::of(&self.connection, &self.watch) != opened.switches;
        if self.watch.take() || switched || self.changed {
            // One that is kept would be run again without being prepared.
            self.connection.flush_prepared_statement_cache();
            self.changed = Session::of(&self.connection, &self.watch).ok().as_ref() != Some(opened);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They tell something, do something, or belong to the file or the process.
    const OTHERS: [&str; 30] = [
        "application_id",
        "collation_list",
        "compile_options",
        "data_version",
        "database_list",
        "default_cache_size",
        "foreign_key_check",
        "foreign_key_list",
        "freelist_count",
        "function_list",
        "hard_heap_limit",
        "incremental_vacuum",
        "index_info",
        "index_list",
        "index_xinfo",
        "integrity_check",
        "module_list",
        "optimize",
        "page_count",
        "pragma_list",
        "quick_check",
        "schema_version",
        "shrink_memory",
        "soft_heap_limit",
        "table_info",
        "table_list",
        "table_xinfo",
        "temp_store_directory",
        "user_version",
        "wal_checkpoint",
    ];

    #[test]
    fn every_pragma_of_sqlite_is_judged() {
        let connection = Connection::open_in_memory().unwrap();
        let mut names = connection.prepare("SELECT name FROM pragma_pragma_list").unwrap();
        for name in names.query_map([], |row| row.get::<_, String>(0)).unwrap() {
            let name = name.unwrap();
            let judged = PRAGMAS.contains(&&*name) != OTHERS.contains(&&*name);
            assert!(judged, "{name}: does it belong to the connection?");
        }
    }

    fn watched() -> Watched {
        Watched::new(Connection::open_in_memory().unwrap(), false, Arc::default()).unwrap()
    }

    fn opening() -> Watched {
        Watched::new(Connection::open_in_memory().unwrap(), true, Arc::default()).unwrap()
    }

    fn run(watched: &mut Watched, statements: &str) {
        watched
            .work(|connection| connection.execute_batch(statements))
            .unwrap_or_else(|error| panic!("{statements}: {error}"));
    }

    #[test]
    fn what_statements_leave_behind_is_seen_until_it_is_undone() {
        for (left, undone) in [
            ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
            ("pragma/**/QUERY_ONLY(1)", "PRAGMA query_only = 0"),
            ("PRAGMA main.cache_size = 7", "PRAGMA cache_size = -2000"),
            ("PRAGMA case_sensitive_like = ON", "PRAGMA case_sensitive_like = OFF"),
            ("PRAGMA busy_timeout = 7; PRAGMA recursive_triggers = ON", "PRAGMA recursive_triggers = OFF"),
            ("ATTACH ':memory:' AS other", "DETACH other"),
            ("CREATE TEMP TABLE t (a)", "DROP TABLE t"),
            ("CREATE TABLE temp.t AS SELECT 1", "DROP TABLE t"),
            ("CREATE TABLE IF NOT EXISTS u (a); CREATE TEMP VIEW v AS SELECT * FROM u", "DROP VIEW v"),
            (
                "CREATE TABLE IF NOT EXISTS u (a); CREATE TEMP TRIGGER r INSERT ON u BEGIN SELECT 1; END",
                "DROP TRIGGER r",
            ),
            ("CREATE VIRTUAL TABLE temp.f USING fts5(a)", "DROP TABLE f"),
            ("BEGIN", "ROLLBACK"),
            ("SAVEPOINT s", "RELEASE s"),
        ] {
            let mut watched = watched();
            run(&mut watched, left);
            assert!(!watched.is_as_opened(), "{left}");
            run(&mut watched, "SELECT 1");
            assert!(!watched.is_as_opened(), "{left}, and another call");
            run(&mut watched, undone);
            assert!(watched.is_as_opened(), "{undone}");
            run(&mut watched, left);
            assert!(!watched.is_as_opened(), "{left}, again");
        }
    }

    #[test]
    fn what_belongs_to_the_file_or_is_undone_in_the_same_call_costs_nothing() {
        for statements in [
            "CREATE TABLE t (a); INSERT INTO t VALUES (1); DELETE FROM t; DROP TABLE t; VACUUM",
            "PRAGMA user_version = 3; PRAGMA application_id = 7; PRAGMA optimize; PRAGMA wal_checkpoint",
            "PRAGMA foreign_keys; PRAGMA table_info('t'); PRAGMA integrity_check(1)",
            "PRAGMA foreign_keys = OFF; PRAGMA foreign_keys = ON",
            "ATTACH ':memory:' AS other; CREATE TABLE other.t (a); DETACH other",
            "CREATE TEMP TABLE t (a); INSERT INTO t VALUES (1); DROP TABLE t",
            "BEGIN; SAVEPOINT s; ROLLBACK",
            "PRAGMA busy_timeout = 7",
        ] {
            let mut watched = watched();
            run(&mut watched, statements);
            assert!(watched.is_as_opened(), "{statements}");
        }
    }

    #[test]
    fn a_statement_that_is_kept_prepared_is_seen_each_time() {
        let mut watched = watched();
        let set = |watched: &mut Watched, on: bool| {
            let statement = format!("PRAGMA recursive_triggers = {on}");
            watched
                .work(|connection| connection.prepare_cached(&statement)?.query([])?.next().map(drop))
                .unwrap();
        };
        for _ in 0..3 {
            set(&mut watched, true);
            assert!(!watched.is_as_opened());
            set(&mut watched, false);
            assert!(watched.is_as_opened());
        }
    }

    #[test]
    fn what_functions_leave_behind_is_seen() {
        type Change = fn(&mut Connection) -> Result<()>;
        let changes: [(&str, Change); 5] = [
            ("a configuration", |c| c.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map(drop)),
            ("a limit", |c| c.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0).map(drop)),
            ("an authorizer", |c| c.authorizer(Some(|_: AuthContext<'_>| Authorization::Allow))),
            ("no authorizer", |c| c.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)),
            ("a progress handler", |c| c.progress_handler(7, Some(|| false))),
        ];
        for (what, change) in changes {
            let mut watched = watched();
            watched.work(change).unwrap();
            assert!(!watched.is_as_opened(), "{what}");

            // As part of its opening it is all right, and what comes then is still seen.
            let mut watched = opening();
            watched.work(change).unwrap();
            watched.opened();
            assert!(watched.is_as_opened(), "{what}");
            run(&mut watched, "SELECT 1");
            assert!(watched.is_as_opened(), "{what}");
            run(&mut watched, "PRAGMA foreign_keys = OFF");
            assert!(!watched.is_as_opened(), "{what}");
        }
    }

    #[test]
    fn a_busy_timeout_is_set_back() {
        let mut watched = opening();
        let told =
            |c: &mut Connection| c.query_row("PRAGMA busy_timeout", [], |row| row.get::<_, u32>(0)).unwrap();
        watched.work(|c| c.busy_timeout(Duration::from_secs(3))).unwrap();
        assert_eq!(watched.work(told), 3000);
        watched.opened();
        watched.work(|c| c.busy_timeout(Duration::from_secs(7))).unwrap();
        assert_eq!(watched.work(told), 3000);
        watched.work(|c| c.busy_handler(Some(|_| false))).unwrap();
        assert_eq!(watched.work(told), 3000);
        assert!(watched.is_as_opened());
    }
}
