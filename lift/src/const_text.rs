//! Messages of errors that the compiler finds by evaluating a constant.

/// The length of the longest message that is told; longer names are cut.
const ROOM: usize = 512;

/// Whether two texts are the same.
pub(crate) const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    #[allow(clippy::indexing_slicing)] // both have this length
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// A message under construction.
pub(crate) struct ConstText {
    bytes: [u8; ROOM],
    len: usize,
}

impl ConstText {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; ROOM], len: 0 }
    }

    #[allow(clippy::indexing_slicing)] // bounded by the loop's condition
    pub(crate) const fn push(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() && self.len < ROOM {
            // Names and routes are ASCII almost always; anything else would be cut in the middle.
            self.bytes[self.len] = if text[i].is_ascii() { text[i] } else { b'?' };
            self.len += 1;
            i += 1;
        }
    }

    /// Writes a whole number.
    #[allow(clippy::indexing_slicing)] // ten digits hold every `u32`
    pub(crate) const fn push_number(&mut self, number: u32) {
        let (mut digits, mut start, mut rest) = ([0; 10], 10, number);
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if let Ok(text) = std::str::from_utf8(digits.split_at(start).1) {
            self.push(text);
        }
    }

    pub(crate) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "two of one name",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_whole() {
        for number in [0, 9, 10, 4_294_967_295] {
            let mut text = ConstText::new();
            text.push_number(number);
            assert_eq!(text.as_str(), number.to_string());
        }
    }
}
