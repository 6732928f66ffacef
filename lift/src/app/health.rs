//! The health report at start: what it shows, and what is wrong with it.

use std::sync::Arc;

use super::AppSettings;
use crate::clock::Deadline;
use crate::config::{Fault, Reader};
use crate::handler::router::Router;
use crate::health::{
    COMPONENT, CheckEntry, Component, Group, HealthHandle, PROBES, RegisterError, Root, TAKEN, is_name,
    system_components,
};
use crate::resource::{Context, Resources, User};

/// Fills the health report: resources, checks, the machine; and looks whether the groups hold what there is.
pub(super) fn fill(
    handle: &HealthHandle,
    resources: &Arc<Resources>,
    checks: impl Iterator<Item = (CheckEntry, User)>,
    by_hand: impl Iterator<Item = Result<Component, RegisterError>>,
    settings: Option<&AppSettings>,
    reader: &mut Reader<'_>,
) {
    let mut add = |component: Result<Component, RegisterError>, place: String| {
        if let Err(error) = component.and_then(|component| handle.add(component)) {
            reader.fault(Fault::new(place, error.to_string()));
        }
    };
    let (enabled, disabled): (Vec<_>, Vec<_>) =
        resources.managed().iter().partition(|resource| resource.spec().health_enabled);
    for resource in enabled {
        add(Ok(Component::of_resource(resource)), format!("resource `{}`", resource.spec().name));
    }
    for (check, user) in checks {
        let (meta, run, resources) = (check.meta, check.run, resources.clone());
        let settings = meta.settings;
        let run = move || run(Context::new(resources.clone(), user, Deadline::after(settings.timeout)));
        let component = Component { name: meta.name.to_owned(), settings, run: Box::new(run) };
        add(Ok(component), format!("{}:{}", meta.file, meta.line));
    }
    for component in by_hand {
        add(component, "health check".to_owned());
    }
    if let Some(system) = settings.and_then(|settings| settings.health.system.as_ref()) {
        for component in system_components(system, &Root::default(), &handle.monitor.heartbeat) {
            add(Ok(component), "the machine".to_owned());
        }
    }
    let disabled: Vec<_> = disabled.iter().map(|resource| resource.spec().name).collect();
    check_groups(handle, &disabled, reader);
}

/// Tells each handler whose requests a probe would answer.
pub(super) fn check_paths(router: &Router, base: &str, groups: &[Group], reader: &mut Reader<'_>) {
    let groups = groups.iter().map(|group| format!("{base}/{}", group.name));
    let probes: Vec<String> = PROBES.iter().map(|probe| format!("{base}{probe}")).chain(groups).collect();
    for served in router.served() {
        let Some(probe) = probes.iter().find(|probe| meet(&served.path, probe)) else { continue };
        let place = format!("{}:{}", served.meta.file, served.meta.line);
        let problem =
            format!("`{}` serves `{}`, where the health probe `{probe}` is", served.meta.name, served.path);
        let help = "give it another path, or move the probes: LIFT_HEALTH_BASE_PATH=/-/health";
        reader.fault(Fault::new(place, problem).help(help));
    }
}

/// Whether one request can be for both a handler's path and a probe's. What serves all the rest leaves the probes alone, but
/// for the rest below a path that is a probe's own.
fn meet(path: &str, probe: &str) -> bool {
    let (mut segments, mut probe) = (path.split('/'), probe.split('/'));
    let mut is_probes_own = true;
    loop {
        match (segments.next(), probe.next()) {
            (None, None) => return true,
            (Some(rest), Some(probe)) if rest.starts_with("{*") => {
                return is_probes_own && probe == COMPONENT;
            }
            (Some(segment), Some(probe)) if segment == probe => {}
            (Some(segment), Some(probe)) if segment.starts_with('{') || probe == COMPONENT => {
                is_probes_own = false;
            }
            _ => return false,
        }
    }
}

fn check_groups(handle: &HealthHandle, disabled: &[&str], reader: &mut Reader<'_>) {
    let all = handle.monitor.components(|_| true);
    for (index, Group { name, members }) in handle.groups.iter().enumerate() {
        let mut fault = |problem: String, help: String| {
            reader.fault(Fault::new(format!("health group `{name}`"), problem).help(help));
        };
        if !is_name(name) || TAKEN.contains(name) {
            let help = format!("use letters, digits and `-`, and none of `{}`", TAKEN.join("`, `"));
            fault("cannot have this name".to_owned(), help);
        }
        if handle.groups.iter().take(index).any(|other| other.name == *name) {
            fault("is declared twice".to_owned(), "name all its members in one `health_group`".to_owned());
        }
        for member in members {
            if !disabled.contains(&member.as_str())
                && !all.iter().any(|watched| watched.component.name == *member)
            {
                let names: Vec<_> = all.iter().map(|watched| watched.component.name.as_str()).collect();
                let help = format!("the components are `{}`", names.join("`, `"));
                fault(format!("no component is named `{member}`"), help);
            }
        }
    }
}
