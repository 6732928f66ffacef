//! A report, and the forms in which it is told.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use http::HeaderValue;
use http::header::GetAll;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::monitor::{Finding, overall};
use super::{Health, Status};

/// What a probe answers.
pub(crate) struct Report {
    pub(crate) status: Status,
    pub(crate) note: Option<Note>,
    findings: Vec<Finding>,
}

/// What a report says of the service itself.
pub(crate) struct Note {
    pub(crate) text: &'static str,
    /// For those who may see details.
    pub(crate) detail: Option<String>,
}

/// What the reader of a report may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    /// The components' names.
    pub(crate) names: bool,
    /// Messages, ages and details.
    pub(crate) details: bool,
}

impl Sight {
    /// All there is.
    pub(crate) const ALL: Self = Self { names: true, details: true };
}

/// How a report is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    /// As the Internet draft of that name has it, with `pass`, `warn` and `fail`.
    HealthJson,
    Text,
}

impl Form {
    /// Picks the form with the greatest weight in `Accept` (RFC 9110, section 12.5.1), of equal weights the first; JSON when none
    /// is acceptable.
    pub(crate) fn asked_for(accept: GetAll<'_, HeaderValue>) -> Self {
        let ranges = accept.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let ranges: Vec<Range> =
            ranges.enumerate().filter_map(|(place, text)| Range::of(text, place)).collect();
        let asked = |form: Self| {
            let range =
                ranges.iter().filter(|range| range.holds(form)).max_by_key(|range| range.exactness())?;
            (range.weight > 0.0).then_some((range, form))
        };
        let all = [Self::Json, Self::HealthJson, Self::Text].into_iter().filter_map(asked);
        // Of equals the first one is kept.
        let best = all.reduce(|best, other| if other.0.is_before(best.0) { other } else { best });
        best.map_or(Self::Json, |(_, form)| form)
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::HealthJson => "application/health+json",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}

/// One media range of `Accept`.
struct Range {
    kind: String,
    subtype: String,
    /// From 0 to 1.
    weight: f32,
    /// Its position in the header.
    place: usize,
}

impl Range {
    /// `None` when it is no range, or its weight no number.
    fn of(text: &str, place: usize) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut parameters = parts.filter_map(|part| part.split_once('='));
        let weight = parameters.find(|(name, _)| name.trim_end().eq_ignore_ascii_case("q"));
        let weight = weight.map_or(Ok(1.0), |(_, weight)| weight.trim().parse::<f32>()).ok()?;
        let (kind, subtype) = (kind.to_ascii_lowercase(), subtype.to_ascii_lowercase());
        (0.0..=1.0).contains(&weight).then_some(Self { kind, subtype, weight, place })
    }

    fn holds(&self, form: Form) -> bool {
        let media = form.content_type().split(';').next().unwrap_or_default();
        let is = |wanted: &str, part: &str| wanted == "*" || wanted == part;
        media
            .split_once('/')
            .is_some_and(|(kind, subtype)| is(&self.kind, kind) && is(&self.subtype, subtype))
    }

    /// How specific it is: of several ranges that match a type the most specific one counts.
    fn exactness(&self) -> usize {
        [&self.kind, &self.subtype].into_iter().filter(|part| *part != "*").count()
    }

    fn is_before(&self, other: &Self) -> bool {
        self.weight > other.weight || (self.weight >= other.weight && self.place < other.place)
    }
}

#[derive(Serialize)]
struct Json<'a> {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    components: BTreeMap<&'a str, Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    status: Status,
    #[serde(flatten)]
    details: Option<Details<'a>>,
}

#[derive(Serialize)]
struct Details<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    critical: bool,
    age_ms: u64,
    took_ms: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    details: &'a BTreeMap<String, Value>,
}

/// One component as a reader may see it.
struct Seen<'a> {
    name: &'a str,
    health: &'a Health,
    message: Option<&'a str>,
    finding: &'a Finding,
}

impl<'a> Seen<'a> {
    fn json(&self, sight: Sight) -> Shown<'a> {
        let details = sight.details.then(|| Details {
            message: self.message,
            critical: self.finding.watched.component.settings.critical,
            age_ms: millis(self.finding.age),
            took_ms: millis(self.finding.checked.took),
            details: &self.health.details,
        });
        Shown { status: self.health.status, details }
    }
}

impl Note {
    fn told(&self, sight: Sight) -> String {
        match &self.detail {
            Some(detail) if sight.details => format!("{}: {detail}", self.text),
            _ => self.text.to_owned(),
        }
    }
}

impl Report {
    /// What was found. A note that is a fault decides; one that is none only explains.
    pub(crate) fn new(findings: Vec<Finding>, fault: Option<Note>) -> Self {
        let status = if fault.is_some() { Status::Unhealthy } else { overall(&findings) };
        Self { status, note: fault, findings }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// The body. Names and details are for those who may see them.
    pub(crate) fn render(&self, form: Form, sight: Sight) -> String {
        match form {
            Form::Json => self.json(sight),
            Form::HealthJson => self.health_json(sight),
            Form::Text => self.text(sight),
        }
    }

    fn note(&self, sight: Sight) -> Option<String> {
        self.note.as_ref().map(|note| note.told(sight))
    }

    /// The components that this reader may see.
    fn seen(&self, sight: Sight) -> impl Iterator<Item = Seen<'_>> {
        self.findings.iter().filter(move |_| sight.names).map(move |finding| {
            let health = &finding.checked.health;
            let message = health.message.as_deref().filter(|_| sight.details);
            Seen { name: &finding.watched.component.name, health, message, finding }
        })
    }

    fn json(&self, sight: Sight) -> String {
        let components = self.seen(sight).map(|seen| (seen.name, seen.json(sight))).collect();
        let report = Json { status: self.status, message: self.note(sight), components };
        // Names, texts and numbers only: this cannot fail.
        serde_json::to_string(&report).unwrap_or_default()
    }

    fn health_json(&self, sight: Sight) -> String {
        let word = |status: Status| match status {
            Status::Healthy => "pass",
            Status::Degraded => "warn",
            Status::Unknown | Status::Unhealthy => "fail",
        };
        let mut report = Map::new();
        report.insert("status".to_owned(), word(self.status).into());
        if let Some(note) = self.note(sight) {
            report.insert("notes".to_owned(), json!([note]));
        }
        let check = |seen: Seen<'_>| {
            let status = word(seen.health.status);
            let check = match seen.message {
                Some(output) => json!([{"status": status, "output": output}]),
                None => json!([{"status": status}]),
            };
            (seen.name.to_owned(), check)
        };
        let checks: Map<String, Value> = self.seen(sight).map(check).collect();
        if !checks.is_empty() {
            report.insert("checks".to_owned(), Value::Object(checks));
        }
        Value::Object(report).to_string()
    }

    fn text(&self, sight: Sight) -> String {
        let mut out = self.status.to_string();
        if let Some(note) = self.note(sight) {
            let _ = write!(out, ": {note}");
        }
        out.push('\n');
        let width = self.seen(sight).map(|seen| seen.name.len()).max().unwrap_or(0);
        for Seen { name, health, message, .. } in self.seen(sight) {
            let _ = write!(out, "  {name:width$}  {}", health.status);
            if let Some(message) = message {
                let _ = write!(out, ": {}", message.replace('\n', " "));
            }
            out.push('\n');
        }
        out
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;
    use http::{HeaderMap, header::ACCEPT};

    use super::*;
    use crate::clock::Clock;
    use crate::health::{CheckSettings, Component, Monitor};

    #[test]
    fn the_first_form_that_there_is_is_taken() {
        for (accept, form) in [
            ("", Form::Json),
            ("*/*", Form::Json),
            ("text/html, application/xhtml+xml, */*;q=0.8", Form::Json),
            ("text/plain", Form::Text),
            ("TEXT/Plain; charset=utf-8, application/json", Form::Text),
            ("text/plain;q=0, application/health+json;q=0.5", Form::HealthJson),
            ("text/plain; q=0.0", Form::Json),
            ("application/json;q=0.1, text/plain", Form::Text),
            ("application/json;q=0.1, text/plain;q=0.2", Form::Text),
            ("application/json;q=0.9, text/plain;q=0.2, application/health+json;q=0.95", Form::HealthJson),
            ("text/plain;q=0.5, */*;q=0.1", Form::Text),
            ("*/*;q=0.1, text/plain;q=0.5", Form::Text),
            ("text/*;q=0.5, text/plain;q=0.1, application/*;q=0.3", Form::Json),
            ("text/plain, application/json", Form::Text),
            ("application/json, text/plain", Form::Json),
            ("application/json;q=0, */*", Form::HealthJson),
            ("application/*;q=0, */*;q=0.1", Form::Text),
            ("*/*;q=0", Form::Json),
            ("text/plain;Q = 0.3, application/json; q=0.2", Form::Text),
            ("text/plain;charset=utf-8;q=0.3, application/json;q=0.2", Form::Text),
            ("application/json;q=high, text/plain;q=0.1", Form::Text),
            ("application/json;q=-1, application/health+json;q=NaN, text/plain;q=0.001", Form::Text),
            ("application/json;q=7, text/plain;q=0.1", Form::Text),
            (";;,,/", Form::Json),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
            assert_eq!(Form::asked_for(headers.get_all(ACCEPT)), form, "{accept}");
        }
    }

    #[tokio::test]
    async fn details_are_bounded_and_hold_no_secret() {
        let health = Health::unhealthy(format!("postgres://a:hunter2@b {}", "é".repeat(5000)))
            .detail("a", f64::NAN)
            .detail("b", json!({"url": "redis://:hunter2@c"}))
            .detail("c", "x".repeat(1_000_000));
        let monitor = Monitor::new(&Clock::held(), Duration::from_secs(5));
        let run = move || -> BoxFuture<'static, Health> { Box::pin(std::future::ready(health.clone())) };
        let settings = CheckSettings::new();
        assert!(monitor.add(Component { name: "n".to_owned(), settings, run: Box::new(run) }).is_ok());
        let report = Report::new(monitor.findings(|_| true).await, None);
        let (plain, none) = (Sight { names: true, details: false }, Sight { names: false, details: false });
        for form in [Form::Json, Form::HealthJson, Form::Text] {
            let shown = report.render(form, Sight::ALL);
            assert!(shown.len() < 6000 && !shown.contains("hunter2"), "{shown}");
            let shown = report.render(form, plain);
            assert!(shown.contains('n') && !shown.contains("postgres"), "{shown}");
            let shown = report.render(form, none);
            assert!(!shown.contains("components") && !shown.contains("checks"), "{shown}");
        }
        let shown: Value = serde_json::from_str(&report.render(Form::Json, Sight::ALL)).unwrap();
        assert_eq!(shown["components"]["n"]["details"], json!({"a": null, "b": {"url": "redis://:…@c"}}));
    }
}
