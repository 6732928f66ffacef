//! Events of AWS that lift has no trigger for.
//!
//! The service that sends one takes an answer for its own, so a handler of direct invokes must not see it. A handler with
//! `event = "…", matches(…)` can ask for it.

use serde_json::Value;

/// Whether a top-level key is worth a look at the whole event: each event in [`SOURCES`] has one of these.
pub(super) fn is_mark(key: &str) -> bool {
    matches!(
        key,
        "CodePipeline.job"
            | "DDBStreamBatchInfo"
            | "Details"
            | "InvocationEventType"
            | "KinesisBatchInfo"
            | "LifecycleEventHookExecutionId"
            | "LogicalResourceId"
            | "SecretId"
            | "SigningCertURL"
            | "actionGroup"
            | "alarmData"
            | "authorizationToken"
            | "awslogs"
            | "clickType"
            | "connection-id"
            | "context"
            | "currentIntent"
            | "datasetRecords"
            | "deviceEvent"
            | "directive"
            | "header"
            | "info"
            | "invocationId"
            | "invocationSchemaVersion"
            | "invokingEvent"
            | "labelingJobArn"
            | "protocolData"
            | "raw_path"
            | "requestPayload"
            | "serverId"
            | "session"
            | "sessionState"
            | "transformId"
            | "triggerSource"
            | "widgetContext"
            | "xAmzRequestId"
    )
}

/// What is sent, and the places (JSON Pointers) that an event of this source always has, and no other one.
const SOURCES: &[(&str, &[&str])] = &[
    ("a request of an Alexa skill", &["/context/System", "/request/type"]),
    ("a request of an Alexa skill", &["/session/application/applicationId", "/request/type"]),
    ("a directive of an Alexa smart home skill", &["/directive/header/namespace"]),
    (
        "a directive of an Alexa smart home skill",
        &["/header/namespace", "/header/payloadVersion", "/payload"],
    ),
    ("a request of AppSync", &["/info/fieldName", "/info/parentTypeName"]),
    ("a request of AppSync", &["/info/channelNamespace"]),
    (
        "a question of an AppSync authorizer",
        &["/authorizationToken", "/requestContext/apiId", "/requestContext/queryString"],
    ),
    ("a call of a Bedrock agent", &["/actionGroup", "/agent"]),
    ("a call of Chime", &["/InvocationEventType", "/CallDetails"]),
    ("a question of a Client VPN endpoint", &["/connection-id", "/endpoint-id"]),
    ("a request of a CloudFormation stack", &["/LogicalResourceId", "/RequestType", "/StackId"]),
    ("a CloudFormation macro", &["/transformId", "/fragment"]),
    ("a request of CloudFront (Lambda@Edge)", &["/Records/0/cf"]),
    ("an alarm of CloudWatch", &["/alarmData"]),
    ("log events of CloudWatch Logs", &["/awslogs/data"]),
    ("a request of a CloudWatch dashboard", &["/widgetContext"]),
    ("records of CodeCommit", &["/Records/0/codecommit"]),
    ("a hook of CodeDeploy", &["/LifecycleEventHookExecutionId", "/DeploymentId"]),
    ("a job of CodePipeline", &["/CodePipeline.job"]),
    ("a trigger of a Cognito user pool", &["/triggerSource", "/userPoolId"]),
    ("an event of Cognito Sync", &["/datasetRecords", "/identityPoolId"]),
    ("a rule of AWS Config", &["/invokingEvent", "/resultToken"]),
    ("a contact flow of Amazon Connect", &["/Details/ContactData"]),
    ("an event of IoT 1-Click", &["/deviceEvent", "/placementInfo"]),
    ("an event of an IoT button", &["/clickType", "/serialNumber"]),
    ("a question of an IoT authorizer", &["/protocolData", "/connectionMetadata"]),
    ("records of Data Firehose or Kinesis Data Analytics", &["/invocationId", "/records"]),
    ("what a Lambda destination gets", &["/requestPayload", "/requestContext/functionArn"]),
    ("what a Lambda destination gets", &["/DDBStreamBatchInfo", "/requestContext/functionArn"]),
    ("what a Lambda destination gets", &["/KinesisBatchInfo", "/requestContext/functionArn"]),
    ("a turn of a Lex bot", &["/currentIntent", "/bot"]),
    ("a turn of a Lex bot", &["/sessionState", "/bot"]),
    ("a request of S3 Object Lambda", &["/xAmzRequestId", "/userRequest"]),
    ("a task of S3 Batch Operations", &["/invocationSchemaVersion", "/tasks"]),
    ("a task of SageMaker Ground Truth", &["/labelingJobArn"]),
    ("a rotation of Secrets Manager", &["/SecretId", "/ClientRequestToken", "/Step"]),
    ("a message that SNS has signed for HTTP", &["/SigningCertURL", "/TopicArn"]),
    ("a question of the Transfer Family", &["/serverId", "/username", "/protocol"]),
    ("a request of VPC Lattice", &["/raw_path", "/method"]),
    ("a request of VPC Lattice", &["/requestContext/serviceNetworkArn"]),
    ("a message of WorkMail", &["/invocationId", "/flowDirection"]),
];

/// The words for an event that AWS sends, if it is one.
#[cold]
pub(super) fn foreign(bytes: &[u8]) -> Option<String> {
    foreign_value(&serde_json::from_slice(bytes).ok()?)
}

/// The words for an event that AWS sends, if it is one.
pub(super) fn foreign_value(event: &Value) -> Option<String> {
    // A pipe of EventBridge sends its records, and AppSync its batches, as a list.
    let event = event.as_array().map_or(Some(event), |list| list.first())?;
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let places = ["/Records/0/eventSource", "/Records/0/EventSource", "/eventSource"];
    for source in places.into_iter().filter_map(text) {
        if source.starts_with("aws:") || source == "SelfManagedKafka" {
            return Some(format!("a batch of records from `{}`", source.escape_debug()));
        }
        if source.ends_with(".amazonaws.com") && event.get("eventName").is_some() {
            return Some(format!("what CloudTrail has recorded of `{}`", source.escape_debug()));
        }
    }
    let has = |pointer: &str| event.pointer(pointer).is_some();
    if ["/methodArn", "/routeArn"].into_iter().any(has) {
        return Some("a question of an API Gateway authorizer".to_owned());
    }
    let words = if has("/requestContext/http") {
        "an HTTP request (API Gateway HTTP API or function URL)"
    } else if has("/requestContext/elb") {
        "an HTTP request from an Application Load Balancer"
    } else if has("/requestContext/connectionId") {
        "a WebSocket message"
    } else if has("/httpMethod") && has("/requestContext") {
        "an HTTP request from an API Gateway REST API (payload 1.0)"
    } else if let Some(kind) = text("/detail-type").filter(|_| has("/source")) {
        return Some(format!("an EventBridge event of type `{}`", kind.escape_debug()));
    } else {
        SOURCES.iter().find(|(_, places)| places.iter().all(|place| has(place)))?.0
    };
    Some(words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a mark an event would never be looked at.
    #[test]
    fn each_source_has_a_mark() {
        for (words, places) in SOURCES {
            let top = |place: &&&str| place.trim_start_matches('/').split('/').next().unwrap().to_owned();
            let seen_otherwise = |key: &str| key == "Records" || key == "requestContext";
            let marked = places.iter().any(|place| is_mark(&top(&place)) || seen_otherwise(&top(&place)));
            assert!(marked, "{words}");
        }
    }
}
