use std::time::{Duration, Instant};

use lift::Resource as _;
use lift::http::{Client, Config, reqwest};
use lift::prelude::*;
use tests::process::{Process, Program};
use tests::servers::Certificate;
use tests::{deadline, ports};

use crate::support::{init, serve, settings};

/// The service that answers on request, as somebody else's service.
struct Other {
    _process: Process,
    url: String,
    _dir: tempfile::TempDir,
}

impl Other {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = Program::new(env!("CARGO_BIN_EXE_faulty")).dir(dir.path());
        let (process, address) = serve(program.env("TOOL_JOURNAL", dir.path().join("journal")));
        let url = format!("http://{address}");
        Self { _process: process, url, _dir: dir }
    }
}

#[derive(Clone, Resource)]
#[resource(name = "warehouse", health(timeout = "2s"))]
struct Warehouse(Client);

#[lift::handler(GET, "/word")]
async fn word(warehouse: Shared<Warehouse>) -> Result<String, lift::Error> {
    let answer = warehouse.get("/echo/plain?x=1").header("x-test", "1").send().await?.error_for_status()?;
    let echo: serde_json::Value = answer.json().await?;
    Ok(format!("{}", echo["word"]))
}

/// The other side takes far longer than this invocation may.
#[lift::handler(GET, "/late", timeout = "600ms")]
async fn late(warehouse: Shared<Warehouse>) -> String {
    match warehouse.get("/slow/10000").send().await {
        Err(error) if error.is_timeout() => "timed out in time".to_owned(),
        other => format!("{other:?}"),
    }
}

fn app() -> App {
    App::new("shop").handlers(lift::handlers![word, late])
}

#[tokio::test]
async fn a_handler_asks_another_service_and_ends_before_its_deadline() {
    let other = Other::start();
    let service = app().test().var("WAREHOUSE_URL", format!("{}/", other.url)).start().await.unwrap();
    assert_eq!(service.get("/word").await.unwrap().text(), "\"plain\"");
    let began = Instant::now();
    let late = service.get("/late").await.unwrap();
    assert_eq!((late.status(), late.text()), (200, "timed out in time".to_owned()));
    assert!(began.elapsed() < Duration::from_secs(5));
    service.close().await;
}

#[tokio::test]
async fn the_health_path_decides_when_there_is_one() {
    let other = Other::start();
    for (path, words) in [("/health/live", ""), ("/nowhere", "answers its health path with 404")] {
        let host = app().test().var("WAREHOUSE_URL", &other.url).var("WAREHOUSE_HEALTH_PATH", path);
        let service = host.var("LIFT_HEALTH_DETAILS", "always").start().await.unwrap();
        let health = service.get("/health").await.unwrap();
        assert_eq!(health.status(), if words.is_empty() { 200 } else { 503 }, "{}", health.text());
        assert!(health.text().contains(words), "{}", health.text());
        service.close().await;
    }
    let nobody = format!("http://ada:hunter2@{}", ports::free());
    let host = app().test().var("WAREHOUSE_URL", nobody).var("WAREHOUSE_HEALTH_PATH", "/?key=hunter2");
    let service = host.var("LIFT_HEALTH_DETAILS", "always").start().await.unwrap();
    let health = service.get("/health").await.unwrap().text();
    assert!(health.contains("127.0.0.1 cannot be reached") && !health.contains("hunter2"), "{health}");
}

#[tokio::test]
async fn tls_is_checked_against_the_ca_file() {
    let certificate = Certificate::new();
    let address = ports::free();
    let server = Program::new("openssl")
        .args(["s_server", "-www", "-accept"])
        .arg(address.to_string())
        .arg("-cert")
        .arg(certificate.path())
        .arg("-key")
        .arg(certificate.key())
        .start();
    deadline::wait_until("openssl", || std::net::TcpStream::connect(address).is_ok().then_some(()));
    let url = format!("https://localhost:{}", address.port());
    let ask = async |ca: Option<String>| {
        let config =
            Config::of("db", &settings(&url, &ca.as_deref().map_or(vec![], |ca| vec![("DB_CA_FILE", ca)])));
        let client = Client::initialize(&config.unwrap(), &init()).await.unwrap();
        client.get("/").send().await
    };
    let trusted = ask(Some(certificate.path().display().to_string())).await;
    assert!(trusted.is_ok_and(|answer| answer.status() == reqwest::StatusCode::OK), "{}", server.written());
    let unknown = ask(None).await.unwrap_err();
    assert!(format!("{unknown:?}").contains("UnknownIssuer"), "{unknown:?}");
}
