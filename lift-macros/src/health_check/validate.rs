//! The rules that join the attribute and the function.

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{FnArg, Token};

use super::model::{Check, Kind};
use super::parse::{CACHE, CRITICAL, FAIL_AFTER, INTERVAL, KIND, NAME, RECOVER_AFTER, RawCheck, TIMEOUT};
use crate::function::{self, Function, Item, RawFunction, Role};
use crate::support::duration;
use crate::support::errors::{Errors, Fault};
use crate::support::keys::Chosen;
use crate::support::naming::{is_kebab, kebab};
use crate::support::rules::Rule;

const ROLE: Role = Role {
    attribute: "#[lift::health_check]",
    noun: "health check",
    most_arguments: 6,
    fewer: "write two health checks, one for each half",
};

/// The checked health check, or `None` after at least one report.
pub(crate) fn validate(raw: &RawCheck, errors: &Errors) -> Option<Check> {
    let kind = raw.keys.get(&KIND).map(|kind| match kind.value {
        Chosen::Word(0) => Kind::Readiness,
        Chosen::Word(1) => Kind::Liveness,
        Chosen::Word(_) => Kind::Startup,
        Chosen::Name(name) => Kind::Group(name.clone()),
    });
    let bare = raw.item.function().filter(|_| kind == Some(Kind::Liveness));
    let function = match bare.and_then(|function| without_arguments(function, errors)) {
        // Whatever else is wrong with arguments that have to go would only be noise.
        Some(bare) => {
            function::validate(&bare, &ROLE, errors);
            None
        }
        None => function::validate(&raw.item, &ROLE, errors),
    };
    if let (Some(timeout), Some(interval)) = (raw.keys.get(&TIMEOUT), raw.keys.get(&INTERVAL))
        && timeout.value > interval.value
    {
        let (long, short) = (duration::format(*timeout.value), duration::format(*interval.value));
        let text = format!("`timeout = \"{long}\"` is longer than `interval = \"{short}\"`");
        let fault = Fault::new(Rule::TimeoutAboveInterval, timeout, text);
        errors.report(fault.help(format!("write at most `timeout = \"{short}\"`")));
    }
    let function = function?;
    let name = match raw.keys.get(&NAME) {
        Some(name) => name.value.clone(),
        None => default_name(&function, errors)?,
    };
    Some(Check {
        name,
        kind,
        timeout: raw.keys.get(&TIMEOUT).map(|timeout| *timeout.value),
        critical: raw.keys.get(&CRITICAL).map(|critical| *critical.value),
        cache: raw.keys.get(&CACHE).map(|cache| *cache.value),
        interval: raw.keys.get(&INTERVAL).map(|interval| *interval.value),
        fail_after: raw.keys.get(&FAIL_AFTER).map(|results| *results.value),
        recover_after: raw.keys.get(&RECOVER_AFTER).map(|results| *results.value),
        function,
    })
}

/// A liveness check that takes arguments, reported, and what is left of it. Every argument of a check is or reaches a resource,
/// whatever its type is called.
fn without_arguments(function: &RawFunction, errors: &Errors) -> Option<Item> {
    let is_receiver = |input: &FnArg| matches!(input, FnArg::Receiver(_));
    let inputs = &function.signature.inputs;
    let arguments: Punctuated<_, Token![,]> = inputs.iter().filter(|input| !is_receiver(input)).collect();
    if arguments.is_empty() {
        return None;
    }
    let text = "a liveness check takes no resource: restarting the process would not bring a database back";
    let fault = Fault::new(Rule::LivenessArgument, arguments.to_token_stream(), text);
    errors.report(fault.help("leave the arguments out, or write `kind = \"readiness\"`"));
    let mut bare = function.clone();
    bare.signature.inputs = inputs.iter().filter(|input| is_receiver(input)).cloned().collect();
    Some(Item::Function(Box::new(bare)))
}

fn default_name(function: &Function, errors: &Errors) -> Option<String> {
    let name = kebab(&function.name());
    if is_kebab(&name) {
        return Some(name);
    }
    let text = format!("`{}` makes no name of lower-case letters, digits and single `-`", function.name());
    errors.report(Fault::new(Rule::DefaultName, &function.ident, text).help("write `name = \"warehouse\"`"));
    None
}
