use std::path::PathBuf;
use std::time::Duration;

#[cfg(unix)]
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::backend::credentials::{CredentialProvider, Credentials, FromUrl, Server};
use crate::backend::{self, tls};
use crate::config::{Faults, Invalid, Section, Settings, Sources, Value};
use crate::resource::Init;

/// The settings of a PostgreSQL resource; the module's page lists them.
pub struct Config<C = FromUrl> {
    server: tokio_postgres::Config,
    pub(super) tls: Option<MakeRustlsConnect>,
    pub(super) statement_cache: usize,
    pub(super) credentials: C,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tls {
    Disable,
    Prefer,
    Require,
}

impl Value for Tls {
    const EXPECTED: &'static str = "`disable`, `prefer` or `require`";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "disable" => Some(Self::Disable),
            "prefer" => Some(Self::Prefer),
            "require" => Some(Self::Require),
            _ => None,
        }
    }
}

impl<C: CredentialProvider> Settings for Config<C> {
    fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
        let url = section.required::<String>("url", "postgres://user:password@localhost:5432/orders");
        let tls = section.optional::<Tls>("tls");
        let ca_file = section.optional::<PathBuf>("ca_file");
        let application_name = section.optional::<String>("application_name");
        let statement_cache = section.or("statement_cache", 100_usize);
        let keepalive = section.optional::<Duration>("keepalive");
        let statement_timeout = section.optional::<Duration>("statement_timeout");
        let credentials = C::read(section);
        let server = url.and_then(|url| {
            let server = parse(&url).map_err(|problem| section.invalid("url", problem))?;
            Ok((url, server))
        });

        let (tls, ca_file) = (tls?, ca_file?);
        let (url, mut server) = server?;
        match tls {
            Some(Tls::Disable) => server.ssl_mode(SslMode::Disable),
            Some(Tls::Prefer) => server.ssl_mode(SslMode::Prefer),
            Some(Tls::Require) => server.ssl_mode(SslMode::Require),
            // Who names a certificate wants it checked.
            None if ca_file.is_some() && !url.contains("sslmode") => server.ssl_mode(SslMode::Require),
            None => &mut server,
        };
        let tls = match (server.get_ssl_mode(), &ca_file) {
            (SslMode::Disable, Some(_)) => {
                return Err(section.invalid("ca_file", "is of no use while TLS is disabled"));
            }
            (SslMode::Disable, None) => None,
            (_, ca_file) => Some(MakeRustlsConnect::new(tls::client(section, ca_file.as_deref())?)),
        };
        if let Some(name) = application_name? {
            server.application_name(name);
        }
        keep_alive(&mut server, &url, keepalive?);
        if let Some(limit) = statement_timeout? {
            let own = server.get_options().unwrap_or_default();
            server.options(format!("{own} -c statement_timeout={}", limit.as_millis()).trim_start());
        }
        Ok(Self { server, tls, statement_cache: statement_cache?, credentials: credentials? })
    }
}

/// Reads a URL, or `key=value` pairs, and never repeats a part of it that may be a secret.
fn parse(url: &str) -> Result<tokio_postgres::Config, String> {
    if let Some((scheme, _)) = url.split_once("://")
        && !matches!(scheme, "postgres" | "postgresql")
    {
        return Err("is not a PostgreSQL URL; write `postgres://user:password@host:5432/database`".to_owned());
    }
    // TLS that is required is also verified here, so libpq's two words for that mean the same.
    let url =
        url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    let server: tokio_postgres::Config = url.parse().map_err(|error: tokio_postgres::Error| {
        let reason = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        // The one reason that names nothing but an option of PostgreSQL's own.
        if reason.starts_with("invalid value for option") {
            reason
        } else {
            "cannot be read; write `postgres://user:password@host:5432/database`, with `%40` for an `@` in the \
             password, and only options that tokio-postgres knows"
                .to_owned()
        }
    })?;
    if server.get_hosts().is_empty() && server.get_hostaddrs().is_empty() {
        return Err("names no host; write `postgres://user:password@host:5432/database`".to_owned());
    }
    #[cfg(unix)]
    sockets(&server)?;
    Ok(server)
}

/// One socket of this machine, or servers: tokio-postgres tells lift of no connection through a socket.
#[cfg(unix)]
fn sockets(server: &tokio_postgres::Config) -> Result<(), String> {
    let hosts = server.get_hosts();
    if !hosts.iter().any(|host| matches!(host, Host::Unix(_))) {
        return Ok(());
    }
    if hosts.len() > 1 || !server.get_hostaddrs().is_empty() {
        return Err("names a socket beside other hosts; name the socket alone, or servers".to_owned());
    }
    if server.get_target_session_attrs() != TargetSessionAttrs::Any {
        let problem = "asks for a server by `target_session_attrs`, and behind a socket there is only one; leave it out";
        return Err(problem.to_owned());
    }
    Ok(())
}

/// Finds a peer that is gone within two minutes, where the system's own default is two hours.
fn keep_alive(server: &mut tokio_postgres::Config, url: &str, idle: Option<Duration>) {
    match idle {
        None if url.contains("keepalives") => {}
        Some(Duration::ZERO) => {
            server.keepalives(false);
        }
        idle => {
            server.keepalives(true).keepalives_idle(idle.unwrap_or(Duration::from_secs(60)));
            server.keepalives_interval(Duration::from_secs(15)).keepalives_retries(4);
        }
    }
}

impl<C: CredentialProvider> Config<C> {
    /// Reads the settings of the resource `name` by hand, for a script or a test; an app reads them itself.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use lift::postgres::{Config, Connection, FromUrl};
    /// use lift::{Init, Resource};
    ///
    /// let sources = lift::config::Sources::empty().var("ORDERS_DB_URL", "postgres://ada@127.0.0.1:1/orders");
    /// let config = Config::<FromUrl>::of("orders-db", &sources)?;
    /// let init = Init::new("orders-db", std::time::Duration::from_secs(1));
    /// let error = Connection::initialize(&config, &init).await.err().unwrap();
    /// assert_eq!(error.to_string(), "cannot connect to PostgreSQL at 127.0.0.1:1");
    /// # Ok::<_, lift::config::Faults>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Everything that is missing or wrong.
    pub fn of(name: &'static str, sources: &Sources) -> Result<Self, Faults> {
        backend::read(sources, name)
    }
}

impl<C> Config<C> {
    /// The server for a token, and for an error's text.
    pub(super) fn server(&self) -> Server {
        let host = match self.server.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => self.server.get_hostaddrs().first().map(ToString::to_string).unwrap_or_default(),
        };
        let port = self.server.get_ports().first().copied().unwrap_or(5432);
        Server { host, port, user: self.server.get_user().map(str::to_owned) }
    }

    /// What one connection is opened with.
    pub(super) fn connection(&self, init: &Init, credentials: Credentials) -> tokio_postgres::Config {
        let mut server = self.server.clone();
        if server.get_hosts().is_empty() {
            // The name that a certificate is checked against.
            for address in self.server.get_hostaddrs() {
                server.host(address.to_string());
            }
        }
        if let Some(user) = credentials.user {
            server.user(user);
        }
        if let Some(password) = credentials.password {
            server.password(password);
        }
        if server.get_application_name().is_none() {
            server.application_name(init.name);
        }
        if server.get_connect_timeout().is_none() {
            // A dead host leaves time for the next one.
            let hosts = server.get_hosts().len().max(server.get_hostaddrs().len()).max(1);
            server.connect_timeout(init.timeout / u32::try_from(hosts).unwrap_or(1));
        }
        server
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Config, String> {
        let sources =
            settings.iter().fold(Sources::empty(), |sources, (key, value)| sources.var(*key, *value));
        Config::of("db", &sources).map_err(|faults| faults.to_string())
    }

    fn url(url: &str) -> Result<Config, String> {
        read(&[("DB_URL", url)])
    }

    #[test]
    fn a_fault_never_shows_the_url() {
        for (text, words) in [
            ("", "DB_URL: is not set"),
            ("mysql://ada:hunter2@h/db", "is not a PostgreSQL URL"),
            ("postgres://ada:hunter2@h:port/db", "invalid value for option `port`"),
            ("postgres://ada:hunter2@h/db?hunter2=1", "cannot be read"),
            ("postgres://hunter2%FF@h/db", "cannot be read"),
            ("user=ada password=hunter2", "names no host"),
            ("host=/run/hunter2,b user=ada", "names a socket beside other hosts"),
            ("host=/run/hunter2 hostaddr=127.0.0.1", "names a socket beside other hosts"),
            ("host=/run/hunter2 target_session_attrs=read-write", "there is only one"),
            ("user=ada password='hunter2", "cannot be read"),
        ] {
            let shown = url(text).err().unwrap();
            assert!(shown.contains(words) && !shown.contains("hunter2"), "{text}: {shown}");
        }
    }

    #[test]
    fn tls_is_what_the_setting_says_then_the_url_then_preferred() {
        let mode = |settings: &[(&str, &str)]| {
            let config = read(settings).unwrap_or_else(|faults| panic!("{faults}"));
            assert_eq!(config.tls.is_some(), config.server.get_ssl_mode() != SslMode::Disable);
            config.server.get_ssl_mode()
        };
        assert_eq!(mode(&[("DB_URL", "postgres://h/db")]), SslMode::Prefer);
        for (word, expected) in [
            ("disable", SslMode::Disable),
            ("require", SslMode::Require),
            ("verify-full", SslMode::Require),
            ("verify-ca", SslMode::Require),
        ] {
            let url = format!("postgres://h/db?sslmode={word}");
            assert_eq!(mode(&[("DB_URL", &url)]), expected, "{word}");
            assert_eq!(mode(&[("DB_URL", &url), ("DB_TLS", "disable")]), SslMode::Disable, "{word}");
        }
        let shown = read(&[("DB_URL", "postgres://h/db"), ("DB_TLS", "allow")]).err().unwrap();
        assert!(shown.contains("DB_TLS: `allow` is not `disable`, `prefer` or `require`"), "{shown}");
    }

    #[test]
    fn a_ca_file_that_cannot_serve_is_told() {
        for (file, tls, words) in [
            ("/nowhere/ca.pem", "require", "`/nowhere/ca.pem` cannot be read as certificates"),
            ("/dev/null", "require", "`/dev/null` holds no certificate"),
            ("/dev/null", "disable", "is of no use while TLS is disabled"),
        ] {
            let shown = read(&[("DB_URL", "postgres://h/db"), ("DB_CA_FILE", file), ("DB_TLS", tls)]);
            let shown = shown.err().unwrap();
            assert!(shown.contains("DB_CA_FILE: ") && shown.contains(words), "{shown}");
        }
    }

    #[test]
    fn what_the_url_says_is_kept() {
        let config = url("postgres://ada@a,b:6000/db?options=-cwork_mem%3D1MB&keepalives_idle=7").unwrap();
        assert_eq!(config.server.get_keepalives_idle(), Duration::from_secs(7));
        let init = Init::new("orders-db", Duration::from_secs(1));
        let opened = config.connection(&init, Credentials::default());
        assert_eq!(opened.get_application_name(), Some("orders-db"));
        assert_eq!(opened.get_connect_timeout(), Some(&Duration::from_millis(500)));
        assert_eq!((opened.get_user(), opened.get_password()), (Some("ada"), None));
        let opened = config.connection(&init, Credentials::password("p").user("bob"));
        assert_eq!((opened.get_user(), opened.get_password()), (Some("bob"), Some(b"p".as_slice())));
        let limited = read(&[
            ("DB_URL", "postgres://h/db?options=-cwork_mem%3D1MB"),
            ("DB_STATEMENT_TIMEOUT", "2s"),
            ("DB_KEEPALIVE", "0"),
        ]);
        let limited = limited.unwrap_or_else(|faults| panic!("{faults}")).server;
        assert_eq!(limited.get_options(), Some("-cwork_mem=1MB -c statement_timeout=2000"));
        assert!(!limited.get_keepalives());
    }
}
