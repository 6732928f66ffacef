use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::eviction::evicts;

/// What is known locally of the exchange with the server: what has begun on it and not ended.
#[derive(Default)]
pub(super) struct State {
    /// Calls whose future was not polled to its end stay counted.
    unfinished: AtomicUsize,
    /// A `BEGIN` in the text of a call, without its end.
    open: AtomicBool,
    evicted: Evicted,
}

/// Whether an error was seen that evicts the connection.
#[derive(Default)]
pub(super) struct Evicted(AtomicBool);

impl Evicted {
    /// Inspects the answer of a call.
    pub(super) fn look<T>(
        &self,
        answer: Result<T, tokio_postgres::Error>,
    ) -> Result<T, tokio_postgres::Error> {
        if answer.as_ref().is_err_and(evicts) {
            self.0.store(true, Ordering::Relaxed);
        }
        answer
    }
}

/// What the text of a call does to the transaction around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effect {
    begins: bool,
    /// Whether a transaction is open after it, when it says anything about that.
    leaves_open: Option<bool>,
}

impl State {
    pub(super) fn begin(&self) {
        self.unfinished.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.unfinished.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn evicted(&self) -> &Evicted {
        &self.evicted
    }

    pub(super) fn is_unfinished(&self) -> bool {
        self.unfinished.load(Ordering::Relaxed) != 0
    }

    pub(super) fn is_clean(&self) -> bool {
        !self.is_unfinished() && !self.open.load(Ordering::Relaxed) && !self.evicted.0.load(Ordering::Relaxed)
    }

    pub(super) fn note(&self, effect: Effect, worked: bool) {
        match effect.leaves_open {
            Some(open) if worked => self.open.store(open, Ordering::Relaxed),
            // A failed batch stops where it fails, so its `COMMIT` may not have been reached.
            _ if effect.begins => self.open.store(true, Ordering::Relaxed),
            _ => {}
        }
    }
}

impl Effect {
    /// Looks at the first word of each statement. It does not know strings, bodies of functions or comments: at worst it
    /// takes a connection for one in a transaction that is none, which costs a reconnect.
    pub(super) fn of(text: &str) -> Self {
        let mut effect = Self::default();
        for statement in text.split(';') {
            let mut words =
                statement.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
            let Some(first) = words.next() else { continue };
            let is = |word: &str, names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
            if is(first, &["begin", "start"]) {
                effect = Self { begins: true, leaves_open: Some(true) };
            } else if is(first, &["commit", "rollback", "end", "abort"])
                && !words.any(|w| is(w, &["to", "chain"]))
            {
                effect.leaves_open = Some(false);
            }
        }
        effect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_tell_whether_a_transaction_stays_open() {
        let none = Effect::default();
        let opens = Effect { begins: true, leaves_open: Some(true) };
        let closes = Effect { begins: false, leaves_open: Some(false) };
        let both = Effect { begins: true, leaves_open: Some(false) };
        for (text, expected) in [
            ("", none),
            ("SELECT 'begin'", none),
            ("  begin", opens),
            ("START TRANSACTION READ ONLY;", opens),
            ("insert into t values (1);\nBegin", opens),
            ("COMMIT", closes),
            ("rollback", closes),
            ("ROLLBACK TO SAVEPOINT a", none),
            ("COMMIT AND CHAIN", none),
            ("BEGIN; INSERT INTO t VALUES (1); END;", both),
            ("COMMIT; BEGIN", opens),
        ] {
            assert_eq!(Effect::of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_failed_batch_leaves_its_transaction_open() {
        let state = State::default();
        state.note(Effect::of("BEGIN; SELECT nothing; COMMIT"), false);
        assert!(!state.is_clean());
        state.note(Effect::of("COMMIT"), false);
        assert!(!state.is_clean());
        state.note(Effect::of("ROLLBACK"), true);
        assert!(state.is_clean());
    }
}
