use std::time::Duration;

use super::slash::TrailingSlash;
use crate::config::{Invalid, Reader, Section};
use crate::error::ErrorForm;
use crate::health::HealthSettings;

/// The settings of the service itself; those of `health` are beside it.
///
/// | `lift.toml` | variable | meaning | default |
/// |---|---|---|---|
/// | `server.listen` | `LIFT_LISTEN` | address of the HTTP server | `0.0.0.0:$PORT` when `PORT` is set, else `127.0.0.1:3000` |
/// | `server.base_path` | `LIFT_BASE_PATH` | what stands before every path, on the server and in events of all HTTP sources: the base path mapping of a custom domain, the prefix of a load balancer's rule | none |
/// | `server.trailing_slash` | `LIFT_TRAILING_SLASH` | a path that differs from a route only by a slash at its end: `strict` answers 404, `same` serves it, `redirect` answers 308 with the path of the route | `strict` |
/// | `shutdown.delay` | `LIFT_SHUTDOWN_DELAY` | how long to go on accepting after SIGTERM | 5 s in Kubernetes, else 0 |
/// | `shutdown.grace` | `LIFT_SHUTDOWN_GRACE` | all of the shutdown, the delay included | 25 s |
/// | `errors.form` | `LIFT_ERRORS_FORM` | `problem` (RFC 9457) or `short` | `problem` |
/// | `log.unmasked_errors` | `LIFT_LOG_UNMASKED_ERRORS` | the log's error chain holds the whole text of every error | `false` |
/// | `lambda.stream` | `LIFT_LAMBDA_STREAM` | the function URL's invoke mode is `RESPONSE_STREAM`: its answers are passed on bit by bit | `false` |
/// | `lambda.on_start` | `LIFT_LAMBDA_ON_START` | run start functions on Lambda, too | `false` |
#[derive(Clone, Debug)]
pub(crate) struct AppSettings {
    pub(crate) listen: Option<String>,
    /// Begins with a slash and does not end with one.
    pub(crate) base_path: Option<String>,
    pub(crate) trailing_slash: TrailingSlash,
    pub(crate) shutdown_delay: Duration,
    pub(crate) shutdown_grace: Duration,
    pub(crate) health: HealthSettings,
    pub(crate) errors: ErrorForm,
    pub(crate) unmasked_errors: bool,
    pub(crate) lambda_on_start: bool,
    pub(crate) lambda_stream: bool,
}

impl AppSettings {
    /// Applies what concerns the whole process: a host does, a test does not.
    pub(crate) fn apply(&self) {
        if self.unmasked_errors {
            crate::error::unmask_process();
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Invalid> {
        let in_kubernetes = reader.env("KUBERNETES_SERVICE_HOST").is_some();
        let listen = reader.section(&["server"], "LIFT").optional::<String>("listen");
        let base_path = base_path(&mut reader.section(&["server"], "LIFT"));
        let trailing_slash = TrailingSlash::read(&mut reader.section(&["server"], "LIFT"));
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
        let unmasked_errors = reader.section(&["log"], "LIFT_LOG").or("unmasked_errors", false);
        let mut lambda = reader.section(&["lambda"], "LIFT_LAMBDA");
        let lambda_on_start = lambda.or("on_start", false);
        let lambda_stream = lambda.or("stream", false);
        Ok(Self {
            listen: listen?,
            base_path: base_path?,
            trailing_slash: trailing_slash?,
            shutdown_delay: delay?,
            shutdown_grace: grace?,
            health: health?,
            errors: form?,
            unmasked_errors: unmasked_errors?,
            lambda_on_start: lambda_on_start?,
            lambda_stream: lambda_stream?,
        })
    }
}

/// One slash at the end is taken off, and is none alone.
fn base_path(section: &mut Section<'_>) -> Result<Option<String>, Invalid> {
    let Some(path) = section.optional::<String>("base_path")? else { return Ok(None) };
    let bare = path.strip_suffix('/').filter(|bare| !bare.ends_with('/')).unwrap_or(&path);
    if bare.is_empty() {
        return Ok(None);
    }
    section.base_path("base_path", bare.to_owned(), "/shop").map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    #[test]
    fn a_wrong_setting_of_the_file_is_told_by_its_key_and_with_what_belongs_there() {
        let rows = [
            ("[server]\nbase_path = true", "`server.base_path`: `true` is not a path such as `/shop`"),
            (
                "server = true",
                "`server`: the boolean is not a table\n    help: write its keys under `[server]`",
            ),
            (
                "[server]\ntrailing_slash = 'ignore'",
                "`server.trailing_slash`: `ignore` is not `strict`, `same` or `redirect`",
            ),
            ("[errors]\nform = 'long'", "`errors.form`: `long` is not `problem` or `short`"),
            ("[shutdown.grace]\ntime = '3s'", "`shutdown.grace`: the table is not a duration with its unit"),
            (
                "[health.interval]\ntime = '3s'",
                "`health.interval`: the table is not a duration with its unit",
            ),
            ("[health]\ninterval = '0s'", "`health.interval`: must be longer than zero"),
            ("[health.http]\nhealthy = 700", "`health.http.healthy`: 700 is not an HTTP status"),
        ];
        for (file, expected) in rows {
            let sources = Sources::empty().toml(file).unwrap();
            let mut reader = sources.reader();
            let _ = AppSettings::read(&mut reader);
            let told = reader.finish().to_string();
            assert!(told.contains(&format!("1 thing is wrong\n  - lift.toml: {expected}")), "{file}\n{told}");
        }
    }
}
