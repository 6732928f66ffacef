use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::sources::{distance, nearest};
use super::*;

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
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
