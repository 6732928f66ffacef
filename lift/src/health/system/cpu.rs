use std::collections::BTreeMap;
use std::io::Result;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread::available_parallelism;

use super::{Root, invalid, limit, number, table};

/// How short of processor time this process is, from one look to the next.
#[derive(Debug, Default)]
pub(crate) struct Cpu {
    previous: Mutex<BTreeMap<PathBuf, Periods>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CpuReading {
    /// At most 100 when throttling is meant; a load per core can be more.
    pub(crate) percent: f64,
    /// What was read.
    pub(crate) source: &'static str,
}

const LOAD: &str = "load per core";

/// A cgroup's counts since it was made.
#[derive(Clone, Copy, Debug)]
struct Periods {
    all: u64,
    throttled: u64,
}

impl CpuReading {
    /// Whether this is the share of throttled periods, not a load.
    pub(crate) fn is_throttling(&self) -> bool {
        self.source != LOAD
    }
}

impl Cpu {
    /// The share of the periods since the previous look in which this process's cgroup was throttled, or one
    /// above it, whichever is higher; 0 at the first look and when no period has passed. Without a quota, the
    /// load of the last minute per core.
    pub(crate) fn look(&self, root: &Root) -> Result<CpuReading> {
        let mut previous = self.previous.lock().unwrap_or_else(PoisonError::into_inner);
        for (source, controller, quota) in
            [("cgroup v2 throttling", "", "cpu.max"), ("cgroup v1 throttling", "cpu", "cpu.cfs_quota_us")]
        {
            let (mut percent, mut current) = (0.0_f64, BTreeMap::new());
            for group in root.groups(controller)? {
                if limit(&group.join(quota))?.is_some() {
                    let [all, throttled] = table(&group.join("cpu.stat"), ["nr_periods", "nr_throttled"])?;
                    let periods = Periods { all, throttled };
                    percent = percent.max(previous.get(&group).map_or(0.0, |last| periods.since(*last)));
                    current.insert(group, periods);
                }
            }
            if !current.is_empty() {
                *previous = current;
                return Ok(CpuReading { percent, source });
            }
        }
        previous.clear();
        Ok(CpuReading { percent: load(root)?, source: LOAD })
    }
}

impl Periods {
    /// The throttled ones in percent; 0 when a count has gone back, as it does when the cgroup is a new one.
    fn since(self, last: Self) -> f64 {
        match (self.all.checked_sub(last.all), self.throttled.checked_sub(last.throttled)) {
            (Some(all @ 1..), Some(throttled)) => (throttled as f64 / all as f64 * 100.0).min(100.0),
            _ => 0.0,
        }
    }
}

fn load(root: &Root) -> Result<f64> {
    let path = root.0.join("proc/loadavg");
    let load: f64 = number(&path)?;
    if !load.is_finite() || load < 0.0 {
        return Err(invalid(&path, "does not begin with a load"));
    }
    Ok(load / available_parallelism()?.get() as f64 * 100.0)
}
