//! Which handler an event reaches that is no HTTP request.

use std::sync::Arc;

use serde_json::Value;

use crate::config::{Fault, Reader};
use crate::event::{RecordKind, Records};
use crate::handler::{Endpoint, HandlerMeta, Trigger};
use crate::resource::User;

/// What a logical name means: a name or an ARN. Nothing that arrives names its source by a URL.
pub(super) struct Source(pub(super) String);

impl crate::config::Value for Source {
    const EXPECTED: &'static str =
        "a name or an ARN, such as `orders-live` or `arn:aws:sqs:eu-central-1:123456789012:orders-live`";

    fn parse(text: &str) -> Option<Self> {
        let is_one = !text.is_empty() && !text.contains("://") && !text.contains(char::is_whitespace);
        is_one.then(|| Self(text.to_owned()))
    }
}

/// A handler of something else than HTTP requests.
pub(crate) struct Triggered {
    pub(crate) meta: HandlerMeta,
    /// The queue, rule or function that its logical name means, when that is set: `LIFT_TRIGGER_FULFILMENT`.
    pub(crate) physical: Option<String>,
    /// Takes the records of one event together.
    pub(crate) whole: bool,
    /// Keeps the state of a window.
    pub(crate) windowed: bool,
    pub(super) user: User,
    pub(super) endpoint: Arc<dyn Endpoint>,
}

impl Triggered {
    /// The logical name, of a trigger that has one.
    pub(crate) fn name(&self) -> Option<&'static str> {
        match self.meta.trigger {
            Trigger::Invoke { name } | Trigger::Records { name, .. } | Trigger::Event { name, .. } => {
                Some(name)
            }
            _ => None,
        }
    }

    /// The logical name of a direct invoke.
    pub(crate) fn invoke_name(&self) -> Option<&'static str> {
        match self.meta.trigger {
            Trigger::Invoke { name } => Some(name),
            _ => None,
        }
    }

    /// The trigger as people read it: `sqs fulfilment`.
    pub(crate) fn describe(&self) -> (&'static str, String) {
        let any = |text: Option<&'static str>| text.unwrap_or("*");
        match self.meta.trigger {
            Trigger::Http { method, path, .. } => (method, path.to_owned()),
            Trigger::Invoke { name } => ("invoke", name.to_owned()),
            Trigger::Records { kind, name } => (kind.key(), name.to_owned()),
            Trigger::EventBridge { source, detail_type } => {
                ("eventbridge", format!("{} from {}", any(detail_type), any(source)))
            }
            Trigger::WebSocket { route_key } => ("ws", route_key.to_owned()),
            Trigger::Event { name, .. } => ("event", name.to_owned()),
        }
    }

    /// The variable that says what its logical name means.
    pub(crate) fn variable(&self) -> Option<String> {
        Some(format!("LIFT_TRIGGER_{}", self.name()?.to_uppercase().replace('-', "_")))
    }

    /// Whether its name is this, of an ARN that ends with it.
    fn is_named(&self, name: &str, arn: &str) -> bool {
        let Some(physical) = &self.physical else { return self.name() == Some(name) };
        // A table's stream is named by more than the table.
        let within = || arn.strip_prefix(physical.as_str()).is_some_and(|rest| rest.starts_with('/'));
        physical == name || physical == arn || (physical.starts_with("arn:") && within())
    }
}

fn is_arn(name: &str) -> bool {
    name.starts_with("arn:")
}

/// All of them.
#[derive(Default)]
pub(crate) struct Triggers(Vec<Triggered>);

impl Triggers {
    /// Adds a handler, and tells when another one has its trigger.
    pub(super) fn insert(&mut self, triggered: Triggered, reader: &mut Reader<'_>) {
        let meta = triggered.meta;
        let same_events = |other: &&Triggered| match (other.meta.trigger, meta.trigger) {
            // Whatever they are called, they want the same events.
            (Trigger::Event { matches: a, .. }, Trigger::Event { matches: b, .. }) => {
                a.len() == b.len() && a.iter().all(|one| b.contains(one))
            }
            (a, b) => a == b,
        };
        if let Some(other) = self.0.iter().find(same_events) {
            let (kind, name) = triggered.describe();
            let problem =
                format!("`{}` serves {kind} `{name}`, and so does `{}`", meta.name, other.meta.name);
            let help = "give one of them another name, or take one out of its list";
            reader.fault(Fault::new(format!("{}:{}", meta.file, meta.line), problem).help(help));
        }
        let twin = self.0.iter().find(|other| {
            triggered.physical.is_some()
                && other.name() == triggered.name()
                && other.describe().0 != triggered.describe().0
        });
        if let Some(twin) = twin {
            let (name, (kind, _), (other, _)) =
                (triggered.name().unwrap_or_default(), triggered.describe(), twin.describe());
            let problem = format!(
                "{kind} `{name}` and {other} `{name}` have one name, and one setting says what it means"
            );
            reader.fault(
                Fault::new(format!("{}:{}", meta.file, meta.line), problem)
                    .help("give one of them another name"),
            );
        }
        self.0.push(triggered);
    }

    /// Tells what cannot be told apart once it runs on Lambda: two names of one kind where one has no physical name,
    /// and two that mean the same.
    pub(super) fn check(&self, function: Option<&str>, reader: &mut Reader<'_>) {
        let on_lambda = function.is_some();
        let invokes: Vec<_> = self.0.iter().filter(|one| one.invoke_name().is_some()).collect();
        if let (true, [.., last], None) =
            (on_lambda && invokes.len() > 1, invokes.as_slice(), self.invoke(function))
        {
            let names: Vec<_> = invokes.iter().filter_map(|one| one.name()).collect();
            let problem =
                format!("this function is called like none of the invokes `{}`", names.join("`, `"));
            let variable = last.variable().unwrap_or_default();
            let help = format!("say which one it is: {variable}={}", function.unwrap_or_default());
            reader.fault(Fault::new("invoke", problem).help(help));
        }
        for (index, one) in self.0.iter().enumerate() {
            let Trigger::Records { kind, name } = one.meta.trigger else { continue };
            let place = format!("{}:{}", one.meta.file, one.meta.line);
            let same_kind = |other: &&Triggered| matches!(other.meta.trigger, Trigger::Records { kind: other, name: theirs } if other == kind && theirs != name);
            let twin = self.0.iter().take(index).filter(same_kind).find(|other| {
                match (&one.physical, &other.physical) {
                    (Some(one), Some(other)) => {
                        kind.name_in(one) == kind.name_in(other)
                            && !(is_arn(one) && is_arn(other) && one != other)
                    }
                    _ => false,
                }
            });
            if let (Some(twin), Some(physical)) = (twin, &one.physical) {
                let problem = format!(
                    "`{name}` and `{}` both mean {kind} `{physical}`",
                    twin.name().unwrap_or_default()
                );
                reader.fault(
                    Fault::new(&place, problem).help("one handler serves one source; give each its own"),
                );
            }
            if on_lambda && one.physical.is_none() && self.0.iter().any(|other| same_kind(&other)) {
                let variable = one.variable().unwrap_or_default();
                let problem =
                    format!("`{}` serves {kind} `{name}` beside others of this kind", one.meta.name);
                let help = format!("say which one it is by its name or ARN: {variable}=…");
                reader.fault(Fault::new(place, problem).help(help));
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Triggered> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any handler takes records.
    pub(crate) fn take_records(&self) -> bool {
        self.0
            .iter()
            .any(|one| matches!(one.meta.trigger, Trigger::Records { .. } | Trigger::EventBridge { .. }))
    }

    /// The handler of a direct invoke: the one that is named like the function, or the only one.
    pub(crate) fn invoke(&self, function: Option<&str>) -> Option<&Triggered> {
        let mut invokes = self.0.iter().filter(|one| one.invoke_name().is_some());
        if let Some(named) = function.and_then(|name| invokes.clone().find(|one| one.is_named(name, name))) {
            return Some(named);
        }
        let only = invokes.next().filter(|only| only.physical.is_none());
        only.filter(|_| invokes.next().is_none())
    }

    /// What the only handler of windows takes.
    pub(crate) fn windowed(&self) -> Option<RecordKind> {
        let mut windowed = self.0.iter().filter(|one| one.windowed);
        let (only, None) = (windowed.next()?, windowed.next()) else { return None };
        if let Trigger::Records { kind, .. } = only.meta.trigger { Some(kind) } else { None }
    }

    /// The handler of records: the one whose source they come from, or the only one of their kind.
    pub(crate) fn records(&self, records: &Records<'_>) -> Option<&Triggered> {
        let name = records.kind.name_in(&records.arn);
        if records.kind == RecordKind::EventBridge {
            return self.event_bridge(&records.source, &records.detail_type);
        }
        let of_kind = |one: &&Triggered| matches!(one.meta.trigger, Trigger::Records { kind, .. } if kind == records.kind);
        let mut all = self.0.iter().filter(of_kind);
        let by_arn = all.clone().find(|one| one.physical.as_deref() == Some(&*records.arn));
        if let Some(named) = by_arn.or_else(|| all.clone().find(|one| one.is_named(name, &records.arn))) {
            return Some(named);
        }
        let only = all.next().filter(|only| only.physical.is_none());
        let only = only.filter(|_| all.next().is_none());
        // A schedule may be wanted as the EventBridge event that it is.
        only.or_else(|| match records.kind {
            RecordKind::Schedule => self.event_bridge(&records.source, &records.detail_type),
            _ => None,
        })
    }

    /// What to write when a source has no handler although some take its kind: which variables may name it.
    pub(crate) fn help(&self, kind: RecordKind, name: &str) -> Option<String> {
        let of_kind = |one: &&Triggered| matches!(one.meta.trigger, Trigger::Records { kind: other, .. } if other == kind);
        let variables: Vec<_> = self.0.iter().filter(of_kind).filter_map(Triggered::variable).collect();
        let (variables, value) = (variables.join(" or "), name.escape_debug());
        let says = !variables.is_empty() && !name.is_empty();
        says.then(|| format!("if it is for a handler, say for which one: {variables}={value}"))
    }

    /// The handler that says most of an event: source and type, the type alone, the source alone.
    fn event_bridge(&self, source: &str, detail_type: &str) -> Option<&Triggered> {
        let fits = |one: &&Triggered| {
            let Trigger::EventBridge { source: s, detail_type: d } = one.meta.trigger else { return false };
            s.is_none_or(|s| s == source) && d.is_none_or(|d| d == detail_type)
        };
        let says = |one: &&Triggered| match one.meta.trigger {
            Trigger::EventBridge { source, detail_type } => (detail_type.is_some(), source.is_some()),
            _ => (false, false),
        };
        self.0.iter().filter(fits).max_by_key(says)
    }

    /// The handler of a WebSocket message: of its route key, or of `$default`.
    pub(crate) fn web_socket(&self, key: &str) -> Option<&Triggered> {
        let of = |key: &str| {
            self.0
                .iter()
                .find(|one| matches!(one.meta.trigger, Trigger::WebSocket { route_key } if route_key == key))
        };
        // A connection that nobody asked about must not be let in by a handler of messages.
        of(key).or_else(|| if matches!(key, "$connect" | "$disconnect") { None } else { of("$default") })
    }

    /// The handler whose matchers all hold for this event; the one with the most, when several do.
    pub(crate) fn event(&self, event: &[u8]) -> Option<&Triggered> {
        let matchers = |one: &Triggered| match one.meta.trigger {
            Trigger::Event { matches, .. } => matches,
            _ => &[],
        };
        if self.0.iter().all(|one| matchers(one).is_empty()) {
            return None;
        }
        let event: Value = serde_json::from_slice(event).ok()?;
        let holds = |&(pointer, text): &(&str, Option<&str>)| match (event.pointer(pointer), text) {
            (Some(found), Some(text)) => found.as_str() == Some(text),
            (found, None) => found.is_some(),
            (None, Some(_)) => false,
        };
        let fits = |one: &&Triggered| !matchers(one).is_empty() && matchers(one).iter().all(holds);
        self.0.iter().filter(fits).max_by_key(|one| matchers(one).len())
    }
}
