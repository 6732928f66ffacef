//! The order in which pools and shared clients open and close.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing)] // tests fail loudly

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lift::config::NoSettings;
use lift::prelude::*;
use lift::resource::ResourceSpec;
use lift::testing::TestService;
use lift::{BoxError, Init};

/// What happened, in order.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    fn note(&self, event: impl Into<String>) {
        self.0.lock().unwrap().push(event.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// The resources `first`, `second`, `third` and `fourth`, in the order in which the handler takes them.
#[derive(Clone)]
struct Numbered<const N: usize>(Events);

const NAMES: [&str; 4] = ["first", "second", "third", "fourth"];

impl<const N: usize> Numbered<N> {
    fn opener(
        events: &Events,
    ) -> impl Fn() -> std::future::Ready<Result<Self, BoxError>> + Send + Sync + use<N> {
        let events = events.clone();
        move || {
            events.note(format!("open {}", NAMES[N]));
            std::future::ready(Ok(Self(events.clone())))
        }
    }
}

impl<const N: usize> lift::Resource for Numbered<N> {
    type Config = NoSettings;
    type Error = BoxError;

    fn spec() -> ResourceSpec {
        ResourceSpec::named(NAMES[N])
    }

    async fn initialize(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
        Err("tests open it".into())
    }

    async fn health_check(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    async fn cleanup(self) {
        self.0.note(format!("closing {}", NAMES[N]));
        // What comes before it has to wait for it.
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.0.note(format!("closed {}", NAMES[N]));
    }
}

#[lift::handler(GET, "/")]
async fn takes(
    _: Pooled<Numbered<0>>,
    _: Shared<Numbered<1>>,
    _: Pooled<Numbered<2>>,
    _: Shared<Numbered<3>>,
) {
}

async fn service(events: &Events) -> TestService {
    App::new("order")
        .handlers(lift::handlers![takes])
        .test()
        .with::<Numbered<0>>(Numbered::opener(events))
        .with::<Numbered<1>>(Numbered::opener(events))
        .with::<Numbered<2>>(Numbered::opener(events))
        .with::<Numbered<3>>(Numbered::opener(events))
        .start()
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn pools_and_clients_close_one_after_the_other_in_reverse_start_order() {
    let events = Events::default();
    let service = service(&events).await;
    assert_eq!(service.get("/").await.unwrap().status(), 200);
    let mut opened = events.take();
    opened.sort();
    assert_eq!(opened, ["open first", "open fourth", "open second", "open third"]);
    service.close().await;
    let expected: Vec<_> =
        NAMES.iter().rev().flat_map(|name| [format!("closing {name}"), format!("closed {name}")]).collect();
    assert_eq!(events.take(), expected);
}
