//! What was written: the item and the keys.

use proc_macro2::TokenStream;

use crate::function::Item;
use crate::support::errors::Errors;
use crate::support::keys::{self, Choice, CratePath, Key, Neighbour, Number, Table, Values};
use crate::support::runtime::Runtime;

pub(crate) static FLAVOR: Key<Choice> =
    Key { example: "flavor = \"current_thread\"", kind: Choice(&["current_thread", "multi_thread"]) };
pub(crate) static WORKER_THREADS: Key<Number> =
    Key { example: "worker_threads = 4", kind: Number { least: 1, most: 1024 } };
pub(crate) static CRATE: Key<CratePath> = Key { example: "crate = \"::lift\"", kind: CratePath };

pub(crate) static TABLE: Table = Table {
    place: "`#[lift::main(…)]`",
    keys: &[&FLAVOR, &WORKER_THREADS, &CRATE],
    neighbours: &[
        Neighbour { name: "current_thread", answer: "write `flavor = \"current_thread\"`" },
        Neighbour { name: "multi_thread", answer: "write `flavor = \"multi_thread\"`" },
        Neighbour { name: "runtime", answer: "write `flavor = \"current_thread\"` or `\"multi_thread\"`" },
        Neighbour { name: "core_threads", answer: "write `worker_threads = {}`" },
        Neighbour { name: "threads", answer: "write `worker_threads = {}`" },
        Neighbour { name: "workers", answer: "write `worker_threads = {}`" },
        Neighbour {
            name: "start_paused",
            answer: "pause the clock in a test, with `#[tokio::test(start_paused = true)]`",
        },
    ],
    conflicts: &[],
};

/// The attribute and the item, with every key read.
pub(crate) struct RawMain {
    pub(crate) item: Item,
    pub(crate) keys: Values,
    pub(crate) runtime: Runtime,
}

pub(crate) fn parse(attribute: TokenStream, item: TokenStream, errors: &Errors) -> RawMain {
    let keys = TABLE.read(&keys::parse(attribute, errors), errors);
    let runtime = Runtime::new(keys.get(&CRATE).map(|path| path.value));
    RawMain { item: Item::parse(item), keys, runtime }
}
