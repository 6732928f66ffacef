//! A checked error: one decision per variant.

use syn::{Ident, LitStr, Member, Type};

use super::keys::Retry;

pub(crate) struct Decided {
    /// `None` for a struct.
    pub(crate) variant: Option<Ident>,
    pub(crate) decision: Decision,
    /// The index of the level of its log line.
    pub(crate) level: Option<usize>,
    /// What a person reads in the catalog.
    pub(crate) shown: Option<String>,
}

pub(crate) enum Decision {
    /// The inner error's.
    Transparent { field: Member, ty: Box<Type> },
    /// 500, with nothing but the code in the answer.
    Internal { code: String },
    Own {
        status: u16,
        code: String,
        retry: Option<Retry>,
        text: Text,
        /// Fields that a client may read, by their names.
        details: Vec<Detail>,
    },
}

/// A field in `details(…)`.
pub(crate) struct Detail {
    pub(crate) name: String,
    pub(crate) member: Member,
    pub(crate) ty: Type,
}

/// What a client may read.
pub(crate) enum Text {
    /// Nothing of the error's own: the status's standard words.
    Nothing,
    /// The error's `Display`.
    Display,
    Plain(LitStr),
    Format(Format),
}

/// `format!(literal, binding = binding, …)` over bound fields.
pub(crate) struct Format {
    pub(crate) literal: LitStr,
    pub(crate) fields: Vec<(Member, Ident)>,
}
