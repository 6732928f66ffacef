//! The attribute and derive macros of lift. The `lift` crate re-exports them; use them from there.
//!
//! A macro parses what was written, checks it, and writes down constants and one call of an ordinary generic function of
//! the runtime. Generated code names only `::lift::__private`; every macro takes `crate = "path"` for a runtime crate that
//! goes by another name.
//!
//! Each macro has one module with one file a stage: `parse` keeps what was written, `validate` judges it and
//! reports every fault at once, `model` is what passed, `expand` turns that into tokens. A raw value can't reach
//! the expansion: its type is another one.
//!
//! Two promises hold for all of them. The item always comes out again, so that one mistake is one error. And a fault
//! is reported where it was made, with what to write instead.

#![forbid(unsafe_code)]

mod function;
mod handler;
mod health_check;
mod lift_error;
mod main_fn;
mod resource;
mod support;

use proc_macro::TokenStream;

/// Makes an async function a handler: it is called for each request of a route, each direct invoke, or each record of a
/// queue, a stream or another source of events.
///
/// The function stays what it is, with its name, signature and documentation; a unit test calls it. Beside it stands
/// a hidden type of the same name, for which the runtime's `Handler` trait is implemented, and which
/// `lift::handlers![…]` lists.
///
/// ```text
/// #[lift::handler(GET, "/orders/{id}", timeout = "3s")]
/// pub async fn get_order(id: Uuid, db: Pooled<OrdersDb>) -> Result<Json<Order>, OrderError> { … }
///
/// #[lift::handler(invoke = "reindex")]
/// pub async fn reindex(db: Pooled<OrdersDb>) -> Result<Json<Report>, OrderError> { … }
///
/// #[lift::handler(sqs = "fulfilment", concurrency = 8, partial)]
/// pub async fn fulfil(db: Pooled<OrdersDb>, order: Json<Order>) -> Result<(), OrderError> { … }
/// ```
///
/// # The trigger
///
/// Either a method and a path, in front of all keys, or one of the first keys below.
///
/// - **Method**: `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, `HEAD` or `OPTIONS`; one per handler.
/// - **Path**: a string literal that starts with `/`, with no query, no fragment, no empty segment and no `/` at its end.
///   `{name}` is one segment, `{*name}` all the rest, which may be empty; a parameter is a whole segment. What is not ASCII is
///   percent-encoded, as it is on the wire.
///
/// # Keys
///
/// | key | value | default |
/// |---|---|---|
/// | `invoke` | the name of a direct invoke, in kebab-case | – |
/// | `sqs`, `kinesis`, `dynamodb`, `sns`, `s3`, `schedule` | the name of the queue, stream, table, topic, bucket or schedule, in kebab-case | – |
/// | `eventbridge(…)` | `source`, `detail_type`, or both: texts | – |
/// | `ws` | a route key of a WebSocket API: `$connect`, `$disconnect`, `$default`, or one of its own | – |
/// | `event` | a name in kebab-case; with `matches(…)`: JSON Pointers in quotes, each alone or `= "text"` | – |
/// | `concurrency` | how many records of one event run at the same time, 1 to 1,000 | 1 |
/// | `partial` | none: the event source reads which records have failed; with `sqs`, `kinesis` and `dynamodb` | one that fails makes all come again |
/// | `on_permanent` | `"fail"`, or `"drop"`: a record whose failure is permanent counts as done | `"fail"` |
/// | `timeout` | a whole number with `ms`, `s` or `m`; more than zero, at most `"15m"` | the host's limit |
/// | `cancel_on_disconnect` | none: an HTTP client that goes away drops the invocation | it runs to its end |
/// | `crate` | the path of the runtime crate, in quotes | `"::lift"` |
///
/// # Arguments
///
/// At most 12, each of a type that owns what it holds. An argument named like a parameter of the route is parsed from the
/// path with `FromStr`, and is a plain name (`mut` is fine). Every other argument is judged by its type, whatever its
/// pattern: a resource (`Pooled<R>`, `Pool<R>`, `Shared<T>`, also in `Option`, `Result` and tuples), any extractor that needs
/// only the request, or, as the last one, what reads the body (`Json<T>`, `String`, `Bytes`).
///
/// Every parameter of the route is the name of an argument, or a name that an argument's pattern binds; or an argument's type is
/// called `Path`, which takes all of them: `Path(order): Path<OrderPath>`.
///
/// An argument that only another kind of trigger has (`SqsMessage` on HTTP, `RequestContext` on a queue) is refused, and so
/// is one that only axum's own router would fill.
///
/// # The answer
///
/// A response, or a `Result` of one. The error of a `Result` is a `LiftError`, `lift::Error`, `lift::Failure`, or an axum idiom
/// with a status of its own (`StatusCode`, a tuple with one in front, `Response`, an extractor's rejection); a status
/// below 400 makes it an opaque 500. A `Result` inside of a tuple or of `Json` is refused; behind `impl IntoResponse`, where the
/// compiler does not see it, at startup. A handler that takes a `Batch` answers `()`, `Failed` or a `Result` of one of them.
///
/// # Errors
///
/// It is a compile error when the function is not a free, safe, non-generic `async fn`; when an argument borrows, is
/// `impl Trait`, or stands under `#[cfg]`; when a parameter of the route has no argument; and when any rule above is broken.
/// Types are judged by the compiler: an argument or a return type that does not fit is underlined as a whole, and a
/// future that is not `Send` is reported at the function's name.
///
/// A known limit: the hidden type takes the function's name among types and modules. A handler that is named like a module
/// or a crate that is used beside it collides with it.
#[proc_macro_attribute]
pub fn handler(attribute: TokenStream, item: TokenStream) -> TokenStream {
    handler::handler(attribute.into(), item.into()).into()
}

/// Makes an async function a health check: a component of the health report.
///
/// The function stays what it is. `lift::health_checks![…]` lists it by its name.
///
/// ```text
/// #[lift::health_check(name = "warehouse", timeout = "500ms", critical = false)]
/// pub async fn warehouse(http: Shared<Warehouse>) -> Result<(), reqwest::Error> { … }
/// ```
///
/// # Keys
///
/// | key | value | default |
/// |---|---|---|
/// | `name` | the component's name, in kebab-case | the function's name |
/// | `kind` | `"readiness"`, `"liveness"` or `"startup"`: the probe that it joins besides `/health` | none |
/// | `timeout` | a whole number with `ms`, `s` or `m`; more than zero, at most `"15m"` | `"500ms"` |
/// | `critical` | `true`: the service is unhealthy when it is; `false`: degraded | `true` |
/// | `crate` | the path of the runtime crate, in quotes | `"::lift"` |
///
/// Readiness is meant for what is local to one instance: a shared database that stumbles must not take the whole fleet
/// out of the load balancer.
///
/// # Errors
///
/// The rules for the function are those of [`macro@handler`], except that it takes at most 6 arguments, all of them
/// resources. A liveness check takes none: restarting the process would not bring a database back.
#[proc_macro_attribute]
pub fn health_check(attribute: TokenStream, item: TokenStream) -> TokenStream {
    health_check::health_check(attribute.into(), item.into()).into()
}

/// Runs an async `main` on the runtime that fits the place where the program runs.
///
/// On a classic Lambda function below 2 vCPU that is a current-thread runtime, elsewhere a multi-thread one. It does
/// nothing else: `App::run` works under anybody's runtime. An error that `main` returns is printed with its sources, and the
/// process ends with exit code 1.
///
/// `main` returns what Rust's own may: nothing, an `ExitCode`, or a `Result` whose error is any error, a text, or a box such as
/// `Box<dyn std::error::Error>`. `lift::Error` converts into such boxes, and with the feature `anyhow` into `anyhow::Error`.
///
/// ```text
/// #[lift::main]
/// async fn main() -> lift::Result<()> {
///     App::new("orders").handlers(lift::handlers![get_order]).run().await
/// }
/// ```
///
/// # Keys
///
/// | key | value | default |
/// |---|---|---|
/// | `flavor` | `"current_thread"` or `"multi_thread"` | by where the program runs |
/// | `worker_threads` | 1 to 1024; not with `flavor = "current_thread"` | one per CPU |
/// | `crate` | the path of the runtime crate, in quotes | `"::lift"` |
///
/// # Errors
///
/// It is a compile error when the function is not `async fn main()` without arguments and generics, or when another attribute
/// starts a second runtime.
#[proc_macro_attribute]
pub fn main(attribute: TokenStream, item: TokenStream) -> TokenStream {
    main_fn::main(attribute.into(), item.into()).into()
}

/// Makes a type a resource: a connection or a client that lift opens, checks and closes.
///
/// A newtype without `initialize` opens, checks and closes as its inner resource does, and derefs to it.
///
/// ```text
/// #[derive(Resource)]
/// #[resource(name = "orders-db", pool(max_size = 8, min_idle = 1, wait = "2s"), health(timeout = "250ms"))]
/// pub struct OrdersDb(lift::sqlite::Connection);
/// ```
///
/// Any other struct says by paths how that is done. So may a newtype; what it leaves out is its inner resource's.
///
/// ```text
/// #[derive(Resource)]
/// #[resource(initialize = Self::open, health_check = Self::ping, config = SearchConfig, error = SearchError)]
/// pub struct Search { … }
/// ```
///
/// # Keys
///
/// | key | value | default |
/// |---|---|---|
/// | `name` | its name in settings and reports, in kebab-case | the type's name |
/// | `pool(…)`, `health(…)` | see below | |
/// | `settings(…)` | `key = literal`: defaults of the resource's own settings | |
/// | `initialize` | path of `async fn(&Config, &lift::Init) -> Result<Self, Error>` | the inner resource's |
/// | `after_connect` | path of `async fn(&mut Self) -> Result<(), Error>`, which prepares what has been opened | nothing |
/// | `health_check` | path of `async fn(&mut Self) -> Result<(), Error>` | the inner resource's, else always well |
/// | `cleanup` | path of `async fn(Self)` | the inner resource's, else a drop |
/// | `is_valid` | path of `fn(&Self) -> bool` | the inner resource's, else `true` |
/// | `config` | the type of its settings; with `initialize` | `lift::config::NoSettings` |
/// | `error` | the type of its error; with `initialize` | `lift::BoxError` |
/// | `crate` | the path of the runtime crate, in quotes | `"::lift"` |
///
/// In `pool(…)`; the settings of a deployment override each of them, and the defaults are the pool's:
///
/// | key | value |
/// |---|---|
/// | `max_size` | the most connections, 1 to 10000 |
/// | `min_idle` | idle connections to keep, at most `max_size` |
/// | `wait` | the bound of a whole `get` |
/// | `connect_timeout`, `validate_timeout` | the bound of one connect, of one validation |
/// | `validate_after` | idle time after which a checkout makes a round trip; `"0ms"` for every one |
/// | `idle_timeout`, `max_lifetime` | idle time and age at which a connection is closed |
/// | `cleanup_timeout` | the bound of one cleanup |
/// | `leak_after` | time held after which a leak is suspected |
/// | `stuck_after` | time in which no connection came back and no connect ended, while callers wait, after which the pool is unhealthy |
/// | `warm` | `"eager"`, `"lazy"` or `"required"` |
///
/// In `health(…)`: `timeout`, `critical = false` (the service is degraded, not unhealthy, when the resource is),
/// `ready` (the resource joins readiness), `interval`, `fail_after` and `recover_after` (1 to 100 results in a row before the
/// report says so), and `enabled = false` (it is no component of the report).
///
/// Times are whole numbers with `ms`, `s`, `m` or `h`, more than zero except for `validate_after` and `leak_after`, and for `idle_timeout` and `max_lifetime`, where zero is
/// never; at most `"15m"` for what happens within an invocation, a day for the others.
///
/// # Errors
///
/// It is a compile error on an enum, a union or a generic type; when nothing says how to open the resource; and when any rule
/// above is broken.
#[proc_macro_derive(Resource, attributes(resource))]
pub fn resource(item: TokenStream) -> TokenStream {
    resource::resource(item.into()).into()
}

/// Decides what a client sees of an error: status, stable code, retry advice and text.
///
/// It implements the runtime's `LiftError`, `IntoResponse` and the conversion into `lift::Failure`. `Error` and `Display` are
/// the error's own, usually by `thiserror`.
///
/// ```text
/// #[derive(Debug, thiserror::Error, LiftError)]
/// pub enum OrderError {
///     #[error("order {0} does not exist")]
///     #[lift(status = 404, code = "ORDER_NOT_FOUND")]
///     NotFound(Uuid),
///     #[error("the warehouse did not answer")]
///     #[lift(status = 503, retry = "2s")]
///     Warehouse(#[source] reqwest::Error),
///     #[error(transparent)]
///     #[lift(transparent)]
///     Pool(#[from] lift::PoolError),
///     #[error("the database refused")]
///     #[lift(internal)]
///     Db(#[from] rusqlite::Error),
/// }
/// ```
///
/// # Keys, on each variant or on a struct
///
/// | key | value | default |
/// |---|---|---|
/// | `status` | 400 to 599, or its standard name in snake case: `"not_found"` | – |
/// | `code` | the stable code, in capitals with `_` | the variant's name |
/// | `retry` | none or `"now"`; `"never"`; a time such as `"2s"`, at most a day | no advice |
/// | `public` | what a client reads; `{field}` and `{0}` are fields, as in `format!` | 4xx: the error's `Display`; 5xx: nothing |
/// | `transparent` | none: the one field is a `LiftError` and decides | – |
/// | `internal` | none: 500 with nothing but the code; only `code` may stand beside it | – |
/// | `crate` | the path of the runtime crate, in quotes; on the enum or the struct | `"::lift"` |
///
/// # Errors
///
/// It is a compile error when a variant has no decision; on a union; when two variants have one code, written or made from
/// their names; when a client would read the text of the `#[source]` or `#[from]` field, in `public = "…"` or, without it, in the
/// text of a 4xx; and when any rule above is broken. Any expression with the source in `#[error(…)]` counts, and so do `self`
/// as a whole and `fmt = path`. A `Display` that is written by hand is not seen.
///
/// A generic error is a `LiftError` where its type arguments allow it: what is `transparent` has to be one, what is in
/// `details(…)` has to be `Serialize`, and what `public` shows has to be shown that way.
#[proc_macro_derive(LiftError, attributes(lift))]
pub fn lift_error(item: TokenStream) -> TokenStream {
    lift_error::lift_error(item.into()).into()
}

/// Writes what stands beside a companion type; `lift::handler` and `lift::health_check` write this, nobody else.
#[doc(hidden)]
#[proc_macro_derive(Beside, attributes(__lift_beside))]
pub fn beside(companion: TokenStream) -> TokenStream {
    function::beside(companion.into()).into()
}
