//! The HTTP server: HTTP/1.1, run to the end, drained on SIGTERM.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum_core::body::Body;
use axum_core::response::Response;
use http::StatusCode;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::Signals;
use super::accept::accept;
use super::half::Client;
use super::probes::ProbeListener;
use crate::app::{AppSettings, Call, Service, Starting, banner};
use crate::clock::{Chance, Deadline};
use crate::config::{Faults, Listen, Sources};
use crate::resource::Resources;
use crate::telemetry::{Format, dismiss};
use crate::{App, Error};

/// The limit of a handler without a `timeout` of its own.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long a start is nothing to speak of.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is left for the pools when invocations have used up the grace.
const CLOSING: Duration = Duration::from_secs(2);

pub(super) async fn run(app: App, sources: &Sources, option: Option<String>, dev: bool) -> crate::Result<()> {
    let (service, settings, listen) = build(app, sources, option.as_deref())?;
    settings.apply();
    if service.router.served().is_empty() && !service.triggers.is_empty() && !dev {
        return Err(Error::msg(
            "the server feeds HTTP requests only, and this service has no handler for one\nhelp: call it with `invoke FILE`, or run it on Lambda",
        ));
    }
    let mut signals = Signals::watch();
    let listener = bind(&listen).await?;
    let address = listener.local_addr().map_err(Error::from)?;
    service.probes.handle.monitor.run_here();
    let probes = match &settings.health.listen {
        Some(probes) => Some(ProbeListener::start(bind(probes).await?, &service)?),
        None => None,
    };

    let server = Server { service: service.clone(), invocations: TaskTracker::new() };
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let answering = server.clone();
    let accepting = tokio::spawn(accept(listener, stopped, move |peer, client, request| {
        let server = answering.clone();
        async move {
            #[cfg(feature = "dev")]
            if dev && request.uri().path() == super::dev::PATH {
                let answer = super::dev::answer(server.service.clone(), peer, request);
                return finished(server.invocations.spawn(answer).await);
            }
            let _ = peer;
            server.answer(client, request).await
        }
    }));
    let maintaining = tokio::spawn(maintain(Arc::downgrade(&service.resources)));
    let starting = async {
        let starting = Starting { functions: Some(settings.start_wait), warm: Some(Duration::MAX) };
        start_patiently(&service, starting, address).await?;
        announce(&service, address, probes.as_ref().map(|probes| probes.address));
        if dev {
            let port = address.port();
            eprintln!("events     POST http://localhost:{port}/_lift/events  (for this machine only)\n");
        }
        service.probes.handle.monitor.watch();
        service.run_background();
        Ok(())
    };
    let name = tokio::select! {
        started = starting => {
            if let Err(error) = started {
                accepting.abort();
                maintaining.abort();
                service.close(None).await;
                return Err(error);
            }
            signals.next().await
        }
        name = signals.next() => name,
    };
    maintaining.abort();
    shut_down(&server, &settings, name, &mut signals, stop, accepting).await;
    Ok(())
}

/// Starts, and says so when that takes long: until it has started, nothing says where it listens.
async fn start_patiently(service: &Service, starting: Starting, address: SocketAddr) -> crate::Result<()> {
    let mut start = pin!(service.start(starting));
    match tokio::time::timeout(PATIENCE, &mut start).await {
        Ok(started) => started,
        Err(_) => {
            tracing::info!(%address, "still starting; probes are answered already");
            start.await
        }
    }
}

/// Looks after idle connections about once a second.
async fn maintain(resources: Weak<Resources>) {
    let chance = Chance::default();
    loop {
        tokio::time::sleep(chance.shorten(Duration::from_secs(1), 20)).await;
        match resources.upgrade() {
            Some(resources) => resources.maintain(),
            None => return,
        }
    }
}

/// Puts the service together; `--listen` beats every setting and is judged with them.
fn build(
    app: App,
    sources: &Sources,
    option: Option<&str>,
) -> crate::Result<(Arc<Service>, AppSettings, Listen)> {
    let option = option.map(|address| Listen::new(address, "--listen")).transpose();
    match (app.build(sources), option) {
        (Ok((service, settings)), Ok(option)) => {
            let listen = option.unwrap_or_else(|| settings.listen.clone());
            Ok((service, settings, listen))
        }
        (Ok(_), Err(fault)) => Err(Faults::one(fault).into()),
        (Err(mut faults), option) => {
            if let Err(fault) = option {
                faults.push(fault);
            }
            Err(faults.into())
        }
    }
}

async fn bind(listen: &Listen) -> crate::Result<TcpListener> {
    TcpListener::bind(listen.address()).await.map_err(|error| {
        let help = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "another program listens there; stop it, or choose a free port with --listen 127.0.0.1:0"
            }
            std::io::ErrorKind::PermissionDenied => {
                "ports below 1024 need a privilege; choose a higher one with --listen"
            }
            _ => "write an address and a port, such as --listen 127.0.0.1:3000",
        };
        Error::msg(format!("cannot listen on `{listen}` ({}): {error}\nhelp: {help}", listen.source()))
    })
}

fn announce(service: &Service, address: SocketAddr, probes: Option<SocketAddr>) {
    match (Format::from_env(), probes) {
        (Format::Json, None) => tracing::info!(service = service.name, %address, "listening"),
        (Format::Json, Some(probes)) => {
            tracing::info!(service = service.name, %address, %probes, "listening");
        }
        (Format::Text, probes) => eprintln!("{}", banner(service, address, probes)),
    }
}

/// Readiness fails at once; the listener goes on for the delay; invocations have until the grace is over; then the
/// pools close. A second signal ends the process at once.
async fn shut_down(
    server: &Server,
    settings: &AppSettings,
    name: &str,
    signals: &mut Signals,
    stop: tokio::sync::oneshot::Sender<Instant>,
    accepting: JoinHandle<()>,
) {
    let service = &server.service;
    service.lifecycle().draining();
    let deadline = Instant::now() + settings.shutdown_grace;
    tracing::info!(signal = name, delay = ?settings.shutdown_delay, grace = ?settings.shutdown_grace, "shutting down");
    let orderly = async {
        tokio::time::sleep(settings.shutdown_delay.min(settings.shutdown_grace)).await;
        let finish = deadline.checked_sub(CLOSING.min(settings.shutdown_grace / 4)).unwrap_or(deadline);
        let _ = stop.send(finish);
        server.invocations.close();
        let _ = accepting.await;
        if tokio::time::timeout_at(finish, server.invocations.wait()).await.is_err() {
            tracing::error!(
                unfinished = server.invocations.len(),
                "the grace is over; invocations are cut off"
            );
        }
        if tokio::time::timeout_at(deadline, service.close(Some(deadline))).await.is_err() {
            tracing::error!("the grace is over; resources are left as they are");
        }
        tracing::info!("stopped");
    };
    tokio::select! {
        () = orderly => {}
        name = signals.next() => {
            tracing::warn!(signal = name, "second signal: exiting at once");
            std::process::exit(143);
        }
    }
}

#[derive(Clone)]
struct Server {
    service: Arc<Service>,
    invocations: TaskTracker,
}

impl Server {
    /// Runs the invocation in a task of its own, so that a client that goes away does not cancel it.
    async fn answer(&self, client: Client, request: http::Request<Incoming>) -> Response {
        let call = Call {
            request_id: None,
            deadline: Deadline::NONE,
            default_timeout: TIMEOUT,
            event: None,
            record: None,
            streams: true,
        };
        let called = self.service.http(request.map(Body::new), call);
        let mut task = CancelOnDrop {
            cancel: called.cancel_on_disconnect,
            task: self.invocations.spawn(called.response),
        };
        if task.cancel {
            tokio::select! {
                biased;
                ended = &mut task.task => return finished(ended),
                () = client.gone() => task.task.abort(),
            }
        }
        finished((&mut task.task).await)
    }
}

/// The task never panics; it ends early only when the runtime does.
fn finished(ended: Result<Response, JoinError>) -> Response {
    ended.unwrap_or_else(|ended| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = match ended.try_into_panic() {
            Ok(payload) => {
                dismiss(payload);
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        response
    })
}

struct CancelOnDrop {
    cancel: bool,
    task: JoinHandle<Response>,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if self.cancel {
            self.task.abort();
        }
    }
}
