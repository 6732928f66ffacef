//! How much of its machine's limits this process uses: memory, processor time, descriptors, disk.
//!
//! The limits of a container are those of its cgroup; see cgroups(7), and the kernel's `cgroup-v2.rst` and
//! `cgroup-v1/memory.rst`. Where no cgroup sets one, the host's hold.

mod components;
mod cpu;
mod descriptors;
mod disk;
mod memory;
#[cfg(test)]
mod tests;

pub(crate) use components::components;
use cpu::Cpu;
use descriptors::descriptors;
use disk::disk;
use memory::memory;

use std::io::{Error, ErrorKind, Result};
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

/// Where `/proc` and `/sys` are looked for. Default `/`.
#[derive(Clone, Debug)]
pub(crate) struct Root(pub(crate) PathBuf);

/// How much of a limit is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) used: u64,
    pub(crate) limit: u64,
    /// Whose limit it is.
    pub(crate) source: &'static str,
}

impl Usage {
    /// 0 when the limit is 0.
    pub(crate) fn percent(&self) -> f64 {
        if self.limit == 0 { 0.0 } else { self.used as f64 / self.limit as f64 * 100.0 }
    }
}

impl Default for Root {
    fn default() -> Self {
        Self("/".into())
    }
}

impl Root {
    /// The folders of this process's cgroup and of those above it that can be seen, the innermost first.
    /// A `controller` has a hierarchy of its own in cgroup v1; the one of v2 has the empty name.
    fn groups(&self, controller: &str) -> Result<Vec<PathBuf>> {
        let list = self.0.join("proc/self/cgroup");
        let Some(text) = if_present(text(&list))? else { return Ok(Vec::new()) };
        for line in text.lines() {
            let mut fields = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
                return Err(invalid(&list, "a line is not `id:controllers:path`"));
            };
            if controllers.split(',').any(|name| name == controller) {
                let mount = self.0.join("sys/fs/cgroup").join(controller);
                let path = Path::new(path.trim_start_matches('/'));
                // In a container the path may be the host's, or begin with `..`: the mount is the group then.
                let above = path.components().any(|part| part == Component::ParentDir);
                let own = Some(mount.join(path)).filter(|own| !above && own.is_dir());
                let own = own.unwrap_or_else(|| mount.clone());
                let groups = own.ancestors().take_while(|group| group.starts_with(&mount));
                return Ok(groups.map(Path::to_path_buf).collect());
            }
        }
        Ok(Vec::new())
    }
}

/// The number that a file begins with.
fn number<T: FromStr>(path: &Path) -> Result<T> {
    parse(path, text(path)?.split_whitespace().next())
}

/// The limit that a file begins with: none when there is no such file, or it says `max` (v2) or `-1` (v1).
fn limit(path: &Path) -> Result<Option<u64>> {
    let Some(text) = if_present(text(path))? else { return Ok(None) };
    match text.split_whitespace().next() {
        Some("max" | "-1") => Ok(None),
        word => parse(path, word).map(Some),
    }
}

/// The values of `keys` in a table of lines such as `key 1` or `key: 1 kB`, all from one reading.
fn table<const N: usize>(path: &Path, keys: [&str; N]) -> Result<[u64; N]> {
    let text = text(path)?;
    let values = keys.map(|key| {
        let mut words = text.lines().map(str::split_whitespace).find_map(|mut words| {
            let name = words.next()?;
            (name.strip_suffix(':').unwrap_or(name) == key).then_some(words)
        })?;
        let value: u64 = words.next()?.parse().ok()?;
        value.checked_mul(if words.next() == Some("kB") { 1024 } else { 1 })
    });
    match keys.iter().zip(&values).find(|(_, value)| value.is_none()) {
        Some((key, _)) => Err(invalid(path, &format!("no number for `{key}`"))),
        None => Ok(values.map(Option::unwrap_or_default)),
    }
}

fn parse<T: FromStr>(path: &Path, word: Option<&str>) -> Result<T> {
    word.and_then(|word| word.parse().ok()).ok_or_else(|| invalid(path, "does not begin with a number"))
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| named(path, error))
}

fn if_present<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// The same error with the name of its file.
fn named(path: &Path, error: impl Into<Error>) -> Error {
    let error = error.into();
    Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

fn invalid(path: &Path, why: &str) -> Error {
    named(path, Error::new(ErrorKind::InvalidData, why))
}
