//! What a resource of a service under test writes down, a line for each event, and the test reads.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lift::config::{Invalid, Section, Settings};

use crate::deadline::wait_until;

/// A file that a resource named `x` finds by `X_JOURNAL`.
#[derive(Clone, Debug)]
pub struct Journal(PathBuf);

impl Settings for Journal {
    fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
        Ok(Self(section.required("journal", "journal.txt")?))
    }
}

impl Journal {
    /// The one in this folder.
    pub fn of(dir: &Path) -> Self {
        Self(dir.join("journal"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a line.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn note(&self, line: &str) -> io::Result<()> {
        File::options().create(true).append(true).open(&self.0)?.write_all(format!("{line}\n").as_bytes())
    }

    /// What is written so far.
    pub fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.0).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// How many lines begin with this word.
    pub fn count(&self, word: &str) -> usize {
        self.lines().iter().filter(|line| line.split(' ').next() == Some(word)).count()
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.count("open") - self.count("close")
    }

    /// Waits for a line.
    pub fn wait_for(&self, line: &str) {
        wait_until(&format!("`{line}` in the journal"), || {
            self.lines().iter().any(|written| written == line).then_some(())
        });
    }
}
