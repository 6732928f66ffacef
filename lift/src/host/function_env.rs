//! What Lambda says in the environment of a function: `lambda_runtime` panics where it is missing or makes no sense.

use std::env;
use std::ffi::OsString;

use http::Uri;

use crate::config::lambda::{MAX_CONCURRENCY, RUNTIME_API};
use crate::config::{Fault, Faults};

/// What is wrong with one variable.
type Judge = fn(&str) -> Option<&'static str>;

/// The variables, and whether they have to be there.
const VARIABLES: [(&str, bool, Judge); 5] = [
    (RUNTIME_API, true, |api| {
        (!is_api(api)).then_some("is not an address and a port, such as `127.0.0.1:9001`")
    }),
    ("AWS_LAMBDA_FUNCTION_NAME", true, |_| None),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", true, |size| {
        let size = size.parse::<i32>().ok().filter(|size| *size > 0);
        size.is_none().then_some("is not a number of megabytes")
    }),
    ("AWS_LAMBDA_FUNCTION_VERSION", true, |_| None),
    (MAX_CONCURRENCY, false, |count| {
        let count = count.parse::<usize>().ok().filter(|count| *count > 0);
        count.is_none().then_some("is not a number of invocations, 1 or more")
    }),
];

/// Judges all of them.
///
/// # Errors
/// What is missing or wrong.
pub(super) fn check() -> Result<(), Faults> {
    judge(|name| env::var_os(name))
}

fn judge(variable: impl Fn(&str) -> Option<OsString>) -> Result<(), Faults> {
    const HELP: &str = "Lambda sets it; unset AWS_LAMBDA_RUNTIME_API to run as an HTTP server";
    let mut faults = Faults::default();
    for (name, required, judge) in VARIABLES {
        let problem = match variable(name).filter(|value| !value.is_empty()) {
            None if required => Some("is not set, and AWS_LAMBDA_RUNTIME_API is".to_owned()),
            None => None,
            Some(value) => match value.to_str() {
                None => Some("is not UTF-8".to_owned()),
                Some(text) => judge(text).map(|problem| format!("`{}` {problem}", text.escape_debug())),
            },
        };
        if let Some(problem) = problem {
            faults.push(Fault::new(name, problem).help(HELP));
            // Where this one is wrong, it was not Lambda that has set it, and nothing else will be there.
            if name == RUNTIME_API {
                break;
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Whether `lambda_runtime` can call it.
fn is_api(api: &str) -> bool {
    let Ok(uri) = api.parse::<Uri>() else { return false };
    let speaks_http = uri.scheme_str().is_none_or(|scheme| scheme == "http");
    let Some(authority) = uri.authority() else { return false };
    // A port that is no number is no port, and is still there.
    let port = authority.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    let is_whole = authority.as_str() == format!("{}{port}", authority.host());
    speaks_http && uri.query().is_none() && is_whole && !authority.host().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(changes: &[(&str, &str)]) -> String {
        let good = [
            (RUNTIME_API, "127.0.0.1:9001"),
            ("AWS_LAMBDA_FUNCTION_NAME", "orders"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ];
        let of = |name: &str| {
            changes.iter().chain(&good).find(|(key, _)| *key == name).map(|(_, value)| value.into())
        };
        judge(of).map_or_else(|faults| faults.to_string(), |()| String::new())
    }

    #[test]
    fn what_lambda_runtime_would_panic_at_is_a_fault() {
        for api in [
            "127.0.0.1:9001",
            "localhost:9001",
            "http://127.0.0.1:9001",
            "http://127.0.0.1:9001/.rt/f",
            "sandbox",
        ] {
            assert_eq!(told(&[(RUNTIME_API, api)]), "", "{api}");
        }
        for api in [
            "127.0.0.1:1/x",
            "/x",
            "*",
            "127.0.0.1:port",
            "a b",
            "https://127.0.0.1:1",
            "http://",
            "x://y:1",
            "h:1?q",
        ] {
            let told = told(&[(RUNTIME_API, api)]);
            assert!(
                told.contains("- AWS_LAMBDA_RUNTIME_API: `") && told.contains("is not an address"),
                "{api}: {told}"
            );
        }
        for (name, value, problem) in [
            ("AWS_LAMBDA_FUNCTION_NAME", "", "is not set, and AWS_LAMBDA_RUNTIME_API is"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "big", "`big` is not a number of megabytes"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "2147483648", "`2147483648` is not a number of megabytes"),
            ("AWS_LAMBDA_MAX_CONCURRENCY", "many", "`many` is not a number of invocations"),
            ("AWS_LAMBDA_MAX_CONCURRENCY", "0", "`0` is not a number of invocations"),
        ] {
            let told = told(&[(name, value)]);
            assert!(told.contains(&format!("- {name}: {problem}")) && told.contains("1 thing"), "{told}");
        }
        let all = told(&[("AWS_LAMBDA_FUNCTION_NAME", ""), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")]);
        assert!(all.contains("2 things are wrong"), "{all}");
        let alone = told(&[(RUNTIME_API, "/"), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")]);
        assert!(alone.contains("1 thing is wrong"), "{alone}");
    }
}
