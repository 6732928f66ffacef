use std::time::Duration;

use crate::config::{Invalid, Reader};
use crate::error::ErrorForm;
use crate::health::HealthSettings;

/// The settings of the service itself; those of `health` are beside it.
///
/// | `lift.toml` | variable | meaning | default |
/// |---|---|---|---|
/// | `server.listen` | `LIFT_LISTEN` | address of the HTTP server | `0.0.0.0:$PORT` when `PORT` is set, else `127.0.0.1:3000` |
/// | `shutdown.delay` | `LIFT_SHUTDOWN_DELAY` | how long to go on accepting after SIGTERM | 5 s in Kubernetes, else 0 |
/// | `shutdown.grace` | `LIFT_SHUTDOWN_GRACE` | all of the shutdown, the delay included | 25 s |
/// | `errors.form` | `LIFT_ERRORS_FORM` | `problem` (RFC 9457) or `short` | `problem` |
/// | `lambda.on_start` | `LIFT_LAMBDA_ON_START` | run start functions on Lambda, too | `false` |
#[derive(Clone, Debug)]
pub(crate) struct AppSettings {
    pub(crate) listen: Option<String>,
    pub(crate) shutdown_delay: Duration,
    pub(crate) shutdown_grace: Duration,
    pub(crate) health: HealthSettings,
    pub(crate) errors: ErrorForm,
    pub(crate) lambda_on_start: bool,
}

impl AppSettings {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Invalid> {
        let in_kubernetes = reader.env("KUBERNETES_SERVICE_HOST").is_some();
        let listen = reader.section(&["server"], "LIFT").optional::<String>("listen");
        let mut shutdown = reader.section(&["shutdown"], "LIFT_SHUTDOWN");
        let delay = shutdown.or("delay", Duration::from_secs(if in_kubernetes { 5 } else { 0 }));
        let grace = shutdown.or("grace", Duration::from_secs(25));
        let health = HealthSettings::read(reader);
        let mut errors = reader.section(&["errors"], "LIFT_ERRORS");
        let form = errors.or("form", "problem".to_owned()).and_then(|word| match word.as_str() {
            "problem" => Ok(ErrorForm::Problem),
            "short" => Ok(ErrorForm::Short),
            _ => Err(errors.invalid("form", format!("`{word}` is not `problem` or `short`"))),
        });
        let lambda_on_start = reader.section(&["lambda"], "LIFT_LAMBDA").or("on_start", false);
        Ok(Self {
            listen: listen?,
            shutdown_delay: delay?,
            shutdown_grace: grace?,
            health: health?,
            errors: form?,
            lambda_on_start: lambda_on_start?,
        })
    }
}
