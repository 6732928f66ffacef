//! Times as people write them: `"250ms"`, `"3s"`, `"15m"`, `"1h"`. Settings at run time have the same grammar.

/// What is wrong with a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// `"3"`.
    NoUnit,
    /// `"3d"`, `"3sec"`; with what was meant, if that is plain.
    Unit { unit: String, meant: Option<String> },
    /// `"1.5s"`, `"-1s"`, `"soon"`; with what was meant, if that is plain.
    NotANumber { meant: Option<String> },
    /// More milliseconds than 64 bits hold.
    Overflow,
}

const MILLIS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// The milliseconds of a whole number followed by `ms`, `s`, `m` or `h`; a bare zero needs no unit.
pub(crate) fn parse(text: &str) -> Result<u64, Problem> {
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() || unit.starts_with(['.', ',', '_', ' ']) {
        return Err(Problem::NotANumber { meant: meant(text) });
    }
    let Ok(number) = number.parse::<u64>() else { return Err(Problem::Overflow) };
    if unit.is_empty() {
        return if text == "0" { Ok(0) } else { Err(Problem::NoUnit) };
    }
    match MILLIS.iter().find(|(name, _)| *name == unit) {
        Some((_, millis)) => number.checked_mul(*millis).ok_or(Problem::Overflow),
        None => Err(Problem::Unit { unit: unit.to_owned(), meant: other_unit(number, unit) }),
    }
}

/// The shortest exact spelling.
pub(crate) fn format(millis: u64) -> String {
    let (unit, per_unit) = MILLIS
        .into_iter()
        .rev()
        .find(|(_, per_unit)| millis.is_multiple_of(*per_unit) && millis >= *per_unit)
        .unwrap_or(("ms", 1));
    format!("{}{unit}", millis / per_unit)
}

/// Units that other formats have.
fn other_unit(number: u64, unit: &str) -> Option<String> {
    let millis = match unit.to_ascii_lowercase().as_str() {
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => 1,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    };
    let millis = number.checked_mul(millis)?;
    Some(format(millis))
}

/// `1.5s`, `1 s` and `-3s`.
fn meant(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|letter| !matches!(letter, ' ' | '_' | '-' | '+')).collect();
    if plain != text {
        return match parse(&plain) {
            Ok(millis) => Some(format(millis)),
            Err(Problem::Unit { meant, .. } | Problem::NotANumber { meant }) => meant,
            Err(_) => None,
        };
    }
    let (whole, rest) = text.split_once('.')?;
    let digits = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (fraction, unit) = rest.split_at(digits);
    let (_, per_unit) = MILLIS.into_iter().find(|(name, _)| *name == unit)?;
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let number = format!("{whole}{fraction}").parse::<u64>().ok()?.checked_mul(per_unit)?;
    number.is_multiple_of(scale).then(|| format(number / scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_with_a_unit() {
        for (text, millis) in
            [("1ms", 1), ("250ms", 250), ("3s", 3_000), ("15m", 900_000), ("0s", 0), ("007s", 7_000)]
        {
            assert_eq!(parse(text), Ok(millis));
        }
    }

    #[test]
    fn attributes_read_durations_as_settings_do() {
        let lines = include_str!("../../../lift/src/config/durations.txt").lines();
        let table = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut rows = 0;
        for (text, expected) in table.filter_map(|line| line.split_once(" = ")) {
            let text = text.trim_matches('`');
            assert_eq!(parse(text).ok(), expected.parse().ok(), "{text}");
            rows += 1;
        }
        assert!(rows > 30);
    }

    #[test]
    fn formatting_is_exact() {
        for millis in [0, 1, 999, 1_000, 1_500, 60_000, 61_000, 900_000, 86_400_000] {
            assert_eq!(parse(&format(millis)), Ok(millis));
        }
        assert_eq!(format(1_500), "1500ms");
        assert_eq!(format(120_000), "2m");
    }

    #[test]
    fn everything_else_is_a_problem() {
        let some = |text: &str| Some(text.to_owned());
        let unit = |unit: &str, meant| Err(Problem::Unit { unit: unit.to_owned(), meant });
        let table = [
            ("3", Err(Problem::NoUnit)),
            ("3sec", unit("sec", some("3s"))),
            ("3S", unit("S", some("3s"))),
            ("2d", unit("d", some("48h"))),
            ("3parsecs", unit("parsecs", None)),
            ("1.5s", Err(Problem::NotANumber { meant: some("1500ms") })),
            ("0.5m", Err(Problem::NotANumber { meant: some("30s") })),
            ("1.0001ms", Err(Problem::NotANumber { meant: None })),
            ("3 s", Err(Problem::NotANumber { meant: some("3s") })),
            ("3 minutes", Err(Problem::NotANumber { meant: some("3m") })),
            ("1_000ms", Err(Problem::NotANumber { meant: some("1s") })),
            ("-3s", Err(Problem::NotANumber { meant: some("3s") })),
            ("", Err(Problem::NotANumber { meant: None })),
            ("soon", Err(Problem::NotANumber { meant: None })),
            ("s", Err(Problem::NotANumber { meant: None })),
            ("99999999999999999999s", Err(Problem::Overflow)),
            ("18446744073709551615m", Err(Problem::Overflow)),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
