//! The benchmarks' function, written for lambda_runtime and aws_lambda_events: one handler for each event.

use aws_lambda_events::alb::{AlbTargetGroupRequest, AlbTargetGroupResponse};
use aws_lambda_events::apigw::{
    ApiGatewayProxyRequest, ApiGatewayProxyResponse, ApiGatewayV2httpRequest, ApiGatewayV2httpResponse,
};
use aws_lambda_events::http::header::CONTENT_TYPE;
use aws_lambda_events::http::{HeaderMap, HeaderValue, Method};
use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use aws_lambda_events::sqs::SqsEvent;
use function_model::{Message, Order, Receipt};
use lambda_runtime::{Error, LambdaEvent};

macro_rules! handlers {
    ($($(#[$doc:meta])* $name:ident: $request:ident => $response:ident, $method:expr, $path:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// When the body is not an order.
        pub async fn $name(event: LambdaEvent<$request>) -> Result<$response, Error> {
            let request = event.payload;
            let method: fn(&$request) -> &Method = $method;
            let (path, body) = (request.$path.as_deref(), request.body.as_deref());
            let (status, headers, body) = answer(method(&request), path, body)?;
            let mut response = $response::default();
            response.status_code = status;
            response.headers = headers;
            response.body = body.map(Into::into);
            Ok(response)
        }
    )*};
}

handlers! {
    /// Serves an HTTP API of API Gateway.
    http_api: ApiGatewayV2httpRequest => ApiGatewayV2httpResponse,
        |request| &request.request_context.http.method, raw_path;
    /// Serves a REST API of API Gateway.
    rest_api: ApiGatewayProxyRequest => ApiGatewayProxyResponse, |request| &request.http_method, path;
    /// Serves an Application Load Balancer.
    load_balancer: AlbTargetGroupRequest => AlbTargetGroupResponse, |request| &request.http_method, path;
}

/// Serves a function URL.
///
/// # Errors
/// When the body is not an order.
pub async fn function_url(
    event: LambdaEvent<LambdaFunctionUrlRequest>,
) -> Result<LambdaFunctionUrlResponse, Error> {
    let request = event.payload;
    let method = request.request_context.http.method.as_deref().unwrap_or_default().parse()?;
    let (status, headers, body) = answer(&method, request.raw_path.as_deref(), request.body.as_deref())?;
    let mut response = LambdaFunctionUrlResponse::default();
    response.status_code = status;
    response.headers = headers;
    response.body = body;
    Ok(response)
}

/// Finds who answers, by hand.
fn answer(
    method: &Method,
    path: Option<&str>,
    body: Option<&str>,
) -> Result<(i64, HeaderMap, Option<String>), Error> {
    match (method, path.and_then(|path| path.strip_prefix("/orders/"))) {
        (&Method::POST, Some(id)) => {
            let order: Order = serde_json::from_str(body.unwrap_or_default())?;
            let receipt = serde_json::to_string(&Receipt::new(id.to_owned(), order))?;
            let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
            Ok((200, headers.into_iter().collect(), Some(receipt)))
        }
        _ => Ok((404, HeaderMap::new(), None)),
    }
}

/// Serves a batch of the queue `orders`, one message after the other.
///
/// # Errors
/// When one is not an order, or a bad one.
pub async fn queue(event: LambdaEvent<SqsEvent>) -> Result<(), Error> {
    for record in event.payload.records {
        let message: Message = serde_json::from_str(record.body.as_deref().unwrap_or_default())?;
        message.accept()?;
    }
    Ok(())
}
