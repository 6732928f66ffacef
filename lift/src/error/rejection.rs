use axum_core::response::Response;
use futures_util::FutureExt;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;

use super::{Failure, Origin};

/// The failure of a foreign extractor's rejection: its status and, for a 4xx, its text.
///
/// axum's own rejections and most others answer with a short `text/plain` body that lies ready in memory. An answer
/// of another kind (a redirect to a login page, a JSON body) is meant as it is and comes back unchanged.
#[allow(clippy::result_large_err)] // a response is what both sides have in hand
pub(crate) fn failure_of_rejection(response: Response) -> Result<Failure, Response> {
    if let Some(failure) = response.extensions().get::<Failure>() {
        return Ok(failure.clone());
    }
    let status = response.status();
    let plain =
        response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !plain || !(status.is_client_error() || status.is_server_error()) {
        return Err(response);
    }
    let text = match response.into_body().collect().now_or_never() {
        Some(Ok(body)) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        _ => String::new(),
    };
    let failure = Failure::new(status, code(status));
    let failure = if status.is_client_error() {
        if text.is_empty() { failure } else { failure.detail(text) }
    } else {
        failure.cause(advice(text))
    };
    Ok(failure.origin_is(Origin::Rejected))
}

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
        let rejection = (StatusCode::BAD_REQUEST, "missing field `page`").into_response();
        let failure = failure_of_rejection(rejection).unwrap();
        assert_eq!((failure.code(), failure.public_detail()), ("BAD_REQUEST", Some("missing field `page`")));

        let secret = (StatusCode::INTERNAL_SERVER_ERROR, "password hunter2").into_response();
        let failure = failure_of_rejection(secret).unwrap();
        assert_eq!(failure.public_detail(), None);
        assert!(failure.chain().unwrap().contains("hunter2"));

        let login = (StatusCode::FOUND, [("location", "/login")]).into_response();
        assert_eq!(failure_of_rejection(login).unwrap_err().status(), StatusCode::FOUND);
    }
}
