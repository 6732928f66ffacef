//! The double itself: what it refuses, and that nobody gets past it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::json;
use tests::http::{Connection, Request, Response};
use tests::process::Program;
use tests::runtime_api::{Answer, InvokeError, RESPONSE_LIMIT, Record, RuntimeApi, Started};

const RUNTIME: &str = "/2018-06-01/runtime";

/// A function in a few lines, which keeps to the rules only as far as it is told to.
#[derive(Clone, Copy)]
struct ByHand<'a>(&'a RuntimeApi);

impl ByHand<'_> {
    fn next(self) -> Response {
        Request::get(&format!("{RUNTIME}/invocation/next")).send(self.0.address())
    }

    /// Sends a body to `…/invocation/{id}/response` or another end, with the headers of the event.
    fn post(self, event: &Response, end: &str, body: impl Into<Vec<u8>>) -> Response {
        let id = event.header("lambda-runtime-aws-request-id").expect("an id");
        let attempt = event.header("lambda-runtime-invocation-id").expect("an id");
        Request::new("POST", &format!("{RUNTIME}/invocation/{id}/{end}"))
            .header("lambda-runtime-invocation-id", attempt)
            .header("lambda-runtime-function-error-type", "Test.Failure")
            .body(body)
            .send(self.0.address())
    }

    fn extension(self, method: &str, end: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let request = Request::new(method, &format!("/2020-01-01/extension/{end}")).body(body);
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name, value))
            .send(self.0.address())
    }
}

/// Runs something that waits for the double beside the test's own waiting.
fn beside<T: Send>(work: impl FnOnce() -> T + Send, test: impl AsyncFnOnce()) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    thread::scope(|scope| {
        let work = scope.spawn(work);
        runtime.block_on(test());
        work.join().expect("no panic beside the test")
    })
}

fn assert_refused(response: &Response, status: u16, error_type: &str) {
    let body = response.json();
    assert_eq!((response.status, &body["errorType"]), (status, &json!(error_type)), "{body}");
    assert!(body["errorMessage"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
}

#[test]
fn an_event_comes_with_lambdas_headers_and_its_answer_goes_back() {
    let lambda = RuntimeApi::builder().name("mine").timeout(Duration::from_secs(7)).seed(7).start();
    let function = ByHand(&lambda);
    let answering = || {
        let event = function.next();
        let now = SystemTime::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_millis() as u64;
        let header = |name: &str| event.header(name).unwrap_or_default().to_owned();
        let deadline: u64 = header("lambda-runtime-deadline-ms").parse().expect("milliseconds");
        assert!((now..=now + 7000).contains(&deadline), "{deadline} is not within 7 s after {now}");
        let arn = "arn:aws:lambda:eu-central-1:123456789012:function:mine";
        assert_eq!(header("lambda-runtime-invoked-function-arn"), arn);
        assert!(header("lambda-runtime-trace-id").starts_with("Root=1-"), "{event:?}");
        assert_eq!(header("lambda-runtime-client-context"), r#"{"custom":{}}"#);
        assert_eq!(header("lambda-runtime-aws-tenant-id"), "");
        assert_eq!(event.text(), "[1]");
        let accepted = function.post(&event, "response", "[2]");
        assert_eq!((accepted.status, accepted.json()), (202, json!({"status": "OK"})));
    };
    beside(answering, async || {
        let invoke = lambda.invoke(json!([1])).client_context(r#"{"custom":{}}"#);
        let request_id = invoke.request_id().to_owned();
        assert_eq!(invoke.await, Ok(Answer::Response("[2]".into())));
        let delivered = Record::Delivered { request_id: request_id.clone() };
        let responded = Record::Response { request_id, bytes: 3 };
        assert_eq!(lambda.history(), [Record::Next, delivered, responded]);
    });
    lambda.finish();
}

#[test]
fn a_failure_is_told_by_its_type() {
    let lambda = RuntimeApi::builder().start();
    let function = ByHand(&lambda);
    let failing = || {
        let body = r#"{"errorType": "Mine", "errorMessage": "it broke", "stackTrace": []}"#;
        assert_eq!(function.post(&function.next(), "error", body).status, 202);
    };
    beside(failing, async || {
        let answer = lambda.invoke("{}").await.expect("an answer");
        assert_eq!((answer.error_type(), answer.error_message()), (Some("Mine"), Some("it broke")));
    });
    lambda.finish();
}

#[test]
fn answers_to_the_wrong_id_second_answers_and_malformed_ones_are_refused() {
    let lambda = RuntimeApi::builder().start();
    let function = ByHand(&lambda);
    let cheating = || {
        let event = function.next();
        let other = Response {
            headers: vec![
                ("lambda-runtime-aws-request-id".into(), "nobody".into()),
                ("lambda-runtime-invocation-id".into(), "nobody".into()),
            ],
            ..event.clone()
        };
        assert_refused(&function.post(&other, "response", "1"), 400, "InvalidRequestID");
        let id = event.header("lambda-runtime-aws-request-id").expect("an id").to_owned();
        let other = Response {
            headers: vec![
                ("lambda-runtime-aws-request-id".into(), id),
                ("lambda-runtime-invocation-id".into(), "of another attempt".into()),
            ],
            ..event.clone()
        };
        assert_refused(&function.post(&other, "response", "1"), 410, "InvokeTimeout");
        for body in ["", "[]", r#"{"errorType": "A"}"#, r#"{"errorType": "", "errorMessage": "a"}"#] {
            assert_refused(&function.post(&event, "error", body), 400, "InvalidRequestFormat");
        }
        assert_eq!(function.post(&event, "response", "1").status, 202);
        assert_refused(&function.post(&event, "response", "2"), 400, "InvalidRequestID");
        assert_refused(&function.post(&event, "error", "{}"), 400, "InvalidRequestID");
        let nowhere = Request::get("/2018-06-01/runtime/invocation/last").send(lambda.address());
        assert_refused(&nowhere, 404, "NotFound");
    };
    beside(cheating, async || {
        assert_eq!(lambda.invoke("{}").await.map(|answer| answer.json()), Ok(json!(1)));
    });
    assert_eq!(lambda.take_violations().len(), 9);
    lambda.finish();
}

#[test]
fn a_response_above_the_limit_is_refused_and_an_error_for_the_caller() {
    let lambda = RuntimeApi::builder().timeout(Duration::from_secs(30)).start();
    let function = ByHand(&lambda);
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let sending = || {
        assert_eq!(function.post(&function.next(), "response", text(RESPONSE_LIMIT)).status, 202);
        let refused = function.post(&function.next(), "response", text(RESPONSE_LIMIT + 1));
        assert_refused(&refused, 413, "RequestEntityTooLarge");
    };
    beside(sending, async || {
        assert!(matches!(lambda.invoke("{}").await, Ok(Answer::Response(_))));
        let answer = lambda.invoke("{}").await.expect("an answer");
        assert_eq!(answer.error_type(), Some("Function.ResponseSizeTooLarge"));
    });
    assert_eq!(lambda.take_violations().len(), 1);
    lambda.finish();
}

#[test]
fn an_answer_after_the_deadline_is_refused() {
    let lambda = RuntimeApi::builder().timeout(Duration::from_millis(20)).start();
    let function = ByHand(&lambda);
    let event = beside(
        || function.next(),
        async || {
            assert_eq!(lambda.invoke("{}").await, Ok(Answer::TimedOut));
        },
    );
    assert_refused(&function.post(&event, "response", "1"), 410, "InvokeTimeout");
    assert_eq!(lambda.take_violations().len(), 1);
    lambda.finish();
}

#[test]
fn more_polls_than_the_concurrency_are_refused() {
    let lambda = RuntimeApi::builder().start();
    let function = ByHand(&lambda);
    let polling = || {
        let event = function.next();
        assert_refused(&function.next(), 403, "InvalidStateTransition");
        assert_eq!(function.post(&event, "response", "1").status, 202);
    };
    beside(polling, async || {
        assert!(lambda.invoke("{}").await.is_ok());
    });
    assert_eq!(lambda.take_violations().len(), 1);
    lambda.finish();
}

#[test]
fn two_events_are_in_flight_and_each_answer_finds_its_caller() {
    let lambda = RuntimeApi::builder().concurrency(2).seed(7).start();
    let function = ByHand(&lambda);
    let crossing = || {
        let (first, second) = (function.next(), function.next());
        function.post(&second, "response", second.text());
        function.post(&first, "response", first.text());
    };
    beside(crossing, async || {
        let (one, two) = tokio::join!(lambda.invoke("1").into_future(), lambda.invoke("2").into_future());
        assert_eq!((one.map(|a| a.json()), two.map(|a| a.json())), (Ok(json!(1)), Ok(json!(2))));
    });
    lambda.finish();
}

#[test]
fn the_same_seed_makes_the_same_choices() {
    let order = |seed| {
        let lambda = RuntimeApi::builder().seed(seed).start();
        let function = ByHand(&lambda);
        let mut order = Vec::new();
        let taking = || {
            let mut taken = Vec::new();
            for _ in 0..9 {
                let event = function.next();
                function.post(&event, "response", event.text());
                taken.push(event.text());
            }
            taken
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            // All are queued before the first is asked for.
            let mut calls = tokio::task::JoinSet::new();
            for number in 0..9 {
                calls.spawn(lambda.invoke(json!(number)).into_future());
            }
            tokio::task::yield_now().await;
            order = taking();
            while let Some(call) = calls.join_next().await {
                call.expect("no panic").expect("an answer");
            }
        });
        lambda.finish();
        order
    };
    assert_eq!(order(7), order(7));
    assert_ne!(order(7), order(8));
}

#[test]
fn extensions_hear_of_invocations_and_events_wait_for_them() {
    let lambda = RuntimeApi::builder().extension("outside").start();
    let function = ByHand(&lambda);
    let register = |name: &str, body: &str| {
        function.extension("POST", "register", &[("lambda-extension-name", name)], body)
    };
    assert_refused(&register("", "{}"), 403, "Extension.InvalidExtensionName");
    assert_refused(&register("inside", "[]"), 403, "InvalidRequestFormat");
    assert_refused(&register("inside", r#"{"events": ["SHUTDOWN"]}"#), 403, "Extension.InvalidEventType");
    let registered = register("inside", r#"{"events": ["INVOKE"]}"#);
    assert_eq!((registered.status, &registered.json()["functionName"]), (200, &json!("function")));
    assert_refused(&register("inside", r#"{"events": []}"#), 403, "Extension.InvalidExtensionState");
    let next = |identifier: &[(&str, &str)]| function.extension("GET", "event/next", identifier, "");
    assert_refused(&next(&[]), 403, "Extension.MissingHeader");
    let name = "lambda-extension-identifier";
    assert_refused(&next(&[(name, "x")]), 403, "Extension.UnknownExtensionIdentifier");
    let identifier = (name, registered.header(name).expect("an identifier"));
    let failure = [identifier, ("lambda-extension-function-error-type", "Extension.Broken")];
    assert_eq!(function.extension("POST", "exit/error", &failure, "{}").status, 202);

    let answering = || {
        let event = function.next();
        assert_eq!(function.post(&event, "response", "1").status, 202);
    };
    beside(answering, async || {
        lambda.wait_for("the function to ask", 1, |record| *record == Record::Next).await;
        let call = tokio::spawn(lambda.invoke("{}").into_future());
        tokio::task::yield_now().await;
        assert_eq!(lambda.count(|record| matches!(record, Record::Delivered { .. })), 0);
        let event = next(&[identifier]).json();
        assert_eq!(event["eventType"], "INVOKE", "{event}");
        assert!(call.await.expect("no panic").is_ok());
    });
    assert_refused(&register("late", r#"{"events": []}"#), 403, "Extension.RegistrationClosed");
    assert_eq!(lambda.take_violations().len(), 7);
    lambda.finish();

    let lambda = RuntimeApi::builder().extension("outside").start();
    let headers = [("lambda-extension-name", "outside")];
    let body = r#"{"events": ["INVOKE", "SHUTDOWN"]}"#;
    assert_eq!(ByHand(&lambda).extension("POST", "register", &headers, body).status, 200);
    lambda.finish();
}

#[test]
fn a_snapshot_comes_before_the_first_event_and_only_with_snap_start() {
    let lambda = RuntimeApi::builder().snap_start().start();
    let function = ByHand(&lambda);
    let restore = |method: &str, end: &str, body: &str| {
        Request::new(method, &format!("{RUNTIME}/restore/{end}"))
            .header("lambda-runtime-function-error-type", "Test.Failure")
            .body(body)
            .send(lambda.address())
    };
    assert_refused(&function.next(), 403, "InvalidStateTransition");
    let failure = r#"{"errorType": "Mine", "errorMessage": "it broke"}"#;
    assert_refused(&restore("POST", "error", failure), 403, "InvalidStateTransition");
    let restoring = || {
        assert_eq!(restore("GET", "next", "").status, 200);
        assert_refused(&restore("GET", "next", ""), 403, "InvalidStateTransition");
        assert_eq!(restore("POST", "error", failure).status, 202);
    };
    beside(restoring, async || {
        assert_eq!(lambda.started().await, Started::AtSnapshot);
        let failed = Started::Failed { error_type: "Mine".into(), error_message: "it broke".into() };
        assert_eq!(lambda.restore().await, failed);
    });
    assert_eq!(lambda.take_violations().len(), 3);
    lambda.finish();

    let lambda = RuntimeApi::builder().start();
    let restore = Request::get(&format!("{RUNTIME}/restore/next")).send(lambda.address());
    assert_refused(&restore, 403, "InvalidStateTransition");
    let failed = Request::new("POST", &format!("{RUNTIME}/init/error"))
        .header("lambda-runtime-function-error-type", "Runtime.Unknown")
        .body(failure)
        .send(lambda.address());
    assert_eq!(failed.status, 202);
    assert_refused(&ByHand(&lambda).next(), 403, "InvalidStateTransition");
    assert_eq!(lambda.take_violations().len(), 2);
    lambda.finish();
}

#[test]
fn a_test_that_forgets_to_ask_fails_and_so_does_one_whose_function_cheats() {
    let forgotten = catch_unwind(|| drop(RuntimeApi::builder().start()));
    let text = forgotten.expect_err("a panic").downcast::<&str>().expect("a text");
    assert!(text.contains("call `finish`"), "{text}");

    let lambda = RuntimeApi::builder().seed(7).start();
    Request::get("/nowhere").send(lambda.address());
    let seed = lambda.seed();
    let cheated = catch_unwind(AssertUnwindSafe(|| lambda.finish()));
    let text = cheated.expect_err("a panic").downcast::<String>().expect("a text");
    assert!(text.contains("GET /nowhere: 404 NotFound"), "{text}");
    assert!(text.contains(&format!("RUNTIME_API_SEED={seed}")), "{text}");
}

#[tokio::test]
async fn a_process_that_ends_is_a_crash_for_who_waits_and_an_error_afterwards() {
    let lambda = RuntimeApi::builder().start();
    let function = lambda.spawn(Program::new("/bin/sh").arg("-c").arg("exec sleep 1000"));
    let waiting = tokio::spawn(lambda.invoke("{}").into_future());
    tokio::task::yield_now().await;
    let ended = function.shut_down().await;
    assert!(ended.killed, "{ended:?}");
    assert_eq!(waiting.await.expect("no panic"), Ok(Answer::Crashed));
    assert_eq!(lambda.started().await, Started::Ended);
    assert_eq!(lambda.invoke("{}").await, Err(InvokeError::Ended));
    assert_eq!(lambda.count(|record| *record == Record::Killed), 1);
    lambda.finish();
}

#[test]
fn a_killed_process_is_followed_by_another_and_what_it_sent_last_is_for_nobody() {
    let lambda = RuntimeApi::builder().start();
    let function = ByHand(&lambda);
    let sleeping = || lambda.spawn(Program::new("/bin/sh").arg("-c").arg("exec sleep 1000"));
    let mut first = sleeping();
    let mut old = Connection::open(lambda.address()).expect("a connection");
    let next = Request::get(&format!("{RUNTIME}/invocation/next"));
    let working = || {
        let event = old.call(&next).expect("an event");
        first.kill();
        assert_refused(&function.post(&event, "response", "1"), 403, "InvalidStateTransition");
        first = sleeping();
        assert_refused(&old.call(&next).expect("an answer"), 403, "InvalidStateTransition");
        let event = function.next();
        assert_refused(&old.call(&next).expect("an answer"), 403, "InvalidStateTransition");
        assert_eq!(function.post(&event, "response", "2").status, 202);
        first
    };
    let second = beside(working, async || {
        assert_eq!(lambda.invoke("{}").await, Ok(Answer::Crashed));
        let mut answer = Err(InvokeError::Ended);
        while answer == Err(InvokeError::Ended) {
            answer = lambda.invoke("{}").await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(answer, Ok(Answer::Response("2".into())));
    });
    assert_eq!(lambda.count(|record| *record == Record::Next), 2);
    assert_eq!(lambda.count(|record| *record == Record::Killed), 1);
    drop(second);
    lambda.finish();
}

#[tokio::test]
async fn sigterm_goes_before_sigkill_when_an_extension_is_registered() {
    for (script, killed, code) in [
        ("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done", false, Some(7)),
        ("trap '' TERM; echo ready; while :; do sleep 0.01; done", true, None),
    ] {
        let limit = if killed { Duration::from_millis(50) } else { Duration::from_secs(10) };
        let lambda = RuntimeApi::builder().extension("telemetry").shutdown_limit(limit).start();
        let function = lambda.spawn(Program::new("/bin/sh").arg("-c").arg(script));
        function.process().wait_for_line("ready");
        let ended = function.shut_down().await;
        assert_eq!((ended.killed, ended.finished.status.code()), (killed, code), "{ended:?}");
        assert_eq!(lambda.count(|record| *record == Record::Terminated), 1);
        lambda.finish();
    }
}
