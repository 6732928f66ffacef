//! What handlers can take, in which order it is taken, and what clients are told when it cannot be.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

mod common;

use common::{Counts, Numbered};
use lift::extract::{FromRequestParts, MatchedPath, Path, Query};
use lift::prelude::*;
use lift::testing::TestService;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

type Alias = Pooled<Numbered>;

#[derive(Deserialize, Serialize)]
struct Page {
    page: u32,
}

#[lift::handler(POST, "/items/{shop}/{id}")]
async fn everything(
    id: u64,
    route: MatchedPath,
    db: Alias,
    shop: String,
    Query(Page { page }): Query<Page>,
    body: Json<Page>,
) -> Json<Value> {
    Json(
        json!({"shop": shop, "id": id, "page": page, "body": body.page, "route": route.as_str(), "db": db.number}),
    )
}

#[lift::handler(GET, "/optional")]
async fn optional(db: Option<Pooled<Numbered>>, pool: Pool<Numbered>) -> String {
    format!("{} {}", db.is_some(), pool.stats().in_use)
}

#[lift::handler(GET, "/optional-alone")]
async fn optional_alone(_: Option<Pooled<Numbered>>) {}

#[lift::handler(GET, "/result")]
async fn result(db: Result<Pooled<Numbered>, PoolError>) -> String {
    db.map_or_else(|error| error.to_string(), |db| db.number.to_string())
}

#[lift::handler(GET, "/whole/{a}/{b}")]
async fn whole(a: String, b: u8, Path((first, second)): Path<(String, u8)>) -> String {
    format!("{a}{b}{first}{second}")
}

/// An extractor of one's own that takes a connection and says so.
struct User(usize);

impl lift::Uses for User {
    type Resources = (Pooled<Numbered>,);
}

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = PoolError;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self, PoolError> {
        Ok(Self(Pooled::<Numbered>::from_request_parts(parts, state).await?.number))
    }
}

#[lift::handler(GET, "/user")]
async fn user(user: User) -> String {
    user.0.to_string()
}

/// Takes what this type says.
struct Takes<T>(std::marker::PhantomData<T>);

impl<T: lift::resource::ResourceSet> lift::Uses for Takes<T> {
    type Resources = T;
}

impl<T, S: Send + Sync> FromRequestParts<S> for Takes<T> {
    type Rejection = PoolError;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self, PoolError> {
        Pooled::<Numbered>::from_request_parts(parts, state).await?;
        Ok(Self(std::marker::PhantomData))
    }
}

#[lift::handler(GET, "/takes")]
async fn takes_it_if_it_can(_: Takes<Option<Pooled<Numbered>>>) {}

#[lift::handler(GET, "/takes")]
async fn takes_it_or_an_error(_: Takes<Result<Pooled<Numbered>, PoolError>>) {}

/// One that does not say so, and takes it behind what only a real request has.
struct Silent;

impl<S: Send + Sync> FromRequestParts<S> for Silent {
    type Rejection = PoolError;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self, PoolError> {
        match parts.headers.get("x-unusual") {
            Some(_) => Shared::<u8>::from_request_parts(parts, state).await.map(|_| Self),
            None => Ok(Self),
        }
    }
}

#[lift::handler(GET, "/silent")]
async fn silent(_: Silent) {}

#[lift::handler(GET, "/shared")]
async fn shared(number: Shared<u64>, text: Option<Shared<&'static str>>) -> String {
    format!("{number:?} {}", text.map_or("-", |text| *text))
}

async fn service(counts: &Counts) -> TestService {
    let counts = counts.clone();
    App::new("test")
        .handlers(lift::handlers![everything, optional, result, whole, user, silent, shared])
        .provide(7_u64)
        .provide("text")
        .test()
        .with::<Numbered>(move || std::future::ready(Ok::<_, lift::Error>(counts.open())))
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn arguments_come_from_everywhere_in_any_order() {
    let service = service(&Counts::default()).await;
    let answer = service.post("/items/o%20s/7?page=2").json(Page { page: 3 }).await.unwrap();
    let expected =
        json!({"shop": "o s", "id": 7, "page": 2, "body": 3, "route": "/items/{shop}/{id}", "db": 1});
    assert_eq!(answer.json::<Value>().unwrap(), expected);
    for (path, expected) in [
        ("/optional", "true 1"),
        ("/result", "1"),
        ("/whole/a/5", "a5a5"),
        ("/user", "1"),
        ("/shared", "Shared(7) text"),
    ] {
        assert_eq!(service.get(path).await.unwrap().text(), expected, "{path}");
    }
}

#[tokio::test]
async fn a_resource_is_opened_for_one_handler_that_may_do_without_it() {
    let handlers = [
        lift::handlers![optional_alone],
        lift::handlers![result],
        lift::handlers![takes_it_if_it_can],
        lift::handlers![takes_it_or_an_error],
    ];
    for handlers in handlers {
        let counts = Counts::default();
        let opened = counts.clone();
        let app = App::new("test").handlers(handlers).test();
        let app = app.with::<Numbered>(move || std::future::ready(Ok::<_, lift::Error>(counts.open())));
        let service = app.start().await.unwrap();
        for path in ["/optional-alone", "/result", "/takes"] {
            service.get(path).await.unwrap();
        }
        assert_eq!(opened.opened(), 1);
    }
}

#[tokio::test]
async fn a_bad_request_never_takes_a_connection() {
    let counts = Counts::default();
    let service = service(&counts).await;
    let page = json!({"page": 3});
    for (uri, body, status, code) in [
        ("/items/o/x?page=2", &page, 400, "INVALID_PATH_PARAMETER"),
        ("/items/o/7?page=x", &page, 400, "BAD_REQUEST"),
        ("/items/o/7?page=2", &json!({"page": "x"}), 422, "INVALID_BODY"),
    ] {
        let answer = service.post(uri).json(body).await.unwrap();
        let problem: Value = answer.json().unwrap();
        assert_eq!((answer.status(), &problem["code"]), (status, &json!(code)), "{problem}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    assert_eq!(counts.opened(), 0);
}

#[tokio::test]
async fn a_query_string_that_does_not_fit_names_its_parameter() {
    let service = service(&Counts::default()).await;
    for (query, problem) in
        [("?page=x", "`x`: invalid digit found in string"), ("?pgae=2", "missing field `page`")]
    {
        let answer = service.post(format!("/items/o/7{query}")).json(json!({"page": 3})).await.unwrap();
        let told: Value = answer.json().unwrap();
        let expected = json!([{"parameter": "page", "detail": problem}]);
        assert_eq!((answer.status(), &told["errors"]), (400, &expected), "{told}");
    }
}

#[tokio::test]
async fn an_undeclared_use_is_a_typed_failure() {
    let service = service(&Counts::default()).await;
    let answer = service.get("/silent").header("x-unusual", "1").await.unwrap();
    let problem: Value = answer.json().unwrap();
    assert_eq!((answer.status(), &problem["code"]), (500, &json!("RESOURCE_UNDECLARED")));
    assert_eq!(problem.get("detail"), None);
}

#[tokio::test]
async fn bodies_are_limited_at_six_megabytes() {
    let service = service(&Counts::default()).await;
    for (megabytes, status) in [(3, 400), (7, 413)] {
        let body = vec![b' '; megabytes * 1024 * 1024];
        let request = service.post("/items/o/7?page=2").header("content-type", "application/json").body(body);
        assert_eq!(request.await.unwrap().status(), status, "{megabytes} MB");
    }
}
