use super::{HandlerMeta, Listed};

/// The length of the longest message that is told; longer names are cut.
const ROOM: usize = 512;

/// Fails the compilation when two handlers of one list have one trigger, and names both.
///
/// Hashes are compared, and texts only where hashes agree, so that a list of a thousand handlers stays cheap.
///
/// # Panics
/// At compile time only, when two handlers have one trigger.
#[allow(clippy::indexing_slicing, clippy::panic)] // const evaluation has no other way; indices are bounded by `len`
pub const fn assert_unique(list: &[Listed]) {
    let mut i = 0;
    while i < list.len() {
        let mut j = i + 1;
        while j < list.len() {
            if list[i].meta.hash == list[j].meta.hash && equal(list[i].meta.shape, list[j].meta.shape) {
                let mut text = Text { bytes: [0; ROOM], len: 0 };
                text.push("two handlers for `");
                text.push(list[i].meta.shape);
                text.push("`: `");
                text.name(&list[i].meta);
                text.push("` and `");
                text.name(&list[j].meta);
                text.push("`; give one of them another method or path, or take one out of this list");
                panic!("{}", text.as_str());
            }
            j += 1;
        }
        i += 1;
    }
}

const fn equal(a: &str, b: &str) -> bool {
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

struct Text {
    bytes: [u8; ROOM],
    len: usize,
}

impl Text {
    #[allow(clippy::indexing_slicing)] // bounded by the loop's condition
    const fn push(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() && self.len < ROOM {
            // Names and routes are ASCII almost always; anything else would be cut in the middle.
            self.bytes[self.len] = if text[i].is_ascii() { text[i] } else { b'?' };
            self.len += 1;
            i += 1;
        }
    }

    const fn name(&mut self, meta: &HandlerMeta) {
        self.push(meta.module);
        self.push("::");
        self.push(meta.name);
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "two handlers for one trigger",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn meta(name: &'static str, hash: u64, shape: &'static str) -> HandlerMeta {
        HandlerMeta::http(name, "orders", "src/main.rs", 1, "GET", "/", &[], hash, shape)
    }

    fn listed(name: &'static str, hash: u64, shape: &'static str) -> Listed {
        Listed::new(meta(name, hash, shape))
    }

    #[test]
    fn different_shapes_pass_even_with_one_hash() {
        assert_unique(&[listed("a", 1, "GET /a"), listed("b", 1, "GET /b"), listed("c", 2, "POST /a")]);
    }

    #[test]
    #[should_panic(expected = "two handlers for `GET /a/{}`: `orders::a` and `orders::b`")]
    fn one_shape_twice_names_both() {
        assert_unique(&[listed("a", 1, "GET /a/{}"), listed("x", 2, "GET /x"), listed("b", 1, "GET /a/{}")]);
    }
}
