use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::report::{Report, Sight};
use super::{
    CheckKind, CheckSettings, Component, Form, Health, HealthCheck, HealthHandle, Monitor, RegisterError,
    Status,
};
use crate::App;
use crate::clock::Clock;
use crate::telemetry::Log;

struct Named(&'static str, Option<CheckKind>);

impl HealthCheck for Named {
    fn name(&self) -> &str {
        self.0
    }

    fn settings(&self) -> CheckSettings {
        let settings = CheckSettings::new();
        self.1.map_or(settings, |kind| settings.kind(kind))
    }

    fn check(&self) -> BoxFuture<'_, Health> {
        Box::pin(std::future::ready(Health::healthy()))
    }
}

#[test]
fn everything_that_is_wrong_with_health_is_told_at_once() {
    let app = App::new("wrong")
        .health_check(Named("same", None))
        .health_check(Named("same", None))
        .health_check(Named("a/b", None))
        .health_check(Named("lost", Some(CheckKind::Group("upstreem"))))
        .health_group("upstream", ["same", "nobody"])
        .health_group("upstream", ["same"])
        .health_group("ready", ["same"]);
    let host = app.test().var("LIFT_HEALTH_DETAILS", "authorized").var("LIFT_HEALTH_TOKEN", "hunter2");
    let host = host.var("LIFT_HEALTH_HTTP_DEGRADED", "99").var("LIFT_HEALTH_SYSTEM_MEMORY_WARN", "99");
    let faults = host.check().unwrap_err().to_string();
    for expected in [
        "two components of the health report are named `same`",
        "`a/b` cannot name a component",
        "nobody declares the health group `upstreem`: add `.health_group(\"upstreem\", […])`",
        "no component is named `nobody`",
        "the components are `same`",
        "health group `upstream`: is declared twice",
        "health group `ready`: cannot have this name",
        "LIFT_HEALTH_TOKEN: must be 16 or more ASCII characters",
        "99 is not an HTTP status of 200 to 599",
        "LIFT_HEALTH_SYSTEM_MEMORY_WARN: must not be above `memory_critical`",
    ] {
        assert!(faults.contains(expected), "{expected}:\n{faults}");
    }
    assert!(!faults.contains("hunter2"), "{faults}");
    let no_token = App::new("wrong").test().var("LIFT_HEALTH_DETAILS", "authorized").check().unwrap_err();
    assert!(no_token.to_string().contains("LIFT_HEALTH_TOKEN: is not set"), "{no_token}");
}

/// One component that says this, or panics with it, in every form and for every reader; and what is logged.
fn told(text: &str, panics: bool) -> (Vec<(Sight, String)>, String) {
    let mut bodies = Vec::new();
    let said = text.to_owned();
    let log = Log::default();
    log.of(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let run = move || -> BoxFuture<'static, Health> {
                let said = said.clone();
                Box::pin(async move {
                    if panics {
                        std::panic::resume_unwind(Box::new(said));
                    }
                    Health::unhealthy(said.clone()).detail("why", said)
                })
            };
            let monitor = Monitor::new(&Clock::held(), Duration::from_secs(5));
            let settings = CheckSettings::new();
            assert!(monitor.add(Component { name: "db".to_owned(), settings, run: Box::new(run) }).is_ok());
            let report = Report::new(monitor.findings(|_| true).await, None);
            for form in [Form::Json, Form::HealthJson, Form::Text] {
                for sight in [Sight { details: false, ..Sight::ALL }, Sight::ALL] {
                    bodies.push((sight, report.render(form, sight)));
                }
            }
        });
    });
    (bodies, log.text())
}

#[test]
fn no_text_of_an_error_gets_out() {
    let pieces = [
        "timed out",
        "\n",
        " ",
        "é",
        "\"",
        "'",
        "`",
        "://",
        "@",
        "=",
        ":",
        "/",
        "password",
        "\u{1f980}",
        "token",
        "select ",
        " from ",
        "{}",
        "\\",
        "postgres://u@h/",
        "x".repeat(1500).leak(),
    ];
    let mut random = fastrand::Rng::with_seed(11);
    for round in 0..400 {
        let mut noise = || -> String { (0..8).map(|_| pieces[random.usize(..pieces.len())]).collect() };
        let secret = [
            "postgres://ada:hunter2@db/orders",
            "password=hunter2",
            "token: \"hunter2\"",
            "SELECT hunter2 FROM users",
            "insert into users values ('hunter2')",
            "Authorization: Bearer hunter2",
        ][round % 6];
        let text = format!("{} {secret} {}", noise(), noise());
        let (bodies, log) = told(&text, round % 5 == 4);
        assert!(log.contains("at the first look") && !log.contains("hunter2"), "{text:?}:\n{log}");
        for (sight, body) in bodies {
            assert!(!body.contains("hunter2"), "{text:?}:\n{body}");
            if !sight.details {
                // A name and a status, whatever was said.
                assert!(body.len() < 70, "{body}");
            }
        }
    }
}

/// What is counted and logged of a component with these results, one after the other.
fn told_of(results: Vec<Health>) -> (Vec<String>, Vec<[String; 4]>) {
    let log = Log::default();
    let ((), counted) = log.of(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let clock = Clock::held();
            let monitor = Monitor::new(&clock, Duration::from_secs(5));
            let looks = results.len();
            let results = Arc::new(Mutex::new(results.into_iter()));
            let run = move || -> BoxFuture<'static, Health> {
                let next = results.lock().unwrap().next();
                Box::pin(async move { next.expect("another result") })
            };
            let settings = CheckSettings::new().cache(Duration::ZERO);
            assert!(monitor.add(Component { name: "db".to_owned(), settings, run: Box::new(run) }).is_ok());
            for _ in 0..looks {
                monitor.findings(|_| true).await;
            }
        });
    });
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let line = |line: &serde_json::Value| ["level", "message", "now", "why"].map(|key| text(&line[key]));
    (counted, log.lines().iter().filter(|line| line["component"] == "db").map(line).collect())
}

#[test]
fn every_change_is_one_event_and_one_metric() {
    let (well, away) = (Health::healthy, || Health::unhealthy("away"));
    let (counted, lines) = told_of(vec![well(), well(), well(), away(), away(), away(), well(), well()]);
    let changes = |status: &str| format!("lift_health_changes_total{{component=db,status={status}}}");
    assert_eq!(counted, [changes("unhealthy"), changes("healthy")]);
    let changed = |level: &str, now: &str, why: &str| [level, "health changed", now, why].map(str::to_owned);
    assert_eq!(lines, [changed("WARN", "unhealthy", "away"), changed("INFO", "healthy", "-")]);
}

#[test]
fn the_first_result_is_no_change() {
    let first =
        |level: &str, now: &str| [level, "not healthy at the first look", now, "away"].map(str::to_owned);
    for (health, lines) in [
        (Health::healthy(), vec![]),
        (Health::degraded("away"), vec![first("INFO", "degraded")]),
        (Health::unhealthy("away"), vec![first("WARN", "unhealthy")]),
        (Health::new(Status::Unknown).message("away"), vec![first("WARN", "unknown")]),
    ] {
        let status = health.status;
        assert_eq!(told_of(vec![health.clone(), health]), (vec![], lines), "{status}");
    }
    let (counted, lines) = told_of(vec![Health::unhealthy("away"), Health::healthy()]);
    assert_eq!(counted, ["lift_health_changes_total{component=db,status=healthy}"]);
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn the_handle_knows_each_component_and_the_status() {
    let clock = Clock::held();
    let handle = HealthHandle {
        monitor: Arc::new(Monitor::new(&clock, Duration::from_secs(5))),
        lifecycle: Arc::default(),
        groups: [].into(),
    };
    handle.register(Named("works", None)).unwrap();
    let lost = handle.register(Named("lost", Some(CheckKind::Group("nowhere"))));
    assert_eq!(lost, Err(RegisterError::UnknownGroup("nowhere")));
    for (key, settings) in [
        ("timeout", CheckSettings::new().timeout(Duration::ZERO)),
        ("interval", CheckSettings::new().interval(Duration::ZERO)),
    ] {
        assert_eq!(settings.zero(), Some(key));
    }
    assert_eq!(CheckSettings::new().cache(Duration::ZERO).zero(), None);
    let [known] = handle.components().await.try_into().unwrap();
    assert_eq!((known.name.as_str(), known.health, known.critical), ("works", Health::healthy(), true));
    assert_eq!((known.checked_at, handle.status().await), (clock.now().wall(), Status::Healthy));
}
