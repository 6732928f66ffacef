//! What probes say while checks hang, threads block and clients go away.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::binaries::{installed, repository};
use tests::deadline::{look_until, wait_until};
use tests::http::{Connection, Request, Response};
use tests::ports::free;
use tests::process::Program;

use crate::support::{Function, MACHINE, Server, assert_problem, folder};

/// A service with eighteen components that work, and these.
fn watched(dir: &Path, also: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_watched")).dir(dir).env("WATCHED_ALSO", also).env(MACHINE, "false")
}

fn status_of(report: &Value, component: &str) -> String {
    report["components"][component]["status"].as_str().unwrap_or("none").to_owned()
}

/// Starts it with a listener for probes alone, and gives that one's address.
fn with_probe_listener(program: Program) -> (Server, SocketAddr) {
    let server = Server::start_unready(program.env("LIFT_HEALTH_LISTEN", "127.0.0.1:0"));
    let address = server.process.wait_for("the address of the probes", |line| {
        line.split_once("the same at http://")?.1.split(',').next()?.parse().ok()
    });
    (server, address)
}

fn looks(server: &Server) -> BTreeMap<String, usize> {
    serde_json::from_value(server.get("/looks").json()).expect("counts")
}

#[test]
fn a_check_whose_drop_panics_is_run_again_in_each_interval() {
    let dir = folder();
    let program = watched(dir.path(), "bursts").env("LIFT_HEALTH_INTERVAL", "200ms");
    let (server, probes) = with_probe_listener(program.env("LIFT_HEALTH_DETAILS", "always"));
    wait_until("readiness", || (server.status("/health/ready")? == 200).then_some(()));
    wait_until("five runs", || (looks(&server)["bursts"] >= 5).then_some(()));
    let probe = |path: &str| Request::get(path).send(probes);
    let report = probe("/health").json();
    assert_eq!(report["components"]["bursts"]["message"], "timed out after 500ms", "{report}");
    assert_eq!(
        (status_of(&report, "component-3").as_str(), &report["status"]),
        ("healthy", &json!("degraded"))
    );
    let (before, runs) = (looks(&server), || looks(&server));
    // The others go on, and so does the thread that answers probes.
    wait_until("more runs of all", || {
        let runs = runs();
        before.iter().all(|(name, count)| runs[name] > *count).then_some(())
    });
    assert_eq!((probe("/health/live").status, probe("/health/ready").status), (200, 200));
}

#[test]
fn two_hundred_probes_a_second_look_once_an_interval_and_say_what_is_true() {
    let seconds = if std::env::var("LIFT_TEST_FAULTS").is_ok_and(|which| which == "all") { 30 } else { 4 };
    let dir = folder();
    let server = Server::start(watched(dir.path(), "hangs,blocks").env("LIFT_HEALTH_INTERVAL", "1s"));
    // Every component has been judged once.
    wait_until("the first time-out", || {
        let report = server.get("/health").json();
        (status_of(&report, "blocks") == "unhealthy" && status_of(&report, "hangs") == "unhealthy")
            .then_some(())
    });
    let (before, begin) = (looks(&server), Instant::now());
    let memory = server.process.memory();
    let mut times = Vec::new();
    let mut probes = Connection::open(server.address).expect("a connection");
    for probe in 0..200 * seconds {
        let planned = begin + Duration::from_millis(5) * probe;
        thread::sleep(planned.saturating_duration_since(Instant::now()));
        let answer = probes.call(&Request::get("/health")).expect("an answer");
        times.push(planned.elapsed());
        let report = answer.json();
        assert_eq!((answer.status, &report["status"]), (200, &json!("degraded")), "{report}");
        for (name, component) in report["components"].as_object().expect("components") {
            let expected = if ["hangs", "blocks"].contains(&name.as_str()) { "unhealthy" } else { "healthy" };
            assert_eq!(component["status"], expected, "{name}: {report}");
        }
    }
    let (after, took) = (looks(&server), begin.elapsed());
    // An interval is up to a tenth shorter, and one look may just be due.
    let most = took.as_secs_f64() / 0.9 + 2.0;
    for (name, count) in &after {
        let looks = count - before[name];
        let expected = if name == "blocks" { 0..=0 } else { 1..=most as usize };
        assert!(expected.contains(&looks), "{name} was looked at {looks} times in {took:?}");
    }
    times.sort();
    let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("{} probes: p50 {p50:?}, p99 {p99:?}, most {:?}", times.len(), times[times.len() - 1]);
    let grown = server.process.memory().saturating_sub(memory);
    assert!(grown < 4 * 1024 * 1024, "{grown} bytes more after {} probes", times.len());
}

#[test]
fn a_hundred_cold_probes_look_once_and_one_that_goes_away_changes_nothing() {
    let dir = folder();
    // The first probes come while the first looks are under way: those of `hangs` take their 500 ms.
    let server = Server::start_unready(watched(dir.path(), "hangs").env("LIFT_HEALTH_INTERVAL", "1h"));
    let healthy = AtomicUsize::new(0);
    thread::scope(|scope| {
        for probe in 0..100 {
            let (server, healthy) = (&server, &healthy);
            scope.spawn(move || {
                if probe % 10 == 0 {
                    let mut gone = Connection::open(server.address).expect("a connection");
                    gone.send(&Request::get("/health").to_bytes()).expect("sent");
                    return;
                }
                let report = server.get("/health").json();
                assert_eq!(status_of(&report, "hangs"), "unhealthy", "{report}");
                assert_eq!(status_of(&report, "component-7"), "healthy", "{report}");
                healthy.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    assert_eq!(healthy.into_inner(), 90);
    let looks = looks(&server);
    assert!(looks.len() == 19 && looks.values().all(|count| *count == 1), "{looks:?}");
}

#[test]
fn while_every_thread_is_blocked_probes_are_answered_by_their_own() {
    let dir = folder();
    let (server, probes) = with_probe_listener(watched(dir.path(), ""));
    let ask = |path: &str| Request::get(path).send(probes);
    wait_until("readiness", || (ask("/health/ready").status == 200).then_some(()));
    assert_problem(&ask("/looks"), 404, "ROUTE_NOT_FOUND");
    let (begin, mut blocked) = (Instant::now(), Vec::new());
    // Two can wait for the same thread, so one after the other until nothing else gets through.
    loop {
        let mut connection = Connection::open(server.address).expect("a connection");
        connection.send(&Request::new("POST", "/block/16000").to_bytes()).expect("sent");
        blocked.push(connection);
        let mut nobody = Connection::open(server.address).expect("the kernel accepts it");
        nobody.patience(Duration::from_millis(500)).expect("a limit");
        if nobody.call(&Request::get("/looks")).is_err() {
            break;
        }
    }
    for path in ["/health", "/health/live", "/health/ready", "/health/startup"] {
        assert_eq!(ask(path).status, 200, "{path}");
    }
    assert!(begin.elapsed() < Duration::from_secs(9), "{:?}", begin.elapsed());
    let dead =
        look_until(Duration::from_secs(13), || Some(ask("/health/live")).filter(|live| live.status == 503))
            .expect("a runtime that does not move for 10 s is dead");
    assert!(begin.elapsed() > Duration::from_secs(9), "{:?}", begin.elapsed());
    assert_eq!(dead.json(), json!({"status": "unhealthy", "message": "the runtime does not move"}));
    // And lives again.
    wait_until("the end of the blocking", || (ask("/health/live").status == 200).then_some(()));
    assert_eq!(server.status("/health/live"), Some(200));
}

#[test]
fn a_probe_during_the_start_takes_no_check_to_the_probes_thread() {
    let dir = folder();
    let (address, probes) = (free(), free());
    let program = watched(dir.path(), "blocks").env("WATCHED_START", "3000");
    let program = program.env("LIFT_LISTEN", address.to_string());
    let process = program.env("LIFT_HEALTH_LISTEN", probes.to_string()).start();
    let ask = |path: &str| Request::get(path).send(probes);
    let startup = || Request::get("/health/startup").try_send(probes).ok();
    assert_eq!(wait_until("the listener for probes", startup).status, 503);
    // Runs the check that blocks its thread: one of the service's, not the one that answers here.
    let report = ask("/health").json();
    assert_eq!(status_of(&report, "blocks"), "unhealthy", "{report}");
    assert_eq!(ask("/health/live").status, 200);
    assert!(!process.written().contains("listens on"), "{}", process.written());
    wait_until("the end of the start", || (ask("/health/startup").status == 200).then_some(()));
    assert_eq!(Request::get("/health/ready").send(address).status, 200);
    process.wait_for_line("still starting");
    process.wait_for_line("listens on");
}

#[test]
fn no_secret_is_in_a_body_without_details_or_in_the_log() {
    let dir = folder();
    let program = watched(dir.path(), "leaks,panics").env("LIFT_HEALTH_DETAILS", "authorized");
    let server = Server::start(program.env("LIFT_HEALTH_TOKEN", "0123456789abcdef"));
    let secret = |text: &str| text.contains("hunter2") || text.contains("SELECT") || text.contains("users");
    let ask = |token: &str, form: &str| {
        let request = Request::get("/health").header("accept", form);
        let request = if token.is_empty() { request } else { request.header("authorization", token) };
        server.send(&request).text()
    };
    for form in ["application/json", "application/health+json", "text/plain"] {
        for token in ["", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0", "Basic 0123456789abcdef"] {
            let body = ask(token, form);
            assert!(
                !body.contains("message") && !body.contains("reach") && !body.contains("panic:"),
                "{body}"
            );
            assert!(!secret(&body), "{body}");
        }
        let body = ask("Bearer 0123456789abcdef", form);
        assert!(body.contains("cannot reach postgres://ada:…@db.internal/orders: …"), "{body}");
        assert!(
            body.contains("the check panicked") && !secret(&body) && !body.contains("in a panic"),
            "{body}"
        );
    }
    let log = server
        .process
        .wait_for("the panic in the log", |line| line.contains("in a panic").then(|| line.to_owned()));
    assert!(log.contains("postgres://ada:…@db in a panic"), "{log}");
    let all = server.process.written();
    assert!(all.contains("cannot reach") && !secret(&all), "{all}");
}

#[test]
fn groups_components_and_readiness_change_while_the_service_runs() {
    let dir = folder();
    let server = Server::start(watched(dir.path(), "").env("LIFT_HEALTH_HTTP_DEGRADED", "429"));
    let first = server.get("/health/first");
    let expected = json!({"component-0": {"status": "healthy"}, "component-1": {"status": "healthy"}});
    assert_eq!((first.status, &first.json()["components"]), (200, &expected));
    assert_problem(&server.get("/health/second"), 404, "ROUTE_NOT_FOUND");

    let post = |path: &str| server.send(&Request::new("POST", path));
    assert_eq!(post("/components/hangs").status, 201);
    assert_eq!(post("/components/hangs").status, 409);
    assert!(post("/components/a%20b").text().contains("cannot name a component"));
    let report = server.get("/health");
    assert_eq!((report.status, status_of(&report.json(), "hangs").as_str()), (429, "unhealthy"));
    assert_eq!(server.send(&Request::new("DELETE", "/components/hangs")).status, 204);
    assert_eq!(server.send(&Request::new("DELETE", "/components/hangs")).status, 404);
    assert_eq!(server.status("/health"), Some(200));

    assert_eq!(post("/pause").status, 200);
    let paused = server.get("/health/ready");
    let expected = json!({"status": "unhealthy", "message": "marked not ready"});
    assert_eq!((paused.status, paused.json()), (503, expected));
    assert_eq!(server.status("/health/live"), Some(200));
    assert_eq!(post("/resume").status, 200);
    assert_eq!(server.status("/health/ready"), Some(200));
}

#[test]
fn every_host_tells_the_same_report() {
    let dir = folder();
    let program = || watched(dir.path(), "leaks").env("LIFT_HEALTH_PUBLIC_NAMES", "true");
    let server = Server::start(program());
    let report = server.get("/health");
    let expected = report.json();
    assert_eq!((report.status, &expected["status"]), (200, &json!("degraded")));
    assert_eq!(expected["components"].as_object().map(|components| components.len()), Some(19));

    let function = Function::start(program());
    let report = function.send(&Request::get("/health"));
    assert_eq!((report.status, report.json()), (200, expected.clone()));

    let question = dir.path().join("question.json");
    std::fs::write(&question, r#"{"lift": "health"}"#).expect("a file");
    let asked = program().arg("invoke").arg(&question).run();
    assert_eq!(serde_json::from_str::<Value>(&asked.stdout).expect("JSON"), expected, "{}", asked.stderr);

    for (also, code, word) in [("", 0, "healthy"), ("leaks", 1, "degraded")] {
        let seen = watched(dir.path(), also).arg("health").run();
        assert_eq!(seen.status.code(), Some(code), "{}", seen.stderr);
        assert!(seen.stdout.starts_with(word) && seen.stdout.contains("component-17"), "{}", seen.stdout);
    }
}

#[test]
fn the_probes_of_the_guide_are_valid_and_answered() {
    let guide = repository().join("lift/docs/kubernetes.yaml");
    let checked = Program::new(installed("kubernetes-validate")).arg("--strict").arg(&guide).run();
    assert!(checked.status.success(), "{}{}", checked.stdout, checked.stderr);

    let dir = folder();
    let (server, probes) = with_probe_listener(watched(dir.path(), ""));
    wait_until("readiness", || (server.status("/health/ready")? == 200).then_some(()));
    let guide = std::fs::read_to_string(guide).expect("a file");
    let paths: Vec<_> = guide.lines().filter_map(|line| line.trim().strip_prefix("path: ")).collect();
    assert_eq!(paths.len(), 3);
    for path in paths {
        assert_eq!(Request::get(path).send(probes).status, 200, "{path}");
    }
}

#[test]
fn the_machine_is_a_part_of_the_report() {
    let dir = folder();
    let never = |program: Program| {
        ["MEMORY", "LOAD", "THROTTLING", "DESCRIPTORS", "DISK"].iter().fold(program, |program, what| {
            let over = |level: &str| format!("LIFT_HEALTH_SYSTEM_{what}_{level}");
            program.env(over("WARN"), "1000000").env(over("CRITICAL"), "1000000")
        })
    };
    let program = never(watched(dir.path(), "").env(MACHINE, "true"))
        .env("LIFT_HEALTH_DETAILS", "always")
        .env("LIFT_HEALTH_SYSTEM_LAG_WARN", "1h")
        .env("LIFT_HEALTH_SYSTEM_LAG_CRITICAL", "1h")
        .env("LIFT_HEALTH_SYSTEM_DISK_PATHS", format!("{}, /nowhere", dir.path().display()));
    let server = Server::start(program.env("LIFT_HEALTH_INTERVAL", "200ms"));
    let report = server.get("/health").json();
    for name in ["memory", "cpu", "descriptors"] {
        let component = &report["components"][name];
        assert_eq!(component["status"], "healthy", "{name}: {report}");
        assert!(component["details"]["percent"].is_number() && component["critical"] == false, "{component}");
    }
    assert_eq!(status_of(&report, "event-loop"), "healthy");
    assert_eq!(status_of(&report, "disk-nowhere"), "unknown");
    assert_eq!(report["status"], "degraded");
    let live: Response = server.get("/health/live");
    assert_eq!(live.json(), json!({"status": "healthy"}));
    drop(server);
    // A threshold that everything is above, where the machine decides.
    let program = watched(dir.path(), "")
        .env(MACHINE, "true")
        .env("LIFT_HEALTH_SYSTEM_CRITICAL", "true")
        .env("LIFT_HEALTH_SYSTEM_DESCRIPTORS_WARN", "0")
        .env("LIFT_HEALTH_SYSTEM_DESCRIPTORS_CRITICAL", "0");
    let server = Server::start(program);
    let report = server.get("/health");
    assert_eq!((report.status, status_of(&report.json(), "descriptors").as_str()), (503, "unhealthy"));
    assert_eq!(server.status("/health/live"), Some(200));
}
