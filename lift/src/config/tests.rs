use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::sources::{distance, nearest};
use super::*;

fn env(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|&(name, value)| (name.into(), value.into())).collect()
}

/// What no text is.
#[cfg(unix)]
fn garbled() -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(b"postgres://ada:hunter\xff@h/db".to_vec())
}

#[test]
fn a_named_file_is_read_and_its_values_hold() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, "[shutdown]\ngrace = '3s'").unwrap();
    let sources = Sources::from_env(env(&[("LIFT_CONFIG", path.to_str().unwrap()), ("NAME", "x")])).unwrap();
    assert_eq!(sources.file(), Some(&*path));
    assert_eq!(sources.env("NAME"), Some("x"));
    let mut reader = sources.reader();
    assert_eq!((reader.env("NAME"), reader.env("OTHER")), (Some("x"), None));
    let mut section = reader.section(&["shutdown"], "LIFT_SHUTDOWN");
    assert_eq!(section.optional("grace"), Ok(Some(Duration::from_secs(3))));
    assert!(reader.finish().is_empty());
}

#[test]
fn a_named_file_that_is_missing_is_a_fault_and_an_unnamed_one_is_none() {
    let faults = Sources::from_env(env(&[("LIFT_CONFIG", "/no/such/file.toml")])).unwrap_err();
    let text = faults.to_string();
    assert!(text.contains("1 thing is wrong\n  - /no/such/file.toml: cannot be read:"), "{text}");
    assert!(text.contains("help: set LIFT_CONFIG to a readable file, or unset it"), "{text}");
    let subjects: Vec<_> = (&faults).into_iter().map(|fault| fault.subject.as_str()).collect();
    assert_eq!(subjects, ["/no/such/file.toml"]);

    assert!(!Path::new("lift.toml").exists());
    let sources = Sources::from_env(env(&[("NAME", "x")])).unwrap();
    assert_eq!((sources.file(), sources.env("NAME")), (None, Some("x")));
}

#[test]
fn the_processs_own_environment_is_read() {
    let sources = Sources::load().unwrap();
    assert_eq!(sources.env("CARGO_MANIFEST_DIR"), std::env::var("CARGO_MANIFEST_DIR").ok().as_deref());
    assert!(sources.env("PATH").is_some());
}

#[test]
fn a_table_where_a_value_belongs_is_named_itself_and_not_what_is_in_it() {
    let sources = Sources::empty().toml("[shutdown.grace]\nvalue = '3s'").unwrap();
    let mut reader = sources.reader();
    let _ = reader.section(&["shutdown"], "LIFT_SHUTDOWN").or("grace", Duration::ZERO);
    let faults = reader.finish();
    let subjects: Vec<_> = faults.iter().map(|fault| fault.subject.as_str()).collect();
    assert_eq!(subjects, ["lift.toml: `shutdown.grace`"]);
}

#[test]
fn a_guess_is_at_most_a_third_of_the_letters_away() {
    let keys = ["max_size", "min_idle", "wait", "idle_timeout"];
    let guesses = [
        ("max_sise", Some("max_size")),
        ("max_sisse", Some("max_size")),
        ("min_idles", Some("min_idle")),
        ("wat", Some("wait")),
        ("wiat", None),
        ("lifetime", None),
        ("idle_time", Some("idle_timeout")),
        ("size", None),
        ("", None),
    ];
    for (word, expected) in guesses {
        assert_eq!(nearest(word, keys.into_iter()), expected, "{word}");
    }
}

/// The distance by its definition.
fn edits(a: &[u8], b: &[u8]) -> usize {
    match (a, b) {
        ([], rest) | (rest, []) => rest.len(),
        ([x, a_rest @ ..], [y, b_rest @ ..]) => {
            let change = edits(a_rest, b_rest) + usize::from(x != y);
            change.min(edits(a_rest, b) + 1).min(edits(a, b_rest) + 1)
        }
    }
}

#[test]
fn edits_are_counted_as_their_definition_says() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..300 {
        let mut word = || -> String {
            (0..random.usize(..6)).map(|_| random.choice(['a', 'b', 'c']).unwrap_or_default()).collect()
        };
        let (a, b) = (word(), word());
        assert_eq!(distance(&a, &b), edits(a.as_bytes(), b.as_bytes()), "{a} {b}");
    }
}

#[test]
fn values_are_read_as_their_kind() {
    assert_eq!(<bool as Value>::parse("true"), Some(true));
    assert_eq!(<bool as Value>::parse("1"), Some(true));
    assert_eq!(<bool as Value>::parse("false"), Some(false));
    assert_eq!(<bool as Value>::parse("0"), Some(false));
    assert_eq!(<bool as Value>::parse("yes"), None);
    assert_eq!(<PathBuf as Value>::parse("/tmp/x"), Some(PathBuf::from("/tmp/x")));
    assert_eq!(<PathBuf as Value>::parse(""), None);
    assert_eq!(<String as Value>::parse("x"), Some("x".to_owned()));
    assert_eq!(<String as Value>::parse(""), None);
    let address = SocketAddr::from(([127, 0, 0, 1], 3000));
    assert_eq!(<SocketAddr as Value>::parse("127.0.0.1:3000"), Some(address));
    assert_eq!(<SocketAddr as Value>::parse("localhost"), None);
    assert_eq!(<u8 as Value>::parse("255"), Some(255));
    assert_eq!(<u8 as Value>::parse("256"), None);
}

#[test]
fn a_duration_is_written_in_the_largest_unit_that_divides_it() {
    let texts = [
        (0, "0ms"),
        (1, "1ms"),
        (999, "999ms"),
        (1_000, "1s"),
        (1_500, "1500ms"),
        (59_000, "59s"),
        (60_000, "1m"),
        (90_000, "90s"),
        (3_600_000, "1h"),
        (5_400_000, "90m"),
        (90_000_000, "25h"),
    ];
    for (milliseconds, text) in texts {
        assert_eq!(duration_text(Duration::from_millis(milliseconds)), text);
    }
}

#[test]
fn a_setting_that_is_wrong_says_so_in_its_error() {
    assert_eq!(Invalid.to_string(), "a setting is missing or wrong");
}

#[test]
fn an_error_of_the_file_shows_its_place_and_none_of_its_text() {
    let broken = [
        "[resources.db]\nurl = 'postgres://app:hunter2@db/orders",
        "[resources.db]\npassword = hunter2",
        "[resources.db]\npassword = \"hunter2\\q\"",
        "password = 'hunter2'\npassword = 'hunter2'",
        "password = 'hunter2' hunter2",
        "hunter2",
        "[hunter2",
        "password = 2024-13-45hunter2",
        "password = 'hunter2'\n[password]\nx = 1",
        "password = [ 'hunter2'",
        "password = { hunter2 }",
        "a.b = 'hunter2'\na = 'hunter2'",
    ];
    for text in broken {
        let said = Sources::empty().toml(text).unwrap_err().to_string();
        assert!(!said.contains("hunter2"), "{text}\n{said}");
        assert!(said.contains("lift.toml: is not TOML: line "), "{text}\n{said}");
    }
    let said = Sources::empty().toml("[resources.db]\npassword = hunter2").unwrap_err().to_string();
    assert!(said.contains("line 2, column 12: "), "{said}");
}

#[test]
fn a_value_that_may_be_a_secret_stays_in_its_place() {
    let file = "[db]\nauth_key = 'hunter2'\nsize = 'u:hunter2@x'\nprivate = ['hunter2']\nplain = 'many'";
    let sources = Sources::empty().toml(file).unwrap();
    let mut reader = sources.reader();
    let mut section = reader.section(&["db"], "DB");
    for key in ["auth_key", "size", "private", "plain"] {
        assert_eq!(section.optional::<u8>(key), Err(Invalid));
    }
    let said = reader.finish().to_string();
    assert!(
        !said.contains("hunter2") && said.contains("lift.toml: `db.plain`: `many` is not a whole"),
        "{said}"
    );
    assert!(!format!("{sources:?}").contains("hunter2"), "{sources:?}");
}

#[test]
fn an_array_is_read_as_a_list_or_refused_by_name() {
    let file = "[db]\nhosts = ['a', ' b']\nsizes = [1, 2]\nsize = [1]\nnested = [[1]]\nlist = 'a, b,'";
    let sources = Sources::empty().toml(file).unwrap().var("DB_NAMES", "x,y");
    let mut reader = sources.reader();
    let mut section = reader.section(&["db"], "DB");
    let texts = |texts: &[&str]| Ok(Some(texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>()));
    assert_eq!(section.optional::<Vec<String>>("hosts"), texts(&["a", "b"]));
    assert_eq!(section.optional::<Vec<String>>("list"), texts(&["a", "b"]));
    assert_eq!(section.optional::<Vec<String>>("names"), texts(&["x", "y"]));
    assert_eq!(section.optional::<Vec<u8>>("sizes"), Ok(Some(vec![1, 2])));
    assert_eq!(section.optional::<u8>("size"), Err(Invalid));
    assert_eq!(section.optional::<Vec<u8>>("nested"), Err(Invalid));
    let said = reader.finish().to_string();
    assert!(said.contains("lift.toml: `db.size`: the array is not a whole number"), "{said}");
    assert!(said.contains("lift.toml: `db.nested`: the array is not a list"), "{said}");
}

#[test]
fn parts_that_would_read_the_same_variables_are_named_together() {
    let together = |parts: &[(&[&str], &str)]| {
        let sources = Sources::empty();
        let mut reader = sources.reader();
        for (path, prefix) in parts {
            let mut section = reader.section(path, prefix);
            let _ = section.or("wait", 1_u8);
            let _ = section.nested("pool").or("wait", 1_u8);
        }
        reader.finish().iter().map(|fault| fault.subject.clone()).collect::<Vec<_>>()
    };
    let hyphen: (&[&str], &str) = (&["resources", "orders-db"], "ORDERS_DB");
    assert_eq!(
        together(&[hyphen, (&["resources", "OrdersDb"], "ORDERS_DB")]),
        ["lift.toml: `resources.orders-db` and `resources.OrdersDb`"]
    );
    assert_eq!(
        together(&[hyphen, (&["resources", "orders-db-pool"], "ORDERS_DB_POOL")]),
        ["lift.toml: `resources.orders-db.pool.wait` and `resources.orders-db-pool.wait`"]
    );
    assert_eq!(together(&[hyphen, hyphen, (&["resources", "orders"], "ORDERS")]), [""; 0]);
}

#[test]
fn a_variable_that_nothing_reads_is_told_with_a_guess() {
    let sources = Sources::empty()
        .var("DB_POOL_MAX_SISE", "hunter2")
        .var("DB_POL_MAX_SIZE", "4")
        .var("DB_ENTIRELY_ELSE", "4")
        .var("DB_POOL_MAX_SIZE", "4")
        .var("DB_EMPTY", "")
        .var("DBX_POOL", "4")
        .var("LIFT_LOG_FORMAT", "json")
        .var("LIFT_LOG_FORMATT", "json")
        .var("LIFT_CONFG", "a.toml")
        .var("LIFT_LISTN", "x");
    let unread = |sources: &Sources| {
        let mut reader = sources.reader();
        let _ = reader.variable::<String>("LIFT_LOG_FORMAT");
        let _ = reader.section(&["server"], "LIFT").optional::<String>("listen");
        let _ = reader.section(&["resources", "db"], "DB").nested("pool").or("max_size", 1_u8);
        reader.unread_variables()
    };
    let told = unread(&sources);
    let told: Vec<_> = told.iter().map(|f| (f.subject.as_str(), f.help.as_deref().unwrap_or("-"))).collect();
    assert_eq!(
        told,
        [
            ("DB_ENTIRELY_ELSE", "-"),
            ("DB_POL_MAX_SIZE", "did you mean `DB_POOL_MAX_SIZE`?"),
            ("DB_POOL_MAX_SISE", "did you mean `DB_POOL_MAX_SIZE`?"),
            ("LIFT_CONFG", "did you mean `LIFT_CONFIG`?"),
            ("LIFT_LISTN", "did you mean `LIFT_LISTEN`?"),
            ("LIFT_LOG_FORMATT", "did you mean `LIFT_LOG_FORMAT`?"),
        ]
    );
    // What Kubernetes sets for a service named `db`.
    let cluster = Sources::empty().var("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    let links = ["DB_SERVICE_HOST", "DB_SERVICE_PORT_HTTP", "DB_PORT", "DB_PORT_5432_TCP_ADDR", "DB_PORTAL"];
    let cluster = links.iter().fold(cluster, |cluster, name| cluster.var(*name, "1"));
    let told = unread(&cluster);
    assert_eq!(told.iter().map(|f| f.subject.as_str()).collect::<Vec<_>>(), ["DB_PORTAL"]);
}

/// What is told of a file whose `resources.db` and `health` are read.
fn told(file: &str) -> Vec<(String, String)> {
    let sources = Sources::empty().toml(file).unwrap().var("DB_HOST", "h");
    let mut reader = sources.reader();
    let _ = reader.section(&["health"], "LIFT_HEALTH").or("interval", Duration::ZERO);
    let mut section = reader.section(&["resources", "db"], "DB");
    let _ = section.required::<String>("url", "postgres://db");
    let _ = section.optional::<String>("host");
    let _ = section.nested("pool").or("max_size", 1_u8);
    let faults = reader.finish();
    let text = |fault: &Fault| {
        [&fault.problem, fault.help.as_ref().unwrap_or(&String::new())].map(String::as_str).join("; ")
    };
    faults.iter().map(|fault| (fault.subject.clone(), text(fault))).collect()
}

#[test]
fn a_value_where_a_table_belongs_is_told_as_such_and_not_shown() {
    let all = "write its keys under `[resources.db]`";
    let pool = "write its keys under `[resources.db.pool]`";
    let rows = [
        ("resources = ['hunter2']", "resources", format!("the array is not a table; {all}")),
        ("resources = 'hunter2'", "resources", format!("the text is not a table; {all}")),
        ("[resources]\ndb = 'hunter2'", "resources.db", format!("the text is not a table; {all}")),
        ("[[resources.db]]\nurl = 'hunter2'", "resources.db", format!("the array is not a table; {all}")),
        ("resources.db.pool = 4", "resources.db.pool", format!("the number is not a table; {pool}")),
        ("resources.db.pool = 0.5", "resources.db.pool", format!("the number is not a table; {pool}")),
        ("resources.db.pool = true", "resources.db.pool", format!("the boolean is not a table; {pool}")),
        ("resources.db.pool = 2024-01-01", "resources.db.pool", format!("the date is not a table; {pool}")),
    ];
    for (file, key, expected) in rows {
        let told = told(file);
        assert!(told.contains(&(format!("lift.toml: `{key}`"), expected)), "{file}\n{told:?}");
        let others: Vec<_> = told.iter().filter(|(subject, _)| subject.starts_with("lift.toml")).collect();
        assert!(others.len() == 1 && !format!("{told:?}").contains("hunter2"), "{file}\n{told:?}");
    }
}

#[test]
fn a_table_where_a_value_belongs_is_told_with_what_belongs_there() {
    let duration = "a duration with its unit, such as `250ms`, `2s`, `5m` or `1h`";
    let url = "[resources.db]\nurl = 'u'\n";
    for (file, key, expected) in [
        (&*format!("{url}[health.interval]\nevery = '3s'"), "health.interval", duration),
        ("[resources.db.url]\nscheme = 'hunter2'", "resources.db.url", "text"),
        (
            &*format!("{url}[resources.db.pool]\nmax_size.is = 4"),
            "resources.db.pool.max_size",
            "a whole number",
        ),
        // The variable beats it, and it is wrong all the same.
        (&*format!("{url}host = {{ name = 'hunter2' }}"), "resources.db.host", "text"),
    ] {
        let expected = (format!("lift.toml: `{key}`"), format!("the table is not {expected}; "));
        assert_eq!(told(file), [expected], "{file}");
    }
}

#[test]
fn a_value_of_the_right_kind_that_does_not_do_is_told_where_it_is_set() {
    let sources =
        Sources::empty().var("DB_ENVIRONMENT", "1").toml("[db]\nenvironment = 2\nfile = 3").unwrap();
    let mut reader = sources.reader();
    let values = [("file", "4"), ("code", "5")].map(|(key, value)| (key, value.to_owned())).to_vec();
    let code = Attribute { place: "src/db.rs:7: resource `db`: `settings".to_owned(), values };
    let mut section = reader.section(&["db"], "DB").in_code(code);
    for key in ["environment", "file", "code", "nowhere"] {
        let _ = section.optional::<u8>(key);
        let _ = section.invalid(key, "does not do");
    }
    let faults = reader.finish();
    let subjects: Vec<_> = faults.iter().map(|fault| fault.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "DB_ENVIRONMENT",
            "lift.toml: `db.file`",
            "src/db.rs:7: resource `db`: `settings(code)`",
            "DB_NOWHERE"
        ]
    );
}

#[test]
#[cfg(unix)]
fn a_variable_that_is_not_utf8_is_named_and_its_value_is_not_shown() {
    let mut variables = env(&[("DB_NAME", "x")]);
    variables.extend(["DB_URL", "PORT", "DB_POOL_MAX_SIZE", "DB_URI"].map(|name| (name.into(), garbled())));
    let sources = Sources::from_env(variables).unwrap();
    let mut reader = sources.reader();
    let _ = reader.variable::<String>("PORT");
    let mut section = reader.section(&["resources", "db"], "DB");
    assert_eq!(section.required::<String>("url", "postgres://db"), Err(Invalid));
    assert_eq!(section.optional::<String>("name"), Ok(Some("x".to_owned())));
    assert_eq!(section.nested("pool").optional::<usize>("max_size"), Err(Invalid));
    let unread = reader.unread_variables();
    assert_eq!(unread.iter().map(|fault| fault.subject.as_str()).collect::<Vec<_>>(), ["DB_URI"]);
    let told = reader.finish().to_string();
    for expected in [
        "3 things are wrong",
        "- PORT: is not UTF-8",
        "- DB_URL: is not UTF-8",
        "- DB_POOL_MAX_SIZE: is not UTF-8",
    ] {
        assert!(told.contains(expected) && !told.contains("hunter"), "{expected}\n{told}");
    }
    let named = Sources::from_env([("LIFT_CONFIG".into(), garbled())]).unwrap_err().to_string();
    assert!(named.contains("- LIFT_CONFIG: is not UTF-8"), "{named}");
}

#[test]
fn a_fault_names_the_file_by_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad2.toml");
    let told = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let sources =
            Sources::from_env(env(&[("LIFT_CONFIG", path.to_str().unwrap())])).map_err(|f| f.to_string());
        let sources = match sources {
            Ok(sources) => sources,
            Err(told) => return told,
        };
        let mut reader = sources.reader();
        let mut section = reader.section(&["resources", "db"], "DB");
        let _ = section.required::<String>("url", "postgres://db");
        let _ = section.optional::<u8>("size");
        let _ = section.nested("pool").or("wait", 1_u8);
        let _ = reader.section(&["resources", "db-pool"], "DB_POOL").or("wait", 1_u8);
        let _ = reader.section(&["resources", "Db"], "DB").or("size", 1_u8);
        reader.finish().to_string()
    };
    for text in [
        "[resources.db]\nsize = 'many'",
        "[resources.db.url]\nhost = 'h'",
        "resources = 4",
        "[resources.db]\nsise = 4",
        "[resources",
        "",
    ] {
        let told = told(text);
        assert!(told.contains("bad2.toml") && !told.contains("lift.toml"), "{text}\n{told}");
    }
    // An empty variable is no name.
    assert!(Sources::from_env(env(&[("LIFT_CONFIG", "")])).unwrap().file().is_none());
}

#[test]
fn a_variable_that_is_nearly_one_that_is_read_is_told_wherever_its_slip_is() {
    let names = [
        ("LIFT_LISTN", Some("LIFT_LISTEN")),
        ("LFIT_LISTEN", Some("LIFT_LISTEN")),
        ("LIFT__LISTEN", Some("LIFT_LISTEN")),
        ("lift_listen", Some("LIFT_LISTEN")),
        ("LIFT-LISTEN", Some("LIFT_LISTEN")),
        ("PARCELS_DB_POOL_MAXSIZE", Some("PARCELS_DB_POOL_MAX_SIZE")),
        ("PARCELS_DB_POOLMAX_SIZE", Some("PARCELS_DB_POOL_MAX_SIZE")),
        ("PARCEL_DB_POOL_MAX_SIZE", Some("PARCELS_DB_POOL_MAX_SIZE")),
        ("PARCELSDB_URL", Some("PARCELS_DB_URL")),
        ("PARCELS_BD_URL", Some("PARCELS_DB_URL")),
        ("parcels_db_url", Some("PARCELS_DB_URL")),
        ("PARCELS_DB", Some("PARCELS_DB_POOL_MAX_SIZE")),
        ("PARCELS_DB_ENTIRELY_ELSE", None),
    ];
    let others = ["PATH", "HOME", "PARCELS", "USERS_DB_URL", "LISTEN", "LIFTED", "POST", "PORTS", "DB_URL"];
    let set = names.iter().map(|(name, _)| *name).chain(others);
    let sources = set.fold(Sources::empty(), |sources, name| sources.var(name, "1"));
    let mut reader = sources.reader();
    let _ = reader.variable::<String>("PORT");
    let _ = reader.section(&["server"], "LIFT").optional::<String>("listen");
    let mut section = reader.section(&["resources", "parcels-db"], "PARCELS_DB");
    let _ = section.optional::<String>("url");
    let _ = section.nested("pool").or("max_size", 1_u8);
    let told = reader.unread_variables();
    let told: Vec<_> = told.iter().map(|f| (f.subject.as_str(), f.help.as_deref())).collect();
    for (name, guess) in names {
        let help = guess.map(|guess| format!("did you mean `{guess}`?"));
        assert!(told.contains(&(name, help.as_deref())), "{name}: {told:?}");
    }
    assert_eq!(told.len(), names.len(), "{told:?}");
}
