//! One core for the function and the others for what measures it, where the system has such a choice.

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::OnceLock;

    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    /// Those that this program may use. Asked once, before any thread gives some up.
    fn all() -> CpuSet {
        static ALL: OnceLock<CpuSet> = OnceLock::new();
        *ALL.get_or_init(|| sched_getaffinity(None).unwrap())
    }

    fn first() -> usize {
        (0..CpuSet::MAX_CPU).find(|core| all().is_set(*core)).unwrap()
    }

    /// Keeps this thread, and what it starts from now on, on the first core.
    pub(crate) fn stay_on_first() {
        let mut cores = CpuSet::new();
        cores.set(first());
        sched_setaffinity(None, &cores).unwrap();
    }

    /// Keeps this thread, and what it starts from now on, off the first core if there is another.
    pub(crate) fn leave_first() {
        let mut cores = all();
        cores.unset(first());
        if cores.count() > 0 {
            sched_setaffinity(None, &cores).unwrap();
        }
    }
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{leave_first, stay_on_first};

#[cfg(not(target_os = "linux"))]
pub(crate) fn stay_on_first() {}

#[cfg(not(target_os = "linux"))]
pub(crate) fn leave_first() {}
