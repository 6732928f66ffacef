//! The calls that a connection and a transaction have in common.

use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::statements::Statements;
use super::unnamed::{Param, typed};

type Params<'a> = &'a [&'a (dyn ToSql + Sync)];
type Answer<T> = Result<T, tokio_postgres::Error>;

/// A client with its prepared statements.
pub(super) struct Calls<'a> {
    pub(super) client: &'a Client,
    pub(super) statements: &'a Statements,
}

impl Calls<'_> {
    /// Runs a call with the prepared statement; forgets one that no longer fits its tables or is gone.
    async fn prepared<T>(&self, sql: &str, call: impl AsyncFnOnce(&Statement) -> Answer<T>) -> Answer<T> {
        let statement = self.statements.prepare(self.client, sql).await?;
        let answer = call(&statement).await;
        if let Err(error) = &answer
            && let Some(&SqlState::FEATURE_NOT_SUPPORTED | &SqlState::INVALID_SQL_STATEMENT_NAME) =
                error.code()
        {
            self.statements.forget(sql);
        }
        answer
    }

    pub(super) async fn query(&self, sql: &str, params: Params<'_>) -> Answer<Vec<Row>> {
        if self.statements.are_unnamed() {
            let params = Param::all(params);
            return self.client.query_typed(sql, &typed(&params)).await;
        }
        self.prepared(sql, async |statement| self.client.query(statement, params).await).await
    }

    pub(super) async fn query_one(&self, sql: &str, params: Params<'_>) -> Answer<Row> {
        if self.statements.are_unnamed() {
            let params = Param::all(params);
            return self.client.query_typed_one(sql, &typed(&params)).await;
        }
        self.prepared(sql, async |statement| self.client.query_one(statement, params).await).await
    }

    pub(super) async fn query_opt(&self, sql: &str, params: Params<'_>) -> Answer<Option<Row>> {
        if self.statements.are_unnamed() {
            let params = Param::all(params);
            return self.client.query_typed_opt(sql, &typed(&params)).await;
        }
        self.prepared(sql, async |statement| self.client.query_opt(statement, params).await).await
    }

    pub(super) async fn execute(&self, sql: &str, params: Params<'_>) -> Answer<u64> {
        if self.statements.are_unnamed() {
            let params = Param::all(params);
            return self.client.execute_typed(sql, &typed(&params)).await;
        }
        self.prepared(sql, async |statement| self.client.execute(statement, params).await).await
    }

    pub(super) async fn batch(&self, sql: &str) -> Answer<()> {
        self.client.batch_execute(sql).await
    }
}

/// The public calls of `$type`, which has `calls`, `mark` and `mark_text`.
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
                self.mark_text(sql, self.calls().query(sql, params)).await
            }

            /// Runs a statement and returns its only row.
            ///
            /// # Errors
            /// What the server says, or that there is not exactly one row.
            pub async fn query_one(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
                self.mark_text(sql, self.calls().query_one(sql, params)).await
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
                self.mark_text(sql, self.calls().query_opt(sql, params)).await
            }

            /// Runs a statement and returns how many rows it changed.
            ///
            /// # Errors
            /// What the server says.
            pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
                self.mark_text(sql, self.calls().execute(sql, params)).await
            }

            /// Runs statements without parameters, separated by `;`, in one round trip and unprepared. They are one
            /// transaction unless they say otherwise.
            ///
            /// # Errors
            /// What the server says.
            pub async fn batch(&self, sql: &str) -> Result<(), Error> {
                self.mark_text(sql, self.calls().batch(sql)).await
            }
        }
    };
}
pub(super) use methods;
