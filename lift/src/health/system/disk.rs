use std::io::Result;
use std::path::Path;

use super::{Usage, named};

/// The bytes in use on the file system that holds `path`, against those and the ones that an unprivileged
/// user can still write: `df`'s `Use%`. What is free but reserved for root counts on neither side.
pub(crate) fn disk(path: &Path) -> Result<Usage> {
    let stat = rustix::fs::statvfs(path).map_err(|error| named(path, error))?;
    let used = stat.f_blocks.saturating_sub(stat.f_bfree);
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    let limit = bytes(used.saturating_add(stat.f_bavail));
    Ok(Usage { used: bytes(used), limit, source: "statvfs" })
}
