use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
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

/// The place of the last watched panic on this thread.
pub(crate) fn take_panic() -> Option<String> {
    LAST.take()
}
