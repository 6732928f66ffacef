use super::*;

fn problems(text: &str) -> Vec<(Rule, String, String)> {
    match read(text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .into_iter()
            .map(|problem| {
                let place = text.get(problem.range.clone()).unwrap_or("<outside>").to_owned();
                (problem.rule, place, problem.help)
            })
            .collect(),
    }
}

/// The text, its parameters with "takes all the rest", and the shape.
type Good<'a> = (&'a str, &'a [(&'a str, bool)], &'a str);

#[test]
fn good_routes() {
    let table: [Good<'_>; 10] = [
        ("/caf%C3%A9/%25/a%20b%5C", &[], "/caf%C3%A9/%25/a%20b%5C"),
        ("/", &[], "/"),
        ("/orders", &[], "/orders"),
        ("/orders/{id}", &[("id", false)], "/orders/{}"),
        ("/{org}/orders/{id}/lines", &[("org", false), ("id", false)], "/{}/orders/{}/lines"),
        ("/files/{*rest}", &[("rest", true)], "/files/{*}"),
        ("/{*all}", &[("all", true)], "/{*}"),
        ("/{type}", &[("type", false)], "/{}"),
        ("/.well-known/a_b~c/%20/@me", &[], "/.well-known/a_b~c/%20/@me"),
        ("/{_id2}", &[("_id2", false)], "/{}"),
    ];
    for (text, parameters, shape) in table {
        let route = read(text).unwrap_or_else(|_| panic!("{text}"));
        let found: Vec<_> =
            route.parameters.iter().map(|parameter| (parameter.name.as_str(), parameter.catch_all)).collect();
        assert_eq!(found, parameters, "{text}");
        assert_eq!(route.shape(), shape);
    }
}

#[test]
fn bad_routes() {
    use Rule::*;
    let table = [
        ("", RouteNoSlash, "<outside>", "write `\"/\"`"),
        ("orders", RouteNoSlash, "o", "write `\"/orders\"`"),
        ("https://a.example/orders", RouteUrl, "https://a.example", "write `\"/orders\"`"),
        ("https://a.example", RouteUrl, "https://a.example", "write `\"/\"`"),
        ("/a?b={c}", RouteQuery, "?b={c}", "write `\"/a\"`"),
        ("/a#b", RouteFragment, "#b", "write `\"/a\"`"),
        ("/a//b", RouteDoubleSlash, "//", "write `\"/a/b\"`"),
        ("///", RouteDoubleSlash, "//", "write `\"/\"`"),
        ("/a/", RouteTrailingSlash, "/", "write `\"/a\"`"),
        ("/a/{id", RouteBrace, "{id", "write `{id}`"),
        ("/a/id}", RouteBrace, "id}", "write `{id}`"),
        ("/a/}id{", RouteBrace, "{", "write `{}`"),
        ("/a/{}", RouteName, "{}", "write `{id}`"),
        ("/a/{*}", RouteName, "{*}", "write `{*rest}`"),
        ("/a/{order-id}", RouteName, "{order-id}", "write `{order_id}`"),
        ("/a/{orderId!}", RouteName, "{orderId!}", "write `{order_id}`"),
        ("/a/{1st}", RouteName, "{1st}", "write `{st}`"),
        ("/a/{self}", RouteName, "{self}", "write `{id}`"),
        ("/a/{_}", RouteName, "{_}", "write `{id}`"),
        ("/a/{größe}", RouteName, "{größe}", "write `{gre}`"),
        ("/{id}/{id}", RouteDuplicate, "{id}", "give one of them another name, such as `{id_2}`"),
        ("/{*rest}/a", RouteCatchAll, "/a", "write `\"/{*rest}\"`, or `{rest}` for one segment"),
        (
            "/a/b%2Fc",
            RouteEscape,
            "%2F",
            "write two segments, or a parameter: `{name}` holds any `/` that was escaped",
        ),
        (
            "/a/%2f",
            RouteEscape,
            "%2f",
            "write two segments, or a parameter: `{name}` holds any `/` that was escaped",
        ),
        ("/a/%41", RouteEscape, "%41", "write `A`"),
        ("/a/%7e", RouteEscape, "%7e", "write `~`"),
        ("/caf%c3%A9", RouteEscape, "%c3", "write `%C3`"),
        ("/100%", RouteEscape, "%", "write `%25` for `%`"),
        ("/a%2", RouteEscape, "%", "write `%25` for `%`"),
        ("/a%é", RouteEscape, "%", "write `%25` for `%`"),
        ("/a/:id", RouteStyle, ":id", "write `{id}`"),
        ("/a/:", RouteStyle, ":", "write `{id}`"),
        ("/a/<id>", RouteStyle, "<id>", "write `{id}`"),
        ("/a/<int:id>", RouteStyle, "<int:id>", "write `{id}`"),
        ("/a/<rest..>", RouteStyle, "<rest..>", "write `{*rest}`"),
        ("/a/*", RouteStyle, "*", "write `{*rest}`"),
        ("/a/*path", RouteStyle, "*path", "write `{*path}`"),
        ("/a/{proxy+}", RouteStyle, "{proxy+}", "write `{*proxy}`"),
        ("/a/{rest...}", RouteStyle, "{rest...}", "write `{*rest}`"),
        ("/a/{id:[0-9]+}", RouteStyle, "{id:[0-9]+}", "write `{id}`, and `id: u64` among the arguments"),
        ("/a-{id}", RouteAffix, "a-{id}", "write `\"/{segment}\"`, and take it apart in the handler"),
        (
            "/v/{id}.json",
            RouteAffix,
            "{id}.json",
            "write `\"/v/{segment}\"`, and take it apart in the handler",
        ),
        ("/{a}{b}", RouteAffix, "{a}{b}", "write `\"/{segment}\"`, and take it apart in the handler"),
        ("/a/../b", RouteDots, "..", "leave the segment out"),
        ("/a b", RouteCharacter, " ", "write `%20`"),
        ("/caf\u{e9}", RouteCharacter, "\u{e9}", "write `%C3%A9`"),
        ("/a\\b", RouteCharacter, "\\", "write `%5C`"),
    ];
    for (text, rule, place, help) in table {
        let found = problems(text);
        assert_eq!(found, [(rule, place.to_owned(), help.to_owned())], "{text}");
    }
}

#[test]
fn every_bad_segment_is_reported() {
    let rules: Vec<_> = problems("/:a/{b/<c>/ok/{d}").into_iter().map(|(rule, ..)| rule).collect();
    assert_eq!(rules, [Rule::RouteStyle, Rule::RouteBrace, Rule::RouteStyle]);
}

/// Whatever stands in a route, reading it ends with a route whose parameters lie in the text, or with a problem that does.
#[test]
fn no_text_is_a_surprise() {
    const PARTS: [&str; 14] = ["/", "//", "{", "}", "id", "*", ":", "<", ">", "?", "#", "\u{e9}", ".", " "];
    let mut seed = 1_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..seed % 9 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(PARTS[(seed >> 33) as usize % PARTS.len()]);
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        match read(&text) {
            Ok(route) => {
                assert!(text.starts_with('/') && !text.contains("//"), "{text:?}");
                for parameter in &route.parameters {
                    let star = if parameter.catch_all { "*" } else { "" };
                    assert_eq!(
                        text.get(parameter.range.clone()),
                        Some(&*format!("{{{star}{}}}", parameter.name))
                    );
                }
                let again = read(&route.text).unwrap_or_else(|_| panic!("{text:?}"));
                assert_eq!(again, route);
            }
            Err(problems) => {
                assert!(!problems.is_empty());
                for problem in problems {
                    let at = problem.range;
                    assert!(at.start <= at.end && at.end <= text.len().max(1), "{text:?} {at:?}");
                    assert!(problem.help.contains('`') || !problem.help.is_empty());
                }
            }
        }
    }
}
