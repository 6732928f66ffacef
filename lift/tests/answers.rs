//! What a handler's answer becomes: an `Err` is never a success, wherever it stands.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // tests fail loudly

mod common;

use std::convert::Infallible;

use axum::extract::rejection::QueryRejection;
use axum::response::Redirect;
use common::{failed, sqs};
use lift::Failure;
use lift::event::{Batch, Failed};
use lift::extract::FromRequestParts;
use lift::prelude::*;
use lift::testing::TestService;
use serde_json::{Value, json};

#[derive(Debug, thiserror::Error, LiftError)]
#[error("there is none")]
#[lift(status = 404, code = "NONE")]
struct Missing;

type Fallible<T> = Result<T, StatusCode>;

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap()
}

#[lift::handler(GET, "/status/{code}")]
async fn by_status(code: u16) -> Result<(), StatusCode> {
    Err(status(code))
}

#[lift::handler(GET, "/alias/{code}")]
async fn by_alias(code: u16) -> Fallible<&'static str> {
    Err(status(code))
}

#[lift::handler(GET, "/tuple/{code}")]
async fn by_tuple(code: u16) -> Result<Json<u8>, (StatusCode, [(&'static str, &'static str); 1], String)> {
    Err((status(code), [("x-why", "tuple")], "a text".to_owned()))
}

#[lift::handler(GET, "/response/{code}")]
async fn by_response(code: u16) -> Result<String, axum::response::Response> {
    Err((status(code), "a text").into_response())
}

#[lift::handler(GET, "/redirect/{code}")]
async fn by_redirect(code: u16) -> axum::response::Result<String> {
    let _ = code;
    Err(Redirect::to("/login").into())
}

#[lift::handler(GET, "/question/{code}")]
async fn by_question_mark(code: u16) -> axum::response::Result<String> {
    if code < 400 { Err("a text")? } else { Err(status(code))? }
}

#[lift::handler(GET, "/opaque/{code}")]
async fn in_an_opaque_result(code: u16) -> Result<impl IntoResponse, StatusCode> {
    if code == 299 { Ok("never") } else { Err(status(code)) }
}

#[lift::handler(GET, "/hidden/{code}")]
async fn hidden_by_its_type(code: u16) -> impl IntoResponse {
    if code == 299 { Ok("never") } else { Err((status(code), "a text")) }
}

#[lift::handler(GET, "/text/{lost}")]
async fn text_or_lost(lost: bool) -> impl IntoResponse {
    if lost { Err("lost".to_owned()) } else { Ok("well") }
}

#[lift::handler(sqs = "hidden")]
async fn hidden_job(lost: Json<bool>) -> impl IntoResponse {
    if *lost { Err("lost") } else { Ok(()) }
}

#[lift::handler(GET, "/nested/{code}")]
async fn in_a_result(code: u16) -> Result<Result<(), StatusCode>, lift::Error> {
    Ok(Err(status(code)))
}

#[lift::handler(GET, "/failure/{code}")]
async fn by_failure(code: u16) -> Result<(), Failure> {
    Err(Failure::new(status(code), "INTERNAL"))
}

#[lift::handler(GET, "/decided")]
async fn decided() -> Result<(), Missing> {
    Err(Missing)
}

#[lift::handler(GET, "/never")]
async fn never() -> Result<&'static str, Infallible> {
    Ok("well")
}

#[lift::handler(GET, "/rejection")]
async fn rejection(uri: lift::extract::Uri) -> Result<Json<u8>, QueryRejection> {
    #[derive(serde::Deserialize)]
    struct Page {
        page: u8,
    }
    let Query(Page { page }) = Query::try_from_uri(&uri)?;
    Ok(Json(page))
}

/// An extractor that sends people to the login page.
struct LoggedIn;

impl<S: Sync> FromRequestParts<S> for LoggedIn {
    type Rejection = Redirect;

    async fn from_request_parts(_: &mut http::request::Parts, _: &S) -> Result<Self, Redirect> {
        Err(Redirect::to("/login"))
    }
}

#[lift::handler(GET, "/private")]
async fn private(_: LoggedIn) {}

#[lift::handler(sqs = "private")]
async fn private_job(_: LoggedIn) {}

#[lift::handler(invoke = "private")]
async fn private_invoke(_: LoggedIn) {}

#[lift::handler(sqs = "status")]
async fn job(code: Json<u16>) -> Result<(), StatusCode> {
    Err(status(*code))
}

#[lift::handler(invoke = "status")]
async fn invoke(code: Json<u16>) -> Result<Json<u16>, StatusCode> {
    Err(status(*code))
}

#[lift::handler(sqs = "all", partial)]
async fn all(batch: Batch<u16>) -> Result<Failed, StatusCode> {
    Err(status(batch[0].value))
}

async fn service(handlers: lift::handler::Handlers) -> TestService {
    App::new("answers").handlers(handlers).test().start().await.unwrap()
}

#[tokio::test]
async fn an_err_below_400_is_an_opaque_500_and_any_other_stays() {
    let service = service(lift::handlers![
        by_status,
        by_alias,
        by_tuple,
        by_response,
        by_redirect,
        by_question_mark,
        in_an_opaque_result,
        hidden_by_its_type,
        in_a_result,
        by_failure,
    ])
    .await;
    let words = [
        "status", "alias", "tuple", "response", "redirect", "question", "opaque", "hidden", "nested",
        "failure",
    ];
    for (word, code) in words.into_iter().flat_map(|word| [200, 204, 302, 399].map(|code| (word, code))) {
        let answer = service.get(format!("/{word}/{code}")).await.unwrap();
        let problem: Value = answer.json().unwrap();
        assert_eq!((answer.status(), &problem["code"]), (500, &json!("INTERNAL")), "{word} {code}");
        assert_eq!((problem.get("detail"), answer.header("location")), (None, None), "{word} {code}");
    }
    for (word, code) in words.into_iter().flat_map(|word| [400, 404, 503].map(|code| (word, code))) {
        let expected = if word == "redirect" { 500 } else { code };
        let answer = service.get(format!("/{word}/{code}")).await.unwrap();
        assert_eq!(answer.status(), expected, "{word} {code}");
        if word == "tuple" {
            assert_eq!((answer.header("x-why"), answer.text()), (Some("tuple"), "a text".into()));
        }
    }
}

#[lift::handler(GET, "/headers/{code}")]
async fn by_headers(code: u16) -> Result<(), (StatusCode, [(&'static str, &'static str); 1], ())> {
    Err((status(code), [("www-authenticate", "Bearer")], ()))
}

#[lift::handler(GET, "/json/{code}")]
async fn by_json(code: u16) -> Result<(), (StatusCode, Json<u8>)> {
    Err((status(code), Json(7)))
}

#[tokio::test]
async fn an_err_that_is_a_status_alone_is_told_as_any_other_failure() {
    let service = service(lift::handlers![
        by_status,
        by_alias,
        by_question_mark,
        in_an_opaque_result,
        in_a_result,
        by_headers,
        by_json,
        invoke,
    ])
    .await;
    let words = ["status", "alias", "question", "opaque", "nested", "headers"];
    let codes =
        [(404, "NOT_FOUND"), (409, "CONFLICT"), (422, "UNPROCESSABLE_ENTITY"), (503, "SERVICE_UNAVAILABLE")];
    for (word, (code, name)) in words.into_iter().flat_map(|word| codes.map(|code| (word, code))) {
        let answer = service.get(format!("/{word}/{code}")).await.unwrap();
        let problem: Value = answer.json().unwrap();
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{word} {code}");
        assert_eq!(
            (answer.status(), &problem["status"], &problem["code"]),
            (code, &json!(code), &json!(name))
        );
        assert!(problem["request_id"].is_string() && problem.get("detail").is_none(), "{problem}");
        assert_eq!(answer.header("www-authenticate").is_some(), word == "headers");
    }
    // What has a body of its own is meant as it is.
    let answer = service.get("/json/404").await.unwrap();
    assert_eq!((answer.header("content-type"), answer.text()), (Some("application/json"), "7".into()));
    let told = service.event("404").await.unwrap_err();
    assert_eq!((told.code(), told.status()), ("NOT_FOUND", StatusCode::NOT_FOUND));
}

#[tokio::test]
async fn an_err_behind_impl_into_response_is_no_success_either() {
    let service = service(lift::handlers![text_or_lost, hidden_job]).await;
    assert_eq!(service.get("/text/false").await.unwrap().text(), "well");
    let answer = service.get("/text/true").await.unwrap();
    assert_eq!((answer.status(), answer.text().contains("lost")), (500, false));
    assert!(service.event(sqs("false")).await.is_ok());
    assert!(service.event(sqs("true")).await.is_err());
}

#[tokio::test]
async fn errors_that_have_decided_and_rejections_are_answered_as_they_say() {
    let service = service(lift::handlers![decided, never, rejection]).await;
    let answer = service.get("/decided").await.unwrap();
    assert_eq!((answer.status(), &answer.json::<Value>().unwrap()["code"]), (404, &json!("NONE")));
    assert_eq!(service.get("/never").await.unwrap().text(), "well");
    assert_eq!(service.get("/rejection?page=7").await.unwrap().text(), "7");
    assert_eq!(service.get("/rejection?page=x").await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_record_whose_handler_returns_an_err_stays_in_its_queue() {
    let service = service(lift::handlers![job]).await;
    for code in ["200", "204", "302", "404", "500"] {
        assert!(service.event(sqs(code)).await.is_err(), "{code}");
    }
}

#[tokio::test]
async fn a_batch_whose_handler_returns_an_err_stays_in_its_queue() {
    let service = service(lift::handlers![all]).await;
    for code in ["200", "302", "500"] {
        assert_eq!(failed(&service, sqs(code)).await, ["m"], "{code}");
    }
}

#[tokio::test]
async fn an_invoke_whose_handler_returns_an_err_fails() {
    let service = service(lift::handlers![invoke]).await;
    for code in ["200", "302", "500"] {
        assert!(service.event(code).await.is_err(), "{code}");
    }
}

#[tokio::test]
async fn a_rejection_that_redirects_is_an_answer_over_http_alone() {
    let service = service(lift::handlers![private, private_job, private_invoke]).await;
    let answer = service.get("/private").await.unwrap();
    assert_eq!((answer.status(), answer.header("location")), (303, Some("/login")));
    assert!(service.event(sqs("1")).await.is_err());
    assert!(service.event("{}").await.is_err());
}
