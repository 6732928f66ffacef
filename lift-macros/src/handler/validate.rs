//! The rules that join the attribute and the function.

use proc_macro2::Ident;
use syn::{GenericArgument, LitStr, PathArguments, Type};

use super::model::{Handler, Takes, Trigger};
use super::parse::{CANCEL, CONCURRENCY, Front, ON_PERMANENT, PARTIAL, RawHandler, TIMEOUT};
use super::route::{Parameter, Route};
use super::trigger;
use crate::function::{self, Argument, Function, Role, unraw};
use crate::support::errors::{Errors, Fault};
use crate::support::literal;
use crate::support::nearest::nearest;
use crate::support::rules::Rule;

const ROLE: Role = Role {
    attribute: "#[lift::handler]",
    noun: "handler",
    most_arguments: 12,
    fewer: "write a tuple of arguments as one: `(a, b): (A, B)`",
};

/// The checked handler, or `None` after at least one report.
pub(crate) fn validate(raw: &RawHandler, errors: &Errors) -> Option<Handler> {
    let function = function::validate(&raw.item, &ROLE, errors);
    // On something that is no function the attribute's own faults would only be noise.
    raw.item.function()?;
    let trigger = trigger::check(raw, errors);
    let function = function?;
    let trigger = trigger?;
    let takes = takes(&trigger, &function, raw, errors);
    Some(Handler {
        takes,
        trigger,
        timeout: raw.keys.get(&TIMEOUT).map(|timeout| *timeout.value),
        concurrency: raw.keys.get(&CONCURRENCY).map(|concurrency| *concurrency.value),
        partial: raw.keys.mentions(&PARTIAL),
        drop_permanent: raw.keys.get(&ON_PERMANENT).is_some_and(|choice| *choice.value == 1),
        cancel_on_disconnect: raw.keys.mentions(&CANCEL),
        function,
    })
}

/// Where each argument comes from.
fn takes(trigger: &Trigger, function: &Function, raw: &RawHandler, errors: &Errors) -> Vec<Takes> {
    let (parameters, path) = match (trigger, raw.front.as_slice()) {
        (Trigger::Http { route: Route { parameters, .. }, .. }, [_, Front::Text(path)]) => {
            (parameters.as_slice(), Some(path))
        }
        _ => (&[][..], None),
    };
    if let Some(path) = path {
        check_parameters(parameters, path, function, errors);
    }
    let index = |argument: &Argument| {
        let name = argument.name.as_ref()?;
        parameters.iter().position(|parameter| binds(parameter, function) == Some(name))
    };
    function
        .arguments
        .iter()
        .map(|argument| match index(argument) {
            Some(index) => Takes::Parameter(index, argument.ty.clone()),
            None => Takes::Request(argument.ty.clone()),
        })
        .collect()
}

/// The name that is bound to a parameter: its own, or `_id` for one that is not used.
fn binds<'f>(parameter: &Parameter, function: &'f Function) -> Option<&'f Ident> {
    let names = || function.arguments.iter().flat_map(|argument| &argument.binds);
    names()
        .find(|name| unraw(name) == parameter.name)
        .or_else(|| names().find(|name| unraw(name).strip_prefix('_') == Some(&parameter.name)))
}

/// Whether an argument takes all parameters, as far as its type's name says it.
fn takes_all(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    match &last.arguments {
        _ if last.ident == "Path" => true,
        PathArguments::AngleBracketed(of) if last.ident == "Option" || last.ident == "Result" => {
            of.args.first().is_some_and(|first| matches!(first, GenericArgument::Type(ty) if takes_all(ty)))
        }
        _ => false,
    }
}

/// Every parameter is some argument's name, or is bound by some argument's pattern (`Path((org, id)): Path<…>`), or there is a
/// `Path<T>`.
fn check_parameters(parameters: &[Parameter], path: &LitStr, function: &Function, errors: &Errors) {
    if function.arguments.iter().any(|argument| takes_all(&argument.ty)) {
        return;
    }
    let is_parameter = |name: &Ident| parameters.iter().any(|parameter| parameter.name == unraw(name));
    let mut free: Vec<&Ident> = function
        .arguments
        .iter()
        .filter_map(|argument| argument.name.as_ref())
        .filter(|name| !is_parameter(name))
        .collect();
    for parameter in parameters {
        if binds(parameter, function).is_some() {
            continue;
        }
        let names: Vec<_> = free.iter().map(|name| unraw(name)).collect();
        match nearest(&parameter.name, names.iter().map(String::as_str)) {
            Some(near) => {
                // One argument answers for one parameter.
                let position = names.iter().position(|name| name == near).unwrap_or_default();
                if position < free.len() {
                    errors.report(near_miss(free.remove(position), parameter));
                }
            }
            None => errors.report(unanswered(parameter, path, function)),
        }
    }
}

fn near_miss(argument: &Ident, parameter: &Parameter) -> Fault {
    let (name, argument_name) = (&parameter.name, unraw(argument));
    let text = format!(
        "no argument is named like the route's parameter `{{{name}}}`, but `{argument_name}` is near"
    );
    let star = if parameter.catch_all { "*" } else { "" };
    Fault::new(Rule::ParameterNearMiss, argument, text)
        .help(format!("name this argument `{name}`, or the parameter `{{{star}{argument_name}}}`"))
}

fn unanswered(parameter: &Parameter, path: &LitStr, function: &Function) -> Fault {
    let Parameter { name, range, .. } = parameter;
    let text = format!("the parameter `{{{name}}}` has no argument in `{}`", function.name());
    let argument = match syn::parse_str::<Ident>(name) {
        Ok(_) => name.clone(),
        Err(_) => format!("r#{name}"),
    };
    literal::fault(Rule::ParameterMissing, path, range.clone(), text)
        .help(format!("add an argument to `{}`: `{argument}: String`; `Path<T>` takes all", function.name()))
}
