//! Every table, walked.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;

use super::table::AnyKey;
use super::*;
use crate::support::errors::{Errors, Fault};
use crate::support::rules::Rule;
use crate::{handler, health_check, lift_error, main_fn, resource};

/// The folder of `tests/ui` and the tables of each macro, with the lists inside.
pub(crate) fn tables() -> Vec<(&'static str, &'static Table)> {
    let outer: [(&str, &'static Table); 7] = [
        ("handler", &handler::TABLE),
        ("health_check", &health_check::TABLE),
        ("main", &main_fn::TABLE),
        ("resource", &resource::TABLE),
        ("lift_error", &lift_error::ENUM_TABLE),
        ("lift_error", &lift_error::STRUCT_TABLE),
        ("lift_error", &lift_error::VARIANT_TABLE),
    ];
    let inner = |(folder, table): (&'static str, &'static Table)| {
        table.keys.iter().filter_map(move |key| key.nested().map(|table| (folder, table)))
    };
    outer.into_iter().chain(outer.into_iter().flat_map(inner)).collect()
}

fn keys() -> Vec<(&'static Table, &'static dyn AnyKey)> {
    tables().into_iter().flat_map(|(_, table)| table.keys.iter().map(move |key| (table, *key))).collect()
}

fn read(table: &Table, text: &str) -> Vec<Fault> {
    let tokens: TokenStream = text.parse().unwrap();
    let errors = Errors::new();
    let entries = parse(tokens, &errors);
    drop(table.read(&entries, &errors));
    match errors.finish(Some(())) {
        Ok(()) => Vec::new(),
        Err(rejected) => rejected.faults().to_vec(),
    }
}

/// The one rule that the text breaks.
fn rule(table: &Table, text: &str) -> Rule {
    let faults = read(table, text);
    let [fault] = faults.as_slice() else { panic!("{text}: {faults:?}") };
    let message = fault.message();
    assert!(message.contains("\nhelp: "), "{message}");
    assert!(message.lines().count() <= 5, "{message}");
    let first = message.lines().next().unwrap();
    assert!(!first.ends_with('.') && !first.starts_with(char::is_uppercase), "{first}");
    assert_eq!(message.matches('`').count() % 2, 0, "{message}");
    fault.rule()
}

#[test]
fn every_example_is_right() {
    for (table, key) in keys() {
        assert!(read(table, key.example()).is_empty(), "{}", key.example());
        assert!(key.example().starts_with(key.name()));
    }
}

#[test]
fn no_name_is_taken_twice() {
    for (_, table) in tables() {
        let mut names = BTreeSet::new();
        for key in table.keys {
            assert!(names.insert(key.name()), "{} in {}", key.name(), table.place);
        }
        for neighbour in table.neighbours {
            // The tables of a struct and of a variant share their neighbours.
            let shared = neighbour.name == "crate";
            assert!(shared || names.insert(neighbour.name), "{} in {}", neighbour.name, table.place);
        }
        for conflict in table.conflicts {
            assert!(names.contains(conflict.one) && names.contains(conflict.other));
        }
    }
}

#[test]
fn every_key_in_every_wrong_shape_is_one_fault() {
    for (table, key) in keys() {
        let (name, example) = (key.name(), key.example());
        assert_eq!(rule(table, &format!("{example}, {example}")), Rule::KeyDuplicate);
        let (absent, value, list) = match key.shape() {
            Shape::Flag => (None, Some(Rule::KeyUnwantedValue), Some(Rule::KeyUnwantedValue)),
            Shape::Value => (Some(Rule::KeyMissingValue), None, Some(Rule::KeyWrongKind)),
            Shape::FlagOrValue => (None, None, Some(Rule::KeyWrongKind)),
            Shape::List => (Some(Rule::KeyMissingValue), Some(Rule::KeyWrongKind), None),
        };
        for (text, expected) in [
            (name.to_owned(), absent),
            (format!("{name} = \"3s\""), value),
            (format!("{name} = true"), value),
            (format!("{name} = Some::Path"), value),
            (format!("{name}(a = 1)"), list),
        ] {
            if let Some(expected) = expected {
                assert_eq!(rule(table, &text), expected, "{text}");
            }
        }
    }
}

/// Whatever a key is given, it says yes or exactly one thing; lists may find one thing per entry.
#[test]
fn every_key_with_every_value_is_right_or_one_fault() {
    let values = [
        "",
        "= ",
        "= 0",
        "= 1",
        "= -1",
        "= 99999999999999999999",
        "= 1.5",
        "= 8u8",
        "= true",
        "= false",
        "= \"\"",
        "= \"a\"",
        "= \"3s\"",
        "= \"3\"",
        "= \"0s\"",
        "= \"99999m\"",
        "= \"GET\"",
        "= \"a::b\"",
        "= a",
        "= a::b",
        "= a::<B, C>::d",
        "= 'a'",
        "= b\"a\"",
        "= a + b",
        "= |x| x",
        "= [1]",
        "= {}",
        "()",
    ];
    for (table, key) in keys() {
        for value in values {
            let text = format!("{} {value}", key.name());
            let faults = read(table, &text);
            assert!(faults.len() <= 1, "{text}: {faults:?}");
            if !faults.is_empty() {
                rule(table, &text);
            }
        }
    }
}

#[test]
fn every_slip_is_answered_with_the_key() {
    for (table, key) in keys() {
        let name = key.name();
        for slip in [name.replacen('e', "ee", 1), name.to_uppercase(), format!("{name}s")] {
            let known = |name: &str| {
                table.keys.iter().any(|key| key.name() == name)
                    || table.neighbours.iter().any(|near| near.name == name)
            };
            if known(&slip) || name.len() < 3 {
                continue;
            }
            let faults = read(table, &format!("{slip} = 1"));
            let [fault] = faults.as_slice() else { panic!("{slip}: {faults:?}") };
            assert!(
                fault.message().ends_with(&format!("help: did you mean `{name}`?")),
                "{}",
                fault.message()
            );
        }
    }
}

#[test]
fn every_neighbour_is_answered() {
    for (_, table) in tables() {
        for neighbour in table.neighbours.iter().filter(|neighbour| neighbour.name != "crate") {
            for value in ["", "= 7", "= \"x\"", "(a)"] {
                let text = format!("{} {value}", neighbour.name);
                assert_eq!(rule(table, &text), Rule::KeyUnknown);
                let message = read(table, &text).remove(0).message();
                let number = if value == "= 7" { "7" } else { "250" };
                assert!(message.ends_with(&neighbour.answer.replace("{}", number)), "{message}");
            }
        }
    }
}

#[test]
fn every_conflict_is_found_once_and_in_both_orders() {
    for (_, table) in tables() {
        let example = |name: &str| table.keys.iter().find(|key| key.name() == name).unwrap().example();
        for conflict in table.conflicts {
            let (one, other) = (example(conflict.one), example(conflict.other));
            assert_eq!(rule(table, &format!("{one}, {other}")), Rule::KeyConflict);
            assert_eq!(rule(table, &format!("{other}, {one}")), Rule::KeyConflict);
        }
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let found: Vec<_> =
        read(&resource::TABLE, "nam = \"a\", pool(max_size = 0, wait = \"2\", bogus), health, health = 1")
            .iter()
            .map(Fault::rule)
            .collect();
    use Rule::{Duration, KeyDuplicate, KeyMissingValue, KeyUnknown, Number};
    assert_eq!(found, [KeyUnknown, Number, Duration, KeyUnknown, KeyMissingValue, KeyDuplicate]);
}
