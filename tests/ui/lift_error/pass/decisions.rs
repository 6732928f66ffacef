//! Every decision, on enums and structs.
#![deny(warnings, dead_code, missing_docs, unreachable_pub, unused_qualifications)]

use lift::prelude::*;
use lift::{Decision, Retry};

#[derive(Debug, thiserror::Error, LiftError)]
enum OrderError {
    #[error("order {0} does not exist")]
    #[lift(status = 404, code = "ORDER_NOT_FOUND")]
    NotFound(u64),
    #[error("the warehouse did not answer")]
    #[lift(status = 503, retry)]
    Warehouse(#[source] std::io::Error),
    #[error("too many")]
    #[lift(status = "too_many_requests", retry = "1500ms", public = "wait a {{while}}")]
    TooMany,
    #[error("bad line {number}: {source}")]
    #[lift(status = 422, retry = "never", public = "line {number:>width$} of {number} is wrong")]
    Line { number: u64, width: usize, source: std::num::ParseIntError },
    #[error(transparent)]
    #[lift(transparent)]
    Pool(#[from] PoolError),
    #[error(transparent)]
    #[lift(transparent)]
    Gone { inner: Gone },
    #[error("only {left} of {item}")]
    #[lift(status = 409, details(item, left), log = "debug")]
    Short { item: String, left: u32, hidden: &'static str },
    #[error("the database refused")]
    #[lift(internal, log = "warn")]
    Db(#[from] std::fmt::Error),
    #[error("the {what} is wrong")]
    #[lift(internal, code = "INSIDE")]
    Inside { what: &'static str },
}

#[derive(Debug, thiserror::Error, LiftError)]
#[error("gone")]
#[lift(status = 410)]
struct Gone;

#[derive(Debug, thiserror::Error, LiftError)]
enum Never {}

fn main() {
    let wrong = || "x".parse::<u8>().unwrap_err();
    let table = [
        (OrderError::NotFound(7), Decision::new(404, "ORDER_NOT_FOUND").public("order 7 does not exist")),
        (OrderError::Warehouse(std::io::Error::other("x")), Decision::new(503, "WAREHOUSE").retry(Retry::Now)),
        (OrderError::TooMany, Decision::new(429, "TOO_MANY").retry(Retry::after_ms(1500)).public("wait a {while}")),
        (
            OrderError::Line { number: 7, width: 3, source: wrong() },
            Decision::new(422, "LINE").retry(Retry::Never).public("line   7 of 7 is wrong"),
        ),
        (OrderError::Gone { inner: Gone }, Decision::new(410, "GONE").public("gone")),
        (
            OrderError::Short { item: "tea".to_owned(), left: 3, hidden: "" },
            Decision::new(409, "SHORT").public("only 3 of tea").detail("item", "tea").detail("left", 3).log("debug"),
        ),
        (OrderError::Db(std::fmt::Error), Decision::internal("DB").log("warn")),
        (OrderError::Inside { what: "x" }, Decision::internal("INSIDE")),
    ];
    for (error, decision) in table {
        assert_eq!(error.decision(), decision);
        let _: lift::Failure = error.into();
    }
    let catalog: Vec<_> =
        OrderError::CATALOG.entries().iter().map(|entry| (entry.variant, entry.status, entry.code, entry.text)).collect();
    assert_eq!(catalog.len(), 7 + PoolError::CATALOG.entries().len() + 1);
    assert_eq!(catalog[0], ("NotFound", 404, "ORDER_NOT_FOUND", Some("order {0} does not exist")));
    assert_eq!(catalog[3], ("Line", 422, "LINE", Some("line {number:>width$} of {number} is wrong")));
    assert_eq!(catalog.last(), Some(&("", 410, "GONE", Some("gone"))));
    assert_eq!(Gone.into_response().status(), StatusCode::GONE);
    let _ = |never: Never| never.decision();
    let _ = |error: PoolError| OrderError::from(error);
}
