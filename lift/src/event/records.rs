//! The records in an event.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;

use super::RecordKind;
use super::decode::Event;
use super::request::share;
use super::scan::{Scan, Scanned};

/// The records of one event, which come from one place.
pub(crate) struct Records<'e> {
    pub(crate) kind: RecordKind,
    /// The ARN of the queue, topic, bucket, stream, table, rule or schedule.
    pub(crate) arn: Cow<'e, str>,
    /// The `source` of an EventBridge event.
    pub(crate) source: Cow<'e, str>,
    /// The `detail-type` of an EventBridge event.
    pub(crate) detail_type: Cow<'e, str>,
    /// At least one, but for the end of a window.
    pub(crate) items: Vec<BatchItem<'e>>,
    /// They are of a tumbling window.
    pub(crate) is_window: bool,
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

/// The value of `Records`, or the list that a pipe of EventBridge sends, as far as lift reads it.
pub(super) struct RawRecords<'e> {
    items: Vec<RawItem<'e>>,
    by: Sender,
}

/// Who sends records.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    /// Their source, or Lambda on its behalf.
    Source,
    /// A pipe of EventBridge: it has the keys of `kinesis` among the others, and names a record of a stream by its `eventID`
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html>).
    Pipe,
}

type Text<'e> = Option<Cow<'e, str>>;

/// Keys of all kinds of records.
#[derive(Default)]
struct RawItem<'e> {
    /// Where it begins in the event.
    start: usize,
    /// All of it.
    written: &'e str,
    source: Text<'e>,
    arn: Text<'e>,
    subscription: Text<'e>,
    message_id: Text<'e>,
    event_id: Text<'e>,
    body: Text<'e>,
    attributes: Option<&'e str>,
    kinesis: Option<&'e str>,
    dynamodb: Option<&'e str>,
    sns: Option<&'e str>,
    s3: Option<&'e str>,
}

impl<'e> RawItem<'e> {
    fn scan(scan: &mut Scan<'e>) -> Scanned<Self> {
        let mut item = Self { start: scan.place(), ..Self::default() };
        scan.object(|scan, key| {
            match &*key {
                "eventSource" | "EventSource" => item.source = scan.text()?,
                "eventSourceARN" => item.arn = scan.text()?,
                "EventSubscriptionArn" => item.subscription = scan.text()?,
                "messageId" => item.message_id = scan.text()?,
                "eventID" => item.event_id = scan.text()?,
                "body" => item.body = scan.text()?,
                "attributes" => item.attributes = Some(scan.raw()?),
                "kinesis" => item.kinesis = Some(scan.raw()?),
                "dynamodb" => item.dynamodb = Some(scan.raw()?),
                "Sns" => item.sns = Some(scan.raw()?),
                "s3" => item.s3 = Some(scan.raw()?),
                _ => scan.skip()?,
            }
            Ok(())
        })?;
        item.written = scan.since(item.start)?;
        Ok(item)
    }
}

/// Scans a part that was skipped before. It is well-formed, but its texts were not looked at.
fn scan<'e>(
    part: Option<&'e str>,
    member: impl FnMut(&mut Scan<'e>, Cow<'e, str>) -> Scanned<()>,
) -> Result<(), String> {
    match part.map(|part| Scan::new(part).object(member)) {
        Some(Err(_)) => Err("has a text with a wrong escape or half of a surrogate pair".to_owned()),
        _ => Ok(()),
    }
}

/// The texts at these keys of such a part.
fn texts<'e, const N: usize>(part: Option<&'e str>, keys: [&str; N]) -> Result<[Text<'e>; N], String> {
    let mut found = [const { None }; N];
    scan(part, |scan, key| {
        match keys.iter().position(|wanted| *wanted == key).and_then(|index| found.get_mut(index)) {
            Some(text) => *text = scan.text()?,
            None => scan.skip()?,
        }
        Ok(())
    })?;
    Ok(found)
}

/// The value at a key of such a part, as it is written.
fn raw<'e>(part: Option<&'e str>, key: &str) -> Result<Option<&'e str>, String> {
    let mut found = None;
    scan(part, |scan, name| {
        if name == key {
            found = Some(scan.raw()?);
            return Ok(());
        }
        scan.skip()
    })?;
    Ok(found)
}

/// A record, and where it comes from.
struct Read<'e> {
    arn: Cow<'e, str>,
    item: BatchItem<'e>,
}

impl<'e> RawRecords<'e> {
    /// `None` when it is no list.
    pub(super) fn read(scan: &mut Scan<'e>) -> Scanned<Option<Self>> {
        let mut items = Vec::with_capacity(10);
        let is_list = scan.list(|scan| {
            items.push(RawItem::scan(scan)?);
            Ok(())
        })?;
        Ok(is_list.then_some(Self { items, by: Sender::Source }))
    }

    /// The records of a pipe; `None` when an event is no list of them.
    pub(super) fn of_pipe(scan: &mut Scan<'e>) -> Scanned<Option<Self>> {
        let records = Self::read(scan)?.map(|records| Self { by: Sender::Pipe, ..records });
        let piped = |kind| matches!(kind, RecordKind::Sqs | RecordKind::Kinesis | RecordKind::DynamoDb);
        Ok(records.filter(|records| records.items.iter().filter_map(RawItem::kind).any(piped)))
    }

    /// The source of AWS that they come from, if they do.
    pub(super) fn made_by_aws(&self) -> Option<String> {
        let source = self
            .items
            .iter()
            .find_map(|item| item.source.as_deref().filter(|source| source.starts_with("aws:")));
        source.map(|source| format!("a batch of records from `{}`", source.escape_debug()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The records; `None` when they are of no kind that lift knows, and what is wrong with them in words.
    pub(super) fn all(self, bytes: &'e Bytes) -> Result<Option<Records<'e>>, String> {
        let Some(kind) = self.items.iter().find_map(RawItem::kind) else { return Ok(None) };
        let noun = kind.noun();
        let mut items = Vec::with_capacity(self.items.len());
        let mut arn: Option<Cow<'e, str>> = None;
        for (index, raw) in self.items.into_iter().enumerate() {
            let which = |problem: String| {
                format!("a batch of records from `aws:{kind}`, but record {index} {problem}")
            };
            if raw.kind() != Some(kind) {
                return Err(which(format!("is no {noun}")));
            }
            let read = raw.read(kind, self.by, bytes).map_err(which)?;
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
        Ok(Some(Records { items, ..Records::of(kind, arn.unwrap_or_default()) }))
    }
}

impl<'e> RawItem<'e> {
    fn kind(&self) -> Option<RecordKind> {
        RecordKind::of(self.source.as_deref()?)
    }

    fn read(self, kind: RecordKind, by: Sender, bytes: &'e Bytes) -> Result<Read<'e>, String> {
        let start = self.start;
        let shared = |raw: Option<&'e str>, key: &str| match raw {
            Some(raw) => Ok(bytes.slice_ref(raw.as_bytes())),
            None => Err(format!("it has no `{key}`")),
        };
        let arn = |arn: Option<Cow<'e, str>>, key: &str| arn.ok_or_else(|| missing(key));
        let (group, shard) = (None, Cow::Borrowed(""));
        Ok(match kind {
            RecordKind::Sqs => {
                let arn = arn(self.arn, "eventSourceARN")?;
                let id = self.message_id.filter(|id| !id.is_empty()).ok_or_else(|| missing("messageId"))?;
                // A standard queue may have groups, too, for fairness; they are no order.
                let fifo = arn.ends_with(".fifo");
                let [group] = texts(self.attributes.filter(|_| fifo), ["MessageGroupId"])?;
                let group = fifo.then(|| group.unwrap_or_default());
                let body = self.body.map(|body| share(bytes, body)).ok_or_else(|| no_text("body"));
                Read { arn, item: BatchItem { id, group, shard, body, start } }
            }
            RecordKind::Kinesis => return self.read_kinesis(by),
            RecordKind::DynamoDb => {
                let [sequence_number] = texts(self.dynamodb, ["SequenceNumber"])?;
                let id = self.name_in_pipe(by).or(sequence_number);
                let id = id.ok_or_else(|| missing("dynamodb.SequenceNumber"))?;
                let group = raw(self.dynamodb, "Keys")?.map(Cow::Borrowed);
                let body = shared(self.dynamodb, "dynamodb");
                let arn = arn(self.arn, "eventSourceARN")?;
                Read { arn, item: BatchItem { id, group, shard, body, start } }
            }
            RecordKind::Sns => {
                let [id, topic, message] = texts(self.sns, ["MessageId", "TopicArn", "Message"])?;
                let topic = topic.or(self.subscription);
                let id = id.unwrap_or_default();
                let body = message.map(|body| share(bytes, body)).ok_or_else(|| no_text("Sns.Message"));
                let arn = arn(topic, "Sns.TopicArn")?;
                Read { arn, item: BatchItem { id, group, shard, body, start } }
            }
            RecordKind::S3 | RecordKind::EventBridge | RecordKind::Schedule => {
                let [bucket_arn, bucket] = texts(raw(self.s3, "bucket")?, ["arn", "name"])?;
                let body = shared(self.s3, "s3");
                let arn = arn(bucket_arn.or(bucket), "s3.bucket.name")?;
                let id = self.event_id.unwrap_or_default();
                Read { arn, item: BatchItem { id, group, shard, body, start } }
            }
        })
    }
}

impl<'e> RawItem<'e> {
    /// What a pipe calls a record of a stream.
    fn name_in_pipe(&self, by: Sender) -> Text<'e> {
        self.event_id.clone().filter(|_| by == Sender::Pipe)
    }

    fn read_kinesis(self, by: Sender) -> Result<Read<'e>, String> {
        let record = self.kinesis.or((by == Sender::Pipe).then_some(self.written));
        let [sequence_number, group, data] = texts(record, ["sequenceNumber", "partitionKey", "data"])?;
        let id = self.name_in_pipe(by).or(sequence_number);
        let id = id.ok_or_else(|| missing("kinesis.sequenceNumber"))?;
        let data = data.ok_or_else(|| no_text("kinesis.data"));
        let body = data.and_then(|data| {
            let decoded = BASE64_STANDARD.decode(data.as_bytes());
            decoded.map(Bytes::from).map_err(|error| format!("its data is not base64: {error}"))
        });
        let shard = self.event_id.map(|id| match id {
            Cow::Borrowed(id) => Cow::Borrowed(id.split(':').next().unwrap_or_default()),
            Cow::Owned(id) => Cow::Owned(id.split(':').next().unwrap_or_default().to_owned()),
        });
        let shard = shard.unwrap_or_default();
        let arn = self.arn.ok_or_else(|| missing("eventSourceARN"))?;
        Ok(Read { arn, item: BatchItem { id, group, shard, body, start: self.start } })
    }
}

fn missing(key: &str) -> String {
    format!("has no `{key}`")
}

fn no_text(key: &str) -> String {
    format!("its `{key}` is no text")
}

impl<'e> Records<'e> {
    fn of(kind: RecordKind, arn: Cow<'e, str>) -> Self {
        let (source, detail_type) = Default::default();
        Self { kind, arn, source, detail_type, items: Vec::new(), is_window: false }
    }

    /// The end of a window, which has no records of its own.
    pub(crate) fn end_of_window(kind: RecordKind, arn: Cow<'e, str>) -> Self {
        Self { is_window: true, ..Self::of(kind, arn) }
    }

    /// An event of EventBridge, which is its own only record.
    pub(super) fn one(kind: RecordKind, bytes: &'e Bytes, event: Event<'e>) -> Self {
        let detail = event.detail.map(|detail| match Scan::new(detail).text() {
            // EventBridge Scheduler writes JSON into a text.
            Ok(Some(text)) if kind == RecordKind::Schedule => share(bytes, text),
            _ => bytes.slice_ref(detail.as_bytes()),
        });
        let item = BatchItem {
            id: event.id.unwrap_or_default(),
            group: None,
            shard: Cow::Borrowed(""),
            body: Ok(detail.unwrap_or_else(|| Bytes::from_static(b"null"))),
            start: 0,
        };
        Self {
            kind,
            arn: event.resources.into_iter().next().unwrap_or_default(),
            source: event.source.unwrap_or_default(),
            detail_type: event.detail_type.unwrap_or_default(),
            items: vec![item],
            is_window: false,
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
            kind if self.is_window => format!("a tumbling window of records from `aws:{kind}`, of `{name}`"),
            kind => format!("a batch of records from `aws:{kind}`, of `{name}`"),
        }
    }
}
