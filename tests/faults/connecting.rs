//! Backends that cannot be connected to, or only slowly.

use std::time::{Duration, Instant};

use lift::pool::BreakerState;
use tests::ports;
use tests::servers::FaultProxy;

use crate::server::Server;
use crate::service::{
    CALLERS, Calls, Load, at_once, call, close, quick_or_full, shut_down, start, stats, until,
};

for_each_backend! {
    the_server_has_no_place_for_all
    the_server_has_no_place_for_any
    connects_are_slow
    connects_are_too_slow
    a_hundred_callers_on_a_backend_that_fails_after_100_ms
    the_backend_is_down_at_the_start
}

/// The pool may have more connections than the server lets in: those that it has serve everybody.
async fn the_server_has_no_place_for_all<S: Server>() {
    let server = S::start_small();
    let service = start::<S>(server.url(), &[("MAX_SIZE", "8")]).await;
    let load = Load::start(&service);
    for _ in 0..quick_or_full(3, 30) {
        assert!(at_once(&service, 16, "/hold/20").await.failures().next().is_none());
    }
    load.served(CALLERS).await;
    let calls = load.end().await;
    assert_eq!(calls.failures().count(), 0, "{calls}");
    let stats = stats(&service);
    assert!(stats.last_error.is_some() && stats.created < 8, "{stats:?}");
    println!(
        "fault: {}, server lets in 4 of 8: {calls}, connections opened {}, last refusal: {}",
        S::NAME,
        stats.created,
        stats.last_error.unwrap_or_default(),
    );
    // The server may have no place for somebody who counts its clients.
    shut_down(service).await;
}

async fn the_server_has_no_place_for_any<S: Server>() {
    let server = S::start_small();
    let others = start::<S>(server.url(), &[("MAX_SIZE", "4")]).await;
    assert!(call(&others, "/warm/4").await.worked());
    let service = start::<S>(server.url(), &[("MAX_SIZE", "8"), ("WAIT", "500ms")]).await;
    let refused = at_once(&service, CALLERS, "/why").await;
    for call in &refused.0 {
        assert!(call.said.contains(S::FULL), "{call:?}");
    }
    let refused = at_once(&service, CALLERS, "/id").await;
    assert_eq!(refused.failures().count(), CALLERS);
    refused.assert_failures_are(&["RESOURCE_UNAVAILABLE"], Duration::from_millis(500));
    shut_down(others).await;
    let freed = Instant::now();
    while !call(&service, "/id").await.worked() {
        assert!(freed.elapsed() < Duration::from_secs(20), "{:?}", stats(&service));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!(
        "fault: {}, server is full: {refused}, works {:.1?} after there is room",
        S::NAME,
        freed.elapsed()
    );
    shut_down(service).await;
}

/// Connects that take a while, but not too long, cost nobody more than their time, and nobody who can be served by a
/// connection that comes back.
async fn connects_are_slow<S: Server>() {
    let server = S::start();
    let proxy = FaultProxy::start(server.address());
    let service = start::<S>(S::url_at(proxy.address()), &[("MAX_SIZE", "4")]).await;
    proxy.delay_connects(Duration::from_millis(300));
    let (mut all, mut slowest) = (Calls::default(), Duration::ZERO);
    for _ in 0..quick_or_full(2, 20) {
        // A connect that nobody waits for any more would fail as well, and count.
        until("the end of all connects", || stats(&service).connecting == 0).await;
        let before = stats(&service).created;
        proxy.cut();
        until("the pool to notice", || {
            service.maintain();
            stats(&service).idle == 0
        })
        .await;
        let calls = at_once(&service, 50, "/id").await;
        assert_eq!(calls.failures().count(), 0, "{calls}");
        assert!(stats(&service).created - before <= 4, "{:?}", stats(&service));
        slowest = calls.0.iter().map(|call| call.took()).max().unwrap_or_default().max(slowest);
        all.0.extend(calls.0);
    }
    println!("fault: {}, connects take 300 ms: {all}, slowest call {slowest:.0?}", S::NAME);
    drop(proxy);
    close(service, &server).await;
}

async fn connects_are_too_slow<S: Server>() {
    let server = S::start();
    let proxy = FaultProxy::start(server.address());
    let settings = [("MAX_SIZE", "4"), ("CONNECT_TIMEOUT", "100ms"), ("WAIT", "500ms"), ("WARM", "lazy")];
    let service = start::<S>(S::url_at(proxy.address()), &settings).await;
    proxy.delay_connects(Duration::from_secs(60));
    for call in at_once(&service, 20, "/why").await.0 {
        assert!(call.said.ends_with("no answer within 100ms"), "{call:?}");
    }
    let calls = at_once(&service, 20, "/id").await;
    assert_eq!(calls.failures().count(), 20, "{calls}");
    calls.assert_failures_are(&["RESOURCE_UNAVAILABLE"], Duration::from_millis(500));
    proxy.pass();
    until("the breaker to let one try", || stats(&service).breaker != BreakerState::Open).await;
    assert!(call(&service, "/id").await.worked());
    println!("fault: {}, connects take longer than connect_timeout: {calls}", S::NAME);
    drop(proxy);
    close(service, &server).await;
}

async fn a_hundred_callers_on_a_backend_that_fails_after_100_ms<S: Server>() {
    let proxy = FaultProxy::start(ports::free());
    proxy.delay_connects(Duration::from_millis(100));
    let url = S::url_at(proxy.address());
    let service = start::<S>(url, &[("MAX_SIZE", "16"), ("WARM", "lazy")]).await;
    let began = Instant::now();
    let calls = at_once(&service, 100, "/why").await;
    for call in &calls.0 {
        assert!(
            call.said.starts_with("pool `db` cannot connect: ") && call.said.matches(": ").count() > 1,
            "{call:?}"
        );
        assert!(call.took() < Duration::from_secs(4), "{call:?}");
    }
    let told = calls.0.iter().map(|call| call.took()).max().unwrap_or_default();
    let (mut invocations, mut failures) = (100, 100);
    // The callers come again all the time.
    while began.elapsed() < Duration::from_secs(1) {
        let again = at_once(&service, 100, "/id").await;
        let in_time = again.0.iter().all(|call| call.began.duration_since(began) < Duration::from_secs(1));
        invocations += 100;
        failures += again.failures().count();
        assert!(again.failures().all(|call| call.said == "RESOURCE_UNAVAILABLE") || !in_time);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (attempts, elapsed) = (proxy.connections(), began.elapsed());
    assert_eq!(invocations, failures);
    // A second that became longer on a busy machine has room for more attempts.
    assert!(attempts <= 8 || elapsed > Duration::from_millis(1_300), "{attempts} attempts in {elapsed:?}");
    println!(
        "fault: {}, backend fails after 100 ms, 100 callers: invocations {invocations}, failures {failures}, \
         all told the cause within {told:.0?}, attempts {attempts} in {elapsed:.1?}: {}",
        S::NAME,
        calls.0[0].said
    );
    shut_down(service).await;
}

async fn the_backend_is_down_at_the_start<S: Server>() {
    let server = S::start();
    for warm in ["lazy", "eager", "required"] {
        down_at_the_start(&server, warm).await;
    }
}

/// The service starts all the same, fails its calls with the cause, and works when the backend does.
async fn down_at_the_start<S: Server>(server: &S, warm: &str) {
    let proxy = FaultProxy::start(server.address());
    proxy.refuse();
    let began = Instant::now();
    let service = start::<S>(S::url_at(proxy.address()), &[("WARM", warm), ("WAIT", "500ms")]).await;
    let started = began.elapsed();
    assert!(started < Duration::from_secs(4), "{started:?}");
    assert_eq!(stats(&service).last_error.is_some(), warm != "lazy", "only what is lazy has not tried");
    let ready = async || service.get("/health/ready").await.unwrap().status();
    assert_eq!(ready().await, if warm == "required" { 503 } else { 200 });
    if warm != "required" {
        let calls = at_once(&service, 20, "/why").await;
        assert!(calls.0.iter().all(|call| call.said.contains("Connection refused")), "{calls:?}");
        at_once(&service, 20, "/id")
            .await
            .assert_failures_are(&["RESOURCE_UNAVAILABLE"], Duration::from_millis(500));
    }

    proxy.accept();
    let up = Instant::now();
    // Nobody calls a service that is not ready, so it must get there by itself; a server looks after its pools like this.
    while warm == "required" && ready().await == 503 {
        assert!(up.elapsed() < Duration::from_secs(20), "{:?}", stats(&service));
        service.maintain();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut failures = 0;
    while !call(&service, "/id").await.worked() {
        failures += 1;
        assert!(up.elapsed() < Duration::from_secs(20), "{:?}", stats(&service));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(ready().await, 200);
    println!(
        "fault: {}, backend down at the start, warm = {warm}: invocations {}, failures {failures}, started in {started:.0?}, \
         works {:.1?} after the backend does",
        S::NAME,
        failures + 1,
        up.elapsed()
    );
    drop(proxy);
    close(service, server).await;
}
