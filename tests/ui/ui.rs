//! What the macros accept, and the words in which they refuse the rest.
//!
//! One folder per macro; `fail/<rule>.rs` breaks one rule and has what the compiler says beside it. A test in
//! `lift-macros` walks the rules and the key tables and fails when one has no file here.
//!
//! `TRYBUILD=overwrite` writes what the compiler says now; read it as a user would before committing it.

// Two lists: trybuild compiles a list that holds only failures in one run of cargo, and any other list case by case.

#[test]
fn messages() {
    trybuild::TestCases::new().compile_fail("*/fail/*.rs");
}

#[test]
fn programs() {
    trybuild::TestCases::new().pass("*/pass/*.rs");
}
