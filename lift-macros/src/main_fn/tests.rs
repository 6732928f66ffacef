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
    let table: [(&str, &str, &[Rule]); 16] = [
        ("", "async fn main() {}", &[]),
        ("flavor = \"multi_thread\", worker_threads = 4", "async fn main() -> R {}", &[]),
        ("worker_threads = 4", "async fn main() {}", &[]),
        ("flavor = \"multi\"", "async fn main() {}", &[Choice]),
        ("flavor = multi_thread", "async fn main() {}", &[Choice]),
        ("worker_threads = 0", "async fn main() {}", &[Number]),
        ("flavor = \"current_thread\", worker_threads = 4", "async fn main() {}", &[ThreadsOfOne]),
        ("", "fn main() {}", &[NotAsync]),
        ("", "async fn run() {}", &[NotMain]),
        ("", "async fn main(args: A) {}", &[MainArgument]),
        ("", "async fn main<T>() {}", &[GenericFunction]),
        ("", "async fn main() where u8: Copy {}", &[GenericFunction]),
        ("", "async unsafe fn main() {}", &[UnsafeFunction]),
        ("", "async extern \"C\" fn main() {}", &[ExternFunction]),
        ("", "#[tokio::main] async fn main() {}", &[RuntimeAttribute]),
        ("", "mod main {}", &[NotAFunction]),
    ];
    for (attribute, item, expected) in table {
        assert_eq!(rules(attribute, item), expected, "#[main({attribute})] {item}");
    }
}

#[test]
fn the_body_moves_into_a_function_of_the_same_name() {
    let attribute = quote!(flavor = "multi_thread", worker_threads = 4);
    let out = main(
        attribute,
        quote!(
            #[doc = "x"]
            async fn main() -> R {
                body
            }
        ),
    )
    .to_string();
    assert_eq!(
        out,
        quote! {
            #[doc = "x"]
            fn main() -> ::std::process::ExitCode {
                async fn main() -> R { body }
                let __lift_ending0 = ::lift::__private::ending::Ending::of(&main);
                let __lift_mark0 = {
                    use ::lift::__private::ending::*;
                    (&&&&__lift_ending0).__lift_end()
                };
                ::lift::__private::run_main::<R, _>(
                    ::lift::__private::MainOptions::version(
                        ::lift::__private::MainOptions::worker_threads(
                            ::lift::__private::MainOptions::multi_thread(::lift::__private::MainOptions::new()), 4
                        ),
                        ::core::option_env!("CARGO_PKG_VERSION")
                    ),
                    main(),
                    __lift_mark0
                )
            }
        }
        .to_string()
    );
}

#[test]
fn a_refused_main_is_not_refused_again() {
    for item in [
        "async fn main(a: A) {}",
        "#[tokio::main] async fn main() {}",
        "const async fn main() {}",
        "fn main() {}",
    ] {
        let out = main(quote!(), item.parse().unwrap()).to_string();
        let file: syn::File = syn::parse_str(&out).unwrap();
        let Some(syn::Item::Fn(outer)) = file.items.last() else { panic!("{out}") };
        assert!(
            outer.sig.asyncness.is_none() && outer.sig.inputs.is_empty() && outer.attrs.is_empty(),
            "{out}"
        );
    }
    let other = main(
        quote!(),
        quote!(
            async fn run() {}
        ),
    )
    .to_string();
    assert!(other.ends_with("async fn run () { }"), "{other}");
}
