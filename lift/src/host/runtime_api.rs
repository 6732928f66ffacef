//! Polling of the Lambda Runtime API. An event that cannot be read is answered at once, because its caller waits. What a
//! function URL gets bit by bit is posted here, too.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http::header::{CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use lambda_runtime::{Config, Context, LambdaInvocation};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{BoxError, PooledClient, build_request};
use serde::de::IgnoredAny;

use super::trace;
use super::workers::Source;
use crate::error::{self, Failure, Origin};

const REQUEST_ID: &str = "lambda-runtime-aws-request-id";
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";
const DEADLINE: &str = "lambda-runtime-deadline-ms";
/// What the caller has sent beside the event. Nothing reads it, so it may be any JSON; `lambda_runtime` has a shape in mind.
const UNREAD: [&str; 2] = ["lambda-runtime-client-context", "lambda-runtime-cognito-identity"];
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const RESPONSE_MODE: &str = "lambda-runtime-function-response-mode";

/// Where a function finds its events.
pub(super) struct RuntimeApi {
    client: PooledClient,
    config: Arc<Config>,
    /// Whether there is one invocation at a time, so that the environment can name its trace.
    one_at_a_time: bool,
}

impl RuntimeApi {
    /// For so many workers.
    pub(super) fn new(workers: usize) -> Self {
        Self {
            client: PooledClient::builder().with_pool_size(workers).build(),
            config: Arc::new(Config::from_env()),
            one_at_a_time: workers == 1,
        }
    }

    async fn refuse(&self, id: &str, headers: &HeaderMap, failure: &Failure) -> Result<(), BoxError> {
        error::log(failure, None, id, None, false);
        let request = post(id, "error", headers).header(ERROR_TYPE, failure.code());
        let body = Body::from(failure.to_invoke_error().to_string());
        self.client.call(request.body(body)?).await.map(drop)
    }

    /// Answers an invocation, which came with these headers, by a stream that begins with the head of an HTTP response.
    pub(super) async fn stream<S>(&self, id: &str, headers: &HeaderMap, answer: S) -> Result<(), BoxError>
    where
        S: Stream<Item = Result<Bytes, Infallible>> + Send + 'static,
    {
        let request = post(id, "response", headers)
            .header(RESPONSE_MODE, "streaming")
            .header(CONTENT_TYPE, "application/vnd.awslambda.http-integration-response")
            .header(TRANSFER_ENCODING, "chunked");
        let body = Body::new(StreamBody::new(answer.map_ok(Frame::data)));
        self.client.call(request.body(body)?).await.map(drop)
    }
}

/// A request about an invocation, with what it came with beside its id.
fn post(id: &str, what: &str, headers: &HeaderMap) -> http::request::Builder {
    let uri = format!("/2018-06-01/runtime/invocation/{id}/{what}");
    let request = build_request().method(Method::POST).uri(uri);
    match headers.get(INVOCATION_ID) {
        Some(attempt) => request.header(INVOCATION_ID, attempt),
        None => request,
    }
}

impl Source for RuntimeApi {
    async fn next(&self) -> Result<Option<LambdaInvocation>, BoxError> {
        let request: Request<Body> =
            build_request().uri("/2018-06-01/runtime/invocation/next").body(Body::empty())?;
        let (parts, body) = self.client.call(request).await?.into_parts();
        if parts.status == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        if !parts.status.is_success() {
            return Err(format!("the Runtime API answered {}", parts.status).into());
        }
        let id = parts.headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let id = id.ok_or("the Runtime API sent an event without its request id")?.to_owned();
        let read = match (context(&id, &self.config, &parts.headers), body.collect().await) {
            (Ok(context), Ok(body)) => Ok((context, body.to_bytes())),
            (Err(problem), _) => Err(format!("the context of the event cannot be read: {problem}")),
            (_, Err(error)) => Err(format!("the event broke off: {error}")),
        };
        match read {
            Ok((context, body)) => {
                if self.one_at_a_time {
                    trace::enter(context.xray_trace_id.as_deref());
                }
                Ok(Some(LambdaInvocation { parts, body, context }))
            }
            Err(problem) => {
                let failure = Failure::new(StatusCode::BAD_REQUEST, "EVENT_NOT_VALID").detail(problem);
                self.refuse(&id, &parts.headers, &failure.origin_is(Origin::Internal)).await?;
                Ok(None)
            }
        }
    }
}

/// What Lambda says of an event, in words that do not repeat what its caller has sent.
fn context(id: &str, config: &Arc<Config>, headers: &HeaderMap) -> Result<Context, String> {
    // The context's own reading of it would panic.
    if headers.get(DEADLINE).and_then(|at| at.to_str().ok()?.parse::<u64>().ok()).is_none() {
        return Err("it has no deadline".to_owned());
    }
    if !UNREAD.iter().any(|header| headers.contains_key(*header)) {
        return Context::new(id, config.clone(), headers).map_err(|error| error.to_string());
    }
    let mut headers = headers.clone();
    for header in UNREAD {
        if let Some(value) = headers.remove(header) {
            serde_json::from_slice::<IgnoredAny>(value.as_bytes())
                .map_err(|error| format!("`{header}` is not JSON: {error}"))?;
        }
    }
    Context::new(id, config.clone(), &headers).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(extra: &[(&'static str, &str)]) -> Result<Context, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in [&[(DEADLINE, "1782678334000")], extra].concat() {
            headers.insert(name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        context("id", &Arc::default(), &headers)
    }

    #[test]
    fn a_context_that_nothing_reads_is_any_json() {
        for header in UNREAD {
            for value in [
                "null",
                "7",
                r#"["a"]"#,
                r#"{"client":null,"custom":null,"env":null}"#,
                r#"{"custom":{"n":1,"deep":{"er":[1,"\u00e9"]}},"client":"a"}"#,
            ] {
                assert_eq!(read(&[(header, value)]).unwrap().request_id, "id", "{header}: {value}");
            }
        }
    }

    #[test]
    fn what_a_context_has_wrong_is_told_without_repeating_it() {
        let client = "lambda-runtime-client-context";
        assert_eq!(read(&[(client, "{}")]).unwrap().request_id, "id");
        for (header, value, problem) in [
            (DEADLINE, "soon", "no deadline"),
            (DEADLINE, "-1", "no deadline"),
            (client, "{", "EOF while parsing"),
            (client, "hunter2", "expected value"),
            (client, "{}}", "trailing characters"),
            ("lambda-runtime-cognito-identity", "hunter2", "expected value"),
            ("lambda-runtime-invoked-function-arn", "hunter2\u{e9}", ""),
        ] {
            let told = read(&[(header, value)]).unwrap_err();
            assert!(told.contains(problem) && !told.contains("hunter2"), "{told}");
        }
    }
}
