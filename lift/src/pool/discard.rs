//! Whether lift itself is dropping a handler at this moment.
//!
//! A handler that runs into its deadline is dropped wherever it stands, perhaps half-way through a protocol
//! exchange, so what it held is not lent again. A guard that is dropped at any other time (the end of the handler,
//! a losing `select!` branch, a finished task, a response body) goes back to its pool.

use std::cell::Cell;

thread_local! {
    static DROPPING: Cell<bool> = const { Cell::new(false) };
}

/// Whether what is dropped now must not be lent again.
#[inline]
pub(crate) fn interrupted() -> bool {
    DROPPING.get() || std::thread::panicking()
}

/// Drops a value while saying that lift does it.
pub(crate) fn drop_interrupted<T>(value: T) {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            DROPPING.set(self.0);
        }
    }
    let _restore = Restore(DROPPING.replace(true));
    drop(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lift_drops_is_interrupted() {
        struct Look<'a>(&'a Cell<Option<bool>>);
        impl Drop for Look<'_> {
            fn drop(&mut self) {
                self.0.set(Some(interrupted()));
            }
        }
        let seen = Cell::new(None);
        drop(Look(&seen));
        assert_eq!(seen.take(), Some(false));
        drop_interrupted(Look(&seen));
        assert_eq!(seen.take(), Some(true));
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _look = Look(&seen);
            std::panic::resume_unwind(Box::new(()));
        }));
        assert_eq!(seen.take(), Some(true));
        assert!(!interrupted());
    }
}
