//! The command line of a service: `invoke`, `routes`, `--help`.

use serde_json::{Value, json};
use tests::binaries::{example_with, repository};
use tests::http::Request;
use tests::process::{Finished, Program};

use crate::support::{Function, Server, an_order, assert_problem, database_url, faulty, folder, orders};

fn event(name: &str) -> String {
    let path = repository().join("examples/orders/events").join(name);
    path.with_extension("json").display().to_string()
}

fn invoke(program: &Program, name: &str) -> Finished {
    program.clone().arg("invoke").arg(event(name)).run()
}

/// The status and the body of the answer that `invoke` prints.
fn answer(program: &Program, name: &str) -> (Value, Value) {
    let Finished { status, stdout, stderr } = invoke(program, name);
    assert!(status.success(), "{name}: {stderr}");
    let answer: Value =
        serde_json::from_str(&stdout).expect("the answer is JSON, and nothing else is printed");
    let body = answer["body"].as_str().expect("a body");
    (answer["statusCode"].clone(), serde_json::from_str(body).expect("a JSON body"))
}

#[test]
fn invoke_prints_the_answer_to_an_event() {
    let dir = folder();
    let program = orders(dir.path());
    let (status, made) = answer(&program, "create-order");
    assert_eq!((status, &made["customer"]), (json!(201), &json!("ada")));
    let (status, made) = answer(&program, "create-order-base64");
    assert_eq!((status, &made["quantity"]), (json!(201), &json!(11)));
    let (status, list) = answer(&program, "list-orders");
    assert_eq!((status, list.as_array().map(Vec::len)), (json!(200), Some(2)));
    for name in ["get-order", "cancel-order"] {
        let (status, problem) = answer(&program, name);
        assert_eq!((status, &problem["code"]), (json!(404), &json!("ORDER_NOT_FOUND")), "{name}");
    }
    let (status, problem) = answer(&program, "bad-order");
    assert_eq!((status, &problem["errors"][0]["pointer"]), (json!(422), &json!("#/quantity")));
}

#[test]
fn the_command_line_stores_where_the_server_reads() {
    let dir = folder();
    let (_, made) = answer(&orders(dir.path()), "create-order");
    let server = Server::start(orders(dir.path()));
    let id = made["id"].as_str().expect("an id");
    assert_eq!(server.get(&format!("/orders/{id}")).json(), made);
}

#[test]
fn invoke_calls_a_named_handler() {
    let dir = folder();
    let numbers = dir.path().join("numbers.json");
    std::fs::write(&numbers, "[1, 2, 3]").expect("a file");
    let finished = faulty(dir.path()).arg("invoke").arg(&numbers).arg("--name").arg("sum").run();
    assert_eq!((finished.status.code(), finished.stdout.as_str()), (Some(0), "6\n"), "{}", finished.stderr);
    let finished = faulty(dir.path()).arg("invoke").arg(&numbers).arg("--name").arg("product").run();
    assert_eq!(finished.status.code(), Some(1));
    assert!(
        finished.stderr.contains("`product`") && finished.stderr.contains("invoke `sum`"),
        "{}",
        finished.stderr
    );
}

#[test]
fn invoke_says_what_is_wrong_with_its_file() {
    let dir = folder();
    let program = orders(dir.path());
    let missing = program.clone().arg("invoke").arg("nowhere.json").run();
    assert_eq!(missing.status.code(), Some(1));
    assert!(missing.stderr.contains("`nowhere.json`"), "{}", missing.stderr);
    let none = program.arg("invoke").run();
    assert_eq!(none.status.code(), Some(1));
    assert!(none.stderr.contains("needs the file of an event"), "{}", none.stderr);
}

#[test]
fn events_writes_any_route_and_queue_with_a_body() {
    let dir = folder();
    let order = dir.path().join("order.json");
    std::fs::write(&order, an_order().to_string()).expect("a file");
    let event = |kind: &str, name: &str| {
        let program = orders(dir.path()).arg("events").arg(kind).arg(name).arg("--body").arg(&order);
        let Finished { status, stdout, stderr } = program.run();
        assert!(status.success(), "{kind} {name}: {stderr}");
        let file = dir.path().join("event.json");
        std::fs::write(&file, stdout).expect("a file");
        orders(dir.path()).arg("invoke").arg(&file).run()
    };
    for kind in ["http-api", "function-url", "rest-api", "load-balancer"] {
        let made = event(kind, "POST /orders");
        let answer: Value = serde_json::from_str(&made.stdout).expect("JSON");
        assert_eq!((made.status.code(), &answer["statusCode"]), (Some(0), &json!(201)), "{kind}: {answer}");
    }
    // The route as it is written, or a request to it.
    for (name, status) in
        [("GET /orders/{id}", 400), ("get /orders/53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa?expand=lines", 404)]
    {
        let answer: Value = serde_json::from_str(&event("http-api", name).stdout).expect("JSON");
        assert_eq!(answer["statusCode"], status, "{name}: {answer}");
    }
    assert_eq!(event("sqs", "incoming-orders").status.code(), Some(0));

    std::fs::write(&order, "{}").expect("a file");
    let refused = event("sqs", "incoming-orders");
    assert_eq!(refused.status.code(), Some(1), "{}", refused.stdout);
    assert!(refused.stderr.contains("error: one record failed"), "{}", refused.stderr);

    for (kind, name, words) in [
        ("http-api", "POST /nothing", "this service takes no event `http-api POST /nothing`"),
        ("sqs", "others", "this service takes no event `sqs others`"),
        ("kafka", "orders", "it takes http-api"),
    ] {
        let refused = orders(dir.path()).arg("events").arg(kind).arg(name).run();
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    std::fs::write(&order, [0xff]).expect("a file");
    let refused = orders(dir.path()).arg("events").arg("sqs").arg("--body").arg(&order).run();
    assert!(refused.stderr.contains("an event of `sqs` holds text"), "{}", refused.stderr);
}

#[test]
fn a_program_tells_its_version_and_lifts() {
    let dir = folder();
    let version = orders(dir.path()).arg("--version").run();
    let expected = concat!("orders ", env!("CARGO_PKG_VERSION"), " (lift ", env!("CARGO_PKG_VERSION"), ")\n");
    assert_eq!((version.status.code(), &*version.stdout), (Some(0), expected), "{}", version.stderr);
}

#[test]
fn an_event_that_nothing_serves_is_named_with_what_is_served() {
    let batch = json!({"Records": [{"eventSource": "aws:ses", "eventVersion": "1.0", "ses": an_order()}]});
    let dir = folder();
    let file = dir.path().join("batch.json");
    std::fs::write(&file, batch.to_string()).expect("a file");
    let finished = orders(dir.path()).arg("invoke").arg(&file).run();
    assert_eq!(finished.status.code(), Some(1), "{}", finished.stdout);
    assert!(
        finished.stderr.contains("`aws:ses`") && finished.stderr.contains("HTTP requests"),
        "{}",
        finished.stderr
    );

    let function = Function::start(orders(dir.path()).env("LIFT_LAMBDA_ON_START", "true"));
    let refused = function.emulator.invoke(batch.to_string());
    let error = refused.json();
    assert_eq!(error["errorType"], "EVENT_NOT_SERVED", "{error}");
    let message = error["errorMessage"].as_str().unwrap_or_default();
    assert!(message.contains("`aws:ses`") && message.contains("HTTP requests"), "{message}");
    assert_eq!(function.send(&Request::get("/orders")).json(), json!([]), "the function goes on");
    assert_problem(&function.send(&Request::get("/nothing")), 404, "ROUTE_NOT_FOUND");
}

#[test]
fn errors_lists_what_the_handlers_may_tell_and_opens_nothing() {
    let dir = folder();
    let finished = orders(dir.path()).arg("errors").run();
    assert!(finished.status.success(), "{}", finished.stderr);
    let rows: Vec<Vec<&str>> = finished
        .stdout
        .lines()
        .map(|line| line.split("  ").filter(|cell| !cell.is_empty()).collect())
        .collect();
    let known: Vec<_> =
        rows.iter().map(|row| row.iter().take(4).map(|cell| cell.trim()).collect::<Vec<_>>()).collect();
    assert_eq!(known[0], ["status", "code", "retry", "text"]);
    assert_eq!(known[1], ["404", "ORDER_NOT_FOUND", "-", "order {0} does not exist"]);
    assert_eq!(known.last().expect("a row")[..3], ["503", "STORE_BUSY", "now"]);
    assert!(finished.stdout.contains("create_order, get_order"), "{}", finished.stdout);
    let mut codes: Vec<_> = known.iter().map(|row| row[..2].to_vec()).collect();
    codes.dedup();
    assert_eq!(codes.len(), known.len(), "each code once: {}", finished.stdout);
    for row in finished.stdout.lines().skip(1) {
        let handlers: Vec<_> = row.rsplit("  ").next().expect("handlers").split(", ").collect();
        let once: std::collections::BTreeSet<_> = handlers.iter().collect();
        assert_eq!(once.len(), handlers.len(), "{row}");
    }
    assert!(!dir.path().join("orders.db").exists());
}

#[test]
fn routes_lists_what_is_served_and_opens_nothing() {
    let dir = folder();
    let finished = orders(dir.path()).arg("routes").run();
    assert!(finished.status.success(), "{}", finished.stderr);
    let rows: Vec<Vec<&str>> =
        finished.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    let routes: Vec<&[&str]> = rows.iter().filter_map(|row| row.get(..3)).collect();
    assert_eq!(
        routes,
        [
            ["GET", "/orders", "list_orders"],
            ["POST", "/orders", "create_order"],
            ["GET", "/orders/{id}", "get_order"],
            ["POST", "/orders/{id}/cancel", "cancel_order"],
            ["invoke", "order-totals", "order_totals"],
            ["sqs", "incoming-orders", "take_order"],
            ["schedule", "nightly", "tidy_up"],
        ]
    );
    assert!(finished.stdout.contains("examples/orders/src/handlers.rs:"), "{}", finished.stdout);
    assert!(!dir.path().join("orders.db").exists());
}

#[test]
fn events_lists_samples_and_every_one_can_be_invoked() {
    let dir = folder();
    let program = orders(dir.path());
    let list = program.clone().arg("events").run();
    assert!(list.status.success() && !dir.path().join("orders.db").exists(), "{}", list.stderr);
    let kinds: Vec<&str> = list.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let expected = ["http-api", "function-url", "rest-api", "load-balancer", "invoke", "sqs", "schedule"];
    assert_eq!(kinds, expected);
    let file = dir.path().join("event.json");
    for kind in kinds {
        let event = program.clone().arg("events").arg(kind).run();
        assert!(event.status.success(), "{}", event.stderr);
        std::fs::write(&file, &event.stdout).expect("a file");
        let invoked = program.clone().arg("invoke").arg(&file).run();
        let answer: Value = serde_json::from_str(&invoked.stdout).expect("an answer in JSON");
        match kind {
            "invoke" => assert_eq!(answer, json!({})),
            // An order without anything in it goes back to its queue.
            "sqs" => assert_eq!(answer["batchItemFailures"].as_array().map(Vec::len), Some(1)),
            "schedule" => assert_eq!(answer, Value::Null),
            _ => assert_eq!(answer["statusCode"], 200, "{answer}"),
        }
        assert_eq!(invoked.status.success(), kind != "sqs", "{kind}: {}", invoked.stderr);
    }
    let unknown = program.arg("events").arg("sns").run();
    assert_eq!(unknown.status.code(), Some(1));
    assert!(unknown.stderr.contains("takes no event `sns`") && unknown.stderr.contains("load-balancer"));
}

#[test]
fn a_developers_own_machine_takes_events_by_http() {
    let dir = folder();
    let refused = orders(dir.path()).arg("serve").arg("--dev").run();
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.contains("feature `dev`"), "{}", refused.stderr);

    let dev = || {
        Program::new(example_with("orders", "dev"))
            .dir(dir.path())
            .env("ORDERS_DB_URL", database_url(dir.path()))
    };
    let event = dev().arg("events").arg("sqs").run().stdout;
    let post = || Request::new("POST", "/_lift/events").body(event.clone());
    let without = Server::start(dev());
    assert_problem(&without.send(&post().header("content-type", "application/json")), 404, "ROUTE_NOT_FOUND");
    drop(without);

    let server = Server::start(dev().arg("--dev"));
    let json = || post().header("content-type", "application/json").header("host", "localhost:3000");
    let answer = server.send(&json());
    assert_eq!((answer.status, answer.json()["batchItemFailures"].as_array().map(Vec::len)), (200, Some(1)));
    let failed = server.send(&json().body("{\"Records\": []}"));
    assert_eq!((failed.status, failed.header("x-amz-function-error")), (200, Some("Unhandled")));
    assert_eq!(failed.json()["errorType"], "EVENT_NOT_VALID");
    let elsewhere = post().header("content-type", "application/json").header("host", "example.com");
    for refused in
        [json().header("origin", "http://localhost:3000"), post().header("host", "localhost"), elsewhere]
    {
        assert_eq!(server.send(&refused).status, 403, "{refused:?}");
    }
}

#[test]
fn help_names_the_commands_and_a_wrong_one_points_to_it() {
    let dir = folder();
    let help = orders(dir.path()).arg("--help").run();
    assert!(help.status.success() && help.stderr.is_empty());
    for word in [
        "usage: orders",
        "serve [--listen ADDR]",
        "invoke FILE",
        "events [KIND",
        "routes",
        "LIFT_LISTEN",
        "LIFT_CONFIG",
    ] {
        assert!(help.stdout.contains(word), "`{word}` is not in the help:\n{}", help.stdout);
    }
    for wrong in ["server", "--port"] {
        let refused = orders(dir.path()).arg(wrong).run();
        assert_eq!(refused.status.code(), Some(1));
        assert!(refused.stderr.contains(wrong) && refused.stderr.contains("--help"), "{}", refused.stderr);
    }
}
