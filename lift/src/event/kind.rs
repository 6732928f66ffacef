use std::fmt;

/// Where records come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// Messages of an SQS queue, standard or FIFO.
    Sqs,
    /// Notifications of an SNS topic.
    Sns,
    /// What happened to objects of an S3 bucket.
    S3,
    /// Records of a Kinesis stream.
    Kinesis,
    /// Changes of a DynamoDB table.
    DynamoDb,
    /// Events of an EventBridge bus.
    EventBridge,
    /// A schedule of EventBridge or of EventBridge Scheduler.
    Schedule,
}

impl RecordKind {
    /// The kind of records whose `eventSource` is this.
    pub(super) fn of(event_source: &str) -> Option<Self> {
        Some(match event_source {
            "aws:sqs" => Self::Sqs,
            "aws:sns" => Self::Sns,
            "aws:s3" => Self::S3,
            "aws:kinesis" => Self::Kinesis,
            "aws:dynamodb" => Self::DynamoDb,
            _ => return None,
        })
    }

    /// The kind of stream that has this ARN.
    pub(crate) fn of_stream(arn: &str) -> Option<Self> {
        match arn.split(':').nth(2)? {
            "kinesis" => Some(Self::Kinesis),
            "dynamodb" => Some(Self::DynamoDb),
            _ => None,
        }
    }

    /// The key of `#[lift::handler]` that names it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Sqs => "sqs",
            Self::Sns => "sns",
            Self::S3 => "s3",
            Self::Kinesis => "kinesis",
            Self::DynamoDb => "dynamodb",
            Self::EventBridge => "eventbridge",
            Self::Schedule => "schedule",
        }
    }

    /// What one record is called.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Sqs => "SQS message",
            Self::Sns => "SNS notification",
            Self::S3 => "S3 event",
            Self::Kinesis => "Kinesis record",
            Self::DynamoDb => "DynamoDB change",
            Self::EventBridge => "EventBridge event",
            Self::Schedule => "schedule",
        }
    }

    /// Whether its records are a sequence, of which everything behind the first failure comes again.
    pub(crate) fn is_stream(self) -> bool {
        matches!(self, Self::Kinesis | Self::DynamoDb)
    }

    /// The name in an ARN: of the queue, topic, bucket, stream, table, rule or schedule.
    pub(crate) fn name_in(self, arn: &str) -> &str {
        let resource = arn.rsplit(':').next().unwrap_or(arn);
        match self {
            // `table/NAME/stream/2026-01-01T00:00:00.000` has colons of its own.
            Self::DynamoDb => {
                arn.split_once(":table/").map_or(arn, |(_, rest)| rest.split('/').next().unwrap_or(rest))
            }
            // A consumer's ARN goes on behind the stream.
            Self::Kinesis if arn.contains(":stream/") => {
                arn.split_once(":stream/").map_or(arn, |(_, rest)| rest.split('/').next().unwrap_or(rest))
            }
            _ => resource.rsplit('/').next().unwrap_or(resource),
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_arns() {
        for (kind, arn, name) in [
            (RecordKind::Sqs, "arn:aws:sqs:eu-central-1:123456789012:fulfilment", "fulfilment"),
            (RecordKind::Sqs, "fulfilment", "fulfilment"),
            (RecordKind::S3, "arn:aws:s3:::uploads", "uploads"),
            (RecordKind::Kinesis, "arn:aws:kinesis:eu-central-1:1:stream/clicks", "clicks"),
            (RecordKind::Kinesis, "arn:aws:kinesis:eu-central-1:1:clicks", "clicks"),
            (RecordKind::Kinesis, "arn:aws:kinesis:eu-central-1:1:stream/clicks/consumer/c:1545", "clicks"),
            (
                RecordKind::DynamoDb,
                "arn:aws:dynamodb:eu-central-1:1:table/orders/stream/2026-01-01T00:00:00.000",
                "orders",
            ),
            (RecordKind::Schedule, "arn:aws:events:eu-central-1:1:rule/nightly", "nightly"),
            (RecordKind::Schedule, "arn:aws:scheduler:eu-central-1:1:schedule/default/nightly", "nightly"),
            (RecordKind::DynamoDb, "", ""),
        ] {
            assert_eq!(kind.name_in(arn), name);
        }
    }
}
