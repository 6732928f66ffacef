//! A checked `main`.

use crate::function::RawFunction;
use crate::support::runtime::Runtime;

pub(crate) struct Main<'a> {
    pub(crate) function: &'a RawFunction,
    pub(crate) flavor: Option<Flavor>,
    pub(crate) worker_threads: Option<u64>,
    pub(crate) runtime: &'a Runtime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    CurrentThread,
    MultiThread,
}
