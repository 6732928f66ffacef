//! Extractors that take a resource without saying so, found before the first request.
//!
//! Nothing in an extractor's type tells what its code takes. So each one that does not say what it uses is asked once at
//! start: with requests that nobody has sent, without layers, and up to its first wait. It gets no resource; what it asks for
//! is noted.

use std::any::TypeId;
use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Waiting, Waker};

use axum_core::body::Body;
use axum_core::extract::{FromRequest, FromRequestParts, Request};
use futures_util::future::BoxFuture;
use http::HeaderValue;
use tokio::runtime::{Builder, Handle};
use tracing::subscriber::{NoSubscriber, with_default};

use super::{Context, Invoked, Resources, User};
use crate::clock::Deadline;
use crate::telemetry::{catch_panics, caught};

/// A resource that was asked for in vain: the value behind it, and the argument that it was asked for as.
pub(crate) type Wanted = (TypeId, &'static str);

thread_local! {
    static WANTED: RefCell<Option<Vec<Wanted>>> = const { RefCell::new(None) };
}

/// Notes what is asked for in vain while an extractor is rehearsed.
pub(crate) fn note(wanted: Wanted) {
    WANTED.with_borrow_mut(|noted| noted.iter_mut().for_each(|noted| noted.push(wanted)));
}

/// An extractor that does not say what it uses.
#[derive(Clone, Copy)]
pub(crate) struct Rehearsal {
    pub(crate) extractor: &'static str,
    run: fn(Request) -> BoxFuture<'static, ()>,
}

impl Rehearsal {
    pub(crate) fn of_parts<T: FromRequestParts<()> + 'static>() -> Self {
        let run = |request: Request| -> BoxFuture<'static, ()> {
            Box::pin(async move {
                let (mut parts, _) = request.into_parts();
                drop(T::from_request_parts(&mut parts, &()).await);
            })
        };
        Self { extractor: std::any::type_name::<T>(), run }
    }

    pub(crate) fn of_request<T: FromRequest<()> + 'static>() -> Self {
        let run = |request: Request| -> BoxFuture<'static, ()> {
            Box::pin(async move { drop(T::from_request(request, &()).await) })
        };
        Self { extractor: std::any::type_name::<T>(), run }
    }

    /// What it takes of a context that has nothing, in the first request of which it takes anything. Its log is not written,
    /// and its panics end here.
    pub(crate) fn wants(self, params: &[&'static str]) -> Vec<Wanted> {
        catch_panics();
        // As in a request, there is a runtime.
        let runtime =
            Handle::try_current().is_err().then(|| Builder::new_current_thread().enable_all().build().ok());
        let _entered = runtime.iter().flatten().next().map(|runtime| runtime.enter());
        let requests = LOGINS.iter().map(|login| request(*login, params));
        requests.map(|request| self.once(request)).find(|wanted| !wanted.is_empty()).unwrap_or_default()
    }

    fn once(self, request: Request) -> Vec<Wanted> {
        let before = WANTED.replace(Some(Vec::new()));
        let _ = caught(|| {
            with_default(NoSubscriber::default(), || {
                let mut extraction: Pin<_> = (self.run)(request);
                let _ = extraction.as_mut().poll(&mut Waiting::from_waker(Waker::noop()));
            });
        });
        WANTED.replace(before).unwrap_or_default()
    }
}

/// The ways to log in that extractors look for, the first of which is none.
const LOGINS: [Option<&str>; 3] = [None, Some("Bearer 1"), Some("Basic dXNlcjpwYXNzd29yZA==")];

/// What extractors look at before they take a connection.
const HEADERS: [&str; 18] = [
    "api-key",
    "idempotency-key",
    "if-match",
    "origin",
    "x-api-key",
    "x-auth",
    "x-auth-token",
    "x-csrf-token",
    "x-forwarded-for",
    "x-session",
    "x-session-id",
    "x-tenant",
    "x-tenant-id",
    "x-token",
    "x-user",
    "x-user-id",
    "x-user-name",
    "x-username",
];
const COOKIES: &str =
    "access_token=1; auth=1; id=1; session=1; session_id=1; sid=1; token=1; user=1; user_id=1";
const QUERY: &str = "/?access_token=1&api_key=1&id=1&key=1&session=1&tenant=1&token=1&user=1&user_id=1";

fn request(login: Option<&'static str>, params: &[&'static str]) -> Request {
    let mut request = Request::new(Body::from("{}"));
    let headers = request.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(http::header::HOST, HeaderValue::from_static("localhost"));
    if let Some(login) = login {
        *request.uri_mut() = http::Uri::from_static(QUERY);
        let headers = request.headers_mut();
        headers.insert(http::header::AUTHORIZATION, HeaderValue::from_static(login));
        headers.insert(http::header::COOKIE, HeaderValue::from_static(COOKIES));
        for name in HEADERS {
            headers.insert(name, HeaderValue::from_static("1"));
        }
    }
    let mut invoked = Invoked::plain(User::NOBODY, Deadline::NONE);
    invoked.params = params.iter().map(|param| (*param, "1".to_owned())).collect();
    let context = Context::invocation(Arc::new(Resources::default()), invoked);
    request.extensions_mut().insert(context);
    request
}

#[cfg(test)]
mod tests {
    use axum_core::response::IntoResponse;
    use http::StatusCode;
    use http::request::Parts;

    use super::*;

    /// Takes what its type says, after it has seen this header.
    struct Behind<const BASIC: bool>;

    impl<const BASIC: bool, S: Sync> FromRequestParts<S> for Behind<BASIC> {
        type Rejection = axum_core::response::Response;

        async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
            tracing::error!("a rehearsal is no news");
            let login = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
            let scheme = if BASIC { "Basic " } else { "Bearer " };
            if !login.is_some_and(|login| login.starts_with(scheme)) {
                return Err(StatusCode::UNAUTHORIZED.into_response());
            }
            note((TypeId::of::<Self>(), "it"));
            Ok(Self)
        }
    }

    struct Panics;

    impl<S: Sync> FromRequestParts<S> for Panics {
        type Rejection = StatusCode;

        async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
            tokio::time::sleep(std::time::Duration::ZERO).await;
            note((TypeId::of::<Self>(), "it"));
            panic!("behind its first wait")
        }
    }

    #[test]
    fn an_extractor_is_asked_with_and_without_a_login_up_to_its_first_wait() {
        let log = crate::telemetry::Log::default();
        let (count, _) = log.of(|| {
            let all = [
                Rehearsal::of_parts::<Behind<true>>(),
                Rehearsal::of_parts::<Behind<false>>(),
                Rehearsal::of_parts::<Panics>(),
                Rehearsal::of_parts::<http::HeaderMap>(),
                Rehearsal::of_request::<String>(),
            ];
            all.map(|rehearsal| rehearsal.wants(&["id"]).len())
        });
        assert_eq!(count, [1, 1, 0, 0, 0]);
        assert_eq!(log.text(), "");
        note((TypeId::of::<u8>(), "outside of any"));
    }
}
