use std::time::Duration;

use super::ResourceSpec;
use crate::config::{Invalid, Section, Value};

/// The most results in a row that `fail_after` and `recover_after` may ask for, as in attributes.
const MOST_RESULTS: u32 = 100;

impl ResourceSpec {
    /// Reads the `health` section over the attribute's values.
    pub(crate) fn read_health(&mut self, mut section: Section<'_>) -> Result<(), Invalid> {
        let timeout = limit(&mut section, "timeout");
        let interval = limit(&mut section, "interval");
        let fail_after = results(&mut section, "fail_after");
        let recover_after = results(&mut section, "recover_after");
        let critical = section.optional("critical");
        let ready = section.optional("ready");
        let enabled = section.optional("enabled");
        set(&mut self.health_timeout, timeout?.map(Some));
        set(&mut self.health_interval, interval?.map(Some));
        set(&mut self.fail_after, fail_after?);
        set(&mut self.recover_after, recover_after?);
        set(&mut self.critical, critical?);
        set(&mut self.ready, ready?);
        set(&mut self.health_enabled, enabled?);
        Ok(())
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn limit(section: &mut Section<'_>, key: &str) -> Result<Option<Duration>, Invalid> {
    bounded(section, key, |limit: &Duration| !limit.is_zero(), "must be longer than zero, such as `250ms`")
}

fn results(section: &mut Section<'_>, key: &str) -> Result<Option<u32>, Invalid> {
    let problem = "is not between 1 and 100 results in a row";
    bounded(section, key, |results: &u32| (1..=MOST_RESULTS).contains(results), problem)
}

fn bounded<T: Value>(
    section: &mut Section<'_>,
    key: &str,
    holds: impl Fn(&T) -> bool,
    problem: &str,
) -> Result<Option<T>, Invalid> {
    match section.optional(key)? {
        Some(value) if !holds(&value) => Err(section.invalid(key, problem)),
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    #[test]
    fn attribute_file_and_environment_in_rising_precedence() {
        let sources = Sources::empty()
            .toml("[resources.db.health]\ninterval = '20s'\nfail_after = 4\nready = true\ncritical = false")
            .unwrap()
            .var("DB_HEALTH_INTERVAL", "30s")
            .var("DB_HEALTH_RECOVER_AFTER", "6");
        let mut spec = ResourceSpec::named("db")
            .health_timeout_ms(100)
            .health_interval_ms(1)
            .health_fail_after(2)
            .health_recover_after(3)
            .health_enabled(false);
        let mut reader = sources.reader();
        spec.read_health(reader.section(&["resources", "db", "health"], "DB_HEALTH")).unwrap();
        assert!(reader.finish().is_empty());
        assert_eq!(spec.health_timeout, Some(Duration::from_millis(100)));
        assert_eq!(spec.health_interval, Some(Duration::from_secs(30)));
        assert_eq!((spec.fail_after, spec.recover_after), (4, 6));
        assert_eq!((spec.critical, spec.ready, spec.health_enabled), (false, true, false));
    }
}
