//! The keys of a resource's health: in the attribute, and in settings over it.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lift::clock::Clock;
use lift::config::NoSettings;
use lift::prelude::*;
use lift::testing::TestHost;
use lift::{BoxError, Init};

/// The checks of [`Sick`] since a service started.
static CHECKS: AtomicUsize = AtomicUsize::new(0);

/// Opens, and fails every check but the first.
#[derive(lift::Resource)]
#[resource(name = "sick", initialize = Self::open, health_check = Self::ping)]
#[resource(health(fail_after = 2, recover_after = 1, interval = "1h", enabled = true))]
struct Sick;

impl Sick {
    async fn open(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
        Ok(Self)
    }

    async fn ping(&mut self) -> Result<(), BoxError> {
        if CHECKS.fetch_add(1, Ordering::SeqCst) == 0 { Ok(()) } else { Err("sick".into()) }
    }
}

#[derive(lift::Resource)]
#[resource(name = "silent", initialize = Self::open, health(enabled = false))]
struct Silent;

impl Silent {
    async fn open(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
        Ok(Self)
    }
}

#[lift::handler(GET, "/")]
async fn takes(_: Pooled<Sick>, _: Pooled<Silent>) {}

fn host(clock: &Clock) -> TestHost {
    let app = App::new("health").handlers(lift::handlers![takes]).health_group("mine", ["sick", "silent"]);
    app.test().clock(clock)
}

/// The statuses of the first looks at the sick resource.
async fn looks(host: TestHost, clock: &Clock) -> Vec<u16> {
    CHECKS.store(0, Ordering::SeqCst);
    let service = host.start().await.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(service.get("/health/components/sick").await.unwrap().status());
        clock.advance(Duration::from_secs(2));
    }
    statuses
}

#[tokio::test]
async fn a_resource_is_reported_as_bad_after_as_many_results_as_its_key_says() {
    let clock = Clock::held();
    assert_eq!(looks(host(&clock), &clock).await, [200, 200, 503, 503]);
    assert_eq!(looks(host(&clock).var("SICK_HEALTH_FAIL_AFTER", "1"), &clock).await, [200, 503, 503, 503]);
    assert_eq!(looks(host(&clock).var("SICK_HEALTH_FAIL_AFTER", "3"), &clock).await, [200, 200, 200, 503]);
}

#[tokio::test]
async fn a_resource_is_a_component_unless_it_is_switched_off() {
    let clock = Clock::held();
    let service = host(&clock).start().await.unwrap();
    assert_eq!(service.get("/health/components/silent").await.unwrap().status(), 404);
    let service = host(&clock).var("SILENT_HEALTH_ENABLED", "true").start().await.unwrap();
    assert_eq!(service.get("/health/components/silent").await.unwrap().status(), 200);
    let service = host(&clock).var("SICK_HEALTH_ENABLED", "false").start().await.unwrap();
    assert_eq!(service.get("/health/components/sick").await.unwrap().status(), 404);
}

#[tokio::test]
async fn limits_of_a_resources_health_that_cannot_work_are_told() {
    for (key, value, words) in [
        ("FAIL_AFTER", "0", "is not between 1 and 100"),
        ("RECOVER_AFTER", "101", "is not between 1 and 100"),
        ("INTERVAL", "0s", "must be longer than zero"),
        ("TIMEOUT", "5", "`5` is not a duration"),
        ("ENABLED", "perhaps", "`perhaps` is not `true` or `false`"),
    ] {
        let variable = format!("SICK_HEALTH_{key}");
        let text = host(&Clock::held()).var(&variable, value).check().unwrap_err().to_string();
        assert!(text.contains(&format!("{variable}: ")) && text.contains(words), "{text}");
    }
}
