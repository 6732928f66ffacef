//! The list of all rules that a user can break.

/// Writes the rules as an enum, with the file of each one's example and the macros that it belongs to.
macro_rules! rules {
    ($($name:ident $file:literal [$($folder:ident)*],)*) => {
        /// One rule. The compiler warns of one that nothing reports; a test finds one that has no example in `tests/ui`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Rule {
            $($name,)*
        }

        #[cfg(test)]
        impl Rule {
            /// Every rule, the stem of its UI file, and the folders below `tests/ui` that must have it.
            pub(crate) const ALL: &[(Self, &'static str, &'static [&'static str])] =
                &[$((Self::$name, $file, &[$(stringify!($folder)),*]),)*];
        }
    };
}

rules! {
    // Keys, in every macro.
    KeyUnknown "key_unknown" [handler health_check resource lift_error main],
    KeyDuplicate "key_duplicate" [handler health_check resource lift_error main],
    KeyMissingValue "key_missing_value" [handler health_check resource lift_error main],
    KeyUnwantedValue "key_unwanted_value" [handler resource lift_error],
    KeyWrongKind "key_wrong_kind" [handler health_check resource lift_error main],
    KeyMalformed "key_malformed" [handler health_check resource lift_error main],
    KeyConflict "key_conflict" [lift_error],
    KeyMisplaced "key_misplaced" [handler],
    Choice "choice" [handler health_check resource lift_error main],
    Duration "duration" [handler health_check resource lift_error],
    Name "name" [handler health_check resource],
    Number "number" [handler health_check resource main],
    DefaultName "default_name" [health_check resource lift_error],

    // The function.
    NotAFunction "not_a_function" [handler health_check main],
    NotAsync "not_async" [handler health_check main],
    SelfArgument "self_argument" [handler health_check],
    ConstFunction "const_function" [handler health_check main],
    UnsafeFunction "unsafe_function" [handler health_check main],
    ExternFunction "extern_function" [handler health_check main],
    VariadicFunction "variadic_function" [handler health_check],
    GenericFunction "generic_function" [handler health_check main],
    WhereClause "where_clause" [handler health_check],
    TooManyArguments "too_many_arguments" [handler health_check],
    CfgArgument "cfg_argument" [handler health_check],
    ImplArgument "impl_argument" [handler health_check],
    ReferenceArgument "reference_argument" [handler health_check],
    RuntimeAttribute "runtime_attribute" [handler health_check main],
    SecondAttribute "second_attribute" [handler health_check],
    LivenessArgument "liveness_argument" [health_check],
    TimeoutAboveInterval "timeout_above_interval" [health_check],
    NotMain "not_main" [main],
    MainArgument "main_argument" [main],
    ThreadsOfOne "threads_of_one" [main],

    // The trigger.
    NoTrigger "no_trigger" [handler],
    TwoTriggers "two_triggers" [handler],
    TwoMethods "two_methods" [handler],
    MethodUnknown "method_unknown" [handler],
    MethodLowerCase "method_lower_case" [handler],
    MethodQuoted "method_quoted" [handler],
    MethodMissing "method_missing" [handler],
    MethodJoined "method_joined" [handler],
    MethodAny "method_any" [handler],
    EventBridgeEmpty "event_bridge_empty" [handler],
    RouteKey "route_key" [handler],
    Matcher "matcher" [handler],
    PathMissing "path_missing" [handler],
    PathComputed "path_computed" [handler],
    RouteNoSlash "route_no_slash" [handler],
    RouteDoubleSlash "route_double_slash" [handler],
    RouteTrailingSlash "route_trailing_slash" [handler],
    RouteUrl "route_url" [handler],
    RouteQuery "route_query" [handler],
    RouteFragment "route_fragment" [handler],
    RouteBrace "route_brace" [handler],
    RouteName "route_name" [handler],
    RouteStyle "route_style" [handler],
    RouteAffix "route_affix" [handler],
    RouteDuplicate "route_duplicate" [handler],
    RouteCatchAll "route_catch_all" [handler],
    RouteDots "route_dots" [handler],
    RouteCharacter "route_character" [handler],
    RouteEscape "route_escape" [handler],
    ParameterMissing "parameter_missing" [handler],
    ParameterNearMiss "parameter_near_miss" [handler],

    // The types under a derive.
    GenericType "generic_type" [resource],
    NotAStruct "not_a_struct" [resource lift_error],
    DerivedTwice "derived_twice" [resource lift_error],
    NoInitialize "no_initialize" [resource],
    NeedsInitialize "needs_initialize" [resource],
    MinAboveMax "min_above_max" [resource],
    IdleAboveLifetime "idle_above_lifetime" [resource],
    Setting "setting" [resource],
    Undecided "undecided" [lift_error],
    StatusRange "status_range" [lift_error],
    StatusName "status_name" [lift_error],
    StatusBare "status_bare" [lift_error],
    Code "code" [lift_error],
    CodeDuplicate "code_duplicate" [lift_error],
    DetailsField "details_field" [lift_error],
    PublicEmpty "public_empty" [lift_error],
    PublicBrace "public_brace" [lift_error],
    PublicField "public_field" [lift_error],
    PublicSource "public_source" [lift_error],
    TransparentFields "transparent_fields" [lift_error],
    TransparentDyn "transparent_dyn" [lift_error],
    LiftOnField "lift_on_field" [lift_error],

    // Never seen, if this crate is right.
    Unexplained "unexplained" [],
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::Rule;
    use crate::support::keys::{Shape, tables};
    use crate::support::naming::snake;

    fn ui() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui")
    }

    /// The stems of `tests/ui/<folder>/fail/*.rs`, by folder.
    fn examples() -> BTreeMap<String, BTreeSet<String>> {
        let mut examples = BTreeMap::new();
        for folder in fs::read_dir(ui()).unwrap() {
            let folder = folder.unwrap().path();
            if !folder.is_dir() {
                continue;
            }
            let stems = fs::read_dir(folder.join("fail")).unwrap().filter_map(|file| {
                let file = file.unwrap().path();
                let is_rust = file.extension().is_some_and(|extension| extension == "rs");
                is_rust.then(|| file.file_stem().unwrap().to_str().unwrap().to_owned())
            });
            examples.insert(folder.file_name().unwrap().to_str().unwrap().to_owned(), stems.collect());
        }
        examples
    }

    #[test]
    fn every_rule_has_a_file_name_of_its_own() {
        let mut names = BTreeSet::new();
        for (rule, name, _) in Rule::ALL {
            assert_eq!(snake(&format!("{rule:?}")), *name);
            assert!(names.insert(name), "{name}");
        }
    }

    #[test]
    fn every_rule_has_an_example_and_the_message_beside_it() {
        let examples = examples();
        for (_, name, folders) in Rule::ALL {
            for folder in *folders {
                assert!(examples[*folder].contains(*name), "tests/ui/{folder}/fail/{name}.rs is missing");
            }
        }
        for (folder, names) in &examples {
            for name in names {
                let message = ui().join(folder).join("fail").join(format!("{name}.stderr"));
                assert!(message.exists(), "{} is missing", message.display());
            }
        }
    }

    #[test]
    fn every_example_belongs_to_a_rule() {
        for (folder, names) in examples() {
            for name in names {
                // What the compiler judges by itself, and what a list knows.
                let is_other =
                    name.starts_with("types_") || ["handlers", "health_checks"].contains(&folder.as_str());
                let is_rule = Rule::ALL.iter().any(|(_, rule, folders)| {
                    let variation =
                        name.strip_prefix(rule).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
                    variation && folders.contains(&folder.as_str())
                });
                assert!(is_other || is_rule, "tests/ui/{folder}/fail/{name}.rs shows no rule of {folder}");
            }
        }
    }

    /// What a table makes possible needs an example in its macro's folder.
    #[test]
    fn every_rule_that_a_key_table_can_break_has_an_example() {
        let examples = examples();
        for (folder, table) in tables() {
            let has = |shape: Shape| table.keys.iter().any(|key| key.shape() == shape);
            let rules = [
                ("key_unknown", true),
                ("key_duplicate", true),
                ("key_malformed", true),
                ("key_missing_value", has(Shape::Value) || has(Shape::List)),
                ("key_unwanted_value", has(Shape::Flag)),
                ("key_wrong_kind", has(Shape::Value) || has(Shape::List)),
                ("key_conflict", !table.conflicts.is_empty()),
                ("key_unknown_neighbour", !table.neighbours.is_empty()),
            ];
            for (rule, possible) in rules {
                assert!(
                    !possible || examples[folder].contains(rule),
                    "tests/ui/{folder}/fail/{rule}.rs is missing"
                );
            }
        }
    }
}
