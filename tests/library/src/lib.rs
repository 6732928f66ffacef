//! What the macros write has to please a user who forbids everything: all of clippy's groups for style, and documents
//! that miss nothing.

#![deny(
    clippy::all,
    clippy::nursery,
    clippy::pedantic,
    missing_docs,
    rust_2024_compatibility,
    unreachable_pub
)]

#[rustfmt::skip] // its list of lints
pub mod forbidden;
pub mod names;

pub mod orders {
    //! One resource, one error, two handlers and a check.

    use lift::prelude::*;

    /// Where orders are kept.
    #[derive(Resource)]
    #[resource(
        name = "orders-db",
        pool(max_size = 2, wait = "1s"),
        health(timeout = "250ms", critical = false)
    )]
    pub struct OrdersDb(lift::sqlite::Connection);

    /// What goes wrong with an order.
    #[derive(Debug, thiserror::Error, LiftError)]
    pub enum OrderError {
        /// There is none.
        #[error("order {id} does not exist")]
        #[lift(status = 404, details(id), log = "debug")]
        NotFound {
            /// Its number.
            id: u32,
        },
        /// The pool says so.
        #[error(transparent)]
        #[lift(transparent)]
        Pool(#[from] PoolError),
        /// The database says so.
        #[error("the database refused")]
        #[lift(internal)]
        Db(#[from] lift::sqlite::Error),
    }

    /// One order.
    #[derive(Debug, serde::Serialize, serde::Deserialize)]
    pub struct Order {
        /// Its number.
        pub id: u32,
    }

    /// Reads an order.
    ///
    /// # Errors
    /// When there is none.
    #[lift::handler(GET, "/orders/{id}", timeout = "2s")]
    pub async fn get_order(id: u32, db: Pool<OrdersDb>) -> Result<Json<Order>, OrderError> {
        let known: u32 = db.get().await?.call(|db| db.query_row("SELECT 7", [], |row| row.get(0))).await?;
        if id == known {
            Ok(Json(Order { id }))
        } else {
            Err(OrderError::NotFound { id })
        }
    }

    /// Says it back.
    #[allow(clippy::unused_async)] // a handler is async, whatever it does
    #[lift::handler(invoke = "echo")]
    pub async fn echo(order: Json<Order>) -> Json<Order> {
        order
    }

    /// Whether there is a database.
    ///
    /// # Errors
    /// When there is none.
    #[lift::health_check(name = "orders", kind = "readiness", fail_after = 2)]
    pub async fn orders(mut db: Pooled<OrdersDb>) -> Result<(), OrderError> {
        db.call(|db| db.query_row("SELECT 1", [], |_| Ok(()))).await?;
        Ok(())
    }

    /// A service of these.
    pub fn app() -> App {
        App::new("library")
            .handlers(lift::handlers![get_order, echo])
            .health_checks(lift::health_checks![orders])
    }
}

#[allow(clippy::module_name_repetitions, missing_docs)] // there are many, and they say nothing
pub mod decisions {
    //! Errors with every combination of keys that `#[lift(…)]` allows, on every shape of a variant and of a struct.

    use lift::{LiftError, PoolError};

    include!("decisions.in");
}
