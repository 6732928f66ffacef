//! Shared clients as the registry sees them.

use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::MS;
use super::backend::settle;
use crate::clock::{Clock, Deadline};
use crate::config::NoSettings;
use crate::error::{BoxError, chain};
use crate::pool::PoolError;
use crate::pool::client::Client;
use crate::pool::connecting::Opener;
use crate::pool::settings::ClientSettings;
use crate::pool::shared::Open;
use crate::resource::{Init, Managed, Resource, ResourceSpec, Warm};

#[derive(Clone)]
struct Api;

impl Resource for Api {
    type Config = NoSettings;
    type Error = BoxError;

    async fn initialize(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
        Err("tests open it".into())
    }

    async fn health_check(&mut self) -> Result<(), BoxError> {
        Ok(())
    }
}

/// A client and how often it was tried to open it, which may never end.
fn client(warm: Warm, hangs: bool) -> (Arc<Client<Api>>, Arc<AtomicUsize>) {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = attempts.clone();
    let open = Arc::new(move || -> BoxFuture<'static, Result<Api, BoxError>> {
        counted.fetch_add(1, Ordering::SeqCst);
        if hangs { Box::pin(pending()) } else { Box::pin(ready(Ok(Api))) }
    });
    let forever = Duration::from_secs(3_600);
    let settings = ClientSettings {
        wait: Duration::from_secs(10),
        connect_timeout: forever,
        cleanup_timeout: MS,
        warm,
        longest_break: forever,
    };
    let client = Client::new(ResourceSpec::named("api"), settings, Opener::Substitute(open), Clock::held());
    (client, attempts)
}

#[tokio::test(start_paused = true)]
async fn upkeep_opens_what_the_service_is_not_ready_without() {
    for (warm, expected) in [(Warm::Lazy, 0), (Warm::Eager, 0), (Warm::Required, 1)] {
        let (client, attempts) = client(warm, false);
        assert_eq!(client.describe(), "one shared client");
        for _ in 0..2 {
            client.maintain();
            settle().await;
            assert_eq!(attempts.load(Ordering::SeqCst), expected, "{warm:?}");
        }
        assert_eq!(client.initialized(), expected == 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_waits_for_half_of_its_time_or_for_the_clients_wait() {
    for (within, expected) in [(1_000, 500), (19_000, 9_500), (21_000, 10_000)] {
        let (client, _) = client(Warm::Lazy, true);
        let begin = Instant::now();
        let error = client.check(MS * within).await.err().unwrap();
        assert_eq!(begin.elapsed(), MS * expected, "{}", chain(&*error));
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told_at_once_that_the_client_is_closed() {
    let (client, attempts) = client(Warm::Lazy, true);
    let begin = Instant::now();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.get(Deadline::NONE).await.err() }
    });
    settle().await;
    client.refuse();
    for error in [waiting.await.unwrap(), client.get(Deadline::NONE).await.err()] {
        assert!(matches!(error, Some(PoolError::Closed { .. })), "{error:?}");
    }
    assert_eq!((begin.elapsed(), attempts.load(Ordering::SeqCst)), (Duration::ZERO, 1));
}
