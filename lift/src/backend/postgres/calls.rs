//! The calls that a connection and a transaction have in common.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::outdated::Outdated;
use super::statements::Statements;
use super::tap::Session;
use super::unnamed::{Param, typed};

type Params<'a> = &'a [&'a (dyn ToSql + Sync)];
type Answer<T> = Result<T, tokio_postgres::Error>;

/// How often a statement is run that is outdated each time: another migration may come while it is prepared.
const TRIES: u32 = 3;

/// A client with its prepared statements.
pub(super) struct Calls<'a> {
    pub(super) client: &'a Client,
    pub(super) statements: &'a Statements,
    pub(super) session: &'a Session,
}

/// Makes a call with the prepared statement. When it is outdated it has been forgotten; outside of a transaction nothing was
/// executed, so it is prepared again and the call made once more.
// A macro, because a future that holds an async closure is not `Send` for every lifetime.
macro_rules! prepared {
    ($calls:ident, $sql:ident, $statement:ident => $call:expr) => {{
        let mut tries = 0;
        loop {
            let $statement = &$calls.statement($sql).await?;
            let answer = $calls.session.heard($call).await;
            tries += 1;
            if !$calls.has_forgotten($sql, &answer) || tries == TRIES || $calls.session.is_in_transaction() {
                break answer;
            }
        }
    }};
}

impl Calls<'_> {
    /// The statement of this text, from the cache or prepared in one round trip.
    async fn statement(&self, sql: &str) -> Answer<Statement> {
        if let Some(statement) = self.statements.kept(sql) {
            return Ok(statement);
        }
        let statement = self.session.heard(self.client.prepare(sql)).await?;
        self.statements.keep(sql, &statement);
        Ok(statement)
    }

    /// Forgets what the answer tells to be outdated.
    fn has_forgotten<T>(&self, sql: &str, answer: &Answer<T>) -> bool {
        let Some(outdated) = answer.as_ref().err().and_then(Outdated::by) else { return false };
        self.statements.forget(sql);
        match outdated {
            Outdated::Types => self.client.clear_type_cache(),
            // Others are gone with it, also those with which tokio-postgres asks for types, and it keeps them for good.
            Outdated::Name => self.session.evict(),
        }
        true
    }

    pub(super) async fn query(&self, sql: &str, params: Params<'_>) -> Answer<Vec<Row>> {
        if self.statements.are_unnamed() {
            let params = Param::all(params);
            return self.client.query_typed(sql, &typed(&params)).await;
        }
        prepared!(self, sql, statement => self.client.query(statement, params))
    }

    pub(super) async fn query_one(&self, sql: &str, params: Params<'_>) -> Answer<Row> {
        if self.statements.are_unnamed() {
            let params = Param::all(params);
            return self.client.query_typed_one(sql, &typed(&params)).await;
        }
        prepared!(self, sql, statement => self.client.query_one(statement, params))
    }

    pub(super) async fn query_opt(&self, sql: &str, params: Params<'_>) -> Answer<Option<Row>> {
        if self.statements.are_unnamed() {
            let params = Param::all(params);
            return self.client.query_typed_opt(sql, &typed(&params)).await;
        }
        prepared!(self, sql, statement => self.client.query_opt(statement, params))
    }

    pub(super) async fn execute(&self, sql: &str, params: Params<'_>) -> Answer<u64> {
        if self.statements.are_unnamed() {
            let params = Param::all(params);
            return self.client.execute_typed(sql, &typed(&params)).await;
        }
        prepared!(self, sql, statement => self.client.execute(statement, params))
    }

    pub(super) async fn batch(&self, sql: &str) -> Answer<()> {
        self.client.batch_execute(sql).await
    }
}

/// The public calls of `$type`, which has `calls` and `mark`.
macro_rules! methods {
    ($type:ty $(, $generic:ident)?) => {
        impl$(<$generic>)? $type {
            /// Runs a statement and returns its rows.
            ///
            /// The statement is prepared at its first use (one more round trip) and kept: from then on a call is one
            /// round trip. With `statement_cache = 0` nothing is prepared, and every call is one. Calls may run side by side with `join!`; they are sent at once and answered in order.
            ///
            /// # Errors
            /// What the server says.
            pub async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
                self.mark(self.calls().query(sql, params)).await
            }

            /// Runs a statement and returns its only row.
            ///
            /// # Errors
            /// What the server says, or that there is not exactly one row.
            pub async fn query_one(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
                self.mark(self.calls().query_one(sql, params)).await
            }

            /// Runs a statement and returns its row, when there is one.
            ///
            /// # Errors
            /// What the server says, or that there is more than one row.
            pub async fn query_opt(
                &self,
                sql: &str,
                params: &[&(dyn ToSql + Sync)],
            ) -> Result<Option<Row>, Error> {
                self.mark(self.calls().query_opt(sql, params)).await
            }

            /// Runs a statement and returns how many rows it changed.
            ///
            /// # Errors
            /// What the server says.
            pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
                self.mark(self.calls().execute(sql, params)).await
            }

            /// Runs statements without parameters, separated by `;`, in one round trip and unprepared. They are one
            /// transaction unless they say otherwise.
            ///
            /// # Errors
            /// What the server says.
            pub async fn batch(&self, sql: &str) -> Result<(), Error> {
                self.mark(self.calls().batch(sql)).await
            }
        }
    };
}
pub(super) use methods;
