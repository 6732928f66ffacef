//! What commands do to the session that they run in.

use redis::{Arg, Cmd, Pipeline, RedisResult, Value};

/// What a command does to its session; every other command leaves it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// It leaves the session alone, as some of its kind do not.
    Nothing,
    /// It opens a transaction.
    Begins,
    /// It watches keys.
    Watches,
    /// It ends the transaction and watches no key any more.
    Ends,
    /// It watches no key any more.
    Unwatches,
    /// The session is for good another one than was opened.
    Changes,
}

/// By name and first argument, where `*` is any and an empty one is none; the first row that fits counts.
///
/// All that the server counts to connections, transactions and publish/subscribe is here.
#[rustfmt::skip]
const TABLE: [(&str, &str, Effect); 52] = [
    ("ECHO",           "*",            Effect::Nothing),
    ("PING",           "*",            Effect::Nothing),
    ("WAIT",           "*",            Effect::Nothing),
    ("WAITAOF",        "*",            Effect::Nothing),
    ("COMMAND",        "*",            Effect::Nothing),

    ("MULTI",          "*",            Effect::Begins),
    ("WATCH",          "*",            Effect::Watches),
    ("EXEC",           "*",            Effect::Ends),
    ("DISCARD",        "*",            Effect::Ends),
    ("UNWATCH",        "*",            Effect::Unwatches),

    ("ASKING",         "*",            Effect::Changes),
    ("AUTH",           "*",            Effect::Changes),
    ("HELLO",          "",             Effect::Nothing),
    ("HELLO",          "*",            Effect::Changes),
    ("MONITOR",        "*",            Effect::Changes),
    ("PSYNC",          "*",            Effect::Changes),
    ("QUIT",           "*",            Effect::Changes),
    ("READONLY",       "*",            Effect::Changes),
    ("READWRITE",      "*",            Effect::Nothing),
    ("REPLCONF",       "*",            Effect::Changes),
    ("RESET",          "*",            Effect::Changes),
    ("SCRIPT",         "DEBUG",        Effect::Changes),
    ("SELECT",         "*",            Effect::Changes),
    ("SYNC",           "*",            Effect::Changes),

    ("CLIENT",         "GETNAME",      Effect::Nothing),
    ("CLIENT",         "GETREDIR",     Effect::Nothing),
    ("CLIENT",         "HELP",         Effect::Nothing),
    ("CLIENT",         "ID",           Effect::Nothing),
    ("CLIENT",         "INFO",         Effect::Nothing),
    ("CLIENT",         "KILL",         Effect::Nothing),
    ("CLIENT",         "LIST",         Effect::Nothing),
    ("CLIENT",         "PAUSE",        Effect::Nothing),
    ("CLIENT",         "TRACKINGINFO", Effect::Nothing),
    ("CLIENT",         "UNBLOCK",      Effect::Nothing),
    ("CLIENT",         "UNPAUSE",      Effect::Nothing),
    ("CLIENT",         "CACHING",      Effect::Changes),
    ("CLIENT",         "NO-EVICT",     Effect::Changes),
    ("CLIENT",         "NO-TOUCH",     Effect::Changes),
    ("CLIENT",         "REPLY",        Effect::Changes),
    ("CLIENT",         "SETINFO",      Effect::Changes),
    ("CLIENT",         "SETNAME",      Effect::Changes),
    ("CLIENT",         "TRACKING",     Effect::Changes),
    // One that a server has learnt since may do anything.
    ("CLIENT",         "*",            Effect::Changes),

    ("PUBLISH",        "*",            Effect::Nothing),
    ("PUBSUB",         "*",            Effect::Nothing),
    ("SPUBLISH",       "*",            Effect::Nothing),
    // There is nothing to unsubscribe from in a session that has not changed.
    ("PUNSUBSCRIBE",   "*",            Effect::Nothing),
    ("SUNSUBSCRIBE",   "*",            Effect::Nothing),
    ("UNSUBSCRIBE",    "*",            Effect::Nothing),
    ("PSUBSCRIBE",     "*",            Effect::Changes),
    ("SSUBSCRIBE",     "*",            Effect::Changes),
    ("SUBSCRIBE",      "*",            Effect::Changes),
];

/// What is left in a session of the commands that ran in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Session {
    transaction: bool,
    watching: bool,
    changed: bool,
    /// Whether what is done still belongs to its opening.
    opening: bool,
}

impl Session {
    /// Before anything is done, by which it may still be made what it is lent as.
    pub(super) fn new(opening: bool) -> Self {
        Self { opening, ..Self::default() }
    }

    /// What is done from now on does not belong to its opening.
    pub(super) fn opened(self) -> Self {
        Self { opening: false, ..self }
    }

    /// Whether it is as it was opened.
    pub(super) fn is_clean(self) -> bool {
        !(self.transaction || self.watching || self.changed)
    }

    /// After a command whose answer may never be heard: what it opens is open, what it ends is not ended.
    pub(super) fn sent(self, command: &Cmd) -> Self {
        self.after(effect(command), false)
    }

    /// After a command that was answered.
    pub(super) fn answered(self, command: &Cmd, answer: &Value) -> Self {
        self.after(effect(command), is_done(answer))
    }

    /// After the commands of a pipeline, should they all be answered.
    pub(super) fn answered_all(self, pipeline: &Pipeline, answers: &RedisResult<Vec<Value>>) -> Self {
        match answers {
            Ok(answers) if answers.len() == pipeline.len() => pipeline
                .cmd_iter()
                .zip(answers)
                .fold(self, |session, (command, answer)| session.answered(command, answer)),
            _ => pipeline.cmd_iter().fold(self, Self::sent),
        }
    }

    /// After a transaction in one round trip, whose commands have been noted.
    pub(super) fn executed(self, answers: &RedisResult<Vec<Value>>) -> Self {
        let done = match answers {
            Ok(answers) => answers.last().is_some_and(is_done),
            // A command was refused while it was queued, so the server has aborted the transaction.
            Err(error) => error.clone().into_server_errors().is_some(),
        };
        self.after(Effect::Ends, done)
    }

    /// What opens or changes counts even where it was refused, since a refusal may come half way.
    fn after(mut self, effect: Effect, done: bool) -> Self {
        match effect {
            Effect::Begins => self.transaction = true,
            Effect::Watches => self.watching = true,
            Effect::Changes => self.changed |= !self.opening,
            Effect::Ends if done => (self.transaction, self.watching) = (false, false),
            Effect::Unwatches if done => self.watching = false,
            Effect::Nothing | Effect::Ends | Effect::Unwatches => {}
        }
        self
    }
}

/// A transaction that is aborted has ended, too.
fn is_done(answer: &Value) -> bool {
    match answer {
        Value::ServerError(error) => error.code() == "EXECABORT",
        _ => true,
    }
}

fn effect(command: &Cmd) -> Effect {
    let mut words = command.args_iter().map(|word| match word {
        Arg::Simple(word) => word,
        // The number at which a scan goes on.
        _ => b"0",
    });
    let (name, argument) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let fits = |row: &&(&str, &str, Effect)| {
        name.eq_ignore_ascii_case(row.0.as_bytes())
            && (row.1 == "*" || argument.eq_ignore_ascii_case(row.1.as_bytes()))
    };
    TABLE.iter().find(fits).map_or(Effect::Nothing, |row| row.2)
}

#[cfg(test)]
mod tests {
    use redis::{RedisError, cmd, pipe};

    use super::*;

    fn words(command: &str) -> Cmd {
        command.split(' ').fold(Cmd::new(), |mut command, word| {
            command.arg(word);
            command
        })
    }

    fn refused(line: &str) -> Value {
        match redis::parse_redis_value(format!("-{line}\r\n").as_bytes()) {
            Ok(Value::ServerError(error)) => Value::ServerError(error),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_opens_is_open_until_the_server_has_ended_it() {
        for (commands, clean) in [
            (&["GET a", "SET a 1", ""][..], true),
            (&["multi"], false),
            (&["WATCH a", "MULTI", "EXEC"], true),
            (&["WATCH a", "UNWATCH"], true),
            (&["WATCH a", "MULTI", "UNWATCH"], false),
            (&["MULTI", "Discard"], true),
            (&["WATCH a", "!EXEC"], false),
            (&["WATCH a", "!UNWATCH"], false),
            (&["MULTI", "!DISCARD"], false),
            (&["!WATCH a"], false),
            (&["SELECT 1", "SELECT 0"], false),
            (&["!SELECT 99"], false),
            (&["SUBSCRIBE a", "UNSUBSCRIBE a"], false),
            (&["HELLO"], true),
            (&["HELLO 3"], false),
            (&["client no-evict on"], false),
            (&["CLIENT ID"], true),
            (&["CLIENT SOMETHING-NEW"], false),
        ] {
            let session = commands.iter().fold(Session::default(), |session, command| {
                match command.strip_prefix('!') {
                    Some(command) => session.answered(&words(command), &refused("NOPERM no")),
                    None => session.answered(&words(command), &Value::Okay),
                }
            });
            assert_eq!(session.is_clean(), clean, "{commands:?}");
        }
    }

    #[test]
    fn what_nobody_heard_the_answer_of_has_opened_and_not_ended() {
        let watching = Session::default().sent(&cmd("WATCH"));
        for command in ["EXEC", "UNWATCH", "DISCARD"] {
            assert!(!watching.sent(&cmd(command)).is_clean(), "{command}");
        }
        let mut commands = pipe();
        commands.cmd("EXEC").cmd("WATCH");
        let both = Ok(vec![Value::Okay, Value::Okay]);
        assert_eq!(watching.answered_all(&commands, &both), watching);
        let mut commands = pipe();
        commands.cmd("PING").cmd("EXEC");
        assert!(watching.answered_all(&commands, &both).is_clean());
        for unknown in [Ok(vec![]), Ok(vec![Value::Okay]), Err(std::io::Error::other("cut").into())] {
            assert_eq!(watching.answered_all(&commands, &unknown), watching);
        }
    }

    #[test]
    fn what_changes_while_it_is_opened_belongs_to_it() {
        let opening = Session::new(true).sent(&words("CLIENT NO-EVICT on"));
        assert!(opening.is_clean() && opening.opened().is_clean());
        assert!(!opening.opened().sent(&words("CLIENT NO-EVICT off")).is_clean());
        assert!(!Session::new(true).sent(&cmd("MULTI")).opened().is_clean());
    }

    #[test]
    fn a_transaction_ends_what_it_watches_unless_the_server_will_not_have_its_end() {
        let watching = Session::default().sent(&cmd("WATCH"));
        let server_error = |line| match refused(line) {
            Value::ServerError(error) => RedisError::from(error),
            other => panic!("{other:?}"),
        };
        for (answers, clean) in [
            (Ok(vec![Value::Array(vec![])]), true),
            (Ok(vec![Value::Nil]), true),
            (Ok(vec![refused("EXECABORT Transaction discarded")]), true),
            (Ok(vec![refused("NOPERM no")]), false),
            (Ok(vec![]), false),
            (Err(server_error("OOM no")), true),
            (Err(std::io::Error::other("cut").into()), false),
        ] {
            assert_eq!(watching.executed(&answers).is_clean(), clean, "{answers:?}");
        }
        let selected = Session::default().sent(&words("SELECT 1"));
        assert!(!selected.executed(&Ok(vec![Value::Nil])).is_clean());
    }
}
