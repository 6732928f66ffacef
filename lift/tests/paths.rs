//! Parameters that are taken as one value, and paths that cannot be read.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};
use lift::prelude::*;
use serde::Deserialize;
use tower_http::set_header::SetResponseHeaderLayer;

#[derive(Debug, Deserialize)]
struct Order {
    shop: String,
    id: u32,
}

#[derive(Debug, Deserialize)]
struct Pair(String, u32);

#[lift::handler(GET, "/struct/{shop}/{id}")]
async fn by_struct(Path(order): Path<Order>) -> String {
    format!("{} {}", order.shop, order.id)
}

#[lift::handler(GET, "/tuple-struct/{shop}/{id}")]
async fn by_tuple_struct(Path(pair): Path<Pair>) -> String {
    format!("{} {}", pair.0, pair.1)
}

#[lift::handler(GET, "/pairs/{shop}/{id}")]
async fn by_pairs(pairs: Path<Vec<(String, String)>>) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

#[lift::handler(GET, "/numbers/{a}/{b}")]
async fn by_numbers(Path(pairs): Path<Vec<(String, u32)>>, Path(map): Path<BTreeMap<char, i64>>) -> String {
    format!("{} {}", pairs.iter().map(|pair| pair.1).sum::<u32>(), map.values().sum::<i64>())
}

#[lift::handler(GET, "/optional/{id}")]
async fn optional(path: Option<Path<u32>>, route: MatchedPath) -> String {
    format!("{} of {}", path.map_or(0, |path| *path), route.as_str())
}

#[lift::handler(GET, "/none")]
async fn none(path: Option<Path<u32>>) -> String {
    format!("{}", path.is_none())
}

#[lift::handler(GET, "/id/{id}")]
async fn id(id: u32) -> String {
    id.to_string()
}

fn layer(name: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(HeaderName::from_static(name), HeaderValue::from_static("*"))
}

fn app() -> App {
    let layered = lift::handlers![id].layer(layer("x-list"));
    App::new("paths")
        .handlers(lift::handlers![by_struct, by_tuple_struct, by_pairs, by_numbers, optional, none])
        .group("/layered", layered)
        .layer(layer("x-app"))
        .http_layer(layer("x-http"))
}

#[tokio::test]
async fn all_parameters_are_taken_as_one_value() {
    let service = app().test().start().await.unwrap();
    for (path, text) in [
        ("/struct/oslo/7", "oslo 7"),
        ("/tuple-struct/oslo/7", "oslo 7"),
        ("/pairs/oslo/7", "shop=oslo id=7"),
        ("/numbers/3/4", "7 7"),
        ("/optional/7", "7 of /optional/{id}"),
        ("/none", "true"),
    ] {
        let answer = service.get(path).await.unwrap();
        assert_eq!((answer.status(), answer.text().as_str()), (200, text), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_value_is_told_with_its_parameter() {
    let service = app().test().start().await.unwrap();
    for path in ["/struct/oslo/x", "/tuple-struct/oslo/x", "/optional/x", "/layered/id/x"] {
        let answer = service.get(path).await.unwrap();
        let text = answer.text();
        assert_eq!(answer.status(), 400, "{path}: {text}");
        assert!(text.contains("path parameter `id`: "), "{path}: {text}");
    }
}

#[tokio::test]
async fn a_path_that_cannot_be_read_passes_every_layer_around_its_handler() {
    let service = app().test().start().await.unwrap();
    for (path, status) in [("/layered/id/7", 200), ("/layered/id/x", 400), ("/layered/id/%ff", 400)] {
        let answer = service.get(path).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        for name in ["x-list", "x-app", "x-http"] {
            assert_eq!(answer.header(name), Some("*"), "{path}: {name}");
        }
    }
}
