//! A handler whose requests the health probes would answer is a start-up error that names both.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

use lift::handler::Handlers;
use lift::prelude::*;

macro_rules! handlers_at {
    ($($name:ident $path:literal ($($argument:ident)*);)*) => {
        mod at {
            $(#[lift::handler(GET, $path)]
            pub(crate) async fn $name($($argument: String),*) {
                let _ = ($($argument),*);
            })*
        }

        /// The handler of this path.
        fn at(path: &str) -> Handlers {
            match path {
                $($path => lift::handlers![at::$name],)*
                _ => panic!("there is no handler of `{path}`"),
            }
        }
    };
}

handlers_at! {
    root "/" ();
    health "/health" ();
    live "/health/live" ();
    any "/{x}" (x);
    below "/health/{x}" (x);
    two "/{x}/{y}" (x y);
    three "/{x}/{y}/{z}" (x y z);
    four "/{x}/{y}/{z}/{w}" (x y z w);
    components "/health/components" ();
    component "/health/components/{x}" (x);
    db "/health/components/db" ();
    odd "/health/components/a%20b" ();
    inside "/{x}/components/{y}" (x y);
    within "/health/{x}/{y}" (x y);
    rest_of_components "/health/components/{*rest}" (rest);
    rest "/{*rest}" (rest);
    rest_of_health "/health/{*rest}" (rest);
    rest_of_any "/health/{x}/{*rest}" (x rest);
    deeper "/health/components/{x}/{y}" (x y);
    deeper_db "/health/components/db/x" ();
    upstream "/health/upstream" ();
    healthy "/healthy" ();
    below_live "/health/live/{x}" (x);
    elsewhere "/shop/health/ready" ();
    moved "/-/health/components/{x}" (x);
    orders "/{x}/orders/{y}" (x y);
    x "/x" ();
}

fn told(app: App, variables: &[(&str, &str)]) -> String {
    let host = variables.iter().fold(app.test(), |host, (name, value)| host.var(*name, *value));
    host.check().err().map(|faults| faults.to_string()).unwrap_or_default()
}

#[track_caller]
fn meets(app: App, variables: &[(&str, &str)], route: &str, probe: &str) {
    let text = told(app, variables);
    let words = format!("serves `{route}`, where the health probe `{probe}` is");
    assert!(text.contains(&words) && text.contains("lift/tests/probe_paths.rs:"), "{words}: {text}");
    assert!(text.contains("LIFT_HEALTH_BASE_PATH") && text.contains("1 thing is wrong"), "{text}");
}

#[test]
fn a_handler_where_a_probe_is_is_a_start_error() {
    for (path, probe) in [
        ("/health", "/health"),
        ("/health/live", "/health/live"),
        ("/{x}", "/health"),
        ("/health/{x}", "/health/ready"),
        ("/{x}/{y}", "/health/ready"),
        ("/health/components", "/health/components"),
        ("/health/components/{x}", "/health/components/{name}"),
        ("/health/components/db", "/health/components/{name}"),
        ("/health/components/a%20b", "/health/components/{name}"),
        ("/{x}/components/{y}", "/health/components/{name}"),
        ("/health/{x}/{y}", "/health/components/{name}"),
        ("/{x}/{y}/{z}", "/health/components/{name}"),
        ("/health/components/{*rest}", "/health/components/{name}"),
    ] {
        meets(App::new("test").handlers(at(path)), &[], path, probe);
    }
    let grouped = App::new("test").health_group("upstream", [] as [&str; 0]).handlers(at("/health/upstream"));
    meets(grouped, &[], "/health/upstream", "/health/upstream");
}

#[test]
fn what_no_probe_takes_is_no_error() {
    for path in [
        "/",
        "/{*rest}",
        "/health/{*rest}",
        "/health/{x}/{*rest}",
        "/health/components/{x}/{y}",
        "/health/components/db/x",
        "/{x}/{y}/{z}/{w}",
        "/health/upstream",
        "/healthy",
        "/health/live/{x}",
        "/shop/health/ready",
        "/{x}/orders/{y}",
        "/-/health/components/{x}",
    ] {
        assert_eq!(told(App::new("test").handlers(at(path)), &[]), "", "{path}");
    }
}

#[test]
fn prefixes_and_base_paths_count() {
    let app = |prefix: &str, path| App::new("test").group(prefix, at(path));
    meets(app("/health", "/"), &[], "/health", "/health");
    meets(app("/health/components", "/x"), &[], "/health/components/x", "/health/components/{name}");
    meets(app("/health/components", "/{x}"), &[], "/health/components/{x}", "/health/components/{name}");
    let moved = [("LIFT_HEALTH_BASE_PATH", "/-/health")];
    assert_eq!(told(app("", "/health/components/{x}"), &moved), "");
    meets(
        app("", "/-/health/components/{x}"),
        &moved,
        "/-/health/components/{x}",
        "/-/health/components/{name}",
    );
    // What stands before every path is taken off before anything is looked for.
    let based = [("LIFT_BASE_PATH", "/shop")];
    meets(app("", "/health/components/{x}"), &based, "/health/components/{x}", "/health/components/{name}");
    assert_eq!(told(app("", "/shop/health/ready"), &based), "");
}

#[test]
fn each_handler_is_told_once() {
    let app = App::new("test").handlers(at("/health/{x}")).handlers(at("/health/components/{x}"));
    assert!(told(app, &[]).contains("2 things are wrong"));
}
