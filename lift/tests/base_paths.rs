//! Paths that only the running program knows are judged as a handler's own: the prefix of a group, the base paths of the service and
//! of its probes.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

use lift::prelude::*;
use lift::testing::TestHost;

#[lift::handler(GET, "/x")]
async fn x() -> &'static str {
    "x"
}

#[lift::handler(GET, "/y")]
async fn y() {}

#[lift::handler(invoke = "z")]
async fn z() {}

const GOOD: [&str; 9] = [
    "/v1",
    "/v1/shops",
    "/caf%C3%A9",
    "/a%20b",
    "/%25",
    "/.well-known/a_b~c",
    "/@me",
    "/-",
    "/a;b=c,d!$&'()*+",
];

/// No path, and what is wrong with it.
const BAD: [(&str, &str); 40] = [
    ("v1", "starts with `/`"),
    ("%2Fv1", "starts with `/`"),
    ("https://a.example/v1", "without scheme and host"),
    ("//a.example/v1", "has no empty segment"),
    ("//", "has no empty segment"),
    ("///", "has no empty segment"),
    ("/a//b", "has no empty segment"),
    ("/a//", "has no empty segment"),
    ("/v1?x=1", "has no query"),
    ("/v1?", "has no query"),
    ("/v1#x", "has no `#fragment`"),
    ("/a b", "never reaches a server as it is"),
    ("/a\tb", "never reaches a server as it is"),
    ("/a\u{a0}b", "never reaches a server as it is"),
    ("/caf\u{e9}", "never reaches a server as it is"),
    ("/a\u{7f}b", "never reaches a server as it is"),
    ("/a\\b", "never reaches a server as it is"),
    ("/a\"b", "never reaches a server as it is"),
    ("/a|b", "never reaches a server as it is"),
    ("/a^b", "never reaches a server as it is"),
    ("/a`b", "never reaches a server as it is"),
    ("/a>b", "never reaches a server as it is"),
    ("/v1%2Fx", "is a `/` inside of a segment"),
    ("/v1%2fx", "is a `/` inside of a segment"),
    ("/%41", "clients send `%41` as `A`"),
    ("/%7E", "clients send `%7E` as `~`"),
    ("/%2E%2E/x", "clients send `%2E` as `.`"),
    ("/caf%c3%A9", "in capitals"),
    ("/100%", "begins an escape"),
    ("/a%2", "begins an escape"),
    ("/a%zz", "begins an escape"),
    ("/a%\u{e9}", "begins an escape"),
    ("/a/../b", "clients resolve `..`"),
    ("/.", "clients resolve `.`"),
    ("/{id}", "has no parameters"),
    ("/a/{*rest}", "has no parameters"),
    ("/a}b", "has no parameters"),
    ("/:id", "has no parameters"),
    ("/*", "has no parameters"),
    ("/<id>/a", "has no parameters"),
];

fn told(host: TestHost) -> String {
    host.check().err().map(|faults| faults.to_string()).unwrap_or_default()
}

fn in_group(prefix: &str) -> TestHost {
    App::new("test").group(prefix, lift::handlers![x, y, z]).test()
}

fn with(variable: &str, value: &str) -> TestHost {
    App::new("test").handlers(lift::handlers![x]).test().var(variable, value)
}

#[test]
fn a_prefix_is_judged_as_a_route() {
    for prefix in GOOD {
        assert_eq!(told(in_group(prefix)), "", "{prefix}");
    }
    for (prefix, problem) in
        BAD.into_iter().chain([("/", "does not end with `/`"), ("/v1/", "does not end with `/`")])
    {
        let text = told(in_group(prefix));
        assert!(text.contains(problem) && text.contains("a prefix"), "{prefix:?}: {text}");
        assert!(text.contains("lift/tests/base_paths.rs:") && text.contains("help: "), "{prefix:?}: {text}");
        assert!(text.contains("1 thing is wrong"), "{prefix:?}: {text}");
    }
}

#[test]
fn a_base_path_is_judged_as_a_route_but_for_a_slash_at_its_end() {
    for path in GOOD.into_iter().chain(["/", "/shop/"]) {
        assert_eq!(told(with("LIFT_BASE_PATH", path)), "", "{path}");
    }
    for (path, problem) in BAD {
        let text = told(with("LIFT_BASE_PATH", path));
        assert!(text.contains(problem) && text.contains("LIFT_BASE_PATH: `"), "{path:?}: {text}");
        assert!(text.contains("1 thing is wrong"), "{path:?}: {text}");
    }
}

#[test]
fn the_path_of_the_probes_is_judged_as_a_route() {
    for path in GOOD {
        assert_eq!(told(with("LIFT_HEALTH_BASE_PATH", path)), "", "{path}");
    }
    for (path, problem) in
        BAD.into_iter().chain([("/", "does not end with `/`"), ("/health/", "does not end with `/`")])
    {
        let text = told(with("LIFT_HEALTH_BASE_PATH", path));
        assert!(text.contains(problem) && text.contains("LIFT_HEALTH_BASE_PATH: `"), "{path:?}: {text}");
        assert!(text.contains("1 thing is wrong"), "{path:?}: {text}");
    }
}

#[test]
fn all_of_them_are_told_beside_everything_else() {
    let app = App::new("test").group("/a b/c%2Fd", lift::handlers![x]).group("v2", lift::handlers![y]);
    let host = app.test().var("LIFT_BASE_PATH", "/a b").var("LIFT_HEALTH_BASE_PATH", "/caf\u{e9}");
    let text = told(host.var("LIFT_SHUTDOWN_GRACE", "soon"));
    for words in [
        "5 things are wrong",
        "`x` is in the group `/a b/c%2Fd`, which is not a prefix: ` ` never reaches a server as it is; `%2F` is a `/`",
        "`y` is in the group `v2`, which is not a prefix: a prefix starts with `/`",
        "LIFT_BASE_PATH: `/a b` is not a path such as `/shop`: ` ` never reaches",
        "LIFT_HEALTH_BASE_PATH: `/caf\u{e9}` is not a path such as `/health`: `\u{e9}` never reaches",
        "LIFT_SHUTDOWN_GRACE",
    ] {
        assert!(text.contains(words), "{words:?} is missing in\n{text}");
    }
}

#[test]
fn a_path_that_is_shown_may_hold_any_character() {
    let text = told(with("LIFT_BASE_PATH", "/a\n/b"));
    assert!(text.contains("LIFT_BASE_PATH: `/a\\n/b` is not a path"), "{text}");
}

#[tokio::test]
async fn what_is_escaped_is_served_as_it_is_written() {
    let app = App::new("test").group("/caf%C3%A9", lift::handlers![x]).test();
    let service =
        app.var("LIFT_BASE_PATH", "/a%20b").var("LIFT_HEALTH_BASE_PATH", "/%25").start().await.unwrap();
    assert_eq!(service.get("/a%20b/caf%C3%A9/x").await.unwrap().text(), "x");
    assert_eq!(service.get("/a%20b/%25/live").await.unwrap().status(), 200);
}
