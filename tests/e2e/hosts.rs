//! The same requests to both hosts get the same answers: status, body, content type and the headers that matter.

use std::io::Write;
use std::net::SocketAddr;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::binaries::example_with;
use tests::http::{Connection, Request, Response};
use tests::process::Program;
use tests::servers::Postgres;

use crate::support::{Function, Server, an_order, assert_problem, faulty, folder, orders};

const MEGABYTE: usize = 1024 * 1024;

/// One service on both hosts, each with its own folder.
struct Hosts {
    server: Server,
    function: Function,
    _dirs: [TempDir; 2],
}

impl Hosts {
    fn start(program: impl Fn(&std::path::Path) -> Program) -> Self {
        let dirs = [folder(), folder()];
        let server = Server::start(program(dirs[0].path()));
        let function = Function::start(program(dirs[1].path()).env("LIFT_LAMBDA_ON_START", "true"));
        Self { server, function, _dirs: dirs }
    }

    /// Runs a test with `orders` on each of its stores.
    fn on_each_store(test: impl Fn(&Self)) {
        test(&Self::start(orders));
        let postgres = Postgres::start();
        let program = example_with("orders", "postgres");
        test(&Self::start(|dir| Program::new(&program).dir(dir).env("ORDERS_DB_URL", postgres.database())));
    }

    /// The answer of both, which has to be the same one.
    fn same(&self, what: &str, request: &Request) -> Response {
        self.same_each(what, |_| request.clone())
    }

    /// The same with a request that differs between them, for example by the id of something they made.
    fn same_each(&self, what: &str, request: impl Fn(SocketAddr) -> Request) -> Response {
        let [server, function] = [self.server.address, self.function.emulator.address()];
        let (over_http, as_event) = (request(server).send(server), request(function).send(function));
        assert_eq!(essence(&over_http), essence(&as_event), "{what}");
        over_http
    }
}

/// What has to be equal. Ids are numbered in the order in which they first appear.
fn essence(response: &Response) -> Value {
    const KEPT: [&str; 7] =
        ["content-type", "location", "allow", "retry-after", "set-cookie", "vary", "cache-control"];
    let mut headers: Vec<_> =
        response.headers.iter().filter(|(name, _)| KEPT.contains(&name.as_str())).collect();
    headers.sort();
    let text = json!({"status": response.status, "headers": headers, "body": response.text()}).to_string();
    serde_json::from_str(&without_ids(&text)).expect("JSON stays JSON")
}

fn without_ids(text: &str) -> String {
    let mut seen: Vec<String> = Vec::new();
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match rest.get(..36).filter(|word| uuid::Uuid::parse_str(word).is_ok()) {
            Some(id) => {
                let number = seen.iter().position(|other| other == id).unwrap_or_else(|| {
                    seen.push(id.to_owned());
                    seen.len() - 1
                });
                out += &format!("<id {number}>");
                rest = &rest[36..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

fn make_order(host: SocketAddr) -> String {
    let made = Request::post("/orders", &an_order()).send(host);
    made.header("location").expect("a location").to_owned()
}

#[test]
fn orders_are_made_read_listed_and_cancelled_alike() {
    Hosts::on_each_store(make_read_list_and_cancel);
}

fn make_read_list_and_cancel(hosts: &Hosts) {
    let empty = hosts.same("an empty list", &Request::get("/orders"));
    assert_eq!((empty.status, empty.json()), (200, json!([])));

    let made = hosts.same("an order", &Request::post("/orders", &an_order()));
    let order = made.json();
    let id = order["id"].as_str().expect("an id");
    assert_eq!((made.status, made.content_type()), (201, "application/json"));
    assert_eq!(made.header("location"), Some(format!("/orders/{id}").as_str()));
    assert_eq!(
        order,
        json!({"id": id, "customer": "ada", "item": "Difference Engine", "quantity": 2, "status": "open"})
    );

    let read = hosts.same_each("an order", |host| Request::get(&make_order(host)));
    assert_eq!(read.status, 200);
    assert_eq!(hosts.server.get(&format!("/orders/{id}")).json(), order, "what is read is what was made");

    let cancelled = hosts
        .same_each("a cancelled order", |host| Request::new("POST", &format!("{}/cancel", make_order(host))));
    assert_eq!((cancelled.status, &cancelled.json()["status"]), (200, &json!("cancelled")));
    let again = hosts.same_each("an order cancelled twice", |host| {
        let cancel = Request::new("POST", &format!("{}/cancel", make_order(host)));
        cancel.send(host);
        cancel
    });
    assert_problem(&again, 409, "ORDER_CANCELLED");

    let other = json!({"customer": "gr\u{fc}n & co", "item": "a \"quoted\" \u{1f980}\n", "quantity": 1000});
    hosts.same("text beyond ASCII", &Request::post("/orders", &other));
    let listed =
        hosts.same("a query with escapes", &Request::get("/orders?customer=gr%C3%BCn+%26%20co&limit=5"));
    assert_eq!(listed.json().as_array().map(Vec::len), Some(1));
    assert_eq!(
        hosts.same("a limit", &Request::get("/orders?limit=2")).json().as_array().map(Vec::len),
        Some(2)
    );

    let head = hosts.same("HEAD", &Request::new("HEAD", "/orders"));
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn bad_requests_are_answered_alike() {
    Hosts::on_each_store(refuse);
}

fn refuse(hosts: &Hosts) {
    let json =
        |body: &str| Request::new("POST", "/orders").header("content-type", "application/json").body(body);
    let nobody = "/orders/6f9619ff-8b86-4d01-b42d-00cf4fc964ff";

    for (what, request, status, code) in [
        ("an unknown id", Request::get(nobody), 404, "ORDER_NOT_FOUND"),
        (
            "an unknown id to cancel",
            Request::new("POST", &format!("{nobody}/cancel")),
            404,
            "ORDER_NOT_FOUND",
        ),
        ("an unknown route", Request::get("/order"), 404, "ROUTE_NOT_FOUND"),
        ("a trailing slash", Request::get("/orders/"), 404, "ROUTE_NOT_FOUND"),
        ("malformed JSON", json("{\"customer\": \"ada\","), 400, "INVALID_JSON"),
        (
            "an empty body",
            Request::new("POST", "/orders").header("content-type", "application/json"),
            400,
            "INVALID_JSON",
        ),
        (
            "an unknown field",
            json("{\"customer\":\"a\",\"item\":\"b\",\"quantity\":1,\"vip\":1}"),
            422,
            "INVALID_BODY",
        ),
        ("a missing field", json("{\"customer\":\"a\",\"item\":\"b\"}"), 422, "INVALID_BODY"),
        (
            "no content type",
            Request::new("POST", "/orders").body(an_order().to_string()),
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            "a wrong content type",
            Request::new("POST", "/orders").header("content-type", "text/plain").body("x"),
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            "a binary content type",
            Request::new("POST", "/orders").header("content-type", "image/png").body("x"),
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        ("a wrong query", Request::get("/orders?limit=many"), 400, "BAD_REQUEST"),
        ("a query beyond its type", Request::get("/orders?limit=-1"), 400, "BAD_REQUEST"),
        ("escapes that are not UTF-8", Request::get("/orders/%ff"), 400, "INVALID_PATH_PARAMETER"),
    ] {
        assert_problem(&hosts.same(what, &request), status, code);
    }

    let wrong_path = assert_problem(
        &hosts.same("a wrong path parameter", &Request::get("/orders/seven")),
        400,
        "INVALID_PATH_PARAMETER",
    );
    assert!(wrong_path["detail"].as_str().is_some_and(|detail| detail.contains("`id`")), "{wrong_path}");

    let wrong_type = json("{\"customer\":\"ada\",\"item\":\"engine\",\"quantity\":\"two\"}");
    let wrong_type = assert_problem(&hosts.same("a field of a wrong type", &wrong_type), 422, "INVALID_BODY");
    assert_eq!(wrong_type["errors"][0]["pointer"], "#/quantity", "{wrong_type}");
    assert!(
        wrong_type["detail"].as_str().is_some_and(|detail| detail.starts_with("quantity: ")),
        "{wrong_type}"
    );

    for (method, path, allow) in [
        ("DELETE", "/orders", "GET, HEAD, POST"),
        ("PUT", nobody, "GET, HEAD"),
        ("GET", "/orders/x/cancel", "POST"),
    ] {
        let refused = hosts.same("a wrong method", &Request::new(method, path));
        assert_problem(&refused, 405, "METHOD_NOT_ALLOWED");
        assert_eq!(refused.header("allow"), Some(allow), "{method} {path}");
    }
}

#[test]
fn bodies_are_limited_alike() {
    let hosts = Hosts::start(orders);
    let order_of = |size: usize| {
        let item = "x".repeat(size - r#"{"customer":"ada","item":"","quantity":2}"#.len());
        Request::post("/orders", &json!({"customer": "ada", "item": item, "quantity": 2}))
    };
    assert_problem(&hosts.same("above 6 MB", &order_of(6 * MEGABYTE + 1)), 413, "BODY_TOO_LARGE");
    // Large enough for axum's own limit, and read: the item's length is refused.
    let read = assert_problem(&hosts.same("3 MB", &order_of(3 * MEGABYTE)), 422, "INVALID_BODY");
    assert_eq!(read["errors"][0]["pointer"], "#/item", "{read}");
    assert_problem(&hosts.same("just 6 MB", &order_of(6 * MEGABYTE)), 422, "INVALID_BODY");
    assert_eq!(hosts.same("a request after them", &Request::get("/orders")).json(), json!([]));
}

#[test]
fn handlers_see_the_same_request() {
    let hosts = Hosts::start(faulty);
    for target in [
        "/echo/plain",
        "/echo/a%20b%2Fc?x=%C3%A9&x=2&empty=&flag",
        "/echo/%F0%9F%A6%80?q=%22quoted%22",
        "/echo/a+b;c=d,e:@!$&'()*?a=b?c/d",
        "/echo/%7Ewith%2Ddots.%2E",
    ] {
        let seen = hosts.same(target, &Request::get(target)).json();
        assert_eq!(Some(target.split('?').next().expect("a path")), seen["path"].as_str());
        assert_eq!(target.split_once('?').map(|(_, query)| query), seen["query"].as_str());
    }
    let cookies = Request::get("/echo/cookies").header("cookie", "session=3f8b; theme=dark");
    let answer = hosts.same("cookies", &cookies);
    assert_eq!(answer.json()["cookie"], json!(["session=3f8b; theme=dark"]));
    let set: Vec<_> =
        answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value).collect();
    assert_eq!(set, ["a=1; Path=/", "b=2"]);

    let header = Request::get("/echo/header").header("x-word", "one, two");
    assert_eq!(hosts.same("a header with a comma", &header).json()["x"], json!(["one, two"]));

    let text = Request::new("POST", "/length").header("content-type", "text/plain").body("f\u{fc}nf!");
    assert_eq!(hosts.same("a text", &text).text(), "6");
    let binary =
        Request::new("POST", "/length").header("content-type", "application/octet-stream").body(&b"ab\n"[..]);
    assert_eq!(hosts.same("a base64 body", &binary).text(), "3");
    let wrong =
        Request::new("POST", "/length").header("content-type", "application/octet-stream").body(&b"\xff"[..]);
    assert_problem(&hosts.same("a body that is no text", &wrong), 400, "BAD_REQUEST");
}

#[test]
fn a_body_without_a_length_is_limited_too() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let megabyte = [b"100000\r\n", &vec![b'x'; MEGABYTE][..], b"\r\n"].concat();
    let head = b"POST /length HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    for (megabytes, status, text) in [(5, 200, Some("5242880")), (7, 413, None)] {
        let bytes = [&head[..], &megabyte.repeat(megabytes), b"0\r\n\r\n"].concat();
        let response = raw(&server, bytes);
        assert_eq!(response.status, status);
        match text {
            Some(text) => assert_eq!(response.text(), text),
            None => drop(assert_problem(&response, 413, "BODY_TOO_LARGE")),
        }
    }
}

/// Writes beside reading, as a server may answer and hang up before it has read everything.
fn raw(server: &Server, bytes: Vec<u8>) -> Response {
    let mut connection = Connection::open(server.address).expect("a connection");
    let mut writer = connection.writer().expect("a second handle");
    let writing = thread::spawn(move || writer.write_all(&bytes));
    let response = connection.read_response(false).expect("an answer");
    drop(connection);
    // Not everything is written when the server has hung up.
    let _ = writing.join().expect("writing does not panic");
    response
}

#[test]
fn one_connection_serves_many_requests() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let mut connection = Connection::open(server.address).expect("a connection");
    for (method, target, status) in [
        ("GET", "/tool", 200),
        ("HEAD", "/tool", 200),
        ("GET", "/nothing", 404),
        ("HEAD", "/late", 504),
        ("GET", "/tool", 200),
    ] {
        connection.send(&Request::new(method, target).to_bytes()).expect("a request");
        let response = connection.read_response(method == "HEAD").expect("an answer");
        assert_eq!(response.status, status, "{method} {target}");
    }
}

#[test]
fn a_repeated_header_reaches_a_server_whole() {
    // The emulator passes on one of them; AWS joins them by commas.
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let twice = Request::get("/echo/header").header("x-word", "one").header("x-word", "two");
    assert_eq!(server.send(&twice).json()["x"], json!(["one", "two"]));
}

#[test]
fn health_is_answered_alike() {
    // On Lambda, which the world may ask, only when told so.
    let hosts = Hosts::start(|dir| faulty(dir).env("LIFT_HEALTH_PUBLIC_NAMES", "true"));
    for path in ["/health", "/health/ready", "/health/live", "/health/startup"] {
        assert_eq!(hosts.same(path, &Request::get(path)).status, 200, "{path}");
    }
    let silent = Hosts::start(faulty);
    let report = Request::get("/health").send(silent.function.emulator.address());
    assert_eq!(report.json(), json!({"status": "healthy"}));
}

#[test]
fn a_request_id_is_taken_over_or_made() {
    let dir = folder();
    let server = Server::start(faulty(dir.path()));
    let named = server.send(&Request::get("/nothing").header("x-request-id", "from-the-client"));
    assert_eq!(assert_problem(&named, 404, "ROUTE_NOT_FOUND")["request_id"], "from-the-client");
    let made = server.get("/tool");
    assert!(made.header("x-request-id").is_some_and(|id| uuid::Uuid::parse_str(id).is_ok()), "{made:?}");
}

#[test]
fn direct_invokes_are_json_in_and_json_out() {
    let dir = folder();
    let function = Function::start(faulty(dir.path()));
    let sum = function.emulator.invoke("[1, 2, 3]");
    assert_eq!((sum.status, sum.json()), (200, json!(6)));
    let wrong = function.emulator.invoke("[1, \"two\"]");
    assert_eq!(wrong.json()["errorType"], "INVALID_BODY", "{}", wrong.text());
}
