//! Every combination of keys that the table allows, as a file that `tests/library` compiles.
//!
//! The test below is red when the file is not what the table says; `LIFT_OVERWRITE=1` writes it.

use std::fmt::Write as _;

use super::keys::{STRUCT_TABLE, VARIANT_TABLE};
use crate::support::keys::Table;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/library/src/decisions.in");

/// A sort of variant: its fields as they are declared, and a text that shows them.
struct Shape {
    name: &'static str,
    fields: &'static str,
    /// Of a single field that decides.
    inner: &'static str,
    shown: &'static str,
    named: bool,
}

const SHAPES: [Shape; 3] = [
    Shape { name: "Unit", fields: "", inner: "", shown: "", named: false },
    Shape {
        name: "Tuple",
        fields: "(u64, String)",
        inner: "(#[from] PoolError)",
        shown: "{1:?} {0:>8} {1}",
        named: false,
    },
    Shape {
        name: "Named",
        fields: " { id: u64, r#type: String }",
        inner: " { source: PoolError }",
        shown: "{type:?} {id:>8} {type}",
        named: true,
    },
];

/// What a key can be written as, on a variant of this shape; nothing where it can't.
fn written(key: &str, shape: &Shape, number: usize) -> Vec<String> {
    match key {
        "status" => vec!["status = 404".to_owned(), "status = \"bad_gateway\"".to_owned()],
        "code" => vec![format!("code = \"C{number}\"")],
        "retry" => vec!["retry".to_owned()],
        "public" => vec![format!("public = \"a {{{{text}}}} {}\"", shape.shown)],
        "details" if !shape.named => Vec::new(),
        "details" => vec!["details(r#type, id)".to_owned()],
        "log" => vec!["log = \"warn\"".to_owned()],
        "transparent" if shape.inner.is_empty() => Vec::new(),
        "transparent" | "internal" => vec![key.to_owned()],
        "crate" => vec!["crate = \"::lift\"".to_owned()],
        key => panic!("`{key}` is in the table: say here how it is written"),
    }
}

/// The sets of keys that decide and have no conflict.
fn sets(table: &Table) -> Vec<Vec<&'static str>> {
    let names: Vec<_> = table.keys.iter().map(|key| key.name()).collect();
    let subset = |bits: usize| -> Vec<&'static str> {
        names.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, name)| *name).collect()
    };
    let decides =
        |keys: &Vec<&str>| ["status", "transparent", "internal"].iter().any(|key| keys.contains(key));
    let agrees = |keys: &Vec<&str>| {
        let conflicts = |conflict: &crate::support::keys::Conflict| {
            keys.contains(&conflict.one) && keys.contains(&conflict.other)
        };
        !table.conflicts.iter().any(conflicts)
    };
    (1..1 << names.len()).map(subset).filter(decides).filter(agrees).collect()
}

/// Every way to write these keys.
fn ways(keys: &[&str], shape: &Shape, number: usize) -> Vec<String> {
    keys.iter().fold(vec![String::new()], |ways, key| {
        let written = written(key, shape, number);
        ways.iter()
            .flat_map(|way| written.iter().map(move |one| format!("{way}, {one}")))
            .map(|way| way.trim_start_matches(", ").to_owned())
            .collect()
    })
}

/// `use_name(number, keys, shape, fields)` for each combination.
fn each(table: &Table, shape: &Shape, mut visit: impl FnMut(usize, &str, &str)) {
    let mut number = 0;
    for keys in sets(table) {
        // The number stands in the codes, so that no two are alike.
        for at in 0..ways(&keys, shape, 0).len() {
            let way = ways(&keys, shape, number).swap_remove(at);
            let fields = if keys.contains(&"transparent") { shape.inner } else { shape.fields };
            visit(number, &way, fields);
            number += 1;
        }
    }
}

fn file() -> String {
    let mut file = String::from("// Written by the unit test `lift_error::matrix` of `lift-macros`.\n");
    for shape in &SHAPES {
        let Shape { name, .. } = shape;
        let _ = writeln!(file, "\n#[derive(Debug, thiserror::Error, LiftError)]\npub enum {name} {{");
        each(&VARIANT_TABLE, shape, |number, way, fields| {
            // One variant alone converts from the inner error.
            let fields = fields.replace("#[from]", if number == 0 { "#[from]" } else { "#[source]" });
            let _ = writeln!(file, "    #[error(\"e\")] #[lift({way})] V{number}{fields},");
        });
        file.push_str("}\n\n");
        each(&STRUCT_TABLE, shape, |number, way, fields| {
            let end = if fields.contains('{') { "" } else { ";" };
            let derive = "#[derive(Debug, thiserror::Error, LiftError)] #[error(\"e\")]";
            let _ = writeln!(file, "{derive} #[lift({way})] pub struct {name}{number}{fields}{end}");
        });
    }
    file
}

#[test]
fn every_combination_of_keys_is_compiled_by_tests_library() {
    let file = file();
    if std::env::var_os("LIFT_OVERWRITE").is_some() {
        std::fs::write(FILE, &file).unwrap();
    }
    let written = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(written == file, "{FILE} is not what the table says: run with LIFT_OVERWRITE=1");
}
