//! One record, as a handler's argument.

use std::collections::BTreeMap;
use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Failure;
use crate::resource::Context;

/// Reads a record as `T` from the event's bytes; what stands behind it belongs to the event.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    T::deserialize(&mut serde_json::Deserializer::from_slice(bytes))
}

fn take<T: DeserializeOwned>(parts: &Parts) -> Result<Option<T>, Failure> {
    let Some(record) = Context::of(parts).and_then(Context::record) else { return Ok(None) };
    read(record).map(Some).map_err(|error| Failure::internal("RECORD_NOT_VALID", error))
}

fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn missing(what: &str) -> Failure {
    let cause = format!("`{what}` was taken, and no record called this handler; take it as an `Option`");
    Failure::internal("NO_RECORD", cause)
}

/// The record that called the handler, with all its keys as AWS sends them, read as `T`: a type of one's own, or one
/// of `aws_lambda_events`.
///
/// For what most handlers want to know there are [`SqsMessage`], [`SnsNotification`], [`S3Object`],
/// [`KinesisRecord`], [`StreamRecord`] and [`EventBridgeEvent`]. The content itself is the body: take it as
/// [`Json<T>`](crate::extract::Json), `String` or `Bytes`.
///
/// # Errors
/// 500 `RECORD_NOT_VALID` when the record has another shape, `NO_RECORD` when no record called the handler.
#[derive(Clone, Debug)]
pub struct Record<T>(pub T);

impl<T> Deref for Record<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Record<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        take(parts)?.map(Record).ok_or_else(|| missing("Record"))
    }
}

macro_rules! extractors {
    ($($type:ident)*) => {$(
        impl<S: Sync> FromRequestParts<S> for $type {
            type Rejection = Failure;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
                take(parts)?.ok_or_else(|| missing(stringify!($type)))
            }
        }

        impl<S: Sync> OptionalFromRequestParts<S> for $type {
            type Rejection = Failure;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Failure> {
                take(parts)
            }
        }
    )*};
}

extractors! { SqsMessage SnsNotification S3Object KinesisRecord StreamRecord EventBridgeEvent }

/// What SQS says of a message.
///
/// ```
/// use lift::event::SqsMessage;
/// use lift::prelude::*;
///
/// #[lift::handler(sqs = "fulfilment")]
/// async fn fulfil(message: SqsMessage, order: String) {
///     tracing::info!(id = message.message_id, attempt = message.receive_count(), "{order}");
/// }
/// # fn main() { let _ = lift::handlers![fulfil]; }
/// ```
///
/// # Errors
/// As an argument: 500 `RECORD_NOT_VALID` when the record has another shape, `NO_RECORD` when none called the handler.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct SqsMessage {
    /// Its id, which stays when it is delivered again.
    pub message_id: String,
    /// The handle of this delivery.
    pub receipt_handle: String,
    /// The queue's ARN.
    #[serde(rename = "eventSourceARN")]
    pub event_source_arn: String,
    /// SQS's own attributes, such as `SentTimestamp`.
    #[serde(deserialize_with = "null_is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// The sender's attributes, as SQS writes them.
    #[serde(deserialize_with = "null_is_empty")]
    pub message_attributes: BTreeMap<String, serde_json::Value>,
}

impl SqsMessage {
    /// How often it was delivered, this time included; 1 when SQS does not say.
    #[must_use]
    pub fn receive_count(&self) -> u32 {
        let count = self.attributes.get("ApproximateReceiveCount");
        count.and_then(|count| count.parse().ok()).unwrap_or(1)
    }

    /// Its message group.
    #[must_use]
    pub fn group_id(&self) -> Option<&str> {
        self.attributes.get("MessageGroupId").map(String::as_str)
    }

    /// The queue's name.
    #[must_use]
    pub fn queue(&self) -> &str {
        super::RecordKind::Sqs.name_in(&self.event_source_arn)
    }

    /// The text of one of the sender's attributes.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.message_attributes.get(name)?.get("stringValue")?.as_str()
    }
}

/// What SNS says of a notification.
///
/// # Errors
/// As an argument: 500 `RECORD_NOT_VALID` when the record has another shape, `NO_RECORD` when none called the handler.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SnsNotification {
    /// Its id.
    pub message_id: String,
    /// The topic's ARN.
    pub topic_arn: String,
    /// Its subject.
    pub subject: Option<String>,
    /// When it was published, as SNS writes it.
    pub timestamp: String,
    /// The sender's attributes: name to value.
    pub attributes: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for SnsNotification {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(rename = "Sns")]
            sns: Inner,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        struct Inner {
            message_id: String,
            topic_arn: String,
            subject: Option<String>,
            timestamp: String,
            #[serde(deserialize_with = "null_is_empty")]
            message_attributes: BTreeMap<String, Attribute>,
        }
        #[derive(Deserialize)]
        struct Attribute {
            #[serde(rename = "Value", default)]
            value: String,
        }
        let Inner { message_id, topic_arn, subject, timestamp, message_attributes } =
            Wire::deserialize(deserializer)?.sns;
        let attributes = message_attributes.into_iter().map(|(name, attribute)| (name, attribute.value));
        Ok(Self { message_id, topic_arn, subject, timestamp, attributes: attributes.collect() })
    }
}

/// What happened to an object of an S3 bucket.
///
/// # Errors
/// As an argument: 500 `RECORD_NOT_VALID` when the record has another shape, `NO_RECORD` when none called the handler.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct S3Object {
    /// What happened, such as `ObjectCreated:Put`.
    pub event: String,
    /// The bucket.
    pub bucket: String,
    /// The object's key, decoded: S3 sends `a+b%2Fc` for `a b/c`.
    pub key: String,
    /// Its size in bytes, when it is there.
    pub size: Option<u64>,
    /// Its entity tag.
    pub e_tag: Option<String>,
    /// Its version, when the bucket has versions.
    pub version_id: Option<String>,
    /// Orders events of one key: compare by length, then as text.
    pub sequencer: Option<String>,
}

impl<'de> Deserialize<'de> for S3Object {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            #[serde(default)]
            event_name: String,
            s3: Inner,
        }
        #[derive(Deserialize)]
        struct Inner {
            bucket: Bucket,
            object: Object,
        }
        #[derive(Deserialize)]
        struct Bucket {
            name: String,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Object {
            key: String,
            size: Option<u64>,
            e_tag: Option<String>,
            version_id: Option<String>,
            sequencer: Option<String>,
        }
        let Wire { event_name, s3: Inner { bucket, object } } = Wire::deserialize(deserializer)?;
        let key = object.key.replace('+', " ");
        let key = percent_encoding::percent_decode_str(&key).decode_utf8_lossy().into_owned();
        Ok(Self {
            event: event_name,
            bucket: bucket.name,
            key,
            size: object.size,
            e_tag: object.e_tag,
            version_id: object.version_id,
            sequencer: object.sequencer,
        })
    }
}

/// What Kinesis says of a record.
///
/// # Errors
/// As an argument: 500 `RECORD_NOT_VALID` when the record has another shape, `NO_RECORD` when none called the handler.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct KinesisRecord {
    /// The stream's ARN.
    pub event_source_arn: String,
    /// The key by which Kinesis chose the shard.
    pub partition_key: String,
    /// Its number in the shard.
    pub sequence_number: String,
    /// The shard, such as `shardId-000000000000`.
    pub shard_id: String,
    /// When it arrived, in seconds since 1970.
    pub approximate_arrival: Option<f64>,
}

impl<'de> Deserialize<'de> for KinesisRecord {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(rename = "eventSourceARN", default)]
            arn: String,
            #[serde(rename = "eventID", default)]
            event_id: String,
            kinesis: Option<Inner>,
            // A pipe has its keys among the others.
            #[serde(flatten)]
            piped: Inner,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Inner {
            #[serde(default)]
            partition_key: String,
            #[serde(default)]
            sequence_number: String,
            approximate_arrival_timestamp: Option<f64>,
        }
        let Wire { arn, event_id, kinesis, piped } = Wire::deserialize(deserializer)?;
        let kinesis = kinesis.or(Some(piped).filter(|piped| !piped.sequence_number.is_empty()));
        let kinesis = kinesis.ok_or_else(|| serde::de::Error::missing_field("kinesis"))?;
        Ok(Self {
            event_source_arn: arn,
            partition_key: kinesis.partition_key,
            sequence_number: kinesis.sequence_number,
            shard_id: event_id.split(':').next().unwrap_or_default().to_owned(),
            approximate_arrival: kinesis.approximate_arrival_timestamp,
        })
    }
}

/// What a DynamoDB stream says of a change; the change itself is a [`Change<T>`](super::Change).
///
/// # Errors
/// As an argument: 500 `RECORD_NOT_VALID` when the record has another shape, `NO_RECORD` when none called the handler.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StreamRecord {
    /// The stream's ARN.
    pub event_source_arn: String,
    /// The change's id.
    pub event_id: String,
    /// Its number in the shard.
    pub sequence_number: String,
    /// When it happened, in seconds since 1970.
    pub approximate_creation: Option<f64>,
    /// DynamoDB has removed the item itself, because its time to live was over.
    pub expired: bool,
}

impl StreamRecord {
    /// The table's name.
    #[must_use]
    pub fn table(&self) -> &str {
        super::RecordKind::DynamoDb.name_in(&self.event_source_arn)
    }
}

impl<'de> Deserialize<'de> for StreamRecord {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(rename = "eventSourceARN", default)]
            arn: String,
            #[serde(rename = "eventID", default)]
            event_id: String,
            #[serde(rename = "userIdentity")]
            user_identity: Option<User>,
            dynamodb: Inner,
        }
        #[derive(Deserialize)]
        struct User {
            #[serde(rename = "principalId")]
            principal_id: Option<String>,
        }
        #[derive(Deserialize)]
        struct Inner {
            #[serde(rename = "SequenceNumber", default)]
            sequence_number: String,
            #[serde(rename = "ApproximateCreationDateTime")]
            approximate_creation: Option<f64>,
        }
        let Wire { arn, event_id, user_identity, dynamodb } = Wire::deserialize(deserializer)?;
        let Inner { sequence_number, approximate_creation } = dynamodb;
        let principal = user_identity.and_then(|user| user.principal_id);
        let expired = principal.as_deref() == Some("dynamodb.amazonaws.com");
        Ok(Self { event_source_arn: arn, event_id, sequence_number, approximate_creation, expired })
    }
}

/// What EventBridge says of an event or of a schedule; the event's `detail` is the body.
///
/// # Errors
/// As an argument: 500 `RECORD_NOT_VALID` when the record has another shape, `NO_RECORD` when none called the handler.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[non_exhaustive]
pub struct EventBridgeEvent {
    /// Its id.
    pub id: String,
    /// Who sent it.
    pub source: String,
    /// What it is.
    pub detail_type: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// When it happened, as EventBridge writes it.
    pub time: String,
    /// ARNs of what it is about; of a schedule, the schedule's own.
    pub resources: Vec<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_sqs_message_says_how_often_it_came_and_from_where() {
        let message: SqsMessage = serde_json::from_value(json!({
            "messageId": "m", "receiptHandle": "r", "eventSourceARN": "arn:aws:sqs:eu-central-1:1:jobs.fifo",
            "attributes": {"ApproximateReceiveCount": "7", "MessageGroupId": "g"},
            "messageAttributes": {
                "kind": {"stringValue": "letter", "dataType": "String"}, "bytes": {"binaryValue": "AA=="},
            },
        }))
        .unwrap();
        assert_eq!(
            (message.receive_count(), message.group_id(), message.queue()),
            (7, Some("g"), "jobs.fifo")
        );
        let attributes = ["kind", "bytes", "none"].map(|name| message.attribute(name));
        assert_eq!(attributes, [Some("letter"), None, None]);

        let silent: SqsMessage = serde_json::from_value(json!({"attributes": null})).unwrap();
        assert_eq!((silent.receive_count(), silent.group_id(), silent.queue()), (1, None, ""));
    }

    #[test]
    fn a_change_that_dynamodb_made_by_itself_has_expired() {
        let change = |principal: &str| -> StreamRecord {
            let identity = json!({"type": "Service", "principalId": principal});
            let dynamodb = json!({"SequenceNumber": "111"});
            serde_json::from_value(json!({"userIdentity": identity, "dynamodb": dynamodb})).unwrap()
        };
        assert!(change("dynamodb.amazonaws.com").expired);
        assert!(!change("ada").expired);
    }
}
