use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_postgres::{Client, Statement};

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

    /// The statement of this text: from the cache, or prepared in one round trip.
    pub(super) async fn prepare(
        &self,
        client: &Client,
        text: &str,
    ) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.known().get(text) {
            return Ok(statement);
        }
        let statement = client.prepare(text).await?;
        self.known().insert(text, statement.clone(), self.limit);
        Ok(statement)
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

    fn insert(&mut self, text: &str, statement: Statement, limit: usize) {
        // A search through all of it, but only when a new text meets a full cache.
        if self.by_text.len() >= limit
            && let Some(oldest) =
                self.by_text.iter().min_by_key(|(_, (_, used))| *used).map(|(text, _)| text.clone())
        {
            self.by_text.remove(&oldest);
        }
        self.by_text.insert(text.into(), (statement, self.uses));
    }
}
