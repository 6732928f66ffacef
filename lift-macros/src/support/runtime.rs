//! The one path from generated code to the runtime crate.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Path;

use super::spans::respan;

/// The path of the runtime crate: `::lift`, or what the key `crate` says.
#[derive(Clone, Debug)]
pub(crate) struct Runtime {
    private: TokenStream,
}

impl Runtime {
    pub(crate) fn new(path: Option<&Path>) -> Self {
        let private = match path {
            Some(path) => quote!(#path::__private),
            None => quote!(::lift::__private),
        };
        Self { private }
    }

    /// The path, pointing to the macro.
    pub(crate) fn path(&self) -> TokenStream {
        respan(self.private.clone(), Span::call_site())
    }

    /// The path, pointing to the user's token that an error should underline.
    pub(crate) fn path_at(&self, span: Span) -> TokenStream {
        respan(self.private.clone(), span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_renames_the_crate() {
        assert_eq!(Runtime::new(None).path().to_string(), ":: lift :: __private");
        let path = syn::parse_quote!(crate::vendored::lift);
        let renamed = Runtime::new(Some(&path));
        assert_eq!(renamed.path_at(Span::call_site()).to_string(), "crate :: vendored :: lift :: __private");
    }
}
