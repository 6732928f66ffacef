//! A checked handler.

use syn::Type;

use super::route::Route;
use crate::function::Function;
use crate::support::keys::Match;

pub(crate) struct Handler {
    pub(crate) function: Function,
    pub(crate) takes: Vec<Takes>,
    pub(crate) trigger: Trigger,
    pub(crate) timeout: Option<u64>,
    pub(crate) concurrency: Option<u64>,
    pub(crate) partial: bool,
    pub(crate) drop_permanent: bool,
    pub(crate) cancel_on_disconnect: bool,
}

pub(crate) enum Trigger {
    Http {
        method: &'static str,
        route: Route,
    },
    Invoke {
        name: String,
    },
    /// Records of a queue, a topic, a bucket, a stream, a table or a schedule.
    Records {
        kind: Records,
        name: String,
    },
    EventBridge {
        source: Option<String>,
        detail_type: Option<String>,
    },
    WebSocket {
        route_key: String,
    },
    Event {
        name: String,
        matches: Vec<Match>,
    },
}

impl Trigger {
    /// The runtime's type for it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Http { method: "GET" | "HEAD", .. } => "Get",
            Self::Http { .. } => "Http",
            Self::Invoke { .. } => "Invoke",
            Self::Records { kind, .. } => kind.variant,
            Self::EventBridge { .. } => "EventBridge",
            Self::WebSocket { .. } => "WebSocket",
            Self::Event { .. } => "Event",
        }
    }

    /// Whether an argument can stand for all records of an event.
    pub(crate) fn has_records(&self) -> bool {
        matches!(self, Self::Records { .. } | Self::EventBridge { .. })
    }
}

/// A key that names where records come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Records {
    /// `sqs`.
    pub(crate) key: &'static str,
    /// The variant of the runtime's `RecordKind`.
    pub(crate) variant: &'static str,
    /// Whether its event source reads partial answers.
    pub(crate) partial: bool,
}

impl Records {
    pub(crate) const ALL: [Self; 6] = [
        Self { key: "sqs", variant: "Sqs", partial: true },
        Self { key: "sns", variant: "Sns", partial: false },
        Self { key: "s3", variant: "S3", partial: false },
        Self { key: "kinesis", variant: "Kinesis", partial: true },
        Self { key: "dynamodb", variant: "DynamoDb", partial: true },
        Self { key: "schedule", variant: "Schedule", partial: false },
    ];
}

/// Where an argument comes from.
pub(crate) enum Takes {
    /// From the parameter of the route with this index.
    Parameter(usize, Type),
    /// From the request, by its type.
    Request(Type),
}
