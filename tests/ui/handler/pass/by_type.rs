//! Types are judged by the compiler: names of others, aliases, and what only looks as if it could not be meant.
use axum::extract::{FromRequestParts, Request};
use axum::response::{ErrorResponse, Response};
use lift::event::{Batch, Failed, KinesisRecord, Record, RequestContext, SqsMessage};
use lift::prelude::{IntoResponse, LiftError, StatusCode};

/// Somebody's own.
struct State<T>(T);
struct Json<T>(T);

macro_rules! extracts {
    ($($name:ident)*) => {$(
        impl<T: Default, S: Sync> FromRequestParts<S> for $name<T> {
            type Rejection = std::convert::Infallible;

            async fn from_request_parts(_: &mut http::request::Parts, _: &S) -> Result<Self, Self::Rejection> {
                Ok(Self(T::default()))
            }
        }
    )*};
}

extracts! { State Json }

#[derive(Debug, thiserror::Error, LiftError)]
#[error("it is gone")]
#[lift(status = 410)]
struct Gone;

type Answer<T, E = Gone> = Result<T, E>;

#[lift::handler(GET, "/mine")]
async fn mine(state: State<u8>, json: Json<u8>) -> Answer<String> {
    Ok((state.0 + json.0).to_string())
}

#[lift::handler(GET, "/status")]
async fn status() -> Answer<(), StatusCode> {
    Err(StatusCode::NOT_FOUND)
}

#[lift::handler(GET, "/text")]
async fn text() -> Result<&'static str, (StatusCode, String)> {
    Err((StatusCode::NOT_FOUND, "there is none".to_owned()))
}

#[lift::handler(GET, "/response")]
async fn response(request: Request) -> Result<Response, Response> {
    Err(request.uri().path().to_owned().into_response())
}

#[lift::handler(GET, "/axum")]
async fn axums() -> axum::response::Result<Response, ErrorResponse> {
    Err(StatusCode::NOT_FOUND)?
}

#[lift::handler(GET, "/failure")]
async fn failure() -> Result<Answer<impl IntoResponse>, lift::Failure> {
    Ok(Ok("opaque"))
}

#[lift::handler(GET, "/rejection")]
async fn rejection() -> Result<(), axum::extract::rejection::QueryRejection> {
    Ok(())
}

#[lift::handler(GET, "/pool")]
async fn pool() -> Result<(), lift::PoolError> {
    Ok(())
}

#[lift::handler(GET, "/never")]
async fn never(shared: Option<SqsMessage>, context: RequestContext) -> Result<(), std::convert::Infallible> {
    let _ = (shared, context);
    Ok(())
}

#[lift::handler(sqs = "one")]
async fn one(message: SqsMessage, context: Option<RequestContext>, record: Record<u8>) -> Answer<()> {
    let _ = (message, context, record);
    Ok(())
}

#[lift::handler(kinesis = "two")]
async fn two(record: Result<KinesisRecord, lift::Failure>, batch: Batch<u8>) -> Answer<Failed> {
    let _ = (record, batch);
    Ok(Failed::none())
}

#[lift::handler(sns = "three")]
async fn three(batch: Batch<u8>) -> lift::Result<()> {
    let _ = batch;
    Ok(())
}

#[lift::handler(s3 = "four")]
async fn four(batch: Batch<u8>) -> Result<Answer<Failed>, StatusCode> {
    let _ = batch;
    Ok(Ok(Failed::none()))
}

#[lift::handler(dynamodb = "five")]
async fn five(_: Batch<u8>) {}

/// Each item has a result of its own: data.
#[lift::handler(POST, "/bulk")]
async fn bulk() -> (StatusCode, lift::extract::Json<Vec<Result<u8, String>>>) {
    (StatusCode::MULTI_STATUS, lift::extract::Json(vec![Ok(1), Err("the second".to_owned())]))
}

fn main() {
    let _ = lift::handlers![
        mine, status, text, response, axums, failure, rejection, pool, never, one, two, three, four, five, bulk,
    ];
}
