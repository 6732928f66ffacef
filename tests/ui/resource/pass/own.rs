//! Structs that say themselves how they open and close.
#![deny(warnings, dead_code, missing_docs, unreachable_pub, unused_qualifications)]

use lift::prelude::*;
use lift::{BoxError, Init};

#[derive(Resource)]
#[resource(initialize = init)]
struct Unit;

async fn init(_: &lift::config::NoSettings, _: &Init) -> Result<Unit, BoxError> {
    Ok(Unit)
}

#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

#[derive(Resource, Clone)]
#[resource(
    name = "search",
    initialize = Self::open,
    health_check = Self::ping,
    cleanup = Self::close,
    is_valid = Self::is_open,
    config = lift::config::NoSettings,
    error = Refused
)]
struct Search {
    open: bool,
}

impl Search {
    async fn open(_: &lift::config::NoSettings, init: &Init) -> Result<Self, Refused> {
        if init.name.is_empty() { Err(Refused) } else { Ok(Self { open: true }) }
    }

    async fn ping(&mut self) -> Result<(), Refused> {
        Ok(())
    }

    async fn close(self) {}

    fn is_open(&self) -> bool {
        self.open
    }
}

#[lift::handler(GET, "/")]
async fn takes(unit: Pooled<Unit>, search: Shared<Search>) {
    let _ = (unit, search);
}

fn main() {
    let _ = lift::handlers![takes];
}
