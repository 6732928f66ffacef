//! The rules that join the keys and the type.

use quote::{ToTokens, quote};
use syn::{Data, DataStruct, Fields, FieldsUnnamed, Type};

use super::keys::{
    AFTER_CONNECT, CLEANUP, CLEANUP_TIMEOUT, CONFIG, CONNECT_TIMEOUT, CRITICAL, ENABLED, ERROR, FAIL_AFTER,
    HEALTH, HEALTH_CHECK, IDLE_TIMEOUT, INITIALIZE, INTERVAL, IS_VALID, LEAK_AFTER, MAX_LIFETIME, MAX_SIZE,
    MIN_IDLE, NAME, POOL, READY, RECOVER_AFTER, SETTINGS, STUCK_AFTER, TIMEOUT, VALIDATE_AFTER,
    VALIDATE_TIMEOUT, WAIT, WARM,
};
use super::model::{Body, Own, Resource, SpecCall};
use super::parse::RawResource;
use crate::support::attributes::derived_again;
use crate::support::duration;
use crate::support::errors::{Errors, Fault};
use crate::support::keys::{Duration, Key, Kind, Set, Values};
use crate::support::naming::{is_kebab, kebab};
use crate::support::rules::Rule;

const WARM_VARIANTS: [&str; 3] = ["Eager", "Lazy", "Required"];

/// The checked resource, or `None` after at least one report.
pub(crate) fn validate(raw: &RawResource, errors: &Errors) -> Option<Resource> {
    let ident = &raw.input.ident;
    if let Some(second) = &raw.derived_again {
        errors.report(derived_again(second));
        return None;
    }
    let shape = check_type(raw, errors);
    let name = match raw.keys.get(&NAME) {
        Some(name) => Some(name.value.clone()),
        None if raw.keys.mentions(&NAME) => None,
        None => default_name(&ident.to_string(), ident, errors),
    };
    let mut spec = Vec::new();
    if let Some(pool) = raw.keys.get(&POOL) {
        pool_calls(pool.value, &mut spec, errors);
    }
    if let Some(health) = raw.keys.get(&HEALTH) {
        health_calls(health.value, &mut spec);
    }
    let body = body(raw, shape?, errors);
    let path = |key: &Key<_>| raw.keys.get(key).map(|path| syn::ExprPath::clone(path.value));
    Some(Resource {
        ident: ident.clone(),
        name: name?,
        spec,
        settings: raw.keys.get(&SETTINGS).map(|settings| settings.value.clone()).unwrap_or_default(),
        body: body?,
        after_connect: path(&AFTER_CONNECT),
        health_check: path(&HEALTH_CHECK),
        cleanup: path(&CLEANUP),
        is_valid: path(&IS_VALID),
    })
}

/// What the type can be by itself.
enum Shape<'a> {
    Newtype(&'a Type),
    Other,
}

fn check_type<'a>(raw: &'a RawResource, errors: &Errors) -> Option<Shape<'a>> {
    let generics = &raw.input.generics;
    if !generics.params.is_empty() {
        let text = "a resource can't be generic: its name stands for one pool with one configuration";
        let fault = Fault::new(Rule::GenericType, generics, text);
        errors.report(fault.help("write one newtype per resource: `struct OrdersDb(Connection);`"));
        return None;
    }
    let keyword = match &raw.input.data {
        Data::Struct(DataStruct { fields, .. }) => {
            return Some(newtype(fields).map_or(Shape::Other, Shape::Newtype));
        }
        Data::Enum(data) => data.enum_token.to_token_stream(),
        Data::Union(data) => data.union_token.to_token_stream(),
    };
    let text = format!("a resource is a struct, and `{}` is not", raw.input.ident);
    let help = format!("write `struct {}(…);` around the connection", raw.input.ident);
    errors.report(Fault::new(Rule::NotAStruct, keyword, text).help(help));
    None
}

/// The inner type of `struct A(B);`.
pub(super) fn newtype(fields: &Fields) -> Option<&Type> {
    match fields {
        Fields::Unnamed(FieldsUnnamed { unnamed, .. }) if unnamed.len() == 1 => {
            unnamed.first().map(|field| &field.ty)
        }
        _ => None,
    }
}

fn default_name(name: &str, at: &dyn ToTokens, errors: &Errors) -> Option<String> {
    let kebab = kebab(name.trim_start_matches("r#"));
    if is_kebab(&kebab) {
        return Some(kebab);
    }
    let text = format!("`{name}` makes no name of lower-case letters, digits and single `-`");
    let fault = Fault::new(Rule::DefaultName, at.to_token_stream(), text);
    errors.report(fault.help("write `#[resource(name = \"orders-db\")]`"));
    None
}

fn body(raw: &RawResource, shape: Shape<'_>, errors: &Errors) -> Option<Body> {
    let (config, error) = (raw.keys.get(&CONFIG), raw.keys.get(&ERROR));
    if let Some(initialize) = raw.keys.get(&INITIALIZE) {
        return Some(Body::Own(Box::new(Own {
            initialize: initialize.value.clone(),
            inner: match shape {
                Shape::Newtype(inner) => Some(inner.clone()),
                Shape::Other => None,
            },
            config: config.map(|config| config.value.clone()),
            error: error.map(|error| error.value.clone()),
        })));
    }
    if raw.keys.mentions(&INITIALIZE) {
        return None;
    }
    match shape {
        Shape::Newtype(inner) => {
            needs_initialize("config", config, errors);
            needs_initialize("error", error, errors);
            Some(Body::Newtype(Box::new(inner.clone())))
        }
        Shape::Other => {
            // A key that could not be read may be the one that is missing.
            if raw.keys_are_right {
                let ident = &raw.input.ident;
                let private = raw.runtime.path();
                let text = format!("nothing says how to open `{ident}`");
                errors.report(
                    Fault::new(Rule::NoInitialize, ident, text)
                        .help("write `#[resource(initialize = Self::open)]`")
                        .help(format!("or wrap one resource: `struct {ident}(Connection);`"))
                        // Beside an `impl Resource` by hand there are two of them, which is the one fault.
                        .given(quote!(<#ident as #private::Resource>::spec)),
                );
            }
            None
        }
    }
}

fn needs_initialize<T>(name: &str, key: Option<Set<'_, T>>, errors: &Errors) {
    let Some(key) = key else { return };
    let text = format!("`{name}` goes with `initialize`: a newtype without it has its inner resource's");
    let fault = Fault::new(Rule::NeedsInitialize, key, text);
    errors.report(fault.help(format!("leave `{name}` out, or write `initialize = Self::open` too")));
}

fn pool_calls(pool: &Values, spec: &mut Vec<SpecCall>, errors: &Errors) {
    if let (Some(min), Some(max)) = (pool.get(&MIN_IDLE), pool.get(&MAX_SIZE))
        && min.value > max.value
    {
        let text = format!("`min_idle = {}` is more than `max_size = {}`", min.value, max.value);
        let fault = Fault::new(Rule::MinAboveMax, min, text);
        errors.report(fault.help(format!("write at most `min_idle = {}`", max.value)));
    }
    // A lifetime of zero has no end.
    if let (Some(idle), Some(lifetime)) = (pool.get(&IDLE_TIMEOUT), pool.get(&MAX_LIFETIME))
        && *lifetime.value > 0
        && idle.value > lifetime.value
    {
        let (idle_text, lifetime_text) = (duration::format(*idle.value), duration::format(*lifetime.value));
        let text =
            format!("`idle_timeout = \"{idle_text}\"` is longer than `max_lifetime = \"{lifetime_text}\"`");
        let fault = Fault::new(Rule::IdleAboveLifetime, idle, text);
        errors.report(fault.help(format!("write at most `idle_timeout = \"{lifetime_text}\"`")));
    }
    number(pool, &MAX_SIZE, "max_size", spec);
    number(pool, &MIN_IDLE, "min_idle", spec);
    let durations: [(&Key<Duration>, &'static str); 9] = [
        (&WAIT, "wait_ms"),
        (&CONNECT_TIMEOUT, "connect_timeout_ms"),
        (&VALIDATE_TIMEOUT, "validate_timeout_ms"),
        (&VALIDATE_AFTER, "validate_after_ms"),
        (&IDLE_TIMEOUT, "idle_timeout_ms"),
        (&MAX_LIFETIME, "max_lifetime_ms"),
        (&CLEANUP_TIMEOUT, "cleanup_timeout_ms"),
        (&LEAK_AFTER, "leak_after_ms"),
        (&STUCK_AFTER, "stuck_after_ms"),
    ];
    for (key, method) in durations {
        number(pool, key, method, spec);
    }
    if let Some(warm) = pool.get(&WARM) {
        spec.extend(WARM_VARIANTS.get(*warm.value).map(|variant| SpecCall::Warm(variant)));
    }
}

fn health_calls(health: &Values, spec: &mut Vec<SpecCall>) {
    number(health, &TIMEOUT, "health_timeout_ms", spec);
    number(health, &INTERVAL, "health_interval_ms", spec);
    number(health, &FAIL_AFTER, "health_fail_after", spec);
    number(health, &RECOVER_AFTER, "health_recover_after", spec);
    for (key, method) in [(&CRITICAL, "health_critical"), (&ENABLED, "health_enabled")] {
        spec.extend(health.get(key).map(|flag| SpecCall::Flag(method, *flag.value)));
    }
    if health.mentions(&READY) {
        spec.push(SpecCall::Plain("health_ready"));
    }
}

fn number<K: Kind<Output = u64>>(
    values: &Values,
    key: &Key<K>,
    method: &'static str,
    spec: &mut Vec<SpecCall>,
) {
    spec.extend(values.get(key).map(|number| SpecCall::Number(method, *number.value)));
}
