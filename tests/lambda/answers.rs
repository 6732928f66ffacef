//! What callers get: responses, typed failures, and a clear answer to what cannot be sent.

use serde_json::{Value, json};
use tests::journal::Journal;
use tests::process::Program;
use tests::runtime_api::{Answer, Started};

use crate::support::{assert_problem, faulty, folder, function, get, http, lambda, orders, request};

#[tokio::test]
async fn an_http_event_is_answered_by_the_handlers_response() {
    let dir = folder();
    let lambda = lambda().name("orders").start();
    let _function = lambda.spawn(orders(dir.path()));
    let new = json!({"customer": "ada", "item": "Difference Engine", "quantity": 2});
    let made = http(&lambda.invoke(request("POST", "/orders", Some(&new))).await.expect("an answer"));
    let order = made.json();
    assert_eq!((made.status, made.content_type()), (201, "application/json"), "{order}");
    let place = made.header("location").expect("a location").to_owned();
    let read = http(&lambda.invoke(get(&place)).await.expect("an answer"));
    assert_eq!((read.status, read.json()), (200, order));

    let unknown = lambda.invoke(get("/orders/6f9619ff-8b86-4d01-b42d-00cf4fc964ff"));
    let id = unknown.request_id().to_owned();
    assert_problem(&unknown.await.expect("an answer"), 404, "ORDER_NOT_FOUND", &id);

    // Any other JSON goes to the one direct invoke.
    assert_eq!(lambda.invoke("{}").await.expect("an answer").json(), json!({"Difference Engine": 2}));
    lambda.finish();
}

#[tokio::test]
async fn cookies_and_repeated_headers_reach_the_gateway() {
    let dir = folder();
    let lambda = lambda().start();
    let _function = lambda.spawn(faulty(dir.path()));
    let answer = lambda.invoke(get("/echo/a word?x=1")).await.expect("an answer");
    let response = http(&answer);
    assert_eq!((response.status, &response.json()["word"]), (200, &json!("a word")));
    let cookies: Vec<_> = response.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
    assert_eq!(cookies.len(), 2, "{response:?}");
    assert_eq!(answer.json()["cookies"], json!(["a=1; Path=/", "b=2"]));
    lambda.finish();
}

#[tokio::test]
async fn a_direct_invoke_is_json_in_and_json_out_and_its_failures_have_stable_types() {
    let dir = folder();
    let lambda = lambda().start();
    let _function = lambda.spawn(function(dir.path()));
    let echo = lambda.invoke(json!({"echo": [1, null, "\u{1f980}"]})).await.expect("an answer");
    assert_eq!(echo.json(), json!({"echo": [1, null, "\u{1f980}"]}));
    for (event, error_type, text) in [
        (json!({"missing": 7}), "ENTRY_NOT_FOUND", "entry 7 does not exist"),
        (json!("busy"), "LEDGER_BUSY", ""),
        (json!("opaque"), "OPAQUE", "Internal Server Error"),
        (json!({"unknown": 1}), "INVALID_BODY", "unknown"),
    ] {
        let answer = lambda.invoke(&event).await.expect("an answer");
        assert_eq!(answer.error_type(), Some(error_type), "{event}: {answer:?}");
        let message = answer.error_message().unwrap_or_default();
        assert!(!message.is_empty() && message.contains(text) && !message.contains("hunter2"), "{answer:?}");
    }
    lambda.finish();
}

#[tokio::test]
async fn a_panic_fails_its_invocation_only_and_tells_nobody_its_text() {
    let dir = folder();
    let lambda = lambda().start();
    let function = lambda.spawn(function(dir.path()));
    assert_eq!(lambda.started().await, Started::Ready);
    let journal = Journal::of(dir.path());
    assert_eq!(journal.lines(), ["open"]);

    let panicking = lambda.invoke(get("/panic"));
    let id = panicking.request_id().to_owned();
    let problem = assert_problem(&panicking.await.expect("an answer"), 500, "PANIC", &id);
    assert!(!problem.to_string().contains("hunter2"), "{problem}");
    let line = function.process().wait_for_line("the secret is hunter2");
    let line: Value = serde_json::from_str(&line).expect("a line of JSON");
    assert_eq!((&line["code"], &line["request_id"]), (&json!("PANIC"), &json!(id)), "{line}");

    let direct = lambda.invoke(json!("panic")).await.expect("an answer");
    assert_eq!(direct.error_type(), Some("PANIC"), "{direct:?}");
    assert!(direct.error_message().is_some_and(|text| !text.contains("hunter2")), "{direct:?}");

    assert_eq!(http(&lambda.invoke(get("/id/0")).await.expect("an answer")).status, 200);
    // The connection that the panicking handler held is closed, and another one was opened.
    journal.wait_for("close");
    assert_eq!((journal.count("open"), journal.open()), (2, 1));
    lambda.finish();
}

#[tokio::test]
async fn what_lambda_cannot_pass_on_is_a_clear_500_and_the_next_event_is_served() {
    let dir = folder();
    let lambda = lambda().start();
    let odd = lambda.spawn(faulty(dir.path()));
    for (target, code) in
        [("/odd-header", "RESPONSE_HEADER_NOT_UTF8"), ("/unwritable", "RESPONSE_NOT_SERIALIZABLE")]
    {
        let response = http(&lambda.invoke(get(target)).await.expect("an answer"));
        assert_eq!((response.status, &response.json()["code"]), (500, &json!(code)));
    }
    assert_eq!(http(&lambda.invoke(get("/tool")).await.expect("an answer")).status, 200);
    drop(odd);

    let _large = lambda.spawn(function(dir.path()));
    let too_large = get(&format!("/large/text/{}", 6 * 1024 * 1024 + 1));
    let response = http(&lambda.invoke(too_large).await.expect("an answer"));
    assert_eq!((response.status, &response.json()["code"]), (500, &json!("RESPONSE_TOO_LARGE")));
    let fits = http(&lambda.invoke(get("/large/binary/4000000")).await.expect("an answer"));
    assert_eq!((fits.status, fits.body.len()), (200, 4_000_000));
    lambda.finish();
}

#[tokio::test]
async fn whoever_may_invoke_the_function_may_ask_for_its_health_and_the_gateway_sees_no_names() {
    let dir = folder();
    let lambda_without = lambda().start();
    let _watched = lambda_without.spawn(Program::new(env!("CARGO_BIN_EXE_watched")).dir(dir.path()));
    let report = lambda_without.invoke(json!({"lift": "health"})).await.expect("an answer").json();
    assert_eq!(report["components"]["component-17"], json!({"status": "healthy"}), "{report}");
    let gateway = http(&lambda_without.invoke(get("/health")).await.expect("an answer"));
    assert_eq!((gateway.status, gateway.json()), (200, json!({"status": "healthy"})));
    let other = lambda_without.invoke(json!({"lift": "error"})).await.expect("an answer");
    assert_eq!(other.error_type(), Some("EVENT_NOT_SERVED"), "{other:?}");
    lambda_without.finish();

    // Where a handler takes direct invokes, it takes this one, too.
    let lambda_with = lambda().start();
    let _faulty = lambda_with.spawn(faulty(dir.path()));
    let taken = lambda_with.invoke(json!({"lift": "health"})).await.expect("an answer");
    assert_eq!(taken.error_type(), Some("INVALID_BODY"), "{taken:?}");
    lambda_with.finish();
}

/// The prelude of a streamed answer, and its body.
fn streamed(answer: &Answer) -> (Value, String) {
    let Answer::Response(bytes) = answer else { panic!("{answer:?}") };
    let end = bytes.windows(8).position(|window| window == [0; 8]).expect("eight zeros behind the prelude");
    let body = String::from_utf8_lossy(&bytes[end + 8..]).into_owned();
    (serde_json::from_slice(&bytes[..end]).expect("a prelude in JSON"), body)
}

/// One answer, in one piece and bit by bit: what is said in front of its body is the same.
#[tokio::test]
async fn an_answer_that_streams_has_the_headers_of_one_that_does_not() {
    let url = |target: &str| {
        let mut event = get(target);
        event["requestContext"]["domainName"] = json!("abcdefgh.lambda-url.eu-central-1.on.aws");
        event
    };
    let dir = folder();
    let mut told = Vec::new();
    for streams in ["false", "true"] {
        let lambda = lambda().start();
        let _function = lambda.spawn(function(dir.path()).env("LIFT_LAMBDA_STREAM", streams));
        for target in ["/headers/good", "/headers/odd", "/large/binary/3", "/nowhere"] {
            let answer = lambda.invoke(url(target)).await.expect("an answer");
            let mut head = match streams {
                "true" => streamed(&answer).0,
                _ => answer.json(),
            };
            let head = head.as_object_mut().expect("an object");
            head.retain(|key, _| !matches!(key.as_str(), "body" | "isBase64Encoded"));
            head["headers"].as_object_mut().expect("headers").remove("x-request-id");
            told.push(json!(head));
        }
        lambda.finish();
    }
    let (whole, streamed) = told.split_at(4);
    assert_eq!(whole, streamed);
    assert_eq!(
        whole[0],
        json!({
            "statusCode": 200, "cookies": ["a=\u{fc}", "b=2"],
            "headers": {"content-disposition": "attachment; filename=\"\u{fc}.txt\"", "vary": "origin,accept",
                "content-type": "text/plain; charset=utf-8"},
        })
    );
    assert_eq!(whole[1]["statusCode"], 500);
}

#[tokio::test]
async fn a_function_url_gets_an_answer_bit_by_bit_and_an_error_is_no_part_of_it() {
    let dir = folder();
    let lambda = lambda().start();
    let function = lambda.spawn(function(dir.path()).env("LIFT_LAMBDA_STREAM", "true"));
    let url = |target: &str| {
        let mut event = get(target);
        event["requestContext"]["domainName"] = json!("abcdefgh.lambda-url.eu-central-1.on.aws");
        event
    };
    let (prelude, body) = streamed(&lambda.invoke(url("/stream/3/1/whole")).await.expect("an answer"));
    assert_eq!(
        (prelude["statusCode"].as_u64(), &prelude["cookies"]),
        (Some(200), &json!(["a=1"])),
        "{prelude}"
    );
    assert_eq!(
        (prelude["headers"]["content-type"].as_str(), body.as_str()),
        (Some("text/plain"), "0\n1\n2\n")
    );
    // More than a buffered answer may have.
    let (_, body) = streamed(&lambda.invoke(url("/stream/120/60000/whole")).await.expect("an answer"));
    assert!(body.len() > 6 * 1024 * 1024 && body.ends_with(" 119\n"), "{}", body.len());

    for end in ["broken", "panic"] {
        let (_, body) =
            streamed(&lambda.invoke(url(&format!("/stream/3/1/{end}"))).await.expect("an answer"));
        assert_eq!(body, "0\n1\n");
    }
    function.process().wait_for("the errors", |line| line.contains("broke off").then_some(()));
    let (prelude, body) = streamed(&lambda.invoke(url("/stream/none/1/whole")).await.expect("an answer"));
    assert_eq!((prelude["statusCode"].as_u64(), body.contains("INVALID_PATH_PARAMETER")), (Some(400), true));

    // All of the function URL's answers are streams; API Gateway cannot pass on any.
    let (prelude, body) = streamed(&lambda.invoke(url("/id/0")).await.expect("an answer"));
    assert_eq!((prelude["statusCode"].as_u64(), body.len()), (Some(200), 36), "{prelude}");
    let answer = http(&lambda.invoke(get("/stream/3/1/whole")).await.expect("an answer"));
    assert_eq!((answer.status, answer.text().as_str()), (200, "0\n1\n2\n"));
    lambda.finish();
}
