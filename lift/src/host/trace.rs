//! The trace of an invocation, in the environment: where the AWS SDKs look for it, for X-Ray and to find endless loops.

/// The variable that AWS's own runtimes set for each invocation, where there is one at a time.
const VARIABLE: &str = "_X_AMZN_TRACE_ID";

/// Sets it. `std` cannot do so without `unsafe`, because C code may read the environment meanwhile; `dotenvy` does, as
/// `lambda_runtime` does.
pub(super) fn enter(trace_id: Option<&str>) {
    let trace_id = trace_id.filter(|id| is_clean(id)).unwrap_or_default();
    let before = std::env::var_os(VARIABLE);
    if before.as_deref().unwrap_or_default() != trace_id {
        let line = format!("{VARIABLE}='{trace_id}'");
        if dotenvy::from_read_override(line.as_bytes()).is_err() {
            tracing::debug!("{VARIABLE} cannot be set");
        }
    }
}

/// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`, and nothing that the line could end with.
fn is_clean(trace_id: &str) -> bool {
    trace_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"=-;:._+/|,".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_invocation_has_its_own_trace() {
        let set = || std::env::var(VARIABLE).unwrap_or_default();
        let one = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:1|b";
        for (trace_id, expected) in [
            (Some("Root=1-a-b;Parent=c;Sampled=0"), "Root=1-a-b;Parent=c;Sampled=0"),
            (Some(one), one),
            (Some("x'\nPATH='"), ""),
            (Some("Root=1-$HOME"), ""),
            (Some("Root=2"), "Root=2"),
            (None, ""),
        ] {
            enter(trace_id);
            assert_eq!(set(), expected, "{trace_id:?}");
        }
    }
}
