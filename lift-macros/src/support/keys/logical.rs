//! Logical names of what sends events.

use syn::{Lit, LitStr};

use super::kind::{Kind, Name};
use super::{Entry, Value};
use crate::support::errors::{Errors, Fault};
use crate::support::naming::{is_kebab, kebab};
use crate::support::rules::Rule;

/// `sqs = "fulfilment"`: a name of the code's own. What it stands for is set where the service runs, and when a schedule runs
/// is set by its rule.
pub(crate) struct LogicalName;

impl Kind for LogicalName {
    type Output = String;

    fn read(&self, entry: &Entry, errors: &Errors) -> Result<Option<String>, Fault> {
        let Value::Literal(Lit::Str(literal)) = &entry.value else { return Name.read(entry, errors) };
        let text = literal.value();
        let text = text.trim();
        if entry.key == "schedule" && is_time(text) {
            return Err(time(literal, text));
        }
        if is_address(text) {
            return Err(address(&entry.key.to_string(), literal, text));
        }
        Name.read(entry, errors)
    }
}

/// `rate(5 minutes)`, `cron(0 12 * * ? *)`, `*/5 * * * *`, `@daily`, `every 5 minutes`.
fn is_time(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let words: Vec<_> = lower.split_whitespace().collect();
    let is_field = |word: &&str| {
        word.chars().all(|letter| letter.is_ascii_alphanumeric() || "*/,-?#".contains(letter))
            && word.contains(|letter: char| letter.is_ascii_digit() || "*?".contains(letter))
    };
    let units = ["second", "minute", "hour", "day", "week", "month"];
    let is_unit = |word: &&str| units.contains(&word.trim_end_matches('s'));
    ["rate(", "cron(", "at(", "@", "every "].iter().any(|start| lower.starts_with(start))
        || (words.len() > 1 && words.iter().any(is_unit))
        || (words.len() >= 5 && words.iter().filter(|word| is_field(word)).count() >= 3)
}

fn time(literal: &LitStr, time: &str) -> Fault {
    let inside = time.split_once('(').map_or(time, |(_, inside)| inside.trim_end_matches(')'));
    let name = format!("every-{}", kebab(inside).trim_start_matches("every-"));
    let name = if time.starts_with("rate(") && is_kebab(&name) { name } else { "nightly".to_owned() };
    let text = format!("`schedule` takes the name of a rule, and `{time}` is what a rule says");
    Fault::new(Rule::Name, literal, text)
        .help(format!("write `schedule = \"{name}\"`, and set `{time}` in the rule of that name on AWS"))
}

/// An ARN or a URL.
fn is_address(text: &str) -> bool {
    text.starts_with("arn:") || text.contains("://")
}

fn address(key: &str, literal: &LitStr, address: &str) -> Fault {
    let last = address.rsplit(':').next().unwrap_or(address);
    let parts: Vec<_> = last.split('/').filter(|part| !part.is_empty()).collect();
    let named = match parts.as_slice() {
        // Of a stream of a table, the table.
        ["table" | "stream", name, ..] => name,
        parts => parts.last().copied().unwrap_or_default(),
    };
    let name = kebab(named);
    let name = if is_kebab(&name) { name } else { "orders".to_owned() };
    let variable = name.to_uppercase().replace('-', "_");
    let text = format!("`{key}` takes a logical name, and this is an address");
    Fault::new(Rule::Name, literal, text)
        .help(format!("write `{key} = \"{name}\"`, and set `LIFT_TRIGGER_{variable}` to its ARN"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_no_name() {
        for text in [
            "rate(5 minutes)",
            "rate(1 hour)",
            "RATE(5 minutes)",
            "cron(0 12 * * ? *)",
            "at(2026-01-01T00:00:00)",
            "*/5 * * * *",
            "0 12 * * MON-FRI",
            "0 0 1 1 *",
            "@daily",
            "every 5 minutes",
            "5 minutes",
        ] {
            assert!(is_time(text), "{text}");
        }
        for text in
            ["nightly", "every-5-minutes", "rate", "Nightly Run", "ended orders of today and all before"]
        {
            assert!(!is_time(text), "{text}");
        }
    }

    #[test]
    fn a_fault_says_where_the_time_and_the_address_belong() {
        let literal = LitStr::new("", proc_macro2::Span::call_site());
        let help = |fault: Fault| fault.message().rsplit("help: ").next().unwrap_or_default().to_owned();
        for (text, name) in [("rate(5 minutes)", "every-5-minutes"), ("cron(0 12 * * ? *)", "nightly")] {
            let expected =
                format!("write `schedule = \"{name}\"`, and set `{text}` in the rule of that name on AWS");
            assert_eq!(help(time(&literal, text)), expected);
        }
        for (text, name, variable) in [
            ("arn:aws:sqs:eu-north-1:123456789012:Orders-Queue", "orders-queue", "ORDERS_QUEUE"),
            ("https://sqs.eu-north-1.amazonaws.com/123456789012/orders", "orders", "ORDERS"),
            ("arn:aws:dynamodb:eu-north-1:1:table/orders/stream/2026", "orders", "ORDERS"),
            ("arn:aws:kinesis:eu-north-1:1:stream/clicks", "clicks", "CLICKS"),
            ("arn:aws:events:eu-north-1:1:rule/bus/nightly", "nightly", "NIGHTLY"),
            ("s3://", "orders", "ORDERS"),
        ] {
            let expected = format!("write `sqs = \"{name}\"`, and set `LIFT_TRIGGER_{variable}` to its ARN");
            assert_eq!(help(address("sqs", &literal, text)), expected);
        }
    }
}
