use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A type that one setting can be read as.
pub trait Value: Sized {
    /// What a reader is told to write, for example ``a duration such as `250ms` ``.
    const EXPECTED: &'static str;

    /// Reads the text of an environment variable or of a `lift.toml` value.
    fn parse(text: &str) -> Option<Self>;

    /// Reads an array of `lift.toml`. By default no value is read from one.
    fn parse_list(items: &[String]) -> Option<Self> {
        let _ = items;
        None
    }
}

/// `a, b` in a variable, an array or the same text in `lift.toml`.
impl<T: Value> Value for Vec<T> {
    const EXPECTED: &'static str = "a list, such as `a,b`, or an array in the settings file";

    fn parse(text: &str) -> Option<Self> {
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(T::parse).collect()
    }

    fn parse_list(items: &[String]) -> Option<Self> {
        items.iter().map(|item| T::parse(item.trim())).collect()
    }
}

impl Value for String {
    const EXPECTED: &'static str = "text";

    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.to_owned())
    }
}

impl Value for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::from(text))
    }
}

impl Value for bool {
    const EXPECTED: &'static str = "`true` or `false`";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

impl Value for Duration {
    const EXPECTED: &'static str = "a duration with its unit, such as `250ms`, `2s`, `5m` or `1h`";

    fn parse(text: &str) -> Option<Self> {
        parse_duration(text)
    }
}

impl Value for SocketAddr {
    const EXPECTED: &'static str = "an address and a port, such as `127.0.0.1:3000`";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Value for $number {
            const EXPECTED: &'static str = "a whole number";

            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}
numbers!(u8, u16, u32, u64, usize);

/// Whether an error may show the value of a key: one that can hold a secret stays in its place.
pub(super) fn may_show(key: &str, text: &str) -> bool {
    const SECRETS: [&str; 11] =
        ["url", "uri", "dsn", "pass", "secret", "token", "credential", "auth", "key", "private", "pin"];
    let key = key.to_lowercase();
    !SECRETS.iter().any(|word| key.contains(word)) && !text.contains(['@', ':', '\n']) && text.len() <= 64
}

/// Reads `250ms`, `2s`, `5m`, `1h`; a bare `0` needs no unit. The attributes of the macros have the same grammar:
/// `durations.txt` beside this file lists texts that both crates are tested with.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

/// Writes a duration as [`parse_duration`] reads it.
pub(crate) fn duration_text(duration: Duration) -> String {
    match duration.as_millis() {
        0 => "0ms".to_owned(),
        ms if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_they_are_written() {
        for text in ["1ms", "250ms", "2s", "90s", "5m", "1h", "25h"] {
            let duration = parse_duration(text).unwrap();
            assert_eq!(parse_duration(&duration_text(duration)), Some(duration), "{text}");
        }
    }

    #[test]
    fn settings_read_durations_as_attributes_do() {
        let lines = include_str!("durations.txt").lines();
        let table = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut rows = 0;
        for (text, expected) in table.filter_map(|line| line.split_once(" = ")) {
            let text = text.trim_matches('`');
            let milliseconds = parse_duration(text).map(|duration| duration.as_millis());
            assert_eq!(milliseconds, expected.parse().ok(), "{text}");
            rows += 1;
        }
        assert!(rows > 30);
    }
}
