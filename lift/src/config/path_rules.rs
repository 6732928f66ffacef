//! What a path may be, but for its parameters. Paths are compared percent-encoded, in one normal form.
//!
//! `lift-macros` judges routes by this file, at compile time; `lift` judges prefixes and base paths, at start. The two can share
//! no code, so the file is in both, and a test in `lift` keeps them the same.

use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathRule {
    Url,
    NoSlash,
    Query,
    Fragment,
    DoubleSlash,
    TrailingSlash,
    Dots,
    EscapedSlash,
    Escape,
    Character,
}

/// A broken rule at a place in the path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PathFault {
    pub(crate) rule: PathRule,
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
    pub(crate) help: String,
}

/// What can be told without looking at the segments of `what`, such as `a route`.
pub(crate) fn whole(text: &str, what: &str) -> Option<PathFault> {
    let fault = |rule, range: Range<usize>, says: &str, help: &str| {
        Some(PathFault { rule, range, text: format!("{what} {says}"), help: format!("write `\"{help}\"`") })
    };
    if let Some((scheme, rest)) = text.split_once("://") {
        let path = rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/");
        let host = scheme.len() + 3 + rest.len() - path.len();
        let host = if rest.contains('/') { host } else { text.len() };
        return fault(PathRule::Url, 0..host, "is a path without scheme and host", path);
    }
    if !text.starts_with('/') {
        return fault(PathRule::NoSlash, 0..1, "starts with `/`", &format!("/{text}"));
    }
    if let Some(mark) = text.find(['?', '#'])
        && !inside_braces(text, mark)
    {
        let path = text.get(..mark).unwrap_or("/");
        let (rule, says) = if text.get(mark..).is_some_and(|rest| rest.starts_with('?')) {
            (PathRule::Query, "has no query")
        } else {
            (PathRule::Fragment, "has no `#fragment`: browsers don't send it")
        };
        return fault(rule, mark..text.len(), says, path);
    }
    if let Some(double) = text.find("//") {
        let mut single = text.to_owned();
        while single.contains("//") {
            single = single.replace("//", "/");
        }
        return fault(PathRule::DoubleSlash, double..double + 2, "has no empty segment", &single);
    }
    if text.len() > 1 && text.ends_with('/') {
        let end = text.len() - 1..text.len();
        return fault(PathRule::TrailingSlash, end, "does not end with `/`", text.trim_end_matches('/'));
    }
    None
}

fn inside_braces(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    before.rfind('{') > before.rfind('}')
}

/// Each segment, without its slashes, and where it is; of a path that starts with a slash.
pub(crate) fn segments(text: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    // What stands before the first slash is nothing.
    let mut at = 1;
    text.split('/').skip(1).map(move |segment| {
        let range = at..at + segment.len();
        at = range.end + 1;
        (segment, range)
    })
}

/// Whether other routers would read a parameter here.
pub(crate) fn is_other_style(segment: &str) -> bool {
    segment.starts_with([':', '<', '*'])
}

/// What is wrong with a segment without a parameter.
pub(crate) fn plain(segment: &str, range: &Range<usize>) -> Option<PathFault> {
    if matches!(segment, "." | "..") {
        return Some(PathFault {
            rule: PathRule::Dots,
            range: range.clone(),
            text: format!("clients resolve `{segment}` before they send the path"),
            help: "leave the segment out".to_owned(),
        });
    }
    if let Some(fault) = escape(segment, range) {
        return Some(fault);
    }
    let allowed = |letter: char| letter.is_ascii_graphic() && !"\"<>\\^`|".contains(letter);
    let (at, letter) = segment.char_indices().find(|(_, letter)| !allowed(*letter))?;
    let mut bytes = [0; 4];
    let encoded: String = letter.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect();
    Some(PathFault {
        rule: PathRule::Character,
        range: range.start + at..range.start + at + letter.len_utf8(),
        text: format!("`{}` never reaches a server as it is", letter.escape_debug()),
        help: format!("write `{encoded}`"),
    })
}

/// An escape that no request's path holds as it is written.
fn escape(segment: &str, range: &Range<usize>) -> Option<PathFault> {
    segment.match_indices('%').find_map(|(at, _)| {
        let digits = segment.get(at + 1..at + 3).filter(|two| two.chars().all(|one| one.is_ascii_hexdigit()));
        let letter = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).map(char::from);
        let (rule, text, help) = match (digits, letter) {
            (Some(digits), Some('/')) => (
                PathRule::EscapedSlash,
                format!("`%{digits}` is a `/` inside of a segment, which reaches no route"),
                "write two segments".to_owned(),
            ),
            (Some(digits), Some(plain)) if plain.is_ascii_alphanumeric() || "-._~".contains(plain) => (
                PathRule::Escape,
                format!("clients send `%{digits}` as `{plain}`"),
                format!("write `{plain}`"),
            ),
            (Some(digits), _) if digits.chars().any(|digit| digit.is_ascii_lowercase()) => (
                PathRule::Escape,
                format!("clients write the escape `%{digits}` in capitals"),
                format!("write `%{}`", digits.to_ascii_uppercase()),
            ),
            (Some(_), _) => return None,
            (None, _) => (
                PathRule::Escape,
                "`%` begins an escape of two hexadecimal digits".to_owned(),
                "write `%25` for `%`".to_owned(),
            ),
        };
        let start = range.start + at;
        let length = 1 + digits.map_or(0, str::len);
        Some(PathFault { rule, range: start..start + length, text, help })
    })
}
