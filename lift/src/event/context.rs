//! The `requestContext` of an HTTP event, read when a handler asks.

use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::Failure;
use crate::resource::Context;

/// What API Gateway, a function URL or a load balancer says of a request: its `requestContext`, read as `T` when the
/// handler takes it. By default that is [`HttpContext`], the same for all of them; a type of one's own, or one of
/// `aws_lambda_events`, reads the rest.
///
/// The HTTP server has none: there, and wherever a proxy stands between, take an `Option` of it.
///
/// ```
/// use lift::event::RequestContext;
/// use lift::prelude::*;
///
/// #[lift::handler(GET, "/me")]
/// async fn me(context: Option<RequestContext>) -> String {
///     let subject = context.as_ref().and_then(|context| context.claim("sub"));
///     subject.unwrap_or("nobody").to_owned()
/// }
/// # fn main() { let _ = lift::handlers![me]; }
/// ```
///
/// # Errors
/// 500 `NO_REQUEST_CONTEXT` where there is none, `REQUEST_CONTEXT_NOT_VALID` when it has another shape.
#[derive(Clone, Debug)]
pub struct RequestContext<T = HttpContext>(pub T);

impl<T> Deref for RequestContext<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: Deserialize<'de>")]
struct Wire<T> {
    request_context: Option<T>,
}

fn take<T: DeserializeOwned>(parts: &Parts) -> Result<Option<RequestContext<T>>, Failure> {
    let Some(context) = Context::of(parts) else { return Ok(None) };
    // A record has none, and its event may be large.
    let Some(event) = context.event().filter(|_| context.record().is_none()) else { return Ok(None) };
    match serde_json::from_slice::<Wire<T>>(event) {
        Ok(wire) => Ok(wire.request_context.map(RequestContext)),
        Err(error) => Err(Failure::internal("REQUEST_CONTEXT_NOT_VALID", error)),
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for RequestContext<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let cause = "no event of AWS called this handler; take `Option<RequestContext>`";
        take(parts)?.ok_or_else(|| Failure::internal("NO_REQUEST_CONTEXT", cause))
    }
}

impl<T: DeserializeOwned, S: Sync> OptionalFromRequestParts<S> for RequestContext<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Failure> {
        take(parts)
    }
}

/// What handlers want to know of a `requestContext`, whatever the source; what a source does not say is `None`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct HttpContext {
    /// The stage: `$default`, `prod`.
    pub stage: Option<String>,
    /// The address of the client, as API Gateway saw it. A load balancer writes it into `x-forwarded-for`.
    pub source_ip: Option<String>,
    /// API Gateway's own id of the request.
    pub request_id: Option<String>,
    /// The name that the request was sent to.
    pub domain_name: Option<String>,
    /// The id of a WebSocket connection.
    pub connection_id: Option<String>,
    /// The claims of a token that an authorizer has checked: `jwt.claims` of an HTTP API, `claims` of a Cognito
    /// authorizer; else everything that a Lambda or IAM authorizer says.
    pub claims: serde_json::Map<String, Value>,
}

impl HttpContext {
    /// A claim that is text.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }
}

impl<'de> Deserialize<'de> for HttpContext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Wire {
            stage: Option<String>,
            request_id: Option<String>,
            domain_name: Option<String>,
            connection_id: Option<String>,
            http: Option<Client>,
            identity: Option<Client>,
            authorizer: Value,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Client {
            source_ip: Option<String>,
        }
        let Wire { stage, request_id, domain_name, connection_id, http, identity, mut authorizer } =
            Wire::deserialize(deserializer)?;
        let places = ["/jwt/claims", "/claims", "/lambda", "/iam", ""];
        let claims = places.iter().find_map(|place| match authorizer.pointer_mut(place) {
            Some(Value::Object(claims)) => Some(std::mem::take(claims)),
            _ => None,
        });
        let source_ip = http.or(identity).and_then(|client| client.source_ip);
        let claims = claims.unwrap_or_default();
        Ok(Self { stage, source_ip, request_id, domain_name, connection_id, claims })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::Shared;

    fn claims(authorizer: Value) -> Value {
        let context: HttpContext = serde_json::from_value(json!({"authorizer": authorizer})).unwrap();
        Value::Object(context.claims)
    }

    #[test]
    fn claims_are_found_where_each_authorizer_puts_them() {
        let said = json!({"sub": "ada", "level": 7});
        for authorizer in [
            json!({"jwt": {"claims": said, "scopes": null}}),
            json!({"claims": said}),
            json!({"lambda": said}),
            json!({"iam": said}),
            said.clone(),
        ] {
            assert_eq!(claims(authorizer.clone()), said, "{authorizer}");
        }
        assert_eq!(claims(Value::Null), json!({}));
    }

    #[test]
    fn a_claim_is_text() {
        let context: HttpContext =
            serde_json::from_value(json!({"authorizer": {"sub": "ada", "level": 7}})).unwrap();
        assert_eq!(["sub", "level", "none"].map(|name| context.claim(name)), [Some("ada"), None, None]);
    }

    #[test]
    fn the_clients_address_is_the_one_that_the_gateway_saw() {
        for context in [
            json!({"http": {"sourceIp": "203.0.113.7"}}),
            json!({"identity": {"sourceIp": "203.0.113.7"}}),
            json!({"http": {"sourceIp": "203.0.113.7"}, "identity": {"sourceIp": "203.0.113.8"}}),
        ] {
            let read: HttpContext = serde_json::from_value(context.clone()).unwrap();
            assert_eq!(read.source_ip.as_deref(), Some("203.0.113.7"), "{context}");
        }
    }

    #[tokio::test]
    async fn a_handler_that_can_do_without_gets_what_there_is() {
        #[lift::handler(GET, "/me")]
        async fn me(context: Option<RequestContext>) -> String {
            context.map_or_else(|| "nobody".to_owned(), |context| context.stage.clone().unwrap_or_default())
        }
        let app = crate::App::new("context").handlers(lift::handlers![me]);
        let service = app.test().start().await.unwrap();
        assert_eq!(service.get("/me").await.unwrap().text(), "nobody");
        let event =
            crate::event::sample::request(crate::event::HttpSource::HttpApi, &http::Method::GET, "/me", None);
        let answer: Bytes = service.event(event.to_string()).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!((answer["statusCode"].as_u64(), answer["body"].as_str()), (Some(200), Some("prod")));
    }

    /// Counts how often it is read.
    #[derive(Debug)]
    struct Counted;

    thread_local! {
        static READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            READ.set(READ.get() + 1);
            serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
        }
    }

    /// The event is searched for no record: neither for the first one nor for the last one.
    #[tokio::test]
    async fn a_record_has_no_context_and_the_event_is_not_read_for_it() {
        #[lift::handler(sqs = "orders", partial)]
        async fn order(
            context: Option<RequestContext<Counted>>,
            plain: Option<RequestContext>,
            seen: Shared<Arc<AtomicUsize>>,
        ) {
            assert!(context.is_none() && plain.is_none());
            seen.fetch_add(1, Ordering::Relaxed);
        }
        #[lift::handler(invoke = "other")]
        async fn other(_context: Option<RequestContext<Counted>>) {}

        let seen = Arc::new(AtomicUsize::new(0));
        let app = crate::App::new("context").provide(seen.clone());
        let service = app.handlers(lift::handlers![order, other]).test().start().await.unwrap();
        let mut event = crate::event::sample::record(crate::event::RecordKind::Sqs, "orders");
        let record = event["Records"][0].clone();
        event["Records"] = vec![record; 4_000].into();
        // Whoever reads on behind the records comes upon a context, and upon a text that cannot be read.
        let event = event.to_string();
        let behind = r#","requestContext":{"stage":"prod"},"half":"\ud800"}"#;
        let event = format!("{}{behind}", event.strip_suffix('}').unwrap());
        let answer = service.event(event).await.unwrap();
        assert_eq!(answer, r#"{"batchItemFailures":[]}"#);
        assert_eq!((seen.load(Ordering::Relaxed), READ.get()), (4_000, 0));
        // The counter counts.
        service.event(r#"{"requestContext":{"stage":"prod"}}"#).await.unwrap();
        assert_eq!(READ.get(), 1);
    }
}
