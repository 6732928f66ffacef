use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::Keeper;
use crate::config::limits::Part;
use crate::config::{Invalid, Section, Settings, distance};

/// The settings of a SQLite resource.
#[derive(Clone, Debug)]
pub struct Config {
    /// A file, or a URI that SQLite reads; `None` for a database in memory of each connection's own.
    pub(super) path: Option<PathBuf>,
    pub(super) busy_timeout: Duration,
    pub(super) journal_mode: String,
    pub(super) create: bool,
    pub(super) keeper: Keeper,
}

impl Settings for Config {
    fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
        let url = section.required::<String>("url", "orders.db");
        let busy_timeout = section.limit(Part::Sqlite, "busy_timeout", Duration::from_secs(5));
        let create = section.or("create", true);
        let mode = section.or("journal_mode", "wal".to_owned()).and_then(|mode| match mode.as_str() {
            "wal" | "delete" | "truncate" | "persist" | "memory" | "off" => Ok(mode),
            _ => Err(section.invalid(
                "journal_mode",
                format!("`{mode}` is not `wal`, `delete`, `truncate`, `persist`, `memory` or `off`"),
            )),
        });
        let database = url.and_then(|url| parse(&url).map_err(|problem| section.invalid("url", problem)));
        let (database, create) = (database?, create?);
        if database.creates && !create {
            return Err(section.invalid("create", "is `false`, and the URL says `mode=rwc`; write `mode=rw`"));
        }
        Ok(Self {
            path: database.path,
            busy_timeout: busy_timeout?,
            journal_mode: mode?,
            create,
            keeper: Keeper::default(),
        })
    }
}

/// What a URL names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Database {
    path: Option<PathBuf>,
    /// Whether the URL itself asks for the file to be made.
    creates: bool,
}

const MEMORY: &str = ":memory:";

/// What SQLite reads of a URI, and the words that some of it takes.
const OPTIONS: [(&str, &[&str]); 7] = [
    ("mode", &["ro", "rw", "rwc", "memory"]),
    ("cache", &["shared", "private"]),
    ("immutable", &["0", "1", "true", "false", "on", "off", "yes", "no"]),
    ("nolock", &["0", "1", "true", "false", "on", "off", "yes", "no"]),
    ("psow", &["0", "1", "true", "false", "on", "off", "yes", "no"]),
    ("modeof", &[]),
    ("vfs", &[]),
];

/// What others read in their addresses, without the `_` that some of them begin with.
const FOREIGN: [(&str, &str); 9] = [
    ("busy_timeout", "write the setting `busy_timeout` instead"),
    ("timeout", "write the setting `busy_timeout` instead"),
    ("journal_mode", "write the setting `journal_mode` instead"),
    ("journal", "write the setting `journal_mode` instead"),
    ("create_if_missing", "write the setting `create` instead"),
    ("connection_limit", "set `max_size` of the resource's pool instead"),
    ("foreign_keys", "leave it out; they are always on"),
    ("fk", "leave it out; foreign keys are always on"),
    ("uri", "leave it out"),
];

/// The schemes that an error may show: anything else before a `:` may be a user, or half of a password.
const SCHEMES: [&str; 16] = [
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "mssql",
    "sqlserver",
    "oracle",
    "mongodb",
    "redis",
    "rediss",
    "valkey",
    "unix",
    "http",
    "https",
    "jdbc",
    "libsql",
];

/// Reads a path, `:memory:`, `sqlite:…` as other tools write it, or a URI of SQLite's own.
fn parse(url: &str) -> Result<Database, String> {
    const OPTIONS: &str =
        "has options, which are read of a URI alone; write `file:` before it, or `%3F` in a URI for a `?`";
    if url == MEMORY {
        return Ok(Database::default());
    }
    match scheme(url) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("sqlite") => {
            uri(rest.strip_prefix("//").unwrap_or(rest))
        }
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => {
            // The only host that SQLite knows is this one.
            let rest = rest.strip_prefix("//").unwrap_or(rest);
            uri(rest.strip_prefix("localhost").filter(|path| path.starts_with('/')).unwrap_or(rest))
        }
        Some((scheme, _)) => Err(other_database(scheme)),
        None if url.contains('?') => Err(OPTIONS.to_owned()),
        None => Ok(Database { path: Some(url.into()), creates: false }),
    }
}

fn other_database(scheme: &str) -> String {
    let known = SCHEMES.iter().find(|known| scheme.eq_ignore_ascii_case(known));
    let shown = known.map_or_else(|| "an address with a scheme".to_owned(), |known| format!("`{known}:…`"));
    format!("{shown} is not a SQLite file; write `sqlite://orders.db`, or `./` before a name with a `:`")
}

/// The scheme and what follows its `:`. One letter is a drive.
fn scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte));
    is_scheme.then_some((scheme, rest))
}

/// What follows the scheme.
fn uri(text: &str) -> Result<Database, String> {
    if text.contains('#') {
        return Err("holds a `#`, and nothing reads what follows it; write `%23`".to_owned());
    }
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let first = path.split('/').next().unwrap_or_default();
    if path != MEMORY && first.contains('@') || scheme(path).is_some() {
        return Err(
            "names a user or a scheme, and a database is a file; write `sqlite://orders.db`".to_owned()
        );
    }
    let options: Vec<(&str, &str)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    for (index, (name, value)) in options.iter().enumerate() {
        judge(name, value)?;
        if options.iter().take(index).any(|(other, _)| other == name) {
            return Err(format!("names the option `{name}` twice; write it once"));
        }
    }
    let has = |option: (&str, &str)| options.contains(&option);
    if path.is_empty() && !has(("mode", "memory")) {
        return Err("names no file; write `sqlite://orders.db`, or `:memory:`".to_owned());
    }
    if options.is_empty() {
        let path = percent_decode_str(path).decode_utf8().map_err(|_| "holds an escape that is not UTF-8")?;
        let path = Some(PathBuf::from(&*path)).filter(|path| path.as_os_str() != MEMORY);
        return Ok(Database { path, creates: false });
    }
    // Two slashes would begin the name of a host.
    let slashes = path.len() - path.trim_start_matches('/').len();
    let path = path.get(slashes.saturating_sub(1)..).unwrap_or(path);
    Ok(Database { path: Some(format!("file:{path}?{query}").into()), creates: has(("mode", "rwc")) })
}

/// What is wrong with an option. Its name is shown where others are known to have it.
fn judge(name: &str, value: &str) -> Result<(), String> {
    let known = || OPTIONS.iter().map(|(known, _)| *known);
    if let Some((known, words)) = OPTIONS.iter().find(|(known, _)| *known == name) {
        return match words.is_empty() || words.contains(&value) {
            true => Ok(()),
            false => Err(format!("has an option `{known}` that is not `{}`", words.join("`, `"))),
        };
    }
    let bare = name.trim_start_matches('_').to_lowercase();
    if let Some((foreign, answer)) = FOREIGN.iter().find(|(foreign, _)| *foreign == bare) {
        return Err(format!("has the option `{foreign}`, which nothing reads; {answer}"));
    }
    let near = known().map(|known| (distance(&bare, known), known)).min();
    Err(match near.filter(|(slips, known)| *slips <= known.len().max(3) / 3) {
        Some((_, near)) => format!("has an option that nothing reads; did you mean `{near}`?"),
        None => format!(
            "has an option that nothing reads; there are `{}`",
            known().collect::<Vec<_>>().join("`, `")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str) -> Option<String> {
        let database = parse(url).unwrap_or_else(|problem| panic!("{url}: {problem}"));
        database.path.map(|path| path.display().to_string())
    }

    #[test]
    fn addresses_in_the_spelling_of_other_tools_are_the_same_database() {
        for memory in [":memory:", "sqlite::memory:", "sqlite://:memory:", "file::memory:"] {
            assert_eq!(path(memory), None, "{memory}");
        }
        for (url, expected) in [
            ("orders.db", "orders.db"),
            ("/tmp/a.db", "/tmp/a.db"),
            ("./a:b.db", "./a:b.db"),
            ("C:/data/a.db", "C:/data/a.db"),
            ("sqlite:orders.db", "orders.db"),
            ("sqlite:/tmp/a.db", "/tmp/a.db"),
            ("sqlite://orders.db", "orders.db"),
            ("sqlite://a/b.db", "a/b.db"),
            ("sqlite:///tmp/a.db", "/tmp/a.db"),
            ("SQLITE://orders.db", "orders.db"),
            ("sqlite://my%20orders.db", "my orders.db"),
            ("file:orders.db", "orders.db"),
            ("file:///tmp/a.db", "/tmp/a.db"),
            ("file://localhost/tmp/a.db", "/tmp/a.db"),
            ("sqlite://orders.db?mode=rwc", "file:orders.db?mode=rwc"),
            ("sqlite:///tmp/a.db?mode=ro", "file:/tmp/a.db?mode=ro"),
            ("sqlite:////tmp/a.db?mode=ro", "file:/tmp/a.db?mode=ro"),
            ("sqlite::memory:?cache=shared", "file::memory:?cache=shared"),
            ("sqlite:named?mode=memory&cache=shared", "file:named?mode=memory&cache=shared"),
            ("file:/other?vfs=memdb", "file:/other?vfs=memdb"),
        ] {
            assert_eq!(path(url).as_deref(), Some(expected), "{url}");
        }
        assert!(parse("sqlite://orders.db?mode=rwc").unwrap().creates);
        assert!(!parse("sqlite://orders.db?mode=rw").unwrap().creates);
    }

    #[test]
    fn other_addresses_are_refused_and_not_repeated() {
        for (url, problem) in [
            ("postgres:hunter2", "`postgres:…` is not a SQLite file"),
            ("postgres://ada:hunter2@h/db", "`postgres:…` is not a SQLite file"),
            ("jdbc:sqlite:hunter2.db", "`jdbc:…` is not a SQLite file"),
            ("hunter2:x@h/db", "an address with a scheme is not a SQLite file"),
            ("sqlite+aiosqlite:///hunter2.db", "an address with a scheme is not a SQLite file"),
            ("sqlite://ada:hunter2@h/db", "names a user or a scheme"),
            ("sqlite:file:hunter2.db", "names a user or a scheme"),
            ("sqlite:", "names no file"),
            ("sqlite://", "names no file"),
            ("sqlite://?mode=rwc", "names no file"),
            ("file:", "names no file"),
            ("orders.db?mode=hunter2", "write `file:` before it"),
            ("sqlite://orders.db#hunter2", "holds a `#`"),
            ("sqlite://orders.db?mode=hunter2", "an option `mode` that is not `ro`, `rw`, `rwc`, `memory`"),
            ("file:orders.db?mode=", "an option `mode` that is not"),
            ("file:orders.db?cache=hunter2", "an option `cache` that is not"),
            ("file:orders.db?mode=ro&mode=rw", "names the option `mode` twice"),
            (
                "sqlite://orders.db?_busy_timeout=5000",
                "the option `busy_timeout`, which nothing reads; write the setting",
            ),
            ("sqlite://orders.db?Journal_Mode=wal", "the option `journal_mode`"),
            ("sqlite://orders.db?mod=ro", "did you mean `mode`?"),
            ("sqlite://orders.db?hunter2=1", "has an option that nothing reads; there are `mode`"),
            ("sqlite://%FF.db", "not UTF-8"),
        ] {
            let told = parse(url).unwrap_err();
            assert!(told.contains(problem) && !told.contains("hunter2"), "{url}: {told}");
        }
    }
}
