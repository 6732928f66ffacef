use std::fmt;

use super::asked::Asked;
use super::limits::{self, Amount, Part};
use super::sources::{Found, GARBLED};
use super::value::may_show;
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
    code: Attribute,
}

/// What an attribute in the code says of the keys of a section.
#[derive(Default)]
pub(crate) struct Attribute {
    /// Where it is written, up to its name: ``src/db.rs:7: resource `orders-db`: `pool``.
    pub(crate) place: String,
    pub(crate) values: Vec<(&'static str, String)>,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        sources: &'a Sources,
        faults: &'a mut Faults,
        asked: &'a mut Asked,
        path: Vec<String>,
        prefix: String,
    ) -> Self {
        if let Some(fault) = asked.section(&sources.file_name(), &prefix, &path) {
            faults.push(fault);
        }
        Self { sources, faults, asked, path, prefix, code: Attribute::default() }
    }

    /// Takes values for keys that neither the environment nor the file holds.
    pub(crate) fn in_code(self, code: Attribute) -> Self {
        Self { code, ..self }
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
                self.faults.push(self.sources.not_a_value(&self.path_of(key), T::EXPECTED));
                Err(Invalid)
            }
            None => {
                let variable = self.variable(key);
                let help = format!(
                    "set {variable}={example}, or `{key} = {example:?}` under [{}] in {}",
                    self.path.join("."),
                    self.sources.file_name()
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
        let Some((subject, found)) = self.look_up(key) else { return Ok(None) };
        let value = match &found {
            Found::Text(text) => T::parse(text.trim()),
            Found::List(items) => T::parse_list(items),
            Found::Garbled => None,
        };
        match value {
            Some(value) => Ok(Some(value)),
            None => {
                let problem = match &found {
                    Found::Garbled => GARBLED.to_owned(),
                    Found::List(_) => format!("the array is not {}", T::EXPECTED),
                    Found::Text(text) if may_show(key, text) => format!("`{text}` is not {}", T::EXPECTED),
                    Found::Text(_) => format!("is not {}", T::EXPECTED),
                };
                self.faults.push(Fault::new(subject, problem));
                Err(Invalid)
            }
        }
    }

    /// A duration or a count with a default, judged by the [table](limits) of what zero means and what is too much.
    pub(crate) fn limit<T: Amount>(&mut self, part: Part, key: &str, default: T) -> Result<T, Invalid> {
        Ok(self.optional_limit(part, key)?.unwrap_or(default))
    }

    /// As [`limit`](Self::limit), for one that may be absent.
    pub(crate) fn optional_limit<T: Amount>(&mut self, part: Part, key: &str) -> Result<Option<T>, Invalid> {
        match self.optional::<T>(key)? {
            Some(amount) => match limits::problem(part, key, &amount) {
                Some(problem) => Err(self.invalid(key, problem)),
                None => Ok(Some(amount)),
            },
            None => Ok(None),
        }
    }

    fn path_of(&self, key: &str) -> Vec<String> {
        self.path.iter().cloned().chain([key.to_owned()]).collect()
    }

    /// Notes that a key exists.
    fn ask(&mut self, key: &str, expected: &'static str) {
        let (variable, path) = (self.variable(key), self.path_of(key));
        if let Some(fault) = self.asked.key(&self.sources.file_name(), variable, &path, expected) {
            self.faults.push(fault);
        }
    }

    /// Where a key is set, and to what.
    fn look_up(&self, key: &str) -> Option<(String, Found)> {
        let (variable, path) = (self.variable(key), self.path_of(key));
        if let Some(found) = self.sources.variable(&variable) {
            return Some((variable, found));
        }
        if let Some(found) = self.sources.at(&path) {
            return Some((self.sources.in_file(&path), found));
        }
        let (_, value) = self.code.values.iter().find(|(name, _)| *name == key)?;
        Some((format!("{}({key})`", self.code.place), Found::Text(value.clone())))
    }

    /// Whether a key is set by the attribute alone.
    pub(crate) fn is_in_code(&self, key: &str) -> bool {
        self.sources.variable(&self.variable(key)).is_none() && self.sources.at(&self.path_of(key)).is_none()
    }

    /// Whether a key is set, and where: the variable, the key of the file, the attribute.
    pub(crate) fn source_of(&self, key: &str) -> Option<String> {
        self.look_up(key).map(|(subject, _)| subject)
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
    /// set: the variable, the key of the settings file, the attribute. Where it is missing, that is the variable.
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
        self.source_of(key).unwrap_or_else(|| self.variable(key))
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_environment_beats_the_file_which_beats_the_code() {
        let file = "[resources.db]\nsize = 2\nwait = '3s'\n[resources.db.pool]\nmax_size = 9";
        let sources = Sources::empty().var("DB_SIZE", "3").toml(file).unwrap();
        let mut reader = sources.reader();
        let values =
            [("size", "1"), ("wait", "1s"), ("name", "code")].map(|(key, value)| (key, value.to_owned()));
        let code = Attribute { place: "`settings".to_owned(), values: values.to_vec() };
        let mut section = reader.section(&["resources", "db"], "DB").in_code(code);
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
