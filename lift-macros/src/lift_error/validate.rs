//! The rules of a decision.

use quote::ToTokens;
use syn::{Data, Field, Fields, Member};

use super::display::{self, Shows};
use super::keys::{CODE, INTERNAL, PUBLIC, RETRY, STATUS, TRANSPARENT};
use super::model::{Decided, Decision, Text};
use super::parse::{RawDecision, RawError};
use super::public;
use crate::support::errors::{Errors, Fault};
use crate::support::naming::{is_screaming, screaming};
use crate::support::rules::Rule;

/// One decision per variant, or `None` after at least one report.
pub(crate) fn validate(raw: &RawError, errors: &Errors) -> Option<Vec<Decided>> {
    if let Data::Union(data) = &raw.input.data {
        let text = "an error is an enum or a struct, and this is a `union`";
        let fault = Fault::new(Rule::NotAStruct, data.union_token, text);
        errors.report(fault.help(format!("write `enum {} {{ … }}`", raw.input.ident)));
        return None;
    }
    let generics = &raw.input.generics;
    if !generics.params.is_empty() {
        let text =
            "a `LiftError` can't be generic: its codes are part of an interface, which has one meaning each";
        let fault = Fault::new(Rule::GenericType, generics, text);
        errors.report(fault.help("write the type that stands in the field, or `lift::Error`"));
        return None;
    }
    let decided: Vec<_> = raw.decisions.iter().map(|decision| decide(decision, errors)).collect();
    decided.into_iter().collect()
}

fn decide(raw: &RawDecision, errors: &Errors) -> Option<Decided> {
    let decision = if raw.keys.mentions(&TRANSPARENT) {
        transparent(raw, errors)
    } else if raw.keys.mentions(&INTERNAL) {
        code(raw, errors).map(|code| Decision::Internal { code })
    } else if raw.keys.mentions(&STATUS) {
        own(raw, errors)
    } else {
        if raw.keys_are_right {
            errors.report(undecided(raw));
        }
        None
    };
    let variant = raw.is_variant.then(|| raw.ident.clone());
    decision.map(|decision| Decided { variant, decision })
}

fn undecided(raw: &RawDecision) -> Fault {
    let text = format!("`{}` does not say what a client sees of it", raw.ident);
    Fault::new(Rule::Undecided, &raw.ident, text)
        .help("write `#[lift(status = 404)]` with the status that fits")
        .help(
            "or `#[lift(internal)]` for an opaque 500, `#[lift(transparent)]` for an inner error's decision",
        )
}

fn transparent(raw: &RawDecision, errors: &Errors) -> Option<Decision> {
    let mut fields = raw.fields.iter();
    let (Some(field), None) = (fields.next(), fields.next()) else {
        let count = match raw.fields.len() {
            0 => "none".to_owned(),
            count => count.to_string(),
        };
        let text =
            format!("`transparent` passes on the decision of one field, and `{}` has {count}", raw.ident);
        let fault = Fault::new(Rule::TransparentFields, raw.keys.get(&TRANSPARENT)?, text);
        errors.report(fault.help(format!("write `{}(Inner)`, or decide here: `status = 503`", raw.ident)));
        return None;
    };
    let member = field.ident.clone().map_or_else(|| Member::from(0), Member::Named);
    Some(Decision::Transparent { field: member, ty: Box::new(field.ty.clone()) })
}

fn own(raw: &RawDecision, errors: &Errors) -> Option<Decision> {
    let code = code(raw, errors);
    let public = raw.keys.get(&PUBLIC);
    let text = match &public {
        Some(text) => public::check(text.value, &raw.fields, errors),
        None => Some(Text::Nothing),
    };
    let status = *raw.keys.get(&STATUS)?.value;
    // A client may act on a 4xx, so it reads why; a 5xx is nothing that it could mend.
    let text = if status < 500 && !raw.keys.mentions(&PUBLIC) {
        no_source(raw, errors)?;
        Text::Display
    } else {
        text?
    };
    Some(Decision::Own { status, code: code?, retry: raw.keys.get(&RETRY).map(|retry| *retry.value), text })
}

/// The text of a 4xx is public: it must not carry what some library has written about the inside.
fn no_source(raw: &RawDecision, errors: &Errors) -> Option<()> {
    let fields: Vec<&Field> = match &raw.fields {
        Fields::Unit => Vec::new(),
        fields => fields.iter().collect(),
    };
    let (at, text) = match display::shows_source(&raw.attributes, &fields) {
        None => return Some(()),
        Some(Shows::Everything(at)) => {
            (at, format!("`{}` would show the text of the error inside to every client", raw.ident))
        }
        Some(Shows::Source { at, field }) => {
            (at, format!("`{}` would show the text of its source, `{{{field}}}`, to every client", raw.ident))
        }
    };
    let fault = Fault::new(Rule::PublicSource, at.to_token_stream(), text);
    errors.report(fault.help("write `public = \"…\"` beside `status`, with what a client may read"));
    None
}

fn code(raw: &RawDecision, errors: &Errors) -> Option<String> {
    if let Some(code) = raw.keys.get(&CODE) {
        return Some(code.value.clone());
    }
    if raw.keys.mentions(&CODE) {
        return None;
    }
    let name = raw.ident.to_string();
    let code = screaming(name.trim_start_matches("r#"));
    if is_screaming(&code) {
        return Some(code);
    }
    let text = format!("`{name}` makes no code of capitals, digits and single `_`");
    errors.report(Fault::new(Rule::DefaultName, &raw.ident, text).help("write `code = \"ORDER_NOT_FOUND\"`"));
    None
}
