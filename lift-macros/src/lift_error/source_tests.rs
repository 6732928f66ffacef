//! What a client may read of an error never holds the text of its source, whichever way the text comes by it.

use super::tests::rules;
use crate::support::rules::Rule;

/// A variant with a source, each with this text: as a tuple, and with names.
fn variants(text: &str) -> [String; 2] {
    let named = text
        .replace(".0", ".source")
        .replace("_0", "source")
        .replace("{0", "{source")
        .replace(":0$", ":source$");
    [
        format!("#[error({text})] A(#[from] B, u8)"),
        format!("#[error({named})] A {{ #[allow(unused)] source: B, id: u8 }}"),
    ]
}

fn refused(text: &str) -> [Vec<Rule>; 2] {
    variants(text).map(|variant| rules(&format!("enum E {{ #[lift(status = 404)] {variant} }}")))
}

#[test]
fn an_expression_that_uses_the_source_is_refused_however_it_is_written() {
    for text in [
        "transparent",
        r#""a {0}""#,
        r#""a {0:?}""#,
        r#""a {_0}""#,
        r#""a {:0$}", 1"#,
        r#""a {}", .0"#,
        r#""a {}", self.0"#,
        r#""a {}", &self.0"#,
        r#""a {}", self . 0"#,
        r#""a {}", (self.0)"#,
        r#""a {}", (self).0"#,
        r#""a {}", self.0.to_string()"#,
        r#""a {}", self.0.0"#,
        r#""a {}", .0.0"#,
        r#""a {}", _0"#,
        r#""a {}", &*_0"#,
        r#""a {x}", x = .0"#,
        r#""a {x}", x = self.0"#,
        r#""a {x}", x = _0.to_string()"#,
        r#""a {} {x}", 1, x = f(&self.0)"#,
        r#""a {}", f(.0)"#,
        r#""a {}", f(1, [.0])"#,
        r#""a {}", if true { .0.kind() } else { 1 }"#,
        r#""a {}", match .0 { it => it }"#,
        r#""a {}", (|| .0)()"#,
        r#""a {}", format!("{}", self.0)"#,
        r#""a {}", format!("{_0}")"#,
        r#""a {}", format_args!("b {_0:?}")"#,
        r#""a {}", f(format!("{}", 1 + g(_0)))"#,
        // All of it.
        r#""a {}", self"#,
        r#""a {self:?}""#,
        r#""a {}", format!("{self:?}")"#,
        r#""a {}", describe(self)"#,
        r#""a {}", self.describe()"#,
        r#""a {}", self.describe::<T>()"#,
        r#""a {}", std::error::Error::source(self).unwrap()"#,
        r#""a {}", match self { Self(inner, ..) => inner, _ => 1 }"#,
        r#""a {}", { let it = self; 1 }"#,
        "fmt = describe",
        "fmt = crate::words::describe",
    ] {
        let expected = [vec![Rule::PublicSource], vec![Rule::PublicSource]];
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn an_expression_without_the_source_stays() {
    for text in [
        r#""a""#,
        r#""a {{0}} {{_0}}""#,
        r#""a {}", 1.0"#,
        r#""a {}", x.0"#,
        r#""a {}", f(x).0"#,
        r#""a {}", x?.0"#,
        r#""a {}", Self::text("{_0}")"#,
        r#""a {}", self::text("{_0}")"#,
        r#""a {}", source::text(1)"#,
        r#""a {}", format!("{_0}", _0 = 1)"#,
    ] {
        assert_eq!(refused(text), [vec![], vec![]], "{text}");
    }
    for variant in [
        r#"#[error("a {1}")] A(#[source] B, u8)"#,
        r#"#[error("a {} {}", .1, self.1)] A(#[source] B, u8)"#,
        r#"#[error("a {}", _1)] A(#[source] B, u8)"#,
        r#"#[error("a {}", self.1.max(2))] A(#[source] B, u8)"#,
        r#"#[error("a {id} {} {}", .id, self.id)] A { source: B, id: u8 }"#,
        r#"#[error("a {source}", source = .id)] A { source: B, id: u8 }"#,
        r#"#[error("a {x}", x = Point { source: 1 }.x)] A { source: B, id: u8 }"#,
        // What is marked is the source, whatever else is called so.
        r#"#[error("a {source}")] A { source: u8, #[source] cause: B }"#,
        r#"#[error("a {0} {}", describe(self))] A(u8)"#,
        "#[error(fmt = describe)] A(u8)",
        // Nobody has asked thiserror for it.
        "A(#[source] B)",
    ] {
        assert_eq!(rules(&format!("enum E {{ #[lift(status = 404)] {variant} }}")), [], "{variant}");
    }
}

#[test]
fn a_text_for_all_variants_is_each_ones() {
    for text in [r#""a {0}""#, r#""a {}", .0"#, "transparent", "fmt = describe"] {
        let item = format!(
            "#[error({text})] enum E {{ #[lift(status = 404)] A(#[from] B), #[lift(internal)] C(#[source] B),
            #[error(\"own\")] #[lift(status = 404)] D(#[source] B) }}"
        );
        assert_eq!(rules(&item), [Rule::PublicSource], "{item}");
        let item = format!("#[error({text})] #[lift(status = 404)] struct E(#[from] B);");
        assert_eq!(rules(&item), [Rule::PublicSource], "{item}");
    }
}

#[test]
fn no_public_text_shows_a_source() {
    for status in ["404", "422", "500", "503"] {
        for (public, variant) in [
            ("a {0}", "A(#[from] B)"),
            ("a {0:?}", "A(#[source] B, u8)"),
            ("a {1} {0}", "A(u8, #[source] B)"),
            ("{1:0$}", "A(#[source] B, u8)"),
            ("a {source}", "A { source: B }"),
            ("a {cause:>8}", "A { #[source] cause: B }"),
            ("a {type}", "A { #[from] r#type: B }"),
            ("a {0}", "#[error(transparent)] A(B)"),
        ] {
            let found =
                rules(&format!("enum E {{ #[lift(status = {status}, public = \"{public}\")] {variant} }}"));
            assert_eq!(found, [Rule::PublicSource], "{status} {public} {variant}");
        }
        let fine = format!(
            "enum E {{ #[lift(status = {status}, public = \"{{0}} {{{{1}}}}\")] A(u8, #[source] B) }}"
        );
        assert_eq!(rules(&fine), [], "{fine}");
    }
}

#[test]
fn public_takes_no_arguments() {
    for (text, arguments) in [
        ("a {}", ".0"),
        ("a {}", "self.0"),
        ("a {} {}", "self.0.kind(), .1"),
        ("a {}", "_0"),
        ("a {}", "source"),
        ("a {}", "f(.0)"),
        ("a {}", "&self.0"),
        ("a {x}", "x = .0"),
        ("a {x} {}", "f(1), x = self.0"),
    ] {
        for keys in [
            format!("status = 404, public = \"{text}\", {arguments}"),
            format!("public = \"{text}\", {arguments}, status = 404, retry"),
        ] {
            let item = format!("enum E {{ #[lift({keys})] A(#[from] B, u8) }}");
            assert_eq!(rules(&item), [Rule::PublicField], "{item}");
        }
    }
    for (keys, rule) in [
        ("public = \"a {0}\", status = 404", vec![Rule::PublicSource]),
        ("public = \"a {1}\", statis = 404", vec![Rule::KeyUnknown]),
        ("public = \"a {1}\", status = 404, retry", vec![]),
        ("public = \"a {1}\", status = 404, retry_ms = 5", vec![Rule::KeyUnknown]),
        ("public = \"a {}\", status = 404", vec![Rule::PublicField]),
    ] {
        let item = format!("enum E {{ #[lift({keys})] A(#[from] B, u8) }}");
        assert_eq!(rules(&item), rule, "{item}");
    }
}
