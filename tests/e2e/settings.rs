//! Settings that are wrong are all told together, before anything is opened.

use std::fs;

use tests::process::{Finished, Program};

use crate::support::{folder, orders};

fn refused(program: Program) -> String {
    let Finished { status, stdout, stderr } = program.arg("serve").arg("--listen").arg("127.0.0.1:0").run();
    assert_eq!(status.code(), Some(1), "{stdout}{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr
}

#[test]
fn every_wrong_setting_is_told_at_once_with_its_name_and_what_is_expected() {
    let dir = folder();
    fs::write(
        dir.path().join("lift.toml"),
        "[resources.orders-db.pool]\nmax_sise = 3\n[shutdown]\ndelay = \"soon\"\n",
    )
    .expect("a file");
    let text = refused(
        orders(dir.path())
            .env("ORDERS_DB_URL", "postgres://app:hunter2@db/orders")
            .env("ORDERS_DB_POOL_MAX_SIZE", "0")
            .env("ORDERS_DB_POOL_WAIT", "2")
            .env("LIFT_HEALTH_BASE_PATH", "health"),
    );
    for expected in [
        "ORDERS_DB_URL",
        "ORDERS_DB_POOL_MAX_SIZE",
        "ORDERS_DB_POOL_WAIT",
        "LIFT_HEALTH_BASE_PATH",
        "`shutdown.delay`",
        "`2s`",
        "did you mean `max_size`?",
        "6 things are wrong",
    ] {
        assert!(text.contains(expected), "`{expected}` is not told:\n{text}");
    }
    assert!(!text.contains("hunter2"), "a secret is shown:\n{text}");
    assert!(!text.contains("listens on"), "it listens with wrong settings:\n{text}");
}

#[test]
fn a_settings_file_that_is_not_toml_or_not_there_is_named() {
    let dir = folder();
    let text = refused(orders(dir.path()).env("LIFT_CONFIG", "nowhere.toml"));
    assert!(text.contains("nowhere.toml") && text.contains("LIFT_CONFIG"), "{text}");
    fs::write(dir.path().join("lift.toml"), "[server\n").expect("a file");
    let text = refused(orders(dir.path()));
    assert!(text.contains("lift.toml: is not TOML"), "{text}");
}

#[test]
fn the_environment_beats_the_file() {
    let dir = folder();
    fs::write(dir.path().join("lift.toml"), "[resources.orders-db]\nurl = \"sqlite:///nowhere/orders.db\"\n")
        .expect("a file");
    let database = dir.path().join("from-the-environment.db");
    let list = orders(dir.path()).env("ORDERS_DB_URL", format!("sqlite://{}", database.display()));
    let event = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/orders/events/list-orders.json");
    let finished = list.arg("invoke").arg(event).run();
    assert!(finished.status.success(), "{}", finished.stderr);
    assert!(database.exists());
}

#[test]
fn a_database_that_cannot_be_written_is_named_with_its_cause() {
    let dir = folder();
    let missing = dir.path().join("no-such-folder/orders.db");
    let text = refused(orders(dir.path()).env("ORDERS_DB_URL", format!("sqlite://{}", missing.display())));
    assert!(text.contains("orders-db") && text.contains(&missing.display().to_string()), "{text}");
    // A folder in the file's place, which even root cannot write.
    let folder_instead = dir.path().join("folder.db");
    fs::create_dir(&folder_instead).expect("a folder");
    let text =
        refused(orders(dir.path()).env("ORDERS_DB_URL", format!("sqlite://{}", folder_instead.display())));
    assert!(text.contains(&folder_instead.display().to_string()), "{text}");
}

/// A line that says why a program did not start, and what to do; and that there is nothing else.
fn error_alone(text: &str) -> &str {
    let mut errors = text.lines().filter(|line| line.starts_with("error: "));
    let error = errors.next().unwrap_or_else(|| panic!("no error:\n{text}"));
    assert!(errors.next().is_none() && text.lines().count() <= 4, "{text}");
    error
}

#[test]
#[cfg(unix)]
fn a_variable_that_is_not_utf8_is_named() {
    use std::os::unix::ffi::OsStringExt;
    let dir = folder();
    let garbled = || std::ffi::OsString::from_vec(b"sqlite://hunter2\xff.db".to_vec());
    let text = refused(orders(dir.path()).env("ORDERS_DB_URL", garbled()).env("PORT", garbled()));
    for expected in ["2 things are wrong", "- ORDERS_DB_URL: is not UTF-8", "- PORT: is not UTF-8"] {
        assert!(text.contains(expected) && !text.contains("hunter2"), "{expected}:\n{text}");
    }
    let text = refused(orders(dir.path()).env("LIFT_CONFIG", garbled()));
    assert!(text.contains("- LIFT_CONFIG: is not UTF-8") && !text.contains("hunter2"), "{text}");
}

#[test]
fn a_fault_names_the_file_the_variable_or_the_option_that_it_is_in() {
    let dir = folder();
    fs::write(dir.path().join("bad2.toml"), "[server]\nlisten = \":80\"\n[shutdown]\ndelay = \"soon\"\n")
        .expect("a file");
    let program = orders(dir.path()).env("LIFT_CONFIG", "bad2.toml").env("PORT", "http");
    let text = program.clone().arg("serve").run().stderr;
    for expected in [
        "3 things are wrong",
        "- bad2.toml: `server.listen`: is not an address and a port",
        "- bad2.toml: `shutdown.delay`: `soon` is not a duration",
        "- PORT: `http` is not a port",
    ] {
        assert!(text.contains(expected) && !text.contains("lift.toml"), "{expected}:\n{text}");
    }
    let finished = program.arg("serve").arg("--listen").arg(":80").run();
    assert!(finished.stderr.contains("4 things are wrong"), "{}", finished.stderr);
    assert!(finished.stderr.contains("- --listen: is not an address and a port"), "{}", finished.stderr);
    let away = orders(dir.path()).env("LIFT_LISTEN", "no-such-host.invalid:1").run().stderr;
    assert!(away.contains("cannot listen on `no-such-host.invalid:1` (LIFT_LISTEN)"), "{away}");
}

#[test]
fn values_that_mean_nothing_and_variables_that_nothing_reads_are_told() {
    let dir = folder();
    let text = refused(
        orders(dir.path())
            .env("LIFT_LOG_FORMAT", "yaml")
            .env("RUST_LOG", "infoo=bar=baz")
            .env("LIFT_HEALTH_TOKEN", "short")
            .env("LIFT_LISTN", "127.0.0.1:1")
            .env("ORDERS_DB_POOL_MAXSIZE", "1"),
    );
    for expected in [
        "3 things are wrong",
        "- LIFT_LOG_FORMAT: `yaml` is not `json` or `text`",
        "- RUST_LOG: `infoo=bar=baz` is not a level",
        "- LIFT_HEALTH_TOKEN: must be 16 or more",
        "did you mean `LIFT_LISTEN`?",
        "did you mean `ORDERS_DB_POOL_MAX_SIZE`?",
    ] {
        assert!(text.contains(expected), "{expected}:\n{text}");
    }
}

#[test]
fn what_would_panic_in_a_dependency_is_one_error() {
    let dir = folder();
    let function = |api: &str| {
        let program = orders(dir.path()).env("AWS_LAMBDA_RUNTIME_API", api).env("RUST_BACKTRACE", "0");
        program.env("AWS_LAMBDA_FUNCTION_NAME", "orders").env("AWS_LAMBDA_FUNCTION_VERSION", "1")
    };
    for (api, memory, expected) in [
        ("127.0.0.1:1/x", "256", "AWS_LAMBDA_RUNTIME_API: `127.0.0.1:1/x` is not an address and a port"),
        ("/", "256", "AWS_LAMBDA_RUNTIME_API: `/` is not an address and a port"),
        ("127.0.0.1:port", "256", "AWS_LAMBDA_RUNTIME_API: `127.0.0.1:port` is not an address"),
        ("127.0.0.1:1", "much", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE: `much` is not a number of megabytes"),
        ("127.0.0.1:1", "", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE: is not set"),
    ] {
        let text = refused_by(function(api).env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory));
        error_alone(&text);
        assert!(text.contains(expected), "{api} {memory}:\n{text}");
    }
    let text = refused_by(
        crate::support::faulty(dir.path()).env("FAULTY_START_PANICS", "1").env("LIFT_LISTEN", "127.0.0.1:0"),
    );
    let error = error_alone(&text);
    assert!(error.contains("a part of the program panicked: a dependency's own words at "), "{text}");
}

fn refused_by(program: Program) -> String {
    let Finished { status, stdout, stderr } = program.run();
    assert_eq!((status.code(), stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(!stderr.contains("backtrace") && !stderr.contains("thread '"), "{stderr}");
    stderr
}

#[test]
fn addresses_in_the_spelling_of_other_tools_open_no_file_of_that_name() {
    let dir = folder();
    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/orders/events/list-orders.json");
    let run = |url: &str| orders(dir.path()).env("ORDERS_DB_URL", url).arg("invoke").arg(list).run();
    for url in ["sqlite://other.db?mode=rwc", "sqlite:other.db", "sqlite::memory:"] {
        let finished = run(url);
        // Each connection to `:memory:` has a database of its own, without the table.
        assert!(finished.status.success() || url.contains("memory"), "{url}: {}", finished.stderr);
    }
    for url in [
        "postgres:orders",
        "postgres://ada:hunter2@h/orders",
        "other.db?mode=rwc",
        "sqlite://other.db?mod=ro",
    ] {
        let finished = run(url);
        assert_eq!(finished.status.code(), Some(1), "{url}: {}", finished.stderr);
        assert!(
            finished.stderr.contains("- ORDERS_DB_URL: ") && !finished.stderr.contains("hunter2"),
            "{}",
            finished.stderr
        );
    }
    let mut files: Vec<_> =
        fs::read_dir(dir.path()).expect("files").map(|file| file.expect("a file").file_name()).collect();
    files.retain(|name| !name.to_string_lossy().contains("db-"));
    assert_eq!(files, ["other.db"]);
}
