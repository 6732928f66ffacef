//! The HTTP request in an event.

use std::borrow::Cow;

use axum_core::body::Body;
use axum_core::extract::Request;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::decode::{Event, Headers};
use super::encode::HttpSource;
use super::scan::{Malformed, Pairs, Scan, Scanned};
use super::stage::without_stage;

/// Why an event holds no request.
#[derive(Debug)]
pub(super) enum NoRequest {
    /// A part of it cannot be read.
    Malformed(Malformed),
    /// What is wrong with the request, in words.
    Bad(String),
}

impl From<Malformed> for NoRequest {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<String> for NoRequest {
    fn from(words: String) -> Self {
        Self::Bad(words)
    }
}

impl From<&str> for NoRequest {
    fn from(words: &str) -> Self {
        Self::Bad(words.to_owned())
    }
}

/// What is escaped in a path that still has its escapes: a `%` begins one, and stays.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'?')
    .add(b'#')
    .add(b'\\')
    .add(b'^')
    .add(b'|');
/// What is escaped in a path that arrives decoded: a `%` is one.
const DECODED_PATH: &AsciiSet = &PATH.add(b'%');
const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'#')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Where an HTTP request comes from, told by the keys that only one source has; `None` for anything else.
pub(super) fn source(event: &Event<'_>) -> Option<HttpSource> {
    let context = &event.context;
    if event.raw_path.is_some() && method_of_api(event).is_some() {
        let function_url = match context.domain_name.as_deref() {
            // cargo-lambda's emulator stands for a function URL, and keeps the escapes of a path as one does.
            Some("localhost") => context.api_id.is_none(),
            name => name.is_some_and(|name| name.contains(".lambda-url.")),
        };
        return Some(if function_url { HttpSource::FunctionUrl } else { HttpSource::HttpApi });
    }
    if event.http_method.is_none() || event.path.is_none() {
        return None;
    }
    if context.elb {
        return Some(HttpSource::LoadBalancer { multi_value: event.multi_value_headers.is_some() });
    }
    context.stage.as_ref().map(|_| HttpSource::RestApi)
}

/// The key without which an event that looks like an HTTP request of a source is none, and that source.
#[cold]
pub(super) fn wrong_key(event: &Event<'_>) -> Option<(&'static str, HttpSource)> {
    let context = &event.context;
    let elb = HttpSource::LoadBalancer { multi_value: event.multi_value_headers.is_some() };
    // A message has no other key of a request.
    if context.connection_id.is_some() && (context.stage.is_some() || event.http_method.is_some()) {
        return Some(("requestContext.routeKey", HttpSource::WebSocket));
    }
    match (&event.raw_path, &event.http_method) {
        (Some(_), _) if context.http => Some(("requestContext.http.method", HttpSource::HttpApi)),
        (None, _) if context.method.is_some() && event.version.is_some() => {
            Some(("rawPath", HttpSource::HttpApi))
        }
        (_, Some(_)) if context.is_there => Some(match event.path {
            None if context.elb => ("path", elb),
            None => ("path", HttpSource::RestApi),
            Some(_) => ("requestContext.stage", HttpSource::RestApi),
        }),
        (_, None) if context.elb && event.path.is_some() => Some(("httpMethod", elb)),
        (_, None)
            if context.stage.is_some() && event.path.is_some() && event.multi_value_headers.is_some() =>
        {
            Some(("httpMethod", HttpSource::RestApi))
        }
        _ => None,
    }
}

fn method_of_api<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    event.context.method.as_deref()
}

/// The request of an HTTP event.
pub(super) fn request(bytes: &Bytes, event: Event<'_>, source: HttpSource) -> Result<Request, NoRequest> {
    let (method, uri) = match source {
        HttpSource::HttpApi => {
            let path = without_stage(event.raw_path.as_deref().unwrap_or_default(), &event.context);
            let query = event.raw_query_string.as_deref().unwrap_or_default();
            (method_of_api(&event), uri(path, DECODED_PATH, query))
        }
        HttpSource::FunctionUrl | HttpSource::WebSocket => {
            let path = event.raw_path.as_deref().unwrap_or_default();
            let query = event.raw_query_string.as_deref().unwrap_or_default();
            (method_of_api(&event), uri(path, PATH, query))
        }
        HttpSource::RestApi => {
            // Payload 1.0 has a decoded query, whoever writes it.
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(query_pairs(&event)?);
            let query = query.finish();
            // Only an HTTP API names the version.
            let uri = match event.version {
                Some(_) => uri(without_stage(path(&event), &event.context), DECODED_PATH, &query),
                None => uri(path(&event), PATH, &query),
            };
            (event.http_method.as_deref(), uri)
        }
        HttpSource::LoadBalancer { .. } => {
            // As the client has sent them: a load balancer decodes nothing.
            let mut query = String::new();
            for (name, value) in query_pairs(&event)? {
                if !query.is_empty() {
                    query.push('&');
                }
                query.extend([&*name, "=", &*value]);
            }
            (event.http_method.as_deref(), uri(path(&event), PATH, &query))
        }
    };
    let method = method.unwrap_or_default();
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| format!("`{}` is not an HTTP method", method.escape_debug()))?;
    let uri = uri.ok_or("its path is not a URI")?;
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers(bytes, event.multi_value_headers, event.headers)?;
    if let [first, rest @ ..] = event.cookies.as_slice() {
        let mut all = first.clone();
        for cookie in rest {
            let all = all.to_mut();
            all.push_str("; ");
            all.push_str(cookie);
        }
        if let Ok(cookies) = HeaderValue::from_maybe_shared(share(bytes, all)) {
            request.headers_mut().insert(COOKIE, cookies);
        }
    }
    *request.body_mut() = body(bytes, event.body, event.is_base64_encoded)?.into();
    Ok(request)
}

/// What can be read of a request that is not well-formed: its method and its headers, for the layers that its answer
/// passes.
#[cold]
pub(super) fn remains(bytes: &Bytes, text: &str) -> Request {
    let mut request = Request::new(Body::empty());
    let Ok(Some(event)) = Event::read(text) else { return request };
    let method = method_of_api(&event).or(event.http_method.as_deref()).unwrap_or_default();
    if let Ok(method) = Method::from_bytes(method.as_bytes()) {
        *request.method_mut() = method;
    }
    if let Ok(headers) = headers(bytes, event.multi_value_headers, event.headers) {
        *request.headers_mut() = headers;
    }
    request
}

/// The request of a WebSocket message: its body, and the head of the request that has opened the connection.
pub(super) fn message(bytes: &Bytes, event: Event<'_>) -> Result<Request, NoRequest> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(query_pairs(&event)?);
    let mut request = Request::new(Body::empty());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri("/", PATH, &query.finish()).ok_or("its query is not a URI's")?;
    *request.headers_mut() = headers(bytes, event.multi_value_headers, event.headers)?;
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().entry(CONTENT_TYPE).or_insert(json);
    *request.body_mut() = body(bytes, event.body, event.is_base64_encoded)?.into();
    Ok(request)
}

fn path<'e>(event: &'e Event<'_>) -> &'e str {
    event.path.as_deref().unwrap_or_default()
}

fn query_pairs<'e>(event: &Event<'e>) -> Scanned<Pairs<'e>> {
    match pairs(event.multi_value_query)? {
        many if many.is_empty() => pairs(event.query),
        many => Ok(many),
    }
}

/// What a part of the event holds that was skipped before.
fn pairs<'e>(part: Option<&'e str>) -> Scanned<Pairs<'e>> {
    part.map_or_else(|| Ok(Vec::new()), |part| Scan::new(part).pairs())
}

fn body(bytes: &Bytes, text: Option<Cow<'_, str>>, base64: Option<bool>) -> Result<Bytes, String> {
    match text {
        None => Ok(Bytes::new()),
        Some(text) if base64 == Some(true) => {
            let body = BASE64_STANDARD.decode(text.as_bytes());
            body.map(Bytes::from).map_err(|error| format!("its body is not base64: {error}"))
        }
        Some(text) => Ok(share(bytes, text)),
    }
}

/// The text as a part of the event's bytes, where no escape forbids it.
pub(super) fn share(bytes: &Bytes, text: Cow<'_, str>) -> Bytes {
    match text {
        Cow::Borrowed(text) => bytes.slice_ref(text.as_bytes()),
        Cow::Owned(text) => text.into(),
    }
}

fn headers(bytes: &Bytes, many: Option<Pairs<'_>>, once: Headers<'_>) -> Result<HeaderMap, NoRequest> {
    let all = match (many, once) {
        (Some(many), _) | (None, Headers::Read(many)) => many,
        (None, Headers::Raw(raw)) => pairs(Some(raw))?,
        (None, Headers::None) => Vec::new(),
    };
    // One more, for the cookies.
    let too_many = |_| "it has more headers than a request can have".to_owned();
    let mut headers = HeaderMap::try_with_capacity(all.len() + 1).map_err(too_many)?;
    let (mut left_out, mut first) = (0_usize, None);
    for (name, value) in all {
        match (header_name(&name), HeaderValue::from_maybe_shared(share(bytes, value))) {
            (Some(name), Ok(value)) => {
                headers.try_append(name, value).map_err(too_many)?;
            }
            _ => {
                left_out += 1;
                first.get_or_insert(name);
            }
        }
    }
    if let Some(first) = first {
        let header: String = first.escape_debug().take(100).collect();
        tracing::warn!(header, left_out, "headers that HTTP does not allow are left out");
    }
    Ok(headers)
}

/// The names that AWS and browsers add to most requests need not be built anew; the `http` crate knows the others.
fn header_name(name: &str) -> Option<HeaderName> {
    macro_rules! known {
        ($($known:literal)*) => {
            match name {
                $($known => {
                    #[allow(clippy::declare_interior_mutable_const)] // a clone of it is what is wanted
                    const NAME: HeaderName = HeaderName::from_static($known);
                    Some(NAME)
                })*
                _ => HeaderName::from_bytes(name.as_bytes()).ok(),
            }
        };
    }
    known! {
        "x-forwarded-for" "x-forwarded-port" "x-forwarded-proto" "x-amzn-trace-id" "x-request-id" "x-api-key"
        "sec-ch-ua" "sec-ch-ua-mobile" "sec-ch-ua-platform" "sec-fetch-dest" "sec-fetch-mode" "sec-fetch-site"
        "sec-fetch-user" "x-amz-cf-id" "x-correlation-id" "idempotency-key"
    }
}

fn uri(path: &str, escaped: &'static AsciiSet, query: &str) -> Option<Uri> {
    let mut text = String::with_capacity(path.len() + query.len() + 1);
    if !path.starts_with('/') {
        text.push('/');
    }
    text.extend(utf8_percent_encode(path, escaped));
    if !query.is_empty() {
        text.push('?');
        text.extend(utf8_percent_encode(query, QUERY));
    }
    Uri::from_maybe_shared(Bytes::from(text)).ok()
}
