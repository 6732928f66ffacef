//! What fails while clients call all the time.

use std::time::{Duration, Instant};

use lift::pool::BreakerState;
use tests::servers::FaultProxy;

use crate::server::Server;
use crate::service::{
    CALLERS, Calls, Load, call, close, nobody_is_left, quick_or_full, shut_down, start, stats, until,
};

for_each_backend! {
    one_backend_is_killed
    the_server_is_killed_and_comes_back
    the_server_is_stopped_for_a_while
    connections_are_reset
    everything_goes_into_a_black_hole
}

/// A server that is away for a while: its clients' calls, from before it went to after it came back.
struct Outage {
    calls: Calls,
    /// From the fault to its end.
    away: Duration,
    /// From its end to the first call that worked.
    recovery: Duration,
}

/// At most so much time may pass between the end of a fault and the first call that works: the longest that the
/// breaker waits, and one connect.
const RECOVERY: Duration = Duration::from_secs(20);

/// Lets clients call while a fault begins, lasts and ends, and checks what holds for every fault.
async fn outage<S: Server>(
    url: String,
    server: &mut S,
    codes: &[&str],
    begin: impl FnOnce(&mut S),
    lasts: Duration,
    end: impl FnOnce(&mut S),
) -> Outage {
    let wait = Duration::from_millis(500);
    let service = start::<S>(url, &[("MAX_SIZE", "4"), ("WAIT", "500ms")]).await;
    let load = Load::start(&service);
    load.served(10 * CALLERS).await;
    let began = Instant::now();
    begin(server);
    tokio::time::sleep(lasts).await;
    end(server);
    let ended = Instant::now();
    load.served(10 * CALLERS).await;
    let calls = load.end().await;

    let worked = calls.0.iter().filter(|call| call.worked() && call.ended > ended);
    let recovered = worked.map(|call| call.ended).min().expect("calls that worked");
    assert!(recovered - ended < RECOVERY, "{:?}", recovered - ended);
    for call in calls.failures() {
        assert!(call.ended >= began, "before the fault: {call:?}");
        assert!(call.began <= recovered, "{:?} after all worked again: {call:?}", call.began - recovered);
    }
    calls.assert_failures_are(codes, wait);
    until("the pool to be at rest", || {
        let stats = stats(&service);
        (stats.in_use, stats.waiting, stats.connecting) == (0, 0, 0)
    })
    .await;
    assert_eq!(stats(&service).breaker, BreakerState::Closed);
    assert!(call(&service, "/id").await.worked());
    shut_down(service).await;
    Outage { calls, away: ended - began, recovery: recovered - ended }
}

fn tell<S: Server>(fault: &str, outage: &Outage) {
    let Outage { calls, away, recovery } = outage;
    println!(
        "fault: {}, {fault}: {calls}, away for {away:.1?}, the first call works {recovery:.1?} later",
        S::NAME
    );
}

async fn one_backend_is_killed<S: Server>() {
    let server = S::start();
    let service = start::<S>(server.url(), &[("MAX_SIZE", "4")]).await;
    let load = Load::start(&service);
    let kills = quick_or_full(2, 10);
    for _ in 0..kills {
        load.served(10 * CALLERS).await;
        server.kill_one();
    }
    load.served(10 * CALLERS).await;
    let calls = load.end().await;
    calls.assert_failures_are(&["AWAY", "RESOURCE_UNAVAILABLE"], Duration::from_secs(2));
    assert!(S::SHARES_ITS_FATE || calls.failures().count() <= kills, "{calls}");
    println!("fault: {}, kill of {kills} backends one after the other: {calls}", S::NAME);
    close(service, &server).await;
}

async fn the_server_is_killed_and_comes_back<S: Server>() {
    let mut server = S::start();
    let down = quick_or_full(Duration::from_millis(300), Duration::from_secs(2));
    for _ in 0..quick_or_full(1, 3) {
        let codes = ["AWAY", "RESOURCE_UNAVAILABLE"];
        let outage = outage(server.url(), &mut server, &codes, S::crash, down, S::restart).await;
        tell::<S>("kill -9 of the server", &outage);
        nobody_is_left(&server).await;
    }
}

async fn the_server_is_stopped_for_a_while<S: Server>() {
    let mut server = S::start();
    let stopped = quick_or_full(Duration::from_millis(500), Duration::from_secs(3));
    for _ in 0..quick_or_full(1, 3) {
        let codes = ["AWAY", "RESOURCE_UNAVAILABLE", "POOL_EXHAUSTED", "DEADLINE_EXCEEDED"];
        let outage = outage(
            server.url(),
            &mut server,
            &codes,
            |server| server.freeze(),
            stopped,
            |server| server.thaw(),
        )
        .await;
        tell::<S>("SIGSTOP of the server", &outage);
        nobody_is_left(&server).await;
    }
}

async fn everything_goes_into_a_black_hole<S: Server>() {
    let mut server = S::start();
    let proxy = FaultProxy::start(server.address());
    let away = quick_or_full(Duration::from_millis(500), Duration::from_secs(3));
    let codes = ["AWAY", "RESOURCE_UNAVAILABLE", "POOL_EXHAUSTED", "DEADLINE_EXCEEDED"];
    let url = S::url_at(proxy.address());
    let outage = outage(url, &mut server, &codes, |_| proxy.black_hole(), away, |_| proxy.pass()).await;
    tell::<S>("a black hole between service and server", &outage);
    // The server's side of what has vanished in it.
    drop(proxy);
    nobody_is_left(&server).await;
}

async fn connections_are_reset<S: Server>() {
    let server = S::start();
    let proxy = FaultProxy::start(server.address());
    let service = start::<S>(S::url_at(proxy.address()), &[("MAX_SIZE", "4")]).await;
    let load = Load::start(&service);
    let resets = quick_or_full(5, 50);
    for _ in 0..resets {
        load.served(5 * CALLERS).await;
        proxy.reset();
    }
    load.served(5 * CALLERS).await;
    let calls = load.end().await;
    calls.assert_failures_are(&["AWAY", "RESOURCE_UNAVAILABLE"], Duration::from_secs(2));
    // A connection fails the call that it is in the middle of, or the next one, and is not lent again. Connects that are
    // reset may open the breaker.
    let broken = calls.failures().filter(|call| call.said == "AWAY").count();
    assert!(broken <= 4 * resets, "{calls}");
    println!("fault: {}, RST of all connections {resets} times: {calls}", S::NAME);
    close(service, &server).await;
}
