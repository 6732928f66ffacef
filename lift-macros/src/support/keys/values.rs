//! What the tables let through.

use std::any::Any;

use proc_macro2::TokenStream;
use quote::ToTokens;

use super::table::Key;
use super::{Entry, Kind};

/// The keys that were written, with their checked values.
#[derive(Default)]
pub(crate) struct Values(Vec<Given>);

pub(super) struct Given {
    pub(super) name: &'static str,
    pub(super) entry: Entry,
    /// `None` after a reported fault: written, but of no use.
    pub(super) value: Option<Box<dyn Any>>,
}

/// One key's value, and where it was written.
#[derive(Clone, Copy)]
pub(crate) struct Set<'a, T> {
    pub(crate) entry: &'a Entry,
    pub(crate) value: &'a T,
}

impl Values {
    pub(super) fn push(&mut self, given: Given) {
        self.0.push(given);
    }

    pub(super) fn given(&self, name: &str) -> Option<&Given> {
        self.0.iter().find(|given| given.name == name)
    }

    /// The one that was written second, if both were.
    pub(super) fn later(&self, one: &str, other: &str) -> Option<&Given> {
        let mut both = self.0.iter().filter(|given| given.name == one || given.name == other);
        both.next().and(both.next())
    }

    /// The key's value, if it was written and is right.
    pub(crate) fn get<K: Kind>(&self, key: &Key<K>) -> Option<Set<'_, K::Output>> {
        let given = self.given(key.name())?;
        let value = given.value.as_ref()?.downcast_ref()?;
        Some(Set { entry: &given.entry, value })
    }

    /// Where the key was written, right or wrong.
    pub(crate) fn entry<K: Kind>(&self, key: &Key<K>) -> Option<&Entry> {
        self.given(key.name()).map(|given| &given.entry)
    }

    /// True if the key was written, right or wrong.
    pub(crate) fn mentions<K: Kind>(&self, key: &Key<K>) -> bool {
        self.given(key.name()).is_some()
    }
}

impl<T> ToTokens for Set<'_, T> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.entry.to_tokens(tokens);
    }
}
