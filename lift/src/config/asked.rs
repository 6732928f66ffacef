//! What has been asked of the settings, to find what nothing reads and what two parts would read.

use std::collections::BTreeMap;

use super::sources::nearest;
use super::{Fault, Sources};

/// Variables that are read before there is any section.
const EARLY: [&str; 2] = ["LIFT_CONFIG", "LIFT_LOG_FORMAT"];

/// A key of `lift.toml` that something has asked for.
pub(super) struct Key {
    pub(super) path: Vec<String>,
    /// What belongs there.
    pub(super) expected: &'static str,
}

#[derive(Default)]
pub(super) struct Asked {
    /// The keys of `lift.toml`.
    pub(super) keys: Vec<Key>,
    /// The variables, each with its key.
    variables: BTreeMap<String, Vec<String>>,
    /// The sections, by the start of their variables.
    sections: BTreeMap<String, Vec<String>>,
    /// Sections that read the same variables.
    shared: Vec<[Vec<String>; 2]>,
}

impl Asked {
    /// Notes a section; the fault when another one beside it has the same variables. One inside another part may begin
    /// like it (`user.pool` and `user-pool`): there each variable is looked at.
    pub(super) fn section(&mut self, prefix: &str, path: &[String]) -> Option<Fault> {
        match self.sections.get(prefix) {
            Some(other) if other != path && other.len() == path.len() => {
                let other = other.clone();
                self.share(&other, path, format!("both read variables that begin with `{prefix}_`"))
            }
            Some(_) => None,
            None => {
                self.sections.insert(prefix.to_owned(), path.to_vec());
                None
            }
        }
    }

    /// Notes a key; the fault when its variable belongs to another one.
    pub(super) fn key(&mut self, variable: String, path: &[String], expected: &'static str) -> Option<Fault> {
        self.keys.push(Key { path: path.to_vec(), expected });
        match self.variables.get(&variable) {
            Some(other) if other != path => {
                let other = other.clone();
                self.share(&other, path, format!("both read the variable `{variable}`"))
            }
            Some(_) => None,
            None => {
                self.variables.insert(variable, path.to_vec());
                None
            }
        }
    }

    /// One fault for two parts, however much they share.
    fn share(&mut self, one: &[String], other: &[String], problem: String) -> Option<Fault> {
        if self.shared.iter().any(|[a, b]| one.starts_with(a) && other.starts_with(b)) {
            return None;
        }
        self.shared.push([one.to_vec(), other.to_vec()]);
        let subject = format!("lift.toml: `{}` and `{}`", one.join("."), other.join("."));
        Some(Fault::new(subject, problem).help("give one of them another name"))
    }

    /// The variables that are set, begin as those of a section do, and that nothing reads. Their values are not shown.
    pub(super) fn unread(&self, sources: &Sources) -> Vec<Fault> {
        let in_kubernetes = sources.env("KUBERNETES_SERVICE_HOST").is_some();
        let unknown = sources.variables().filter(|name| {
            !self.variables.contains_key(*name) && !EARLY.contains(name) && sources.env(name).is_some()
        });
        let judge = |name: &str| {
            let rest = |prefix: &str| Some(name.strip_prefix(prefix)?.strip_prefix('_')?.to_owned());
            let longest =
                self.sections.keys().filter(|prefix| rest(prefix).is_some()).max_by_key(|p| p.len());
            let (prefix, key) = (longest?, rest(longest?)?);
            if in_kubernetes && is_service_link(&key) {
                return None;
            }
            let known = self.variables.keys().map(String::as_str).chain(EARLY);
            let keys = known.filter_map(|known| known.strip_prefix(&**prefix)?.strip_prefix('_'));
            let fault = Fault::new(name, "nothing reads this variable");
            Some(match nearest(&key, keys) {
                Some(near) => fault.help(format!("did you mean `{prefix}_{near}`?")),
                None => fault,
            })
        };
        unknown.filter_map(judge).collect()
    }
}

/// What Kubernetes sets for every service of a namespace, whose name may be that of a resource: `REDIS_PORT_6379_TCP`.
fn is_service_link(key: &str) -> bool {
    let port = |rest: &str| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit());
    key == "SERVICE_HOST"
        || key.starts_with("SERVICE_PORT")
        || key.strip_prefix("PORT").is_some_and(|rest| port(rest.trim_start_matches('_')))
}
