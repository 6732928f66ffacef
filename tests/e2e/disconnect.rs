//! A client that goes away.

use tests::http::{Connection, Request};
use tests::journal::Journal;

use crate::support::{Server, faulty, folder};

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
