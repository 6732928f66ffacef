//! What the probes say while the backend is away, and while its pool is merely full.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lift::testing::TestService;
use serde_json::Value;

use crate::server::Server;
use crate::service::{SLACK, close, nobody_is_left, quick_or_full, until};

for_each_backend! {
    a_server_that_is_away_fails_health_and_no_other_probe
    a_full_pool_is_never_unhealthy
}

const INTERVAL: Duration = Duration::from_millis(200);

/// How long a resource's check may take by default.
const TIMEOUT: Duration = Duration::from_millis(500);

async fn status(service: &TestService, path: &str) -> u16 {
    service.get(path).await.unwrap().status()
}

/// Asks until `/health` answers this, while liveness and readiness hold all the time; how long it took.
async fn until_health_is(
    service: &TestService,
    expected: (u16, &str),
    within: Duration,
) -> (Duration, Value) {
    let begin = Instant::now();
    loop {
        for path in ["/health/live", "/health/ready", "/health/startup"] {
            assert_eq!(status(service, path).await, 200, "{path}");
        }
        let health = service.get("/health").await.unwrap();
        let report = health.json::<Value>().unwrap();
        if (health.status(), report["status"].as_str()) == (expected.0, Some(expected.1)) {
            return (begin.elapsed(), report);
        }
        assert!(begin.elapsed() < within, "{expected:?} not within {within:?}: {report}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn a_server_that_is_away_fails_health_and_no_other_probe<S: Server>() {
    for (app, down) in
        [(S::app(Arc::default()), (503, "unhealthy")), (S::app_without_need(), (200, "degraded"))]
    {
        let mut server = S::start();
        let host = app.test().var("DB_URL", server.url()).var("DB_POOL_MAX_SIZE", "2");
        let service = host
            .var("LIFT_HEALTH_INTERVAL", "200ms")
            .var("LIFT_HEALTH_DETAILS", "always")
            .start()
            .await
            .unwrap();
        service.watch_health();
        for _ in 0..quick_or_full(1, 5) {
            until_health_is(&service, (200, "healthy"), SLACK).await;
            server.crash();
            let (told, report) = until_health_is(&service, down, INTERVAL + TIMEOUT + SLACK).await;
            let details = &report["components"]["db"]["details"];
            assert!(details["last_error"].is_string() && details["last_error_age_ms"].is_u64(), "{report}");
            tokio::time::sleep(quick_or_full(Duration::ZERO, Duration::from_secs(2))).await;
            server.restart();
            // What is left of the breaker's wait comes before the check that works.
            let (back, _) =
                until_health_is(&service, (200, "healthy"), Duration::from_secs(15) + SLACK).await;
            println!(
                "fault: {}, kill -9 of the server: {} after {told:.0?}, healthy {back:.0?} after it is back, \
                 live and ready all the time",
                S::NAME,
                down.1
            );
        }
        service.close().await;
        nobody_is_left(&server).await;
    }
}

async fn a_full_pool_is_never_unhealthy<S: Server>() {
    let server = S::start();
    let host = S::app(Arc::default()).test().var("DB_URL", server.url()).var("DB_POOL_MAX_SIZE", "2");
    let host = host.var("LIFT_HEALTH_INTERVAL", "20ms").var("LIFT_HEALTH_DETAILS", "always");
    let service = Arc::new(host.start().await.unwrap());
    service.watch_health();
    let time = quick_or_full(Duration::from_secs(2), Duration::from_secs(30));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let service = service.clone();
        callers.spawn(async move {
            let begin = Instant::now();
            while begin.elapsed() < time {
                // Those that wait for too long are told so; that is no matter of health.
                let _ = service.get("/hold/100").await;
            }
        });
    }
    let (mut probes, mut full) = (0, 0);
    until("the callers", || service.pools()[0].1.in_use == 2).await;
    while callers.try_join_next().is_none() {
        let health = service.get("/health").await.unwrap();
        let report = health.json::<Value>().unwrap();
        assert_eq!(health.status(), 200, "{report}");
        let db = &report["components"]["db"];
        assert!(["healthy", "degraded"].contains(&db["status"].as_str().unwrap_or_default()), "{report}");
        assert_eq!(
            (&db["details"]["max"], &db["details"]["breaker"]),
            (&2.into(), &"closed".into()),
            "{report}"
        );
        full += usize::from(db["details"]["in_use"] == 2);
        probes += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    callers.join_all().await;
    assert!(full * 2 > probes, "{full} of {probes}");
    println!(
        "fault: {}, none, a full pool for {time:.0?}: {probes} probes, 0 unhealthy, {full} saw it full",
        S::NAME
    );
    close(service, &server).await;
}
