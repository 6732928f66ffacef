//! Processes that are no children of ours: a server's own children.

use std::fs;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// The children of a process.
pub fn children(parent: u32) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|&pid| stat(pid).is_some_and(|(state, of)| of == parent && state != 'Z')).collect()
}

/// What a process calls itself; empty when it is gone.
pub fn title(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ").trim().to_owned()
}

/// Whether it is there and no zombie.
pub fn is_running(pid: u32) -> bool {
    id(pid).is_some_and(|pid| test_kill_process(pid).is_ok())
        && stat(pid).is_some_and(|(state, _)| state != 'Z')
}

/// Sends a signal; a process that has just ended is no mistake.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = id(pid) {
        let _ = kill_process(pid, signal);
    }
}

fn id(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// State and parent.
fn stat(pid: u32) -> Option<(char, u32)> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = line.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
