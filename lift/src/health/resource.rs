use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{CheckKind, CheckSettings, Component, Health};
use crate::error::Cause;
use crate::pool::{LastFailure, Stats};
use crate::resource::{Judgement, Managed};

impl Component {
    /// The component of a resource that lift opens.
    pub(crate) fn of_resource(resource: &Arc<dyn Managed>) -> Self {
        let spec = resource.spec();
        let mut settings = CheckSettings::new()
            .critical(spec.critical)
            .fail_after(spec.fail_after)
            .recover_after(spec.recover_after);
        settings.interval = spec.health_interval;
        settings.kind = spec.ready.then_some(CheckKind::Readiness);
        settings.timeout = spec.health_timeout.unwrap_or(settings.timeout);
        let (name, resource) = (spec.name.to_owned(), resource.clone());
        let run = move || -> BoxFuture<'static, Health> {
            let resource = resource.clone();
            Box::pin(async move {
                let health = match resource.check(settings.timeout).await {
                    Ok(Judgement::Working) => Health::healthy(),
                    Ok(Judgement::Busy) => Health::degraded("every connection is in use"),
                    Err(error) => Health::failed(&Cause::new(error)),
                };
                match resource.stats() {
                    Some(stats) => with_numbers(health, &stats),
                    None => health,
                }
            })
        };
        Self { name, settings, run: Box::new(run) }
    }
}

/// A pool's numbers as details.
fn with_numbers(health: Health, stats: &Stats) -> Health {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let health = health
        .detail("breaker", stats.breaker.as_str())
        .detail("in_use", stats.in_use)
        .detail("idle", stats.idle)
        .detail("waiting", stats.waiting)
        .detail("max", stats.max_size)
        .detail("hit_rate", stats.hit_rate().map(|rate| (rate * 10.0).round() / 10.0))
        .detail("wait_p99_ms", millis(stats.wait.percentile(99)));
    match stats.last_failure {
        Some(LastFailure { class, age }) => {
            health.detail("last_error", class).detail("last_error_age_ms", millis(age))
        }
        None => health,
    }
}
