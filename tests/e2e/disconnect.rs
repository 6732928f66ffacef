//! A client that goes away.

use tests::http::{Connection, Request};
use tests::journal::Journal;

use crate::support::{Server, assert_problem, faulty, folder};

#[test]
fn when_a_client_goes_away_the_handler_finishes_and_its_connection_is_lent_again() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let journal = Journal::of(dir.path());
    let mut client = Connection::open(server.address).expect("a connection");
    client.send(&Request::get("/slow/300").to_bytes()).expect("a request");
    journal.wait_for("begin slow 0");
    drop(client);
    journal.wait_for("end slow 0");
    // The pool has one place: this is the same connection, back.
    assert_eq!(server.get("/tool").text(), "0");
    assert_eq!(journal.lines(), ["open 0", "begin slow 0", "end slow 0"]);
}

#[test]
fn a_client_that_stops_half_way_through_its_request_reaches_no_handler() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let mut client = Connection::open(server.address).expect("a connection");
    client
        .send(b"POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf of")
        .expect("half a request");
    drop(client);
    let mut client = Connection::open(server.address).expect("a connection");
    client.send(b"GET /slow/1 HTTP/1.1\r\nho").expect("half a request");
    drop(client);
    assert_eq!(server.get("/tool").text(), "0");
    assert_eq!(Journal::of(dir.path()).lines(), ["open 0"]);
}

#[test]
fn a_client_that_sends_nothing_more_gets_its_answer() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    for request in [Request::get("/slow/300"), Request::new("POST", "/length").body("twelve bytes")] {
        let mut client = Connection::open(server.address).expect("a connection");
        client.send(&request.to_bytes()).expect("a request");
        client.finish_sending().expect("half a connection");
        let answer = client.read_response(false).expect("an answer");
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(client.is_hung_up_on());
    }
}

/// Which is all that is seen of one that is gone.
#[test]
fn a_handler_that_asks_for_it_is_dropped_with_its_client() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let journal = Journal::of(dir.path());
    let mut client = Connection::open(server.address).expect("a connection");
    client.send(&Request::get("/abandoned").to_bytes()).expect("a request");
    journal.wait_for("begin abandoned 0");
    drop(client);
    journal.wait_for("dropped abandoned");
}

#[test]
fn a_status_that_is_no_answer_is_a_failure() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    for status in ["100", "101", "103", "199"] {
        let answer = server.get(&format!("/informational/{status}"));
        let problem = assert_problem(&answer, 500, "RESPONSE_NOT_FINAL");
        let id = problem["request_id"].as_str().expect("an id").to_owned();
        server.process.wait_for_line(&id);
        let written = server.process.written();
        assert_eq!(written.lines().filter(|line| line.contains(&id)).count(), 1, "{written}");
    }
}
