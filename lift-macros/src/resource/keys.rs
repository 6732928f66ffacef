//! The keys of `#[resource(…)]`.

use super::settings::Settings;
use crate::support::keys::{
    Bool, Choice, CratePath, Duration, Flag, FunctionPath, Key, Name, Neighbour, Nested, Number, Table,
    TypePath,
};

pub(crate) const MOST_CONNECTIONS: u64 = 10_000;

pub(crate) static NAME: Key<Name> = Key { example: "name = \"orders-db\"", kind: Name };
pub(crate) static POOL: Key<Nested> =
    Key { example: "pool(max_size = 8, wait = \"2s\")", kind: Nested(&POOL_TABLE) };
pub(crate) static HEALTH: Key<Nested> =
    Key { example: "health(timeout = \"250ms\")", kind: Nested(&HEALTH_TABLE) };
pub(crate) static SETTINGS: Key<Settings> = Key { example: "settings(url = \"orders.db\")", kind: Settings };
pub(crate) static INITIALIZE: Key<FunctionPath> =
    Key { example: "initialize = Self::open", kind: FunctionPath };
pub(crate) static AFTER_CONNECT: Key<FunctionPath> =
    Key { example: "after_connect = Self::prepare", kind: FunctionPath };
pub(crate) static HEALTH_CHECK: Key<FunctionPath> =
    Key { example: "health_check = Self::ping", kind: FunctionPath };
pub(crate) static CLEANUP: Key<FunctionPath> = Key { example: "cleanup = Self::close", kind: FunctionPath };
pub(crate) static IS_VALID: Key<FunctionPath> =
    Key { example: "is_valid = Self::is_open", kind: FunctionPath };
pub(crate) static CONFIG: Key<TypePath> = Key { example: "config = OrdersConfig", kind: TypePath };
pub(crate) static ERROR: Key<TypePath> = Key { example: "error = OrdersError", kind: TypePath };
pub(crate) static CRATE: Key<CratePath> = Key { example: "crate = \"::lift\"", kind: CratePath };

pub(crate) static MAX_SIZE: Key<Number> =
    Key { example: "max_size = 8", kind: Number { least: 1, most: MOST_CONNECTIONS } };
pub(crate) static MIN_IDLE: Key<Number> =
    Key { example: "min_idle = 1", kind: Number { least: 0, most: MOST_CONNECTIONS } };
pub(crate) static WAIT: Key<Duration> = Key { example: "wait = \"2s\"", kind: Duration::INVOCATION };
pub(crate) static CONNECT_TIMEOUT: Key<Duration> =
    Key { example: "connect_timeout = \"1s\"", kind: Duration::INVOCATION };
pub(crate) static VALIDATE_TIMEOUT: Key<Duration> =
    Key { example: "validate_timeout = \"250ms\"", kind: Duration::INVOCATION };
/// Zero means one round trip before every use.
pub(crate) static VALIDATE_AFTER: Key<Duration> =
    Key { example: "validate_after = \"500ms\"", kind: Duration { zero: true, ..Duration::DAY } };
/// Zero means never.
pub(crate) static IDLE_TIMEOUT: Key<Duration> =
    Key { example: "idle_timeout = \"10m\"", kind: Duration { zero: true, ..Duration::DAY } };
/// Zero means never.
pub(crate) static MAX_LIFETIME: Key<Duration> =
    Key { example: "max_lifetime = \"30m\"", kind: Duration { zero: true, ..Duration::DAY } };
pub(crate) static CLEANUP_TIMEOUT: Key<Duration> =
    Key { example: "cleanup_timeout = \"1s\"", kind: Duration::INVOCATION };
/// Zero means the end of the invocation.
pub(crate) static LEAK_AFTER: Key<Duration> =
    Key { example: "leak_after = \"30s\"", kind: Duration { zero: true, ..Duration::DAY } };
pub(crate) static STUCK_AFTER: Key<Duration> = Key { example: "stuck_after = \"1m\"", kind: Duration::DAY };
pub(crate) static WARM: Key<Choice> =
    Key { example: "warm = \"lazy\"", kind: Choice(&["eager", "lazy", "required"]) };

pub(crate) static TIMEOUT: Key<Duration> = Key { example: "timeout = \"250ms\"", kind: Duration::INVOCATION };
pub(crate) static CRITICAL: Key<Bool> = Key { example: "critical = false", kind: Bool };
pub(crate) static INTERVAL: Key<Duration> = Key { example: "interval = \"10s\"", kind: Duration::DAY };
pub(crate) static FAIL_AFTER: Key<Number> =
    Key { example: "fail_after = 3", kind: Number { least: 1, most: 100 } };
pub(crate) static RECOVER_AFTER: Key<Number> =
    Key { example: "recover_after = 2", kind: Number { least: 1, most: 100 } };
pub(crate) static ENABLED: Key<Bool> = Key { example: "enabled = false", kind: Bool };
pub(crate) static READY: Key<Flag> = Key { example: "ready", kind: Flag };

const IN_POOL: &str = "it belongs into `pool(…)`";

const fn in_pool(name: &'static str) -> Neighbour {
    Neighbour { name, answer: IN_POOL }
}

pub(crate) static TABLE: Table = Table {
    place: "`#[resource(…)]`",
    keys: &[
        &NAME,
        &POOL,
        &HEALTH,
        &SETTINGS,
        &INITIALIZE,
        &AFTER_CONNECT,
        &HEALTH_CHECK,
        &CLEANUP,
        &IS_VALID,
        &CONFIG,
        &ERROR,
        &CRATE,
    ],
    neighbours: &[
        Neighbour { name: "max_size", answer: "write `pool(max_size = {})`" },
        Neighbour { name: "pool_size", answer: "write `pool(max_size = {})`" },
        Neighbour { name: "max_connections", answer: "write `pool(max_size = {})`" },
        Neighbour { name: "max_pool_size", answer: "write `pool(max_size = {})`" },
        Neighbour { name: "size", answer: "write `pool(max_size = {})`" },
        Neighbour { name: "min_connections", answer: "write `pool(min_idle = {})`" },
        Neighbour {
            name: "timeout",
            answer: "write `pool(wait = \"2s\")`, or `health(timeout = \"250ms\")`",
        },
        Neighbour {
            name: "timeout_ms",
            answer: "write `pool(wait = \"{}ms\")`, or `health(timeout = \"{}ms\")`",
        },
        in_pool("min_idle"),
        in_pool("wait"),
        in_pool("connect_timeout"),
        in_pool("validate_timeout"),
        in_pool("validate_after"),
        in_pool("idle_timeout"),
        in_pool("max_lifetime"),
        in_pool("cleanup_timeout"),
        in_pool("leak_after"),
        in_pool("stuck_after"),
        in_pool("warm"),
        Neighbour { name: "critical", answer: "write `health(critical = false)`" },
        Neighbour { name: "ready", answer: "write `health(ready)`" },
        Neighbour { name: "url", answer: "write `settings(url = \"…\")`" },
        Neighbour { name: "init", answer: "write `initialize = path`" },
        Neighbour { name: "connect", answer: "write `initialize = path`" },
        Neighbour { name: "connection_init_sql", answer: "write `after_connect = path`" },
        Neighbour { name: "on_connect", answer: "write `after_connect = path`" },
        Neighbour { name: "post_create", answer: "write `after_connect = path`" },
        Neighbour { name: "check", answer: "write `health_check = path`" },
        Neighbour { name: "close", answer: "write `cleanup = path`" },
        Neighbour { name: "drop", answer: "write `cleanup = path`" },
    ],
    conflicts: &[],
};

pub(crate) static POOL_TABLE: Table = Table {
    place: "`pool(…)`",
    keys: &[
        &MAX_SIZE,
        &MIN_IDLE,
        &WAIT,
        &CONNECT_TIMEOUT,
        &VALIDATE_TIMEOUT,
        &VALIDATE_AFTER,
        &IDLE_TIMEOUT,
        &MAX_LIFETIME,
        &CLEANUP_TIMEOUT,
        &LEAK_AFTER,
        &STUCK_AFTER,
        &WARM,
    ],
    neighbours: &[
        Neighbour { name: "size", answer: "write `max_size = {}`" },
        Neighbour { name: "pool_size", answer: "write `max_size = {}`" },
        Neighbour { name: "max", answer: "write `max_size = {}`" },
        Neighbour { name: "max_connections", answer: "write `max_size = {}`" },
        Neighbour { name: "max_open", answer: "write `max_size = {}`" },
        Neighbour { name: "min", answer: "write `min_idle = {}`" },
        Neighbour { name: "min_connections", answer: "write `min_idle = {}`" },
        Neighbour { name: "min_size", answer: "write `min_idle = {}`" },
        Neighbour { name: "timeout", answer: "write `wait = \"2s\"`" },
        Neighbour { name: "wait_timeout", answer: "write `wait = \"2s\"`" },
        Neighbour { name: "acquire_timeout", answer: "write `wait = \"2s\"`" },
        Neighbour {
            name: "connection_timeout",
            answer: "write `wait = \"2s\"`, or `connect_timeout = \"1s\"`",
        },
        Neighbour { name: "timeout_ms", answer: "write `wait = \"{}ms\"`" },
        Neighbour { name: "wait_ms", answer: "write `wait = \"{}ms\"`" },
        Neighbour { name: "create_timeout", answer: "write `connect_timeout = \"1s\"`" },
        Neighbour { name: "connect_timeout_ms", answer: "write `connect_timeout = \"{}ms\"`" },
        Neighbour { name: "recycle_timeout", answer: "write `validate_timeout = \"250ms\"`" },
        Neighbour { name: "test_on_check_out", answer: "write `validate_after = \"0ms\"`" },
        Neighbour { name: "test_before_acquire", answer: "write `validate_after = \"0ms\"`" },
        Neighbour { name: "max_age", answer: "write `max_lifetime = \"30m\"`" },
        Neighbour { name: "max_idle", answer: "write `idle_timeout = \"10m\"`" },
        Neighbour { name: "lazy", answer: "write `warm = \"lazy\"`" },
        Neighbour { name: "eager", answer: "write `warm = \"eager\"`" },
        Neighbour { name: "required", answer: "write `warm = \"required\"`" },
        Neighbour { name: "health", answer: "it stands beside `pool(…)`, not in it" },
    ],
    conflicts: &[],
};

pub(crate) static HEALTH_TABLE: Table = Table {
    place: "`health(…)`",
    keys: &[&TIMEOUT, &CRITICAL, &READY, &INTERVAL, &FAIL_AFTER, &RECOVER_AFTER, &ENABLED],
    neighbours: &[
        Neighbour { name: "timeout_ms", answer: "write `timeout = \"{}ms\"`" },
        Neighbour { name: "readiness", answer: "write `ready`" },
        Neighbour { name: "kind", answer: "write `ready` to join readiness; else leave it out" },
        Neighbour { name: "optional", answer: "write `critical = false`" },
        Neighbour { name: "retries", answer: "write `fail_after = {}`" },
        Neighbour { name: "disabled", answer: "write `enabled = false`" },
        Neighbour { name: "cache", answer: "it is the same for all checks; write it in `lift.toml`" },
    ],
    conflicts: &[],
};
