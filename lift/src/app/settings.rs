use std::time::Duration;

use crate::config::{Invalid, Reader};

/// The settings of the service itself.
///
/// | `lift.toml` | variable | meaning | default |
/// |---|---|---|---|
/// | `server.listen` | `LIFT_LISTEN` | address of the HTTP server | `0.0.0.0:$PORT` when `PORT` is set, else `127.0.0.1:3000` |
/// | `shutdown.delay` | `LIFT_SHUTDOWN_DELAY` | how long to go on accepting after SIGTERM | 5 s in Kubernetes, else 0 |
/// | `shutdown.grace` | `LIFT_SHUTDOWN_GRACE` | all of the shutdown, the delay included | 25 s |
/// | `health.base_path` | `LIFT_HEALTH_BASE_PATH` | where the probes are | `/health` |
/// | `health.details` | `LIFT_HEALTH_DETAILS` | `never` or `always` show the checks' messages | `never` |
/// | `health.public_names` | `LIFT_HEALTH_PUBLIC_NAMES` | whether reports name components | `true`; on Lambda `false` |
/// | `health.interval` | `LIFT_HEALTH_INTERVAL` | how often the server looks at each component | 5 s |
/// | `lambda.on_start` | `LIFT_LAMBDA_ON_START` | run start functions on Lambda, too | `false` |
#[derive(Clone, Debug)]
pub(crate) struct AppSettings {
    pub(crate) listen: Option<String>,
    pub(crate) shutdown_delay: Duration,
    pub(crate) shutdown_grace: Duration,
    pub(crate) health_base_path: String,
    pub(crate) health_details: bool,
    pub(crate) health_names: bool,
    pub(crate) health_interval: Duration,
    pub(crate) lambda_on_start: bool,
}

impl AppSettings {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Invalid> {
        let in_kubernetes = reader.env("KUBERNETES_SERVICE_HOST").is_some();
        let listen = reader.section(&["server"], "LIFT").optional::<String>("listen");
        let mut shutdown = reader.section(&["shutdown"], "LIFT_SHUTDOWN");
        let delay = shutdown.or("delay", Duration::from_secs(if in_kubernetes { 5 } else { 0 }));
        let grace = shutdown.or("grace", Duration::from_secs(25));
        let mut health = reader.section(&["health"], "LIFT_HEALTH");
        let base_path = health.or("base_path", "/health".to_owned()).and_then(|path| {
            let good = path.len() > 1
                && path.starts_with('/')
                && !path.ends_with('/')
                && !path.contains(['{', '?', '#']);
            if good {
                Ok(path)
            } else {
                Err(health.invalid("base_path", format!("`{path}` is not a path such as `/health`")))
            }
        });
        let details = health.or("details", "never".to_owned()).and_then(|word| match word.as_str() {
            "never" => Ok(false),
            "always" => Ok(true),
            _ => Err(health.invalid("details", format!("`{word}` is not `never` or `always`"))),
        });
        let on_lambda = reader.env("AWS_LAMBDA_RUNTIME_API").is_some();
        let mut health = reader.section(&["health"], "LIFT_HEALTH");
        let names = health.or("public_names", !on_lambda);
        let interval = health.or("interval", Duration::from_secs(5)).and_then(|interval| match interval {
            Duration::ZERO => Err(health.invalid("interval", "must be longer than zero, such as `5s`")),
            interval => Ok(interval),
        });
        let lambda_on_start = reader.section(&["lambda"], "LIFT_LAMBDA").or("on_start", false);
        Ok(Self {
            listen: listen?,
            shutdown_delay: delay?,
            shutdown_grace: grace?,
            health_base_path: base_path?,
            health_details: details?,
            health_names: names?,
            health_interval: interval?,
            lambda_on_start: lambda_on_start?,
        })
    }
}
