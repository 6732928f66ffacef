//! What has been asked of the settings, to find what nothing reads and what two parts would read.

use std::collections::BTreeMap;

use super::sources::{distance, nearest};
use super::{Fault, Sources};

/// The variable that is read before all others.
const EARLY: &str = "LIFT_CONFIG";

/// The shortest name of a variable that may be a slip for one with another beginning.
const TELLING: usize = 9;

/// A key of the settings file that something has asked for.
pub(super) struct Key {
    pub(super) path: Vec<String>,
    /// What belongs there.
    pub(super) expected: &'static str,
}

#[derive(Default)]
pub(super) struct Asked {
    /// The keys of the settings file.
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
    pub(super) fn section(&mut self, file: &str, prefix: &str, path: &[String]) -> Option<Fault> {
        match self.sections.get(prefix) {
            Some(other) if other != path && other.len() == path.len() => {
                let other = other.clone();
                self.share(file, &other, path, format!("both read variables that begin with `{prefix}_`"))
            }
            Some(_) => None,
            None => {
                self.sections.insert(prefix.to_owned(), path.to_vec());
                None
            }
        }
    }

    /// Notes a key; the fault when its variable belongs to another one.
    pub(super) fn key(
        &mut self,
        file: &str,
        variable: String,
        path: &[String],
        expected: &'static str,
    ) -> Option<Fault> {
        self.keys.push(Key { path: path.to_vec(), expected });
        match self.variables.get(&variable) {
            Some(other) if other != path => {
                let other = other.clone();
                self.share(file, &other, path, format!("both read the variable `{variable}`"))
            }
            Some(_) => None,
            None => {
                self.variables.insert(variable, path.to_vec());
                None
            }
        }
    }

    /// One fault for two parts, however much they share.
    fn share(&mut self, file: &str, one: &[String], other: &[String], problem: String) -> Option<Fault> {
        if self.shared.iter().any(|[a, b]| one.starts_with(a) && other.starts_with(b)) {
            return None;
        }
        self.shared.push([one.to_vec(), other.to_vec()]);
        let subject = format!("{file}: `{}` and `{}`", one.join("."), other.join("."));
        Some(Fault::new(subject, problem).help("give one of them another name"))
    }

    /// Notes a variable that belongs to no section.
    pub(super) fn alone(&mut self, variable: &str) {
        self.variables.insert(variable.to_owned(), Vec::new());
    }

    /// The variables that are set, look like those of a section, and that nothing reads. Their values are not shown.
    pub(super) fn unread(&self, sources: &Sources) -> Vec<Fault> {
        let in_kubernetes = sources.env("KUBERNETES_SERVICE_HOST").is_some();
        let unknown =
            sources.variables().filter(|name| !self.variables.contains_key(*name) && *name != EARLY);
        unknown.filter_map(|name| self.judge(name, in_kubernetes)).collect()
    }

    /// What a variable looks like that nothing reads.
    fn judge(&self, name: &str, in_kubernetes: bool) -> Option<Fault> {
        let spelt: String =
            name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        let fault = Fault::new(name, "nothing reads this variable");
        let guess = |fault: Fault, near: Option<&str>| match near {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault,
        };
        if self.known().any(|known| known == spelt) {
            return Some(guess(fault, Some(&spelt)));
        }
        let rest = |prefix: &str| Some(spelt.strip_prefix(prefix)?.strip_prefix('_')?.to_owned());
        let longest = self.sections.keys().filter(|prefix| rest(prefix).is_some()).max_by_key(|p| p.len());
        if let Some((prefix, key)) = longest.and_then(|prefix| Some((prefix, rest(prefix)?))) {
            if in_kubernetes && is_service_link(&key) {
                return None;
            }
            let keys = self.known().filter_map(|known| known.strip_prefix(&**prefix)?.strip_prefix('_'));
            let near = nearest(&key, keys).map(|near| format!("{prefix}_{near}"));
            return Some(guess(fault, near.as_deref()));
        }
        if self.sections.contains_key(&spelt) {
            let first =
                self.known().find(|known| known.strip_prefix(&*spelt).is_some_and(|k| k.starts_with('_')));
            return Some(guess(fault, first));
        }
        // The beginning itself is misspelt.
        let slips = if spelt.len() > TELLING { 2 } else { 1 };
        let telling = self.known().filter(|known| known.len() >= TELLING && spelt.len() >= TELLING);
        let near = telling.map(|known| (distance(&spelt, known), known)).min()?;
        (near.0 <= slips).then(|| guess(fault, Some(near.1)))
    }

    fn known(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str).chain([EARLY])
    }
}

/// What Kubernetes sets for every service of a namespace, whose name may be that of a resource: `REDIS_PORT_6379_TCP`.
fn is_service_link(key: &str) -> bool {
    let port = |rest: &str| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit());
    key == "SERVICE_HOST"
        || key.starts_with("SERVICE_PORT")
        || key.strip_prefix("PORT").is_some_and(|rest| port(rest.trim_start_matches('_')))
}
