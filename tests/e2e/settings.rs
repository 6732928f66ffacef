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
