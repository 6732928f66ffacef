//! Connections that die while nobody uses them.

use std::time::Duration;

use lift::pool::CloseReason;
use lift::testing::{Clock, TestService};
use tests::servers::FaultProxy;

use crate::server::Server;
use crate::service::{Calls, call, close, closed, quick_or_full, start_at, stats, until};

for_each_backend! {
    the_server_closes_all_while_a_server_runs
    a_reset_between_two_calls
    all_of_eight_are_dead_in_a_black_hole
    a_freeze_of_ten_minutes
}

/// A process that is frozen between its invocations, as on Lambda: nothing of it runs until the next one comes.
mod frozen {
    use tests::servers::{Postgres, Redis};

    #[tokio::test]
    async fn the_server_closes_all_between_two_calls_postgres() {
        super::the_server_closes_all::<Postgres>(true).await;
    }

    #[tokio::test]
    async fn the_server_closes_all_between_two_calls_redis() {
        super::the_server_closes_all::<Redis>(true).await;
    }
}

async fn the_server_closes_all_while_a_server_runs<S: Server>() {
    the_server_closes_all::<S>(false).await;
}

/// What passes between two calls.
const PAUSE: Duration = Duration::from_millis(20);

/// Ends all idle connections between two calls, again and again: the next call works and opens one connection.
async fn end_between_calls(
    service: &TestService,
    clock: &Clock,
    rounds: usize,
    frozen: bool,
    end: impl Fn(usize),
) -> Calls {
    let mut calls = Calls::default();
    for round in 0..rounds {
        let idle = 1 + round % 4;
        assert!(call(service, &format!("/warm/{idle}")).await.worked());
        let before = stats(service).created;
        // Blocks this thread, and with it all of a runtime that has no other.
        end(idle);
        clock.advance(PAUSE);
        if !frozen {
            tokio::time::sleep(PAUSE).await;
        }
        calls.0.push(call(service, "/id").await);
        assert!(calls.0[round].worked(), "round {round}, {idle} idle: {:?}", calls.0[round]);
        assert_eq!(stats(service).created - before, 1, "round {round}, {idle} idle: {:?}", stats(service));
    }
    calls
}

async fn the_server_closes_all<S: Server>(frozen: bool) {
    let (server, clock) = (S::start(), Clock::held());
    let service = start_at::<S>(&clock, server.url(), &[("MAX_SIZE", "4")]).await;
    let rounds = quick_or_full(50, 1_000);
    // A client that is on its way out already may be counted, too.
    let end = |idle| assert!(server.close_all() >= idle);
    let calls = end_between_calls(&service, &clock, rounds, frozen, end).await;
    let opened = stats(&service).created;
    let process = if frozen { "frozen" } else { "awake" };
    println!(
        "fault: {}, server closes all idle connections, process {process}: {calls}, reconnects for them {rounds}, connections opened {opened}",
        S::NAME
    );
    close(service, &server).await;
}

async fn a_reset_between_two_calls<S: Server>() {
    let (server, clock) = (S::start(), Clock::held());
    let proxy = FaultProxy::start(server.address());
    let service = start_at::<S>(&clock, S::url_at(proxy.address()), &[("MAX_SIZE", "4")]).await;
    let rounds = quick_or_full(20, 200);
    let calls = end_between_calls(&service, &clock, rounds, false, |_| proxy.reset()).await;
    println!("fault: {}, RST of all idle connections: {calls}, reconnects for them {rounds}", S::NAME);
    close(service, &server).await;
}

async fn all_of_eight_are_dead_in_a_black_hole<S: Server>() {
    let (server, clock) = (S::start(), Clock::held());
    let proxy = FaultProxy::start(server.address());
    let settings = [("MAX_SIZE", "8"), ("VALIDATE_TIMEOUT", "200ms")];
    let service = start_at::<S>(&clock, S::url_at(proxy.address()), &settings).await;
    let mut calls = Calls::default();
    // The server never learns of the end of what is silent, and has room for a hundred.
    for round in 0..quick_or_full(2, 10) {
        assert!(call(&service, "/warm/8").await.worked());
        let (before, invalid) = (stats(&service).created, closed(&service, CloseReason::Validation));
        proxy.silence();
        clock.advance(Duration::from_secs(1));
        calls.0.push(call(&service, "/id").await);
        assert!(calls.0[round].worked(), "{:?}", calls.0[round]);
        assert_eq!(stats(&service).created - before, 1, "{:?}", stats(&service));
        // The seven that nobody waits for are given up in the background.
        let given_up = || closed(&service, CloseReason::Validation) - invalid;
        until("the end of the others", || given_up() == 8).await;
        assert!(call(&service, "/id").await.worked());
    }
    let longest = calls.0.iter().map(|call| call.took()).max().unwrap_or_default();
    println!(
        "fault: {}, 8 of 8 idle connections in a black hole: {calls}, longest call {longest:.0?} with 200 ms for a validation",
        S::NAME
    );
    drop(proxy);
    close(service, &server).await;
}

/// The wall clock has moved and the monotonic one has not, as after a freeze.
async fn a_freeze_of_ten_minutes<S: Server>() {
    let (server, clock) = (S::start(), Clock::held());
    let service = start_at::<S>(&clock, server.url(), &[("MAX_SIZE", "4")]).await;
    let mut calls = Calls::default();
    for round in 0..quick_or_full(5, 100) {
        assert!(call(&service, "/warm/4").await.worked());
        let (before, idle) = (stats(&service).created, closed(&service, CloseReason::Idle));
        // In every other round they are dead as well, which nobody needs to find out.
        if round % 2 == 1 {
            assert_eq!(server.close_all(), 4);
        }
        clock.freeze(Duration::from_millis(600_001));
        calls.0.push(call(&service, "/id").await);
        assert!(calls.0[round].worked(), "{:?}", calls.0[round]);
        assert_eq!((stats(&service).created - before, closed(&service, CloseReason::Idle) - idle), (1, 4));
        let id = call(&service, "/id").await.said;
        clock.set_back(Duration::from_secs(3_600));
        assert_eq!(call(&service, "/id").await.said, id, "a clock that is set back changes nothing");
        clock.freeze(Duration::from_secs(3_600));
    }
    println!("fault: {}, frozen for 10 min between two calls: {calls}", S::NAME);
    close(service, &server).await;
}
