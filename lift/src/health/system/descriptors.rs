use std::io::Result;

use rustix::process::{Resource, getrlimit};

use super::{Root, Usage, named};

/// The open descriptors against the soft limit; `u64::MAX` stands for none, and any use of it is about 0 %.
pub(crate) fn descriptors(root: &Root) -> Result<Usage> {
    let path = root.0.join("proc/self/fd");
    let mut used: u64 = 0;
    for entry in std::fs::read_dir(&path).map_err(|error| named(&path, error))? {
        entry.map_err(|error| named(&path, error))?;
        used += 1;
    }
    // Reading the folder takes one itself.
    let used = used.saturating_sub(1);
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    Ok(Usage { used, limit, source: "RLIMIT_NOFILE" })
}
