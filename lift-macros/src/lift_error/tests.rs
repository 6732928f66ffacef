use super::*;
use crate::support::errors::Fault;
use crate::support::rules::Rule;

pub(super) fn rules(item: &str) -> Vec<Rule> {
    let errors = Errors::new();
    let raw = parse::parse(item.parse().unwrap(), &errors).unwrap();
    let checked = validate::validate(&raw, &errors).map(drop);
    match errors.finish(checked) {
        Ok(()) => Vec::new(),
        Err(rejected) => rejected.faults().iter().map(Fault::rule).collect(),
    }
}

#[test]
fn decisions_that_are_right() {
    for variant in [
        "#[lift(status = 404)] A",
        "#[lift(status = \"not_found\", code = \"X\", retry = \"never\", public = \"{0}\")] A(B)",
        "#[lift(status = 503, retry)] #[error(\"a {0}\")] A(#[source] B)",
        "#[lift(status = 404, public = \"gone\")] #[error(\"a {0}\")] A(#[source] B)",
        "#[lift(status = 404)] #[error(\"a {0}\")] A(u8, #[source] B)",
        "#[lift(transparent)] A(B)",
        "#[lift(transparent)] A { b: B }",
        "#[lift(internal)] #[error(transparent)] A(#[from] B)",
        "#[lift(internal, code = \"X_1\")] A",
    ] {
        assert_eq!(rules(&format!("enum E {{ {variant} }}")), [], "{variant}");
    }
    assert_eq!(rules("#[lift(status = 404, crate = \"a\")] struct E;"), []);
    assert_eq!(rules("#[lift(crate = \"a\")] enum E {}"), []);
}

#[test]
fn one_mistake_is_one_fault() {
    use Rule::*;
    let table = [
        ("A", Undecided),
        ("#[lift] A", Undecided),
        ("#[lift()] A", Undecided),
        ("#[lift(retry)] A", Undecided),
        ("#[lift(statis = 404)] A", KeyUnknown),
        ("#[lift(404)] A", StatusBare),
        ("#[lift(not_found)] A", StatusBare),
        ("#[lift(NOT_FOUND)] A", StatusBare),
        ("#[lift = 404] A", KeyMalformed),
        ("#[lift(status = 200)] A", StatusRange),
        ("#[lift(status = 99999)] A", StatusRange),
        ("#[lift(status = \"notfound\")] A", StatusName),
        ("#[lift(status = \"404\")] A", StatusName),
        ("#[lift(status = StatusCode::NOT_FOUND)] A", KeyWrongKind),
        ("#[lift(status = 404, code = \"a-b\")] A", Code),
        ("#[lift(status = 404, code = A)] A", KeyWrongKind),
        ("#[lift(status = 404, retry = 2)] A", KeyWrongKind),
        ("#[lift(status = 404, retry = true)] A", KeyWrongKind),
        ("#[lift(status = 404, retry = \"soon\")] A", KeyWrongKind),
        ("#[lift(status = 404, retry = \"2d\")] A", Duration),
        ("#[lift(status = 404, public = \"\")] A", PublicEmpty),
        ("#[lift(status = 404, public = \"{\")] A", PublicBrace),
        ("#[lift(status = 404, public = \"{x}\")] A", PublicField),
        ("#[lift(status = 404)] #[error(\"a {0}\")] A(#[source] B)", PublicSource),
        ("#[lift(status = 404)] #[error(\"a {source}\")] A { source: B }", PublicSource),
        ("#[lift(status = 404)] #[error(\"a {}\", .0)] A(#[from] B)", PublicSource),
        ("#[lift(status = 404)] #[error(transparent)] A(#[from] B)", PublicSource),
        ("#[lift(transparent)] A", TransparentFields),
        ("#[lift(transparent)] A(B, C)", TransparentFields),
        ("#[lift(transparent)] A(#[from] Box<dyn Error>)", TransparentDyn),
        ("#[lift(transparent)] A { source: Arc<dyn Error + Send + Sync> }", TransparentDyn),
        ("#[lift(transparent, status = 404)] A(B)", KeyConflict),
        ("#[lift(internal, public = \"a\")] A(B)", KeyConflict),
        ("#[lift(status = 404)] A(#[lift(internal)] B)", LiftOnField),
        ("#[lift(status = 404, crate = \"a\")] A", KeyUnknown),
        ("#[lift(status = 404)] __", DefaultName),
    ];
    for (variant, rule) in table {
        assert_eq!(rules(&format!("enum E {{ {variant} }}")), [rule], "{variant}");
        let twice = rules(&format!("enum E {{ {variant}, #[lift(internal)] Fine, {variant} }}"));
        assert_eq!(twice, [rule, rule], "{variant}");
    }
    for (item, rule) in [
        ("union E { a: A }", NotAStruct),
        ("#[derive(Clone, LiftError)] #[lift(status = 404)] struct E;", DerivedTwice),
        ("#[lift(status = 404)] enum E { #[lift(internal)] A }", KeyUnknown),
        ("struct E;", Undecided),
    ] {
        assert_eq!(rules(item), [rule], "{item}");
    }
}

#[test]
fn every_decision_is_an_arm() {
    let item = "enum E {
        #[lift(status = 404, code = \"X\")] NotFound(u8),
        #[lift(status = 503, retry = \"2s\")] Slow { source: A },
        #[lift(status = 503, retry, public = \"busy {{}}\")] Busy,
        #[lift(status = 409, retry = \"never\", public = \"{b} {a:?}\")] Conflict { a: u8, b: u8 },
        #[lift(transparent)] Inner(lift::PoolError),
        #[lift(internal)] Db(rusqlite::Error),
    }";
    let out = lift_error(item.parse().unwrap()).to_string();
    for part in [
        r#"Self :: NotFound { .. } => :: lift :: __private :: Decision :: public (:: lift :: __private :: Decision :: new (404 , "X") , :: lift :: __private :: text (self)) ,"#,
        r#"Self :: Slow { .. } => :: lift :: __private :: Decision :: retry (:: lift :: __private :: Decision :: new (503 , "SLOW") , :: lift :: __private :: Retry :: after_ms (2000)) ,"#,
        r#" , :: lift :: __private :: Retry :: Now) , "busy {}") ,"#,
        r#"Self :: Conflict { a : __lift_a , b : __lift_b , .. } =>"#,
        r#":: std :: format ! ("{__lift_b} {__lift_a:?}" , __lift_a = __lift_a , __lift_b = __lift_b)"#,
        r#"Self :: Inner { 0 : __lift_inner , .. } => < lift :: PoolError as :: lift :: __private :: Decides > :: decide (__lift_inner) ,"#,
        r#"Self :: Db { .. } => :: lift :: __private :: Decision :: internal ("DB") ,"#,
        "impl :: core :: convert :: From < E > for :: lift :: __private :: Failure",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    syn::parse_str::<syn::File>(&out).unwrap();
}

#[test]
fn structs_and_empty_enums() {
    let out = lift_error("#[lift(status = 404)] struct NoOrder;".parse().unwrap()).to_string();
    assert!(
        out.contains(r#"Self { .. } => :: lift :: __private :: Decision :: public (:: lift :: __private :: Decision :: new (404 , "NO_ORDER") , "#),
        "{out}"
    );
    let out = lift_error("#[lift(crate = \"a::b\")] enum Never {}".parse().unwrap()).to_string();
    assert!(
        out.contains("impl a :: b :: __private :: LiftError for Never") && out.contains("match * self { }"),
        "{out}"
    );
}

#[test]
fn a_refused_type_still_has_its_impls() {
    let out = lift_error("enum E { A, B }".parse().unwrap()).to_string();
    assert_eq!(out.matches("compile_error").count(), 2, "{out}");
    assert!(
        out.contains("LiftError for E") && out.contains("IntoResponse for E") && out.contains("From < E >"),
        "{out}"
    );
    syn::parse_str::<syn::File>(&out).unwrap();
}

#[test]
fn two_variants_with_one_code_are_refused_whoever_has_made_it() {
    for (one, other) in [
        ("#[lift(internal)] IoError", "#[lift(internal)] IOError"),
        ("#[lift(internal)] IoError", "#[lift(status = 404)] Io_Error"),
        ("#[lift(internal)] NotFound", "#[lift(status = 404, code = \"NOT_FOUND\")] Missing"),
        ("#[lift(status = 404, code = \"NOT_FOUND\")] Missing", "#[lift(internal)] NotFound"),
        ("#[lift(internal, code = \"X\")] A", "#[lift(status = 404, code = \"X\")] B"),
        ("#[lift(internal)] Type", "#[lift(internal)] r#type"),
        ("#[lift(internal)] Http2", "#[lift(internal)] HTTP2"),
    ] {
        let item = format!("enum E {{ {one}, #[lift(internal)] Between, {other} }}");
        assert_eq!(rules(&item), [Rule::CodeDuplicate], "{item}");
    }
    for (one, other) in [
        ("#[lift(internal)] IoError", "#[lift(transparent)] IOError(A)"),
        ("#[lift(internal, code = \"DISK\")] IoError", "#[lift(internal)] IOError"),
        ("#[lift(internal)] Io1", "#[lift(internal)] Io_1"),
    ] {
        assert_eq!(rules(&format!("enum E {{ {one}, {other} }}")), [], "{one} {other}");
    }
}

#[test]
fn a_code_that_helps_is_one_that_nobody_has() {
    let help = |item: &str| {
        let errors = Errors::new();
        let raw = parse::parse(item.parse().unwrap(), &errors).unwrap();
        let checked = validate::validate(&raw, &errors).map(drop);
        let rejected = errors.finish(checked).unwrap_err();
        rejected.faults()[0].message().rsplit("help: ").next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        help("enum E { #[lift(internal, code = \"X\")] A, #[lift(internal, code = \"X\")] OrderGone }"),
        "write `code = \"ORDER_GONE\"`, or leave it out"
    );
    assert_eq!(
        help("enum E { #[lift(internal)] IoError, #[lift(internal)] IOError }"),
        "write `code = \"IO_ERROR_2\"`, or rename the variant"
    );
}
