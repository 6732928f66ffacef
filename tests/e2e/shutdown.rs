//! The end of a process: SIGTERM drains, a second one does not wait.

use std::thread;
use std::time::{Duration, Instant};

use tests::deadline::wait_until;
use tests::http::{Connection, Request};
use tests::journal::Journal;
use tests::process::Signal;

use crate::support::{Function, Server, faulty, folder};

#[test]
fn sigterm_fails_readiness_lets_a_request_finish_cleans_up_and_exits_with_0() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()).env("LIFT_SHUTDOWN_DELAY", "1s"));
    let journal = Journal::of(dir.path());
    let address = server.address;
    let request = thread::spawn(move || Request::get("/slow/2000").send(address));
    journal.wait_for("begin slow 0");

    let begun = Instant::now();
    server.process.signal(Signal::TERM);
    wait_until("readiness to fail", || (server.status("/health/ready")? == 503).then_some(()));
    assert!(!journal.lines().contains(&"end slow 0".to_owned()), "readiness failed only after the request");
    assert_eq!(server.get("/health/live").status, 200);
    // Until a load balancer has noticed, requests still arrive.
    assert_eq!(server.get("/echo/still").status, 200);

    let response = request.join().expect("an answer");
    assert_eq!((response.status, response.text().as_str()), (200, "0"));
    let finished = server.process.wait_for_exit();
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    assert_eq!(journal.lines(), ["open 0", "begin slow 0", "end slow 0", "close 0"]);
    assert!(begun.elapsed() < Duration::from_secs(25), "the grace period is over: {:?}", begun.elapsed());
}

#[test]
fn without_a_delay_nobody_is_let_in_after_sigterm_and_who_is_in_gets_an_answer() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let journal = Journal::of(dir.path());
    let mut idle = Connection::open(server.address).expect("a connection");
    idle.send(&Request::get("/tool").to_bytes()).expect("a request");
    assert_eq!(idle.read_response(false).expect("an answer").status, 200);
    let mut busy = Connection::open(server.address).expect("a connection");
    busy.send(&Request::get("/slow/1000").to_bytes()).expect("a request");
    journal.wait_for("begin slow 0");

    server.process.signal(Signal::INT);
    assert!(idle.is_hung_up_on(), "an idle connection is closed");
    assert!(server.status("/tool").is_none(), "new connections are refused");
    assert_eq!(busy.read_response(false).expect("an answer").status, 200);
    assert_eq!(server.process.wait_for_exit().status.code(), Some(0));
    assert_eq!(journal.lines(), ["open 0", "begin slow 0", "end slow 0", "close 0"]);
}

#[test]
fn what_runs_beside_the_handlers_ends_after_them_and_before_the_resources() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()).env("FAULTY_BESIDE", "yes"));
    let journal = Journal::of(dir.path());
    journal.wait_for("begin ticker 0");
    assert!(server.process.written().contains("\nbackground ticker\n"), "{}", server.process.written());
    let address = server.address;
    let request = thread::spawn(move || Request::get("/slow/500").send(address));
    journal.wait_for("begin slow 0");
    assert_eq!(server.get("/health/components/ticker").status, 200);
    server.process.signal(Signal::TERM);
    assert_eq!(request.join().expect("an answer").status, 200);
    assert_eq!(server.process.wait_for_exit().status.code(), Some(0));
    let lines =
        ["open 0", "begin ticker 0", "begin slow 0", "end slow 0", "dropped ticker", "goodbye 0", "close 0"];
    assert_eq!(journal.lines(), lines);
}

#[test]
fn a_second_sigterm_exits_at_once() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let journal = Journal::of(dir.path());
    let mut client = Connection::open(server.address).expect("a connection");
    client.send(&Request::get("/slow/20000").to_bytes()).expect("a request");
    journal.wait_for("begin slow 0");

    server.process.signal(Signal::TERM);
    server.process.wait_for_line("shutting down");
    let second = Instant::now();
    server.process.signal(Signal::TERM);
    let finished = server.process.wait_for_exit();
    assert!(!finished.status.success(), "{}", finished.stderr);
    assert!(second.elapsed() < Duration::from_secs(10), "it waited for the request: {:?}", second.elapsed());
    assert!(!journal.lines().contains(&"end slow 0".to_owned()));
}

#[test]
fn a_request_longer_than_the_grace_is_cut_off_and_the_rest_is_cleaned_up() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()).env("LIFT_SHUTDOWN_GRACE", "800ms"));
    let journal = Journal::of(dir.path());
    let mut client = Connection::open(server.address).expect("a connection");
    client.send(&Request::get("/slow/20000").to_bytes()).expect("a request");
    journal.wait_for("begin slow 0");
    let begun = Instant::now();
    server.process.signal(Signal::TERM);
    let finished = server.process.wait_for_exit();
    assert!(begun.elapsed() < Duration::from_secs(15), "it waited for the request: {:?}", begun.elapsed());
    assert!(finished.stderr.contains("the grace is over"), "{}", finished.stderr);
}

#[test]
fn a_function_cleans_up_on_sigterm() {
    let dir = folder();
    let function = Function::start(faulty(dir.path()));
    assert_eq!(function.send(&Request::get("/tool")).text(), "0");
    function.process.signal(Signal::TERM);
    assert_eq!(function.process.wait_for_exit().status.code(), Some(0));
    assert_eq!(Journal::of(dir.path()).lines(), ["open 0", "close 0"]);
}
