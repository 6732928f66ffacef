//! Probes with a dependency down and with a database that is no more.

use std::fs;
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tests::deadline::{look_until, wait_until};
use tests::http::{Request, Response};
use tests::ports::hold;

use crate::support::{Server, an_order, assert_problem, folder, orders};

#[test]
fn with_the_warehouse_down_health_is_degraded_and_the_service_is_ready() {
    let dir = folder();
    let server = Server::start(orders(dir.path()));
    let report = server.get("/health");
    assert_eq!(report.status, 200, "{}", report.text());
    assert_eq!(
        (report.content_type(), report.header("cache-control")),
        ("application/json", Some("no-store"))
    );
    let report = report.json();
    assert_eq!(report["status"], "degraded", "{report}");
    assert_eq!(report["components"]["warehouse"]["status"], "unhealthy", "{report}");
    assert_eq!(report["components"]["orders-db"]["status"], "healthy", "{report}");
    for path in ["/health/ready", "/health/live", "/health/startup"] {
        let probe = server.get(path);
        assert_eq!((probe.status, &probe.json()["status"]), (200, &json!("healthy")), "{path}");
    }
    assert_eq!(server.send(&Request::post("/orders", &an_order())).status, 201);
}

#[test]
fn with_the_warehouse_up_health_is_healthy() {
    let (listener, warehouse) = hold();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
        }
    });
    let dir = folder();
    let server =
        Server::start(orders(dir.path()).env("WAREHOUSE_CLIENT_URL", format!("http://{warehouse}/")));
    let report = server.get("/health").json();
    assert_eq!(report["status"], "healthy", "{report}");
}

#[test]
fn a_database_overwritten_by_garbage_fails_readiness_for_good_but_not_liveness() {
    // Whether the fault is met when a connection is taken from the pool, or by the check itself.
    for validate_after in ["0", "1h"] {
        let dir = folder();
        let program = orders(dir.path()).env("ORDERS_DB_POOL_VALIDATE_AFTER", validate_after);
        let server = Server::start(program.env("LIFT_HEALTH_INTERVAL", "100ms"));
        assert_eq!(server.send(&Request::post("/orders", &an_order())).status, 201);
        assert_eq!(server.status("/health/ready"), Some(200));

        fs::write(dir.path().join("orders.db"), "this was a database\n".repeat(1000)).expect("a file");
        let failed = || Some(server.get("/health/ready")).filter(|ready| ready.status != 200);
        let ready = wait_until("readiness to fail", failed);
        assert_eq!((ready.status, &ready.json()["status"]), (503, &json!("unhealthy")));
        assert_eq!(server.status("/health/live"), Some(200));
        let report = server.get("/health");
        assert_eq!(report.status, 503, "{}", report.text());
        assert_eq!(report.json()["components"]["orders-db"]["status"], "unhealthy", "{}", report.text());

        // Many intervals: nothing has repaired the file behind everybody's back.
        let repaired =
            look_until(Duration::from_secs(3), || (server.status("/health/ready")? == 200).then_some(()));
        assert!(repaired.is_none(), "readiness is back, validate_after = {validate_after}");
    }
}

#[test]
fn reports_hold_no_details_unless_asked_to() {
    let dir = folder();
    let message = |report: Response| report.json()["components"]["warehouse"]["message"].clone();
    let server = Server::start(orders(dir.path()));
    assert!(message(server.get("/health")).is_null());
    drop(server);
    let server = Server::start(orders(dir.path()).env("LIFT_HEALTH_DETAILS", "always"));
    assert!(message(server.get("/health")).is_string());
}

#[test]
fn components_are_told_alone_and_in_the_form_that_was_asked_for() {
    let dir = folder();
    let server = Server::start(orders(dir.path()));
    let one = server.get("/health/components/orders-db");
    assert_eq!(
        (one.status, one.json()["components"]["orders-db"]["status"].as_str()),
        (200, Some("healthy"))
    );
    let unhealthy = server.get("/health/components/warehouse");
    assert_eq!((unhealthy.status, unhealthy.json()["status"].as_str()), (200, Some("degraded")));
    assert_eq!(
        server.get("/health/components").json()["components"].as_object().map(|all| all.len()),
        Some(3)
    );
    assert_problem(&server.get("/health/components/nobody"), 404, "COMPONENT_NOT_FOUND");
    assert_eq!(server.status("/health/components/orders-db%2Fx"), Some(404));

    let asked = |form: &str| server.send(&Request::get("/health").header("accept", form));
    let text = asked("text/plain");
    assert_eq!(text.content_type(), "text/plain");
    assert!(
        text.text().starts_with("degraded\n") && text.text().contains("  warehouse         unhealthy\n"),
        "{}",
        text.text()
    );
    let draft = asked("application/health+json");
    assert_eq!(
        (draft.content_type(), draft.json()["status"].as_str()),
        ("application/health+json", Some("warn"))
    );
    assert_eq!(draft.json()["checks"]["warehouse"][0]["status"], "fail");
}

#[test]
fn the_command_looks_once_and_its_exit_status_says_what_it_saw() {
    let dir = folder();
    let degraded = orders(dir.path()).arg("health").run();
    assert_eq!(degraded.status.code(), Some(1), "{}", degraded.stderr);
    assert!(
        degraded.stdout.starts_with("degraded\n") && degraded.stdout.contains("warehouse"),
        "{}",
        degraded.stdout
    );
    fs::write(dir.path().join("orders.db"), "this was a database\n".repeat(1000)).expect("a file");
    let unhealthy = orders(dir.path()).arg("health").run();
    assert_eq!(unhealthy.status.code(), Some(2), "{}", unhealthy.stderr);
    assert!(unhealthy.stdout.starts_with("unhealthy\n"), "{}", unhealthy.stdout);
}

#[test]
fn probes_can_be_moved() {
    let dir = folder();
    let program = orders(dir.path()).env("LIFT_HEALTH_BASE_PATH", "/-/health");
    let server = Server::start_unready(program);
    wait_until("readiness", || (server.status("/-/health/ready")? == 200).then_some(()));
    assert_eq!(server.status("/health"), Some(404));
}

#[test]
fn a_probe_takes_get_and_head_only() {
    let dir = folder();
    let server = Server::start(orders(dir.path()));
    let head = server.send(&Request::new("HEAD", "/health/live"));
    assert_eq!((head.status, head.body.len()), (200, 0));
    let refused = server.send(&Request::new("POST", "/health/live"));
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
}
