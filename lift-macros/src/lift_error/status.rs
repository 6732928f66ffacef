//! HTTP status codes of errors, by number and by name.

use syn::Lit;

use crate::support::errors::{Errors, Fault};
use crate::support::keys::{Entry, Kind, Value};
use crate::support::naming::snake;
use crate::support::nearest::nearest;
use crate::support::rules::Rule;

/// The IANA registry's names, in snake case.
const NAMES: [(u16, &str); 40] = [
    (400, "bad_request"),
    (401, "unauthorized"),
    (402, "payment_required"),
    (403, "forbidden"),
    (404, "not_found"),
    (405, "method_not_allowed"),
    (406, "not_acceptable"),
    (407, "proxy_authentication_required"),
    (408, "request_timeout"),
    (409, "conflict"),
    (410, "gone"),
    (411, "length_required"),
    (412, "precondition_failed"),
    (413, "content_too_large"),
    (414, "uri_too_long"),
    (415, "unsupported_media_type"),
    (416, "range_not_satisfiable"),
    (417, "expectation_failed"),
    (418, "im_a_teapot"),
    (421, "misdirected_request"),
    (422, "unprocessable_content"),
    (423, "locked"),
    (424, "failed_dependency"),
    (425, "too_early"),
    (426, "upgrade_required"),
    (428, "precondition_required"),
    (429, "too_many_requests"),
    (431, "request_header_fields_too_large"),
    (451, "unavailable_for_legal_reasons"),
    (500, "internal_server_error"),
    (501, "not_implemented"),
    (502, "bad_gateway"),
    (503, "service_unavailable"),
    (504, "gateway_timeout"),
    (505, "http_version_not_supported"),
    (506, "variant_also_negotiates"),
    (507, "insufficient_storage"),
    (508, "loop_detected"),
    (510, "not_extended"),
    (511, "network_authentication_required"),
];

/// Names that RFC 9110 replaced.
const FORMER: [(u16, &str); 3] =
    [(413, "payload_too_large"), (422, "unprocessable_entity"), (414, "uri_too_large")];

/// The status that a name stands for, in whatever case it is written.
pub(crate) fn by_name(name: &str) -> Option<u16> {
    let name = snake(name);
    NAMES.iter().chain(&FORMER).find(|(_, known)| *known == name).map(|(status, _)| *status)
}

/// `status = 404`, `status = "not_found"`.
pub(crate) struct Status;

impl Kind for Status {
    type Output = u16;

    fn read(&self, entry: &Entry, _: &Errors) -> Result<Option<u16>, Fault> {
        match &entry.value {
            Value::Literal(Lit::Int(number)) => match number.base10_parse::<u16>() {
                Ok(status @ 400..=599) => Ok(Some(status)),
                _ => {
                    let text = format!(
                        "`{}` is no status of an error: those are 400 to 599",
                        number.base10_digits()
                    );
                    Err(Fault::new(Rule::StatusRange, number, text))
                }
            },
            Value::Literal(Lit::Str(name)) => named(&name.value(), &entry.value).map(Some),
            value @ Value::Tokens(_) => {
                let written: String = quote::quote!(#value).to_string().split_whitespace().collect();
                let name = written.rsplit("::").next().unwrap_or_default();
                let text = "`status` takes a number from 400 to 599, or a name in quotes";
                let fault = Fault::new(Rule::KeyWrongKind, value, text);
                Err(match by_name(name) {
                    Some(status) => fault.help(format!("write `status = {status}`")),
                    None => fault,
                })
            }
            value => {
                let text = "`status` takes a number from 400 to 599, or a name in quotes";
                Err(Fault::new(Rule::KeyWrongKind, value, text))
            }
        }
    }
}

fn named(name: &str, at: &Value) -> Result<u16, Fault> {
    if let Some((status, _)) = NAMES.iter().chain(&FORMER).find(|(_, known)| *known == name) {
        return Ok(*status);
    }
    let fault = Fault::new(Rule::StatusName, at, format!("`{name}` is not the name of a status"));
    if let Some(number) = name.parse::<u16>().ok().filter(|number| (400..=599).contains(number)) {
        return Err(fault.help(format!("write `status = {number}`, without quotes")));
    }
    Err(match nearest(&snake(name), NAMES.iter().map(|(_, known)| *known)) {
        Some(near) => fault.help(format!("write `status = \"{near}\"`")),
        None => fault.help("write the number: `status = 404`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_in_snake_case() {
        assert!(NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (status, name) in NAMES.iter().chain(&FORMER) {
            assert!((400..600).contains(status));
            assert_eq!(snake(name), *name);
            assert_eq!(by_name(&name.to_uppercase()), Some(*status));
        }
        assert_eq!(by_name("NotFound"), Some(404));
        assert_eq!(by_name("retry"), None);
    }
}
