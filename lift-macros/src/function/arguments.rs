//! The rules for one argument.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Pat, PatType, Type};

use super::model::Argument;
use super::validate::Role;
use crate::support::errors::{Errors, Fault};
use crate::support::rules::Rule;
use crate::support::spans::contains_word;

pub(super) fn check(argument: &PatType, role: &Role, errors: &Errors) -> Argument {
    let PatType { attrs, pat, ty, .. } = argument;
    for attribute in attrs.iter().filter(|attribute| is_conditional(attribute)) {
        let text = format!("an argument of a {} can't depend on a `cfg`", role.noun);
        let help = format!("write two {}s, each with its own `cfg`", role.noun);
        errors.report(Fault::new(Rule::CfgArgument, attribute, text).help(help));
    }
    if contains_word(ty, "impl") {
        let text = format!("an argument of a {} has one type, which `impl` leaves open", role.noun);
        errors.report(Fault::new(Rule::ImplArgument, ty, text).help("write the type's name"));
    } else if let Some(fault) = borrowed(pat, ty, role) {
        errors.report(fault);
    }
    let mut binds = Vec::new();
    collect(pat, &mut binds);
    Argument { name: plain(pat), binds, ty: Type::clone(ty) }
}

fn is_conditional(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
}

/// `name` or `mut name`.
fn plain(pat: &Pat) -> Option<Ident> {
    match pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(pat.ident.clone()),
        _ => None,
    }
}

/// The names that a pattern binds.
fn collect(pat: &Pat, binds: &mut Vec<Ident>) {
    match pat {
        Pat::Ident(pat) => {
            binds.push(pat.ident.clone());
            if let Some((_, pat)) = &pat.subpat {
                collect(pat, binds);
            }
        }
        Pat::TupleStruct(pat) => pat.elems.iter().for_each(|pat| collect(pat, binds)),
        Pat::Tuple(pat) => pat.elems.iter().for_each(|pat| collect(pat, binds)),
        Pat::Slice(pat) => pat.elems.iter().for_each(|pat| collect(pat, binds)),
        Pat::Struct(pat) => pat.fields.iter().for_each(|field| collect(&field.pat, binds)),
        Pat::Paren(pat) => collect(&pat.pat, binds),
        Pat::Reference(pat) => collect(&pat.pat, binds),
        Pat::Type(pat) => collect(&pat.pat, binds),
        _ => {}
    }
}

/// What an argument borrows, and what to write instead.
pub(super) fn borrowed(pat: &Pat, ty: &Type, role: &Role) -> Option<Fault> {
    let bare = ungrouped(ty);
    let (at, owned) = match bare {
        Type::Reference(reference) => (bare.to_token_stream(), Some(owned(&reference.elem))),
        _ => (lifetime(bare.to_token_stream())?, None),
    };
    let text = format!("an argument of a {} owns what it holds: nobody is there to lend it", role.noun);
    let fault = Fault::new(Rule::ReferenceArgument, at, text);
    Some(match owned {
        Some(owned) => {
            let name = plain(pat).map_or_else(|| "value".to_owned(), |name| name.to_string());
            fault.help(format!("write `{name}: {owned}`"))
        }
        None => fault.help("write a type without a borrow, such as `String` for `&str`"),
    })
}

/// The first borrow inside a type that is not `'static`. What stands in parentheses after a name (`fn(&str)`) is no
/// borrow of the argument's.
fn lifetime(tokens: TokenStream) -> Option<TokenStream> {
    let mut tokens = tokens.into_iter().peekable();
    let mut after_word = false;
    while let Some(token) = tokens.next() {
        let word = matches!(token, TokenTree::Ident(_));
        match token {
            TokenTree::Punct(and) if and.as_char() == '&' => match tokens.peek() {
                Some(TokenTree::Punct(quote)) if quote.as_char() == '\'' => {}
                _ => return Some(TokenTree::Punct(and).to_token_stream()),
            },
            TokenTree::Punct(quote) if quote.as_char() == '\'' && quote.spacing() == Spacing::Joint => {
                if let Some(name) =
                    tokens.next_if(|name| !matches!(name, TokenTree::Ident(name) if name == "static"))
                {
                    let both = [TokenTree::Punct(quote), name];
                    return Some(both.into_iter().collect());
                }
            }
            TokenTree::Group(group) if !(after_word && group.delimiter() == Delimiter::Parenthesis) => {
                if let Some(found) = lifetime(group.stream()) {
                    return Some(found);
                }
            }
            _ => {}
        }
        after_word = word;
    }
    None
}

/// What owns the thing behind a reference.
fn owned(ty: &Type) -> String {
    match ty {
        Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
        Type::Slice(slice) => format!("Vec<{}>", shown(&slice.elem)),
        Type::Group(group) => owned(&group.elem),
        ty => shown(ty),
    }
}

/// A type as people write it: `Vec<u8>`, not `Vec < u8 >`.
fn shown(ty: &Type) -> String {
    let mut text = String::new();
    for word in ty.to_token_stream().to_string().split(' ') {
        let spaced = text.ends_with(|last: char| last.is_alphanumeric() || last == ',')
            && word.starts_with(|first: char| first.is_alphanumeric());
        if spaced {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        ty => ty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn borrows_are_found_where_they_are() {
        let table: [(Type, bool); 12] = [
            (parse_quote!(Json<&str>), true),
            (parse_quote!(Json<&'a str>), true),
            (parse_quote!(Cow<'_, str>), true),
            (parse_quote!((A, &B)), true),
            (parse_quote!([&B; 2]), true),
            (parse_quote!(Json<&'static str>), false),
            (parse_quote!(Cow<'static, str>), false),
            (parse_quote!(Shared<fn(&str) -> String>), false),
            (parse_quote!(Shared<Box<dyn Fn(&str)>>), false),
            (parse_quote!(Pooled<Db>), false),
            (parse_quote!((A, B)), false),
            (parse_quote!([u8; 2]), false),
        ];
        for (ty, borrows) in table {
            assert_eq!(lifetime(ty.to_token_stream()).is_some(), borrows, "{}", shown(&ty));
        }
    }

    #[test]
    fn owners() {
        let table: [(Type, &str); 4] = [
            (parse_quote!(str), "String"),
            (parse_quote!([u8]), "Vec<u8>"),
            (parse_quote!(Json<Vec<u8>>), "Json<Vec<u8>>"),
            (parse_quote!(dyn Any), "dyn Any"),
        ];
        for (ty, expected) in table {
            assert_eq!(owned(&ty), expected);
        }
    }

    #[test]
    fn patterns_and_their_names() {
        let table: [(&str, bool, &str); 8] = [
            ("id: A", true, "id"),
            ("mut id: A", true, "id"),
            ("ref id: A", false, "id"),
            ("id @ _: A", false, "id"),
            ("_: A", false, ""),
            ("Json(order): A", false, "order"),
            ("Path((a, mut b)): A", false, "a b"),
            ("Path(Params { a, b: c, .. }): A", false, "a c"),
        ];
        for (text, is_plain, names) in table {
            let function: syn::Signature = syn::parse_str(&format!("fn f({text})")).unwrap();
            let Some(syn::FnArg::Typed(argument)) = function.inputs.first() else { panic!("{text}") };
            let mut binds = Vec::new();
            collect(&argument.pat, &mut binds);
            let binds: Vec<_> = binds.iter().map(ToString::to_string).collect();
            assert_eq!(
                (plain(&argument.pat).is_some(), binds.join(" ").as_str()),
                (is_plain, names),
                "{text}"
            );
        }
    }
}
