use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_postgres::Statement;

/// The prepared statements of one connection, by their text; the one used longest ago makes room.
pub(super) struct Statements {
    limit: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_text: HashMap<Box<str>, (Statement, u64)>,
    uses: u64,
}

impl Statements {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether none is kept, so that calls use the unnamed one only.
    pub(super) fn are_unnamed(&self) -> bool {
        self.limit == 0
    }

    /// The statement of this text, when it was prepared before.
    pub(super) fn kept(&self, text: &str) -> Option<Statement> {
        self.known().get(text)
    }

    /// Keeps a statement that was prepared.
    pub(super) fn keep(&self, text: &str, statement: &Statement) {
        let replaced = self.known().insert(text, statement.clone(), self.limit);
        drop(replaced); // tells the server, outside of the lock
    }

    /// Forgets a statement that the server refuses to run any more.
    pub(super) fn forget(&self, text: &str) {
        let forgotten = self.known().by_text.remove(text);
        drop(forgotten); // tells the server, outside of the lock
    }
}

impl Known {
    fn get(&mut self, text: &str) -> Option<Statement> {
        self.uses += 1;
        let (statement, used) = self.by_text.get_mut(text)?;
        *used = self.uses;
        Some(statement.clone())
    }

    /// Keeps one; returns what it takes the place of.
    fn insert(&mut self, text: &str, statement: Statement, limit: usize) -> Option<Statement> {
        // Another call may have prepared the same meanwhile.
        let mut replaced = self.by_text.insert(text.into(), (statement, self.uses));
        // A search through all of it, but only when a new text meets a full cache.
        if self.by_text.len() > limit
            && let Some(oldest) = self
                .by_text
                .iter()
                .filter(|(known, _)| ***known != *text)
                .min_by_key(|(_, (_, used))| *used)
                .map(|(known, _)| known.clone())
        {
            replaced = self.by_text.remove(&oldest);
        }
        replaced.map(|(statement, _)| statement)
    }
}
