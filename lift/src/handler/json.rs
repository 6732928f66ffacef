use std::ops::{Deref, DerefMut};

use axum_core::RequestExt;
use axum_core::body::Body;
use axum_core::extract::{FromRequest, OptionalFromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Body as _;
use http_body_util::LengthLimitError;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};

use crate::body::{AXUM_BODY_LIMIT, whole};
use crate::error::{Failure, Origin, Sources};

/// JSON in a request body and in an answer.
///
/// As an argument it needs `content-type: application/json` (or `…+json`) and a body within the limit of 6 MB. What
/// is wrong is told with its place: 415 `UNSUPPORTED_MEDIA_TYPE`, 413 `BODY_TOO_LARGE`, 400 `INVALID_JSON` with line
/// and column, 422 `INVALID_BODY` with a JSON Pointer to the field.
///
/// As an answer, a value that cannot be written as JSON is a 500 `RESPONSE_NOT_SERIALIZABLE`.
///
/// axum's own `Json` works as well; this one looks for the place of a fault only after there is one, and never shows
/// a client why a response could not be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        if !is_json(request.headers()) {
            let detail = "send the body as JSON with `content-type: application/json`";
            return Err(rejected(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", detail));
        }
        // Nobody can have set a limit where nothing but lift's context is; below axum's own a body needs none.
        let unlimited = request.extensions().len() <= 1
            && request.body().size_hint().exact().is_some_and(|size| size <= AXUM_BODY_LIMIT);
        let body = if unlimited { request.into_body() } else { request.into_limited_body() };
        let body = whole(body).await.map_err(|error| unreadable(&error))?;
        decode(&body).map(Self)
    }
}

/// `None` when the request has no content type at all.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Failure> {
        if request.headers().get(CONTENT_TYPE).is_none() {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

fn rejected(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Failure {
    Failure::new(status, code).detail(detail).origin_is(Origin::Rejected)
}

/// Why a body cannot be had, in axum's words.
#[cold]
fn unreadable(error: &axum_core::Error) -> Failure {
    if Sources::of(error).any(|error| error.is::<LengthLimitError>()) {
        let detail = "Failed to buffer the request body: length limit exceeded";
        return rejected(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", detail);
    }
    rejected(StatusCode::BAD_REQUEST, "BAD_REQUEST", format!("Failed to buffer the request body: {error}"))
}

/// Whether a body says that it is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return false };
    if kind == "application/json" {
        return true;
    }
    let Ok(kind) = kind.to_str() else { return false };
    let essence = kind.split(';').next().unwrap_or(kind).trim();
    let Some((kind, subtype)) = essence.split_once('/') else { return false };
    kind.eq_ignore_ascii_case("application")
        && (subtype.eq_ignore_ascii_case("json") || subtype.to_ascii_lowercase().ends_with("+json"))
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    // One check of all of it is cheaper than one for each text in it.
    let read = match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(body),
    };
    read.map_err(|error| locate::<T>(body, error))
}

/// Reads the body once more to name the place of its fault; a success never pays for this.
#[cold]
fn locate<T: DeserializeOwned>(body: &[u8], error: serde_json::Error) -> Failure {
    // A value of another kind is malformed to serde_json where it looks for a variant's name.
    let is_json = || serde_json::from_slice::<IgnoredAny>(body).is_ok();
    if !error.is_data() && !is_json() {
        let detail = if body.is_empty() { "the body is empty".to_owned() } else { error.to_string() };
        return rejected(StatusCode::BAD_REQUEST, "INVALID_JSON", detail);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let (path, detail) = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(error) => (error.path().clone(), without_position(&error.inner().to_string())),
        Ok(_) => {
            return rejected(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_BODY", error.to_string())
                .cause(error);
        }
    };
    let place = path.to_string();
    let text = if place == "." { detail.clone() } else { format!("{place}: {detail}") };
    // The text may hold a part of the body: it goes to whoever sent it, and its class to the log.
    let failure = rejected(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_BODY", text).cause(error);
    failure.field(pointer(&path), detail)
}

/// serde_json's text without its ` at line 1 column 30`: the field says more.
fn without_position(text: &str) -> String {
    text.rsplit_once(" at line ").map_or(text, |(text, _)| text).to_owned()
}

/// The path as a JSON Pointer in a URI fragment.
fn pointer(path: &Path) -> String {
    let mut pointer = String::from("#");
    for segment in path.iter() {
        pointer.push('/');
        match segment {
            Segment::Map { key } => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => pointer.push_str(variant),
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let mut response = Response::new(Body::from(body));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Err(error) => Failure::unwritable(&error).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Order {
        items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Item {
        quantity: u32,
    }

    fn fault(body: &str) -> (u16, String, Option<String>, Option<String>) {
        let failure = decode::<Order>(body.as_bytes()).unwrap_err();
        let pointer = failure.fields().first().map(|field| field.pointer.clone());
        (
            failure.status().as_u16(),
            failure.code().to_owned(),
            failure.public_detail().map(str::to_owned),
            pointer,
        )
    }

    #[test]
    fn faults_are_told_with_their_place() {
        let (status, code, detail, pointer) = fault(r#"{"items":[{"quantity":1},{"quantity":"two"}]}"#);
        assert_eq!((status, code.as_str()), (422, "INVALID_BODY"));
        assert_eq!(pointer.as_deref(), Some("#/items/1/quantity"));
        assert_eq!(detail.as_deref(), Some("items[1].quantity: invalid type: string \"two\", expected u32"));

        let (status, code, detail, _) = fault(r#"{"items":[}"#);
        assert_eq!((status, code.as_str()), (400, "INVALID_JSON"));
        assert!(detail.unwrap().contains("line 1 column 11"));
        assert_eq!(fault("").2.as_deref(), Some("the body is empty"));
        assert_eq!(fault("{}").3.as_deref(), Some("#"));
    }

    #[test]
    fn the_log_holds_no_part_of_a_body() {
        #[derive(Debug, Deserialize)]
        #[allow(dead_code)]
        enum Wish {
            Tea { cups: u8 },
        }
        for body in [r#"{"Tea":{"cups":"hunter2"}}"#, r#""hunter2""#, r#"{"hunter2":1}"#, r#"["hunter2"]"#] {
            let failure = decode::<Wish>(body.as_bytes()).unwrap_err();
            assert_eq!(failure.code(), "INVALID_BODY");
            let logged = failure.logged(false).unwrap().to_owned();
            assert!(logged.contains("JSON") && !logged.contains("hunter2"), "{logged}");
        }
    }

    #[test]
    fn json_of_another_kind_is_not_malformed_where_an_enum_is_wanted() {
        #[derive(Debug, Deserialize)]
        enum Wish {
            Tea,
        }
        for body in ["null", "7", "[]", r#""Milk""#] {
            let failure = decode::<Wish>(body.as_bytes()).unwrap_err();
            assert_eq!((failure.status().as_u16(), failure.code()), (422, "INVALID_BODY"), "{body}");
        }
        assert!(matches!(decode::<Wish>(br#""Tea""#), Ok(Wish::Tea)));
        assert_eq!(decode::<Wish>(b"nul").unwrap_err().code(), "INVALID_JSON");
    }

    #[test]
    fn json_is_told_by_its_content_type() {
        for (kind, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/problem+json", true),
            ("text/json", false),
            ("application/jsonp", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(is_json(&headers), json, "{kind}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_an_internal_failure() {
        let odd = std::collections::HashMap::from([((1, 2), 3)]);
        let response = Json(odd).into_response();
        assert_eq!(response.extensions().get::<Failure>().unwrap().code(), "RESPONSE_NOT_SERIALIZABLE");
    }
}
