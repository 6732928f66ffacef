//! What Lambda says of itself in the environment, as far as more than one module asks.

/// Lambda sets it to the address of its API.
pub(crate) const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Whether this process is a function; an empty variable counts as unset.
pub(crate) fn is_function() -> bool {
    std::env::var_os(RUNTIME_API).is_some_and(|value| !value.is_empty())
}

/// How many invocations Lambda has in flight at most.
pub(crate) fn concurrency() -> usize {
    let number = std::env::var(MAX_CONCURRENCY).ok().and_then(|number| number.parse().ok());
    number.unwrap_or(1).max(1)
}

/// Whether this is a managed instance: it is never frozen, and it may be ended while something is in flight. It may be
/// configured for one invocation at a time.
pub(crate) fn is_managed() -> bool {
    let kind = std::env::var_os("AWS_LAMBDA_INITIALIZATION_TYPE");
    says_managed(std::env::var_os(MAX_CONCURRENCY).is_some(), kind.as_deref().and_then(|kind| kind.to_str()))
}

/// Lambda sets it on managed instances only.
pub(crate) const MAX_CONCURRENCY: &str = "AWS_LAMBDA_MAX_CONCURRENCY";

fn says_managed(has_concurrency: bool, kind: Option<&str>) -> bool {
    has_concurrency || kind == Some("lambda-managed-instances")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_managed_when_either_variable_says_so() {
        assert!(says_managed(true, None) && says_managed(true, Some("on-demand")));
        assert!(says_managed(false, Some("lambda-managed-instances")));
        for classic in [None, Some("on-demand"), Some("provisioned-concurrency"), Some("snap-start")] {
            assert!(!says_managed(false, classic), "{classic:?}");
        }
    }
}
