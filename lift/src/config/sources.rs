use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::asked::{Asked, Key};
use super::value::may_show;
use super::{Fault, Faults, Invalid, Section, Value};

/// Where settings come from: the environment and, when there is one, `lift.toml`.
#[derive(Clone, Default)]
pub struct Sources {
    env: BTreeMap<String, String>,
    /// The variables whose values are not UTF-8.
    garbled: BTreeSet<String>,
    file: Option<PathBuf>,
    table: toml::Table,
}

/// The settings file when nothing names another one.
const FILE: &str = "lift.toml";

/// The variable that names another one.
const NAMED: &str = "LIFT_CONFIG";

/// What is wrong with a variable that is not UTF-8.
pub(super) const GARBLED: &str = "is not UTF-8";

/// A value of a variable or of the settings file.
pub(super) enum Found {
    Text(String),
    /// A variable that is not UTF-8.
    Garbled,
    /// An array of plain values.
    List(Vec<String>),
}

/// Without any value: they may be secrets.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Sources {
    /// Reads the process's environment and the settings file.
    ///
    /// The file is `LIFT_CONFIG` when that is set (it must exist then), else `lift.toml` in the working folder
    /// when there is one.
    ///
    /// # Errors
    /// When the file is named but missing, unreadable, or not TOML.
    pub fn load() -> Result<Self, Faults> {
        Self::from_env(std::env::vars_os())
    }

    pub(super) fn from_env(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Faults> {
        let mut sources = Self::default();
        for (name, value) in variables {
            // Nobody can ask for a name that is not UTF-8.
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => {
                    sources.env.insert(name, value);
                }
                Err(_) => {
                    sources.garbled.insert(name);
                }
            }
        }
        let help = "set LIFT_CONFIG to a readable file, or unset it";
        if sources.is_garbled(NAMED) {
            return Err(Faults::one(Fault::new(NAMED, GARBLED).help(help)));
        }
        let named = sources.env(NAMED).map(PathBuf::from);
        let path = named.clone().unwrap_or_else(|| PathBuf::from(FILE));
        match std::fs::read_to_string(&path) {
            Ok(text) => Self { file: Some(path), ..sources }.toml(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => Ok(sources),
            Err(error) => {
                let fault = Fault::new(path.display().to_string(), format!("cannot be read: {error}"));
                Err(Faults::one(fault.help(help)))
            }
        }
    }

    /// No environment and no file: what tests start from.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Sets one environment variable, for tests.
    #[must_use]
    pub fn var(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Sets the text of `lift.toml`.
    ///
    /// # Errors
    /// When the text is not TOML.
    pub fn toml(mut self, text: &str) -> Result<Self, Faults> {
        match text.parse() {
            Ok(table) => {
                self.table = table;
                Ok(self)
            }
            Err(error) => {
                let problem = format!("is not TOML: {}", place(text, &error));
                Err(Faults::one(Fault::new(self.file_name(), problem)))
            }
        }
    }

    /// The settings file that was read.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The value of an environment variable; an empty one counts as unset.
    #[must_use]
    pub fn env(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a variable is set to what is not UTF-8.
    pub(super) fn is_garbled(&self, name: &str) -> bool {
        self.garbled.contains(name)
    }

    /// The names of the environment that are set.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        let set = self.env.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name);
        set.chain(&self.garbled).map(String::as_str)
    }

    /// A variable that is set, whatever to.
    pub(super) fn variable(&self, name: &str) -> Option<Found> {
        match self.env(name) {
            Some(text) => Some(Found::Text(text.to_owned())),
            None => self.is_garbled(name).then_some(Found::Garbled),
        }
    }

    /// The settings file by its own name.
    pub(super) fn file_name(&self) -> String {
        self.file.as_deref().unwrap_or(Path::new(FILE)).display().to_string()
    }

    /// Where a key of the settings file is.
    pub(super) fn in_file(&self, path: &[String]) -> String {
        format!("{}: `{}`", self.file_name(), path.join("."))
    }

    /// A table where a value belongs.
    pub(super) fn not_a_value(&self, path: &[String], expected: &str) -> Fault {
        Fault::new(self.in_file(path), format!("the table is not {expected}"))
    }

    /// The value at a path of `lift.toml`; a table is none.
    pub(super) fn at(&self, path: &[String]) -> Option<Found> {
        match self.item(path)? {
            // What is no plain value is in no list of them, and no kind of value is read from it.
            toml::Value::Array(items) => {
                Some(Found::List(items.iter().map(|i| plain(i).unwrap_or_default()).collect()))
            }
            value => plain(value).map(Found::Text),
        }
    }

    /// Whether there is a table at a path of `lift.toml`.
    pub(super) fn has_table(&self, path: &[String]) -> bool {
        self.item(path).is_some_and(toml::Value::is_table)
    }

    fn item(&self, path: &[String]) -> Option<&toml::Value> {
        let (last, parents) = path.split_last()?;
        let mut table = &self.table;
        for key in parents {
            table = table.get(key)?.as_table()?;
        }
        table.get(last)
    }

    /// Opens a section; see [`Reader`].
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader { sources: self, faults: Faults::default(), asked: Asked::default() }
    }
}

fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::Table(_) | toml::Value::Array(_) => None,
        toml::Value::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    }
}

/// Where the file is wrong, and how, without any of its text: that may be a secret.
fn place(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let message = error.message().lines().next().unwrap_or_default();
    match before {
        Some(before) => {
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            format!("line {line}, column {column}: {message}")
        }
        None => message.to_owned(),
    }
}

/// Reads sections one after the other and remembers which keys exist, to tell the unknown ones at the end.
pub(crate) struct Reader<'a> {
    pub(super) sources: &'a Sources,
    pub(super) faults: Faults,
    pub(super) asked: Asked,
}

impl<'a> Reader<'a> {
    /// The section at `path` of `lift.toml`, whose variables begin with `prefix`.
    pub(crate) fn section<'r>(&'r mut self, path: &[&str], prefix: &str) -> Section<'r>
    where
        'a: 'r,
    {
        let path = path.iter().map(|&key| key.to_owned()).collect();
        Section::new(self.sources, &mut self.faults, &mut self.asked, path, prefix.to_owned())
    }

    /// What the platform says in an environment variable.
    pub(crate) fn env(&self, name: &str) -> Option<&str> {
        self.sources.env(name)
    }

    /// A setting that has no section: an environment variable alone.
    pub(crate) fn variable<T: Value>(&mut self, name: &'static str) -> Result<Option<T>, Invalid> {
        self.asked.alone(name);
        let Some(found) = self.sources.variable(name) else { return Ok(None) };
        let problem = match &found {
            Found::Text(text) => match T::parse(text.trim()) {
                Some(value) => return Ok(Some(value)),
                None if may_show(name, text) => format!("`{text}` is not {}", T::EXPECTED),
                None => format!("is not {}", T::EXPECTED),
            },
            _ => GARBLED.to_owned(),
        };
        self.fault(Fault::new(name, problem));
        Err(Invalid)
    }

    pub(crate) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Variables that look like settings, and that nothing has asked for.
    pub(crate) fn unread_variables(&self) -> Vec<Fault> {
        self.asked.unread(self.sources)
    }

    /// All faults, with the keys of `lift.toml` that nothing asked for.
    pub(crate) fn finish(mut self) -> Faults {
        let mut path = Vec::new();
        self.unknown(&self.sources.table, &mut path);
        self.faults
    }

    /// What nothing reads, and what cannot be read as the kind of thing it is.
    fn unknown(&mut self, table: &toml::Table, path: &mut Vec<String>) {
        let sources = self.sources;
        for (key, value) in table {
            path.push(key.clone());
            let known = &self.asked.keys;
            let below =
                known.iter().find(|known| known.path.len() > path.len() && known.path.starts_with(path));
            let itself = known.iter().find(|known| known.path == *path);
            let fault = match (value, below, itself) {
                (toml::Value::Table(inner), Some(_), _) => {
                    self.unknown(inner, path);
                    None
                }
                (toml::Value::Table(_), None, Some(key)) => Some(sources.not_a_value(path, key.expected)),
                (_, _, Some(_)) => None,
                (value, Some(below), None) => {
                    let section = below.path.split_last().map(|(_, section)| section);
                    Some(not_a_table(sources.in_file(path), value, section.unwrap_or_default()))
                }
                (_, None, None) => Some(nothing_reads(sources.in_file(path), key, path, known)),
            };
            // It may have been told when its value was missed.
            if let Some(fault) = fault
                && !self.faults.iter().any(|told| told.subject == fault.subject)
            {
                self.faults.push(fault);
            }
            path.pop();
        }
    }
}

/// A value where a table belongs, in which this section is.
fn not_a_table(subject: String, value: &toml::Value, section: &[String]) -> Fault {
    let kind = match value {
        toml::Value::Array(_) => "array",
        toml::Value::Boolean(_) => "boolean",
        toml::Value::Datetime(_) => "date",
        toml::Value::Integer(_) | toml::Value::Float(_) => "number",
        toml::Value::String(_) | toml::Value::Table(_) => "text",
    };
    Fault::new(subject, format!("the {kind} is not a table"))
        .help(format!("write its keys under `[{}]`", section.join(".")))
}

fn nothing_reads(subject: String, key: &str, path: &[String], known: &[Key]) -> Fault {
    let depth = path.len() - 1;
    let siblings = known
        .iter()
        .filter(|known| known.path.get(..depth) == path.get(..depth))
        .filter_map(|known| known.path.get(depth).map(String::as_str));
    let fault = Fault::new(subject, "nothing reads this key");
    match nearest(key, siblings) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault,
    }
}

/// The candidate that a slip of the finger away from `word`.
pub(super) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = word.len().max(3) / 3;
    candidates.map(|c| (distance(word, c), c)).filter(|(d, _)| *d <= limit).min().map(|(_, c)| c)
}

/// Edits between two words.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let (mut diagonal, mut left) = (i, i + 1);
        for (above, y) in row.iter_mut().skip(1).zip(b.chars()) {
            left = (diagonal + usize::from(x != y)).min(*above + 1).min(left + 1);
            diagonal = std::mem::replace(above, left);
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (a, b, expected) in
            [("", "", 0), ("max_size", "max_sise", 1), ("wait", "wiat", 2), ("", "abc", 3)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn a_key_that_nothing_reads_is_a_fault_with_its_neighbour() {
        let sources = Sources::empty().toml("[shutdown]\ngrase = '3s'\n[resorces.x]\ny = 1").unwrap();
        let mut reader = sources.reader();
        let grace: Result<std::time::Duration, _> =
            reader.section(&["shutdown"], "LIFT_SHUTDOWN").or("grace", std::time::Duration::from_secs(25));
        assert_eq!(grace.unwrap().as_secs(), 25);
        let _ = reader.section(&["resources", "x"], "X").or("y", 1_u8);
        let text = reader.finish().to_string();
        assert!(
            text.contains("`shutdown.grase`: nothing reads this key\n    help: did you mean `grace`?"),
            "{text}"
        );
        assert!(
            text.contains("`resorces`: nothing reads this key\n    help: did you mean `resources`?"),
            "{text}"
        );
    }
}
