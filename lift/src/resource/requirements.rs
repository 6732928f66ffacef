use std::any::{Any, TypeId};
use std::sync::Arc;

use super::{Managed, Overrides, ResourceSpec};
use crate::clock::Clock;
use crate::config::{Invalid, Section};

/// The resources that something takes indirectly, so that lift opens them.
///
/// An extractor of one's own that takes a connection says so:
///
/// ```
/// # use lift::prelude::*;
/// # #[derive(Resource)]
/// # #[resource(initialize = open)]
/// # struct Sessions;
/// # async fn open(_: &lift::config::NoSettings, _: &lift::Init) -> Result<Sessions, lift::BoxError> { Ok(Sessions) }
/// struct CurrentUser {
///     name: String,
/// }
///
/// impl lift::Uses for CurrentUser {
///     type Resources = (Pooled<Sessions>,);
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which resources it uses",
    note = "add `impl lift::Uses for {Self} {{ type Resources = (Pooled<…>,); }}`"
)]
pub trait Uses {
    /// `Pooled<R>`, `Pool<R>`, `Shared<T>`, or a tuple of them.
    type Resources: ResourceSet;
}

/// A set of resource arguments: `Pooled<R>`, `Pool<R>`, `Shared<T>`, tuples, `Option` and `Result` of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of resources",
    label = "expected `Pooled<R>`, `Pool<R>`, `Shared<T>` or a tuple of them"
)]
pub trait ResourceSet {
    /// Notes what is used.
    fn declare(requirements: &mut Requirements);
}

/// What the functions of an app take, noted once at start.
#[derive(Default)]
pub struct Requirements {
    needs: Vec<Need>,
    user: &'static str,
}

/// How something is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One exclusive connection.
    Connection,
    /// The pool itself.
    Pool,
    /// A clone of one shared client or value.
    Shared,
}

/// The outcome of opening a resource from its settings: its lifecycle, and the value that functions take.
pub(crate) struct Opened {
    pub(crate) managed: Arc<dyn Managed>,
    pub(crate) value: Arc<dyn Any + Send + Sync>,
}

/// What opening needs.
pub(crate) struct Opening<'a> {
    pub(crate) overrides: &'a Overrides,
    pub(crate) clock: &'a Clock,
    /// The most connections that the handlers take in one call.
    pub(crate) per_call: usize,
}

pub(crate) type Open = fn(&Opening<'_>, ResourceSpec, Section<'_>) -> Result<Opened, Invalid>;

/// One thing that one function takes.
pub(crate) struct Need {
    /// The type of the value to be found in the context.
    pub(crate) value: TypeId,
    pub(crate) type_name: &'static str,
    pub(crate) kind: Kind,
    /// How lift opens it; a `Shared<T>` that is no resource must be provided.
    pub(crate) open: Option<(fn() -> ResourceSpec, Open)>,
    pub(crate) user: &'static str,
}

impl Requirements {
    /// What follows is taken by this handler, check or start function.
    pub(crate) fn user(&mut self, user: &'static str) {
        self.user = user;
    }

    pub(crate) fn need(
        &mut self,
        value: TypeId,
        type_name: &'static str,
        kind: Kind,
        open: Option<(fn() -> ResourceSpec, Open)>,
    ) {
        self.needs.push(Need { value, type_name, kind, open, user: self.user });
    }

    pub(crate) fn needs(&self) -> &[Need] {
        &self.needs
    }
}
