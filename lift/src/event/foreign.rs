//! Events of AWS that lift has no trigger for.
//!
//! The service that sends one takes an answer for its own, so a handler of direct invokes must not see it. A handler with
//! `event = "…", matches(…)` can ask for it.

use serde_json::Value;

use super::scan::Scan;

/// Whether a top-level key is worth a look at the whole event: each event in [`SOURCES`] has one of these.
pub(super) fn is_mark(key: &str) -> bool {
    matches!(
        key,
        "@type"
            | "AutoScalingGroupARN"
            | "CallbackId"
            | "CampaignId"
            | "CodePipeline.job"
            | "DDBStreamBatchInfo"
            | "Details"
            | "DurableExecutionArn"
            | "Event"
            | "EventType"
            | "InvocationEventType"
            | "InvocationId"
            | "InvocationMetadata"
            | "JourneyId"
            | "KinesisBatchInfo"
            | "LifecycleActionToken"
            | "LifecycleEventHookExecutionId"
            | "LogicalResourceId"
            | "SecretId"
            | "SigningCertURL"
            | "SubscribeURL"
            | "UnsubscribeURL"
            | "actionExecutionId"
            | "actionGroup"
            | "actionInvocationPoint"
            | "alarmData"
            | "authorizationToken"
            | "awslogs"
            | "certificatePem"
            | "chatContent"
            | "clickType"
            | "componentName"
            | "componentTypeId"
            | "configurationProfileId"
            | "connectorContext"
            | "connectorRuntimeSettings"
            | "credentials"
            | "connection-id"
            | "context"
            | "currentIntent"
            | "dataBlobStringEncodedInBase64"
            | "datasetRecords"
            | "deviceEvent"
            | "directive"
            | "event"
            | "external_function"
            | "header"
            | "info"
            | "ingestionJobId"
            | "interceptorInputVersion"
            | "invocationId"
            | "invocationSchemaVersion"
            | "invokeModelRawResponse"
            | "invokingEvent"
            | "labelingJobArn"
            | "lifecycleStage"
            | "node"
            | "payload"
            | "protocolData"
            | "raw_path"
            | "requestPayload"
            | "s3ObjectKey"
            | "serverId"
            | "serviceMetadata"
            | "session"
            | "sessionState"
            | "transformId"
            | "triggerSource"
            | "type"
            | "typeName"
            | "widgetContext"
            | "xAmzRequestId"
    )
}

/// What is sent, and the places (JSON Pointers) that an event of this source always has, and no other one. Where a place
/// is anybody's, its text is told, too: `/Event=s3:TestEvent`.
const SOURCES: &[(&str, &[&str])] = &[
    ("a request of an Alexa skill", &["/context/System", "/request/type"]),
    ("a request of an Alexa skill", &["/session/application/applicationId", "/request/type"]),
    ("a directive of an Alexa smart home skill", &["/directive/header/namespace"]),
    (
        "a directive of an Alexa smart home skill",
        &["/header/namespace", "/header/payloadVersion", "/payload"],
    ),
    ("an action of an AppConfig extension", &["/InvocationId", "/Application/Id", "/ConfigurationProfile"]),
    ("a request of AppFlow", &["/connectorContext", "/type"]),
    ("a request of AppFlow", &["/type=ValidateConnectorRuntimeSettingsRequest", "/connectorRuntimeSettings"]),
    ("a request of AppFlow", &["/type=ValidateCredentialsRequest", "/credentials"]),
    ("a request of AppFlow", &["/type=DescribeConnectorConfigurationRequest"]),
    (
        "a configuration that AppConfig asks to validate",
        &["/applicationId", "/configurationProfileId", "/content"],
    ),
    ("a request of AppSync", &["/info/fieldName", "/info/parentTypeName"]),
    ("a request of AppSync", &["/info/channelNamespace"]),
    // Of a resolver that Amplify has made.
    ("a request of AppSync", &["/typeName", "/fieldName", "/identity", "/source"]),
    (
        "a question of an AppSync authorizer",
        &["/authorizationToken", "/requestContext/apiId", "/requestContext/queryString"],
    ),
    // Of the Events API.
    (
        "a question of an AppSync authorizer",
        &["/authorizationToken", "/requestContext/apiId", "/requestContext/operation"],
    ),
    ("a query of Athena", &["/@type", "/catalogName", "/queryId"]),
    ("a function that a query of Athena calls", &["/@type", "/methodName", "/functionType"]),
    ("a notice of EC2 Auto Scaling", &["/LifecycleActionToken", "/LifecycleTransition"]),
    ("a notice of EC2 Auto Scaling", &["/Event=autoscaling:TEST_NOTIFICATION", "/AutoScalingGroupARN"]),
    ("a question of EC2 Auto Scaling", &["/AutoScalingGroupARN", "/CapacityToTerminate"]),
    ("a call of a Bedrock agent", &["/actionGroup", "/agent"]),
    ("an answer of a Bedrock agent's model", &["/invokeModelRawResponse", "/promptType"]),
    ("a step of a Bedrock agent", &["/context/agentConfiguration", "/state"]),
    ("a node of a Bedrock flow", &["/flow/flowArn", "/node/nodeInputs"]),
    ("a call through a Bedrock gateway", &["/interceptorInputVersion", "/mcp"]),
    ("a call through a Bedrock gateway", &["/interceptorInputVersion", "/http"]),
    ("documents of a Bedrock knowledge base", &["/ingestionJobId", "/knowledgeBaseId"]),
    ("a call of Chime", &["/InvocationEventType", "/CallDetails"]),
    ("a message in a Chime channel", &["/CallbackId", "/ChannelMessage"]),
    ("a question of a Client VPN endpoint", &["/connection-id", "/endpoint-id"]),
    ("a request of a CloudFormation stack", &["/LogicalResourceId", "/RequestType", "/StackId"]),
    ("a CloudFormation macro", &["/transformId", "/fragment"]),
    ("a hook of CloudFormation", &["/actionInvocationPoint", "/hookTypeName"]),
    ("a request of CloudFront (Lambda@Edge)", &["/Records/0/cf"]),
    ("an alarm of CloudWatch", &["/alarmArn", "/alarmData"]),
    ("a query of CloudWatch for metrics", &["/EventType=GetMetricData", "/GetMetricDataRequest"]),
    ("a query of CloudWatch for metrics", &["/EventType=DescribeGetMetricData"]),
    ("log events of CloudWatch Logs", &["/awslogs/data"]),
    ("a request of a CloudWatch dashboard", &["/widgetContext/widgetId"]),
    ("records of CodeCommit", &["/Records/0/codecommit"]),
    ("a hook of CodeDeploy", &["/LifecycleEventHookExecutionId", "/DeploymentId"]),
    ("a job of CodePipeline", &["/CodePipeline.job"]),
    ("a trigger of a Cognito user pool", &["/triggerSource", "/userPoolId"]),
    ("an event of Cognito Sync", &["/datasetRecords", "/identityPoolId"]),
    ("a rule of AWS Config", &["/invokingEvent", "/resultToken"]),
    ("a contact flow of Amazon Connect", &["/Details/ContactData", "/Name"]),
    ("a message in a chat of Amazon Connect", &["/chatContent", "/associatedResourceArn"]),
    ("a campaign of Amazon Connect", &["/InvocationMetadata/CampaignContext", "/Items"]),
    ("a step of a durable function", &["/CheckpointToken", "/DurableExecutionArn"]),
    ("a hook of an ECS deployment", &["/lifecycleStage", "/executionDetails"]),
    ("an event of IoT 1-Click", &["/deviceEvent", "/placementInfo"]),
    ("an event of an IoT button", &["/clickType", "/serialNumber"]),
    ("a device that IoT provisions", &["/certificatePem", "/templateArn", "/parameters"]),
    ("a question of an IoT authorizer", &["/protocolData", "/connectionMetadata"]),
    ("an event of IoT Events", &["/actionExecutionId", "/detector/detectorModelName"]),
    ("an event of IoT Events", &["/payload/actionExecutionId", "/payload/detector"]),
    ("an event of IoT Events", &["/event/payload/actionExecutionId", "/event/payload/detector"]),
    ("a query of IoT TwinMaker", &["/componentName", "/entityId", "/workspaceId"]),
    ("a query of IoT TwinMaker", &["/componentTypeId", "/workspaceId"]),
    ("a document of Amazon Kendra or Q Business", &["/s3ObjectKey", "/s3Bucket", "/metadata/attributes"]),
    (
        "a document of Amazon Kendra or Q Business",
        &["/dataBlobStringEncodedInBase64", "/metadata/attributes"],
    ),
    ("records of Data Firehose or Kinesis Data Analytics", &["/invocationId", "/records/0/recordId"]),
    ("what a Lambda destination gets", &["/requestPayload", "/requestContext/functionArn"]),
    ("what a Lambda destination gets", &["/DDBStreamBatchInfo", "/requestContext/functionArn"]),
    ("what a Lambda destination gets", &["/KinesisBatchInfo", "/requestContext/functionArn"]),
    ("a turn of a Lex bot", &["/currentIntent", "/bot"]),
    ("a turn of a Lex bot", &["/sessionState", "/bot"]),
    ("a campaign of Pinpoint", &["/CampaignId", "/Endpoints"]),
    ("a journey of Pinpoint", &["/JourneyId", "/Endpoints"]),
    ("a function that a query of Redshift calls", &["/external_function", "/arguments"]),
    ("a test of a bucket's notifications by S3", &["/Event=s3:TestEvent", "/Bucket"]),
    ("a request of S3 Object Lambda", &["/xAmzRequestId", "/userRequest"]),
    ("a task of S3 Batch Operations", &["/invocationSchemaVersion", "/tasks"]),
    ("a task of SageMaker Ground Truth", &["/labelingJobArn", "/version"]),
    ("a rotation of Secrets Manager", &["/SecretId", "/ClientRequestToken", "/Step"]),
    ("a message that SNS has signed for HTTP", &["/SigningCertURL", "/TopicArn"]),
    ("a message that SNS sends over HTTP", &["/SubscribeURL", "/TopicArn"]),
    ("a message that SNS sends over HTTP", &["/UnsubscribeURL", "/TopicArn"]),
    ("a question of the Transfer Family", &["/serverId", "/username", "/protocol", "/sourceIp"]),
    ("a step of a Transfer Family workflow", &["/serviceMetadata/executionDetails", "/fileLocation"]),
    ("a request of VPC Lattice", &["/raw_path", "/method", "/is_base64_encoded"]),
    ("a request of VPC Lattice", &["/requestContext/serviceNetworkArn"]),
    ("a message of WorkMail", &["/invocationId", "/flowDirection"]),
];

/// The words for an event that AWS sends, if it is one.
#[cold]
pub(super) fn foreign(bytes: &[u8]) -> Option<String> {
    foreign_outline(&outline(bytes)?)
}

/// As much of an event as it takes to tell what it is. What a service passes on of its users (texts with halves of
/// surrogate pairs, numbers of any size) is no obstacle, because it is not built.
pub(super) fn outline(bytes: &[u8]) -> Option<Value> {
    Scan::new(std::str::from_utf8(bytes).ok()?).outline(OUTLINED).ok()
}

/// A list, and the three steps of the longest place in [`SOURCES`] with what it leads to.
const OUTLINED: u32 = 5;

/// The words for an event that AWS sends, if it is one.
pub(super) fn foreign_outline(event: &Value) -> Option<String> {
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
    let has = |place: &str| match place.split_once('=') {
        Some((pointer, expected)) => text(pointer) == Some(expected),
        None => event.pointer(place).is_some(),
    };
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
    use bytes::Bytes;

    use super::super::decode::{Decoded, decode};
    use super::*;

    /// An event with something at each of these places.
    fn event_with(places: &[&str]) -> Value {
        let mut event = serde_json::json!({"its": "own"});
        for place in places {
            let mut at = &mut event;
            let (place, text) = place.split_once('=').unwrap_or((place, "something"));
            for step in place.split('/').skip(1) {
                if step == "0" {
                    *at = Value::Array(vec![Value::Null]);
                    at = &mut at[0];
                } else {
                    at = &mut at[step];
                }
            }
            *at = text.into();
        }
        event
    }

    fn told(event: &str) -> Option<String> {
        match decode(&event.to_owned().into()) {
            Decoded::Foreign(words) => Some(words),
            _ => None,
        }
    }

    #[test]
    fn each_source_is_told_by_all_of_its_places_and_by_nothing_less() {
        for (words, places) in SOURCES {
            let event = event_with(places);
            assert_eq!(told(&event.to_string()).as_deref(), Some(*words), "{event}");
            for place in *places {
                let others: Vec<&str> = places.iter().copied().filter(|other| other != place).collect();
                let event = event_with(&others);
                assert_eq!(told(&event.to_string()), None, "without {place}: {event}");
                // The key alone is anybody's.
                let (path, text) = place.split_once('=').unwrap_or((place, ""));
                let top = path.split('/').nth(1).unwrap();
                if path != format!("/{top}") {
                    let event = event_with(&[&format!("/{top}/its/own")]);
                    assert_eq!(told(&event.to_string()), None, "{event}");
                }
                if !text.is_empty() {
                    let event = event_with(&[&others[..], &[path]].concat());
                    assert_eq!(told(&event.to_string()), None, "{event}");
                }
            }
        }
    }

    /// Services pass on what their users have written.
    #[test]
    fn what_a_source_passes_on_hides_no_event() {
        for (words, places) in SOURCES {
            let event = event_with(places).to_string();
            for passed_on in
                [r#""\ud800""#, "1e999", "-1E+400", r#"{"\udc00":["\ud800"]}"#, r#"{"a":{"b":{"c":"\x"}}}"#]
            {
                let beside = [
                    event.replacen('{', &format!("{{\"userInput\":{passed_on},"), 1),
                    event.replace(r#""own""#, passed_on),
                ];
                for event in beside {
                    assert_eq!(told(&event).as_deref(), Some(*words), "{event}");
                }
            }
            // What lift reads at once is an error at once.
            let within: Bytes = event.replace("something", "\\ud800").into();
            assert!(matches!(decode(&within), Decoded::Foreign(_) | Decoded::NotJson(_)), "{within:?}");
        }
        for event in [
            r#"{"Records":[{"eventSource":"aws:ses","ses":{"subject":"\ud800"}}]}"#,
            r#"[{"eventSource":"aws:kafka","value":"\ud800"}]"#,
            r#"[{"eventSource":"SelfManagedKafka","key":1e999}]"#,
            r#"[{"info":{"fieldName":"order","parentTypeName":"Query"},"arguments":{"name":"\ud800"}}]"#,
            r#"{"methodArn":"arn:aws:execute-api","headers":null,"x":"\ud800"}"#,
        ] {
            assert!(told(event).is_some(), "{event}");
        }
    }

    #[test]
    fn payloads_of_ones_own_are_no_events() {
        for payload in [
            r#"{"alarmData":{"level":3}}"#,
            r#"{"widgetContext":{"theme":"dark"}}"#,
            r#"{"Details":{"ContactData":{"Name":"Ada"}}}"#,
            r#"{"invocationId":"7","records":[1,2]}"#,
            r#"{"serverId":"s-1","username":"ada","protocol":"ssh"}"#,
            r#"{"labelingJobArn":"arn:aws:sagemaker:eu-central-1:123456789012:labeling-job/a"}"#,
            r#"{"raw_path":"/orders","method":"GET"}"#,
            r#"{"context":{"user":"ada"},"request":{"type":"order"}}"#,
            r#"{"session":{"id":"7"},"request":{"type":"order"}}"#,
            r#"{"header":{"title":"a"},"payload":{}}"#,
            r#"{"info":{"fieldName":"a"}}"#,
            r#"{"typeName":"Order","fieldName":"id","source":"shop"}"#,
            r#"{"directive":"left","actionGroup":"orders"}"#,
            r#"{"transformId":"t","triggerSource":"web"}"#,
            r#"{"requestPayload":{},"responsePayload":{}}"#,
            r#"{"requestContext":{"functionArn":"a"}}"#,
            r#"{"authorizationToken":"t","requestContext":{"apiId":"a"}}"#,
            r#"{"SecretId":"a","Step":"createSecret"}"#,
            r#"{"eventSource":"shop.example.com","eventName":"sold"}"#,
            r#"{"eventSource":"s3.amazonaws.com"}"#,
            r#"{"source":"web"}"#,
            r#"{"detail-type":"a"}"#,
            r#"{"Records":[{"eventSource":"shop"}]}"#,
            r#"{"Records":{"eventSource":"aws:sqs"}}"#,
            r#"{"httpMethod":"GET","path":"/"}"#,
            r#"{"applicationId":"a","content":"b"}"#,
            r#"{"Event":"s3:ObjectCreated","Bucket":"orders"}"#,
            r#"{"EventType":"sold","CallbackId":"7"}"#,
            r#"{"s3Bucket":"orders","s3ObjectKey":"7.json"}"#,
            r#"{"s3Bucket":"orders","s3ObjectKey":"7.json","metadata":{"by":"ada"}}"#,
            r#"{"workspaceId":"w","entityId":"e"}"#,
            r#"{"CampaignId":"c","JourneyId":"j"}"#,
            r#"{"payload":{"detector":"smoke"},"event":{"payload":{}}}"#,
            r#"{"@type":"Order","queryId":"q"}"#,
            r#"{"state":"START","context":{"user":"ada"}}"#,
            r#"{"node":{"name":"n"},"flow":{"flowArn":"f"}}"#,
            r#"{"TopicArn":"arn:aws:sns:eu-central-1:1:orders","Message":"m"}"#,
            r#"[{"eventSource":"shop","from":"aws:sqs"}]"#,
            r#"["aws:sqs","SelfManagedKafka","parentTypeName"]"#,
        ] {
            assert_eq!(told(payload), None, "{payload}");
        }
    }

    /// Without a mark an event would never be looked at.
    #[test]
    fn each_source_has_a_mark() {
        for (words, places) in SOURCES {
            let top =
                |place: &&&str| place.trim_start_matches('/').split(['/', '=']).next().unwrap().to_owned();
            let seen_otherwise = |key: &str| key == "Records" || key == "requestContext";
            let marked = places.iter().any(|place| is_mark(&top(&place)) || seen_otherwise(&top(&place)));
            assert!(marked, "{words}");
        }
    }
}
