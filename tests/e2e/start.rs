//! What a person sees who starts the example.

use tests::http::Request;
use tests::ports::{free, hold};

use crate::support::{Server, an_order, folder, orders};

#[test]
fn the_banner_tells_what_runs_where_and_what_to_try() {
    let dir = folder();
    let server = Server::start(orders(dir.path()));
    let address = server.address;
    server.process.wait_for_line("curl ");
    let banner = server.process.written();
    // However wide the columns are.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        format!("orders listens on http://{address}"),
        "GET /orders/{id} get_order".to_owned(),
        "POST /orders create_order".to_owned(),
        "POST /orders/{id}/cancel cancel_order".to_owned(),
        "invoke order-totals order_totals".to_owned(),
        "sqs incoming-orders take_order".to_owned(),
        "orders-db".to_owned(),
        "/health  /health/ready  /health/live  /health/startup".to_owned(),
        "no lift.toml".to_owned(),
        format!("curl -i http://{address}/orders"),
    ] {
        assert!(words(&banner).contains(&words(&expected)), "`{expected}` is not in the banner:\n{banner}");
    }
}

#[test]
fn the_banner_names_the_settings_file_that_was_read() {
    let dir = folder();
    std::fs::write(dir.path().join("lift.toml"), "[server]\nlisten = \"127.0.0.1:0\"\n").expect("a file");
    let process = orders(dir.path()).start();
    process.wait_for_line("lift.toml and the environment");
}

#[test]
fn the_address_is_the_option_else_lift_listen_else_port_else_loopback_3000() {
    let dir = folder();
    let listening = |program: tests::process::Program| {
        program
            .start()
            .wait_for("its address", |line| Some(line.split_once("listens on http://")?.1.to_owned()))
    };
    let program = orders(dir.path());
    let by_option = program.clone().env("LIFT_LISTEN", "127.0.0.2:0").arg("--listen").arg("127.0.0.3:0");
    assert!(listening(by_option).starts_with("127.0.0.3:"));
    let by_variable = program.clone().env("LIFT_LISTEN", "127.0.0.2:0").env("PORT", "0");
    assert!(listening(by_variable).starts_with("127.0.0.2:"));
    assert!(listening(program.clone().env("PORT", "0")).starts_with("0.0.0.0:"));
    let help = program.arg("--help").run().stdout;
    assert!(help.contains("127.0.0.1:3000"), "{help}");
}

#[test]
fn a_busy_port_is_named_with_what_to_do() {
    let dir = folder();
    let (_listener, address) = hold();
    let finished = orders(dir.path()).arg("serve").arg("--listen").arg(address.to_string()).run();
    assert_eq!(finished.status.code(), Some(1));
    let text = finished.stderr;
    assert!(text.contains(&format!("cannot listen on `{address}`")) && text.contains("--listen"), "{text}");
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn a_server_that_cannot_start_says_so_once_and_never_that_it_listens() {
    let dir = folder();
    let missing = dir.path().join("not-yet");
    let program =
        orders(dir.path()).env("ORDERS_DB_URL", format!("sqlite://{}/orders.db", missing.display()));
    let program = program.env("LIFT_LISTEN", "127.0.0.1:0").env("RUST_BACKTRACE", "0");
    let finished = program.clone().run();
    assert_eq!(finished.status.code(), Some(1));
    let text = finished.stderr;
    assert!(!text.contains("listens on"), "{text}");
    // The file is named where the cause is told, and nowhere else.
    let told: Vec<_> =
        text.lines().filter(|line| line.contains("orders-db") || line.contains("not-yet")).collect();
    let [told] = told.as_slice() else { panic!("{text}") };
    assert!(told.starts_with("error: start function") && told.contains("not-yet"), "{text}");

    // With `start.wait` it is tried again.
    let process = program.env("LIFT_START_WAIT", "60s").start();
    let again = process.wait_for_line("it is tried again");
    assert!(again.contains("not-yet"), "{again}");
    assert!(!process.written().contains("listens on"), "{}", process.written());
    std::fs::create_dir(&missing).expect("a folder");
    process.wait_for_line("listens on");
    let written = process.written();
    assert_eq!(written.matches("it is tried again").count(), 1, "{written}");
    assert!(!written.contains("breaker"), "{written}");
}

#[test]
fn probes_are_answered_while_a_start_function_is_tried_again() {
    let dir = folder();
    let missing = dir.path().join("not-yet");
    let program =
        orders(dir.path()).env("ORDERS_DB_URL", format!("sqlite://{}/orders.db", missing.display()));
    let address = free();
    let process = program.env("LIFT_START_WAIT", "60s").env("LIFT_LISTEN", address.to_string()).start();
    process.wait_for_line("it is tried again");
    assert_eq!(Request::get("/health/live").send(address).status, 200);
    assert_eq!(Request::get("/health/ready").send(address).status, 503);
    process.signal(tests::process::Signal::TERM);
    let finished = process.wait_for_exit();
    assert!(finished.status.success(), "{}", finished.stderr);
}

#[test]
fn what_was_stored_is_there_after_a_restart() {
    let dir = folder();
    let server = Server::start(orders(dir.path()));
    let location = server
        .send(&Request::post("/orders", &an_order()))
        .header("location")
        .expect("a location")
        .to_owned();
    drop(server);
    let server = Server::start(orders(dir.path()));
    assert_eq!(server.get(&location).json()["customer"], "ada");
}
