//! What was written: the item and the keys.

use proc_macro2::TokenStream;

use crate::function::Item;
use crate::support::errors::Errors;
use crate::support::keys::{
    self, Bool, Choice, ChoiceOrName, CratePath, Duration, Key, Name, Neighbour, Number, Table, Values,
};
use crate::support::runtime::Runtime;

pub(crate) static NAME: Key<Name> = Key { example: "name = \"warehouse\"", kind: Name };
pub(crate) static KIND: Key<ChoiceOrName> = Key {
    example: "kind = \"readiness\"",
    kind: ChoiceOrName {
        words: Choice(&["readiness", "liveness", "startup"]),
        other: "the name of a health group",
        meant: &[("ready", "readiness"), ("live", "liveness"), ("started", "startup")],
    },
};
pub(crate) static TIMEOUT: Key<Duration> = Key { example: "timeout = \"500ms\"", kind: Duration::INVOCATION };
pub(crate) static CRITICAL: Key<Bool> = Key { example: "critical = false", kind: Bool };
pub(crate) static CACHE: Key<Duration> = Key { example: "cache = \"1s\"", kind: Duration::DAY };
pub(crate) static INTERVAL: Key<Duration> = Key { example: "interval = \"10s\"", kind: Duration::DAY };
pub(crate) static FAIL_AFTER: Key<Number> =
    Key { example: "fail_after = 3", kind: Number { least: 1, most: 100 } };
pub(crate) static RECOVER_AFTER: Key<Number> =
    Key { example: "recover_after = 2", kind: Number { least: 1, most: 100 } };
pub(crate) static CRATE: Key<CratePath> = Key { example: "crate = \"::lift\"", kind: CratePath };

pub(crate) static TABLE: Table = Table {
    place: "`#[lift::health_check(…)]`",
    keys: &[&NAME, &KIND, &TIMEOUT, &CRITICAL, &CACHE, &INTERVAL, &FAIL_AFTER, &RECOVER_AFTER, &CRATE],
    neighbours: &[
        Neighbour { name: "timeout_ms", answer: "write `timeout = \"{}ms\"`" },
        Neighbour { name: "timeout_secs", answer: "write `timeout = \"{}s\"`" },
        Neighbour { name: "timeout_seconds", answer: "write `timeout = \"{}s\"`" },
        Neighbour { name: "ttl", answer: "write `cache = \"{}\"`" },
        Neighbour { name: "retries", answer: "write `fail_after = {}`" },
        Neighbour { name: "ready", answer: "write `kind = \"readiness\"`" },
        Neighbour { name: "readiness", answer: "write `kind = \"readiness\"`" },
        Neighbour { name: "live", answer: "write `kind = \"liveness\"`" },
        Neighbour { name: "liveness", answer: "write `kind = \"liveness\"`" },
        Neighbour { name: "startup", answer: "write `kind = \"startup\"`" },
        Neighbour { name: "optional", answer: "write `critical = false`" },
        Neighbour { name: "non_critical", answer: "write `critical = false`" },
        Neighbour { name: "required", answer: "write `critical = true`" },
        Neighbour { name: "probe", answer: "write `kind = \"readiness\"`, `\"liveness\"` or `\"startup\"`" },
        Neighbour {
            name: "path",
            answer: "every check is served as `/health/components/{name}`; leave it out",
        },
    ],
    conflicts: &[],
};

/// The attribute and the item, with every key read.
pub(crate) struct RawCheck {
    pub(crate) item: Item,
    pub(crate) keys: Values,
    pub(crate) runtime: Runtime,
}

pub(crate) fn parse(attribute: TokenStream, item: TokenStream, errors: &Errors) -> RawCheck {
    let keys = TABLE.read(&keys::parse(attribute, errors), errors);
    let runtime = Runtime::new(keys.get(&CRATE).map(|path| path.value));
    RawCheck { item: Item::parse(item), keys, runtime }
}
