use std::fmt;

use super::asked::Asked;
use super::sources::{Found, in_file, not_a_value};
use super::{Fault, Faults, Sources, Value};

/// Something in a section is missing or wrong; the section has noted what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a setting is missing or wrong")
    }
}

impl std::error::Error for Invalid {}

/// The settings of one part of the service: a table of `lift.toml` and the variables with one prefix.
pub struct Section<'a> {
    sources: &'a Sources,
    faults: &'a mut Faults,
    asked: &'a mut Asked,
    path: Vec<String>,
    prefix: String,
    defaults: Vec<(&'static str, &'static str)>,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        sources: &'a Sources,
        faults: &'a mut Faults,
        asked: &'a mut Asked,
        path: Vec<String>,
        prefix: String,
    ) -> Self {
        if let Some(fault) = asked.section(&prefix, &path) {
            faults.push(fault);
        }
        Self { sources, faults, asked, path, prefix, defaults: Vec::new() }
    }

    /// Values for keys that neither the environment nor the file holds.
    pub(crate) fn with_defaults(mut self, defaults: &[(&'static str, &'static str)]) -> Self {
        self.defaults = defaults.to_vec();
        self
    }

    /// The environment variable of a key.
    #[must_use]
    pub fn variable(&self, key: &str) -> String {
        format!("{}_{}", self.prefix, key.to_uppercase().replace('-', "_"))
    }

    /// A value that has no default; `example` is shown when it is missing.
    ///
    /// # Errors
    /// [`Invalid`] when it is missing or wrong, which is noted.
    pub fn required<T: Value>(&mut self, key: &str, example: &str) -> Result<T, Invalid> {
        match self.optional(key)? {
            Some(value) => Ok(value),
            None if self.sources.has_table(&self.path_of(key)) => {
                self.faults.push(not_a_value(&self.path_of(key), T::EXPECTED));
                Err(Invalid)
            }
            None => {
                let variable = self.variable(key);
                let help = format!(
                    "set {variable}={example}, or `{key} = {example:?}` under [{}] in lift.toml",
                    self.path.join(".")
                );
                self.faults.push(Fault::new(variable, "is not set").help(help));
                Err(Invalid)
            }
        }
    }

    /// A value with a default.
    ///
    /// # Errors
    /// [`Invalid`] when it is set and wrong, which is noted.
    pub fn or<T: Value>(&mut self, key: &str, default: T) -> Result<T, Invalid> {
        Ok(self.optional(key)?.unwrap_or(default))
    }

    /// A value that may be absent.
    ///
    /// # Errors
    /// [`Invalid`] when it is set and wrong, which is noted.
    pub fn optional<T: Value>(&mut self, key: &str) -> Result<Option<T>, Invalid> {
        self.ask(key, T::EXPECTED);
        let Some((subject, found)) = self.look_up(key).or_else(|| self.in_code(key)) else { return Ok(None) };
        let value = match &found {
            Found::Text(text) => T::parse(text.trim()),
            Found::List(items) => T::parse_list(items),
        };
        match value {
            Some(value) => Ok(Some(value)),
            None => {
                let shown = match &found {
                    Found::List(_) => "the array ".to_owned(),
                    Found::Text(text) if may_show(key, text) => format!("`{text}` "),
                    Found::Text(_) => String::new(),
                };
                self.faults.push(Fault::new(subject, format!("{shown}is not {}", T::EXPECTED)));
                Err(Invalid)
            }
        }
    }

    fn path_of(&self, key: &str) -> Vec<String> {
        self.path.iter().cloned().chain([key.to_owned()]).collect()
    }

    /// Notes that a key exists.
    fn ask(&mut self, key: &str, expected: &'static str) {
        let (variable, path) = (self.variable(key), self.path_of(key));
        if let Some(fault) = self.asked.key(variable, &path, expected) {
            self.faults.push(fault);
        }
    }

    /// Where a key is set, and to what, apart from the code.
    fn look_up(&self, key: &str) -> Option<(String, Found)> {
        let (variable, path) = (self.variable(key), self.path_of(key));
        match self.sources.env(&variable) {
            Some(text) => Some((variable, Found::Text(text.to_owned()))),
            None => Some((in_file(&path), self.sources.at(&path)?)),
        }
    }

    /// What the code sets a key to.
    fn in_code(&self, key: &str) -> Option<(String, Found)> {
        let (_, value) = self.defaults.iter().find(|(name, _)| *name == key)?;
        Some((format!("`settings({key})` in the code"), Found::Text((*value).to_owned())))
    }

    /// Notes a fault when a key is set that has no meaning here.
    ///
    /// # Errors
    /// [`Invalid`] when it is set.
    pub(crate) fn refuse(&mut self, key: &str, problem: &str, help: &str) -> Result<(), Invalid> {
        self.ask(key, "a value");
        match self.look_up(key) {
            None => Ok(()),
            Some((subject, _)) => {
                self.faults.push(Fault::new(subject, problem).help(help));
                Err(Invalid)
            }
        }
    }

    /// Notes that a value is of the right kind but does not do, and gives the error to return. The fault names where the value is
    /// set: the variable, the key of `lift.toml` or the code. Where it is missing, that is the variable.
    pub fn invalid(&mut self, key: &str, problem: impl Into<String>) -> Invalid {
        let subject = self.where_set(key);
        self.faults.push(Fault::new(subject, problem));
        Invalid
    }

    /// As [`invalid`](Self::invalid), with what to write instead.
    pub(super) fn invalid_but(&mut self, key: &str, problem: String, help: String) -> Invalid {
        let subject = self.where_set(key);
        self.fault(Fault::new(subject, problem).help(help))
    }

    fn where_set(&self, key: &str) -> String {
        let set = self.look_up(key).or_else(|| self.in_code(key));
        set.map_or_else(|| self.variable(key), |(subject, _)| subject)
    }

    /// Notes a fault of something else than a key, and gives the error to return.
    pub(crate) fn fault(&mut self, fault: Fault) -> Invalid {
        self.faults.push(fault);
        Invalid
    }

    /// A section inside this one.
    pub fn nested(&mut self, key: &str) -> Section<'_> {
        let mut path = self.path.clone();
        path.push(key.to_owned());
        let prefix = self.variable(key);
        Section::new(self.sources, self.faults, self.asked, path, prefix)
    }
}

/// Whether an error may show the value of a key: one that can hold a secret stays in its place.
fn may_show(key: &str, text: &str) -> bool {
    const SECRETS: [&str; 11] =
        ["url", "uri", "dsn", "pass", "secret", "token", "credential", "auth", "key", "private", "pin"];
    !SECRETS.iter().any(|word| key.contains(word)) && !text.contains(['@', ':', '\n']) && text.len() <= 64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_environment_beats_the_file_which_beats_the_code() {
        let file = "[resources.db]\nsize = 2\nwait = '3s'\n[resources.db.pool]\nmax_size = 9";
        let sources = Sources::empty().var("DB_SIZE", "3").toml(file).unwrap();
        let mut reader = sources.reader();
        let mut section = reader.section(&["resources", "db"], "DB").with_defaults(&[
            ("size", "1"),
            ("wait", "1s"),
            ("name", "code"),
        ]);
        assert_eq!(section.optional::<u8>("size"), Ok(Some(3)));
        assert_eq!(section.optional::<Duration>("wait"), Ok(Some(Duration::from_secs(3))));
        assert_eq!(section.optional::<String>("name"), Ok(Some("code".to_owned())));
        assert_eq!(section.optional::<String>("absent"), Ok(None));
        assert_eq!(section.nested("pool").or("max_size", 4_usize), Ok(9));
        assert_eq!(section.nested("pool").variable("max_size"), "DB_POOL_MAX_SIZE");
        assert!(reader.finish().is_empty());
    }

    #[test]
    fn every_fault_is_told_with_its_variable_and_no_secret() {
        let sources =
            Sources::empty().var("DB_SIZE", "many").var("DB_URL", "").var("DB_TOKEN_TTL", "hunter2");
        let mut reader = sources.reader();
        let mut section = reader.section(&["resources", "db"], "DB");
        let url = section.required::<String>("url", "sqlite://orders.db");
        let size = section.or("size", 1_u8);
        let ttl = section.or("token_ttl", Duration::ZERO);
        assert!(url.is_err() && size.is_err() && ttl.is_err());
        let text = reader.finish().to_string();
        assert!(text.contains("3 things are wrong"), "{text}");
        assert!(text.contains("DB_URL: is not set\n    help: set DB_URL=sqlite://orders.db"), "{text}");
        assert!(text.contains("DB_SIZE: `many` is not a whole number"), "{text}");
        assert!(text.contains("DB_TOKEN_TTL: is not a duration"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}
