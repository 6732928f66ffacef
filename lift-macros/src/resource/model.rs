//! A checked resource.

use syn::{ExprPath, Ident, Type};

use super::settings::Setting;

pub(crate) struct Resource {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    /// Calls on the runtime's spec, in the order of the tables.
    pub(crate) spec: Vec<SpecCall>,
    pub(crate) settings: Vec<Setting>,
    pub(crate) body: Body,
    /// Runs after a connection has been opened.
    pub(crate) after_connect: Option<ExprPath>,
    pub(crate) health_check: Option<ExprPath>,
    pub(crate) cleanup: Option<ExprPath>,
    pub(crate) is_valid: Option<ExprPath>,
}

/// One method of the runtime's spec with its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpecCall {
    Number(&'static str, u64),
    Flag(&'static str, bool),
    Plain(&'static str),
    Warm(&'static str),
}

pub(crate) enum Body {
    /// `struct OrdersDb(Connection);`: what is not given by a path is the inner resource's.
    Newtype(Box<Type>),
    /// A struct opened by a function of the user's.
    Own(Box<Own>),
}

pub(crate) struct Own {
    pub(crate) initialize: ExprPath,
    /// What is inside a newtype: a resource, whose checks and cleanup count, or anything else.
    pub(crate) inner: Option<Type>,
    pub(crate) config: Option<Type>,
    pub(crate) error: Option<Type>,
}
