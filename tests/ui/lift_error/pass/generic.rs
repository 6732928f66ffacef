//! Generic errors: what is inside decides, is a detail, is shown, or is hidden.
use std::fmt::{Debug, Display};

use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
enum Up<E> {
    #[error(transparent)]
    #[lift(transparent)]
    Inner(#[from] E),
    #[error("upstream is away")]
    #[lift(status = 503, retry)]
    Away,
}

#[derive(Debug, thiserror::Error, LiftError)]
enum Hidden<E, F = std::io::Error> {
    #[error("the first failed")]
    #[lift(internal)]
    First(#[source] E),
    #[error(transparent)]
    #[lift(internal)]
    Second(F),
}

#[derive(Debug, thiserror::Error, LiftError)]
#[error("{item} is short of {left:?}")]
#[lift(status = 409, public = "{item} {left:?}", details(left, item))]
struct Short<T: Debug + Display, const N: usize>
where
    T: Clone,
{
    item: T,
    left: [u8; N],
}

#[derive(Debug, thiserror::Error, LiftError)]
enum Texts<'a, A, B> {
    #[error("{0}")]
    #[lift(status = 404, code = "FIRST")]
    First(A),
    #[error("b")]
    #[lift(status = 404, public = "{0:?} {0:#x}")]
    Second(B, &'a str),
}

#[lift::handler(GET, "/inner")]
async fn inner() -> Result<(), Up<PoolError>> {
    Err(PoolError::Closed { pool: "db" })?
}

#[lift::handler(GET, "/hidden")]
async fn hidden() -> Result<(), Hidden<std::fmt::Error>> {
    Err(Hidden::First(std::fmt::Error))
}

#[lift::handler(GET, "/nested")]
async fn nested() -> Result<(), Up<Up<Hidden<std::fmt::Error>>>> {
    Err(Up::Inner(Up::Away))
}

#[lift::handler(GET, "/texts")]
async fn texts() -> Result<(), Texts<'static, String, u8>> {
    Err(Texts::Second(17, "inside"))
}

fn main() {
    let codes = |catalog: lift::error::Catalog| {
        catalog.entries().iter().map(|entry| entry.code).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(codes(Up::<Hidden<std::fmt::Error>>::CATALOG), "AWAY FIRST SECOND");
    assert_eq!(Up::from(PoolError::Closed { pool: "db" }).decision().clone(), PoolError::Closed { pool: "db" }.decision());
    let _ = App::new("generic").handlers(lift::handlers![inner, hidden, nested, texts]);
}
