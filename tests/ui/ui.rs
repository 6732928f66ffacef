//! What the macros accept, and the words in which they refuse the rest.
//!
//! One folder per macro; `fail/<rule>.rs` breaks one rule and has what the compiler says beside it. A test in
//! `lift-macros` walks the rules and the key tables and fails when one has no file here.
//!
//! `TRYBUILD=overwrite` writes what the compiler says now; read it as a user would before committing it.

#[test]
fn messages() {
    let cases = trybuild::TestCases::new();
    cases.pass("*/pass/*.rs");
    cases.compile_fail("*/fail/*.rs");
}
