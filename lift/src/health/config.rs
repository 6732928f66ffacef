use std::path::PathBuf;
use std::time::Duration;

use http::StatusCode;

use super::probe::{Details, Token};
use crate::config::lambda::RUNTIME_API;
use crate::config::limits::{Amount, Part};
use crate::config::{Invalid, Listen, Reader, Section};

/// The least length of the token that shows details.
const TOKEN: usize = 16;

/// The settings of health; `lift::guide::health` tells each.
#[derive(Clone, Debug)]
pub(crate) struct HealthSettings {
    pub(crate) base_path: String,
    /// The address that answers probes alone.
    pub(crate) listen: Option<Listen>,
    pub(crate) details: Details,
    pub(crate) names: bool,
    pub(crate) interval: Duration,
    /// The HTTP status for each status, from best to worst.
    pub(crate) codes: [StatusCode; 4],
    /// `None`: the machine is not looked at.
    pub(crate) system: Option<SystemSettings>,
}

/// When the use of the machine degrades the service, and when it is too much.
#[derive(Clone, Debug)]
pub(crate) struct SystemSettings {
    /// Whether too much makes the service unhealthy, not only degraded.
    pub(crate) critical: bool,
    pub(crate) memory: Thresholds<u32>,
    pub(crate) throttling: Thresholds<u32>,
    pub(crate) load: Thresholds<u32>,
    pub(crate) descriptors: Thresholds<u32>,
    pub(crate) disk: Thresholds<u32>,
    pub(crate) disk_paths: Vec<PathBuf>,
    pub(crate) lag: Thresholds<Duration>,
}

/// From where on a value is degraded, and from where on unhealthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thresholds<T> {
    pub(crate) warn: T,
    pub(crate) critical: T,
}

impl HealthSettings {
    /// How often a component is looked at unless a setting says otherwise.
    pub(crate) const INTERVAL: Duration = Duration::from_secs(5);

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Invalid> {
        // The world may ask a function, and the platform looks after its machine.
        let on_lambda = reader.env(RUNTIME_API).is_some();
        let mut health = reader.section(&["health"], "LIFT_HEALTH");
        let base_path = health.or("base_path", "/health".to_owned());
        let base_path = base_path.and_then(|path| health.base_path("base_path", path, "/health"));
        let listen = health.listen("listen");
        let details = details(&mut health);
        let names = health.or("public_names", !on_lambda);
        let interval = health.limit(Part::Health, "interval", Self::INTERVAL);
        let mut codes = health.nested("http");
        let codes = [("healthy", 200), ("degraded", 200), ("unknown", 503), ("unhealthy", 503)]
            .map(|(status, code)| http_status(&mut codes, status, code));
        let system = system(health.nested("system"), !on_lambda);
        let [healthy, degraded, unknown, unhealthy] = codes;
        Ok(Self {
            base_path: base_path?,
            listen: listen?,
            details: details?,
            names: names?,
            interval: interval?,
            codes: [healthy?, degraded?, unknown?, unhealthy?],
            system: system?,
        })
    }
}

fn details(health: &mut Section<'_>) -> Result<Details, Invalid> {
    let word = health.or("details", "never".to_owned());
    // One that is too short is wrong also where nothing asks for it: it would be used some day.
    let token = health.optional::<String>("token").and_then(|token| match token {
        Some(token) if token.len() < TOKEN || !token.is_ascii() => {
            Err(health.invalid("token", format!("must be {TOKEN} or more ASCII characters")))
        }
        token => Ok(token),
    });
    match (word?.as_str(), token?) {
        ("authorized", Some(token)) => Ok(Details::Authorized(Token(token))),
        ("authorized", None) => {
            Err(health.invalid("token", "is not set, and `details` is `authorized`: set a long random one"))
        }
        (word @ ("never" | "always"), Some(_)) => Err(health.invalid(
            "token",
            format!(
                "is of no use while `details` is `{word}`: set `details` to `authorized`, or leave it out"
            ),
        )),
        ("never", None) => Ok(Details::Never),
        ("always", None) => Ok(Details::Always),
        (word, _) => {
            Err(health.invalid("details", format!("`{word}` is not `never`, `always` or `authorized`")))
        }
    }
}

fn http_status(codes: &mut Section<'_>, status: &str, default: u16) -> Result<StatusCode, Invalid> {
    let code = codes.or(status, default)?;
    match StatusCode::from_u16(code) {
        Ok(code) if (200..600).contains(&code.as_u16()) => Ok(code),
        _ => Err(codes.invalid(status, format!("{code} is not an HTTP status of 200 to 599"))),
    }
}

fn system(mut system: Section<'_>, default: bool) -> Result<Option<SystemSettings>, Invalid> {
    let enabled = system.or("enabled", default);
    let critical = system.or("critical", false);
    let memory = thresholds(&mut system, "memory", 85, 95);
    let throttling = thresholds(&mut system, "throttling", 25, 75);
    let load = thresholds(&mut system, "load", 200, 1_000);
    let descriptors = thresholds(&mut system, "descriptors", 80, 95);
    let disk = thresholds(&mut system, "disk", 85, 95);
    let disk_paths = system.or("disk_paths", Vec::new());
    let lag = thresholds(&mut system, "lag", Duration::from_millis(250), Duration::from_secs(2));
    let settings = SystemSettings {
        critical: critical?,
        memory: memory?,
        throttling: throttling?,
        load: load?,
        descriptors: descriptors?,
        disk: disk?,
        disk_paths: disk_paths?,
        lag: lag?,
    };
    Ok(enabled?.then_some(settings))
}

fn thresholds<T: Amount + PartialOrd>(
    section: &mut Section<'_>,
    what: &str,
    warn: T,
    critical: T,
) -> Result<Thresholds<T>, Invalid> {
    let (warn_key, critical_key) = (format!("{what}_warn"), format!("{what}_critical"));
    let warn = section.limit(Part::HealthSystem, &warn_key, warn);
    let critical = section.limit(Part::HealthSystem, &critical_key, critical);
    let (warn, critical) = (warn?, critical?);
    if warn > critical {
        return Err(section.invalid(&warn_key, format!("must not be above `{critical_key}`")));
    }
    Ok(Thresholds { warn, critical })
}
