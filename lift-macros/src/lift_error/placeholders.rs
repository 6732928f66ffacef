//! `{…}` in format strings.

use std::ops::Range;

/// A piece of a format string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text, with `{{` and `}}` read as one brace.
    Text(String),
    Placeholder(Placeholder),
}

/// `{argument:specification}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placeholder {
    pub(crate) argument: String,
    /// With its `:`, or empty.
    pub(crate) specification: String,
    /// Where it stands in the text, braces included.
    pub(crate) range: Range<usize>,
}

/// A brace without its partner, at this place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unbalanced(pub(crate) Range<usize>);

/// The pieces of a format string.
pub(crate) fn read(text: &str) -> Result<Vec<Piece>, Unbalanced> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let doubled = letters.next_if(|(_, next)| *next == letter && matches!(letter, '{' | '}')).is_some();
        match letter {
            _ if doubled => plain.push(letter),
            '}' => return Err(Unbalanced(at..at + 1)),
            '{' => {
                let rest = text.get(at + 1..).unwrap_or_default();
                let Some(length) = rest.find(['}', '{']).filter(|end| rest.get(*end..).is_some_and(closes))
                else {
                    return Err(Unbalanced(at..text.len()));
                };
                let inside = rest.get(..length).unwrap_or_default();
                let end = at + 1 + length;
                while letters.next_if(|(next, _)| *next <= end).is_some() {}
                pieces.extend(
                    Some(std::mem::take(&mut plain)).filter(|plain| !plain.is_empty()).map(Piece::Text),
                );
                let colon = inside.find(':').unwrap_or(inside.len());
                let (argument, specification) = inside.split_at(colon);
                pieces.push(Piece::Placeholder(Placeholder {
                    argument: argument.trim().to_owned(),
                    specification: specification.trim_end().to_owned(),
                    range: at..end + 1,
                }));
            }
            letter => plain.push(letter),
        }
    }
    pieces.extend(Some(plain).filter(|plain| !plain.is_empty()).map(Piece::Text));
    Ok(pieces)
}

fn closes(rest: &str) -> bool {
    rest.starts_with('}')
}

impl Placeholder {
    /// The names before a `$` in the specification: widths and precisions that are arguments.
    pub(crate) fn counts(&self) -> Vec<&str> {
        let mut counts = Vec::new();
        let mut rest = self.specification.as_str();
        while let Some((before, after)) = rest.split_once('$') {
            let start = before
                .rfind(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .map_or(0, |at| at + 1);
            counts.extend(before.get(start..).filter(|name| !name.is_empty()));
            rest = after;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        match read(text) {
            Err(Unbalanced(range)) => format!("unbalanced {range:?}"),
            Ok(pieces) => {
                let pieces: Vec<_> = pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Text(text) => format!("'{text}'"),
                        Piece::Placeholder(it) => {
                            assert!(
                                text[it.range.clone()].starts_with('{')
                                    && text[it.range.clone()].ends_with('}')
                            );
                            format!("{}|{}|{}", it.argument, it.specification, it.counts().join(","))
                        }
                    })
                    .collect();
                pieces.join(" ")
            }
        }
    }

    #[test]
    fn format_strings() {
        let table = [
            ("", ""),
            ("plain", "'plain'"),
            ("order {0} of {who:?}", "'order ' 0|| ' of ' who|:?|"),
            ("{{literal}} {a}", "'{literal} ' a||"),
            ("{}", "||"),
            ("{a:>width$.prec$}", "a|:>width$.prec$|width,prec"),
            ("{a:1$}", "a|:1$|1"),
            ("{a:$>5}", "a|:$>5|"),
            ("\u{e9}{a}\u{e9}", "'\u{e9}' a|| '\u{e9}'"),
            ("{a", "unbalanced 0..2"),
            ("a}", "unbalanced 1..2"),
            ("{a{b}}", "unbalanced 0..6"),
            ("{{{a}}}", "'{' a|| '}'"),
        ];
        for (text, expected) in table {
            assert_eq!(show(text), expected, "{text}");
        }
    }
}
