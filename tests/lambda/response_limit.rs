//! Responses whose bodies are below the limit and that are above it as Lambda counts: escaped or in base64, with the rest of
//! the answer around them.

use serde_json::json;

use crate::support::{assert_problem, folder, function, get, http, lambda};

const LIMIT: usize = 6 * 1024 * 1024;

#[tokio::test]
async fn an_http_response_that_is_too_large_as_json_is_an_opaque_500() {
    let dir = folder();
    let lambda = lambda().start();
    let _function = lambda.spawn(function(dir.path()));
    for (kind, bytes) in [
        // With the rest of the answer around it, it is above.
        ("text", LIMIT),
        // A third longer in base64.
        ("binary", 5_000_000),
        // Twice as long in JSON.
        ("quotes", 4_000_000),
    ] {
        let invoke = lambda.invoke(get(&format!("/large/{kind}/{bytes}")));
        let id = invoke.request_id().to_owned();
        assert_problem(&invoke.await.expect("an answer"), 500, "RESPONSE_TOO_LARGE", &id);
    }
    let fits = lambda.invoke(get(&format!("/large/text/{}", LIMIT - 1000)));
    assert_eq!(http(&fits.await.expect("an answer")).status, 200);
    lambda.finish();
}

#[tokio::test]
async fn a_direct_answer_that_is_too_large_is_a_failure_with_a_type() {
    let dir = folder();
    let lambda = lambda().start();
    let _function = lambda.spawn(function(dir.path()));
    let answer = lambda.invoke(json!({"large": LIMIT + 200})).await.expect("an answer");
    assert_eq!(answer.error_type(), Some("RESPONSE_TOO_LARGE"), "{answer:?}");
    let fits = lambda.invoke(json!({"large": LIMIT})).await.expect("an answer");
    assert_eq!(fits.json().as_str().map(str::len), Some(LIMIT));
    lambda.finish();
}
