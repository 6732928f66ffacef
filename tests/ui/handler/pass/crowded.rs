//! Traits of the user's with methods on every type, and constants, named like what generated code has to do with.
#![deny(warnings)]

use lift::prelude::*;
use lift::sqlite;

macro_rules! crowd {
    ($($name:ident)*) => {
        #[allow(dead_code)]
        trait ByValue: Sized {
            $(fn $name(self) {})*
        }
        #[allow(dead_code)]
        trait ByReference {
            $(fn $name(&self) {})*
        }
        #[allow(dead_code)]
        trait ByMutableReference {
            $(fn $name(&mut self) {})*
        }
        #[allow(dead_code)]
        trait OfTheType: Sized {
            const CATALOG: () = ();
            const ERRORS: () = ();
            const LISTED: () = ();
            const META: () = ();
            fn of(_: &Self) {}
            fn of0() {}
            fn internal() {}
        }
        impl<T> ByValue for T {}
        impl<T: ?Sized> ByReference for T {}
        impl<T: ?Sized> ByMutableReference for T {}
        impl<T> OfTheType for T {}
    };
}

crowd! {
    as_error cache call cancel_on_disconnect cleanup close concurrency critical current_thread decide decision declare deref
    deref_mut detail drop_permanent enabled fail_after failure fits from from_path health_check health_critical
    health_enabled health_fail_after health_interval_ms health_ready health_recover_after health_timeout_ms hidden initialize
    interval into into_response is_valid judge kind late log map max_size min_idle multi_thread new open partial
    public recover_after repeats retry run scope setting spec text timeout timeout_ms wait_ms warm worker_threads
}

macro_rules! constants {
    ($($name:ident)*) => {$(
        #[allow(dead_code, non_upper_case_globals)]
        const $name: u8 = 0;
    )*};
}

constants! { a0 answer config context error first init inner kind last marks opened prepared probe0 request requirements second text }

#[derive(Resource)]
#[resource(
    name = "orders-db",
    pool(max_size = 8, min_idle = 1, wait = "2s", warm = "lazy"),
    health(timeout = "250ms", critical = false, ready, interval = "9s", fail_after = 2, recover_after = 3, enabled = true),
    settings(url = ":memory:"),
    after_connect = prepare
)]
struct OrdersDb(sqlite::Connection);

async fn prepare(_: &mut OrdersDb) -> Result<(), sqlite::Error> {
    Ok(())
}

#[derive(Resource)]
#[resource(initialize = parse)]
struct Wrapped(OrdersDb);

async fn parse(_: &lift::config::NoSettings, _: &lift::Init) -> Result<Wrapped, lift::BoxError> {
    Err("none")?
}

#[derive(Clone, Resource)]
#[resource(initialize = made)]
struct Price(u64);

async fn made(_: &lift::config::NoSettings, _: &lift::Init) -> Result<Price, lift::BoxError> {
    Ok(Price(7))
}

#[derive(Debug, thiserror::Error, LiftError)]
enum OrderError {
    #[error("order {id} does not exist")]
    #[lift(status = 404, code = "NONE", retry = "never", public = "{id} is none", details(id), log = "info")]
    NotFound { id: u64 },
    #[error(transparent)]
    #[lift(transparent)]
    Pool(#[from] PoolError),
    #[error(transparent)]
    #[lift(internal)]
    Db(#[from] sqlite::Error),
    #[error(transparent)]
    #[lift(internal)]
    Other(lift::BoxError),
    #[error("sold: {source}")]
    #[lift(status = 409, public = "it is sold", retry)]
    Sold { source: std::io::Error },
}

#[lift::handler(GET, "/orders/{id}", timeout = "3s", cancel_on_disconnect)]
async fn order(id: u64, db: Pooled<OrdersDb>, price: Option<Shared<Price>>) -> Result<String, OrderError> {
    let _ = (db, price);
    Err(OrderError::NotFound { id })
}

#[lift::handler(GET, "/opaque")]
async fn opaque(wrapped: (Pool<OrdersDb>, Result<Pooled<Wrapped>, PoolError>)) -> impl IntoResponse {
    let _ = wrapped;
    "opaque"
}

#[lift::handler(sqs = "orders", concurrency = 8, partial, on_permanent = "drop", timeout = "1s")]
async fn fulfil(batch: lift::event::Batch<u64>) -> Result<lift::event::Failed, OrderError> {
    let _ = batch;
    Ok(lift::event::Failed::none())
}

#[lift::health_check(
    name = "warehouse",
    kind = "readiness",
    timeout = "500ms",
    critical = false,
    interval = "9s",
    fail_after = 2,
    recover_after = 3
)]
async fn warehouse(db: Pooled<OrdersDb>) -> Result<(), OrderError> {
    let _ = db;
    Err(OrderError::Sold { source: std::io::Error::other("gone") })
}

#[lift::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> lift::Result<()> {
    let _ = OrderError::Other(<lift::BoxError as From<&str>>::from("other"));
    let _ = (lift::handlers![order, opaque, fulfil], lift::health_checks![warehouse]);
    Ok(())
}
