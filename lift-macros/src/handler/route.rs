//! Paths with parameters: `/orders/{id}`, `/files/{*rest}`.

use std::ops::Range;

use syn::LitStr;

use super::path_rules::{PathFault, PathRule, is_other_style, plain, segments, whole};
use crate::support::errors::Errors;
use crate::support::literal;
use crate::support::naming::snake;
use crate::support::rules::Rule;

/// A path that the runtime's router takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) text: String,
    pub(crate) parameters: Vec<Parameter>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// `{*name}`: all the rest of the path.
    pub(crate) catch_all: bool,
    /// Where it stands in the path, braces included.
    pub(crate) range: Range<usize>,
}

/// A broken rule at a place in the path.
struct Problem {
    rule: Rule,
    range: Range<usize>,
    text: String,
    help: String,
}

impl Route {
    /// The path with `{}` and `{*}` for its parameters.
    pub(crate) fn shape(&self) -> String {
        let mut shape = String::new();
        let mut from = 0;
        for parameter in &self.parameters {
            shape.push_str(self.text.get(from..parameter.range.start).unwrap_or_default());
            shape.push_str(if parameter.catch_all { "{*}" } else { "{}" });
            from = parameter.range.end;
        }
        shape.push_str(self.text.get(from..).unwrap_or_default());
        shape
    }
}

/// The route in a literal, or `None` after at least one report.
pub(crate) fn check(path: &LitStr, errors: &Errors) -> Option<Route> {
    match read(&path.value()) {
        Ok(route) => Some(route),
        Err(problems) => {
            for Problem { rule, range, text, help } in problems {
                errors.report(literal::fault(rule, path, range, text).help(help));
            }
            None
        }
    }
}

fn read(text: &str) -> Result<Route, Vec<Problem>> {
    if let Some(fault) = whole(text, "a route") {
        return Err(vec![problem(fault)]);
    }
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut problems = Vec::new();
    for (segment, range) in segments(text) {
        if let Some(catch_all) = parameters.iter().find(|parameter| parameter.catch_all) {
            problems.push(after_catch_all(text, catch_all, range.start));
            break;
        }
        match read_segment(text, segment, range) {
            Ok(None) => {}
            Ok(Some(parameter)) if parameters.iter().any(|known| known.name == parameter.name) => {
                problems.push(Problem {
                    rule: Rule::RouteDuplicate,
                    text: format!("the route has two parameters named `{}`", parameter.name),
                    help: format!("give one of them another name, such as `{{{}_2}}`", parameter.name),
                    range: parameter.range,
                });
            }
            Ok(Some(parameter)) => parameters.push(parameter),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(Route { text: text.to_owned(), parameters }) } else { Err(problems) }
}

/// The problem of a rule that holds for every path.
fn problem(fault: PathFault) -> Problem {
    let PathFault { rule, range, mut text, mut help } = fault;
    let rule = match rule {
        PathRule::Url => Rule::RouteUrl,
        PathRule::NoSlash => Rule::RouteNoSlash,
        PathRule::Query => {
            text.push_str("; take it as an argument, `Query<…>`");
            Rule::RouteQuery
        }
        PathRule::Fragment => Rule::RouteFragment,
        PathRule::DoubleSlash => Rule::RouteDoubleSlash,
        PathRule::TrailingSlash => Rule::RouteTrailingSlash,
        PathRule::Dots => Rule::RouteDots,
        PathRule::EscapedSlash => {
            help.push_str(", or a parameter: `{name}` holds any `/` that was escaped");
            Rule::RouteEscape
        }
        PathRule::Escape => Rule::RouteEscape,
        PathRule::Character => Rule::RouteCharacter,
    };
    Problem { rule, range, text, help }
}

fn after_catch_all(text: &str, catch_all: &Parameter, at: usize) -> Problem {
    let last = text.get(..catch_all.range.end).unwrap_or(text);
    Problem {
        rule: Rule::RouteCatchAll,
        range: at - 1..text.len(),
        text: format!("`{{*{}}}` takes all the rest, so nothing can follow it", catch_all.name),
        help: format!("write `\"{last}\"`, or `{{{}}}` for one segment", catch_all.name),
    }
}

/// One segment: plain text, or one parameter in braces.
fn read_segment(text: &str, segment: &str, range: Range<usize>) -> Result<Option<Parameter>, Problem> {
    if let Some(problem) = other_style(segment, &range) {
        return Err(problem);
    }
    let problem = |rule, range: Range<usize>, text: &str, help: String| Problem {
        rule,
        range,
        text: text.to_owned(),
        help,
    };
    let (open, close) = match (segment.find('{'), segment.find('}')) {
        (None, None) => return plain(segment, &range).map_or(Ok(None), |fault| Err(self::problem(fault))),
        (Some(open), Some(close)) if open < close => (open, close),
        (Some(open), _) => {
            let name = segment.get(open + 1..).unwrap_or_default();
            let help = format!("write `{{{}}}`", snake(name));
            return Err(problem(Rule::RouteBrace, range.start + open..range.end, "`{` is not closed", help));
        }
        (None, Some(close)) => {
            let name = segment.get(..close).unwrap_or_default();
            let help = format!("write `{{{}}}`", snake(name));
            return Err(problem(
                Rule::RouteBrace,
                range.start..range.start + close + 1,
                "`}` is not opened",
                help,
            ));
        }
    };
    let name = segment.get(open + 1..close).unwrap_or_default();
    let braces = range.start + open..range.start + close + 1;
    if open != 0 || close + 1 != segment.len() {
        let before = text.get(..range.start).unwrap_or_default();
        let help = format!("write `\"{before}{{segment}}\"`, and take it apart in the handler");
        return Err(problem(Rule::RouteAffix, range, "a parameter is a whole segment", help));
    }
    let (catch_all, name) = match name.strip_prefix('*') {
        Some(name) => (true, name),
        None => (false, name),
    };
    match check_name(name, catch_all) {
        None => Ok(Some(Parameter { name: name.to_owned(), catch_all, range: braces })),
        Some((rule, text, help)) => Err(problem(rule, braces, &text, help)),
    }
}

/// Why a parameter's name is none, and what to write.
fn check_name(name: &str, catch_all: bool) -> Option<(Rule, String, String)> {
    let star = if catch_all { "*" } else { "" };
    if name.is_empty() {
        let example = if catch_all { "{*rest}" } else { "{id}" };
        return Some((Rule::RouteName, "the parameter has no name".to_owned(), format!("write `{example}`")));
    }
    if let Some((name, _)) = name.split_once(':') {
        let text = "a parameter has a name only: the argument's type decides what fits".to_owned();
        let name = snake(name);
        return Some((
            Rule::RouteStyle,
            text,
            format!("write `{{{name}}}`, and `{name}: u64` among the arguments"),
        ));
    }
    for rest in ["+", "...", ".."] {
        if let Some(name) = name.strip_suffix(rest) {
            let text = format!("`{rest}` does not mark a parameter that takes all the rest");
            return Some((Rule::RouteStyle, text, format!("write `{{*{}}}`", snake(name))));
        }
    }
    let letters = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let reserved = ["_", "self", "Self", "super", "crate"].contains(&name);
    if letters && !reserved && !name.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let better: String = snake(name).chars().filter(char::is_ascii).collect();
    let better = better.trim_start_matches(|first: char| first.is_ascii_digit() || first == '_');
    let better = if better.is_empty() || reserved { "id" } else { better };
    let text = format!("the parameter `{name}` can't be the name of an argument");
    Some((Rule::RouteName, text, format!("write `{{{star}{better}}}`")))
}

/// How other routers write parameters.
fn other_style(segment: &str, range: &Range<usize>) -> Option<Problem> {
    if !is_other_style(segment) {
        return None;
    }
    let (name, catch_all) = if let Some(name) = segment.strip_prefix(':') {
        (name.trim_end_matches('*'), name.ends_with('*'))
    } else if let Some(name) = segment.strip_prefix('<') {
        let name = name.trim_end_matches('>');
        let name = name.rsplit_once(':').map_or(name, |(_, name)| name);
        (name.trim_end_matches("..").trim_end_matches('.'), name.ends_with(".."))
    } else {
        (segment.strip_prefix('*').unwrap_or(segment), true)
    };
    let name = snake(name);
    let name = match (name.is_empty(), catch_all) {
        (true, true) => "rest".to_owned(),
        (true, false) => "id".to_owned(),
        _ => name,
    };
    let star = if catch_all { "*" } else { "" };
    Some(Problem {
        rule: Rule::RouteStyle,
        range: range.clone(),
        text: "a parameter is written in braces".to_owned(),
        help: format!("write `{{{star}{name}}}`"),
    })
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
