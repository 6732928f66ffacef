//! The companion of a function, and the questions about its arguments that only the compiler can answer.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Type, Visibility};

use super::item::RawFunction;
use super::model::Output;
use crate::support::attributes::inherited;
use crate::support::runtime::Runtime;
use crate::support::spans::{ends, generated};

/// The type with the function's name, and the impls beside it. `{}` keeps the name free among values, where the function
/// has it.
///
/// The impls come out of a derive, so that the type is the one item that cannot stand in an `impl` or a `trait`: a function
/// there is one error.
pub(crate) fn companion(
    visibility: &Visibility,
    ident: &Ident,
    inherited: &[Attribute],
    impls: &TokenStream,
    runtime: &Runtime,
) -> TokenStream {
    let private = runtime.path();
    let beside = Ident::new(BESIDE, Span::call_site());
    let ident = generated(ident);
    quote! {
        #(#inherited)*
        #[doc(hidden)]
        #[non_exhaustive]
        #[derive(#private::Beside)]
        #[#beside(#(#inherited)* #[doc(hidden)] const _: () = { #impls };)]
        #visibility struct #ident {}
    }
}

/// The attribute that holds what [`beside`] writes.
const BESIDE: &str = "__lift_beside";

/// What stands in `#[__lift_beside(…)]` on a companion: the impls, in a nameless place with what they inherit.
pub(crate) fn beside(companion: TokenStream) -> TokenStream {
    let attributes = companion.into_iter().filter_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some(group.stream()),
        _ => None,
    });
    attributes.filter_map(of_beside).collect()
}

fn of_beside(attribute: TokenStream) -> Option<TokenStream> {
    let mut tokens = attribute.into_iter();
    match (tokens.next()?, tokens.next()?) {
        (TokenTree::Ident(name), TokenTree::Group(items)) if name == BESIDE => Some(items.stream()),
        _ => None,
    }
}

/// What stands beside the errors: the function, and a companion that nobody will ever call.
pub(crate) fn stub(function: &RawFunction, implementation: &TokenStream, runtime: &Runtime) -> TokenStream {
    let item = function.repaired();
    // Methods: a struct can't be declared inside an `impl`.
    if function.signature.receiver().is_some() {
        return item;
    }
    let inherited = inherited(&function.attributes);
    let ident = &function.signature.ident;
    let companion = companion(&function.visibility, ident, &inherited, implementation, runtime);
    quote!(#item #companion)
}

/// The type of one argument, as the runtime's call takes it.
pub(crate) struct CallType {
    whole: TokenStream,
    /// The types to ask about: the elements of a literal tuple, or the whole; none where the answer is known.
    leaves: Vec<TokenStream>,
}

impl CallType {
    /// The user's own type.
    pub(crate) fn plain(ty: &Type) -> Self {
        Self { whole: ty.to_token_stream(), leaves: leaves(ty) }
    }

    /// A type that is known to be no resource.
    pub(crate) fn no_resource(whole: TokenStream) -> Self {
        Self { leaves: Vec::new(), whole }
    }
}

impl ToTokens for CallType {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.whole.to_tokens(tokens);
    }
}

/// `fn declare`: `Requirements` learns which resources the arguments take.
///
/// Like [`late`] and the call itself it points to the function's name: what is wrong with an argument's type is then the
/// same error at the same place, which the compiler tells once. Whether the trigger has what an argument wants is asked of
/// its type here, too.
pub(crate) fn declare(
    types: &[CallType],
    name: &Ident,
    trigger: Option<&Ident>,
    runtime: &Runtime,
) -> TokenStream {
    let private = runtime.path();
    let leaves: Vec<_> = types.iter().flat_map(|ty| &ty.leaves).collect();
    if leaves.is_empty() {
        return quote!(fn declare(_: &mut #private::Requirements) {});
    }
    let probes = leaves.iter().map(|leaf| probe(leaf, runtime));
    let names: Vec<_> = (0..leaves.len()).map(|index| at_name("probe", index, name)).collect();
    let requirements = local("requirements", 0);
    let traits = import(&quote!(probe), runtime);
    // The probe's traits are in scope only where no type of the user's is named: a glob hides what is outside of it.
    let body = quote_spanned! {name.span()=>
        #(let #names = #probes;)*
        {
            #traits
            #((&&&&#names).__lift_declare(#requirements);)*
        }
    };
    let fits = trigger.map(|trigger| fits(&leaves, &names, name, trigger, runtime));
    quote!(fn declare(#requirements: &mut #private::Requirements) { #body #fits })
}

/// Refuses, at each argument's type, what the trigger never has.
fn fits(
    leaves: &[&TokenStream],
    probes: &[Ident],
    name: &Ident,
    trigger: &Ident,
    runtime: &Runtime,
) -> TokenStream {
    let span = name.span();
    let private = runtime.path_at(span);
    let marks: Vec<_> = (0..leaves.len()).map(|index| at_name("mark", index, name)).collect();
    let traits = import(&quote!(scope), runtime);
    let calls = leaves.iter().zip(&marks).map(|(leaf, mark)| {
        let on_trigger = quote_spanned!(span=> #private::scope::on::#trigger);
        quote_spanned!(span=> #mark.__lift_fits::<#leaf, #on_trigger>();)
    });
    quote_spanned! {span=>
        let (#(#marks,)*) = {
            #traits
            (#((&&&&#probes).__lift_scope(),)*)
        };
        #(#calls)*
    }
}

/// What makes a response of the answer: a closure, because the answer of an `impl IntoResponse` has no name. With `all`,
/// an argument can stand for all records of an event, and then the answer does.
pub(crate) fn judge(
    types: &[CallType],
    name: &Ident,
    output: &Output,
    all: bool,
    runtime: &Runtime,
) -> TokenStream {
    let span = name.span();
    let private = runtime.path_at(span);
    let leaves: Vec<_> = types.iter().filter(|_| all).flat_map(|ty| &ty.leaves).collect();
    let probes = leaves.iter().map(|leaf| probe(leaf, runtime));
    let names: Vec<_> = (0..leaves.len()).map(|index| at_name("probe", index, name)).collect();
    let [answer, marks, first, second] =
        ["answer", "marks", "first", "second"].map(|local| at_name(local, 0, name));
    let [kind, opened, inside] = [0, 1, 2].map(|index| at_name("kind", index, name));
    // Each argument may close the answer in its own way.
    let closing: Vec<_> = (0..=names.len()).map(|index| at_name("last", index, name)).collect();
    let (before, after) = (closing.iter(), closing.iter().skip(1));
    let (start, last) = (closing.first(), closing.last());
    let traits = import(&quote!(kind), runtime);
    quote_spanned! {span=>
        |#answer| {
            #(let #names = #probes;)*
            let #kind = #private::kind::Kind::of(&#answer);
            let #marks = {
                #traits
                let (#first, #opened) = (&&&&&#kind).__lift_open();
                let (#second, #inside) = (&&&&&#opened).__lift_open();
                let #start = (&&&&#inside).__lift_close();
                #(let #after = (&&#names).__lift_close(#before);)*
                #private::kind::Marks::new(#first, #second, #last)
            };
            #marks.__lift_judge::<#output>(#answer)
        }
    }
}

/// `fn hidden`: what stands behind the answer's `impl IntoResponse`, opened as [`judge`] does it, but without a call.
pub(crate) fn hidden(arguments: usize, name: &Ident, runtime: &Runtime) -> TokenStream {
    let span = name.span();
    let private = runtime.path_at(span);
    let of = Ident::new(&format!("of{arguments}"), span);
    let [kind, opened, inside] = [0, 1, 2].map(|index| at_name("kind", index, name));
    let traits = import(&quote!(kind), runtime);
    let body = quote_spanned! {span=>
        let #kind = #private::kind::#of(&#name);
        let #inside = {
            #traits
            let (_, #opened) = (&&&&&#kind).__lift_open();
            let (_, #inside) = (&&&&&#opened).__lift_open();
            #inside
        };
        #private::kind::Kind::hidden(&#inside)
    };
    quote! {
        fn hidden() -> ::core::option::Option<&'static ::core::primitive::str> { #body }
    }
}

/// One `bool` per argument, in an array: is it to be taken last?
pub(crate) fn late(types: &[CallType], name: &Ident, runtime: &Runtime) -> TokenStream {
    let span = name.span();
    if types.iter().all(|ty| ty.leaves.is_empty()) {
        let answers = types.iter().map(|_| quote!(false));
        return quote_spanned!(span=> [#(#answers),*]);
    }
    let mut lets = TokenStream::new();
    let mut answers = Vec::new();
    let mut count = 0;
    for ty in types {
        let mut parts = Vec::new();
        for leaf in &ty.leaves {
            let local = at_name("probe", count, name);
            count += 1;
            let probe = probe(leaf, runtime);
            lets.extend(quote_spanned!(span=> let #local = #probe;));
            parts.push(quote_spanned!(span=> (&&&&#local).__lift_late()));
        }
        answers.push(if parts.is_empty() { quote!(false) } else { quote!(#(#parts)|*) });
    }
    let traits = import(&quote!(probe), runtime);
    quote_spanned! {span=>
        {
            #lets
            {
                #traits
                [#(#answers),*]
            }
        }
    }
}

/// The traits of a module of the runtime. It points to the macro, where lints look for what its user has written.
fn import(module: &TokenStream, runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    quote!(use #private::#module::*;)
}

/// Stands where the type stands, so that what is wrong with the type itself is told once.
fn probe(ty: &TokenStream, runtime: &Runtime) -> TokenStream {
    let (first, last) = ends(ty);
    let private = runtime.path_at(first);
    let open = quote_spanned!(first=> #private::probe::Probe::<);
    let close = quote_spanned!(last=> >::new());
    quote!(#open #ty #close)
}

/// A local name that no name of the user's meets.
pub(crate) fn local(name: &str, index: usize) -> Ident {
    Ident::new(&format!("__lift_{name}{index}"), Span::mixed_site())
}

/// The same, pointing to the function's name.
pub(crate) fn at_name(name: &str, index: usize, function: &Ident) -> Ident {
    Ident::new(&format!("__lift_{name}{index}"), function.span())
}

/// The types inside a literal tuple; every other type is one.
fn leaves(ty: &Type) -> Vec<TokenStream> {
    match ty {
        Type::Tuple(tuple) => tuple.elems.iter().flat_map(leaves).collect(),
        Type::Group(group) => leaves(&group.elem),
        Type::Paren(paren) => leaves(&paren.elem),
        ty => vec![ty.to_token_stream()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn tuples_are_taken_apart() {
        let table: [(Type, &[&str]); 4] = [
            (parse_quote!(A), &["A"]),
            (parse_quote!((A, (B, C<(D, E)>))), &["A", "B", "C < (D , E) >"]),
            (parse_quote!((A)), &["A"]),
            (parse_quote!(()), &[]),
        ];
        for (ty, expected) in table {
            let found: Vec<_> = leaves(&ty).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn one_answer_per_argument() {
        let types: [Type; 3] = [parse_quote!(A), parse_quote!((B, C)), parse_quote!(())];
        let types = types.each_ref().map(CallType::plain);
        let runtime = Runtime::new(None);
        let name: Ident = parse_quote!(f);
        let late = late(&types, &name, &runtime).to_string();
        assert!(late.contains("[(&& && __lift_probe0) . __lift_late () , "), "{late}");
        assert!(
            late.contains(
                "(&& && __lift_probe1) . __lift_late () | (&& && __lift_probe2) . __lift_late () , false]"
            ),
            "{late}"
        );
        let declared = declare(&types, &name, None, &runtime).to_string();
        assert_eq!(declared.matches(". __lift_declare").count(), 3);
        assert_eq!(super::late(&[], &name, &runtime).to_string(), "[]");
    }
}
