//! HTTP on a thread of its own, so that a test may block.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

use super::extension::long_poll;
use super::refusal::{Refusal, Reply, json_reply};
use super::shared::Shared;

/// Bodies are read whole up to here, so that even one that is too large gets its answer.
const READ_AT_MOST: usize = 64 * 1024 * 1024;

/// Serves until `stop` is used or dropped.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: oneshot::Receiver<()>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a non-blocking listener");
    let accepting = async {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let _ = stream.set_nodelay(true);
            let (shared, generation) = (shared.clone(), shared.lock().generation);
            let service = service_fn(move |request| answer(shared.clone(), generation, request));
            tokio::spawn(async move {
                // A process that ends breaks its connections off; what that means is seen elsewhere.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    };
    tokio::select! {
        () = accepting => {}
        _ = stop => {}
    }
}

/// `generation` is the process that has made the connection.
async fn answer(
    shared: Arc<Shared>,
    generation: u64,
    request: Request<Incoming>,
) -> Result<Reply, Infallible> {
    let (head, body) = request.into_parts();
    let name = format!("{} {}", head.method, head.uri.path());
    let refusal = match read(body).await {
        // It has ended in the middle of a request, and does not see this.
        Ok(None) => return Ok(Refusal::format("the request broke off").reply()),
        // What it sent last must not be taken for the next process's.
        Ok(Some(_)) if shared.is_over(generation) => {
            return Ok(Refusal::state("the function's process has ended").reply());
        }
        Ok(Some(body)) => match route(&shared, &head, body).await {
            Ok(reply) => return Ok(reply),
            Err(refusal) => refusal,
        },
        Err(refusal) => refusal,
    };
    if !shared.is_over(generation) {
        shared.note_refusal(&name, &refusal);
    }
    Ok(refusal.reply())
}

async fn read(body: Incoming) -> Result<Option<Bytes>, Refusal> {
    match Limited::new(body, READ_AT_MOST).collect().await {
        Ok(body) => Ok(Some(body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Refusal::too_large(format!("a body above {READ_AT_MOST} bytes")))
        }
        Err(_) => Ok(None),
    }
}

async fn route(shared: &Arc<Shared>, head: &Parts, body: Bytes) -> Result<Reply, Refusal> {
    let path = head.uri.path();
    let headers = &head.headers;
    if let Some(path) = path.strip_prefix("/2018-06-01/runtime/") {
        return match (&head.method, path.split('/').collect::<Vec<_>>().as_slice()) {
            (&Method::GET, ["invocation", "next"]) if shared.poll_fails() => {
                Ok(json_reply(StatusCode::INTERNAL_SERVER_ERROR, "{}"))
            }
            (&Method::GET, ["invocation", "next"]) => Ok(long_poll(shared.next()?).await),
            (&Method::POST, ["invocation", id, "response"]) => shared.response(id, headers, body).await,
            (&Method::POST, ["invocation", id, "error"]) => shared.error(id, headers, &body).await,
            (&Method::POST, ["init", "error"]) => shared.init_error(headers, &body),
            (&Method::GET, ["restore", "next"]) => Ok(long_poll(shared.restore_next()?).await),
            (&Method::POST, ["restore", "error"]) => shared.restore_error(headers, &body),
            _ => Err(Refusal::not_found("the Runtime API has no such endpoint")),
        };
    }
    match (&head.method, path.strip_prefix("/2020-01-01/extension/")) {
        (&Method::POST, Some("register")) => shared.register(headers, &body),
        (&Method::GET, Some("event/next")) => Ok(long_poll(shared.extension_next(headers)?).await),
        (&Method::POST, Some("init/error" | "exit/error")) => shared.extension_error(headers),
        _ => Err(Refusal::not_found("there is no such endpoint")),
    }
}
