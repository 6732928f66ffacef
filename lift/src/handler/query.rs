use std::ops::{Deref, DerefMut};

use axum::extract::Query as Axums;
use axum::extract::rejection::QueryRejection;
use axum_core::extract::FromRequestParts;
use http::Uri;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::path::Params;
use crate::error::{Failure, Origin};

/// What stands behind `?`, as one value: a struct or a map by the names of the parameters, or a list of pairs
/// `(name, value)`.
///
/// A query string that does not fit is 400 `BAD_REQUEST`; its `errors[]` name the parameter that is wrong, missing,
/// unknown or written twice.
///
/// axum's own `Query` works as well, without the name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T> Deref for Query<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Query<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: DeserializeOwned> Query<T> {
    /// Reads the query string of an address.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn try_from_uri(uri: &Uri) -> Result<Self, QueryRejection> {
        Axums::try_from_uri(uri).map(|Axums(value)| Self(value))
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Self::try_from_uri(&parts.uri).map_err(|rejection| located::<T>(&parts.uri, &rejection))
    }
}

/// Reads the query string once more to name the parameter; a success never pays for this.
#[cold]
fn located<T: DeserializeOwned>(uri: &Uri, rejection: &QueryRejection) -> Failure {
    let failure = Failure::new(rejection.status(), "BAD_REQUEST").detail(rejection.body_text());
    let failure = failure.origin_is(Origin::Rejected);
    let pairs: Vec<_> =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let Err(error) = T::deserialize(Params(&pairs)) else { return failure };
    match error.parameter() {
        Some(name) => failure.parameter(name, &*error.problem),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Page {
        page: u32,
        size: Option<u8>,
        #[serde(default)]
        order: Order,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Order {
        #[default]
        Up,
        Down,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    async fn read<T: DeserializeOwned>(query: &str) -> Result<T, Failure> {
        let request = http::Request::get(format!("/orders{query}")).body(()).unwrap();
        Query::from_request_parts(&mut request.into_parts().0, &()).await.map(|Query(value)| value)
    }

    #[tokio::test]
    async fn a_parameter_that_does_not_fit_is_named() {
        for (query, parameter, problem) in [
            ("?page=x", "page", "`x`: invalid digit found in string"),
            ("?page=-1", "page", "`-1`: invalid digit found in string"),
            ("?page=", "page", "``: cannot parse integer from empty string"),
            ("?page=1&size=300", "size", "`300`: number too large to fit in target type"),
            ("?page=1&order=left", "order", "unknown variant `left`, expected `up` or `down`"),
            ("", "page", "missing field `page`"),
            ("?size=1", "page", "missing field `page`"),
            ("?page=1&pge=2", "pge", "unknown field `pge`, expected `page`, `size`, `order`"),
            ("?page=1&page=2", "page", "duplicate field `page`"),
            ("?page=a%26b", "page", "`a&b`: invalid digit found in string"),
        ] {
            let failure = read::<Page>(query).await.unwrap_err();
            assert_eq!((failure.status().as_u16(), failure.code()), (400, "BAD_REQUEST"), "{query}");
            let [fault] = failure.fields() else { panic!("{query}: {failure:?}") };
            assert_eq!((fault.parameter.as_deref(), &*fault.detail), (Some(parameter), problem), "{query}");
            assert!(failure.public_detail().unwrap().starts_with("Failed to deserialize query string"));
        }
    }

    #[tokio::test]
    async fn a_map_names_its_parameter_and_what_has_no_place_names_none() {
        let failure = read::<HashMap<String, u8>>("?a=1&b=x").await.unwrap_err();
        assert_eq!(failure.fields()[0].parameter.as_deref(), Some("b"));
        let failure = read::<Nothing>("?a=1").await.unwrap_err();
        assert_eq!(failure.fields()[0].detail, "unknown field `a`, there are no fields");
        let failure = read::<u8>("?a=1").await.unwrap_err();
        assert!(failure.fields().is_empty());
    }

    #[tokio::test]
    async fn what_fits_is_read() {
        let page: Page = read("?page=7&order=down").await.unwrap();
        assert!(matches!(page, Page { page: 7, size: None, order: Order::Down }));
        let pairs: Vec<(String, String)> = read("?a=1&a=2&b=%20+").await.unwrap();
        assert_eq!(pairs.len(), 3);
        let mut query = Query(page);
        query.page += 1;
        assert_eq!(query.page, 8);
    }
}
