//! A report, and the forms in which it is told.

use std::collections::BTreeMap;
use std::fmt::Write;

use http::HeaderValue;
use http::header::GetAll;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::mask::masked;
use super::monitor::Finding;
use super::{Health, Status};

/// The most of a message that is shown, in bytes.
const MESSAGE: usize = 1024;

/// The most of the details that is shown, in bytes of JSON.
const DETAILS: usize = 4096;

/// What a probe answers.
pub(crate) struct Report {
    pub(crate) status: Status,
    pub(crate) message: Option<&'static str>,
    pub(crate) components: Vec<Entry>,
}

/// One component in it.
pub(crate) struct Entry {
    name: String,
    health: Health,
    critical: bool,
    age_ms: u64,
    took_ms: u64,
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
    /// The first form in `Accept` that there is; JSON when there is none.
    pub(crate) fn asked_for(accept: GetAll<'_, HeaderValue>) -> Self {
        let asked = accept.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let form = |asked: &str| {
            let mut parts = asked.split(';').map(str::trim);
            let media = parts.next()?.to_ascii_lowercase();
            if parts.any(|part| part.replace(' ', "").trim_end_matches(['0', '.']) == "q=") {
                return None;
            }
            match media.as_str() {
                "application/json" | "application/*" | "*/*" => Some(Self::Json),
                "application/health+json" => Some(Self::HealthJson),
                "text/plain" | "text/*" => Some(Self::Text),
                _ => None,
            }
        };
        asked.filter_map(form).next().unwrap_or(Self::Json)
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::HealthJson => "application/health+json",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}

impl Entry {
    pub(crate) fn of(finding: Finding<'_>) -> Self {
        let millis = |time: std::time::Duration| time.as_millis().try_into().unwrap_or(u64::MAX);
        Self {
            name: finding.component.name.clone(),
            health: finding.checked.health,
            critical: finding.component.critical,
            age_ms: millis(finding.age),
            took_ms: millis(finding.checked.took),
        }
    }

    fn message(&self) -> Option<String> {
        let message = masked(self.health.message.as_deref()?);
        let end =
            message.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= MESSAGE).last();
        Some(message.get(..end.unwrap_or(0)).unwrap_or_default().to_owned())
    }

    /// The details as far as there is room, each with its secrets taken out.
    fn details(&self) -> Map<String, Value> {
        let mut room = DETAILS;
        let shown = self.health.details.iter().map_while(|(name, value)| {
            let text = value.to_string();
            room = room.checked_sub(name.len() + text.len())?;
            let value = match value {
                Value::String(text) => Value::String(masked(text).into_owned()),
                Value::Array(_) | Value::Object(_) => {
                    serde_json::from_str(&masked(&text)).unwrap_or(Value::Null)
                }
                plain => plain.clone(),
            };
            Some((name.clone(), value))
        });
        shown.collect()
    }
}

#[derive(Serialize)]
struct Json {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    components: BTreeMap<String, Shown>,
}

#[derive(Serialize)]
struct Shown {
    status: Status,
    #[serde(flatten)]
    details: Option<Details>,
}

#[derive(Serialize)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    critical: bool,
    age_ms: u64,
    took_ms: u64,
    #[serde(skip_serializing_if = "Map::is_empty")]
    details: Map<String, Value>,
}

impl Report {
    /// The body. Names and details are for those who may see them.
    pub(crate) fn render(&self, form: Form, names: bool, details: bool) -> String {
        let components: &[Entry] = if names { &self.components } else { &[] };
        match form {
            Form::Json => self.json(components, details),
            Form::HealthJson => self.health_json(components, details),
            Form::Text => self.text(components, details),
        }
    }

    fn json(&self, components: &[Entry], details: bool) -> String {
        let shown = |entry: &Entry| {
            let details = details.then(|| Details {
                message: entry.message(),
                critical: entry.critical,
                age_ms: entry.age_ms,
                took_ms: entry.took_ms,
                details: entry.details(),
            });
            (entry.name.clone(), Shown { status: entry.health.status, details })
        };
        let report = Json {
            status: self.status,
            message: self.message,
            components: components.iter().map(shown).collect(),
        };
        // Names, texts and numbers only: this cannot fail.
        serde_json::to_string(&report).unwrap_or_default()
    }

    fn health_json(&self, components: &[Entry], details: bool) -> String {
        let word = |status: Status| match status {
            Status::Healthy => "pass",
            Status::Degraded => "warn",
            Status::Unknown | Status::Unhealthy => "fail",
        };
        let mut report = Map::new();
        report.insert("status".to_owned(), word(self.status).into());
        if let Some(message) = self.message {
            report.insert("notes".to_owned(), json!([message]));
        }
        if !components.is_empty() {
            let check = |component: &Entry| {
                let status = word(component.health.status);
                let check = match component.message().filter(|_| details) {
                    Some(output) => json!([{"status": status, "output": output}]),
                    None => json!([{"status": status}]),
                };
                (component.name.clone(), check)
            };
            report.insert("checks".to_owned(), Value::Object(components.iter().map(check).collect()));
        }
        Value::Object(report).to_string()
    }

    fn text(&self, components: &[Entry], details: bool) -> String {
        let mut out = self.status.to_string();
        if let Some(message) = self.message {
            let _ = write!(out, ": {message}");
        }
        out.push('\n');
        let width = components.iter().map(|component| component.name.len()).max().unwrap_or(0);
        for component in components {
            let _ = write!(out, "  {:width$}  {}", component.name, component.health.status);
            if let Some(message) = component.message().filter(|_| details) {
                let _ = write!(out, ": {}", message.replace('\n', " "));
            }
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, header::ACCEPT};

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
            (";;,,/", Form::Json),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
            assert_eq!(Form::asked_for(headers.get_all(ACCEPT)), form, "{accept}");
        }
    }

    #[test]
    fn details_are_bounded_and_hold_no_secret() {
        let health = Health::unhealthy(format!("postgres://a:hunter2@b {}", "é".repeat(5000)))
            .detail("a", f64::NAN)
            .detail("b", json!({"url": "redis://:hunter2@c"}))
            .detail("c", "x".repeat(1_000_000));
        let entry = Entry { name: "n".to_owned(), health, critical: true, age_ms: 0, took_ms: 0 };
        let report = Report { status: Status::Unhealthy, message: None, components: vec![entry] };
        for form in [Form::Json, Form::HealthJson, Form::Text] {
            let shown = report.render(form, true, true);
            assert!(shown.len() < 6000 && !shown.contains("hunter2"), "{shown}");
            let plain = report.render(form, true, false);
            assert!(plain.contains('n') && !plain.contains("postgres"), "{plain}");
            assert!(!report.render(form, false, false).contains("components"));
        }
        let shown: Value = serde_json::from_str(&report.render(Form::Json, true, true)).unwrap();
        assert_eq!(shown["components"]["n"]["details"], json!({"a": null, "b": {"url": "redis://:…@c"}}));
    }
}
