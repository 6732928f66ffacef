use super::ResourceSpec;
use crate::config::limits::Part;
use crate::config::{Invalid, Section};

impl ResourceSpec {
    /// Reads the `health` section over the attribute's values.
    pub(crate) fn read_health(&mut self, section: Section<'_>) -> Result<(), Invalid> {
        const PART: Part = Part::ResourceHealth;
        let mut section = section.in_code(self.health_attribute());
        let timeout = section.optional_limit(PART, "timeout");
        let interval = section.optional_limit(PART, "interval");
        let fail_after = section.optional_limit(PART, "fail_after");
        let recover_after = section.optional_limit(PART, "recover_after");
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
