//! What handlers of `{*rest}` see when the rest is empty, on every host.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

use std::collections::BTreeMap;

use lift::extract::{MatchedPath, Method, Path};
use lift::prelude::*;
use lift::testing::conformance;
use serde::Deserialize;

#[lift::handler(GET, "/files/{*rest}")]
async fn file(rest: String, route: MatchedPath) -> String {
    format!("file {rest:?} {}", route.as_str())
}

#[lift::handler(PUT, "/files/{*path}")]
async fn upload(path: String) -> String {
    format!("upload {path:?}")
}

#[lift::handler(GET, "/files/old/{*rest}")]
async fn old(rest: String) -> String {
    format!("old {rest:?}")
}

#[lift::handler(GET, "/numbers/{*rest}")]
async fn number(rest: u32) -> String {
    rest.to_string()
}

#[derive(Debug, Deserialize)]
struct Place {
    shop: String,
    rest: String,
}

#[derive(Debug, Deserialize)]
struct InOrder(u8, Option<String>);

#[lift::handler(GET, "/shops/{shop}/{*rest}")]
async fn place(
    Path(place): Path<Place>,
    Path(pair): Path<(u8, String)>,
    Path(in_order): Path<InOrder>,
    Path(map): Path<BTreeMap<String, String>>,
    Path(list): Path<Vec<(String, String)>>,
) -> String {
    format!("{} {:?} {pair:?} {:?} {:?} {map:?} {list:?}", place.shop, place.rest, in_order.0, in_order.1)
}

#[lift::handler(GET, "/alone/{*rest}")]
async fn alone(
    Path(text): Path<String>,
    Path(maybe): Path<Option<String>>,
    Path((only,)): Path<(String,)>,
) -> String {
    format!("{text:?} {maybe:?} {only:?}")
}

#[lift::handler(GET, "/")]
async fn home() -> &'static str {
    "home"
}

#[lift::handler(GET, "/{*rest}")]
async fn all(rest: String, route: MatchedPath) -> String {
    format!("all {rest:?} {}", route.as_str())
}

fn app() -> App {
    App::new("files")
        .handlers(lift::handlers![file, upload, old, number, place, alone])
        .group("/v1", lift::handlers![all])
}

#[tokio::test]
async fn a_catch_all_serves_the_empty_rest_on_every_host() {
    conformance(app, async |client| {
        for (path, expected) in [
            ("/files/", "file \"\" /files/{*rest}"),
            ("/files/?a=1", "file \"\" /files/{*rest}"),
            ("/files/a/", "file \"a/\" /files/{*rest}"),
            ("/files/old/", "old \"\""),
            ("/v1/", "all \"\" /v1/{*rest}"),
            (
                "/shops/7/",
                "7 \"\" (7, \"\") 7 Some(\"\") {\"rest\": \"\", \"shop\": \"7\"} [(\"shop\", \"7\"), (\"rest\", \"\")]",
            ),
            ("/alone/", "\"\" Some(\"\") \"\""),
        ] {
            let answer = client.get(path).header("host", "shop.example.com").await?;
            assert_eq!((answer.status(), answer.text()), (200, expected.to_owned()), "{path}");
        }
        assert_eq!(client.put("/files/").header("host", "shop.example.com").await?.text(), "upload \"\"");
        for (path, status) in [("/files", 404), ("/v1", 404), ("/", 404), ("/shops//", 404), ("/numbers/", 400)] {
            let answer = client.get(path).header("host", "shop.example.com").await?;
            assert_eq!(answer.status(), status, "{path}");
        }
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_methods_of_an_empty_rest_are_those_of_its_catch_all() {
    conformance(app, async |client| {
        for method in [Method::DELETE, Method::OPTIONS, Method::HEAD] {
            let answer = client.request(method.clone(), "/files/").header("host", "shop.example.com").await?;
            if method == Method::HEAD {
                assert_eq!((answer.status(), answer.text().len()), (200, 0));
            } else {
                assert_eq!((answer.status(), answer.header("allow")), (405, Some("GET, HEAD, PUT")));
            }
        }
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_handler_of_the_very_path_comes_before_an_empty_rest() {
    for app in [
        App::new("site").handlers(lift::handlers![home, all]),
        App::new("site").handlers(lift::handlers![all, home]),
        App::new("site").handlers(lift::handlers![all]).handlers(lift::handlers![home]),
    ] {
        let service = app.test().start().await.unwrap();
        assert_eq!(service.get("/").await.unwrap().text(), "home");
        assert_eq!(service.get("/a").await.unwrap().text(), "all \"a\" /{*rest}");
        assert_eq!(service.get("/health/live").await.unwrap().status(), 200);
        let refused = service.post("/").await.unwrap();
        assert_eq!((refused.status(), refused.header("allow")), (405, Some("GET, HEAD")));
    }
}

#[tokio::test]
async fn an_empty_rest_is_found_behind_a_base_path() {
    let app = || App::new("site").handlers(lift::handlers![all]).test().var("LIFT_BASE_PATH", "/shop");
    conformance(app, async |client| {
        for path in ["/shop/", "/shop"] {
            let answer = client.get(path).header("host", "shop.example.com").await?;
            assert_eq!(answer.text(), "all \"\" /{*rest}", "{path}");
        }
        Ok(())
    })
    .await
    .unwrap();
}
