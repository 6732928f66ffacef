use redis::{Arg, Cmd};

/// What is known locally of the exchange with the server: what has begun on it and not ended.
#[derive(Default)]
pub(super) struct State {
    /// A call whose future was not polled to its end, or whose answer may still come, leaves this set.
    pub(super) unfinished: bool,
    /// Between `MULTI` or `WATCH` and what ends them.
    open: bool,
    /// The session is no longer the one that was opened.
    changed: bool,
    /// An error was seen that evicts.
    pub(super) evicted: bool,
}

impl State {
    pub(super) fn is_clean(&self) -> bool {
        !(self.unfinished || self.open || self.changed || self.evicted)
    }

    /// Notes what a command does to the session, judged by its name.
    pub(super) fn note(&mut self, command: &Cmd) {
        let Some(Arg::Simple(name)) = command.args_iter().next() else { return };
        let is = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        if is(&["MULTI", "WATCH"]) {
            self.open = true;
        } else if is(&["EXEC", "DISCARD", "UNWATCH"]) {
            self.open = false;
        } else if is(&[
            "SELECT",
            "AUTH",
            "HELLO",
            "RESET",
            "QUIT",
            "MONITOR",
            "SUBSCRIBE",
            "PSUBSCRIBE",
            "SSUBSCRIBE",
        ]) {
            self.changed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_change_the_session_are_known_by_name() {
        for (commands, clean) in [
            (&["GET", "SET"][..], true),
            (&["multi"], false),
            (&["WATCH", "MULTI", "EXEC"], true),
            (&["WATCH", "UNWATCH"], true),
            (&["MULTI", "Discard"], true),
            (&["SELECT"], false),
            (&["SUBSCRIBE", "UNSUBSCRIBE"], false),
        ] {
            let mut state = State::default();
            commands.iter().for_each(|name| state.note(&redis::cmd(name)));
            assert_eq!(state.is_clean(), clean, "{commands:?}");
        }
    }
}
