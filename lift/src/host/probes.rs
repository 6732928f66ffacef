//! A listener for probes alone, on a thread of its own: it answers while every thread of the service is busy.

use std::net::SocketAddr;
use std::sync::Arc;

use axum_core::body::Body;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::accept::accept;
use super::half::Client;
use crate::Error;
use crate::app::Service;

/// Answers until it is dropped, also while the service shuts down.
pub(super) struct ProbeListener {
    pub(super) address: SocketAddr,
    _stop: oneshot::Sender<tokio::time::Instant>,
}

impl ProbeListener {
    pub(super) fn start(listener: TcpListener, service: &Arc<Service>) -> crate::Result<Self> {
        let address = listener.local_addr().map_err(Error::from)?;
        let listener = listener.into_std().map_err(Error::from)?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::from)?;
        let (stop, stopped) = oneshot::channel();
        let service = service.clone();
        let answer = async move {
            let listener = match TcpListener::from_std(listener) {
                Ok(listener) => listener,
                Err(error) => return tracing::error!(%error, "no probes are answered at `health.listen`"),
            };
            let answer = move |_: SocketAddr, _: Client, request: http::Request<hyper::body::Incoming>| {
                let service = service.clone();
                async move { service.probe_only(request.map(Body::new)).await }
            };
            accept(listener, stopped, answer).await;
        };
        let thread = std::thread::Builder::new().name("lift-probes".to_owned());
        thread.spawn(move || runtime.block_on(answer)).map_err(Error::from)?;
        Ok(Self { address, _stop: stop })
    }
}
