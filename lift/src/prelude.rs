//! What most files of a service use: `use lift::prelude::*;`.

pub use crate::extract::{Form, Json, MatchedPath, Path, Query};
pub use crate::{App, Health, LiftError, Pool, PoolError, Pooled, Resource, Shared, Status};
pub use axum_core::response::IntoResponse;
pub use http::StatusCode;
