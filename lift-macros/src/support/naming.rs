//! Names made from names.

/// `OrdersDb` and `orders_db` to `orders-db`.
pub(crate) fn kebab(name: &str) -> String {
    let words: Vec<String> = words(name).iter().map(|word| word.to_lowercase()).collect();
    words.join("-")
}

/// `NotFound` to `NOT_FOUND`.
pub(crate) fn screaming(name: &str) -> String {
    let words: Vec<String> = words(name).iter().map(|word| word.to_uppercase()).collect();
    words.join("_")
}

/// `OrdersDb` and `orders-db` to `orders_db`.
pub(crate) fn snake(name: &str) -> String {
    let words: Vec<String> = words(name).iter().map(|word| word.to_lowercase()).collect();
    words.join("_")
}

/// Lower-case words of letters and digits, the first beginning with a letter, joined by single `-`.
pub(crate) fn is_kebab(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.split('-').all(|word| {
            !word.is_empty()
                && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        })
}

/// Upper-case words of letters and digits, the first beginning with a letter, joined by single `_`.
pub(crate) fn is_screaming(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.split('_').all(|word| {
            !word.is_empty()
                && word.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
        })
}

/// `a` or `an`.
pub(crate) fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// Splits at everything that is no letter or digit, at `aB`, and before the last capital of `ABc`.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = name.chars().peekable();
    let mut before: Option<char> = None;
    while let Some(letter) = letters.next() {
        if !letter.is_alphanumeric() {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
            before = None;
            continue;
        }
        let next_is_lower = letters.peek().is_some_and(|next| next.is_lowercase());
        let starts_word = letter.is_uppercase()
            && before
                .is_some_and(|before| !before.is_uppercase() || (next_is_lower && before.is_uppercase()));
        if starts_word {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
        }
        word.push(letter);
        before = Some(letter);
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions() {
        let table = [
            ("OrdersDb", "orders-db", "ORDERS_DB"),
            ("orders_db", "orders-db", "ORDERS_DB"),
            ("NotFound", "not-found", "NOT_FOUND"),
            ("HTTPServer", "http-server", "HTTP_SERVER"),
            ("S3Bucket", "s3-bucket", "S3_BUCKET"),
            ("Db", "db", "DB"),
            ("DB", "db", "DB"),
            ("_private", "private", "PRIVATE"),
            ("Order Fulfilled!", "order-fulfilled", "ORDER_FULFILLED"),
            ("A", "a", "A"),
            ("", "", ""),
        ];
        for (name, kebab_name, screaming_name) in table {
            assert_eq!(kebab(name), kebab_name);
            assert_eq!(screaming(name), screaming_name);
            assert_eq!(snake(name), kebab_name.replace('-', "_"));
            assert!(name.is_empty() || is_kebab(kebab_name), "{name}");
            assert!(name.is_empty() || is_screaming(screaming_name), "{name}");
            assert_eq!(kebab(&kebab(name)), kebab_name, "twice is once");
        }
    }

    #[test]
    fn what_is_no_name() {
        for name in ["", "-", "a-", "-a", "a--b", "A", "a_b", "1a", "a b", "ä"] {
            assert!(!is_kebab(name), "{name}");
        }
        for name in ["", "_", "A_", "_A", "A__B", "a", "A-B", "1A", "A B", "Ä"] {
            assert!(!is_screaming(name), "{name}");
        }
    }
}
