//! A `Result` inside of an answer whose type the compiler does not show: it is reported at startup, because axum would
//! answer its `Err` as a success.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

mod common;

use axum::response::Redirect;
use common::sqs;
use lift::extract::HeaderMap;
use lift::prelude::*;
use serde_json::json;

fn parts() -> impl IntoResponse {
    (StatusCode::OK, lost(true))
}

fn lost(lost: bool) -> Result<(), &'static str> {
    if lost { Err("lost") } else { Ok(()) }
}

#[lift::handler(sqs = "beside-a-status")]
async fn beside_a_status() -> (StatusCode, impl IntoResponse) {
    (StatusCode::OK, lost(true))
}

#[lift::handler(sqs = "in-a-tuple")]
async fn in_a_tuple() -> impl IntoResponse {
    (StatusCode::OK, lost(true))
}

#[lift::handler(sqs = "of-one")]
async fn of_one() -> (impl IntoResponse,) {
    (lost(true),)
}

#[lift::handler(sqs = "deeper")]
async fn deeper() -> impl IntoResponse {
    (StatusCode::OK, [("x-a", "b")], (StatusCode::CREATED, (lost(true),)))
}

#[lift::handler(sqs = "in-ok")]
async fn in_ok() -> Result<impl IntoResponse, lift::Error> {
    Ok((StatusCode::OK, lost(true)))
}

#[lift::handler(sqs = "in-an-opaque-ok")]
async fn in_an_opaque_ok() -> impl IntoResponse {
    Ok::<_, StatusCode>(lost(true))
}

#[lift::handler(sqs = "in-the-third")]
async fn in_the_third() -> Result<Result<impl IntoResponse, StatusCode>, StatusCode> {
    Ok(Ok(Ok::<_, StatusCode>(lost(true))))
}

#[lift::handler(sqs = "in-json")]
async fn in_json() -> impl IntoResponse {
    Json(lost(true))
}

#[lift::handler(sqs = "in-axums-json")]
async fn in_axums_json() -> Result<(StatusCode, impl IntoResponse), StatusCode> {
    Ok((StatusCode::OK, axum::Json(Box::new(lost(true)))))
}

#[lift::handler(sqs = "from-elsewhere")]
async fn from_elsewhere() -> impl IntoResponse {
    parts()
}

#[lift::handler(GET, "/many")]
async fn many()
-> (HeaderMap, HeaderMap, HeaderMap, HeaderMap, HeaderMap, HeaderMap, HeaderMap, impl IntoResponse) {
    let map = HeaderMap::new;
    (map(), map(), map(), map(), map(), map(), map(), Err::<(), _>(Redirect::to("/")))
}

#[lift::handler(invoke = "erased")]
async fn erased() -> Result<axum::response::Response, lift::Error> {
    Ok(([("x-a", "b")], "well").into_response())
}

macro_rules! written_by_a_macro {
    ($name:ident, $answer:ty) => {
        #[lift::handler(sqs = "by-a-macro")]
        async fn $name() -> $answer {
            (StatusCode::OK, lost(true))
        }
    };
}

written_by_a_macro!(by_a_macro, impl IntoResponse);

#[lift::handler(GET, "/erased")]
async fn erased_error() -> axum::response::Response {
    (StatusCode::OK, Err::<(), _>(lift::Error::msg("lost"))).into_response()
}

#[lift::handler(sqs = "erased-error")]
async fn erased_error_of_a_record() -> axum::response::Response {
    (StatusCode::OK, Err::<(), _>(lift::Error::msg("lost"))).into_response()
}

#[lift::handler(sqs = "alone-in-ok")]
async fn alone_in_ok(is_lost: Json<bool>) -> Result<impl IntoResponse, lift::Error> {
    Ok(lost(*is_lost))
}

#[lift::handler(GET, "/failure")]
async fn failure_beside_a_status() -> (StatusCode, lift::Failure) {
    (StatusCode::ACCEPTED, lift::Failure::new(StatusCode::CONFLICT, "TAKEN"))
}

#[lift::handler(GET, "/status")]
async fn status() -> (StatusCode, impl IntoResponse) {
    (StatusCode::CREATED, Json(vec![lost(false), lost(true)]))
}

#[lift::handler(GET, "/function")]
async fn function() -> impl IntoResponse {
    struct Told<F>(F);
    impl<F: Fn(bool) -> Result<(), &'static str>> IntoResponse for Told<F> {
        fn into_response(self) -> axum::response::Response {
            self.0(true).unwrap_err().into_response()
        }
    }
    (StatusCode::OK, Told(lost as fn(bool) -> Result<(), &'static str>))
}

#[lift::handler(GET, "/pair")]
async fn pair() -> impl IntoResponse {
    Json((lost(true), "beside it"))
}

#[tokio::test]
async fn a_result_inside_of_an_opaque_answer_is_reported_at_startup() {
    let handlers = lift::handlers![
        beside_a_status,
        in_a_tuple,
        of_one,
        deeper,
        in_ok,
        in_an_opaque_ok,
        in_the_third,
        in_json,
        in_axums_json,
        from_elsewhere,
        many,
        by_a_macro,
        erased,
        status,
    ];
    let faults = lift::testing::check(App::new("answers").handlers(handlers)).unwrap_err();
    let told: Vec<_> = faults.iter().map(|fault| fault.problem.as_str()).collect();
    let expected = [
        ("beside_a_status", "(StatusCode, Result<(), &str>)"),
        ("in_a_tuple", "(StatusCode, Result<(), &str>)"),
        ("of_one", "(Result<(), &str>,)"),
        ("deeper", "(StatusCode, [(&str, &str); 1], (StatusCode, (Result<(), &str>,)))"),
        ("in_ok", "(StatusCode, Result<(), &str>)"),
        ("in_an_opaque_ok", "Result<Result<(), &str>, StatusCode>"),
        ("in_the_third", "Result<Result<(), &str>, StatusCode>"),
        ("in_json", "Json<Result<(), &str>>"),
        ("in_axums_json", "(StatusCode, Json<Box<Result<(), &str>>>)"),
        ("from_elsewhere", "(StatusCode, Result<(), &str>)"),
        (
            "many",
            "(HeaderMap, HeaderMap, HeaderMap, HeaderMap, HeaderMap, HeaderMap, HeaderMap, Result<(), Redirect>)",
        ),
        ("by_a_macro", "(StatusCode, Result<(), &str>)"),
    ];
    let expected = expected.map(|(name, hidden)| {
        format!(
            "`{name}` returns `{hidden}` as `impl IntoResponse`: its `Err` would be answered as a success"
        )
    });
    assert_eq!(told, expected);
    for fault in &faults {
        assert!(fault.subject.starts_with("lift/tests/opaque_answers.rs:"), "{fault:?}");
        assert!(fault.help.as_deref().unwrap().contains("Result<"), "{fault:?}");
    }
}

#[tokio::test]
async fn results_that_are_data_or_somebody_elses_are_answered() {
    let handlers = lift::handlers![erased, status, function, pair];
    let service = App::new("answers").handlers(handlers).test().start().await.unwrap();
    let answer = service.get("/status").await.unwrap();
    assert_eq!(
        (answer.status(), answer.json::<serde_json::Value>().unwrap()),
        (201, json!([{"Ok": null}, {"Err": "lost"}]))
    );
    assert_eq!(service.get("/function").await.unwrap().text(), "lost");
    assert_eq!(service.get("/pair").await.unwrap().text(), r#"[{"Err":"lost"},"beside it"]"#);
}

#[tokio::test]
async fn a_failure_with_a_status_of_success_over_it_is_a_failure() {
    let handlers = lift::handlers![erased_error, erased_error_of_a_record, failure_beside_a_status];
    let service = App::new("answers").handlers(handlers).test().start().await.unwrap();
    let answer = service.get("/erased").await.unwrap();
    assert_eq!(
        (answer.status(), &answer.json::<serde_json::Value>().unwrap()["code"]),
        (500, &json!("INTERNAL"))
    );
    let answer = service.get("/failure").await.unwrap();
    assert_eq!(
        (answer.status(), &answer.json::<serde_json::Value>().unwrap()["code"]),
        (409, &json!("TAKEN"))
    );
    assert!(service.event(sqs("1")).await.is_err());
}

#[tokio::test]
async fn an_opaque_result_alone_in_an_ok_is_seen_when_it_is_answered() {
    let service = App::new("answers").handlers(lift::handlers![alone_in_ok]).test().start().await.unwrap();
    assert!(service.event(sqs("false")).await.is_ok());
    assert!(service.event(sqs("true")).await.is_err());
}
