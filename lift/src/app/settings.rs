use std::time::Duration;

use super::slash::TrailingSlash;
use crate::config::limits::Part;
use crate::config::{Fault, Invalid, Listen, Reader, Section, Value};
use crate::error::ErrorForm;
use crate::health::HealthSettings;
use crate::telemetry::{self, Format};

/// The settings of the service itself; those of `health` are beside it.
///
/// | `lift.toml` | variable | meaning | default |
/// |---|---|---|---|
/// | `server.listen` | `LIFT_LISTEN` | address of the HTTP server | `0.0.0.0:$PORT` when `PORT` is set, else `127.0.0.1:3000` |
/// | `server.base_path` | `LIFT_BASE_PATH` | what stands before every path, on the server and in events of all HTTP sources: the base path mapping of a custom domain, the prefix of a load balancer's rule | none |
/// | `server.trailing_slash` | `LIFT_TRAILING_SLASH` | a path that differs from a route only by a slash at its end: `strict` answers 404, `same` serves it, `redirect` answers 308 with the path of the route | `strict` |
/// | `start.wait` | `LIFT_START_WAIT` | for how long a start function that fails is tried again; not on Lambda | 0 |
/// | `shutdown.delay` | `LIFT_SHUTDOWN_DELAY` | how long to go on accepting after SIGTERM | 5 s in Kubernetes, else 0 |
/// | `shutdown.grace` | `LIFT_SHUTDOWN_GRACE` | all of the shutdown, the delay included | 25 s |
/// | `errors.form` | `LIFT_ERRORS_FORM` | `problem` (RFC 9457) or `short` | `problem` |
/// | `log.unmasked_errors` | `LIFT_LOG_UNMASKED_ERRORS` | the log's error chain holds the whole text of every error | `false` |
/// | `lambda.stream` | `LIFT_LAMBDA_STREAM` | the function URL's invoke mode is `RESPONSE_STREAM`: its answers are passed on bit by bit | `false` |
/// | `lambda.on_start` | `LIFT_LAMBDA_ON_START` | run start functions on Lambda, too | `false` |
#[derive(Clone, Debug)]
pub(crate) struct AppSettings {
    pub(crate) listen: Listen,
    /// Begins with a slash and does not end with one.
    pub(crate) base_path: Option<String>,
    pub(crate) trailing_slash: TrailingSlash,
    /// For how long start functions are tried again.
    pub(crate) start_wait: Duration,
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
        logs(reader);
        let listen = listen(reader);
        let base_path = base_path(&mut reader.section(&["server"], "LIFT"));
        let trailing_slash = TrailingSlash::read(&mut reader.section(&["server"], "LIFT"));
        let mut shutdown = reader.section(&["shutdown"], "LIFT_SHUTDOWN");
        let delay = Duration::from_secs(if in_kubernetes { 5 } else { 0 });
        let delay = shutdown.limit(Part::Shutdown, "delay", delay);
        let grace = shutdown.limit(Part::Shutdown, "grace", Duration::from_secs(25));
        let start_wait = reader.section(&["start"], "LIFT_START").limit(Part::Start, "wait", Duration::ZERO);
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
        let (listen, health) = (listen?, health?);
        if let Some(probes) = health.listen.as_ref().filter(|probes| probes.collides(&listen)) {
            let problem = format!("`{probes}` is where the service itself listens ({})", listen.source());
            reader.fault(Fault::new(probes.source(), problem).help("give the probes a port of their own"));
        }
        Ok(Self {
            listen,
            base_path: base_path?,
            trailing_slash: trailing_slash?,
            start_wait: start_wait?,
            shutdown_delay: delay?,
            shutdown_grace: grace?,
            health,
            errors: form?,
            unmasked_errors: unmasked_errors?,
            lambda_on_start: lambda_on_start?,
            lambda_stream: lambda_stream?,
        })
    }
}

/// A port, as platforms set it in `PORT`.
struct Port(u16);

impl Value for Port {
    const EXPECTED: &'static str = "a port, 0 to 65535";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl Value for Format {
    const EXPECTED: &'static str = "`json` or `text`";

    fn parse(text: &str) -> Option<Self> {
        Self::named(text)
    }
}

/// `LIFT_LISTEN` or `server.listen`, else every interface at `PORT`, else loopback. All three are judged.
fn listen(reader: &mut Reader<'_>) -> Result<Listen, Invalid> {
    const PORT: &str = "PORT";
    let listen = reader.section(&["server"], "LIFT").listen("listen");
    let port = reader.variable::<Port>(PORT);
    let everywhere = port?.map(|Port(port)| Listen::everywhere(port, PORT));
    Ok(listen?.or(everywhere).unwrap_or_else(Listen::loopback))
}

/// The log has begun by now, as well as it could be understood; what could not be is told with all the rest.
fn logs(reader: &mut Reader<'_>) {
    // What is wrong has been noted.
    let _ = reader.variable::<Format>(telemetry::FORMAT);
    if let Ok(Some(filter)) = reader.variable::<String>(telemetry::FILTER)
        && !telemetry::is_foreign()
        && let Err((problem, help)) = telemetry::filter(&filter)
    {
        reader.fault(Fault::new(telemetry::FILTER, problem).help(help));
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

    /// What is told of these variables.
    fn told(variables: &[(&str, &str)]) -> String {
        let sources =
            variables.iter().fold(Sources::empty(), |sources, (name, value)| sources.var(*name, *value));
        let mut reader = sources.reader();
        let _ = AppSettings::read(&mut reader);
        reader.finish().to_string()
    }

    #[test]
    fn addresses_are_judged_with_all_the_rest() {
        let all = told(&[
            ("LIFT_LISTEN", ":3000"),
            ("PORT", "http"),
            ("LIFT_HEALTH_LISTEN", "x"),
            ("LIFT_SHUTDOWN_GRACE", "0"),
        ]);
        for expected in [
            "4 things are wrong",
            "LIFT_LISTEN: is not an address and a port\n    help: write `127.0.0.1:3000`",
            "PORT: `http` is not a port, 0 to 65535",
            "LIFT_HEALTH_LISTEN: is not an address and a port",
            "LIFT_SHUTDOWN_GRACE: must be longer than zero",
        ] {
            assert!(all.contains(expected), "{expected}\n{all}");
        }
        for port in ["65536", "-1", "80a", "3000.0", "0.0.0.0:80"] {
            assert!(told(&[("PORT", port)]).contains("- PORT: "), "{port}");
        }
        let same = told(&[("PORT", "3000"), ("LIFT_HEALTH_LISTEN", "0.0.0.0:3000")]);
        assert!(
            same.contains("LIFT_HEALTH_LISTEN: `0.0.0.0:3000` is where the service itself listens (PORT)"),
            "{same}"
        );
        let read = |variables: &[(&str, &str)]| {
            let sources =
                variables.iter().fold(Sources::empty(), |sources, (name, value)| sources.var(*name, *value));
            let listen = AppSettings::read(&mut sources.reader()).unwrap().listen;
            format!("{} {}", listen.address(), listen.source())
        };
        assert_eq!(read(&[]), "127.0.0.1:3000 the default");
        assert_eq!(read(&[("PORT", "80")]), "0.0.0.0:80 PORT");
        assert_eq!(read(&[("PORT", "80"), ("LIFT_LISTEN", "localhost:1")]), "localhost:1 LIFT_LISTEN");
    }

    #[test]
    fn values_that_mean_nothing_are_faults() {
        for (name, value, expected) in [
            ("LIFT_LOG_FORMAT", "yaml", "LIFT_LOG_FORMAT: `yaml` is not `json` or `text`"),
            ("LIFT_LOG_FORMAT", "JSON", "LIFT_LOG_FORMAT: `JSON` is not `json` or `text`"),
            ("LIFT_HEALTH_TOKEN", "short", "LIFT_HEALTH_TOKEN: must be 16 or more ASCII characters"),
            (
                "LIFT_HEALTH_TOKEN",
                "0123456789abcdef",
                "LIFT_HEALTH_TOKEN: is of no use while `details` is `never`",
            ),
            ("LIFT_HEALTH_DETAILS", "authorized", "LIFT_HEALTH_TOKEN: is not set"),
        ] {
            let told = told(&[(name, value)]);
            assert!(told.contains("1 thing is wrong") && told.contains(expected), "{name}={value}: {told}");
        }
        assert_eq!(told(&[("LIFT_LOG_FORMAT", "text"), ("LIFT_HEALTH_TOKEN", ""), ("PORT", "")]), told(&[]));
    }
}
