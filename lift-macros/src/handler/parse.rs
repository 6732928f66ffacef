//! What was written: the item, the words at the front of the attribute, and its keys.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::LitStr;

use super::trigger::is_method;
use crate::function::Item;
use crate::support::errors::Errors;
use crate::support::keys::{
    Choice, CratePath, Duration, Flag, Key, LogicalName, Matches, Name, Neighbour, Nested, Number, Piece,
    RouteKey, Table, Text, Values, into_entries, split,
};
use crate::support::literal::text;
use crate::support::nearest::nearest;
use crate::support::runtime::Runtime;

pub(crate) static INVOKE: Key<Name> = Key { example: "invoke = \"reindex\"", kind: Name };
pub(crate) static SQS: Key<LogicalName> = Key { example: "sqs = \"fulfilment\"", kind: LogicalName };
pub(crate) static SNS: Key<LogicalName> = Key { example: "sns = \"announcements\"", kind: LogicalName };
pub(crate) static S3: Key<LogicalName> = Key { example: "s3 = \"uploads\"", kind: LogicalName };
pub(crate) static KINESIS: Key<LogicalName> = Key { example: "kinesis = \"clicks\"", kind: LogicalName };
pub(crate) static DYNAMODB: Key<LogicalName> = Key { example: "dynamodb = \"orders\"", kind: LogicalName };
pub(crate) static SCHEDULE: Key<LogicalName> = Key { example: "schedule = \"nightly\"", kind: LogicalName };
pub(crate) static EVENTBRIDGE: Key<Nested> = Key {
    example: "eventbridge(source = \"shop.orders\", detail_type = \"Order Placed\")",
    kind: Nested(&EVENTBRIDGE_TABLE),
};
pub(crate) static SOURCE: Key<Text> = Key { example: "source = \"shop.orders\"", kind: Text };
pub(crate) static DETAIL_TYPE: Key<Text> = Key { example: "detail_type = \"Order Placed\"", kind: Text };
pub(crate) static WS: Key<RouteKey> = Key { example: "ws = \"$connect\"", kind: RouteKey };
pub(crate) static EVENT: Key<Name> = Key { example: "event = \"log-lines\"", kind: Name };
pub(crate) static MATCHES: Key<Matches> =
    Key { example: "matches(\"/awslogs/data\", \"/kind\" = \"logs\")", kind: Matches };
pub(crate) static CONCURRENCY: Key<Number> =
    Key { example: "concurrency = 8", kind: Number { least: 1, most: 1_000 } };
pub(crate) static PARTIAL: Key<Flag> = Key { example: "partial", kind: Flag };
pub(crate) static ON_PERMANENT: Key<Choice> =
    Key { example: "on_permanent = \"drop\"", kind: Choice(&["fail", "drop"]) };
pub(crate) static TIMEOUT: Key<Duration> = Key { example: "timeout = \"3s\"", kind: Duration::INVOCATION };
pub(crate) static CANCEL: Key<Flag> = Key { example: "cancel_on_disconnect", kind: Flag };
pub(crate) static CRATE: Key<CratePath> = Key { example: "crate = \"::lift\"", kind: CratePath };

const WRITE_ROUTE: &str = "write the method and the path first, without a key: `GET, \"/orders/{id}\"`";
const STREAM: &str =
    "leave it out; a function URL that streams is told by `lambda.stream = true` in `lift.toml`";
const WRITE_SCHEDULE: &str =
    "write `schedule = \"name\"`; when it runs is set by the rule of that name on AWS";
const WRITE_EVENTBRIDGE: &str = "write `eventbridge(source = \"…\", detail_type = \"…\")`";
const WRITE_TIMEOUT: &str = "write `timeout = \"3s\"`";

pub(crate) static TABLE: Table = Table {
    place: "`#[lift::handler(…)]`",
    keys: &[
        &INVOKE,
        &SQS,
        &SNS,
        &S3,
        &KINESIS,
        &DYNAMODB,
        &SCHEDULE,
        &EVENTBRIDGE,
        &WS,
        &EVENT,
        &MATCHES,
        &CONCURRENCY,
        &PARTIAL,
        &ON_PERMANENT,
        &TIMEOUT,
        &CANCEL,
        &CRATE,
    ],
    neighbours: &[
        Neighbour { name: "timeout_ms", answer: "write `timeout = \"{}ms\"`" },
        Neighbour { name: "timeout_secs", answer: "write `timeout = \"{}s\"`" },
        Neighbour { name: "timeout_seconds", answer: "write `timeout = \"{}s\"`" },
        Neighbour { name: "deadline", answer: WRITE_TIMEOUT },
        Neighbour { name: "path", answer: WRITE_ROUTE },
        Neighbour { name: "route", answer: WRITE_ROUTE },
        Neighbour { name: "uri", answer: WRITE_ROUTE },
        Neighbour { name: "url", answer: WRITE_ROUTE },
        Neighbour { name: "method", answer: WRITE_ROUTE },
        Neighbour { name: "verb", answer: WRITE_ROUTE },
        Neighbour { name: "name", answer: "a handler is named by its function; leave `name` out" },
        Neighbour { name: "max_connections", answer: "write `pool(max_size = {})` on the resource" },
        Neighbour { name: "pool_size", answer: "write `pool(max_size = {})` on the resource" },
        Neighbour { name: "max_size", answer: "write `pool(max_size = {})` on the resource" },
        Neighbour { name: "queue", answer: "write `sqs = \"name\"`" },
        Neighbour {
            name: "fifo",
            answer: "write `sqs = \"name\"`; the order of message groups is kept by itself",
        },
        Neighbour { name: "topic", answer: "write `sns = \"name\"`" },
        Neighbour { name: "bucket", answer: "write `s3 = \"name\"`" },
        Neighbour { name: "stream_name", answer: "write `kinesis = \"name\"`" },
        Neighbour { name: "table", answer: "write `dynamodb = \"name\"`" },
        Neighbour { name: "cron", answer: WRITE_SCHEDULE },
        Neighbour { name: "rate", answer: WRITE_SCHEDULE },
        Neighbour { name: "rule", answer: WRITE_SCHEDULE },
        Neighbour { name: "websocket", answer: "write `ws = \"$connect\"`, or another route key" },
        Neighbour { name: "event_bridge", answer: WRITE_EVENTBRIDGE },
        Neighbour { name: "source", answer: WRITE_EVENTBRIDGE },
        Neighbour { name: "detail_type", answer: WRITE_EVENTBRIDGE },
        Neighbour {
            name: "kafka",
            answer: "write `event = \"name\", matches(\"/eventSource\" = \"aws:kafka\")`",
        },
        Neighbour {
            name: "batch_size",
            answer: "it is set at the event source; `concurrency` is how many records run at once",
        },
        Neighbour { name: "batch", answer: "leave it out, and take the argument `Batch<T>`" },
        Neighbour { name: "parallel", answer: "write `concurrency = {}`" },
        Neighbour { name: "stream", answer: STREAM },
        Neighbour { name: "streaming", answer: STREAM },
        Neighbour { name: "layer", answer: "write `.layer(…)` on the app or on a group" },
    ],
    conflicts: &[],
};

static EVENTBRIDGE_TABLE: Table = Table {
    place: "`eventbridge(…)`",
    keys: &[&SOURCE, &DETAIL_TYPE],
    neighbours: &[
        Neighbour {
            name: "detail",
            answer: "write `detail_type = \"…\"`; what is inside the detail, the handler reads",
        },
        Neighbour { name: "name", answer: "write `detail_type = \"…\"`" },
        Neighbour {
            name: "bus",
            answer: "the bus is chosen by the rule on AWS; write `source` or `detail_type`",
        },
    ],
    conflicts: &[],
};

/// The attribute and the item, with every key read.
pub(crate) struct RawHandler {
    pub(crate) item: Item,
    /// What stands before the first key; right or wrong.
    pub(crate) front: Vec<Front>,
    pub(crate) keys: Values,
    /// False after a report: what is missing may then be what was misspelt.
    pub(crate) keys_are_right: bool,
    pub(crate) runtime: Runtime,
}

/// A piece without a key.
#[derive(Clone, Debug)]
pub(crate) enum Front {
    /// `GET`.
    Word(Ident),
    /// `"/orders"`, `"GET"`.
    Text(LitStr),
    /// `GET = "/orders"`, `get("/orders")`, `GET "/orders"`.
    Joined { method: Ident, path: LitStr, all: TokenStream },
    /// `PATH`, `concat!("/", "orders")`, where the path should be.
    Computed(TokenStream),
}

pub(crate) fn parse(attribute: TokenStream, item: TokenStream, errors: &Errors) -> RawHandler {
    let before = errors.count();
    let mut front = Vec::new();
    let mut rest = Vec::new();
    for piece in split(attribute) {
        match at_front(&piece, &front, rest.is_empty()) {
            Some(word) => front.push(word),
            None => rest.push(piece),
        }
    }
    let keys = TABLE.read(&into_entries(rest, errors), errors);
    let runtime = Runtime::new(keys.get(&CRATE).map(|path| path.value));
    RawHandler { item: Item::parse(item), front, keys, keys_are_right: errors.count() == before, runtime }
}

/// Tells a method and a path from a key. A word that is no key is a method if it comes first.
fn at_front(piece: &Piece, front: &[Front], before_keys: bool) -> Option<Front> {
    let first = front.is_empty() && before_keys;
    let second = matches!(front, [Front::Word(_)]) && before_keys;
    match piece.tokens() {
        [token] if text(token).is_some() => text(token).map(Front::Text),
        [TokenTree::Ident(word)] if is_method(&word.to_string()) => Some(Front::Word(word.clone())),
        [TokenTree::Ident(word)] if is_key_like(word) => None,
        [TokenTree::Ident(word)] if first => Some(Front::Word(word.clone())),
        [TokenTree::Ident(word), path] if first => joined(piece, word, path),
        [TokenTree::Ident(word), TokenTree::Punct(equals), path] if equals.as_char() == '=' => {
            joined(piece, word, path)
        }
        [TokenTree::Ident(_), TokenTree::Punct(equals), ..] if equals.as_char() == '=' => None,
        // `"/orders" timeout = "3s"`: a comma is missing, and the key reader says so.
        [TokenTree::Ident(_), TokenTree::Group(_)]
        | [TokenTree::Literal(_), TokenTree::Ident(_), ..]
        | [] => None,
        _ if second => Some(Front::Computed(piece.to_token_stream())),
        _ => None,
    }
}

/// A key, or a slip of one, such as `cancel_on_disconect`.
fn is_key_like(word: &Ident) -> bool {
    let word = word.to_string();
    nearest(&word, TABLE.keys.iter().map(|key| key.name())).is_some()
        || TABLE.neighbours.iter().any(|neighbour| neighbour.name == word)
}

fn joined(piece: &Piece, word: &Ident, path: &TokenTree) -> Option<Front> {
    if !is_method(&word.to_string()) {
        return None;
    }
    let all = piece.to_token_stream();
    Some(Front::Joined { method: word.clone(), path: text(path)?, all })
}
