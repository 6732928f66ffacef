//! Where orders are kept: in SQLite, or in PostgreSQL with the feature `postgres`. Nothing outside knows which.

#[cfg(feature = "postgres")]
#[path = "postgres.rs"]
mod backend;
#[cfg(not(feature = "postgres"))]
#[path = "sqlite.rs"]
mod backend;

pub use backend::OrdersDb;

use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
pub enum StoreError {
    #[error("the store cannot serve this now")]
    #[lift(status = 503, code = "STORE_BUSY", retry)]
    Busy(#[source] backend::Error),

    #[error("the store refused")]
    #[lift(internal, code = "STORE")]
    Refused(#[source] backend::Error),
}

impl From<backend::Error> for StoreError {
    fn from(error: backend::Error) -> Self {
        if backend::is_busy(&error) { Self::Busy(error) } else { Self::Refused(error) }
    }
}

/// Makes the tables that are missing.
pub async fn migrate(mut db: Pooled<OrdersDb>) -> Result<(), StoreError> {
    db.make_tables().await
}
