//! Connections that are lent while something ends, and those that must not be lent again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lift::pool::{CloseReason, Stats};
use lift::testing::Clock;
use tests::servers::FaultProxy;

use crate::server::Server;
use crate::service::{
    Calls, Kept, at_once, call, close, closed, nobody_is_left, quick_or_full, shut_down, start,
    start_keeping, stats, until,
};

for_each_backend! {
    calls_back_to_back_make_one_round_trip_each
    borrowers_panic_or_run_into_their_deadline
    the_service_ends_while_connections_are_lent
}

async fn calls_back_to_back_make_one_round_trip_each<S: Server>() {
    let server = S::start();
    let proxy = FaultProxy::start(server.address());
    let service = start::<S>(S::url_at(proxy.address()), &[("MAX_SIZE", "4")]).await;
    // The first call prepares its statement.
    let id = call(&service, "/id").await.said;
    let (before, mut calls) = (proxy.exchanges(), Calls::default());
    let count = quick_or_full(200, 10_000);
    for _ in 0..count {
        calls.0.push(call(&service, "/id").await);
    }
    assert!(calls.0.iter().all(|call| call.said == id), "{calls}");
    let exchanges = proxy.exchanges() - before;
    assert_eq!(exchanges, count);
    println!("fault: {}, none, calls back to back: {calls}, round trips {exchanges}", S::NAME);
    drop(proxy);
    close(service, &server).await;
}

async fn borrowers_panic_or_run_into_their_deadline<S: Server>() {
    let server = S::start();
    let service = start::<S>(server.url(), &[("MAX_SIZE", "2")]).await;
    let mut calls = Calls::default();
    for (path, code) in [("/panics", "PANIC"), ("/hangs", "DEADLINE_EXCEEDED")] {
        for _ in 0..quick_or_full(5, 50) {
            // The one that is returned last is lent next.
            let id = call(&service, "/id").await.said;
            let (before, interrupted) = (stats(&service).created, closed(&service, CloseReason::Interrupted));
            let ended = call(&service, path).await;
            assert_eq!(ended.said, code);
            calls.0.push(ended);
            assert_eq!(closed(&service, CloseReason::Interrupted) - interrupted, 1);
            let next = call(&service, "/id").await;
            assert!(next.worked() && next.said != id, "{next:?} after {id}");
            assert_eq!(stats(&service).created - before, 1);
            let both = call(&service, "/pair").await;
            let ids: BTreeSet<_> = both.said.split(' ').collect();
            assert_eq!((both.status, ids.len()), (200, 2), "both places are free again: {both:?}");
            assert_eq!((stats(&service).in_use, stats(&service).idle), (0, 2));
            // Leaves one, so that the next round knows which is lent.
            assert_eq!(call(&service, "/panics").await.said, "PANIC");
        }
    }
    let id = call(&service, "/id").await.said;
    for _ in 0..5 {
        assert_eq!(call(&service, "/impatient").await.said, id, "a finished exchange costs nothing");
    }
    let Stats { created, in_use, idle, .. } = stats(&service);
    println!(
        "fault: {}, borrowers end in a panic or at their deadline: {calls}, connections opened {created}, \
         interrupted {}, in use {in_use}, idle {idle}",
        S::NAME,
        closed(&service, CloseReason::Interrupted),
    );
    close(service, &server).await;
}

/// Whoever holds a connection may use it to its end; everybody else is told at once.
async fn the_service_ends_while_connections_are_lent<S: Server>() {
    let server = S::start();
    let (mut calls, mut longest) = (Calls::default(), Duration::ZERO);
    for _ in 0..quick_or_full(5, 50) {
        let kept = Arc::<Kept>::default();
        let settings = [("MAX_SIZE", "2")];
        let service = start_keeping::<S>(&kept, &Clock::system(), server.url(), &settings).await;
        let lent = at_once(&service, 2, "/keep").await;
        assert_eq!((lent.failures().count(), stats(&service).in_use), (0, 2), "{lent}");
        calls.0.extend(lent.0);
        assert!(call(&service, "/queue").await.worked());
        until("a caller that waits", || stats(&service).waiting == 1).await;
        let began = Instant::now();
        shut_down(service).await;
        longest = longest.max(began.elapsed());
        assert_eq!(kept.next().await.unwrap(), "pool `db` is closed");
        until("the server to count the two", || server.clients() == 2).await;
        kept.release();
        let mut ids = [kept.next().await.unwrap(), kept.next().await.unwrap()];
        let mut lent = calls.0.iter().rev().take(2).map(|call| call.said.clone()).collect::<Vec<_>>();
        ids.sort();
        lent.sort();
        assert_eq!(lent, ids);
        nobody_is_left(&server).await;
    }
    // Longer than a connection takes to say goodbye, and shorter than a caller waits.
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    println!(
        "fault: {}, shutdown with 2 of 2 connections lent: {calls}, longest shutdown {longest:.0?}",
        S::NAME
    );
}
