//! Events of AWS services that have no trigger, in the form that the services' own documentation shows (values are
//! shortened): none of them reaches an `invoke` handler.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

use lift::prelude::*;
use serde_json::{Value, json};

#[lift::handler(invoke = "any")]
async fn any(_event: Json<Value>) -> Json<Value> {
    Json(json!("called"))
}

fn events() -> Vec<(&'static str, Value)> {
    [deployment(), data(), bedrock(), devices(), conversations(), identity(), notifications(), http()]
        .concat()
}

/// Deployment and operations.
fn deployment() -> Vec<(&'static str, Value)> {
    vec![
        // An answer without an error means here: this configuration is valid.
        (
            "AppConfig validator",
            json!({"applicationId": "a", "configurationProfileId": "p", "configurationVersion": "1", "content": "e30=", "uri": "hosted"}),
        ),
        (
            "AppConfig extension",
            json!({"InvocationId": "i", "Parameters": {}, "Type": "OnDeploymentStart", "Application": {"Id": "a"}, "Environment": {"Id": "e"}, "ConfigurationProfile": {"Id": "p", "Name": "n"}, "DeploymentNumber": 2, "ConfigurationVersion": "4"}),
        ),
        (
            "CloudFormation custom resource",
            json!({"RequestType": "Create", "ResponseURL": "https://", "StackId": "s", "RequestId": "r", "ResourceType": "Custom::X", "LogicalResourceId": "l", "ResourceProperties": {}}),
        ),
        (
            "CloudFormation macro",
            json!({"region": "eu-central-1", "accountId": "1", "fragment": {}, "transformId": "t", "params": {}, "requestId": "r", "templateParameterValues": {}}),
        ),
        (
            "CloudFormation Lambda Hook",
            json!({"clientRequestToken": "t", "awsAccountId": "1", "stackID": "arn:aws:cloudformation:eu-central-1:1:stack/s/1", "changeSetId": null, "hookTypeName": "My::Lambda::Hook", "hookTypeVersion": "1", "hookModel": {"LambdaFunction": "arn"}, "actionInvocationPoint": "CREATE_PRE_PROVISION", "requestData": {"targetName": "AWS::S3::Bucket", "targetType": "AWS::S3::Bucket", "targetLogicalId": "b", "targetModel": {}}, "requestContext": {"invocation": 1, "callbackContext": null}}),
        ),
        (
            "CodeCommit",
            json!({"Records": [{"awsRegion": "eu-central-1", "codecommit": {"references": []}, "eventSource": "aws:codecommit", "eventSourceARN": "arn"}]}),
        ),
        ("CodeDeploy hook", json!({"DeploymentId": "d", "LifecycleEventHookExecutionId": "l"})),
        ("CodePipeline", json!({"CodePipeline.job": {"id": "i", "accountId": "1", "data": {}}})),
        (
            "Config rule",
            json!({"invokingEvent": "{}", "ruleParameters": "{}", "resultToken": "t", "eventLeftScope": false, "executionRoleArn": "arn", "configRuleName": "n", "version": "1.0"}),
        ),
        (
            "EC2 Auto Scaling termination policy",
            json!({"AutoScalingGroupARN": "arn:aws:autoscaling:eu-central-1:1:autoScalingGroup:x", "AutoScalingGroupName": "g", "CapacityToTerminate": [{"AvailabilityZone": "a", "Capacity": 2, "InstanceMarketOption": "on-demand"}], "Instances": [{"AvailabilityZone": "a", "InstanceId": "i-1"}], "Cause": "SCALE_IN"}),
        ),
        (
            "EC2 Auto Scaling lifecycle hook",
            json!({"Origin": "AutoScalingGroup", "LifecycleHookName": "h", "Destination": "EC2", "AccountId": "1", "RequestId": "r", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "AutoScalingGroupName": "g", "Service": "AWS Auto Scaling", "Time": "t", "EC2InstanceId": "i-1", "LifecycleActionToken": "t"}),
        ),
        (
            "EC2 Auto Scaling test notification",
            json!({"AccountId": "1", "RequestId": "r", "AutoScalingGroupARN": "arn", "AutoScalingGroupName": "g", "Service": "AWS Auto Scaling", "Event": "autoscaling:TEST_NOTIFICATION", "Time": "t"}),
        ),
        (
            "ECS deployment hook",
            json!({"executionDetails": {"testTrafficWeights": {}, "productionTrafficWeights": {}, "serviceArn": "arn", "targetServiceRevisionArn": "arn"}, "executionId": "e", "lifecycleStage": "PRE_SCALE_UP", "resourceArn": "arn"}),
        ),
        (
            "Lambda durable function",
            json!({"DurableExecutionArn": "arn:aws:lambda:eu-central-1:1:function:f/durable-execution/x", "CheckpointToken": "t", "InitialExecutionState": {"Operations": [], "NextMarker": ""}}),
        ),
        (
            "Lambda destination",
            json!({"version": "1.0", "timestamp": "t", "requestContext": {"requestId": "r", "functionArn": "arn", "condition": "Success", "approximateInvokeCount": 1}, "requestPayload": {}, "responseContext": {}, "responsePayload": {}}),
        ),
        (
            "Secrets Manager rotation",
            json!({"ClientRequestToken": "t", "SecretId": "s", "Step": "createSecret"}),
        ),
        (
            "CloudWatch alarm",
            json!({"source": "aws.cloudwatch", "alarmArn": "arn", "accountId": "1", "time": "t", "region": "r", "alarmData": {"alarmName": "a"}}),
        ),
        ("CloudWatch dashboard widget", json!({"widgetContext": {"dashboardName": "d", "widgetId": "w"}})),
        (
            "CloudWatch metrics data source",
            json!({"EventType": "GetMetricData", "GetMetricDataRequest": {"StartTime": 1, "EndTime": 2, "Period": 60, "Arguments": []}}),
        ),
        ("CloudWatch metrics data source described", json!({"EventType": "DescribeGetMetricData"})),
        ("CloudWatch Logs", json!({"awslogs": {"data": "H4s="}})),
        (
            "CloudTrail",
            json!({"eventVersion": "1.08", "eventSource": "s3.amazonaws.com", "eventName": "PutObject"}),
        ),
    ]
}

/// Storage, streams and queries.
fn data() -> Vec<(&'static str, Value)> {
    vec![
        (
            "AppFlow connector",
            json!({"type": "ListEntitiesRequest", "entitiesPath": null, "connectorContext": {"credentials": {}, "apiVersion": "v1"}}),
        ),
        (
            "AppFlow connector settings",
            json!({"type": "ValidateConnectorRuntimeSettingsRequest", "scope": "CONNECTOR_PROFILE", "connectorRuntimeSettings": {}}),
        ),
        (
            "AppFlow connector credentials",
            json!({"type": "ValidateCredentialsRequest", "credentials": {"secretArn": "arn", "authenticationType": "OAuth2"}, "connectorRuntimeSettings": {}}),
        ),
        (
            "AppFlow connector description",
            json!({"type": "DescribeConnectorConfigurationRequest", "locale": "en-US"}),
        ),
        (
            "Athena federated query",
            json!({"@type": "ListSchemasRequest", "identity": {"id": "x"}, "queryId": "q", "catalogName": "c"}),
        ),
        (
            "Athena user-defined function",
            json!({"@type": "UserDefinedFunctionRequest", "identity": {"id": "x"}, "inputRecords": {}, "outputSchema": {}, "methodName": "compress", "functionType": "SCALAR"}),
        ),
        (
            "Redshift user-defined function",
            json!({"request_id": "r", "cluster": "arn", "user": "u", "database": "d", "external_function": "f", "query_id": 1, "num_records": 2, "arguments": [[1], [2]]}),
        ),
        (
            "Data Firehose",
            json!({"invocationId": "i", "deliveryStreamArn": "arn", "region": "r", "records": [{"recordId": "1", "approximateArrivalTimestamp": 1, "data": "eA=="}]}),
        ),
        (
            "Kafka (MSK)",
            json!({"eventSource": "aws:kafka", "eventSourceArn": "arn", "bootstrapServers": "b", "records": {"t-0": []}}),
        ),
        (
            "Kafka of one's own",
            json!({"eventSource": "SelfManagedKafka", "bootstrapServers": "b", "records": {"t-0": []}}),
        ),
        ("Amazon MQ (ActiveMQ)", json!({"eventSource": "aws:mq", "eventSourceArn": "arn", "messages": []})),
        (
            "Amazon MQ (RabbitMQ)",
            json!({"eventSource": "aws:rmq", "eventSourceArn": "arn", "rmqMessagesByQueue": {}}),
        ),
        (
            "DocumentDB",
            json!({"eventSource": "aws:docdb", "eventSourceArn": "arn", "events": [{"event": {}}]}),
        ),
        ("EventBridge pipe", json!([{"eventSource": "aws:kafka", "topic": "t", "value": "AA=="}])),
        (
            "EventBridge pipe from a queue",
            json!([{"eventSource": "aws:sqs", "messageId": "m", "body": "b", "eventSourceARN": "arn:aws:sqs:x:1:q"}]),
        ),
        (
            "S3 Object Lambda",
            json!({"xAmzRequestId": "r", "getObjectContext": {}, "configuration": {}, "userRequest": {"url": "u"}, "userIdentity": {}, "protocolVersion": "1.00"}),
        ),
        (
            "S3 Batch Operations",
            json!({"invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"}, "tasks": [{"taskId": "t", "s3Key": "k"}]}),
        ),
        (
            "S3 test notification",
            json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "t", "Bucket": "b", "RequestId": "r", "HostId": "h"}),
        ),
        (
            "Transfer Family workflow",
            json!({"token": "t", "serviceMetadata": {"executionDetails": {"workflowId": "w"}, "transferDetails": {}}, "fileLocation": {"domain": "S3"}}),
        ),
        (
            "Kendra enrichment",
            json!({"version": "v0", "s3Bucket": "b", "s3ObjectKey": "k", "metadata": {"attributes": []}}),
        ),
        (
            "Q Business enrichment",
            json!({"version": "v0", "dataBlobStringEncodedInBase64": "eA==", "metadata": {"attributes": []}}),
        ),
        (
            "SageMaker Ground Truth",
            json!({"version": "2018-10-16", "labelingJobArn": "arn", "dataObject": {"source-ref": "s3://"}}),
        ),
    ]
}

fn bedrock() -> Vec<(&'static str, Value)> {
    let agent = || json!({"name": "a", "id": "i", "alias": "x", "version": "1"});
    vec![
        (
            "Bedrock Agents action",
            json!({"messageVersion": "1.0", "agent": agent(), "inputText": "t", "sessionId": "s", "actionGroup": "g", "apiPath": "/", "httpMethod": "GET"}),
        ),
        (
            "Bedrock Agents parser",
            json!({"messageVersion": "1.0", "agent": agent(), "invokeModelRawResponse": "x", "promptType": "ORCHESTRATION", "overrideType": "OUTPUT_PARSER"}),
        ),
        (
            "Bedrock Agents orchestration",
            json!({"version": "1.0", "state": "START", "input": {"text": "t"}, "context": {"requestId": "r", "sessionId": "s", "agentConfiguration": {"instruction": "i", "tools": []}, "session": []}}),
        ),
        (
            "Bedrock Flows node",
            json!({"messageVersion": "1.0", "flow": {"flowArn": "arn", "flowAliasArn": "arn"}, "node": {"name": "n", "nodeInputs": [{"name": "codeHookInput", "expression": "$.data", "value": "x", "type": "STRING"}]}}),
        ),
        (
            "Bedrock knowledge base",
            json!({"version": "1.0", "knowledgeBaseId": "k", "dataSourceId": "d", "ingestionJobId": "j", "bucketName": "b", "priorTask": "CHUNKING", "inputFiles": []}),
        ),
        (
            "Bedrock AgentCore interceptor",
            json!({"interceptorInputVersion": "1.0", "mcp": {"rawGatewayRequest": {"body": "b"}, "gatewayRequest": {"path": "/mcp", "httpMethod": "POST", "body": {}}}}),
        ),
        (
            "Bedrock AgentCore interceptor of an HTTP target",
            json!({"interceptorInputVersion": "1.0", "http": {"gatewayRequest": {}}}),
        ),
    ]
}

fn devices() -> Vec<(&'static str, Value)> {
    let detector = || json!({"detectorModelName": "m", "keyValue": "k", "detectorModelVersion": "1"});
    vec![
        (
            "IoT authorizer",
            json!({"token": "t", "signatureVerified": true, "protocols": ["http"], "protocolData": {}, "connectionMetadata": {"id": "i"}}),
        ),
        (
            "IoT provisioning hook",
            json!({"claimCertificateId": "c", "certificateId": "c", "certificatePem": "p", "templateArn": "arn", "clientId": "i", "parameters": {}}),
        ),
        ("IoT button", json!({"serialNumber": "s", "clickType": "SINGLE", "batteryVoltage": "1"})),
        (
            "IoT Events",
            json!({"eventName": "e", "eventTime": 1, "payload": {"detector": detector(), "actionExecutionId": "x", "eventTriggerDetails": {}, "state": {}}}),
        ),
        (
            "IoT Events, wrapped",
            json!({"event": {"eventName": "e", "eventTime": 1, "payload": {"detector": detector(), "actionExecutionId": "x", "state": {}}}}),
        ),
        (
            "IoT Events, flat",
            json!({"actionExecutionId": "x", "detector": detector(), "eventTriggerDetails": {}, "payload": {}, "state": {}, "eventName": "e"}),
        ),
        (
            "IoT TwinMaker schema",
            json!({"workspaceId": "w", "entityId": "e", "componentName": "c", "properties": {}}),
        ),
        (
            "IoT TwinMaker reader",
            json!({"startTime": "s", "endTime": "e", "properties": {}, "workspaceId": "w", "entityId": "e", "componentName": "c", "selectedProperties": ["p"], "orderByTime": "ASCENDING", "maxResults": 1}),
        ),
        (
            "IoT TwinMaker reader by type",
            json!({"startTime": "s", "endTime": "e", "properties": {}, "workspaceId": "w", "componentTypeId": "c", "selectedProperties": ["p"]}),
        ),
    ]
}

/// What people say to machines.
fn conversations() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Alexa skill",
            json!({"version": "1.0", "session": {"new": true, "application": {"applicationId": "a"}}, "context": {"System": {}}, "request": {"type": "LaunchRequest"}}),
        ),
        (
            "Alexa smart home",
            json!({"directive": {"header": {"namespace": "Alexa.Discovery", "name": "Discover"}, "payload": {}}}),
        ),
        (
            "Chime call",
            json!({"SchemaVersion": "1.0", "Sequence": 1, "InvocationEventType": "NEW_INBOUND_CALL", "CallDetails": {"TransactionId": "t"}}),
        ),
        (
            "Chime channel flow",
            json!({"EventType": "CHANNEL_MESSAGE_EVENT", "CallbackId": "c", "ChannelMessage": {"MessageId": "m", "ChannelArn": "arn", "Content": "c"}}),
        ),
        (
            "Connect contact flow",
            json!({"Details": {"ContactData": {"ContactId": "c"}, "Parameters": {}}, "Name": "ContactFlowEvent"}),
        ),
        (
            "Connect chat processor",
            json!({"version": "1.0", "instanceId": "i", "associatedResourceArn": "arn", "chatContent": {"absoluteTime": "t", "content": "c", "contentType": "text/plain", "id": "i"}}),
        ),
        (
            "Connect outbound campaign",
            json!({"InvocationMetadata": {"CampaignContext": {"CampaignId": "c", "RunId": "r", "ActionId": "a", "CampaignName": "n"}}, "Items": {"CustomerProfiles": [{"ProfileId": "p", "CustomerData": "{}", "IdempotencyToken": "t"}]}}),
        ),
        (
            "Lex",
            json!({"messageVersion": "1.0", "invocationSource": "DialogCodeHook", "userId": "u", "bot": {"name": "b"}, "currentIntent": {"name": "i"}}),
        ),
        (
            "Lex V2",
            json!({"messageVersion": "1.0", "invocationSource": "DialogCodeHook", "inputMode": "Text", "bot": {"id": "b"}, "sessionState": {"intent": {}}}),
        ),
        (
            "Pinpoint campaign",
            json!({"MessageConfiguration": {}, "ApplicationId": "a", "CampaignId": "c", "TreatmentId": "0", "ActivityId": "x", "ScheduledTime": "t", "Endpoints": {"id": {}}}),
        ),
        (
            "Pinpoint journey",
            json!({"ApplicationId": "a", "JourneyId": "j", "ActivityId": "x", "Endpoints": {"id": {}}}),
        ),
        (
            "WorkMail",
            json!({"summaryVersion": "2018-10-10", "envelope": {}, "sender": {}, "subject": "s", "messageId": "m", "invocationId": "i", "flowDirection": "INBOUND", "truncated": false}),
        ),
    ]
}

/// Who may do what.
fn identity() -> Vec<(&'static str, Value)> {
    let mut events = vec![
        (
            "Cognito Sync",
            json!({"version": 2, "eventType": "SyncTrigger", "region": "r", "identityPoolId": "p", "identityId": "i", "datasetName": "d", "datasetRecords": {}}),
        ),
        (
            "Client VPN",
            json!({"connection-id": "c", "endpoint-id": "e", "common-name": "n", "username": "u", "platform-type": "w", "public-ip": "1"}),
        ),
        (
            "Transfer Family identity provider",
            json!({"username": "u", "password": "p", "protocol": "SFTP", "serverId": "s", "sourceIp": "1"}),
        ),
        (
            "API Gateway authorizer of tokens",
            json!({"type": "TOKEN", "authorizationToken": "t", "methodArn": "arn"}),
        ),
        (
            "API Gateway authorizer of requests",
            json!({"type": "REQUEST", "methodArn": "arn", "resource": "/", "path": "/", "httpMethod": "GET", "headers": {}, "requestContext": {"stage": "s"}}),
        ),
        (
            "API Gateway authorizer of an HTTP API",
            json!({"version": "2.0", "type": "REQUEST", "routeArn": "arn", "rawPath": "/", "requestContext": {"http": {"method": "GET"}}}),
        ),
        (
            "AppSync authorizer",
            json!({"authorizationToken": "t", "requestContext": {"apiId": "a", "accountId": "1", "requestId": "r", "queryString": "q", "operationName": "o", "variables": {}}, "requestHeaders": {}}),
        ),
        (
            "AppSync Events authorizer",
            json!({"authorizationToken": "t", "requestContext": {"apiId": "a", "accountId": "1", "requestId": "r", "operation": "EVENT_CONNECT"}, "requestHeaders": {}}),
        ),
    ];
    // Of each kind of a user pool's triggers.
    for trigger in [
        "PreSignUp_SignUp",
        "PostConfirmation_ConfirmSignUp",
        "PreAuthentication_Authentication",
        "PostAuthentication_Authentication",
        "DefineAuthChallenge_Authentication",
        "CreateAuthChallenge_Authentication",
        "VerifyAuthChallengeResponse_Authentication",
        "TokenGeneration_HostedAuth",
        "UserMigration_Authentication",
        "CustomMessage_SignUp",
        "CustomEmailSender_SignUp",
        "CustomSMSSender_SignUp",
    ] {
        let event = json!({"version": "1", "triggerSource": trigger, "region": "r", "userPoolId": "p", "userName": "u", "callerContext": {}, "request": {}, "response": {}});
        events.push((trigger, event));
    }
    events
}

fn notifications() -> Vec<(&'static str, Value)> {
    vec![
        (
            "SES",
            json!({"Records": [{"eventSource": "aws:ses", "eventVersion": "1.0", "ses": {"mail": {}, "receipt": {}}}]}),
        ),
        (
            "SNS subscription over HTTP",
            json!({"Type": "SubscriptionConfirmation", "MessageId": "m", "Token": "t", "TopicArn": "arn", "Message": "m", "SubscribeURL": "u", "Timestamp": "t"}),
        ),
        (
            "SNS end of a subscription over HTTP",
            json!({"Type": "UnsubscribeConfirmation", "MessageId": "m", "Token": "t", "TopicArn": "arn", "Message": "m", "SubscribeURL": "u", "SigningCertURL": "u"}),
        ),
        (
            "SNS notification over HTTP",
            json!({"Type": "Notification", "MessageId": "m", "TopicArn": "arn", "Message": "m", "UnsubscribeURL": "u"}),
        ),
        // Nothing to do, and nothing to be told as done.
        ("an empty batch", json!({"Records": []})),
        (
            "an empty window of a stream",
            json!({"Records": [], "window": {"start": "s", "end": "e"}, "state": {}, "shardId": "s", "eventSourceARN": "arn", "isFinalInvokeForWindow": true}),
        ),
        (
            "EventBridge",
            json!({"version": "0", "id": "i", "detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2", "detail": {}}),
        ),
    ]
}

fn http() -> Vec<(&'static str, Value)> {
    vec![
        (
            "AppSync resolver",
            json!({"arguments": {}, "identity": null, "source": null, "request": {}, "prev": null, "info": {"fieldName": "f", "parentTypeName": "Query", "variables": {}}, "stash": {}}),
        ),
        (
            "AppSync batch",
            json!([{"arguments": {}, "source": null, "info": {"fieldName": "f", "parentTypeName": "Query"}}]),
        ),
        (
            "AppSync Events",
            json!({"identity": null, "result": null, "request": {}, "info": {"channel": {"path": "/a"}, "channelNamespace": {"name": "a"}, "operation": "PUBLISH"}, "events": []}),
        ),
        (
            "Amplify resolver",
            json!({"typeName": "Query", "fieldName": "f", "arguments": {}, "identity": null, "source": null, "request": {}, "prev": null}),
        ),
        ("Lambda@Edge", json!({"Records": [{"cf": {"config": {}, "request": {}}}]})),
        (
            "VPC Lattice",
            json!({"raw_path": "/", "method": "GET", "headers": {}, "query_string_parameters": {}, "body": "", "is_base64_encoded": false}),
        ),
        (
            "VPC Lattice, version 2",
            json!({"version": "2.0", "path": "/", "method": "GET", "headers": {}, "requestContext": {"serviceNetworkArn": "arn", "serviceArn": "arn"}}),
        ),
    ]
}

#[tokio::test]
async fn an_event_of_a_service_without_a_trigger_reaches_no_invoke_handler() {
    let service = App::new("foreign").handlers(lift::handlers![any]).test().start().await.unwrap();
    let mut wrong = Vec::new();
    for (name, event) in events() {
        match service.event(event.to_string()).await {
            Ok(_) => wrong.push(format!("{name}: it was called")),
            Err(failure) if failure.code() != "EVENT_NOT_SERVED" => {
                wrong.push(format!("{name}: {failure:?}"));
            }
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Anything else is the caller's own.
    assert_eq!(service.event(json!({"order": 7}).to_string()).await.unwrap(), r#""called""#);
}

/// One key, whatever its name, is anybody's; and what an `event` asks for it gets.
#[tokio::test]
async fn a_part_of_such_an_event_is_a_payload_of_ones_own() {
    #[lift::handler(event = "validator", matches("/configurationProfileId"))]
    async fn validator(_event: Json<Value>) -> &'static str {
        "asked for"
    }
    #[lift::handler(event = "empty", matches("/Records"))]
    async fn empty(_event: Json<Value>) -> &'static str {
        "empty"
    }
    let app = App::new("foreign").handlers(lift::handlers![any, validator, empty]);
    let service = app.test().start().await.unwrap();
    let validated = json!({"applicationId": "a", "configurationProfileId": "p", "content": "e30="});
    for (event, answer) in [(validated, r#""asked for""#), (json!({"Records": []}), r#""empty""#)] {
        assert_eq!(service.event(event.to_string()).await.unwrap(), answer, "{event}");
    }
    let mut called = 0;
    for (name, event) in events() {
        let Value::Object(keys) = event else { continue };
        // With these one key says it all, by its name or by its text.
        let telling = |key: &str, value: &Value| {
            ["Records", "eventSource", "methodArn", "routeArn", "CodePipeline.job"].contains(&key)
                || ["awslogs", "info", "widgetContext", "directive", "requestContext"].contains(&key)
                || ["event", "payload", "configurationProfileId"].contains(&key)
                || matches!(
                    value.as_str(),
                    Some("DescribeGetMetricData" | "DescribeConnectorConfigurationRequest")
                )
        };
        for (key, value) in keys.into_iter().filter(|(key, value)| !telling(key, value)) {
            let part = json!({ key.clone(): value });
            let answer = service.event(part.to_string()).await;
            assert_eq!(answer.as_deref().ok(), Some(&br#""called""#[..]), "{name}: {part}");
            called += 1;
        }
    }
    assert!(called > 300, "{called}");
}
