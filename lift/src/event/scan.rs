//! JSON, read once from its beginning to its end, piece by piece, as the keys ask for it.
//!
//! An event is mostly what nobody asks for, so it is skipped as fast as its quotes and brackets are found, and a value of
//! an unexpected shape is skipped, too: it counts as absent. `serde_json` reads what has a type.

use std::borrow::Cow;

use memchr::memchr2;
use serde_json::{Map, Value};

/// Why it cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// It is no JSON.
    Syntax,
    /// It is nested more than [`LEVELS`] deep.
    TooDeep,
    /// A text has an escape that JSON does not have, or half of a surrogate pair. A text that is skipped is not looked at,
    /// so that is seen when it is read.
    Text,
}

pub(super) type Scanned<T> = Result<T, Malformed>;

/// How deep objects and lists may be nested, as `serde_json` has it.
pub(super) const LEVELS: u32 = 128;

/// Names and values.
pub(super) type Pairs<'e> = Vec<(Cow<'e, str>, Cow<'e, str>)>;

/// JSON, and how much of it has been read.
pub(super) struct Scan<'e> {
    text: &'e str,
    at: usize,
}

impl<'e> Scan<'e> {
    pub(super) fn new(text: &'e str) -> Self {
        Self { text, at: 0 }
    }

    /// Where the next value begins.
    pub(super) fn place(&mut self) -> usize {
        self.blank();
        self.at
    }

    /// Nothing may follow any more.
    pub(super) fn end(mut self) -> Scanned<()> {
        self.blank();
        if self.at == self.text.len() { Ok(()) } else { Err(Malformed::Syntax) }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space.
    fn blank(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                other => return other,
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Scanned<()> {
        if self.blank() != Some(byte) {
            return Err(Malformed::Syntax);
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Scanned<()> {
        let found = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        self.at += word.len();
        if found { Ok(()) } else { Err(Malformed::Syntax) }
    }

    /// What stands between the quotes that begin here, and whether there are escapes in it.
    fn string(&mut self) -> Scanned<(&'e str, bool)> {
        self.expect(b'"')?;
        let (start, mut escaped) = (self.at, false);
        loop {
            let rest = self.text.as_bytes().get(self.at..).ok_or(Malformed::Syntax)?;
            let place = self.at + memchr2(b'"', b'\\', rest).ok_or(Malformed::Syntax)?;
            if self.text.as_bytes().get(place) == Some(&b'"') {
                self.at = place + 1;
                return Ok((self.text.get(start..place).ok_or(Malformed::Syntax)?, escaped));
            }
            escaped = true;
            self.at = place + 2;
        }
    }

    fn text_here(&mut self) -> Scanned<Cow<'e, str>> {
        match self.string()? {
            (inside, false) => Ok(Cow::Borrowed(inside)),
            (inside, true) => unescaped(inside).map(Cow::Owned).ok_or(Malformed::Text),
        }
    }

    /// Reads an object: each value by `each`, which is given its key and has to read or skip it. False when there is none.
    pub(super) fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, Cow<'e, str>) -> Scanned<()>,
    ) -> Scanned<bool> {
        if self.blank() != Some(b'{') {
            return self.skip().map(|()| false);
        }
        self.members(b'}', |scan| {
            let key = scan.text_here()?;
            scan.expect(b':')?;
            each(scan, key)
        })?;
        Ok(true)
    }

    /// Reads a list: each value by `each`, which has to read or skip it. False when there is none.
    pub(super) fn list(&mut self, each: impl FnMut(&mut Self) -> Scanned<()>) -> Scanned<bool> {
        if self.blank() != Some(b'[') {
            return self.skip().map(|()| false);
        }
        self.members(b']', each).map(|()| true)
    }

    /// What stands between the bracket that is here and this end of it, with commas between.
    fn members(&mut self, end: u8, mut each: impl FnMut(&mut Self) -> Scanned<()>) -> Scanned<()> {
        self.at += 1;
        if self.blank() == Some(end) {
            self.at += 1;
            return Ok(());
        }
        loop {
            each(self)?;
            if !self.goes_on(end)? {
                return Ok(());
            }
        }
    }

    /// Whether a comma follows, and not the end.
    fn goes_on(&mut self, end: u8) -> Scanned<bool> {
        let next = self.blank();
        self.at += 1;
        match next {
            Some(b',') => Ok(true),
            Some(byte) if byte == end => Ok(false),
            _ => Err(Malformed::Syntax),
        }
    }

    /// A text, without its escapes.
    pub(super) fn text(&mut self) -> Scanned<Option<Cow<'e, str>>> {
        match self.blank() {
            Some(b'"') => self.text_here().map(Some),
            _ => self.skip().map(|()| None),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self) -> Scanned<Option<bool>> {
        let flag = match self.blank() {
            Some(b't') => Some(true),
            Some(b'f') => Some(false),
            _ => None,
        };
        self.skip().map(|()| flag)
    }

    /// Any value as it is written.
    pub(super) fn raw(&mut self) -> Scanned<&'e str> {
        let start = self.place();
        self.skip()?;
        self.since(start)
    }

    /// What has been read since this place.
    pub(super) fn since(&self, start: usize) -> Scanned<&'e str> {
        self.text.get(start..self.at).ok_or(Malformed::Syntax)
    }

    /// The texts of a list; one text alone is a list of one.
    pub(super) fn texts(&mut self) -> Scanned<Vec<Cow<'e, str>>> {
        let mut texts = Vec::new();
        self.one_or_many(&mut |text| texts.push(text))?;
        Ok(texts)
    }

    /// `{"name": "value"}` or `{"name": ["value", …]}`: each value with its name. Nothing is lost but what is no text.
    pub(super) fn pairs(&mut self) -> Scanned<Pairs<'e>> {
        // Most requests have fewer.
        let mut pairs = Vec::with_capacity(24);
        self.object(|scan, name| scan.one_or_many(&mut |value| pairs.push((name.clone(), value))))?;
        Ok(pairs)
    }

    fn one_or_many(&mut self, each: &mut dyn FnMut(Cow<'e, str>)) -> Scanned<()> {
        if self.blank() == Some(b'[') {
            return self.list(|scan| scan.text().map(|text| text.into_iter().for_each(&mut *each))).map(drop);
        }
        self.text().map(|text| text.into_iter().for_each(each))
    }

    /// Any value, without a look at it.
    pub(super) fn skip(&mut self) -> Scanned<()> {
        self.skip_within(LEVELS)
    }

    fn skip_within(&mut self, levels: u32) -> Scanned<()> {
        match self.blank() {
            Some(b'"') => self.string().map(drop),
            Some(bracket @ (b'{' | b'[')) => {
                let levels = levels.checked_sub(1).ok_or(Malformed::TooDeep)?;
                if bracket == b'[' {
                    return self.members(b']', |scan| scan.skip_within(levels));
                }
                self.members(b'}', |scan| {
                    scan.string()?;
                    scan.expect(b':')?;
                    scan.skip_within(levels)
                })
            }
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(Malformed::Syntax),
        }
    }

    /// The shape of any value: its keys and texts this many levels deep, of each list the first value. What is deeper is
    /// `null`, numbers and flags are any. Takes all that [`skip`](Self::skip) takes.
    pub(super) fn outline(&mut self, levels: u32) -> Scanned<Value> {
        let Some(within) = levels.checked_sub(1) else { return self.skip().map(|()| Value::Null) };
        match self.blank() {
            Some(b'"') => self.string().map(|text| Value::String(as_far_as_possible(text))),
            Some(b'{') => {
                let mut members = Map::new();
                self.members(b'}', |scan| {
                    let key = as_far_as_possible(scan.string()?);
                    scan.expect(b':')?;
                    members.insert(key, scan.outline(within)?);
                    Ok(())
                })?;
                Ok(Value::Object(members))
            }
            Some(b'[') => {
                let mut first = Vec::new();
                self.members(b']', |scan| {
                    if first.is_empty() {
                        first.push(scan.outline(within)?);
                        return Ok(());
                    }
                    scan.skip()
                })?;
                Ok(Value::Array(first))
            }
            Some(b'n') => self.skip().map(|()| Value::Null),
            _ => self.skip().map(|()| Value::Bool(true)),
        }
    }

    fn number(&mut self) -> Scanned<()> {
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        let zero = self.byte() == Some(b'0');
        if self.digits()? > 1 && zero {
            return Err(Malformed::Syntax);
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'-' | b'+') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// How many there are: at least one.
    fn digits(&mut self) -> Scanned<usize> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        if self.at == start { Err(Malformed::Syntax) } else { Ok(self.at - start) }
    }
}

/// The text between two quotes, as it is written where its escapes are wrong.
fn as_far_as_possible((inside, escaped): (&str, bool)) -> String {
    let plain = if escaped { unescaped(inside) } else { None };
    plain.unwrap_or_else(|| inside.to_owned())
}

/// The text between two quotes; `None` when an escape is none of JSON's, or half of a surrogate pair.
fn unescaped(inside: &str) -> Option<String> {
    let (before, mut rest) = inside.split_once('\\')?;
    let mut text = String::with_capacity(inside.len());
    text.push_str(before);
    loop {
        let (escape, behind) = rest.split_at_checked(1)?;
        rest = behind;
        match escape {
            "n" => text.push('\n'),
            "t" => text.push('\t'),
            "r" => text.push('\r'),
            "b" => text.push('\u{8}'),
            "f" => text.push('\u{c}'),
            "u" => {
                let (first, behind) = unit(rest)?;
                rest = behind;
                match char::from_u32(first) {
                    Some(letter) => text.push(letter),
                    None => {
                        let (second, behind) = unit(rest.strip_prefix("\\u")?)?;
                        rest = behind;
                        let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
                        text.push(char::decode_utf16(pair).next()?.ok()?);
                    }
                }
            }
            itself @ ("\"" | "\\" | "/") => text.push_str(itself),
            _ => return None,
        }
        // Escapes stand close together in JSON inside of JSON, so a search that begins slowly would not pay.
        let Some(next) = rest.bytes().position(|byte| byte == b'\\') else {
            text.push_str(rest);
            return Some(text);
        };
        let (before, behind) = rest.split_at_checked(next)?;
        text.push_str(before);
        rest = behind.get(1..)?;
    }
}

/// The four digits of `\u`, and what stands behind them.
fn unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    // The standard library takes a sign, too.
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use serde::de::IgnoredAny;

    use super::*;

    #[test]
    fn texts_are_what_serde_json_makes_of_them() {
        let mut chance = fastrand::Rng::with_seed(7);
        let parts = [
            "a",
            "\u{fc}",
            "\u{1f980}",
            "\\n",
            "\\t",
            "\\r",
            "\\b",
            "\\f",
            "\\\"",
            "\\\\",
            "\\/",
            "\\u0041",
            "\\u00fC",
            "\\ud83e\\udd80",
            "\\ud83e",
            "\\udd80",
            "\\u0000",
            "\\x",
            "\\u00",
            "\\u+123",
        ];
        for _ in 0..20_000 {
            let length = chance.usize(..8);
            let inside: String = (0..length).map(|_| parts[chance.usize(..parts.len())]).collect();
            let json = format!("\"{inside}\"");
            let expected = serde_json::from_str::<String>(&json).ok();
            let mut scan = Scan::new(&json);
            let read = scan.text().ok().flatten().filter(|_| scan.end().is_ok());
            assert_eq!(read.map(Cow::into_owned), expected, "{json}");
        }
    }

    /// Any document, or one with a few bytes changed.
    fn document(chance: &mut fastrand::Rng) -> String {
        fn value(chance: &mut fastrand::Rng, levels: u32) -> String {
            let blank = if chance.u8(..4) == 0 { " \n" } else { "" };
            let inside = |chance: &mut fastrand::Rng| -> Vec<String> {
                (0..chance.usize(..4)).map(|_| value(chance, levels - 1)).collect()
            };
            let plain = match chance.u8(..if levels == 0 { 5 } else { 7 }) {
                0 => "null".to_owned(),
                1 => chance.bool().to_string(),
                2 => chance.i16(..).to_string(),
                3 => format!("{}e-{}", f64::from(chance.i16(..)) / 8.0, chance.u8(..9)),
                4 => Value::from((0..chance.usize(..6)).map(|_| chance.char(..)).collect::<String>())
                    .to_string(),
                5 => format!("[{}]", inside(chance).join(&format!("{blank},"))),
                _ => {
                    let pairs: Vec<_> = inside(chance)
                        .iter()
                        .enumerate()
                        .map(|(n, value)| format!("\"k{n}\"{blank}:{value}"))
                        .collect();
                    format!("{{{}}}", pairs.join(","))
                }
            };
            format!("{blank}{plain}{blank}")
        }
        let mut document = value(chance, 5);
        for _ in 0..chance.usize(..3) {
            let at = chance.usize(..=document.len());
            if document.is_char_boundary(at) {
                match chance.bool() {
                    true => document.truncate(at),
                    false => document
                        .insert(at, *chance.choice(&['{', '}', '[', ']', ',', ':', '"', '1', 'n']).unwrap()),
                }
            }
        }
        document
    }

    #[test]
    fn what_is_json_is_skipped_and_what_is_none_is_told() {
        let mut chance = fastrand::Rng::with_seed(11);
        let (mut good, mut bad) = (0, 0);
        for _ in 0..50_000 {
            let document = document(&mut chance);
            let expected = serde_json::from_str::<IgnoredAny>(&document).is_ok();
            let mut scan = Scan::new(&document);
            let read = scan.skip().and_then(|()| scan.end());
            // A control character in a text that is skipped stays unseen, and so does an escape that JSON does not have.
            let unseen = document.contains(|letter: char| letter.is_control() || letter == '\\');
            if expected || !unseen {
                assert_eq!(read.is_ok(), expected, "{document}");
            }
            if expected { good += 1 } else { bad += 1 }
        }
        assert!(good > 10_000 && bad > 10_000, "{good} {bad}");
    }

    #[test]
    fn what_has_another_shape_is_absent() {
        for (json, text, flag, texts, pairs) in [
            ("\"a\"", Some("a"), None, 1, 0),
            ("true", None, Some(true), 0, 0),
            ("false", None, Some(false), 0, 0),
            ("[\"a\", 7, null, \"b\"]", None, None, 2, 0),
            ("{\"a\": \"b\", \"c\": [\"d\", {}, \"e\"], \"f\": null}", None, None, 0, 3),
            ("{}", None, None, 0, 0),
            ("-1.5e3", None, None, 0, 0),
        ] {
            assert_eq!(Scan::new(json).text().unwrap().as_deref(), text, "{json}");
            assert_eq!(Scan::new(json).flag().unwrap(), flag, "{json}");
            assert_eq!(Scan::new(json).texts().unwrap().len(), texts, "{json}");
            assert_eq!(Scan::new(json).pairs().unwrap().len(), pairs, "{json}");
            assert_eq!(Scan::new(json).raw().unwrap(), json);
        }
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(Scan::new(&deep(128)).skip().is_ok() && Scan::new(&deep(129)).skip().is_err());
    }

    #[test]
    fn a_number_is_written_as_json_has_it() {
        for (text, is_number) in [
            ("0", true),
            ("-0", true),
            ("0.5", true),
            ("10", true),
            ("1e5", true),
            ("1E+05", true),
            ("-1.25e-7", true),
            ("00", false),
            ("01", false),
            ("-01", false),
            ("-", false),
            ("1.", false),
            (".5", false),
            ("1e", false),
            ("1e+", false),
            ("+1", false),
        ] {
            let mut scan = Scan::new(text);
            assert_eq!(scan.skip().and_then(|()| scan.end()).is_ok(), is_number, "{text}");
            assert_eq!(serde_json::from_str::<IgnoredAny>(text).is_ok(), is_number, "{text}");
        }
    }
}
