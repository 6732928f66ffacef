//! What is written of an error.
//!
//! The text of an error that comes from somewhere else may hold what nobody meant to write down: a row's values, a
//! statement, a password, a token. It is never searched for such things. What is written is decided by the error's
//! type: the text where lift or the service's author has written it or where the type is known to hold nothing else,
//! the class ([`class`](super::class)) where the type is known, and nothing but the type's name where it is not.

use std::any::type_name;
use std::sync::atomic::{AtomicBool, Ordering};

use super::class::{Judged, Words, judge};
use super::foreign::{Dyn, Foreign, HIDDEN, Line, Said, Sources, whole};
use super::{BoxError, LiftError, masked};
use crate::telemetry::Panicked;

/// The setting `log.unmasked_errors` of the service that this process runs; services in tests have their own.
static UNMASKED: AtomicBool = AtomicBool::new(false);

/// Writes the whole text of errors to the log of this process from now on.
pub(crate) fn unmask_process() {
    UNMASKED.store(true, Ordering::Relaxed);
}

/// The source that an error's own text repeats, if it does.
type Repeats = for<'a> fn(&'a Dyn) -> Option<&'a Dyn>;

/// An error with what is known of its own text.
pub(crate) struct Cause {
    pub(crate) error: Foreign,
    text: Text,
}

enum Text {
    /// The service's author has written it, but for what it repeats.
    Decided { repeats: Repeats, is_same: fn(&Dyn, &Dyn) -> bool },
    /// Its type decides.
    Of(&'static str),
    /// This much may be told; the error itself was only lent.
    Told(String),
}

impl Cause {
    /// A text is the author's own words; of an error, its type decides.
    pub(crate) fn new<E: Into<BoxError>>(error: E) -> Self {
        let name = type_name::<E>();
        let name = if name == type_name::<BoxError>() { HIDDEN } else { name };
        Self { error: boxed(error).into(), text: Text::Of(name) }
    }

    /// An error that is an `anyhow::Error` and holds what that does.
    #[cfg(feature = "anyhow")]
    pub(crate) fn of<E>(error: BoxError) -> Self {
        Self { error: error.into(), text: Text::Of(type_name::<E>()) }
    }

    /// An error type whose texts are the author's, but for what they repeat.
    pub(crate) fn decided<E: LiftError>(error: E) -> Self {
        let repeats: Repeats = |error| error.downcast_ref::<E>().and_then(LiftError::repeats);
        let is_same = |one: &Dyn, other: &Dyn| {
            let (one, other) = (one.downcast_ref::<E>(), other.downcast_ref::<E>());
            one.zip(other).is_some_and(|(one, other)| std::ptr::eq(one, other))
        };
        Self { error: BoxError::from(error).into(), text: Text::Decided { repeats, is_same } }
    }

    /// What happened, because of an error that cannot be kept.
    pub(crate) fn because(what: &str, error: &Dyn) -> Result<Self, Panicked> {
        let (all, told) = (whole(error), shown_of(error));
        if let Some(panicked) = all.panicked.or(told.panicked) {
            return Err(panicked);
        }
        let words = Words(format!("{what}: {}", all.text));
        Ok(Self { error: BoxError::from(words).into(), text: Text::Told(format!("{what}: {}", told.text)) })
    }

    /// All of it, with all sources.
    pub(crate) fn chain(&self) -> String {
        whole(&*self.error).text
    }

    /// What a report and a log may show.
    pub(crate) fn told(&self) -> String {
        let said = told(&*self.error, &self.text, Unknown::Hidden);
        if let Some(panicked) = &said.panicked {
            let panicked = masked(&panicked.text);
            tracing::error!(error = said.text, %panicked, "the code of an error panicked while its text was made");
        }
        said.text
    }

    /// The log's error chain.
    pub(crate) fn logged(&self, unmasked: bool) -> Said {
        if unmasked || UNMASKED.load(Ordering::Relaxed) {
            whole(&*self.error)
        } else {
            told(&*self.error, &self.text, Unknown::Hidden).in_full()
        }
    }
}

/// Boxes an error, and a text so that it is known for the words of lift or of the service's author.
pub(crate) fn boxed<E: Into<BoxError>>(error: E) -> BoxError {
    let name = type_name::<E>();
    let error = error.into();
    // The standard library's own type for them cannot be named.
    if name == type_name::<&str>() || name == type_name::<String>() {
        return Words(error.to_string()).into();
    }
    error
}

/// An error and its sources on one line, whatever they say.
pub(crate) fn chain(error: &Dyn) -> String {
    whole(error).text
}

/// What a report may show of an error.
pub(crate) fn shown(error: &Dyn) -> String {
    shown_of(error).text
}

fn shown_of(error: &Dyn) -> Said {
    told(error, &Text::Of(HIDDEN), Unknown::Hidden)
}

/// What the log of this process shows of an error.
pub(crate) fn logged(error: &Dyn) -> String {
    if UNMASKED.load(Ordering::Relaxed) { chain(error) } else { shown_of(error).in_full().text }
}

/// What is printed of the error that ends the process. There has been no request whose data could be in it, so only a
/// driver's text is left out.
pub(crate) fn last_words(error: &Dyn) -> String {
    if UNMASKED.load(Ordering::Relaxed) {
        return chain(error);
    }
    told(error, &Text::Of(HIDDEN), Unknown::Shown).in_full().text
}

/// What becomes of the text of an error whose type says nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unknown {
    Hidden,
    Shown,
}

fn told(head: &Dyn, text: &Text, unknown: Unknown) -> Said {
    let mut line = Line::of(head);
    let mut next = Some(head);
    // Between an error of a known class and the source that says more, nothing is told.
    let mut is_between = false;
    match text {
        Text::Decided { repeats, is_same } => {
            if let Some(repeated) = line.ask(|| repeats(head)).flatten() {
                next = Some(repeated);
            } else {
                own(head, *is_same, &mut line);
                next = line.ask(|| head.source()).flatten();
            }
        }
        Text::Told(text) => return Said { text: text.clone(), panicked: None },
        Text::Of(_) => {}
    }
    while let Some(error) = next.take().filter(|_| line.goes_on()) {
        let judged = line.ask(|| judge(error)).unwrap_or(Judged::Unknown);
        is_between &= matches!(judged, Judged::Unknown);
        next = match judged {
            Judged::Class { class, inside, is_above } => {
                line.push(&class);
                is_between = is_above;
                inside
            }
            Judged::Inside(error) => Some(error),
            Judged::Clean => {
                own(error, |_, _| false, &mut line);
                line.ask(|| error.source()).flatten()
            }
            Judged::Unknown => {
                match text {
                    _ if is_between => {}
                    _ if unknown == Unknown::Shown => own(error, |_, _| false, &mut line),
                    Text::Of(name) if line.is_empty() => line.push(name),
                    _ => line.push(HIDDEN),
                }
                line.ask(|| error.source()).flatten()
            }
        };
    }
    line.said(true)
}

/// Writes the text of an error without those of its sources that are not to be written; nothing of it where they cannot
/// be told from the rest.
fn own(error: &Dyn, is_same: fn(&Dyn, &Dyn) -> bool, line: &mut Line) {
    let shown = line.text_of(&error);
    let (is_all, mut text) = (shown.is_all(), shown.text);
    let (mut is_known, mut is_mixed, mut comes_back) = (true, false, false);
    let mut sources = Sources::of(error);
    sources.next();
    for source in &mut sources {
        if is_same(error, source) {
            comes_back = true;
            break;
        }
        if matches!(line.ask(|| judge(source)), Some(Judged::Clean)) {
            continue;
        }
        is_mixed = true;
        let foreign = line.text_of(&source);
        is_known &= foreign.is_all();
        if !foreign.text.is_empty() {
            text = text.replace(&foreign.text, HIDDEN);
        }
    }
    is_known &= comes_back || line.has_all(sources);
    if is_known && (is_all || !is_mixed) {
        line.push_cut(&text, !is_all);
    } else {
        line.push(HIDDEN);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Decision, Failure, log as log_failure};
    use super::*;
    use crate::telemetry::Log;

    /// Decided, with a text that holds its source's.
    #[derive(Debug)]
    struct Outer(String, Option<std::io::Error>);

    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            match &self.1 {
                Some(inner) => write!(f, "{} {inner}", self.0),
                None => f.write_str(&self.0),
            }
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&Dyn> {
            match &self.1 {
                Some(inner) => Some(inner),
                None => Some(self),
            }
        }
    }

    impl LiftError for Outer {
        fn decision(&self) -> Decision {
            Decision::internal("OUTER")
        }
    }

    #[test]
    fn an_error_that_is_its_own_source_is_told_once() {
        let cause = Cause::decided(Outer("the author's words".to_owned(), None));
        assert_eq!(cause.told(), "the author's words: … (cut after 32 errors)");
        assert_eq!(cause.chain(), "the author's words: … (cut after 32 errors)");
    }

    #[test]
    fn a_text_that_is_cut_says_so() {
        let told = Cause::decided(Outer("x ".repeat(10_000), None)).told();
        assert_eq!(told, format!("{}… (cut after 16 KB)", "x ".repeat(8 * 1024)));
    }

    /// Of a type that says nothing of its text, with so many sources; the last may panic when it is asked for one.
    fn unknown(sources: u8, panics: bool) -> Link {
        let inner = (sources > 0).then(|| Box::new(unknown(sources - 1, panics)));
        Link { text: "hunter2".to_owned(), inner, panics }
    }

    #[derive(Debug)]
    struct Link {
        text: String,
        inner: Option<Box<Link>>,
        panics: bool,
    }

    impl std::fmt::Display for Link {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(&self.text)
        }
    }

    impl std::error::Error for Link {
        fn source(&self) -> Option<&Dyn> {
            assert!(self.inner.is_some() || !self.panics, "no source");
            self.inner.as_deref().map(|inner| inner as _)
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("the author's words")]
    struct Above(#[source] Link);

    impl LiftError for Above {
        fn decision(&self) -> Decision {
            Decision::internal("ABOVE")
        }
    }

    #[test]
    fn the_name_of_an_unknown_type_stands_for_its_text_at_the_beginning_alone() {
        assert_eq!(Cause::new(unknown(1, false)).told(), format!("{}: …", type_name::<Link>()));
    }

    #[test]
    fn a_text_without_a_type_is_lifts_own() {
        let texts = [boxed("said"), boxed("said".to_owned())];
        for text in texts {
            assert_eq!((shown(&*text), logged(&*text)), ("said".to_owned(), "said".to_owned()));
        }
        assert_eq!(
            (shown(&*boxed(std::fmt::Error)), logged(&unknown(0, false))),
            (std::fmt::Error.to_string(), HIDDEN.to_owned(),)
        );
    }

    #[test]
    fn a_text_is_told_only_if_all_sources_are_known_that_it_may_repeat() {
        assert_eq!(Cause::decided(Above(unknown(3, false))).told(), "the author's words: …");
        for (sources, panics) in [(40, false), (3, true)] {
            let told = Cause::decided(Above(unknown(sources, panics))).told();
            assert!(told.starts_with("…") && !told.contains("words"), "{told}");
        }
        let long = Link { text: "x".repeat(20_000), inner: None, panics: false };
        assert_eq!(Cause::decided(Above(long)).told(), "…");
    }

    #[test]
    fn the_log_has_what_may_be_told_or_all_of_it() {
        let failure = || Failure::internal("X", std::io::Error::other("hunter2"));
        for (unmasked, line) in [(false, "other error: …"), (true, "hunter2")] {
            let log = Log::default();
            log.of(|| log_failure(&failure(), None, "id", None, unmasked));
            assert!(log.text().contains(line), "{}", log.text());
            assert_eq!(log.text().contains("hunter2"), unmasked);
        }
    }

    #[test]
    fn a_text_that_is_cut_within_another_errors_text_is_not_written() {
        let inner = || Some(std::io::Error::other("hunter2 ".repeat(100)));
        let short = Cause::decided(Outer("it says".to_owned(), inner()));
        assert_eq!(short.told(), "it says …: other error: …");
        for length in [16 * 1024 - 100, 16 * 1024 - 2, 16 * 1024, 100_000] {
            let told = Cause::decided(Outer("x".repeat(length), inner())).told();
            assert!(!told.contains("hunter2") && told.starts_with('…'), "{length}");
        }
        let long = std::io::Error::other("hunter2 ".repeat(10_000));
        let told = Cause::decided(Outer("it says".to_owned(), Some(long))).told();
        assert!(!told.contains("hunter2"), "{told}");
    }
}
