//! `RUST_LOG`: which log lines are written.

use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::config::distance;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Words for levels that others use.
const NEIGHBOURS: [(&str, &str); 14] = [
    ("warning", "warn"),
    ("warnings", "warn"),
    ("err", "error"),
    ("fatal", "error"),
    ("critical", "error"),
    ("crit", "error"),
    ("notice", "info"),
    ("verbose", "debug"),
    ("on", "info"),
    ("true", "info"),
    ("all", "trace"),
    ("none", "off"),
    ("silent", "off"),
    ("false", "off"),
];

/// Reads levels for targets, such as `info,hyper=warn`.
///
/// # Errors
/// What is wrong, and what to write. A word that is no level names a target, whose lines are then the only ones that are
/// written; so one that is nearly a level is wrong, too.
pub(crate) fn filter(text: &str) -> Result<Targets, (String, String)> {
    const HELP: &str = "write levels for targets, such as `info,hyper=warn,my_service=debug`";
    for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        if let Some(level) = nearly_a_level(directive) {
            let problem = format!("`{directive}` is not a level");
            return Err((
                problem,
                format!("did you mean `{level}`? A target is written `{directive}=trace`"),
            ));
        }
        let is_odd = |c: char| !(c.is_alphanumeric() || "_-:=./[]{}".contains(c));
        if directive.contains(is_odd) || directive.ends_with('=') || directive.parse::<Targets>().is_err() {
            return Err((format!("`{directive}` is not a level for a target"), HELP.to_owned()));
        }
    }
    text.parse().map_err(|_| ("is not a list of levels for targets".to_owned(), HELP.to_owned()))
}

/// The level that a bare word was meant to be.
fn nearly_a_level(word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase();
    if word.parse::<LevelFilter>().is_ok() || word.contains(['=', '[', ':', '_', '-']) {
        return None;
    }
    if let Some((_, level)) = NEIGHBOURS.into_iter().find(|(neighbour, _)| *neighbour == lower) {
        return Some(level);
    }
    let slips = if lower.len() < 4 { 1 } else { 2 };
    let (near, level) = LEVELS.into_iter().map(|level| (distance(&lower, level), level)).min()?;
    (near <= slips).then_some(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_for_targets_are_read_and_anything_else_is_told() {
        for text in [
            "info",
            "INFO",
            "off",
            "3",
            "hyper",
            "my_service",
            "info,hyper=warn",
            " info , a::b=trace,",
            "a[{x}]=info",
        ] {
            assert!(filter(text).is_ok(), "{text}");
        }
        for (text, problem) in [
            ("infoo=bar=baz", "`infoo=bar=baz` is not a level for a target"),
            ("infoo", "`infoo` is not a level"),
            ("inof", "`inof` is not a level"),
            ("warning", "`warning` is not a level"),
            ("info,debgu", "`debgu` is not a level"),
            ("hyper=loud", "`hyper=loud` is not a level for a target"),
            ("info,hyper=", "`hyper=` is not a level for a target"),
            ("info;debug", "`info;debug` is not a level for a target"),
        ] {
            assert_eq!(filter(text).map_err(|(problem, _)| problem), Err(problem.to_owned()), "{text}");
        }
        let (_, help) = filter("verbose").unwrap_err();
        assert_eq!(help, "did you mean `debug`? A target is written `verbose=trace`");
    }
}
