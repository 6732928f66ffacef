use quote::quote;

use super::*;
use crate::support::errors::Fault;
use crate::support::rules::Rule;

fn rules(attribute: &str, item: &str) -> Vec<Rule> {
    let errors = Errors::new();
    let raw = parse::parse(attribute.parse().unwrap(), item.parse().unwrap(), &errors);
    let checked = validate::validate(&raw, &errors).map(drop);
    match errors.finish(checked) {
        Ok(()) => Vec::new(),
        Err(rejected) => rejected.faults().iter().map(Fault::rule).collect(),
    }
}

#[test]
fn one_mistake_is_one_fault() {
    use Rule::*;
    let table: [(&str, &str, &[Rule]); 19] = [
        ("", "async fn f() {}", &[]),
        (
            "name = \"a-b\", kind = \"readiness\", timeout = \"500ms\", critical = false",
            "async fn f(a: A) {}",
            &[],
        ),
        ("kind = \"liveness\"", "async fn f() {}", &[]),
        ("kind = \"liveness\"", "async fn f(a: A) {}", &[LivenessArgument]),
        ("kind = \"liveness\"", "async fn f(a: &A, _: impl B, c: (C, Option<D>)) {}", &[LivenessArgument]),
        ("kind = \"liveness\"", "async fn f(#[cfg(x)] a: A) {}", &[LivenessArgument]),
        (
            "kind = \"liveness\"",
            "async fn f(a: A, b: A, c: A, d: A, e: A, f: A, g: A) {}",
            &[LivenessArgument],
        ),
        ("kind = \"liveness\"", "async fn f(&self) {}", &[SelfArgument]),
        ("kind = \"liveness\"", "fn f(a: A) {}", &[LivenessArgument, NotAsync]),
        ("kind = \"livenes\"", "async fn f(a: A) {}", &[Choice]),
        ("kind = \"ready\"", "async fn f() {}", &[Choice]),
        ("kind = \"upstream\"", "async fn f(a: A) {}", &[]),
        ("kind = \"Up Stream\"", "async fn f(a: A) {}", &[Name]),
        ("name = \"A B\"", "async fn f() {}", &[Name]),
        ("critical", "async fn f() {}", &[KeyMissingValue]),
        ("critical = \"false\"", "async fn f() {}", &[KeyWrongKind]),
        ("", "async fn __() {}", &[DefaultName]),
        ("", "fn f() {}", &[NotAsync]),
        ("", "enum E {}", &[NotAFunction]),
    ];
    for (attribute, item, expected) in table {
        assert_eq!(rules(attribute, item), expected, "#[health_check({attribute})] {item}");
    }
}

#[test]
fn the_constants_and_the_call() {
    let attribute = quote!(kind = "startup", timeout = "500ms", critical = false);
    let out = health_check(
        attribute,
        quote!(
            async fn main_db(db: Pooled<Db>) -> Result<(), E> {}
        ),
    )
    .to_string();
    for part in [
        r#"CheckMeta :: new ("main-db" , "#,
        ":: lift :: __private :: CheckSettings :: new () , :: lift :: __private :: CheckKind :: Startup) , false) , :: core :: time :: Duration :: from_millis (500))",
        "check1 :: < Pooled < Db > , Result < () , E > , _ , _ > (__lift_context0 , main_db)",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    syn::parse_str::<syn::File>(&out).unwrap();
}

#[test]
fn a_refused_item_still_comes_out() {
    let out = health_check(
        quote!(),
        quote!(
            fn f() {}
        ),
    )
    .to_string();
    assert!(
        out.contains("compile_error") && out.contains("struct f { }") && out.contains("Check for f"),
        "{out}"
    );
    syn::parse_str::<syn::File>(&out).unwrap();
}
