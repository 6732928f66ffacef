//! What is written of an error.
//!
//! The text of an error that comes from somewhere else may hold what nobody meant to write down: a row's values, a
//! statement, a password, a token. It is never searched for such things. What is written is decided by the error's
//! type: the text where lift or the service's author has written it or where the type is known to hold nothing else,
//! the class ([`class`](super::class)) where the type is known, and nothing but the type's name where it is not.

use std::any::type_name;
use std::error::Error as StdError;
use std::sync::atomic::{AtomicBool, Ordering};

use super::class::{Judged, Words, judge};
use super::mask::masked;
use super::{BoxError, LiftError, chain};

/// Stands for a text that is not written.
const HIDDEN: &str = "…";

/// The setting `log.unmasked_errors` of the service that this process runs; services in tests have their own.
static UNMASKED: AtomicBool = AtomicBool::new(false);

/// Writes the whole text of errors to the log of this process from now on.
pub(crate) fn unmask_process() {
    UNMASKED.store(true, Ordering::Relaxed);
}

/// The source that an error's own text repeats, if it does.
type Repeats = for<'a> fn(&'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)>;

/// An error with what is known of its own text.
pub(crate) struct Cause {
    pub(crate) error: BoxError,
    text: Text,
}

enum Text {
    /// The service's author has written it, but for what it repeats.
    Decided(Repeats),
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
        Self { error: boxed(error), text: Text::Of(name) }
    }

    /// An error that is an `anyhow::Error` and holds what that does.
    #[cfg(feature = "anyhow")]
    pub(crate) fn of<E>(error: BoxError) -> Self {
        Self { error, text: Text::Of(type_name::<E>()) }
    }

    /// An error type whose texts are the author's, but for what they repeat.
    pub(crate) fn decided<E: LiftError>(error: E) -> Self {
        let repeats: Repeats = |error| error.downcast_ref::<E>().and_then(LiftError::repeats);
        Self { error: Box::new(error), text: Text::Decided(repeats) }
    }

    /// What happened, because of an error that cannot be kept.
    pub(crate) fn because(what: &str, error: &(dyn StdError + 'static)) -> Self {
        let all = Words(format!("{what}: {}", chain(error)));
        Self { error: all.into(), text: Text::Told(format!("{what}: {}", shown(error))) }
    }

    /// All of it, with all sources.
    pub(crate) fn chain(&self) -> String {
        chain(self.error.as_ref())
    }

    /// What a report and a log may show.
    pub(crate) fn told(&self) -> String {
        told(self.error.as_ref(), &self.text, Unknown::Hidden)
    }

    /// The log's error chain.
    pub(crate) fn logged(&self, unmasked: bool) -> String {
        if unmasked || UNMASKED.load(Ordering::Relaxed) { self.chain() } else { self.told() }
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

/// What a report may show of an error.
pub(crate) fn shown(error: &(dyn StdError + 'static)) -> String {
    told(error, &Text::Of(HIDDEN), Unknown::Hidden)
}

/// What the log of this process shows of an error.
pub(crate) fn logged(error: &(dyn StdError + 'static)) -> String {
    if UNMASKED.load(Ordering::Relaxed) { chain(error) } else { shown(error) }
}

/// What is printed of the error that ends the process. There has been no request whose data could be in it, so only a
/// driver's text is left out.
pub(crate) fn last_words(error: &(dyn StdError + 'static)) -> String {
    if UNMASKED.load(Ordering::Relaxed) {
        return chain(error);
    }
    told(error, &Text::Of(HIDDEN), Unknown::Shown)
}

/// What becomes of the text of an error whose type says nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unknown {
    Hidden,
    Shown,
}

fn told(head: &(dyn StdError + 'static), text: &Text, unknown: Unknown) -> String {
    let mut line = Line::default();
    let mut next = Some(head);
    match text {
        Text::Decided(repeats) => match repeats(head) {
            Some(repeated) => next = Some(repeated),
            None => {
                line.push(&own(head));
                next = head.source();
            }
        },
        Text::Told(text) => return text.clone(),
        Text::Of(_) => {}
    }
    while let Some(error) = next {
        next = match judge(error) {
            Judged::Clean => {
                line.push(&own(error));
                error.source()
            }
            Judged::Class { class, inside } => {
                line.push(&class);
                inside
            }
            Judged::Inside(error) => Some(error),
            Judged::Unknown if unknown == Unknown::Shown => {
                line.push(&own(error));
                error.source()
            }
            Judged::Unknown => {
                match text {
                    Text::Of(name) if line.0.is_empty() => line.push(name),
                    _ => line.push(HIDDEN),
                }
                error.source()
            }
        };
    }
    masked(&line.0).into_owned()
}

/// The text of an error without those of its sources that are not to be written.
fn own(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        if !matches!(judge(source), Judged::Clean) {
            let foreign = source.to_string();
            if !foreign.is_empty() {
                text = text.replace(&foreign, HIDDEN);
            }
        }
        next = source.source();
    }
    text
}

/// Texts on one line, none of which is said twice.
#[derive(Default)]
struct Line(String);

impl Line {
    fn push(&mut self, text: &str) {
        if self.0.ends_with(text) {
            return;
        }
        if !self.0.is_empty() {
            self.0.push_str(": ");
        }
        self.0.push_str(text);
    }
}
