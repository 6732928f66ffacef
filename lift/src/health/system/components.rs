//! The machine as components of the health report.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{Cpu, Root, Usage, descriptors, disk, memory};
use crate::health::config::{SystemSettings, Thresholds};
use crate::health::heartbeat::Heartbeat;
use crate::health::{CheckSettings, Component, Health};

/// What a look at the machine found: in percent, with the words that explain it.
struct Reading {
    percent: f64,
    limits: Thresholds<u32>,
    health: Health,
}

/// The components for what can be read here; what cannot be, such as everything of `/proc` elsewhere than on Linux, is
/// left out.
pub(crate) fn components(
    settings: &SystemSettings,
    root: &Root,
    heartbeat: &Arc<Heartbeat>,
) -> Vec<Component> {
    let usage = |usage: Usage, limits| Reading {
        percent: usage.percent(),
        limits,
        health: Health::healthy()
            .detail("used", usage.used)
            .detail("limit", usage.limit)
            .detail("source", usage.source),
    };
    let (memory_limits, descriptors_limits, disk_limits) =
        (settings.memory, settings.descriptors, settings.disk);
    let (throttling, load) = (settings.throttling, settings.load);
    let mut components = Vec::new();
    let mut add = |name: String, look: Box<dyn Fn() -> io::Result<Reading> + Send + Sync>| {
        if look().is_ok() {
            components.push(component(name, settings.critical, look));
        }
    };
    let at = root.clone();
    add("memory".to_owned(), Box::new(move || Ok(usage(memory(&at)?, memory_limits))));
    let (at, cpu) = (root.clone(), Cpu::default());
    add(
        "cpu".to_owned(),
        Box::new(move || {
            let found = cpu.look(&at)?;
            let limits = if found.is_throttling() { throttling } else { load };
            let health = Health::healthy().detail("source", found.source);
            Ok(Reading { percent: found.percent, limits, health })
        }),
    );
    let at = root.clone();
    add("descriptors".to_owned(), Box::new(move || Ok(usage(descriptors(&at)?, descriptors_limits))));
    for path in &settings.disk_paths {
        let look = {
            let path = path.clone();
            move || Ok(usage(disk(&path)?, disk_limits))
        };
        // One that was asked for and cannot be read is told.
        components.push(component(disk_name(path), settings.critical, Box::new(look)));
    }
    components.push(event_loop(settings, heartbeat.clone()));
    components
}

/// `disk-var-data` for `/var/data`.
fn disk_name(path: &Path) -> String {
    let words: Vec<_> = path
        .to_string_lossy()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    if words.is_empty() { "disk".to_owned() } else { format!("disk-{}", words.join("-")) }
}

/// A look may wait for a disk, so it never runs on a thread of the runtime.
fn component(
    name: String,
    critical: bool,
    look: Box<dyn Fn() -> io::Result<Reading> + Send + Sync>,
) -> Component {
    let look = Arc::new(look);
    let run = move || {
        let look = look.clone();
        Box::pin(crate::blocking(move || match look() {
            Ok(Reading { percent, limits, health }) => {
                let health = health.detail("percent", json!((percent * 10.0).round() / 10.0));
                let over = |limit: u32| percent >= f64::from(limit);
                judged(health, over(limits.warn), over(limits.critical), || format!("{percent:.0} %"))
            }
            Err(error) => Health::new(crate::Status::Unknown).message(format!("cannot be read: {error}")),
        })) as _
    };
    Component { name, settings: CheckSettings::new().critical(critical), run: Box::new(run) }
}

fn event_loop(settings: &SystemSettings, heartbeat: Arc<Heartbeat>) -> Component {
    let limits = settings.lag;
    let run = move || {
        let lag: Duration = heartbeat.lag();
        let health = Health::healthy().detail("lag_ms", json!(lag.as_micros() as f64 / 1_000.0));
        let health = judged(health, lag >= limits.warn, lag >= limits.critical, || {
            format!("tasks start {} ms late", lag.as_millis())
        });
        Box::pin(std::future::ready(health)) as _
    };
    let settings = CheckSettings::new().critical(settings.critical);
    Component { name: "event-loop".to_owned(), settings, run: Box::new(run) }
}

fn judged(mut health: Health, warn: bool, critical: bool, text: impl FnOnce() -> String) -> Health {
    health.status = match (warn, critical) {
        (_, true) => crate::Status::Unhealthy,
        (true, false) => crate::Status::Degraded,
        (false, false) => return health,
    };
    health.message(text())
}
