use super::{HandlerMeta, Listed};
use crate::const_text::{ConstText, equal};

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
                let mut text = ConstText::new();
                text.push("two handlers for `");
                text.push(list[i].meta.shape);
                text.push("`: `");
                name(&mut text, &list[i].meta);
                text.push("` and `");
                name(&mut text, &list[j].meta);
                text.push("`; give one of them another trigger, or take one out of this list");
                panic!("{}", text.as_str());
            }
            j += 1;
        }
        i += 1;
    }
}

const fn name(text: &mut ConstText, meta: &HandlerMeta) {
    text.push(meta.module);
    text.push("::");
    text.push(meta.name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::Trigger;

    const fn meta(name: &'static str, hash: u64, shape: &'static str) -> HandlerMeta {
        let trigger = Trigger::Http { method: "GET", path: "/", params: &[] };
        HandlerMeta::new(name, "orders", "src/main.rs", 1, trigger, hash, shape)
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
