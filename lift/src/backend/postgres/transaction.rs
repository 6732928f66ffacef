use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, IsolationLevel, Row};

use super::calls::Calls;
use super::state::{Evicted, State};
use super::statements::Statements;
use super::{Connection, Error, calls};

/// A transaction, or a savepoint within one; see [`Connection::transaction`].
pub struct Transaction<'a> {
    inner: tokio_postgres::Transaction<'a>,
    statements: &'a Statements,
    // What failed or was abandoned stays counted: PostgreSQL refuses everything after it.
    state: State,
    /// That of the connection.
    evicted: &'a Evicted,
}

calls::methods!(Transaction<'_>);

impl<'a> Transaction<'a> {
    fn new(inner: tokio_postgres::Transaction<'a>, statements: &'a Statements, evicted: &'a Evicted) -> Self {
        Self { inner, statements, state: State::default(), evicted }
    }

    fn calls(&self) -> Calls<'_> {
        Calls { client: self.inner.client(), statements: self.statements }
    }

    async fn mark<T>(
        &self,
        call: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        self.state.begin();
        let answer = self.evicted.look(call.await);
        // An error of this side, such as a row too many, leaves the transaction in order.
        if answer.as_ref().err().is_none_or(|error| error.as_db_error().is_none() && !error.is_closed()) {
            self.state.end();
        }
        Ok(answer?)
    }

    async fn mark_text<T>(
        &self,
        _: &str,
        call: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        self.mark(call).await
    }

    /// Runs `work` after a savepoint: on `Err` what it did is rolled back, and the transaction goes on.
    ///
    /// # Errors
    /// What `work` says, or what the server says about the savepoint.
    pub async fn savepoint<T, E: From<Error>>(
        &mut self,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.state.begin();
        let inner = self.evicted.look(self.inner.transaction().await).map_err(Error::from)?;
        let (answer, ended) = run(Transaction::new(inner, self.statements, self.evicted), work).await;
        if ended {
            self.state.end();
        }
        answer
    }

    /// tokio-postgres's own client, for `COPY` and the like. What is done with it is not marked: a call that fails
    /// there and is not passed on as an `Err` makes the commit a silent rollback.
    #[must_use]
    pub fn client(&self) -> &Client {
        self.inner.client()
    }
}

impl<C> Connection<C> {
    /// Runs `work` in a transaction: commits on `Ok`, rolls back on `Err`.
    ///
    /// When this future is dropped in the middle (a deadline, a `select!`), the connection is not valid any more, so
    /// nobody borrows it with half a transaction, and the server rolls back when it is closed. When a call of `work`
    /// has failed and `work` says `Ok` nevertheless, nothing is committed and the answer is [`Error::RolledBack`].
    ///
    /// ```
    /// # use lift::postgres::{Connection, Error};
    /// async fn transfer(db: &mut Connection, from: i64, to: i64, amount: i64) -> Result<(), Error> {
    ///     db.transaction(async |tx| {
    ///         tx.execute("UPDATE account SET cents = cents - $2 WHERE id = $1", &[&from, &amount]).await?;
    ///         tx.execute("UPDATE account SET cents = cents + $2 WHERE id = $1", &[&to, &amount]).await?;
    ///         Ok(())
    ///     })
    ///     .await
    /// }
    /// ```
    ///
    /// # Errors
    /// What `work` says, what the server says about beginning and committing, or [`Error::RolledBack`].
    pub async fn transaction<T, E: From<Error>>(
        &mut self,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction_at(None, work).await
    }

    /// As [`transaction`](Self::transaction), at an isolation level; `None` is the server's
    /// `default_transaction_isolation`.
    ///
    /// At `RepeatableRead` and `Serializable` any call and the commit may fail with
    /// [`is_serialization_failure`](Error::is_serialization_failure); whether to run the whole again is the caller's
    /// choice.
    ///
    /// # Errors
    /// As [`transaction`](Self::transaction).
    pub async fn transaction_at<T, E: From<Error>>(
        &mut self,
        isolation: impl Into<Option<IsolationLevel>>,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.state.begin();
        let begin = self.client.build_transaction();
        let begin = match isolation.into() {
            Some(level) => begin.isolation_level(level),
            None => begin,
        };
        let evicted = self.state.evicted();
        let inner = match evicted.look(begin.start().await) {
            Ok(inner) => inner,
            Err(error) => {
                if error.as_db_error().is_some() {
                    self.state.end();
                }
                return Err(Error::from(error).into());
            }
        };
        let (answer, ended) = run(Transaction::new(inner, &self.statements, evicted), work).await;
        if ended {
            self.state.end();
        }
        answer
    }
}

/// Runs the work and ends the transaction; says whether the server has confirmed the end.
async fn run<T, E: From<Error>>(
    mut transaction: Transaction<'_>,
    work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, E>,
) -> (Result<T, E>, bool) {
    let evicted = transaction.evicted;
    let answer = work(&mut transaction).await;
    let answer = match answer {
        Ok(_) if transaction.state.is_unfinished() => Err(Error::RolledBack.into()),
        answer => answer,
    };
    match answer {
        Ok(value) => match evicted.look(transaction.inner.commit().await) {
            Ok(()) => (Ok(value), true),
            // A commit that is refused has rolled back.
            Err(error) => {
                let ended = error.as_db_error().is_some();
                (Err(Error::from(error).into()), ended)
            }
        },
        Err(error) => {
            let ended = evicted.look(transaction.inner.rollback().await).is_ok();
            (Err(error), ended)
        }
    }
}
