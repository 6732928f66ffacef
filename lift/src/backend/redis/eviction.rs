//! Errors of the server that evict a connection.

use redis::{ErrorKind, RedisError, ServerError, Value};

/// The codes of errors that come from the wrong server, from one that is not in order, or for a session that is no longer
/// the one that was opened. The module's documentation lists them.
const EVICTS: [&str; 7] =
    ["READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS", "UNBLOCKED", "NOAUTH"];

/// An answer, as the driver returns it.
pub(super) trait Answer {
    fn evicts(&self) -> bool;
}

impl Answer for Value {
    /// The errors of a pipeline, a transaction and a script may lie inside of an answer.
    fn evicts(&self) -> bool {
        match self {
            Self::ServerError(error) => says_so(error),
            Self::Array(values) | Self::Set(values) | Self::Push { data: values, .. } => values.evicts(),
            Self::Map(pairs) => pairs.iter().any(|(key, value)| key.evicts() || value.evicts()),
            Self::Attribute { data, .. } => data.evicts(),
            _ => false,
        }
    }
}

impl Answer for Vec<Value> {
    fn evicts(&self) -> bool {
        self.iter().any(Value::evicts)
    }
}

/// Whether an error of a call evicts.
pub(super) fn evicts(error: &RedisError) -> bool {
    // An answer that cannot be parsed: where the next one begins is unknown.
    error.kind() == ErrorKind::Parse
        || error
            .clone()
            .into_server_errors()
            .is_some_and(|errors| errors.iter().any(|(_, error)| says_so(error)))
}

fn says_so(error: &ServerError) -> bool {
    let code = match (error.code(), error.details()) {
        ("EXECABORT" | "ERR", Some(details)) => carried(details),
        (code, _) => Some(code),
    };
    code.is_some_and(|code| EVICTS.contains(&code))
}

/// The code of the error inside another one: `EXEC` says why it was rejected, and before Redis 7 a script what stopped it.
fn carried(details: &str) -> Option<&str> {
    let (_, error) = details.split_once("because of: ").or_else(|| details.rsplit_once(": -"))?;
    error.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_error(line: &str) -> ServerError {
        match redis::parse_redis_value(format!("-{line}\r\n").as_bytes()) {
            Ok(Value::ServerError(error)) => error,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn an_error_that_another_one_carries_counts() {
        for (line, expected) in [
            ("READONLY You can't write against a read only replica.", true),
            (
                "EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.",
                true,
            ),
            ("EXECABORT Transaction discarded because of previous errors.", false),
            ("EXECABORT Transaction discarded because of: OOM command not allowed", false),
            (
                "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -READONLY You can't write",
                true,
            ),
            (
                "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM command not allowed",
                false,
            ),
            ("ERR unknown command 'READONLY'", false),
            ("WRONGTYPE READONLY", false),
            ("OOM command not allowed when used memory > 'maxmemory'.", false),
        ] {
            let error = server_error(line);
            assert_eq!(says_so(&error), expected, "{line}");
            assert_eq!(evicts(&error.clone().into()), expected, "{line}");
            let deep =
                Value::Array(vec![Value::Nil, Value::Map(vec![(Value::Okay, Value::ServerError(error))])]);
            assert_eq!(deep.evicts(), expected, "{line}");
        }
    }
}
