//! What clients see when something goes wrong.

use lift::prelude::*;
use uuid::Uuid;

use crate::store::StoreError;

#[derive(Debug, thiserror::Error, LiftError)]
pub enum OrderError {
    #[error("order {0} does not exist")]
    #[lift(status = 404, code = "ORDER_NOT_FOUND")]
    NotFound(Uuid),

    #[error("order {0} is cancelled already")]
    #[lift(status = 409, code = "ORDER_CANCELLED")]
    Cancelled(Uuid),

    /// The store has decided what its errors mean.
    #[error(transparent)]
    #[lift(transparent)]
    Store(#[from] StoreError),
}
