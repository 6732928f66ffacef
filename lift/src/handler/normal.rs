//! The form in which paths are compared.

use std::borrow::Cow;

/// Normalises the escapes of a path (RFC 3986, sections 6.2.2.1 and 6.2.2.2): unreserved characters are decoded, and the hex
/// digits of all others are capitals. `%61ll` is `all`, and `%2f` is `%2F`, which is not a slash.
pub(crate) fn normal(path: &str) -> Cow<'_, str> {
    let mut parts = path.split('%');
    let (Some(first), true) = (parts.next(), path.contains('%')) else { return Cow::Borrowed(path) };
    let mut normal = String::with_capacity(path.len());
    normal.push_str(first);
    for part in parts {
        let escape = part.get(..2).and_then(|digits| Some((byte(digits)?, digits)));
        match escape {
            Some((byte, _)) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                normal.push(char::from(byte));
            }
            Some((_, digits)) => {
                normal.push('%');
                normal.push_str(&digits.to_ascii_uppercase());
            }
            None => normal.push('%'),
        }
        normal.push_str(part.get(if escape.is_some() { 2 } else { 0 }..).unwrap_or_default());
    }
    Cow::Owned(normal)
}

/// The byte of two hex digits.
fn byte(digits: &str) -> Option<u8> {
    let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if hex { u8::from_str_radix(digits, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_what_needs_none_are_undone_and_the_others_are_in_capitals() {
        for (path, expected) in [
            ("/orders/all", "/orders/all"),
            ("/orders/%61ll", "/orders/all"),
            ("/%6F%72ders/%7e%2D%2e%5F%30%5a", "/orders/~-._0Z"),
            ("/a%2fb%2Fc", "/a%2Fb%2Fc"),
            ("/caf%c3%a9%20", "/caf%C3%A9%20"),
            // Once: what was escaped twice stays so.
            ("/%2561ll", "/%2561ll"),
            ("/%25%36%31", "/%2561"),
            ("/%", "/%"),
            ("/%6", "/%6"),
            ("/%zz%61", "/%zza"),
            ("/%+1", "/%+1"),
            ("/%\u{e9}", "/%\u{e9}"),
            ("%", "%"),
            ("", ""),
        ] {
            assert_eq!(normal(path), expected, "{path}");
        }
        assert!(matches!(normal("/orders"), Cow::Borrowed(_)));
    }
}
