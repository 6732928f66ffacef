//! Paths that differ by a slash at their end.

use http::{HeaderValue, Uri};

use crate::config::{Invalid, Section};
use crate::handler::Uncalled;
use crate::handler::router::Matched;

/// The setting `server.trailing_slash`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TrailingSlash {
    /// A path with a slash at its end is another path.
    #[default]
    Strict,
    /// The two paths are one.
    Same,
    /// A client is redirected to the path that has a handler.
    Redirect,
}

impl TrailingSlash {
    const KEY: &str = "trailing_slash";

    pub(super) fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
        match section.optional::<String>(Self::KEY)?.as_deref() {
            None | Some("strict") => Ok(Self::Strict),
            Some("same") => Ok(Self::Same),
            Some("redirect") => Ok(Self::Redirect),
            Some(word) => {
                Err(section.invalid(Self::KEY, format!("`{word}` is not `strict`, `same` or `redirect`")))
            }
        }
    }

    /// Routes a path without a handler by its other form.
    pub(super) fn other<'r>(self, path: &str, route: impl FnOnce(&str) -> Matched<'r>) -> Other<'r> {
        let toggled = if self == Self::Strict { None } else { toggled(path) };
        match toggled.map(|other| route(&other)) {
            None | Some(Matched::NotFound) => Other::NotFound,
            Some(Matched::Served(..) | Matched::BadPath(..)) if self == Self::Redirect => Other::Redirect,
            Some(matched) => Other::Same(matched),
        }
    }
}

/// The outcome of the other form.
pub(super) enum Other<'r> {
    NotFound,
    Redirect,
    Same(Matched<'r>),
}

/// The path with a slash at its end, or without it.
fn toggled(path: &str) -> Option<String> {
    match path.strip_suffix('/') {
        None => Some(format!("{path}/")),
        Some(bare) if bare.is_empty() || bare.ends_with('/') => None,
        Some(bare) => Some(bare.to_owned()),
    }
}

/// Redirects to the other form, whatever the method; `before` is the prefix that was stripped from the path.
pub(super) fn redirect(before: &str, uri: &Uri) -> Option<Uncalled> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("{before}{}", toggled(uri.path())?);
    // A reference that starts with two slashes names a host, and browsers read a backslash as a slash.
    let dot = if path.starts_with("//") || path.starts_with("/\\") { "/." } else { "" };
    HeaderValue::try_from(format!("{dot}{path}{query}")).ok().map(Uncalled::redirect)
}

#[cfg(test)]
mod tests {
    use axum_core::response::IntoResponse;

    use super::*;

    #[test]
    fn a_redirect_leads_to_the_other_path_of_this_host() {
        for (before, uri, location) in [
            ("", "/orders/", "/orders"),
            ("", "/orders?a=1", "/orders/?a=1"),
            ("/prod", "/orders/?a", "/prod/orders?a"),
            ("", "//evil.example/", "/.//evil.example"),
            ("", "/\\evil.example/", "/./\\evil.example"),
        ] {
            let response = redirect(before, &uri.parse().unwrap()).unwrap().into_response();
            assert_eq!(
                (response.status().as_u16(), &response.headers()["location"]),
                (308, &location.parse::<HeaderValue>().unwrap())
            );
        }
        assert!(redirect("", &"/".parse().unwrap()).is_none());
    }
}
