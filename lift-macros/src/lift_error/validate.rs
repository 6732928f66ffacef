//! The rules of a decision.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Data, Ident, Member};

use super::display::{self, Shows};
use super::keys::{CODE, DETAILS, INTERNAL, LOG, PUBLIC, RETRY, STATUS, TRANSPARENT};
use super::model::{Decided, Decision, Detail, Text};
use super::parse::{RawDecision, RawError};
use super::public;
use crate::support::attributes::derived_again;
use crate::support::errors::{Errors, Fault};
use crate::support::naming::{is_screaming, screaming};
use crate::support::nearest::nearest;
use crate::support::rules::Rule;
use crate::support::spans::contains_word;

/// One decision per variant, or `None` after at least one report.
pub(crate) fn validate(raw: &RawError, errors: &Errors) -> Option<Vec<Decided>> {
    if let Some(second) = &raw.derived_again {
        errors.report(derived_again(second));
        return None;
    }
    if let Data::Union(data) = &raw.input.data {
        let text = "an error is an enum or a struct, and this is a `union`";
        let fault = Fault::new(Rule::NotAStruct, data.union_token, text);
        errors.report(fault.help(format!("write `enum {} {{ … }}`", raw.input.ident)));
        return None;
    }
    let decided: Vec<_> = raw.decisions.iter().map(|decision| decide(decision, errors)).collect();
    codes_are_unique(&raw.decisions, errors);
    decided.into_iter().collect()
}

/// A code means one thing: a client that knows it should not have to look at anything else.
fn codes_are_unique(decisions: &[RawDecision], errors: &Errors) {
    // A variant without a decision may yet become transparent.
    let decided = decisions.iter().filter(|raw| raw.keys.mentions(&STATUS) || raw.keys.mentions(&INTERNAL));
    let codes: Vec<_> = decided.filter_map(|raw| Some((raw, effective_code(raw)?))).collect();
    for (at, (raw, code)) in codes.iter().enumerate() {
        let mut earlier = codes.iter().take(at);
        // Two variants of one name are the compiler's business.
        let Some((other, _)) = earlier.find(|(other, known)| known == code && other.ident != raw.ident)
        else {
            continue;
        };
        let text = format!("`{}` has the code `{code}`, too", other.ident);
        let own = derived_code(&raw.ident).filter(|own| codes.iter().all(|(_, known)| known != own));
        let help = match own {
            Some(own) => format!("write `code = \"{own}\"`, or leave it out"),
            None => format!("write `code = \"{code}_2\"`, or rename the variant"),
        };
        let fault = match raw.keys.get(&CODE) {
            Some(code) => Fault::new(Rule::CodeDuplicate, &code.entry.value, text),
            None => Fault::new(Rule::CodeDuplicate, &raw.ident, text),
        };
        errors.report(fault.help(help));
    }
}

/// The code that a client reads: the one that is written, else the variant's name; none where the inner error decides.
fn effective_code(raw: &RawDecision) -> Option<String> {
    if raw.keys.mentions(&TRANSPARENT) {
        return None;
    }
    match raw.keys.get(&CODE) {
        Some(code) => Some(code.value.clone()),
        None if raw.keys.mentions(&CODE) => None,
        None => derived_code(&raw.ident),
    }
}

fn derived_code(ident: &Ident) -> Option<String> {
    Some(screaming(&ident.unraw().to_string())).filter(|code| is_screaming(code))
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
    let level = raw.keys.get(&LOG).map(|level| *level.value);
    let shown =
        raw.keys.get(&PUBLIC).map(|text| text.value.value()).or_else(|| display::text(raw.display.as_ref()));
    decision.map(|decision| Decided { variant, decision, level, shown })
}

/// The fields that `details(…)` names.
fn details(raw: &RawDecision, errors: &Errors) -> Option<Vec<Detail>> {
    let Some(names) = raw.keys.get(&DETAILS) else {
        return if raw.keys.mentions(&DETAILS) { None } else { Some(Vec::new()) };
    };
    let known: Vec<_> = raw.fields.iter().filter_map(|field| Some((field.ident.clone()?, field))).collect();
    let detail = |name: &Ident| {
        if let Some((ident, field)) = known.iter().find(|(ident, _)| ident == name) {
            let (member, ty) = (Member::Named(ident.clone()), field.ty.clone());
            return Some(Detail { name: ident.unraw().to_string(), member, ty });
        }
        let text = format!("`{}` has no field named `{name}`", raw.ident);
        let all: Vec<_> = known.iter().map(|(ident, _)| ident.unraw().to_string()).collect();
        let help = match nearest(&name.to_string(), all.iter().map(String::as_str)) {
            Some(near) => format!("write `{near}`"),
            None if all.is_empty() => "give its fields names, or leave `details` out".to_owned(),
            None => format!("its fields are `{}`", all.join("`, `")),
        };
        errors.report(Fault::new(Rule::DetailsField, name, text).help(help));
        None
    };
    let details: Vec<_> = names.value.iter().map(detail).collect();
    details.into_iter().collect()
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
    if contains_word(&field.ty, "dyn") {
        let text = "`transparent` passes on the decision of a `LiftError`, and a `dyn` type decides nothing";
        let fault = Fault::new(Rule::TransparentDyn, &field.ty, text);
        errors.report(
            fault
                .help("write `#[lift(internal)]` for an opaque 500")
                .help("or put a type with `#[derive(LiftError)]` here"),
        );
        return None;
    }
    let member = field.ident.clone().map_or_else(|| Member::from(0), Member::Named);
    Some(Decision::Transparent { field: member, ty: Box::new(field.ty.clone()) })
}

fn own(raw: &RawDecision, errors: &Errors) -> Option<Decision> {
    let (code, details) = (code(raw, errors), details(raw, errors));
    let public = raw.keys.get(&PUBLIC);
    let text = match &public {
        Some(text) => public::check(text.value, raw, errors),
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
    let retry = raw.keys.get(&RETRY).map(|retry| *retry.value);
    Some(Decision::Own { status, code: code?, retry, text, details: details? })
}

/// The text of a 4xx is public: it must not carry what some library has written about the inside.
fn no_source(raw: &RawDecision, errors: &Errors) -> Option<()> {
    let fields: Vec<_> = raw.fields.iter().collect();
    let (at, text) = match display::shows_source(raw.display.as_ref(), &fields) {
        None => return Some(()),
        Some(Shows::Everything(at)) => {
            (at, format!("`{}` would show the text of the error inside to every client", raw.ident))
        }
        Some(Shows::Source { at, field }) => {
            (at, format!("`{}` would show the text of its source, `{{{field}}}`, to every client", raw.ident))
        }
        Some(Shows::Whole(at)) => {
            let text = format!(
                "`{}` would show every client what `{at}` makes of it, its source included",
                raw.ident
            );
            (at, text)
        }
    };
    let fault = Fault::new(Rule::PublicSource, at.to_token_stream(), text);
    errors.report(fault.help("write `public = \"…\"` beside `status`, with what a client may read"));
    None
}

fn code(raw: &RawDecision, errors: &Errors) -> Option<String> {
    let code = effective_code(raw);
    if code.is_none() && !raw.keys.mentions(&CODE) {
        let text = format!("`{}` makes no code of capitals, digits and single `_`", raw.ident);
        let fault = Fault::new(Rule::DefaultName, &raw.ident, text);
        errors.report(fault.help("write `code = \"ORDER_NOT_FOUND\"`"));
    }
    code
}
