//! From the builder to the service: every fault is found and told at once.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::answers::Nobody;
use super::banner::Answered;
use super::health;
use super::stack::stack;
use super::triggers::{Source, Triggered, Triggers};
use super::{App, AppSettings, Service};
use crate::clock::Clock;
use crate::config::{Fault, Faults, Reader, Sources, path_problem};
use crate::error::Telling;
use crate::handler::{Endpoint, Entry, Trigger, Wrap, router::Router};
use crate::health::{Component, HealthHandle, HealthSettings, Lifecycle, Monitor, Probes};
use crate::resource::{Function, Opening, Overrides, Requirements, Resources, Taken, User, short_name};

pub(super) fn build(app: App, sources: &Sources) -> Result<(Arc<Service>, AppSettings), Faults> {
    #[cfg(feature = "http")]
    crate::backend::tls::provide_cryptography();
    let mut reader = sources.reader();
    let settings = AppSettings::read(&mut reader);

    let (requirements, handlers, checkers) = requirements(&app);
    let App {
        name,
        entries,
        checks,
        by_hand,
        groups,
        starts,
        stops,
        backgrounds,
        mut provided,
        layers,
        http_layers,
        overrides,
        clock,
        ..
    } = app;
    let interval = settings.as_ref().map_or(HealthSettings::INTERVAL, |settings| settings.health.interval);
    let handle = HealthHandle {
        monitor: Arc::new(Monitor::new(&clock, interval)),
        lifecycle: Arc::new(Lifecycle::default()),
        groups: groups.into(),
    };
    provided.push(crate::pool::provided(handle.clone()));
    let resources = Arc::new(resources(&requirements, provided, &overrides, &clock, &mut reader));
    find_silent(&requirements, &resources, &mut reader);

    let around = |endpoint, own: &[Wrap], http: bool| -> Arc<dyn Endpoint> {
        let http_layers: &[Wrap] = if http { &http_layers } else { &[] };
        stack(endpoint, own.iter().chain(&layers).chain(http_layers))
    };
    let catalog = catalog(&entries);
    let mut router = Router::default();
    let mut triggers = Triggers::default();
    let mut refused: Vec<String> = Vec::new();
    for ((prefix, entry), user) in entries.into_iter().zip(handlers) {
        let place = format!("{}:{}", entry.meta.file, entry.meta.line);
        if let Some(answer) = (entry.hidden)() {
            let problem = format!(
                "`{}` returns `{}` as `impl IntoResponse`: its `Err` would be answered as a success",
                entry.meta.name,
                short_name(answer)
            );
            let help = "return one `Result` around all of it, such as `Result<(StatusCode, Json<T>), E>`";
            reader.fault(Fault::new(place.clone(), problem).help(help));
        }
        match entry.meta.trigger {
            Trigger::Http { .. } => {
                let problem = if prefix.is_empty() { None } else { path_problem(&prefix, "a prefix") };
                if let Some((problem, help)) = problem {
                    // One mistake, however many handlers are in the group.
                    if !refused.contains(&prefix) {
                        let (name, shown) = (entry.meta.name, prefix.escape_debug());
                        let problem =
                            format!("`{name}` is in the group `{shown}`, which is not a prefix: {problem}");
                        reader.fault(Fault::new(place, problem).help(help));
                        refused.push(prefix);
                    }
                } else if let Err(fault) =
                    router.insert(&prefix, entry.meta, user, around(entry.endpoint, &entry.layers, true))
                {
                    reader.fault(fault);
                }
            }
            _ => {
                let mut requirements = Requirements::new();
                (entry.declare)(&mut requirements);
                let is_http = matches!(entry.meta.trigger, Trigger::WebSocket { .. });
                let mut triggered = Triggered {
                    meta: entry.meta,
                    physical: None,
                    whole: requirements.takes_whole_batch(),
                    windowed: requirements.takes_window(),
                    user,
                    endpoint: around(entry.endpoint, &entry.layers, is_http),
                };
                if let Some(name) = triggered.name() {
                    let mut section = reader.section(&["triggers"], "LIFT_TRIGGER");
                    triggered.physical =
                        section.optional::<Source>(name).ok().flatten().map(|Source(name)| name);
                }
                triggers.insert(triggered, &mut reader);
            }
        }
    }
    let function = sources.env("AWS_LAMBDA_FUNCTION_NAME");
    triggers.check(function, &mut reader);

    let by_background = backgrounds.iter().map(|background| Component::by_hand(background.check()));
    let by_hand = by_hand.into_iter().chain(by_background);
    health::fill(
        &handle,
        &resources,
        checks.0.into_iter().zip(checkers),
        by_hand,
        settings.as_ref().ok(),
        &mut reader,
    );
    let base_path = settings.as_ref().map_or("/health", |settings| &settings.health.base_path);
    health::check_paths(&router, base_path, &handle.groups, &mut reader);

    for Fault { subject, problem, help } in reader.unread_variables() {
        tracing::warn!(variable = subject, help, "{problem}");
    }
    let faults = reader.finish();
    let Ok(settings) = settings else { return Err(faults) };
    if !faults.is_empty() {
        return Err(faults);
    }
    if settings.unmasked_errors {
        handle.monitor.unmask();
    }
    let probes = Probes {
        base_path: settings.health.base_path.clone(),
        details: settings.health.details.clone(),
        names: settings.health.names,
        codes: settings.health.codes,
        handle,
        required: Probes::required(resources.managed()),
    };
    let service = Service {
        name,
        router,
        triggers,
        nobody: around(Arc::new(Nobody), &[], true),
        resources,
        probes,
        starts,
        stops,
        backgrounds: backgrounds.into_iter().map(Arc::new).collect(),
        running: Mutex::default(),
        catalog,
        errors: Telling { form: settings.errors, unmasked: settings.unmasked_errors },
        base_path: settings.base_path.clone(),
        trailing_slash: settings.trailing_slash,
        settings_file: sources.file().map(ToOwned::to_owned),
    };
    Ok((Arc::new(service), settings))
}

/// What the errors of the handlers tell, by status and code.
fn catalog(entries: &[(String, Entry)]) -> Vec<Answered> {
    let mut catalog: Vec<Answered> = Vec::new();
    for (_, entry) in entries {
        for told in entry.errors.entries() {
            match catalog.iter_mut().find(|other| (other.status, other.code) == (told.status, told.code)) {
                Some(other) => other.add(told, entry.meta.name),
                None => catalog.push(Answered::of(told, entry.meta.name)),
            }
        }
    }
    catalog.sort_by_key(|answered| (answered.status, answered.code));
    catalog
}

/// What all functions of the app take; the handlers and the checks among them.
fn requirements(app: &App) -> (Requirements, Vec<User>, Vec<User>) {
    let mut requirements = Requirements::new();
    let mut handlers = Vec::with_capacity(app.entries.len());
    for (_, entry) in &app.entries {
        let params = match entry.meta.trigger {
            Trigger::Http { params, .. } => params,
            _ => &[],
        };
        let (user, place) = (User::new(entry.meta.name), Some((entry.meta.file, entry.meta.line)));
        requirements.handler(Function { user, place, params }, entry.meta.concurrency);
        (entry.declare)(&mut requirements);
        handlers.push(user);
    }
    let mut checkers = Vec::with_capacity(app.checks.0.len());
    for check in &app.checks.0 {
        let user = User::new(check.meta.name);
        requirements.user(user, Some((check.meta.file, check.meta.line)));
        (check.declare)(&mut requirements);
        checkers.push(user);
    }
    let backgrounds = app.backgrounds.iter().map(|background| &background.function);
    for function in app.starts.iter().chain(&app.stops).chain(backgrounds) {
        requirements.user(function.user, None);
        (function.declare)(&mut requirements);
    }
    requirements.user(User::APP, None);
    for declare in &app.opened {
        declare(&mut requirements);
    }
    (requirements, handlers, checkers)
}

/// Tells each extractor that takes what nothing declares, once.
fn find_silent(requirements: &Requirements, resources: &Resources, reader: &mut Reader<'_>) {
    let mut seen: Vec<&str> = Vec::new();
    for (handler, rehearsal) in requirements.rehearsals() {
        let extractor = inner_type(rehearsal.extractor);
        if seen.contains(&extractor) {
            continue;
        }
        seen.push(extractor);
        let wanted = rehearsal.wants(handler.params).into_iter();
        let missing = wanted.filter(|(id, _)| resources.find(*id).is_none());
        let mut missing: Vec<_> = missing.map(|(_, argument)| short_name(argument)).collect();
        missing.dedup();
        if missing.is_empty() {
            continue;
        }
        let (name, extractor, taken) = (handler.user.name(), short_name(extractor), missing.join("` and `"));
        let place = handler.place.map(|(file, line)| format!("{file}:{line}")).unwrap_or_default();
        let problem = format!("`{name}` takes `{extractor}`, which takes `{taken}` without saying so");
        let resources = missing.join(", ");
        let help = format!("write `impl lift::Uses for {extractor} {{ type Resources = ({resources},); }}`");
        reader.fault(Fault::new(place, problem).help(help));
    }
}

/// The type inside an `Option` or a `Result`, which is what says what it uses.
fn inner_type(name: &str) -> &str {
    let inner = |start: &str| name.strip_prefix(start)?.strip_suffix('>');
    match (inner("core::option::Option<"), inner("core::result::Result<")) {
        (Some(inner), _) => inner,
        (_, Some(pair)) => pair.rsplit_once(", ").map_or(pair, |(value, _)| value),
        _ => name,
    }
}

/// Builds every pool and shared client that is taken, and finds what nobody provides.
fn resources(
    requirements: &Requirements,
    provided: Vec<(TypeId, Arc<dyn Any + Send + Sync>)>,
    overrides: &Overrides,
    clock: &Clock,
    reader: &mut Reader<'_>,
) -> Resources {
    let mut resources = Resources::default();
    for (id, value) in provided {
        resources.provide(id, value);
    }
    let mut names: HashMap<&'static str, &'static str> = HashMap::new();
    let mut seen: Vec<TypeId> = Vec::new();
    for need in requirements.needs() {
        if seen.contains(&need.value) || resources.find(need.value).is_some() {
            continue;
        }
        seen.push(need.value);
        let same: Vec<_> = requirements.needs().iter().filter(|other| other.value == need.value).collect();
        let Some((spec, open)) = same.iter().find_map(|need| need.open) else {
            let mut users: Vec<&str> = same.iter().map(|need| need.user.user.name()).collect();
            users.dedup();
            let problem = format!("nobody provides it, and `{}` takes it", users.join("`, `"));
            let help = "hand the value over with `App::provide(value)`, or make its type a resource and call `App::share`";
            reader.fault(Fault::new(short_name(need.type_name), problem).help(help));
            continue;
        };
        let mut spec = spec();
        if let Some(other) = names.insert(spec.name, need.type_name) {
            let problem = format!(
                "two resources have this name: `{}` and `{}`",
                short_name(other),
                short_name(need.type_name)
            );
            let help =
                "give one of them another `name`; a resource is taken either as `Pooled` or as `Shared`";
            reader.fault(Fault::new(spec.subject(), problem).help(help));
            continue;
        }
        let opening = Opening { overrides, clock, taken: Taken::of(&same) };
        let mut section = reader.section(&["resources", spec.name], &spec.prefix());
        // An error has been noted in the section.
        let _ = spec.read_health(section.nested("health"));
        if let Ok(opened) = open(&opening, spec, section) {
            resources.provide(need.value, opened.value);
            resources.manage(opened.managed);
        }
    }
    for (user, keep) in crate::pool::together(requirements) {
        resources.keep(user, keep);
    }
    resources
}
