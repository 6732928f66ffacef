//! What goes wrong inside one invocation stays there: the client gets a clear answer, and the next request is served.

use std::io;

use tests::http::{Connection, Request};
use tests::journal::Journal;

use crate::support::{Function, Server, assert_problem, faulty, folder};

#[test]
fn a_handler_past_its_timeout_is_504_and_its_connection_is_closed() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let journal = Journal::of(dir.path());
    assert_eq!(server.get("/tool").text(), "0");
    let late = server.get("/late");
    assert_problem(&late, 504, "DEADLINE_EXCEEDED");
    assert_eq!(late.header("retry-after"), Some("1"));
    assert_eq!(server.get("/tool").text(), "1");
    journal.wait_for("close 0");
    assert_eq!(journal.lines(), ["open 0", "begin late 0", "close 0", "open 1"]);
}

#[test]
fn a_panic_is_an_opaque_500_and_its_connection_is_closed() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let panicked = server.get("/panic");
    let problem = assert_problem(&panicked, 500, "PANIC");
    assert!(!problem.to_string().contains("hunter2"), "{problem}");
    server.process.wait_for_line("the secret is hunter2");
    assert_eq!(server.get("/tool").text(), "1");
    Journal::of(dir.path()).wait_for("close 0");
}

#[test]
fn an_error_that_panics_when_it_is_logged_is_a_500_and_the_log_knows_the_request() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let request = Request::get("/speechless").header("x-request-id", "the-speechless-one");
    let answer = request.send(server.address);
    let problem = assert_problem(&answer, 500, "PANIC");
    assert!(!problem.to_string().contains("hunter2"), "{problem}");
    let line = server.process.wait_for_line("the-speechless-one");
    assert!(line.contains("SPEECHLESS") && line.contains("faulty.rs"), "{line}");
    assert_eq!(server.get("/tool").text(), "0");
}

#[test]
fn a_body_that_does_not_end_well_breaks_off_and_the_log_knows_the_request() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let journal = Journal::of(dir.path());
    assert_eq!(server.get("/body/whole").text(), "begun");
    assert_eq!(server.get("/tool").text(), "0");
    for (number, (end, code)) in [
        ("panics", "PANIC"),
        ("fails", "RESPONSE_BODY_BROKEN"),
        ("hangs", "DEADLINE_EXCEEDED"),
        ("ticks", "DEADLINE_EXCEEDED"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("the-one-that-{end}");
        let broken =
            Request::get(&format!("/body/{end}")).header("x-request-id", &id).try_send(server.address);
        assert_eq!(broken.unwrap_err().kind(), io::ErrorKind::UnexpectedEof, "{end}");
        let line = server.process.wait_for_line(&id);
        assert!(line.contains(code) && line.contains("broke off") && line.contains("body"), "{line}");
        // What the body held is closed, and another one opened.
        journal.wait_for(&format!("close {number}"));
        assert_eq!(server.get("/tool").text(), (number + 1).to_string());
    }
}

/// Nobody keeps a connection of the pool by asking for much and taking nothing.
#[test]
fn a_body_that_its_client_does_not_read_breaks_off_at_the_deadline() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let journal = Journal::of(dir.path());
    let mut client = Connection::open(server.address).expect("a connection");
    let request = Request::get("/body/floods").header("x-request-id", "the-one-that-floods");
    client.send(&request.to_bytes()).expect("a request");
    journal.wait_for("close 0");
    let line = server.process.wait_for_line("the-one-that-floods");
    assert!(line.contains("DEADLINE_EXCEEDED") && line.contains("broke off"), "{line}");
    assert_eq!(server.get("/tool").text(), "1");
    // Whenever it reads on, it sees that this is not the whole.
    let error = client.read_response(false).expect_err("an answer that breaks off");
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn every_tenth_of_a_thousand_invocations_panics_and_the_others_are_served() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let mut connection = Connection::open(server.address).expect("a connection");
    let (mut served, mut panicked) = (0, 0);
    for number in 0..1_000 {
        let target = if number % 10 == 0 { "/panic" } else { "/tool" };
        let answer = connection.call(&Request::get(target)).expect("an answer");
        match answer.status {
            200 => served += 1,
            _ => {
                assert_problem(&answer, 500, "PANIC");
                panicked += 1;
            }
        }
    }
    assert_eq!((served, panicked), (900, 100));
    // Each panic has cost its connection, and one is open as before.
    let journal = Journal::of(dir.path());
    assert_eq!((journal.count("close"), journal.open()), (100, 1), "{:?}", journal.lines());
    assert_eq!(server.status("/health/live"), Some(200));
}

#[test]
fn an_answer_that_json_does_not_allow_is_an_opaque_500() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let problem = assert_problem(&server.get("/unwritable"), 500, "RESPONSE_NOT_SERIALIZABLE");
    assert!(problem.get("detail").is_none(), "{problem}");
    server.process.wait_for_line("key must be a string");
    assert_eq!(server.get("/tool").status, 200);
}

#[test]
fn a_header_that_is_not_utf8_passes_over_http_and_is_a_clear_500_on_lambda() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let odd = server.get("/odd-header");
    assert_eq!((odd.status, odd.text().as_str()), (200, "odd"));
    assert!(odd.header("x-odd").is_some_and(|value| value.starts_with("caf")));

    let dir = folder();
    let function = Function::start(faulty(dir.path()));
    assert_problem(&function.send(&Request::get("/odd-header")), 500, "RESPONSE_HEADER_NOT_UTF8");
    function.process.wait_for_line("`x-odd` is not UTF-8");
    assert_eq!(function.send(&Request::get("/tool")).status, 200);
}

#[test]
fn a_function_outlives_a_panic_a_deadline_and_an_answer_it_cannot_write() {
    let dir = folder();
    let function = Function::start(faulty(dir.path()));
    assert_problem(&function.send(&Request::get("/panic")), 500, "PANIC");
    assert_problem(&function.send(&Request::get("/late")), 504, "DEADLINE_EXCEEDED");
    assert_problem(&function.send(&Request::get("/unwritable")), 500, "RESPONSE_NOT_SERIALIZABLE");
    assert_eq!(function.send(&Request::get("/tool")).text(), "2");
}

#[test]
fn what_is_not_http_is_refused_and_the_server_goes_on() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    for bytes in [
        &b"not http at all\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
        b"POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let mut connection = Connection::open(server.address).expect("a connection");
        connection.send(bytes).expect("bytes are taken");
        match connection.read_response(false) {
            Ok(response) => assert_eq!(response.status, 400, "{}", bytes.escape_ascii()),
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{}", bytes.escape_ascii())
            }
        }
    }
    assert_eq!(server.get("/tool").text(), "0");
}

#[test]
fn logs_are_json_with_the_request_id_where_machines_read_them() {
    let dir = folder();
    let function = Function::start(faulty(dir.path()));
    let problem = assert_problem(&function.send(&Request::get("/panic")), 500, "PANIC");
    let line = function.process.wait_for_line("the secret is hunter2");
    let line: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
    assert_eq!((&line["level"], &line["code"]), (&"ERROR".into(), &"PANIC".into()), "{line}");
    assert_eq!(line["request_id"], problem["request_id"], "{line}");
    assert_eq!(line["handler"], "panics", "{line}");

    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let problem = assert_problem(&server.get("/panic"), 500, "PANIC");
    let line = server.process.wait_for_line("the secret is hunter2");
    assert!(
        !line.starts_with('{') && line.contains(problem["request_id"].as_str().expect("an id")),
        "{line}"
    );
}
