//! Generated code stands among the user's traits, and a method of theirs on every type is in the way of a call by method syntax.
//! So it calls by path, but for a few methods with names of lift's own, which are chosen by the type of the receiver.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// What the names of these methods begin with.
const OURS: &str = "__lift_";

#[test]
fn generated_code_calls_no_method_that_a_users_trait_could_have() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut calls) = (Vec::new(), Vec::new());
    collect(&source, &mut files);
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let name = file.strip_prefix(&source).unwrap().display();
        let found = methods_in_quotes(text.parse().unwrap());
        calls.extend(found.into_iter().map(|method| format!("{name}: .{method}(…)")));
    }
    let (ours, others): (Vec<_>, Vec<_>) = calls.into_iter().partition(|call| call.contains(OURS));
    assert!(others.is_empty(), "call these by their path:\n{}", others.join("\n"));
    assert!(ours.len() >= 5, "too few quotations were read: {ours:?}");
}

#[test]
fn every_form_of_a_method_call_is_found() {
    let source = r#"
        fn expand() {
            a.not_quoted();
            quote!(#a.one() . two::<T>(#(.three())*) .await #(.#four(5))*);
            quote_spanned! {at.span()=> #a.#five .0 .field .field.0; ..six() }
        }
        #[cfg(test)]
        mod tests {
            fn test() {
                quote!(a.seven());
            }
        }
    "#;
    assert_eq!(methods_in_quotes(source.parse().unwrap()), ["one", "two", "three", "#four", "#five"]);
}

/// All files that are not tests.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            collect(&path, files);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

fn methods_in_quotes(source: TokenStream) -> Vec<String> {
    let tokens: Vec<_> = source.into_iter().collect();
    let mut found = Vec::new();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (TokenTree::Ident(name), [TokenTree::Punct(bang), TokenTree::Group(quoted), after @ ..])
                if (name == "quote" || name == "quote_spanned") && bang.as_char() == '!' =>
            {
                found.extend(methods(quoted.stream(), name == "quote_spanned"));
                rest = after;
            }
            // `mod tests { … }`
            (TokenTree::Ident(name), [TokenTree::Ident(module), TokenTree::Group(_), after @ ..])
                if name == "mod" && module == "tests" =>
            {
                rest = after;
            }
            (TokenTree::Group(group), _) => found.extend(methods_in_quotes(group.stream())),
            _ => {}
        }
    }
    found
}

fn methods(quoted: TokenStream, has_span: bool) -> Vec<String> {
    let mut tokens: Vec<_> = quoted.into_iter().collect();
    if has_span {
        let arrow = tokens.windows(2).position(|pair| is(&pair[0], '=') && is(&pair[1], '>'));
        tokens.drain(..arrow.map_or(0, |arrow| arrow + 2));
    }
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            found.extend(methods(group.stream(), false));
        }
        let after_range = at > 0 && is(&tokens[at - 1], '.');
        if !is(token, '.') || after_range {
            continue;
        }
        match &tokens[at + 1..] {
            [hash, TokenTree::Ident(name), ..] if is(hash, '#') => found.push(format!("#{name}")),
            [TokenTree::Ident(name), TokenTree::Group(_), ..] => found.push(name.to_string()),
            [TokenTree::Ident(name), colon, ..] if is(colon, ':') => found.push(name.to_string()),
            _ => {}
        }
    }
    found
}

fn is(token: &TokenTree, punctuation: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == punctuation)
}
