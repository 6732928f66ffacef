//! What SnapStart asks of a service: another machine wakes up with everything that is in memory.

use std::time::Duration;

use futures_util::future::join_all;

use super::Service;
use crate::clock;
use crate::config::duration_text;
use crate::error::{BoxError, last_words};
use crate::resource::{Managed, Warm};

impl Service {
    /// Closes every connection and every client, in reverse start order, without closing them for good.
    pub(crate) async fn suspend(&self) {
        for resource in self.resources.managed().iter().rev() {
            resource.empty().await;
        }
    }

    /// Draws chance anew, and opens again what was opened at start: side by side, each within `limit`.
    ///
    /// # Errors
    /// When a required resource cannot be opened; all of those that cannot.
    pub(crate) async fn restore(&self, limit: Duration) -> Result<(), String> {
        clock::reseed();
        let opening = self.resources.managed().iter().filter(|resource| resource.warm() != Warm::Lazy);
        let opened =
            join_all(opening.map(|resource| async move { (resource, open(&**resource, limit).await) })).await;
        let mut required = Vec::new();
        for (resource, opened) in opened {
            let Err(error) = opened else { continue };
            let (name, text) = (resource.spec().name, last_words(error.as_ref()));
            if resource.warm() == Warm::Required {
                required.push(format!("resource `{name}`: {text}"));
            } else {
                tracing::warn!(resource = name, error = text, "cannot be opened yet");
            }
        }
        if required.is_empty() { Ok(()) } else { Err(required.join("; ")) }
    }
}

async fn open(resource: &dyn Managed, limit: Duration) -> Result<(), BoxError> {
    match tokio::time::timeout(limit, resource.start()).await {
        Ok(started) => started,
        Err(_) => Err(format!("it was not open within {}", duration_text(limit)).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::App;
    use crate::clock::Deadline;
    use crate::config::{NoSettings, Sources};
    use crate::pool::{FromContext, Pool, Pooled, Shared};
    use crate::resource::{Context, Init, Resource, ResourceSpec, User};

    type Events = Arc<Mutex<Vec<String>>>;

    /// The resources `one`, `two` and `three`.
    #[derive(Clone)]
    struct Part<const N: usize>(Events);

    const NAMES: [&str; 3] = ["one", "two", "three"];

    impl<const N: usize> Resource for Part<N> {
        type Config = NoSettings;
        type Error = BoxError;

        fn spec() -> ResourceSpec {
            let warm = if N == 2 { Warm::Required } else { Warm::Eager };
            ResourceSpec::named(NAMES[N]).wait_ms(60_000).connect_timeout_ms(60_000).warm(warm)
        }

        async fn initialize(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
            Err("tests open it".into())
        }

        async fn health_check(&mut self) -> Result<(), BoxError> {
            Ok(())
        }

        async fn cleanup(self) {
            self.0.lock().unwrap().push(format!("close {}", NAMES[N]));
        }
    }

    /// A service whose resources take so many milliseconds to open.
    fn service(events: &Events, millis: [u64; 3]) -> Arc<Service> {
        fn put<const N: usize>(app: &mut App, events: &Events, millis: [u64; 3]) {
            let events = events.clone();
            app.overrides.insert::<Part<N>>(Arc::new(move || {
                let events = events.clone();
                Box::pin(async move {
                    events.lock().unwrap().push(format!("open {}", NAMES[N]));
                    tokio::time::sleep(Duration::from_millis(millis[N])).await;
                    Ok(Part(events))
                })
            }));
        }
        let mut app = App::new("snapshot").uses::<Pool<Part<0>>>().share::<Part<1>>().uses::<Pool<Part<2>>>();
        put::<0>(&mut app, events, millis);
        put::<1>(&mut app, events, millis);
        put::<2>(&mut app, events, millis);
        app.build(&Sources::empty()).unwrap().0
    }

    fn took(events: &Events) -> Vec<String> {
        let mut events = std::mem::take(&mut *events.lock().unwrap());
        if events.iter().all(|event| event.starts_with("open")) {
            events.sort();
        }
        events
    }

    #[tokio::test(start_paused = true)]
    async fn pools_and_clients_are_closed_before_a_snapshot_and_opened_side_by_side_after_it() {
        let events = Events::default();
        let service = service(&events, [500; 3]);
        service.warm().await;
        assert_eq!(took(&events), ["open one", "open three", "open two"]);
        service.suspend().await;
        assert_eq!(took(&events), ["close three", "close two", "close one"]);
        let begin = tokio::time::Instant::now();
        service.restore(Duration::from_secs(8)).await.unwrap();
        assert_eq!(took(&events), ["open one", "open three", "open two"]);
        assert_eq!(begin.elapsed().as_millis(), 500);
        // They are used, and nothing has to be opened for it.
        let context = Context::new(service.resources.clone(), User::NOBODY, Deadline::NONE);
        assert!(Pooled::<Part<0>>::from_context(&context).await.is_ok());
        assert!(Shared::<Part<1>>::from_context(&context).await.is_ok());
        assert_eq!(took(&events), [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_restore_ends_in_its_time_and_fails_for_what_is_required_only() {
        for (millis, error) in [
            ([9_000, 9_000, 0], Ok(())),
            ([0, 0, 9_000], Err("resource `three`: it was not open within 8s".to_owned())),
        ] {
            let service = service(&Events::default(), millis);
            let begin = tokio::time::Instant::now();
            assert_eq!(service.restore(Duration::from_secs(8)).await, error);
            assert_eq!(begin.elapsed().as_secs(), 8);
        }
    }
}
