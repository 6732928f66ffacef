use std::ops::{Deref, DerefMut};

use axum::extract::rejection::FormRejection;
use axum_core::extract::{FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Failure;

const FORM: &str = "application/x-www-form-urlencoded";

/// A form in a request body, or in the query of `GET` and `HEAD`; and in an answer.
///
/// The type of the body is `application/x-www-form-urlencoded`, in any case. Rejections are those of axum's `Form`: 415 for
/// another type, 413 above the body limit, 422 for a body and 400 for a query of another shape. An answer that cannot be
/// written is a 500 `RESPONSE_NOT_SERIALIZABLE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form<T>(pub T);

impl<T> Deref for Form<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Form<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = FormRejection;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, FormRejection> {
        let kind = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default();
        // axum compares it byte by byte; media types are case-insensitive (RFC 9110, section 8.3.1).
        if essence.trim_ascii().eq_ignore_ascii_case(FORM.as_bytes()) {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
        }
        axum::Form::from_request(request, state).await.map(|axum::Form(value)| Self(value))
    }
}

impl<T: Serialize> IntoResponse for Form<T> {
    fn into_response(self) -> Response {
        let response = axum::Form(self.0).into_response();
        // axum's body is the text of the error, which must not reach a client.
        match response.status() {
            status if status.is_server_error() => {
                Failure::internal("RESPONSE_NOT_SERIALIZABLE", "the value cannot be written as a form")
                    .into_response()
            }
            _ => response,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum_core::body::Body;

    use super::*;

    async fn taken(kind: &str) -> Result<Vec<(String, u8)>, u16> {
        let request = http::Request::post("/").header(CONTENT_TYPE, kind);
        let taken = Form::from_request(request.body(Body::from("a=1&b=2")).unwrap(), &()).await;
        taken.map(|form| form.0).map_err(|rejection| rejection.into_response().status().as_u16())
    }

    #[tokio::test]
    async fn a_form_is_told_by_its_type_however_that_is_written() {
        for (kind, is_form) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-Urlencoded", true),
            ("APPLICATION/X-WWW-FORM-URLENCODED; charset=UTF-8", true),
            ("application/X-www-form-urlencoded;charset=\"UTF-8\"", true),
            (" Application/x-www-form-urlencoded ;", true),
            ("application/json", false),
            ("multipart/form-data; boundary=Application/x-www-form-urlencoded", false),
            ("", false),
        ] {
            let expected =
                if is_form { Ok(vec![("a".to_owned(), 1), ("b".to_owned(), 2)]) } else { Err(415) };
            assert_eq!(taken(kind).await, expected, "{kind}");
        }
    }

    #[tokio::test]
    async fn the_form_of_a_get_is_its_query_and_what_is_wrong_is_told_as_axum_does() {
        let request = || http::Request::get("/?a=1").body(Body::empty()).unwrap();
        assert_eq!(Form::<Vec<(char, u8)>>::from_request(request(), &()).await.unwrap().0, [('a', 1)]);
        let wrong = Form::<Vec<(u8, u8)>>::from_request(request(), &()).await.unwrap_err();
        assert_eq!(wrong.into_response().status(), 400);
        let sent = Form([("a", "1 2")]).into_response();
        assert_eq!(
            (sent.status().as_u16(), &sent.headers()[CONTENT_TYPE]),
            (200, &HeaderValue::from_static(FORM))
        );
        let unwritable = Form("no pairs").into_response();
        assert_eq!(unwritable.extensions().get::<Failure>().unwrap().code(), "RESPONSE_NOT_SERIALIZABLE");
        let mut form = Form(vec![1]);
        form.push(2);
        assert_eq!(form.len(), 2);
    }
}
