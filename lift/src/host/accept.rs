//! HTTP/1.1 on a listener, until told to stop.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum_core::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::half::{Client, Halves};

/// Accepts until told to stop, then closes idle connections and lets busy ones answer until then.
pub(super) async fn accept<F>(
    listener: TcpListener,
    mut stopped: oneshot::Receiver<Instant>,
    answer: impl Fn(SocketAddr, Client, Request<Incoming>) -> F + Clone + Send + 'static,
) where
    F: Future<Output = Response> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(30)).half_close(true);
    let until = loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most often: wait for some to come back instead of spinning.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            until = &mut stopped => break until.ok(),
        };
        let _ = stream.set_nodelay(true);
        let answer = answer.clone();
        let stream = Halves::of(stream);
        let client = stream.client();
        let service = service_fn(move |request| {
            let answer = answer(peer, client.clone(), request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    };
    drop(listener);
    let finished = graceful.shutdown();
    match until {
        Some(until) => {
            let _ = tokio::time::timeout_at(until, finished).await;
        }
        None => finished.await,
    }
}
