//! What an error says of itself: its text and its sources.
//!
//! Most errors are not lift's, and neither is their code: `Display` and `source` may panic, a chain may be endless or come
//! back to where it began, a text may have no end. Everything that lift writes of an error is asked for here.

use std::error::Error as StdError;
use std::fmt::{self, Display, Write as _};
use std::ops::Deref;

use super::mask::{beginning, masked_cut, masked_urls};
use super::{BoxError, masked, masked_beginning};
use crate::config::Faults;
use crate::telemetry::{Panicked, caught};

/// The most errors of one chain that are looked at, the first included.
pub(super) const LEVELS: usize = 32;

/// The most that is written of one error with its sources, in bytes.
const BYTES: usize = 16 * 1024;

/// The most of the faults that keep a service from starting, which are to be listed all.
const FAULTS_BYTES: usize = 1024 * 1024;

/// The most of a panic's text that is written, in bytes.
const PANIC_BYTES: usize = 1024;

/// Stands for a text whose making panicked.
const PANICKED: &str = "(its own code panicked)";

/// Stands for a text that is not written.
pub(super) const HIDDEN: &str = "…";

pub(super) type Dyn = dyn StdError + 'static;

/// An error of any type. A panic in its `Drop` ends here.
pub(crate) struct Foreign(BoxError);

/// Without its text: what asks for it here does not expect a panic.
impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Foreign").finish_non_exhaustive()
    }
}

impl Foreign {
    pub(crate) fn into_inner(mut self) -> BoxError {
        self.take()
    }

    fn take(&mut self) -> BoxError {
        // A value without a size is boxed without an allocation.
        std::mem::replace(&mut self.0, Box::new(fmt::Error))
    }
}

impl From<BoxError> for Foreign {
    fn from(error: BoxError) -> Self {
        Self(error)
    }
}

impl Deref for Foreign {
    type Target = dyn StdError + Send + Sync;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let error = self.take();
        if let Err(panicked) = caught(|| drop(error)) {
            tracing::error!(%panicked, "an error panicked while it was dropped");
        }
    }
}

/// An error and its sources, the outermost first: up to [`LEVELS`], and up to a source that panics.
pub(crate) struct Sources<'e> {
    next: Option<&'e Dyn>,
    left: usize,
    /// There are more.
    cut: bool,
    panicked: Option<Panicked>,
}

impl<'e> Sources<'e> {
    pub(crate) fn of(error: &'e Dyn) -> Self {
        Self { next: Some(error), left: LEVELS, cut: false, panicked: None }
    }
}

impl<'e> Iterator for Sources<'e> {
    type Item = &'e Dyn;

    fn next(&mut self) -> Option<&'e Dyn> {
        let error = self.next.take()?;
        let Some(left) = self.left.checked_sub(1) else {
            self.cut = true;
            return None;
        };
        self.left = left;
        match caught(|| error.source()) {
            Ok(source) => self.next = source,
            Err(panicked) => self.panicked = Some(panicked),
        }
        Some(error)
    }
}

/// What an error shows.
pub(super) struct Text {
    pub(super) text: String,
    /// It shows more.
    cut: bool,
    panicked: Option<Panicked>,
}

impl Text {
    /// The text, up to so many bytes.
    fn of(error: &dyn Display, most: usize) -> Self {
        let mut bounded = Bounded { text: String::new(), most, cut: false };
        let written = caught(|| {
            // Without the whole text it may say that it has failed; what there is counts.
            let _ = write!(bounded, "{error}");
        });
        // One that takes the cut for a reason to panic is only too long.
        let panicked = written.err().filter(|_| !bounded.cut);
        Self { text: bounded.text, cut: bounded.cut, panicked }
    }

    /// Whether this is all of it.
    pub(super) fn is_all(&self) -> bool {
        !self.cut
    }
}

struct Bounded {
    text: String,
    most: usize,
    cut: bool,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = self.most.saturating_sub(self.text.len());
        if self.cut {
            return Err(fmt::Error);
        }
        self.text.push_str(beginning(part, room));
        self.cut = part.len() > room;
        if self.cut { Err(fmt::Error) } else { Ok(()) }
    }
}

/// Texts on one line, none of which is said twice, up to so many bytes.
pub(super) struct Line {
    text: String,
    most: usize,
    left: usize,
    is_long: bool,
    is_deep: bool,
    /// Of what is wrong before the service can start.
    tells_faults: bool,
    panicked: Option<Panicked>,
}

/// What is written of an error.
pub(crate) struct Said {
    pub(crate) text: String,
    /// The panic of the error's code, if there was one.
    pub(crate) panicked: Option<Panicked>,
}

impl Said {
    /// With the text of the panic, which no report shows.
    pub(super) fn in_full(mut self) -> Self {
        if let Some(Panicked { text, place }) = &self.panicked {
            let place = place.as_deref().and_then(|place| place.lines().next()).unwrap_or("an unknown place");
            self.text.push_str(&format!(" ({} at {place})", masked_beginning(text, PANIC_BYTES)));
        }
        self
    }
}

impl Line {
    /// For this error and its sources.
    pub(super) fn of(error: &Dyn) -> Self {
        let tells_faults = error.is::<Faults>();
        let most = if tells_faults { FAULTS_BYTES } else { BYTES };
        let (text, left, panicked) = (String::new(), LEVELS, None);
        Self { text, most, left, tells_faults, is_long: false, is_deep: false, panicked }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether it takes one more error.
    pub(super) fn goes_on(&mut self) -> bool {
        self.is_deep |= self.left == 0;
        self.left = self.left.saturating_sub(1);
        !self.is_deep && !self.is_long
    }

    /// Writes a text that the line does not have yet.
    pub(super) fn push(&mut self, text: &str) {
        if self.has(text) || self.is_long {
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str(": ");
        }
        let room = self.most.saturating_sub(self.text.len());
        self.text.push_str(beginning(text, room));
        self.is_long = text.len() > room;
    }

    /// Whether the line says this, wherever it does. One mark for what is not written stands for one error, so it counts at the
    /// end alone.
    fn has(&self, text: &str) -> bool {
        self.text.ends_with(text) || text != HIDDEN && says(&self.text, text.trim())
    }

    /// Writes a text that may have been cut already.
    pub(super) fn push_cut(&mut self, text: &str, is_cut: bool) {
        self.push(text);
        self.is_long |= is_cut;
    }

    /// Writes what an error shows.
    pub(super) fn show(&mut self, error: &dyn Display) {
        let text = Text::of(error, self.most);
        self.push(&text.text);
        self.is_long |= text.cut;
        self.note(text.panicked);
    }

    /// The text of an error, for taking apart.
    pub(super) fn text_of(&mut self, error: &dyn Display) -> Text {
        let mut text = Text::of(error, self.most);
        if let Some(panicked) = &text.panicked {
            self.panicked.get_or_insert_with(|| panicked.clone());
        }
        text.cut |= text.panicked.is_some();
        text
    }

    /// Whether these sources were all, up to the end of their chain.
    pub(super) fn has_all(&mut self, sources: Sources<'_>) -> bool {
        let is_all = !sources.cut && sources.panicked.is_none();
        self.panicked = self.panicked.take().or(sources.panicked);
        is_all
    }

    /// Runs code of an error; what it gives unless it panics.
    pub(super) fn ask<T>(&mut self, work: impl FnOnce() -> T) -> Option<T> {
        caught(work).map_err(|panicked| self.note(Some(panicked))).ok()
    }

    fn note(&mut self, panicked: Option<Panicked>) {
        let Some(panicked) = panicked else { return };
        self.push(PANICKED);
        self.panicked.get_or_insert(panicked);
    }

    /// The line, with what it leaves out.
    pub(super) fn said(self, masks: bool) -> Said {
        let Self { text, most, is_long, is_deep, tells_faults, panicked, .. } = self;
        let mut text = match (masks, is_long) {
            // Words of lift's own: what follows the name of a variable there is no value.
            (true, _) if tells_faults => masked_urls(&text).into_owned(),
            (false, _) => text,
            (true, false) => masked(&text).into_owned(),
            (true, true) => masked_cut(&text).into_owned(),
        };
        if is_long {
            text.push_str(&format!(" {HIDDEN} (cut after {} KB)", most / 1024));
        } else if is_deep {
            let and = if text.ends_with(HIDDEN) { "" } else { ": …" };
            text.push_str(&format!("{and} (cut after {LEVELS} errors)"));
        }
        Said { text, panicked }
    }
}

/// Whether a text stands in another one, as words of its own: `refused` is not in `refused_by`.
fn says(whole: &str, text: &str) -> bool {
    let is_inside = |letter: Option<char>, next: Option<char>| {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        letter.is_some_and(is_word) && next.is_some_and(is_word)
    };
    whole.match_indices(text).any(|(start, _)| {
        let before = whole.get(..start).and_then(|before| before.chars().next_back());
        let after = whole.get(start + text.len()..).and_then(|after| after.chars().next());
        !is_inside(before, text.chars().next()) && !is_inside(text.chars().next_back(), after)
    })
}

/// The text of an error alone.
#[cfg(feature = "lambda")]
pub(crate) fn own_text(error: &Dyn) -> String {
    let mut line = Line::of(error);
    line.show(&error);
    line.said(false).text
}

/// An error and its sources on one line, skipping a source whose text the error already shows.
pub(super) fn whole(error: &Dyn) -> Said {
    let mut line = Line::of(error);
    let mut next = Some(error);
    while let Some(error) = next.take().filter(|_| line.goes_on()) {
        line.show(&error);
        next = line.ask(|| error.source()).flatten();
    }
    line.said(false).in_full()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Log;

    /// A text and a source.
    #[derive(Debug)]
    struct Link(String, Option<Box<Link>>);

    impl Display for Link {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&self.0)
        }
    }

    impl StdError for Link {
        fn source(&self) -> Option<&Dyn> {
            self.1.as_deref().map(|source| source as _)
        }
    }

    fn links(count: usize) -> Link {
        let link = |source, number: usize| Some(Box::new(Link(number.to_string(), source)));
        *(0..count).rev().fold(None, link).unwrap()
    }

    /// A chain of these texts, the outermost first.
    fn of(texts: &[&str]) -> Link {
        let link = |source, text: &&str| Some(Box::new(Link((*text).to_owned(), source)));
        *texts.iter().rev().fold(None, link).unwrap()
    }

    #[test]
    fn a_cause_is_written_once_wherever_it_stands_in_what_is_above_it() {
        for (texts, line) in [
            (&["a: refused", "refused"][..], "a: refused"),
            (&["refused by the server, giving up", "refused"], "refused by the server, giving up"),
            (&["cannot connect (refused), giving up", "refused"], "cannot connect (refused), giving up"),
            (&["cannot connect: refused.", "refused"], "cannot connect: refused."),
            (&["a \"refused\" b", "refused\n"], "a \"refused\" b"),
            (&["top (mid: root) end", "mid", "root"], "top (mid: root) end"),
            (&["top (mid: root) end", "mid: root", "root"], "top (mid: root) end"),
            (&["top: root", "mid", "root"], "top: root: mid"),
            (&["top", "mid: root, twice", "root", "below"], "top: mid: root, twice: below"),
            (&["é refused é", "refused", "é"], "é refused é"),
            // Not as words of their own.
            (&["unrefused refusedly refused_1", "refused"], "unrefused refusedly refused_1: refused"),
            (&["error 10", "1"], "error 10: 1"),
            (&["10%", "%"], "10%"),
            (&["refused", "refused by the server"], "refused: refused by the server"),
            (&["", "a", "", "b"], "a: b"),
        ] {
            assert_eq!(whole(&of(texts)).text, line, "{texts:?}");
        }
    }

    #[test]
    fn a_chain_is_followed_up_to_32_errors_and_says_when_there_are_more() {
        assert!(whole(&links(LEVELS)).text.ends_with(": 30: 31"));
        assert!(whole(&links(LEVELS + 1)).text.ends_with(": 30: 31: … (cut after 32 errors)"));
        assert_eq!((Sources::of(&links(LEVELS)).count(), Sources::of(&links(100)).count()), (32, 32));
        let mut sources = Sources::of(&NO_SOURCE);
        assert_eq!((sources.by_ref().count(), sources.cut, sources.panicked.is_some()), (1, false, true));
    }

    static NO_SOURCE: Panics = Panics("source");

    /// Panics in this part of its code.
    #[derive(Debug)]
    struct Panics(&'static str);

    impl Display for Panics {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            assert!(self.0 != "display", "no text, and password=hunter2");
            f.write_str(self.0)?;
            // Whoever takes a cut for a reason to panic.
            (0..10_000).for_each(|_| f.write_str("some more text").unwrap());
            Ok(())
        }
    }

    impl StdError for Panics {
        fn source(&self) -> Option<&Dyn> {
            assert!(self.0 != "source", "no source");
            None
        }
    }

    #[cfg(feature = "lambda")]
    #[test]
    fn the_text_of_an_error_alone_leaves_its_sources_out() {
        assert_eq!((own_text(&links(2)), whole(&links(2)).text), ("0".to_owned(), "0: 1".to_owned()));
    }

    #[test]
    fn a_text_is_written_up_to_16_kb_and_to_the_end_of_a_character() {
        let of = |text: String| whole(&Link(text, Some(Box::new(Link("behind it".to_owned(), None))))).text;
        assert_eq!(of("x".repeat(BYTES - 11)), format!("{}: behind it", "x".repeat(BYTES - 11)));
        assert_eq!(
            of("x".repeat(BYTES - 10)),
            format!("{}: behind i … (cut after 16 KB)", "x".repeat(BYTES - 10))
        );
        assert_eq!(whole(&Link("x".repeat(BYTES), None)).text, "x".repeat(BYTES));
        assert_eq!(of("é".repeat(BYTES)), format!("{} … (cut after 16 KB)", "é".repeat(BYTES / 2)));
        assert_eq!(of(format!("x{}", "é".repeat(BYTES))).len(), BYTES - 1 + " … (cut after 16 KB)".len());
        let long = whole(&Panics("long"));
        assert!(long.text.ends_with("(cut after 16 KB)") && long.panicked.is_none());
    }

    #[test]
    fn a_panic_is_told_without_its_payloads_secrets_and_the_chain_goes_on_behind_it() {
        let said = whole(&Panics("display"));
        assert!(
            said.text.starts_with("(its own code panicked) (no text, and password=… at "),
            "{}",
            said.text
        );
        assert_eq!(said.panicked.unwrap().text, "no text, and password=hunter2");
        let outer = std::io::Error::other(Panics("display"));
        assert!(whole(&outer).text.contains(PANICKED));
    }

    #[test]
    fn a_line_that_is_cut_ends_before_the_word_that_may_be_half_a_secret() {
        let mut line = Line::of(&fmt::Error);
        line.push(&format!("{} postgres://ada:hunter2@db", "x".repeat(BYTES - 20)));
        assert_eq!(line.said(true).text, format!("{} … (cut after 16 KB)", "x".repeat(BYTES - 20)));
    }

    #[test]
    fn the_faults_of_a_start_are_told_all() {
        let mut faults = Faults::default();
        (0..1_000).for_each(|number| {
            faults.push(crate::config::Fault::new(format!("HANDLER_{number}"), "is wrong"))
        });
        assert!(whole(&faults).text.ends_with("HANDLER_999: is wrong"));
        faults
            .push(crate::config::Fault::new("LIFT_HEALTH_TOKEN", "must be longer than http://ada:hunter2@h"));
        let mut line = Line::of(&faults);
        line.show(&faults);
        let told = line.said(true).text;
        assert!(told.ends_with("LIFT_HEALTH_TOKEN: must be longer than http://ada:…@h"), "{told}");
    }

    #[test]
    fn an_error_may_panic_while_it_is_dropped() {
        #[derive(Debug, thiserror::Error)]
        #[error("held")]
        struct Held;
        impl Drop for Held {
            fn drop(&mut self) {
                std::panic::resume_unwind(Box::new("not dropped"));
            }
        }
        let log = Log::default();
        log.of(|| drop(Foreign::from(BoxError::from(Held))));
        assert!(log.text().contains("not dropped"), "{}", log.text());
        assert_eq!(format!("{:?}", Foreign::from(BoxError::from("hunter2"))), "Foreign { .. }");
        let inside = Foreign::from(BoxError::from("taken")).into_inner();
        assert_eq!(inside.to_string(), "taken");
    }
}
