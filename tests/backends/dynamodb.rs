use serde_json::json;
use tests::deadline::wait_until;
use tests::http::Request;
use tests::process::{Process, Program};
use tests::servers::DynamoDb;

use crate::support::serve;

struct Service {
    process: Process,
    address: std::net::SocketAddr,
}

impl Service {
    fn start(program: Program) -> Self {
        let program = program
            .env("WORDS_TABLE", "words")
            // The server compiles itself while it works.
            .env("WORDS_ATTEMPT_TIMEOUT", "20s")
            .env("WORDS_TIMEOUT", "60s")
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "hunter2")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("LIFT_HEALTH_DETAILS", "always");
        let (process, address) = serve(program);
        Self { process, address }
    }

    fn health(&self) -> String {
        Request::get("/health").send(self.address).text()
    }
}

fn table() -> Program {
    Program::new(env!("CARGO_BIN_EXE_table"))
}

#[test]
fn a_table_is_used_and_is_healthy_when_it_can_be_described() {
    let server = DynamoDb::start();
    let service =
        Service::start(table().env("WORDS_ENDPOINT", server.url()).env("WORDS_REGION", "eu-central-1"));
    wait_until("the look at a table that is missing", || {
        let health = service.health();
        (health.contains("the table words cannot be described") && health.contains("ResourceNotFound"))
            .then_some(())
    });
    let post = |target: &str| Request::new("POST", target).send(service.address);
    assert_eq!(post("/table").status, 200);
    for times in ["1", "2", "3"] {
        assert_eq!(post("/words/lift").text(), times);
    }
    wait_until("the look at the table", || {
        (Request::get("/health").send(service.address).json()["status"] == json!("healthy")).then_some(())
    });

    drop(server);
    let failed = post("/words/lift");
    assert_eq!((failed.status, failed.json()["code"].as_str()), (500, Some("INTERNAL")));
    assert!(!failed.text().contains("hunter2"));
    service.process.signal(tests::process::Signal::TERM);
    assert!(service.process.wait_for_exit().status.success());
}

#[test]
fn settings_are_checked_at_start_and_a_region_is_needed() {
    let wrong = table().env("WORDS_ENDPOINT", "localhost:8000").env("WORDS_ATTEMPTS", "0").arg("serve").run();
    assert!(!wrong.status.success());
    for part in ["WORDS_TABLE: is not set", "WORDS_ENDPOINT: ", "http://localhost:8000"] {
        assert!(wrong.stderr.contains(part), "{part}\n{}", wrong.stderr);
    }
    let service = Service::start(table());
    let failed = Request::new("POST", "/words/lift").send(service.address);
    assert_eq!(
        (failed.status, failed.json()["code"].as_str()),
        (503, Some("RESOURCE_UNAVAILABLE")),
        "{}",
        failed.text()
    );
    wait_until("the reason", || {
        service.health().contains("no region is known; set AWS_REGION").then_some(())
    });
}
