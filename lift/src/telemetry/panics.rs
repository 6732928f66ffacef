use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Where a panic happened; and how, when backtraces are on (`RUST_BACKTRACE=1`).
fn place(info: &std::panic::PanicHookInfo<'_>) -> String {
    let mut text = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let backtrace = Backtrace::capture();
    if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
        text.push('\n');
        text.push_str(&backtrace.to_string());
    }
    text
}

/// Keeps the place of a panic inside an invocation for its log event; every other panic goes to the hook that was
/// there before.
pub(crate) fn catch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if WATCHED.get() {
                LAST.set(Some(place(info)));
            } else {
                previous(info);
            }
        }));
    });
}

/// Runs `work` while panics are kept for [`take_panic`].
pub(crate) fn watched<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            WATCHED.set(self.0);
        }
    }
    let _restore = Restore(WATCHED.replace(true));
    work()
}

/// A panic that has ended in lift: its text, and its place when the hook has kept that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panicked {
    pub(crate) text: String,
    pub(crate) place: Option<String>,
}

impl Panicked {
    /// The panic that brought this payload, which the hook has told.
    pub(crate) fn told(payload: Box<dyn Any + Send>) -> Self {
        let text = panic_text(&*payload);
        dismiss(payload);
        Self { text, place: None }
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        self.place.as_ref().map_or(Ok(()), |place| write!(f, " at {place}"))
    }
}

/// Runs code that is not lift's. A panic ends here, and so does one that its payload brings.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(|| watched(work))).map_err(|payload| {
        let place = LAST.take();
        Panicked { place, ..Panicked::told(payload) }
    })
}

/// Drops the payload of a panic. It is any value, so its `Drop` may panic in turn; what that one brings is forgotten.
pub(crate) fn dismiss(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another);
    }
}

/// The text that a panic was given.
fn panic_text(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a payload that is not text".to_owned())
}
