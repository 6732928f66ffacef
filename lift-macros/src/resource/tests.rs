use super::*;
use crate::support::errors::Fault;
use crate::support::rules::Rule;

fn rules(item: &str) -> Vec<Rule> {
    let errors = Errors::new();
    let raw = parse::parse(item.parse().unwrap(), &errors).unwrap();
    let checked = validate::validate(&raw, &errors).map(drop);
    match errors.finish(checked) {
        Ok(()) => Vec::new(),
        Err(rejected) => rejected.faults().iter().map(Fault::rule).collect(),
    }
}

#[test]
fn one_mistake_is_one_fault() {
    use Rule::*;
    let table: [(&str, &[Rule]); 26] = [
        ("struct A(B);", &[]),
        ("#[resource] struct A(B);", &[]),
        (
            "#[resource(pool(max_size = 8, min_idle = 8, validate_after = \"0s\", warm = \"required\"))] struct A(B);",
            &[],
        ),
        ("#[resource(initialize = open)] struct A { b: B }", &[]),
        ("#[resource(initialize = Self::open, config = C<D, E>, error = F)] struct A;", &[]),
        ("#[resource(health_check = ping, cleanup = close, is_valid = open)] struct A(B);", &[]),
        ("#[resource(settings(url = \"a\", port = 1, tls = true))] struct A(B);", &[]),
        ("struct A<T>(T);", &[GenericType]),
        ("struct A<'a>(&'a B);", &[GenericType]),
        ("enum A { B }", &[NotAStruct]),
        ("union A { b: B }", &[NotAStruct]),
        ("struct A;", &[NoInitialize]),
        ("struct A { b: B }", &[NoInitialize]),
        ("struct A(B, C);", &[NoInitialize]),
        ("#[resource(initialise = open)] struct A;", &[KeyUnknown]),
        ("#[resource(initialize = \"open\")] struct A;", &[KeyWrongKind]),
        ("#[resource(config = C)] struct A(B);", &[NeedsInitialize]),
        ("#[resource(error = E)] struct A(B);", &[NeedsInitialize]),
        ("#[resource(pool(max_size = 0))] struct A(B);", &[Number]),
        ("#[resource(pool(max_size = 10001))] struct A(B);", &[Number]),
        ("#[resource(pool(max_size = 4, min_idle = 5))] struct A(B);", &[MinAboveMax]),
        ("#[resource(name = \"OrdersDb\")] struct A(B);", &[Name]),
        ("#[resource = \"a\"] struct A(B);", &[KeyMalformed]),
        ("#[resource(settings(url = URL))] struct A(B);", &[Setting]),
        ("#[resource(settings(url))] struct A(B);", &[Setting]),
        ("#[resource(name = \"a\")] #[resource(name = \"b\")] struct A(B);", &[KeyDuplicate]),
    ];
    for (item, expected) in table {
        assert_eq!(rules(item), expected, "{item}");
    }
}

#[test]
fn a_newtype_delegates() {
    let out =
        resource("#[resource(name = \"db\", pool(wait = \"2s\"))] struct OrdersDb(B<C>);".parse().unwrap());
    let out = out.to_string();
    for part in [
        "impl :: lift :: __private :: Resource for OrdersDb where B < C > : :: lift :: __private :: Resource {",
        "type Config = < B < C > as :: lift :: __private :: Resource > :: Config ;",
        r#"ResourceSpec :: new ("db" , "#,
        ":: lift :: __private :: ResourceSpec :: wait_ms (:: lift :: __private :: ResourceSpec :: new (",
        ":: core :: result :: Result :: map (< B < C > as :: lift :: __private :: Resource > :: initialize (__lift_config , __lift_init) . await , Self)",
        ":: health_check (& mut self . 0) . await",
        ":: cleanup (self . 0) . await",
        ":: is_valid (& self . 0)",
        "DerefMut for OrdersDb",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    syn::parse_str::<syn::File>(&out).unwrap();
}

#[test]
fn a_struct_of_ones_own_calls_its_functions() {
    let item = "#[resource(initialize = Self::open, cleanup = close, settings(port = 1), health(ready, critical = false, timeout = \"1s\", interval = \"9s\", fail_after = 2, recover_after = 3, enabled = false))] struct Db;";
    let out = resource(item.parse().unwrap()).to_string();
    for part in [
        "type Config = :: lift :: __private :: NoSettings ; type Error = :: lift :: __private :: BoxError ;",
        r#"ResourceSpec :: new ("db" , "#,
        r#" , 1000) , 9000) , 2) , 3) , false) , false)) , "port" , "1")"#,
        "Self :: open (__lift_config , __lift_init) . await",
        "close (self) . await",
        ":: Ok (())",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    assert!(!out.contains("Deref") && !out.contains("is_valid"), "{out}");
    syn::parse_str::<syn::File>(&out).unwrap();
}

#[test]
fn a_refused_type_still_has_its_impls() {
    let table = [
        ("enum A { B }", true, false),
        ("#[resource(x)] struct A(B);", true, true),
        ("struct A<T>(T);", true, true),
        ("#[derive(Resource)] struct A(B);", false, false),
    ];
    for (item, has_impl, derefs) in table {
        let out = resource(item.parse().unwrap()).to_string();
        assert!(out.contains("compile_error"), "{out}");
        assert_eq!(
            (out.contains("Resource for A"), out.contains("Deref for A")),
            (has_impl, derefs),
            "{out}"
        );
        syn::parse_str::<syn::File>(&out).unwrap();
    }
}

#[test]
fn zero_is_refused_where_it_means_nothing() {
    let table = include_str!("../../../lift/src/config/durations.txt");
    let zero: Vec<_> = table.lines().filter_map(|line| line.strip_prefix("zero ")).collect();
    for key in [
        "wait",
        "connect_timeout",
        "validate_timeout",
        "validate_after",
        "idle_timeout",
        "max_lifetime",
        "cleanup_timeout",
        "leak_after",
        "stuck_after",
    ] {
        let found = rules(&format!("#[resource(pool({key} = \"0\"))] struct A(B);"));
        assert_eq!(found.is_empty(), zero.contains(&key), "{key}: {found:?}");
    }
}

#[test]
fn no_limit_in_time_is_longer_than_what_it_is_for() {
    let table = include_str!("../../../lift/src/config/durations.txt");
    for (most, key) in table.lines().filter_map(|line| line.strip_prefix("most ")?.split_once(' ')) {
        let long = if most == "15m" { "901s" } else { "86401s" };
        for (value, works) in [(most, true), (long, false)] {
            let lifetime = if key == "max_lifetime" { "" } else { "max_lifetime = \"24h\", " };
            let found = rules(&format!("#[resource(pool({lifetime}{key} = \"{value}\"))] struct A(B);"));
            assert_eq!(found.is_empty(), works, "{key} = {value}: {found:?}");
        }
    }
}

/// Beside an `impl Resource` by hand the compiler says that there are two, and nothing else.
#[test]
fn what_says_nothing_is_told_by_a_constant_that_needs_its_impl() {
    let out = resource("struct A(B, C);".parse().unwrap()).to_string();
    assert!(!out.contains("compile_error") && out.contains("Resource for A"), "{out}");
    let constant = "const _ : () = { let _ = < A as :: lift :: __private :: Resource > :: spec ; :: core :: panic ! (\"nothing says";
    assert!(out.contains(constant), "{out}");
    syn::parse_str::<syn::File>(&out).unwrap();
}
