//! Paths that differ by a slash at their end.

use http::{HeaderValue, Uri};

use crate::config::{Invalid, Section};
use crate::handler::Uncalled;
use crate::handler::router::Matched;

/// What a slash at the end of a path means; the setting `server.trailing_slash`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TrailingSlash {
    /// Another path.
    #[default]
    Strict,
    /// The same path.
    Same,
    /// The path that has a handler is told by a redirect.
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

    /// Who serves a path that nobody serves as it is, by the other one.
    pub(super) fn other<'r>(self, path: &str, route: impl FnOnce(&str) -> Matched<'r>) -> Other<'r> {
        let toggled = if self == Self::Strict { None } else { toggled(path) };
        match toggled.map(|other| route(&other)) {
            None | Some(Matched::NotFound) => Other::NotFound,
            Some(Matched::Served(..) | Matched::BadPath(..)) if self == Self::Redirect => Other::Redirect,
            Some(matched) => Other::Same(matched),
        }
    }
}

/// What the other path comes to.
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

/// Leads a client to the other path, whatever its method; `before` is what was taken off its path.
pub(super) fn redirect(before: &str, uri: &Uri) -> Option<Uncalled> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("{before}{}", toggled(uri.path())?);
    // Two slashes begin the name of a host, and browsers take the other one for them.
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
