//! Another attribute on the function, before and behind, and handlers from a crate that re-exports lift.
#![deny(warnings, dead_code)]

use lift::prelude::*;

mod framework {
    pub use ::lift::*;
}

#[tracing::instrument]
#[lift::handler(GET, "/orders/{id}")]
async fn before(id: u64) -> String {
    id.to_string()
}

#[lift::handler(GET, "/parcels/{id}")]
#[tracing::instrument(skip_all)]
async fn behind(id: u64, _names: Shared<String>) -> Result<String, lift::Error> {
    Ok(id.to_string())
}

#[framework::handler(GET, "/letters", crate = "crate::framework")]
async fn renamed() {}

#[framework::health_check(crate = "crate::framework", kind = "upstream")]
#[tracing::instrument]
async fn checked() {}

fn main() {
    let app = App::new("shop").handlers(framework::handlers![before, behind, renamed]);
    let app = app.health_checks(framework::health_checks![checked]).health_group("upstream", ["checked"]);
    app.provide(String::new()).test().check().unwrap();
}
