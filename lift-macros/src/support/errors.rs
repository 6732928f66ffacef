//! The sink that every fault goes to.

use std::cell::{Cell, RefCell};

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::rules::Rule;
use super::spans::ends;

/// One mistake of the user: the broken rule, the tokens that break it, and what to write instead.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    #[cfg(test)]
    rule: Rule,
    at: TokenStream,
    text: String,
    drawing: Option<String>,
    help: Vec<String>,
    /// What has to compile, or the compiler keeps the fault to itself.
    given: Option<Box<TokenStream>>,
}

impl Fault {
    /// `text` is in lower case, has the thing in backticks and no full stop.
    pub(crate) fn new(rule: Rule, at: impl ToTokens, text: impl Into<String>) -> Self {
        // Users see no rule by name; it ties the report to its example in `tests/ui`.
        #[cfg(not(test))]
        let _ = rule;
        Self {
            #[cfg(test)]
            rule,
            at: at.into_token_stream(),
            text: text.into(),
            drawing: None,
            help: Vec::new(),
            given: None,
        }
    }

    /// What to write, as code. Two lines at most.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// An expression without which the fault is not told: another fault, which the compiler sees there, comes first.
    pub(crate) fn given(mut self, expression: TokenStream) -> Self {
        self.given = Some(Box::new(expression));
        self
    }

    pub(crate) fn has_help(&self) -> bool {
        !self.help.is_empty()
    }

    /// Lines between the text and the help, for a place inside a literal.
    pub(crate) fn drawing(mut self, drawing: Option<String>) -> Self {
        self.drawing = drawing;
        self
    }

    /// The whole message, as rustc prints it after `error: `.
    pub(crate) fn message(&self) -> String {
        let mut message = self.text.clone();
        if let Some(drawing) = &self.drawing {
            message.push('\n');
            message.push_str(drawing);
        }
        for help in &self.help {
            message.push_str("\nhelp: ");
            message.push_str(help);
        }
        message
    }

    #[cfg(test)]
    pub(crate) fn rule(&self) -> Rule {
        self.rule
    }
}

/// Collects faults, so that one compilation shows all of them.
///
/// Dropping it unread panics: a check whose findings nobody looks at is a bug in this crate.
pub(crate) struct Errors {
    faults: RefCell<Vec<Fault>>,
    read: Cell<bool>,
}

/// Proof that something was reported, and the tokens that say so.
#[derive(Debug)]
pub(crate) struct Rejected(Vec<Fault>);

impl Errors {
    pub(crate) fn new() -> Self {
        Self { faults: RefCell::new(Vec::new()), read: Cell::new(false) }
    }

    pub(crate) fn report(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    /// Reports an `Err` and goes on without it.
    pub(crate) fn ok<T>(&self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.report(fault)).ok()
    }

    pub(crate) fn count(&self) -> usize {
        self.faults.borrow().len()
    }

    /// The checked input if nothing was reported.
    pub(crate) fn finish<T>(self, checked: Option<T>) -> Result<T, Rejected> {
        self.read.set(true);
        let mut faults = self.faults.take();
        match checked {
            Some(checked) if faults.is_empty() => Ok(checked),
            Some(_) => Err(Rejected(faults)),
            None => {
                if faults.is_empty() {
                    let text = "lift refused this without saying why, which is a bug in lift";
                    faults.push(Fault::new(Rule::Unexplained, TokenStream::new(), text));
                }
                Err(Rejected(faults))
            }
        }
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        let unread = !self.read.get();
        // A second panic while unwinding would abort the compiler and hide the first.
        if unread && !std::thread::panicking() {
            #[expect(clippy::panic, reason = "a bug in this crate, found by its own tests")]
            {
                panic!("the errors were dropped without `finish`");
            }
        }
    }
}

impl Rejected {
    #[cfg(test)]
    pub(crate) fn faults(&self) -> &[Fault] {
        &self.0
    }
}

impl ToTokens for Rejected {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for fault in &self.0 {
            let message = fault.message();
            tokens.extend(match &fault.given {
                None => syn::Error::new_spanned(&fault.at, message).to_compile_error(),
                Some(expression) => {
                    let (first, _) = ends(&fault.at);
                    let text = Literal::string(&message.replace('{', "{{").replace('}', "}}"));
                    let panic = quote_spanned!(first=> ::core::panic!(#text));
                    quote!(const _: () = { let _ = #expression; #panic };)
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        Fault::new(Rule::KeyUnknown, quote!(a), text)
    }

    #[test]
    fn nothing_reported_is_the_checked_value() {
        assert_eq!(Errors::new().finish(Some(1)).unwrap(), 1);
    }

    #[test]
    fn every_report_comes_out_in_order() {
        let errors = Errors::new();
        errors.report(fault("first").help("a").help("b"));
        assert_eq!(errors.ok::<()>(Err(fault("second"))), None);
        assert_eq!(errors.ok(Ok(3)), Some(3));
        assert_eq!(errors.count(), 2);
        let rejected = errors.finish(Some(())).unwrap_err();
        let messages: Vec<_> = rejected.faults().iter().map(Fault::message).collect();
        assert_eq!(messages, ["first\nhelp: a\nhelp: b", "second"]);
        assert_eq!(rejected.into_token_stream().to_string().matches("compile_error").count(), 2);
    }

    #[test]
    fn a_silent_refusal_is_still_an_error() {
        let rejected = Errors::new().finish::<()>(None).unwrap_err();
        assert_eq!(rejected.faults().len(), 1);
    }

    #[test]
    #[should_panic = "without `finish`"]
    fn forgetting_to_look_panics() {
        drop(Errors::new());
    }

    #[test]
    fn a_panic_on_the_way_stays_the_only_one() {
        let panic = std::panic::catch_unwind(|| {
            let _errors = Errors::new();
            panic!("the first");
        });
        assert_eq!(*panic.unwrap_err().downcast_ref::<&str>().unwrap(), "the first");
    }
}
