use std::io::Result;

use super::{Root, Usage, limit, number, table};

/// The memory in use, in bytes, against the limit of this process's cgroup or of one above it, whichever is
/// fuller; without a limit, the host's. Used is the working set as Kubernetes has it: without the inactive
/// page cache.
pub(crate) fn memory(root: &Root) -> Result<Usage> {
    let [total, available] = table(&root.0.join("proc/meminfo"), ["MemTotal", "MemAvailable"])?;
    for (source, controller, max, current, inactive) in [
        ("cgroup v2", "", "memory.max", "memory.current", "inactive_file"),
        ("cgroup v1", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ] {
        let mut fullest: Option<Usage> = None;
        for group in root.groups(controller)? {
            // More than there is, is no limit: v1 has no other word for it than about 2^63.
            let Some(limit) = limit(&group.join(max))?.filter(|limit| *limit <= total) else { continue };
            let used: u64 = number(&group.join(current))?;
            let [inactive] = table(&group.join("memory.stat"), [inactive])?;
            let usage = Usage { used: used.saturating_sub(inactive), limit, source };
            if fullest.is_none_or(|fullest| usage.percent() > fullest.percent()) {
                fullest = Some(usage);
            }
        }
        if let Some(usage) = fullest {
            return Ok(usage);
        }
    }
    Ok(Usage { used: total.saturating_sub(available), limit: total, source: "host" })
}
