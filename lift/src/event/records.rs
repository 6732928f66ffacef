//! The records in an event.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::RecordKind;
use super::decode::Event;
use super::lenient::{LongText, Text};
use super::request::share;

/// The records of one event, which come from one place.
pub(crate) struct Records<'e> {
    pub(crate) kind: RecordKind,
    /// The ARN of the queue, topic, bucket, stream, table, rule or schedule.
    pub(crate) arn: Cow<'e, str>,
    /// The `source` of an EventBridge event.
    pub(crate) source: Cow<'e, str>,
    /// The `detail-type` of an EventBridge event.
    pub(crate) detail_type: Cow<'e, str>,
    /// At least one.
    pub(crate) items: Vec<BatchItem<'e>>,
}

/// One record.
pub(crate) struct BatchItem<'e> {
    /// What it is called in a partial answer: the message id of a queue, the sequence number of a stream.
    pub(crate) id: Cow<'e, str>,
    /// Records of one group keep their order: a FIFO queue's message group, a stream's partition key.
    pub(crate) group: Option<Cow<'e, str>>,
    /// What a stream's answer is made for.
    pub(crate) shard: Cow<'e, str>,
    /// What the handler reads as its body, or why there is none.
    pub(crate) body: Result<Bytes, String>,
    /// Where the record begins in the event.
    pub(crate) start: usize,
}

/// The value of `Records`, as far as lift reads it.
#[derive(Default)]
pub(super) struct RawRecords<'e>(Vec<RawItem<'e>>);

/// Keys of all kinds of records.
#[derive(Default)]
struct RawItem<'e> {
    /// Where its first key stands in memory.
    first_key: Option<usize>,
    source: Text<'e>,
    arn: Text<'e>,
    subscription: Text<'e>,
    message_id: Text<'e>,
    event_id: Text<'e>,
    body: LongText<'e>,
    attributes: Option<&'e RawValue>,
    kinesis: Option<&'e RawValue>,
    dynamodb: Option<&'e RawValue>,
    sns: Option<&'e RawValue>,
    s3: Option<&'e RawValue>,
}

impl<'e, 'de: 'e> Deserialize<'de> for RawItem<'e> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Key<'k>(Cow<'k, str>, Option<usize>);
        impl<'k, 'de: 'k> Deserialize<'de> for Key<'k> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Text::deserialize(deserializer)?.0.unwrap_or_default();
                let place = match &text {
                    Cow::Borrowed(text) => Some(text.as_ptr().addr()),
                    Cow::Owned(_) => None,
                };
                Ok(Self(text, place))
            }
        }
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = RawItem<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a record")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawItem<'de>, A::Error> {
                let mut item = RawItem::default();
                let mut first = true;
                while let Some(Key(key, place)) = map.next_key()? {
                    if std::mem::take(&mut first) {
                        item.first_key = place;
                    }
                    match &*key {
                        "eventSource" | "EventSource" => item.source = map.next_value()?,
                        "eventSourceARN" => item.arn = map.next_value()?,
                        "EventSubscriptionArn" => item.subscription = map.next_value()?,
                        "messageId" => item.message_id = map.next_value()?,
                        "eventID" => item.event_id = map.next_value()?,
                        "body" => item.body = map.next_value()?,
                        "attributes" => item.attributes = Some(map.next_value()?),
                        "kinesis" => item.kinesis = Some(map.next_value()?),
                        "dynamodb" => item.dynamodb = Some(map.next_value()?),
                        "Sns" => item.sns = Some(map.next_value()?),
                        "s3" => item.s3 = Some(map.next_value()?),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(item)
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

impl<'e, 'de: 'e> Deserialize<'de> for RawRecords<'e> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = RawRecords<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of records")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawRecords<'de>, A::Error> {
                let mut items = Vec::with_capacity(10);
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(RawRecords(items))
            }
        }
        deserializer.deserialize_seq(Visit)
    }
}

#[derive(Default, serde::Deserialize)]
struct Sqs<'e> {
    #[serde(borrow, default, rename = "MessageGroupId")]
    group: Text<'e>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kinesis<'e> {
    #[serde(borrow, default)]
    sequence_number: Text<'e>,
    #[serde(borrow, default)]
    partition_key: Text<'e>,
    #[serde(borrow, default)]
    data: Text<'e>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DynamoDb<'e> {
    #[serde(borrow, default)]
    sequence_number: Text<'e>,
    #[serde(borrow, default)]
    keys: Option<&'e RawValue>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sns<'e> {
    #[serde(borrow, default)]
    message_id: Text<'e>,
    #[serde(borrow, default)]
    topic_arn: Text<'e>,
    #[serde(borrow, default)]
    message: Text<'e>,
}

#[derive(Default, serde::Deserialize)]
struct S3<'e> {
    #[serde(borrow, default)]
    bucket: super::lenient::Object<Bucket<'e>>,
}

#[derive(Default, serde::Deserialize)]
struct Bucket<'e> {
    #[serde(borrow, default)]
    arn: Text<'e>,
    #[serde(borrow, default)]
    name: Text<'e>,
}

/// A part of a record; one of another shape holds nothing.
fn part<'e, T: Deserialize<'e> + Default>(raw: Option<&'e RawValue>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// A record, and where it comes from.
struct Read<'e> {
    arn: Cow<'e, str>,
    item: BatchItem<'e>,
}

impl<'e> RawRecords<'e> {
    /// The source of AWS that they come from, if they do.
    pub(super) fn made_by_aws(&self) -> Option<String> {
        let source = self
            .0
            .iter()
            .find_map(|item| item.source.0.as_deref().filter(|source| source.starts_with("aws:")));
        source.map(|source| format!("a batch of records from `{}`", source.escape_debug()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The records; `None` when they are of no kind that lift knows, and what is wrong with them in words.
    pub(super) fn read(self, bytes: &'e Bytes) -> Result<Option<Records<'e>>, String> {
        let Some(kind) = self.0.iter().find_map(RawItem::kind) else { return Ok(None) };
        let noun = kind.noun();
        let mut items = Vec::with_capacity(self.0.len());
        let mut arn: Option<Cow<'e, str>> = None;
        for (index, raw) in self.0.into_iter().enumerate() {
            let which =
                |problem: String| format!("a batch of records from `{kind}`, but record {index} {problem}");
            if raw.kind() != Some(kind) {
                return Err(which(format!("is no {noun}")));
            }
            let start = raw.first_key.and_then(|key| start(bytes, key));
            let start = start.ok_or_else(|| which("begins with a key that has escapes".to_owned()))?;
            let read = raw.read(kind, bytes, start).map_err(which)?;
            match &arn {
                None => arn = Some(read.arn),
                Some(arn) if *arn == read.arn => {}
                Some(arn) => {
                    let (arn, other) = (arn.escape_debug(), read.arn.escape_debug());
                    return Err(which(format!("comes from `{other}` and the first one from `{arn}`")));
                }
            }
            items.push(read.item);
        }
        let (source, detail_type) = Default::default();
        Ok(Some(Records { kind, arn: arn.unwrap_or_default(), source, detail_type, items }))
    }
}

/// Where a record begins, from where its first key stands.
fn start(bytes: &Bytes, first_key: usize) -> Option<usize> {
    let key = first_key.checked_sub(bytes.as_ptr().addr())?;
    bytes.get(..key)?.iter().rposition(|byte| *byte == b'{')
}

impl<'e> RawItem<'e> {
    fn kind(&self) -> Option<RecordKind> {
        RecordKind::of(self.source.0.as_deref()?)
    }

    fn read(self, kind: RecordKind, bytes: &'e Bytes, start: usize) -> Result<Read<'e>, String> {
        let missing = |key: &str| format!("has no `{key}`");
        let no_text = |key: &str| format!("its `{key}` is no text");
        let shared = |raw: Option<&'e RawValue>, key: &str| match raw {
            Some(raw) => Ok(bytes.slice_ref(raw.get().as_bytes())),
            None => Err(format!("it has no `{key}`")),
        };
        let arn = |arn: Option<Cow<'e, str>>, key: &str| arn.ok_or_else(|| missing(key));
        let (group, shard) = (None, Cow::Borrowed(""));
        Ok(match kind {
            RecordKind::Sqs => {
                let arn = arn(self.arn.0, "eventSourceARN")?;
                let id = self.message_id.0.filter(|id| !id.is_empty()).ok_or_else(|| missing("messageId"))?;
                // A standard queue may have groups, too, for fairness; they are no order.
                let fifo = arn.ends_with(".fifo");
                let group = fifo.then(|| part::<Sqs<'e>>(self.attributes).group.0.unwrap_or_default());
                let body = self.body.0.map(|body| share(bytes, body)).ok_or_else(|| no_text("body"));
                Read { arn, item: BatchItem { id, group, shard, body, start } }
            }
            RecordKind::Kinesis => {
                let kinesis: Kinesis<'e> = part(self.kinesis);
                let id = kinesis.sequence_number.0.ok_or_else(|| missing("kinesis.sequenceNumber"))?;
                let data = kinesis.data.0.ok_or_else(|| no_text("kinesis.data"));
                let body = data.and_then(|data| {
                    let decoded = BASE64_STANDARD.decode(data.as_bytes());
                    decoded.map(Bytes::from).map_err(|error| format!("its data is not base64: {error}"))
                });
                let shard = self.event_id.0.map(|id| match id {
                    Cow::Borrowed(id) => Cow::Borrowed(id.split(':').next().unwrap_or_default()),
                    Cow::Owned(id) => Cow::Owned(id.split(':').next().unwrap_or_default().to_owned()),
                });
                let shard = shard.unwrap_or_default();
                let group = kinesis.partition_key.0;
                let arn = arn(self.arn.0, "eventSourceARN")?;
                Read { arn, item: BatchItem { id, group, shard, body, start } }
            }
            RecordKind::DynamoDb => {
                let change: DynamoDb<'e> = part(self.dynamodb);
                let id = change.sequence_number.0.ok_or_else(|| missing("dynamodb.SequenceNumber"))?;
                let group = change.keys.map(|keys| Cow::Borrowed(keys.get()));
                let body = shared(self.dynamodb, "dynamodb");
                let arn = arn(self.arn.0, "eventSourceARN")?;
                Read { arn, item: BatchItem { id, group, shard, body, start } }
            }
            RecordKind::Sns => {
                let sns: Sns<'e> = part(self.sns);
                let topic = sns.topic_arn.0.or(self.subscription.0);
                let id = sns.message_id.0.unwrap_or_default();
                let body = sns.message.0.map(|body| share(bytes, body)).ok_or_else(|| no_text("Sns.Message"));
                let arn = arn(topic, "Sns.TopicArn")?;
                Read { arn, item: BatchItem { id, group, shard, body, start } }
            }
            RecordKind::S3 | RecordKind::EventBridge | RecordKind::Schedule => {
                let bucket = part::<S3<'e>>(self.s3).bucket.0.unwrap_or_default();
                let body = shared(self.s3, "s3");
                let arn = arn(bucket.arn.0.or(bucket.name.0), "s3.bucket.name")?;
                let id = self.event_id.0.unwrap_or_default();
                Read { arn, item: BatchItem { id, group, shard, body, start } }
            }
        })
    }
}

impl<'e> Records<'e> {
    /// An event of EventBridge, which is its own only record.
    pub(super) fn one(kind: RecordKind, bytes: &'e Bytes, event: Event<'e>) -> Self {
        let detail = event.detail.map(|detail| match serde_json::from_str::<LongText<'e>>(detail.get()) {
            // EventBridge Scheduler writes JSON into a text.
            Ok(LongText(Some(text))) if kind == RecordKind::Schedule => share(bytes, text),
            _ => bytes.slice_ref(detail.get().as_bytes()),
        });
        let item = BatchItem {
            id: event.id.0.unwrap_or_default(),
            group: None,
            shard: Cow::Borrowed(""),
            body: Ok(detail.unwrap_or_else(|| Bytes::from_static(b"null"))),
            start: 0,
        };
        Self {
            kind,
            arn: event.resources.0.into_iter().next().unwrap_or_default(),
            source: event.source.0.unwrap_or_default(),
            detail_type: event.detail_type.0.unwrap_or_default(),
            items: vec![item],
        }
    }

    /// Where they come from, in words.
    pub(crate) fn describe(&self) -> String {
        let name = self.kind.name_in(&self.arn).escape_debug();
        match self.kind {
            RecordKind::EventBridge => format!(
                "an EventBridge event of type `{}` from `{}`",
                self.detail_type.escape_debug(),
                self.source.escape_debug()
            ),
            RecordKind::Schedule if self.arn.is_empty() => {
                "an EventBridge schedule without its ARN".to_owned()
            }
            RecordKind::Schedule => format!("the EventBridge schedule `{name}`"),
            kind => format!("a batch of records from `aws:{kind}`, of `{name}`"),
        }
    }
}
