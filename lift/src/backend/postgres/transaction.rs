use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, IsolationLevel, Row};

use super::calls::Calls;
use super::statements::Statements;
use super::tap::Session;
use super::unfinished::Unfinished;
use super::{Connection, Error, calls};

/// A transaction, or a savepoint within one; see [`Connection::transaction`].
pub struct Transaction<'a> {
    inner: tokio_postgres::Transaction<'a>,
    statements: &'a Statements,
    unfinished: Unfinished,
    session: &'a Session,
    is_savepoint: bool,
}

calls::methods!(Transaction<'_>);

impl<'a> Transaction<'a> {
    fn new(
        inner: tokio_postgres::Transaction<'a>,
        statements: &'a Statements,
        session: &'a Session,
        is_savepoint: bool,
    ) -> Self {
        Self { inner, statements, unfinished: Unfinished::default(), session, is_savepoint }
    }

    fn calls(&self) -> Calls<'_> {
        Calls { client: self.inner.client(), statements: self.statements, session: self.session }
    }

    async fn mark<T>(
        &self,
        call: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        Ok(self.unfinished.count(self.session.heard(call)).await?)
    }

    /// Runs `work` after a savepoint: on `Err` what it did is rolled back, and the transaction goes on.
    ///
    /// # Errors
    /// What `work` says, or what the server says about the savepoint.
    pub async fn savepoint<T, E: From<Error>>(
        &mut self,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let Self { inner, statements, unfinished, session, .. } = self;
        let savepoint = async {
            let inner = session.heard(inner.transaction()).await.map_err(Error::from)?;
            run(Transaction::new(inner, statements, session, true), work).await
        };
        unfinished.count(savepoint).await
    }

    /// tokio-postgres's own client, for `COPY` and the like.
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
        let Self { link, statements, unfinished, .. } = self;
        let (isolation, session) = (isolation.into(), &*link.session);
        let begin = link.client.build_transaction();
        let begin = match isolation {
            Some(level) => begin.isolation_level(level),
            None => begin,
        };
        let transaction = async {
            let inner = session.heard(begin.start()).await.map_err(Error::from)?;
            run(Transaction::new(inner, statements, session, false), work).await
        };
        unfinished.count(transaction).await
    }
}

/// Runs the work and ends the transaction.
async fn run<T, E: From<Error>>(
    mut transaction: Transaction<'_>,
    work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let value = match work(&mut transaction).await {
        Ok(value) => value,
        Err(error) => {
            // If even that fails, the session says so.
            let _ = transaction.session.heard(transaction.inner.rollback()).await;
            return Err(error);
        }
    };
    let Transaction { inner, unfinished, session, is_savepoint, .. } = transaction;
    if unfinished.is_any() || session.has_failed() {
        let _ = session.heard(inner.rollback()).await;
        return Err(Error::RolledBack.into());
    }
    session.heard(inner.commit()).await.map_err(Error::from)?;
    if !is_savepoint && session.was_rolled_back() {
        return Err(Error::RolledBack.into());
    }
    Ok(value)
}
