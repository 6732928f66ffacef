//! The checks that are ready to use, against real listeners.

use std::time::Duration;

use lift::App;
use lift::health::checks::{HttpCheck, TcpCheck};
use lift::testing::{Clock, TestService};
use serde_json::Value;
use tests::ports;
use tests::process::{Process, Program};

use crate::support::serve;

/// A service with these components beside the eighteen that work.
fn watched(also: &str) -> (Process, String) {
    let program = Program::new(env!("CARGO_BIN_EXE_watched")).env("WATCHED_ALSO", also);
    let (process, address) = serve(program);
    (process, format!("http://{address}"))
}

/// At a time that the test moves on, so that results grow old.
async fn start(app: App, clock: &Clock) -> TestService {
    app.test().clock(clock).var("LIFT_HEALTH_DETAILS", "always").start().await.unwrap()
}

/// Where nobody listens, because it takes a privilege.
const NOBODY: &str = "127.0.0.1:1";

/// For a check that is to work on a busy machine.
const PATIENT: Duration = Duration::from_secs(2);

/// Longer than a result is kept.
const LATER: Duration = Duration::from_secs(2);

/// The status of a component, and its message.
async fn said(service: &TestService, name: &str) -> (String, String) {
    let report: Value = service.get("/health").await.unwrap().json().unwrap();
    let text = |key: &str| report["components"][name][key].as_str().unwrap_or_default().to_owned();
    (text("status"), text("message"))
}

#[tokio::test]
async fn a_url_is_healthy_while_it_answers_as_expected() {
    let (_process, url) = watched("");
    let check = |name: &str, path: &str| HttpCheck::new(name, format!("{url}{path}")).timeout(PATIENT);
    let service = start(
        App::new("checks")
            .health_check(check("works", "/looks"))
            .health_check(check("missing", "/nothing"))
            .health_check(check("missed", "/nothing").status(lift::prelude::StatusCode::NOT_FOUND))
            .health_check(check("says", "/looks").contains("\"component-3\""))
            .health_check(check("silent", "/looks").contains("\"component-99\""))
            .health_check(HttpCheck::new("away", format!("http://{NOBODY}/")))
            .health_check(HttpCheck::new("odd", "http://ada:hunter2@[/").critical(false)),
        &Clock::held(),
    )
    .await;
    for (name, status, message) in [
        ("works", "healthy", ""),
        ("missing", "unhealthy", "answered 404 Not Found"),
        ("missed", "healthy", ""),
        ("says", "healthy", ""),
        ("silent", "unhealthy", "answered 200 OK without the text that is expected"),
    ] {
        assert_eq!(said(&service, name).await, (status.to_owned(), message.to_owned()), "{name}");
    }
    let odd = said(&service, "odd").await;
    assert!(odd.0 == "unhealthy" && !odd.1.contains("hunter2"), "{odd:?}");
    let away = said(&service, "away").await;
    assert!(away.0 == "unhealthy" && away.1.contains("error sending request"), "{away:?}");
}

#[tokio::test]
async fn another_service_tells_its_own_readiness() {
    let ((_process, url), clock) = (watched(""), Clock::held());
    let app =
        App::new("checks").health_check(HttpCheck::service("warehouse", format!("{url}/")).timeout(PATIENT));
    let service = start(app, &clock).await;
    assert_eq!(said(&service, "warehouse").await, ("healthy".to_owned(), String::new()));
    let client = lift::http::reqwest::Client::new();
    client.post(format!("{url}/pause")).send().await.unwrap();
    clock.advance(LATER);
    let paused = ("unhealthy".to_owned(), "marked not ready".to_owned());
    assert_eq!(said(&service, "warehouse").await, paused);
}

#[tokio::test]
async fn a_listener_is_healthy_while_it_accepts() {
    let (_listener, address) = ports::hold();
    let app = App::new("checks")
        .health_check(TcpCheck::new("mail", address.to_string()).timeout(PATIENT))
        .health_check(TcpCheck::new("nobody", NOBODY));
    let service = start(app, &Clock::held()).await;
    assert_eq!(said(&service, "mail").await, ("healthy".to_owned(), String::new()));
    let (status, message) = said(&service, "nobody").await;
    assert_eq!(status, "unhealthy");
    assert!(message.starts_with("cannot connect to 127.0.0.1:1: "), "{message}");
}
