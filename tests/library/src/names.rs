//! A module in which the names that macros like to write mean something else, under lints that few people turn on.
#![deny(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::default_numeric_fallback,
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    clippy::let_underscore_untyped,
    clippy::min_ident_chars,
    clippy::panic,
    clippy::pattern_type_mismatch,
    clippy::ref_patterns,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::str_to_string,
    clippy::todo,
    clippy::unreachable,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    let_underscore_drop,
    missing_debug_implementations,
    single_use_lifetimes,
    trivial_casts,
    unit_bindings,
    unused_lifetimes,
    unused_qualifications,
    variant_size_differences
)]
#![allow(clippy::unused_async)] // a handler is async, whatever it does

use ::std::primitive as plain;

#[allow(unused_imports)] // that nothing uses them is what is shown
use self::shadows::*;

#[allow(dead_code, non_camel_case_types, clippy::exhaustive_structs, missing_docs)]
mod shadows {
    macro_rules! types {
        ($($name:ident)*) => {$(
            #[::core::prelude::v1::derive(::core::fmt::Debug)]
            pub(super) struct $name;
        )*};
    }

    types! {
        std core alloc lift thiserror
        Result Ok Err Option Some None String Vec Box Send Sync Sized Clone Default Drop Fn FnMut FnOnce From Into
        Iterator ToString ToOwned AsRef Future Error Debug Display Deref DerefMut Target ExitCode Duration
        bool char str u8 u16 u32 u64 usize i64 f64
        Handler Resource LiftError Check Context Init Request Response IntoResponse Failure Decision Decides Detail Retry
        Catalog CatalogEntry CatalogOf BoxFuture BoxError Requirements HandlerMeta Trigger RecordKind Health CheckMeta CheckKind
        PathArg FromPath Probe Kind Marks Marked Plain Decided Refused Rejected Buried Together Foreign Elsewhere Anywhere
        Other Argument Extractor Beside NoSettings ResourceSpec Warm MainOptions
    }
}

/// A resource of its own functions.
#[derive(::core::fmt::Debug, ::lift::Resource)]
#[resource(
    name = "named-own",
    initialize = open,
    health_check = Self::ping,
    cleanup = close,
    is_valid = Self::valid,
    pool(max_size = 2, wait = "1s", warm = "lazy"),
    health(timeout = "250ms", critical = false)
)]
#[non_exhaustive]
pub struct Own {
    number: plain::u64,
}

impl Own {
    async fn ping(&mut self) -> ::core::result::Result<(), ::lift::BoxError> {
        self.number = self.number.wrapping_add(1);
        ::core::result::Result::Ok(())
    }

    const fn valid(&self) -> plain::bool {
        self.number < 1_000_000
    }
}

async fn open(
    _: &::lift::config::NoSettings,
    _: &::lift::Init,
) -> ::core::result::Result<Own, ::lift::BoxError> {
    ::core::result::Result::Ok(Own { number: 0 })
}

async fn close(_own: Own) {}

/// A resource around another one.
#[derive(::core::fmt::Debug, ::lift::Resource)]
#[non_exhaustive]
pub struct Wrapped(Own);

/// Every kind of decision.
#[derive(::core::fmt::Debug, ::lift::LiftError)]
#[non_exhaustive]
pub enum Bad {
    /// Shown in full.
    #[lift(
        status = 404,
        code = "GONE",
        retry = "2s",
        details(id),
        public = "{id} of {of} is gone",
        log = "debug"
    )]
    Gone {
        /// Its number.
        id: plain::u32,
        /// The number of all.
        of: plain::u32,
    },
    /// Shown as it is displayed.
    #[lift(status = "conflict", details(text))]
    Taken {
        /// By what.
        text: ::std::string::String,
    },
    /// Decided inside.
    #[lift(transparent)]
    Pool(::lift::PoolError),
    /// Not shown.
    #[lift(internal)]
    Internal,
}

impl ::core::fmt::Display for Bad {
    fn fmt(&self, out: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        out.write_str("bad")
    }
}

impl ::core::error::Error for Bad {}

/// A parameter, a connection, a pool.
///
/// # Errors
/// Never.
#[::lift::handler(GET, "/named/{id}/{kind}", timeout = "3s", cancel_on_disconnect)]
pub async fn named_get(
    id: plain::u64,
    _kind: ::std::string::String,
    own: ::lift::Pooled<Wrapped>,
    pool: ::lift::Pool<Own>,
) -> ::core::result::Result<::lift::extract::Json<plain::u64>, Bad> {
    ::core::mem::drop((own, pool));
    ::core::result::Result::Ok(::lift::extract::Json(id))
}

/// An answer without a name.
///
/// # Errors
/// Never.
#[::lift::handler(POST, "/named")]
pub async fn named_post(
    body: ::lift::extract::Json<plain::u64>,
) -> ::core::result::Result<impl ::lift::handler::IntoResponse, Bad> {
    ::core::result::Result::Ok(body)
}

/// One record.
#[::lift::handler(sqs = "named", partial, concurrency = 2, on_permanent = "drop")]
pub async fn named_job(message: ::lift::event::SqsMessage, text: ::std::string::String) {
    ::core::mem::drop((message, text));
}

/// All records.
#[::lift::handler(kinesis = "named", partial)]
pub async fn named_batch(batch: ::lift::event::Batch<plain::u64>) -> ::lift::event::Failed {
    ::core::mem::drop(batch);
    ::lift::event::Failed::none()
}

/// An event of a bus.
#[::lift::handler(eventbridge(source = "named"))]
pub async fn named_bus() {}

/// An event by what it holds.
#[::lift::handler(event = "named", matches("/a", "/b" = "c"))]
pub async fn named_event() {}

/// A message of a WebSocket API.
#[::lift::handler(ws = "$connect")]
pub async fn named_socket() {}

/// A check.
///
/// # Errors
/// Never.
#[::lift::health_check(
    name = "named",
    kind = "readiness",
    timeout = "1s",
    critical = false,
    cache = "2s",
    interval = "5s",
    fail_after = 2,
    recover_after = 2
)]
pub async fn named_check(own: ::lift::Pooled<Own>) -> ::core::result::Result<(), ::lift::PoolError> {
    ::core::mem::drop(own);
    ::core::result::Result::Ok(())
}

/// The service, and how it is run.
#[must_use]
pub fn run() -> ::std::process::ExitCode {
    #[::lift::main(flavor = "current_thread")]
    async fn main() -> ::lift::Result<()> {
        let handlers = ::lift::handlers![
            named_get,
            named_post,
            named_job,
            named_batch,
            named_bus,
            named_event,
            named_socket
        ];
        let app = ::lift::App::new("named").handlers(handlers);
        app.health_checks(::lift::health_checks![named_check]).run().await
    }
    main()
}
