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

    pub(super) fn keep(&self, text: &str, statement: &Statement) {
        let oldest = self.known().insert(text, statement.clone(), self.limit);
        drop(oldest); // tells the server, outside of the lock
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

    /// Keeps one; returns what makes room for it.
    fn insert(&mut self, text: &str, statement: Statement, limit: usize) -> Option<Statement> {
        // Somebody else may have prepared the same meanwhile.
        let known = self.by_text.remove(text);
        // A search through all of it, but only when a new text meets a full cache.
        let oldest = (self.by_text.len() >= limit)
            .then(|| self.by_text.iter().min_by_key(|(_, (_, used))| *used).map(|(text, _)| text.clone()));
        let oldest = oldest.flatten().and_then(|oldest| self.by_text.remove(&oldest));
        self.by_text.insert(text.into(), (statement, self.uses));
        known.or(oldest).map(|(statement, _)| statement)
    }
}
