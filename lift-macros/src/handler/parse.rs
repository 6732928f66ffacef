//! What was written: the item, the words at the front of the attribute, and its keys.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::LitStr;

use super::trigger::is_method;
use crate::function::Item;
use crate::support::errors::Errors;
use crate::support::keys::{
    Conflict, CratePath, Duration, Flag, Key, Name, Neighbour, Piece, Table, Values, into_entries, split,
};
use crate::support::nearest::nearest;
use crate::support::runtime::Runtime;

pub(crate) static INVOKE: Key<Name> = Key { example: "invoke = \"reindex\"", kind: Name };
pub(crate) static TIMEOUT: Key<Duration> = Key { example: "timeout = \"3s\"", kind: Duration::INVOCATION };
pub(crate) static CANCEL: Key<Flag> = Key { example: "cancel_on_disconnect", kind: Flag };
pub(crate) static CRATE: Key<CratePath> = Key { example: "crate = \"::lift\"", kind: CratePath };

const NOT_YET: &str = "this version of lift has `METHOD, \"/path\"` and `invoke = \"name\"`";
const WRITE_ROUTE: &str = "write the method and the path first, without a key: `GET, \"/orders/{id}\"`";
const WRITE_TIMEOUT: &str = "write `timeout = \"3s\"`";

const fn not_yet(name: &'static str) -> Neighbour {
    Neighbour { name, answer: NOT_YET }
}

pub(crate) static TABLE: Table = Table {
    place: "`#[lift::handler(…)]`",
    keys: &[&INVOKE, &TIMEOUT, &CANCEL, &CRATE],
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
        not_yet("sqs"),
        not_yet("queue"),
        not_yet("schedule"),
        not_yet("cron"),
        not_yet("event"),
        not_yet("sns"),
        not_yet("s3"),
        not_yet("ws"),
        not_yet("websocket"),
        not_yet("kinesis"),
        not_yet("dynamodb"),
        not_yet("kafka"),
        Neighbour {
            name: "concurrency",
            answer: "it goes with queues, which this version of lift does not have",
        },
        Neighbour {
            name: "partial",
            answer: "it goes with queues, which this version of lift does not have",
        },
        Neighbour {
            name: "on_permanent",
            answer: "it goes with queues, which this version of lift does not have",
        },
        Neighbour { name: "layer", answer: "write `.layer(…)` on the app or on a group" },
    ],
    conflicts: &[Conflict {
        one: "invoke",
        other: "cancel_on_disconnect",
        because: "a direct invoke has no connection that could go away",
        help: "leave `cancel_on_disconnect` out",
    }],
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

fn text(token: &TokenTree) -> Option<LitStr> {
    match token {
        TokenTree::Literal(_) => syn::parse2(token.clone().into()).ok(),
        TokenTree::Group(group) => syn::parse2(group.stream()).ok(),
        _ => None,
    }
}
