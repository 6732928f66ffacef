use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::*;
use crate::support::errors::Fault;
use crate::support::rules::Rule;

fn faults(attribute: &str, item: &str) -> Vec<Fault> {
    let errors = Errors::new();
    let raw = parse::parse(attribute.parse().unwrap(), item.parse().unwrap(), &errors);
    let checked = validate::validate(&raw, &errors).map(drop);
    match errors.finish(checked) {
        Ok(()) => Vec::new(),
        Err(rejected) => rejected.faults().to_vec(),
    }
}

fn rules(attribute: &str, item: &str) -> Vec<Rule> {
    faults(attribute, item).iter().map(Fault::rule).collect()
}

const PLAIN: &str = "async fn f() {}";

#[test]
fn attributes_that_are_right() {
    let table = [
        ("GET, \"/\"", PLAIN),
        ("GET, \"/\",", PLAIN),
        ("POST, \"/a\", timeout = \"3s\", cancel_on_disconnect, crate = \"x\"", PLAIN),
        ("invoke = \"reindex\"", PLAIN),
        ("timeout = \"15m\", invoke = \"reindex\"", PLAIN),
        ("sqs = \"fulfilment\", concurrency = 8, partial, on_permanent = \"drop\"", PLAIN),
        ("schedule = \"nightly\"", PLAIN),
        ("eventbridge(detail_type = \"Order Placed\")", PLAIN),
        ("ws = \"sendMessage\"", PLAIN),
        ("event = \"logs\", matches(\"/awslogs/data\", \"/a\" = \"b\")", PLAIN),
        ("PUT, \"/{id}\"", "async fn f(mut id: u64, Json(order): Json<Order>) {}"),
        ("GET, \"/{type}\"", "async fn f(r#type: u64) {}"),
        ("GET, \"/{id}/{_rest}\"", "async fn f(_id: u64, _rest: u64) {}"),
        ("GET, \"/{org}/{id}\"", "async fn f(Path((_org, id)): Path<(u8, u8)>) {}"),
        ("GET, \"/{org}/{id}\"", "async fn f(Path((org, id)): Path<(u8, u8)>) {}"),
        ("GET, \"/{*rest}\"", "pub(crate) async fn f(rest: String) -> impl IntoResponse { rest }"),
        (
            "GET, \"/\"",
            "async fn f(a0: A, a1: A, a2: A, a3: A, a4: A, a5: A, a6: A, a7: A, a8: A, a9: A, a10: A, a11: A) {}",
        ),
    ];
    for (attribute, item) in table {
        assert_eq!(rules(attribute, item), [], "{attribute} {item}");
    }
}

#[test]
fn one_mistake_is_one_fault() {
    use Rule::*;
    let many: Vec<_> = (0..13).map(|index| format!("a{index}: A")).collect();
    let many = format!("async fn f({}) {{}}", many.join(", "));
    let table = [
        ("", PLAIN, NoTrigger),
        ("timeout = \"3s\"", PLAIN, NoTrigger),
        ("GET", PLAIN, PathMissing),
        ("GET, timeout = \"3s\"", PLAIN, PathMissing),
        ("GET, PATH", PLAIN, PathComputed),
        ("GET, concat!(\"/\", \"a\")", PLAIN, PathComputed),
        ("GET, 5", PLAIN, PathComputed),
        ("\"/a\"", PLAIN, MethodMissing),
        ("\"GET /a\"", PLAIN, MethodMissing),
        ("\"/a\", GET", PLAIN, MethodMissing),
        ("\"GET\", \"/a\"", PLAIN, MethodQuoted),
        ("get, \"/a\"", PLAIN, MethodLowerCase),
        ("Get, \"/a\"", PLAIN, MethodLowerCase),
        ("PACTH, \"/a\"", PLAIN, MethodUnknown),
        ("FETCH, \"/a\"", PLAIN, MethodUnknown),
        ("TRACE, \"/a\"", PLAIN, MethodUnknown),
        ("ANY, \"/a\"", PLAIN, MethodAny),
        ("GET \"/a\"", PLAIN, MethodJoined),
        ("GET = \"/a\"", PLAIN, MethodJoined),
        ("get(\"/a\")", PLAIN, MethodJoined),
        ("GET, POST, \"/a\"", PLAIN, TwoMethods),
        ("GET, \"/a\", \"/b\"", PLAIN, TwoTriggers),
        ("GET, \"/a\", invoke = \"b\"", PLAIN, TwoTriggers),
        ("invoke = \"\"", PLAIN, Name),
        ("invoke = \"Re Index\"", PLAIN, Name),
        ("queue = \"orders\"", PLAIN, KeyUnknown),
        ("sqs = \"orders\", GET, \"/\"", PLAIN, TwoTriggers),
        ("sqs = \"orders\", invoke = \"a\"", PLAIN, TwoTriggers),
        ("sqs = \"Orders\"", PLAIN, Name),
        ("sqs = \"orders\", concurrency = 0", PLAIN, Number),
        ("sqs = \"orders\", on_permanent = \"ignore\"", PLAIN, Choice),
        ("GET, \"/\", stream", PLAIN, KeyUnknown),
        ("sns = \"orders\", partial", PLAIN, KeyMisplaced),
        ("GET, \"/a\", partial", PLAIN, KeyMisplaced),
        ("invoke = \"a\", concurrency = 3", PLAIN, KeyMisplaced),
        ("invoke = \"a\", matches(\"/a\")", PLAIN, KeyMisplaced),
        ("event = \"a\"", PLAIN, Matcher),
        ("event = \"a\", matches()", PLAIN, Matcher),
        ("event = \"a\", matches(kind)", PLAIN, Matcher),
        ("event = \"a\", matches(\"kind\")", PLAIN, Matcher),
        ("event = \"a\", matches(\"/kind\" = 7)", PLAIN, Matcher),
        ("eventbridge()", PLAIN, EventBridgeEmpty),
        ("eventbridge(source = \"\")", PLAIN, Name),
        ("eventbridge(source = shop)", PLAIN, KeyWrongKind),
        ("ws = \"connect\"", PLAIN, RouteKey),
        ("ws = \"$conect\"", PLAIN, RouteKey),
        ("cancel_on_disconect, GET, \"/a\"", PLAIN, KeyUnknown),
        ("GET, \"/a\", timeout_ms = 5", PLAIN, KeyUnknown),
        ("GET, \"/a\", timeout = \"3\"", PLAIN, Duration),
        ("GET, \"/a\", timeout = \"16m\"", PLAIN, Duration),
        ("GET, \"/a\", timeout = 3", PLAIN, KeyWrongKind),
        ("GET, \"/a\" timeout = \"3s\"", PLAIN, KeyMalformed),
        ("invoke = \"a\", cancel_on_disconnect", PLAIN, KeyMisplaced),
        ("GET, \"a\"", PLAIN, RouteNoSlash),
        ("GET, \"/{id}\"", PLAIN, ParameterMissing),
        ("GET, \"/{id}\"", "async fn f(db: Pooled<Db>) {}", ParameterMissing),
        ("GET, \"/{id}\"", "async fn f(ids: u64) {}", ParameterNearMiss),
        ("GET, \"/{order_id}\"", "async fn f(orderId: u64) {}", ParameterNearMiss),
        ("GET, \"/\"", "struct S;", NotAFunction),
        ("", "struct S;", NotAFunction),
        ("GET, \"/\"", "async fn f();", NotAFunction),
        ("GET, \"/\"", "fn f() {}", NotAsync),
        ("GET, \"/\"", "async fn f(&self) {}", SelfArgument),
        ("GET, \"/\"", "const fn f() {}", ConstFunction),
        ("GET, \"/\"", "async unsafe fn f() {}", UnsafeFunction),
        ("GET, \"/\"", "async extern \"C\" fn f() {}", ExternFunction),
        ("GET, \"/\"", "async fn f(a: A, ...) {}", VariadicFunction),
        ("GET, \"/\"", "async fn f<T>(a: T) where T: A {}", GenericFunction),
        ("GET, \"/\"", "async fn f<'a>() {}", GenericFunction),
        ("GET, \"/\"", "async fn f() where u8: Copy {}", WhereClause),
        ("GET, \"/\"", many.as_str(), TooManyArguments),
        ("GET, \"/\"", "async fn f(#[cfg(a)] a: A) {}", CfgArgument),
        ("GET, \"/\"", "async fn f(a: impl A) {}", ImplArgument),
        ("GET, \"/\"", "async fn f(a: Json<impl A>) {}", ImplArgument),
        ("GET, \"/\"", "async fn f(a: &str) {}", ReferenceArgument),
        ("GET, \"/\"", "async fn f(a: Json<&str>) {}", ReferenceArgument),
        ("GET, \"/\"", "#[tokio::main] async fn f() {}", RuntimeAttribute),
        ("GET, \"/\"", "#[lift::handler(GET, \"/b\")] async fn f() {}", SecondAttribute),
        ("GET, \"/\"", "#[health_check] async fn f() {}", SecondAttribute),
    ];
    for (attribute, item, rule) in table {
        assert_eq!(rules(attribute, item), [rule], "#[handler({attribute})] {item}");
        let message = faults(attribute, item).remove(0).message();
        assert!(message.contains("\nhelp: "), "{message}");
        assert!(message.matches("\nhelp: ").count() <= 2, "{message}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    use Rule::*;
    let found = rules("get, \"a\", timeout = \"0s\", bogus = 1", "fn f(a: &str, b: impl B) {}");
    assert_eq!(
        found,
        [Duration, KeyUnknown, NotAsync, ReferenceArgument, ImplArgument, MethodLowerCase, RouteNoSlash]
    );
    assert_eq!(rules("GET, \"/{a}/{b}\"", "async fn f(aa: A) {}"), [ParameterMissing, ParameterMissing]);
    assert_eq!(rules("GET, \"/{oder}/{thing}\"", "async fn f(order: A, thin: B) {}"), [ParameterNearMiss; 2]);
}

#[test]
fn the_function_comes_out_untouched_and_first() {
    let item = quote! {
        #[doc = " Docs"]
        #[cfg(unix)]
        pub(crate) async fn get_order(id: Uuid, Json(order): Json<Order>) -> Result<(), E> { id }
    };
    let out =
        handler(quote!(POST, "/orders/{id}", timeout = "3s", cancel_on_disconnect), item.clone()).to_string();
    assert!(out.starts_with(&item.to_string()), "{out}");
    let file: syn::File = syn::parse_str(&out).unwrap();
    let [syn::Item::Fn(_), syn::Item::Struct(companion)] = file.items.as_slice() else {
        panic!("{out}");
    };
    assert_eq!(companion.ident, "get_order");
    assert!(companion.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")));
    let beside: syn::File = syn::parse2(crate::function::beside(companion.to_token_stream())).unwrap();
    let [syn::Item::Const(_)] = beside.items.as_slice() else { panic!("{out}") };
    for part in [
        r#"HandlerMeta :: new ("get_order" , :: core :: module_path ! () , :: core :: file ! () , :: core :: line ! () , :: lift :: __private :: Trigger :: Http { method : "POST" , path : "/orders/{id}" , params : & ["id"] } , "#,
        ":: lift :: __private :: HandlerMeta :: cancel_on_disconnect (:: lift :: __private :: HandlerMeta :: timeout_ms (:: lift :: __private :: HandlerMeta :: new (",
        r#" , "POST /orders/{}") , 3000))"#,
        ":: lift :: __private :: call2 :: < :: lift :: __private :: PathArg < __LiftParameter0 , 0 > , Json < Order > , _ , Result < () , E > , _ , _ , _ >",
        "struct __LiftParameter0 (Uuid) ;",
        ":: core :: result :: Result :: map (< Uuid as :: lift :: __private :: FromPath > :: from_path (__lift_text0) , Self)",
        "| :: lift :: __private :: PathArg (__LiftParameter0 (__lift_a0)) , __lift_a1 | get_order (__lift_a0 , __lift_a1)",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
}

#[test]
fn few_arguments_and_other_triggers() {
    let call = |attribute: TokenStream, item: TokenStream| {
        let out = handler(attribute, item).to_string();
        out.split_once(":: Marker").map_or(out.clone(), |(_, rest)| rest.to_owned())
    };
    let none = call(
        quote!(invoke = "reindex", crate = "my::lift"),
        quote!(
            async fn f() {}
        ),
    );
    for part in [
        r#"my :: lift :: __private :: HandlerMeta :: new ("f" , :: core :: module_path ! () , :: core :: file ! () , :: core :: line ! () , my :: lift :: __private :: Trigger :: Invoke { name : "reindex" } , "#,
        r#", "invoke reindex")"#,
        "call0 :: < () , _ , _ , _ > (__lift_request0 , [] , f , | __lift_answer0 |",
    ] {
        assert!(none.contains(part), "{part}\n{none}");
    }
    assert!(!none.contains(":: lift :: __private :: lift") && !none.contains("{ :: lift"), "{none}");
    let opaque = call(
        quote!(GET, "/"),
        quote!(
            async fn f(a: A) -> impl B {}
        ),
    );
    assert!(opaque.contains("call1 :: < A , _ , _ , _ , _ , _ >"), "{opaque}");
}

#[test]
fn a_refused_item_still_comes_out() {
    let table = [
        ("GET, \"/\"", "fn f() {}", "fn f () { }"),
        ("GET, \"/\"", "struct S;", "struct S ;"),
        ("GET, \"/\"", "#[tokio::main] #[inline] async fn f() {}", "# [inline] async fn f () { }"),
        ("GET, \"/\"", "async fn f(&self) -> &str { self.a }", "async fn f () {"),
    ];
    for (attribute, item, kept) in table {
        let out = handler(attribute.parse().unwrap(), item.parse().unwrap()).to_string();
        assert_eq!(out.matches("compile_error").count(), 1, "{out}");
        assert!(out.contains(kept), "{out}");
        let has_companion = out.contains("struct f");
        assert_eq!(has_companion, !item.contains("self") && !item.contains("struct"), "{out}");
        syn::parse_str::<syn::File>(&out).unwrap();
    }
}
