use std::borrow::Cow;

use axum_core::body::Body;
use axum_core::response::Response;
use futures_util::FutureExt;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderName, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;

use super::{Failure, Origin};

/// The headers that describe a body, which a failure has of its own.
const OF_THE_BODY: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING];

/// A foreign extractor's rejection with its failure: its status, its headers and, for a 4xx, its text.
///
/// axum's own rejections and most others answer with a short `text/plain` body that lies ready in memory. An answer
/// of another kind (a redirect to a login page, a JSON body) is meant as it is; one below 400 is marked [`NotCalled`].
pub(crate) fn rejected(mut response: Response) -> Response {
    let status = response.status();
    if status.as_u16() < 400 {
        response.extensions_mut().insert(NotCalled);
    }
    let plain =
        response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let has_failed = status.is_client_error() || status.is_server_error();
    if response.extensions().get::<Failure>().is_some() || !plain || !has_failed {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = match body.collect().now_or_never() {
        Some(Ok(body)) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        _ => String::new(),
    };
    let failure = Failure::new(status, code(status));
    let failure = if status.is_client_error() {
        if text.is_empty() { failure } else { failure.detail(text) }
    } else {
        failure.cause(advice(text))
    };
    for header in OF_THE_BODY {
        parts.headers.remove(header);
    }
    parts.extensions.insert(failure.origin_is(Origin::Rejected));
    Response::from_parts(parts, Body::empty())
}

/// A handler's error that is a status without a body, as a failure: its headers stay. One with a body of its own is meant as
/// it is.
pub(crate) fn answered(mut response: Response) -> Response {
    let status = response.status();
    let has_failed = status.is_client_error() || status.is_server_error();
    let is_empty = response.body().is_end_stream() && !response.headers().contains_key(CONTENT_TYPE);
    if !has_failed || !is_empty || response.extensions().get::<Failure>().is_some() {
        return response;
    }
    for header in OF_THE_BODY {
        response.headers_mut().remove(header);
    }
    let failure = Failure::new(status, code_of(status)).origin_is(Origin::Status);
    response.extensions_mut().insert(failure);
    response
}

/// The code of a status: its standard words, such as `NOT_FOUND`; for 500 lift's own.
fn code_of(status: StatusCode) -> Cow<'static, str> {
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        return "INTERNAL".into();
    }
    let Some(reason) = status.canonical_reason() else { return format!("STATUS_{}", status.as_u16()).into() };
    let letter = |letter: char| match letter {
        ' ' => Some('_'),
        letter => letter.is_ascii_alphanumeric().then(|| letter.to_ascii_uppercase()),
    };
    reason.chars().filter_map(letter).collect::<String>().into()
}

/// In the extensions of a rejection that is answered below 400, such as a redirect: over HTTP that is an answer, for
/// everybody else the handler was not called.
#[derive(Clone, Copy)]
pub(crate) struct NotCalled;

/// What helps when an extractor that belongs to another router fails here.
fn advice(text: String) -> String {
    if text.contains("No paths parameters found") || text.contains("matched path") {
        format!(
            "{text} (this is axum's own extractor: use `lift::extract::Path` or `MatchedPath` from the prelude)"
        )
    } else if text.contains("Missing request extension") {
        format!("{text} (give the value with `App::provide` and take it as `Shared<T>`)")
    } else {
        text
    }
}

fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "BAD_REQUEST",
        StatusCode::UNAUTHORIZED => "UNAUTHORIZED",
        StatusCode::FORBIDDEN => "FORBIDDEN",
        StatusCode::NOT_FOUND => "NOT_FOUND",
        StatusCode::PAYLOAD_TOO_LARGE => "BODY_TOO_LARGE",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "UNSUPPORTED_MEDIA_TYPE",
        StatusCode::UNPROCESSABLE_ENTITY => "UNPROCESSABLE",
        status if status.is_client_error() => "REJECTED",
        _ => "INTERNAL",
    }
}

#[cfg(test)]
mod tests {
    use axum_core::response::IntoResponse;

    use super::*;

    #[test]
    fn a_plain_rejection_becomes_a_failure_and_a_redirect_stays() {
        let of = |response: &Response| response.extensions().get::<Failure>().cloned();
        let rejection = rejected((StatusCode::BAD_REQUEST, "missing field `page`").into_response());
        let failure = of(&rejection).unwrap();
        assert_eq!((failure.code(), failure.public_detail()), ("BAD_REQUEST", Some("missing field `page`")));

        let secret = rejected((StatusCode::INTERNAL_SERVER_ERROR, "password hunter2").into_response());
        let failure = of(&secret).unwrap();
        assert_eq!(failure.public_detail(), None);
        assert!(failure.chain().unwrap().contains("hunter2"));

        let login = rejected((StatusCode::FOUND, [("location", "/login")]).into_response());
        assert_eq!((login.status(), of(&login).is_none()), (StatusCode::FOUND, true));
        // What has failed by its status needs no mark.
        let json =
            rejected((StatusCode::BAD_REQUEST, [(CONTENT_TYPE, "application/json")], "{}").into_response());
        let marked = |response: &Response| response.extensions().get::<NotCalled>().is_some();
        assert!(marked(&login) && !marked(&json));
    }

    #[test]
    fn what_a_rejection_says_in_its_headers_stays() {
        let headers = [("www-authenticate", "Basic"), ("content-length", "4"), ("retry-after", "7")];
        let own = Failure::new(StatusCode::UNAUTHORIZED, "NO_TOKEN");
        for response in [
            (StatusCode::UNAUTHORIZED, headers, "Stop").into_response(),
            ([("www-authenticate", "Basic"), ("retry-after", "7")], own).into_response(),
        ] {
            let rejection = rejected(response);
            assert_eq!(rejection.status(), StatusCode::UNAUTHORIZED);
            assert!(rejection.extensions().get::<Failure>().is_some());
            let mut names: Vec<_> = rejection.headers().keys().map(HeaderName::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, ["retry-after", "www-authenticate"]);
        }
    }

    #[test]
    fn a_status_without_a_body_is_a_failure_of_its_name() {
        for (status, code) in [
            (400, "BAD_REQUEST"),
            (404, "NOT_FOUND"),
            (409, "CONFLICT"),
            (418, "IM_A_TEAPOT"),
            (422, "UNPROCESSABLE_ENTITY"),
            (429, "TOO_MANY_REQUESTS"),
            (499, "STATUS_499"),
            (500, "INTERNAL"),
            (503, "SERVICE_UNAVAILABLE"),
            (505, "HTTP_VERSION_NOT_SUPPORTED"),
            (599, "STATUS_599"),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let headers = [("retry-after", "7"), ("content-length", "0")];
            let response = answered((status, headers).into_response());
            assert!(response.headers().get("content-length").is_none());
            let failure = response.extensions().get::<Failure>().unwrap();
            assert_eq!((failure.status(), failure.code(), failure.origin()), (status, code, Origin::Status));
            assert_eq!(
                (response.status(), response.headers()["retry-after"].to_str().ok()),
                (status, Some("7"))
            );
            assert!(
                code.chars()
                    .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_')
            );
        }
    }

    #[test]
    fn an_answer_that_is_more_than_a_status_stays() {
        let conflict = StatusCode::CONFLICT;
        for response in [
            (conflict, "taken").into_response(),
            (conflict, [(CONTENT_TYPE, "application/json")], "{}").into_response(),
            (conflict, [(CONTENT_TYPE, "application/json")]).into_response(),
            StatusCode::NOT_MODIFIED.into_response(),
            StatusCode::OK.into_response(),
        ] {
            assert!(answered(response).extensions().get::<Failure>().is_none());
        }
        let own = answered(Failure::new(conflict, "SHORT").into_response());
        assert_eq!(own.extensions().get::<Failure>().unwrap().code(), "SHORT");
    }

    fn failure_of(response: impl IntoResponse) -> Option<Failure> {
        rejected(response.into_response()).extensions().get().cloned()
    }

    #[test]
    fn every_status_of_a_rejection_has_its_code() {
        for (status, expected) in [
            (400, "BAD_REQUEST"),
            (401, "UNAUTHORIZED"),
            (403, "FORBIDDEN"),
            (404, "NOT_FOUND"),
            (413, "BODY_TOO_LARGE"),
            (415, "UNSUPPORTED_MEDIA_TYPE"),
            (422, "UNPROCESSABLE"),
            (418, "REJECTED"),
            (500, "INTERNAL"),
            (503, "INTERNAL"),
        ] {
            let rejection = (StatusCode::from_u16(status).unwrap(), "text").into_response();
            let failure = failure_of(rejection).unwrap();
            assert_eq!((failure.code(), failure.status().as_u16()), (expected, status));
            assert_eq!(failure.origin(), Origin::Rejected);
        }
    }

    #[test]
    fn a_rejection_without_a_text_or_with_a_body_of_its_own_kind() {
        let silent = failure_of(StatusCode::UNAUTHORIZED.into_response()).unwrap();
        assert_eq!((silent.code(), silent.public_detail()), ("UNAUTHORIZED", None));
        let html = (StatusCode::UNAUTHORIZED, [(CONTENT_TYPE, "text/html")], "<h1>").into_response();
        assert!(failure_of(html).is_none());
        let own = Failure::new(StatusCode::CONFLICT, "SHORT").into_response();
        assert_eq!(failure_of(own).unwrap().code(), "SHORT");
    }

    #[test]
    fn an_extractor_of_another_router_is_told_what_to_use_instead() {
        for (text, advice) in [
            ("No paths parameters found for matched route", "use `lift::extract::Path`"),
            ("The matched path is not available", "use `lift::extract::Path`"),
            (
                "Missing request extension: Extension of type `u8` was not found",
                "give the value with `App::provide`",
            ),
        ] {
            let rejection = (StatusCode::INTERNAL_SERVER_ERROR, text).into_response();
            let chain = failure_of(rejection).unwrap().chain().unwrap();
            assert!(chain.starts_with(text) && chain.contains(advice), "{chain}");
        }
        let other = (StatusCode::INTERNAL_SERVER_ERROR, "boom").into_response();
        assert_eq!(failure_of(other).unwrap().chain().as_deref(), Some("boom"));
    }
}
