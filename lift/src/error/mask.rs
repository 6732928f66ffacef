//! Texts of errors without the secrets that drivers write into them.

use std::borrow::Cow;

/// What stands for a secret.
const MASK: &str = "…";

/// Words that are followed by a secret, in settings, connection strings and headers.
const KEYS: [&str; 9] =
    ["password", "passwd", "pwd", "secret", "token", "api_key", "apikey", "access_key", "authorization"];

/// Words that begin a statement of SQL, each with one that must follow it, if any: prose has the first ones, too.
const STATEMENTS: [(&str, &str); 12] = [
    ("select ", " from "),
    ("insert into ", ""),
    ("update ", " set "),
    ("delete from ", ""),
    ("merge into ", ""),
    ("create ", "table"),
    ("create ", "role"),
    ("alter ", "table"),
    ("alter ", "role"),
    ("drop ", "table"),
    ("truncate ", "table"),
    ("with ", " as ("),
];

/// The text with every statement of SQL, the password of every URL, and what follows the name of a secret, taken out.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase().replace(['\n', '\t'], " ");
    let text = match without_statements(text, &lower) {
        Some(text) => Cow::Owned(text),
        None => Cow::Borrowed(text),
    };
    if !text.contains("://") && !KEYS.iter().any(|key| lower.contains(key)) {
        return text;
    }
    Cow::Owned(without_values(&without_passwords(&text)))
}

/// The text with the password of every URL taken out, and nothing else: for words of lift's own, which name settings.
pub(super) fn masked_urls(text: &str) -> Cow<'_, str> {
    if text.contains("://") { Cow::Owned(without_passwords(text)) } else { Cow::Borrowed(text) }
}

/// The beginning of a text of any length, [`masked`]; what it is cut at is a space, so that no half of a secret stays.
pub(crate) fn masked_beginning(text: &str, most: usize) -> String {
    let searched = beginning(text, 4 * most);
    let masked = if searched.len() == text.len() { masked(text) } else { masked_cut(searched) };
    beginning(&masked, most).to_owned()
}

/// A text that was cut somewhere, [`masked`]: it ends at a space, so that no half of a secret stays.
pub(super) fn masked_cut(text: &str) -> Cow<'_, str> {
    match text.rfind(char::is_whitespace) {
        Some(space) => masked(text.get(..space).unwrap_or_default()),
        None => Cow::Borrowed(MASK),
    }
}

/// The text up to so many bytes, and to the end of a character.
pub(super) fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The text without the statements in it, if there are any: each up to the quote that closes it, else up to the end.
fn without_statements(text: &str, lower: &str) -> Option<String> {
    let begins = |&(first, second): &(&str, &str)| {
        let mut starts = lower.match_indices(first).map(|(start, _)| start);
        starts.find(|&start| {
            let before = lower.get(..start).and_then(|before| before.chars().last());
            let rest = lower.get(start + first.len() - 1..).unwrap_or_default();
            !before.is_some_and(char::is_alphanumeric) && rest.contains(second)
        })
    };
    let start = STATEMENTS.iter().filter_map(begins).min()?;
    let (before, statement) = (text.get(..start)?, text.get(start..)?);
    let quote = before.chars().last().filter(|c| matches!(c, '"' | '\'' | '`'));
    let end = quote.and_then(|quote| statement.rfind(quote)).map_or(text.len(), |end| start + end);
    let (after, lower) = (text.get(end..)?, lower.get(end..)?);
    let after = without_statements(after, lower).unwrap_or_else(|| after.to_owned());
    Some(format!("{before}{MASK}{after}"))
}

/// `scheme://user:password@host` without the password.
fn without_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '`' | '>'));
        let (authority, next) = after.split_at(end.unwrap_or(after.len()));
        // A password may hold a slash or a quote that its writer forgot to escape.
        let (authority, next) = match next.find('@').filter(|_| !authority.contains('@')) {
            Some(at)
                if !next.get(..at).unwrap_or_default().contains(char::is_whitespace)
                    && authority.contains(':') =>
            {
                after.split_at(authority.len() + at + 1)
            }
            _ => (authority, next),
        };
        match authority.rsplit_once('@') {
            Some((who, host)) => {
                let user = who.split_once(':').map_or(who, |(user, _)| user);
                out.push_str(user);
                if user.len() < who.len() {
                    out.push(':');
                    out.push_str(MASK);
                }
                out.push('@');
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        rest = next;
    }
    out.push_str(rest);
    out
}

/// `password=…`, `token: …` without what follows.
fn without_values(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((start, key)) = next_key(&lower, at) {
        let after = start + key.len();
        let tail = text.get(after..).unwrap_or_default();
        let value = tail.trim_start_matches(['"', '\'', ' ', '=', ':']);
        let separator = tail.len() - value.len();
        let is_set = tail.get(..separator).is_some_and(|between| between.contains(['=', ':']));
        if !is_set {
            out.push_str(text.get(at..after).unwrap_or_default());
            at = after;
            continue;
        }
        out.push_str(text.get(at..after + separator).unwrap_or_default());
        out.push_str(MASK);
        let scheme = value.to_ascii_lowercase();
        let skipped =
            ["bearer ", "basic "].iter().find(|word| scheme.starts_with(**word)).map_or(0, |word| word.len());
        let word = value.get(skipped..).unwrap_or_default();
        let quoted = tail
            .get(..separator)
            .and_then(|between| between.chars().last())
            .filter(|c| matches!(c, '"' | '\''));
        let end = word.find(|c: char| match quoted {
            Some(quote) => c == quote,
            None => c.is_whitespace() || matches!(c, ',' | ';' | '&' | '"' | '\''),
        });
        at = after + separator + skipped + end.unwrap_or(word.len());
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn next_key(lower: &str, from: usize) -> Option<(usize, &'static str)> {
    let rest = lower.get(from..)?;
    KEYS.iter().filter_map(|&key| Some((from + rest.find(key)?, key))).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        for (text, expected) in [
            ("timed out after 500ms", "timed out after 500ms"),
            ("postgres://ada:hunter2@db:5432/x failed", "postgres://ada:…@db:5432/x failed"),
            ("redis://:hunter2@cache", "redis://:…@cache"),
            ("http://warehouse/items is away", "http://warehouse/items is away"),
            ("postgres://ada:hun/ter2@db/x", "postgres://ada:…@db/x"),
            ("host=db password=hunter2 user=ada", "host=db password=… user=ada"),
            ("password='hunter two' user=ada", "password='…' user=ada"),
            ("{\"token\": \"hunter2\", \"a\": 1}", "{\"token\": \"…\", \"a\": 1}"),
            ("Authorization: Bearer hunter2, x", "Authorization: …, x"),
            (
                "password authentication failed for user \"ada\"",
                "password authentication failed for user \"ada\"",
            ),
            ("two: a://b:hunter2@c and PWD=hunter2;x", "two: a://b:…@c and PWD=…;x"),
            ("error in \"SELECT a\nFROM t\": timed out", "error in \"…\": timed out"),
            ("cannot run UPDATE users SET name = 'ada'", "cannot run …"),
            ("the selected row was dropped from it", "the selected row was dropped from it"),
            ("insert into users values ('ada')", "…"),
            ("create table hunter2", "…"),
            ("select from hunter2", "…"),
            ("update the list, and create an image", "update the list, and create an image"),
            ("a reselect of x from y", "a reselect of x from y"),
            ("a://b:hunter2@c for x@y", "a://b:…@c for x@y"),
            ("http://warehouse:80/items for x@y", "http://warehouse:80/items for x@y"),
            ("http://warehouse/x@y", "http://warehouse/x@y"),
            ("redis://ada@cache", "redis://ada@cache"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn a_long_text_is_cut_where_no_secret_is_halved() {
        let password = "hunter2".repeat(2000);
        for text in
            [format!("a postgres://u:{password}@h b"), format!("{} a://u:{password}@h", "x ".repeat(100))]
        {
            let shown = masked_beginning(&text, 300);
            assert!(shown.len() <= 300 && !shown.contains("hunter2"), "{shown}");
        }
        assert_eq!(masked_beginning("été", 4), "ét");
        // More is read than is shown, because a secret takes room that its mask does not.
        assert_eq!(masked_beginning(&format!("a://u:{}@h", "x".repeat(30)), 12), "a://u:…@h");
    }

    #[test]
    fn no_text_panics_and_no_planted_secret_stays() {
        let pieces = [
            "://",
            "@",
            ":",
            "/",
            " ",
            "password",
            "=",
            "'",
            "\"",
            "token",
            "é",
            "…",
            "a",
            "Bearer ",
            "\u{1f980}",
            ";",
            "\n",
            "SELECT ",
            " from ",
            "delete from ",
        ];
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let text: String = (0..12).map(|_| pieces[random.usize(..pieces.len())]).collect();
            let _ = masked(&text);
            for secret in
                [format!("{text} postgres://u:hunter2@h {text}"), format!("{text} password=hunter2 {text}")]
            {
                let shown = masked(&secret).into_owned();
                assert!(!shown.contains("hunter2"), "{secret:?}: {shown:?}");
            }
        }
    }
}
