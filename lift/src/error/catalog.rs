use std::fmt;
use std::marker::PhantomData;

use super::{LiftError, Retry};
use crate::config::duration_text;

/// What one variant of an error tells its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CatalogEntry {
    /// The variant's name; empty for a struct.
    pub variant: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: &'static str,
    /// The advice on retries.
    pub retry: Option<Retry>,
    /// The public text as it is written, with its placeholders; `None` when only the title is shown.
    pub text: Option<&'static str>,
}

impl CatalogEntry {
    /// An entry; generated code calls this with what it has checked.
    #[must_use]
    pub const fn new(
        variant: &'static str,
        status: u16,
        code: &'static str,
        retry: Option<Retry>,
        text: Option<&'static str>,
    ) -> Self {
        Self { variant, status, code, retry, text }
    }
}

/// All that an error type may tell, as [`LiftError::CATALOG`]: for documentation, and for `orders errors`.
///
/// ```
/// use lift::prelude::*;
///
/// #[derive(Debug, thiserror::Error, LiftError)]
/// enum OrderError {
///     #[error("order {0} does not exist")]
///     #[lift(status = 404, code = "ORDER_NOT_FOUND")]
///     NotFound(u64),
/// }
///
/// let entry = OrderError::CATALOG.entries()[0];
/// assert_eq!((entry.status, entry.code, entry.text), (404, "ORDER_NOT_FOUND", Some("order {0} does not exist")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Catalog {
    own: &'static [CatalogEntry],
    inner: &'static [Self],
}

impl Catalog {
    /// Of an error that does not say.
    pub const EMPTY: Self = Self::new(&[], &[]);

    /// The entries of a type's own variants, and the catalogs of the types that its `transparent` variants hold.
    #[must_use]
    pub const fn new(own: &'static [CatalogEntry], inner: &'static [Self]) -> Self {
        Self { own, inner }
    }

    /// Every entry, those of `transparent` variants behind the type's own.
    #[must_use]
    pub fn entries(&self) -> Vec<CatalogEntry> {
        let inner = self.inner.iter().flat_map(Self::entries);
        self.own.iter().copied().chain(inner).collect()
    }
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::Now => f.write_str("now"),
            Self::After(time) => write!(f, "after {}", duration_text(*time)),
        }
    }
}

/// Finds the catalog of a type: of an error, or of the error of a `Result`. Where there is none it is empty, by
/// [`NoCatalog`].
#[doc(hidden)]
pub struct CatalogOf<T>(PhantomData<T>);

impl<E: LiftError> CatalogOf<E> {
    /// The error's own.
    pub const __LIFT_CATALOG: Catalog = E::CATALOG;
}

/// As [`CatalogOf`], for what a handler returns.
#[doc(hidden)]
pub struct CatalogOfAnswer<T>(PhantomData<T>);

impl<T, E: LiftError> CatalogOfAnswer<Result<T, E>> {
    /// The error's own.
    pub const __LIFT_CATALOG: Catalog = E::CATALOG;
}

/// What holds when nothing better does.
#[doc(hidden)]
pub trait NoCatalog {
    /// Nothing is known.
    const __LIFT_CATALOG: Catalog = Catalog::EMPTY;
}

impl<T> NoCatalog for CatalogOf<T> {}
impl<T> NoCatalog for CatalogOfAnswer<T> {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const fn entry(variant: &'static str) -> CatalogEntry {
        CatalogEntry::new(variant, 404, "CODE", None, None)
    }

    #[test]
    fn a_catalog_lists_its_own_entries_and_then_those_of_what_is_transparent() {
        const INNER: Catalog = Catalog::new(&[entry("c")], &[Catalog::new(&[entry("d")], &[])]);
        const OUTER: Catalog =
            Catalog::new(&[entry("a"), entry("b")], &[INNER, Catalog::new(&[entry("e")], &[])]);
        let variants: Vec<_> = OUTER.entries().iter().map(|entry| entry.variant).collect();
        assert_eq!(variants, ["a", "b", "c", "d", "e"]);
        assert!(Catalog::EMPTY.entries().is_empty());
    }

    #[test]
    fn advice_on_retries_is_written_in_words() {
        let words = [
            (Retry::Never, "never"),
            (Retry::Now, "now"),
            (Retry::After(Duration::from_millis(1_500)), "after 1500ms"),
        ];
        for (retry, text) in words {
            assert_eq!(retry.to_string(), text);
        }
    }
}
