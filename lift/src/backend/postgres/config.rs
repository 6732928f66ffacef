use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Parsed, parse};
use crate::backend::credentials::{CredentialProvider, Credentials, FromUrl, Server};
use crate::backend::{self, tls};
use crate::config::limits::Part;
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
        let statement_cache = section.limit(Part::Postgres, "statement_cache", 100_usize);
        let keepalive = section.optional_limit::<Duration>(Part::Postgres, "keepalive");
        let statement_timeout = section.optional_limit::<Duration>(Part::Postgres, "statement_timeout");
        let credentials = C::read(section);
        let server = url.and_then(|url| parse(&url).map_err(|problem| section.invalid("url", problem)));

        let (tls, ca_file) = (tls?, ca_file?);
        let Parsed { mut server, names_sslmode, names_keepalives } = server?;
        match tls {
            Some(Tls::Disable) => server.ssl_mode(SslMode::Disable),
            Some(Tls::Prefer) => server.ssl_mode(SslMode::Prefer),
            Some(Tls::Require) => server.ssl_mode(SslMode::Require),
            // Who names a certificate wants it checked.
            None if ca_file.is_some() && !names_sslmode => server.ssl_mode(SslMode::Require),
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
        keep_alive(&mut server, names_keepalives, keepalive?);
        if let Some(limit) = statement_timeout? {
            let own = server.get_options().unwrap_or_default();
            server.options(format!("{own} -c statement_timeout={}", limit.as_millis()).trim_start());
        }
        Ok(Self { server, tls, statement_cache: statement_cache?, credentials: credentials? })
    }
}

/// Finds a peer that is gone within two minutes, where the system's own default is two hours.
fn keep_alive(server: &mut tokio_postgres::Config, is_named: bool, idle: Option<Duration>) {
    match idle {
        None if is_named => {}
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
            ("postgres://ada:hunter2@h:port/db", "has a `port` that is not a number from 1 to 65535"),
            ("postgres://ada:hunter2@h/db?hunter2=1", "has an option that nothing reads"),
            ("postgres://hunter2%FF@h/db", "not UTF-8"),
            ("user=ada password=hunter2", "names no host"),
            ("host=/run/hunter2,b user=ada", "names a socket beside other hosts"),
            ("host=db;user=u;password=hunter2", "a host that cannot be read"),
            ("host='db password=hunter2'", "a host that cannot be read"),
            ("host='db password=hunter2", "cannot be read"),
            ("host='db'password=hunter2", "cannot be read"),
            ("hunter2", "cannot be read"),
            ("host=h sslmode=require sslmode=disable", "names the `sslmode` twice"),
            ("host=h user=a user=hunter2", "names the `user` twice"),
            ("host=h host=hunter2", "names the `host` twice"),
            ("host=h port=1 port=2", "names the `port` twice"),
            ("host=h port=1,2", "another number of ports than of hosts"),
            ("postgres://h/db?port=1,2", "another number of ports than of hosts"),
            ("host=h connection_limit=5", "`max_size` of the resource's pool"),
            ("host=h sslmode=allow", "write `disable`, `prefer` or `require`"),
            ("host=/run/hunter2 hostaddr=127.0.0.1", "names a socket beside other hosts"),
            ("host=/run/hunter2 target_session_attrs=read-write", "there is only one"),
            ("user=ada password='hunter2", "cannot be read"),
            // Addresses of others, and what nobody would read.
            ("postgres:hunter2", "cannot be read"),
            ("hunter2@h/db", "cannot be read"),
            ("jdbc:postgresql://h/db?password=hunter2", "is not a PostgreSQL URL"),
            ("postgresql+asyncpg://ada:hunter2@h/db", "is not a PostgreSQL URL"),
            ("postgres://ada:hunter2/x@h/db", "write `%40` for an `@`, `%2F` for a `/`"),
            ("postgres://ada:hunter2?x@h/db", "write `%40` for an `@`, `%2F` for a `/`"),
            ("postgres://ada:hunter2#x@h/db", "holds a `#`"),
            ("postgres://h/db#hunter2", "holds a `#`"),
            ("postgres://h/db/hunter2", "more than one part in its path"),
            ("postgres://h:1/db?port=2", "names the `port` twice"),
            ("postgres://h/db?host=hunter2", "names the `host` twice"),
            ("postgres://ada@h/db?user=hunter2", "names the `user` twice"),
            ("postgres://a:hunter2@h/db?password=hunter2", "names the `password` twice"),
            ("postgres://h/db?dbname=hunter2", "names the `dbname` twice"),
            ("postgres://h/db?sslmode=require&sslmode=disable", "names the `sslmode` twice"),
            ("postgres://h/db?sslmode=hunter2", "invalid value for option `sslmode`"),
            ("postgres://h/db?ssl=true", "the option `ssl`, which nothing reads; write `sslmode=require`"),
            ("postgres://h/db?sslrootcert=/hunter2", "write the setting `ca_file`"),
            ("postgres://h/db?connection_limit=5", "set `max_size` of the resource's pool"),
            ("postgres://h/db?sslmod=require", "did you mean `sslmode`?"),
            ("postgres://h/db?sslmode", "an option without a value"),
            ("postgres:///db?user=hunter2", "names no host"),
            ("postgres://:5432/db?user=hunter2", "names no host"),
        ] {
            let shown = url(text).err().unwrap();
            assert!(shown.contains(words) && !shown.contains("hunter2"), "{text}: {shown}");
        }
    }

    #[test]
    fn every_part_of_an_address_is_read_wherever_it_stands() {
        for (text, server, user, password, database) in [
            ("postgres://h/db?port=5599", "h:5599", None, None, Some("db")),
            ("POSTGRESQL://h:5599", "h:5599", None, None, None),
            ("postgres:///db?host=h&port=5599", "h:5599", None, None, Some("db")),
            ("postgres://ada:p@ss@h/db", "h:5432", Some("ada"), Some("p@ss"), Some("db")),
            ("postgres://ada:p%40s%2Fs%27%5C@h/db", "h:5432", Some("ada"), Some("p@s/s'\\"), Some("db")),
            ("postgres://h/?user=ada&password=p&dbname=d%20b", "h:5432", Some("ada"), Some("p"), Some("d b")),
            ("postgres://h,b:2/db", "h:5432", None, None, Some("db")),
            ("postgres://[::1]:1/db", "[::1]:1", None, None, Some("db")),
            ("postgres://%2Frun%2Fpg/db", "/run/pg", None, None, Some("db")),
            ("postgres:///db?host=/run/pg&user=ada", "/run/pg", Some("ada"), None, Some("db")),
            (
                "host=h port=5599 user=ada password='p@s s' dbname=db",
                "h:5599",
                Some("ada"),
                Some("p@s s"),
                Some("db"),
            ),
            (
                r" host = h  sslmode = 'verify-full' user='ada' password = 'it\'s sslmode=x' dbname=a\ b ",
                "h:5432",
                Some("ada"),
                Some("it's sslmode=x"),
                Some("a b"),
            ),
        ] {
            let config = url(text).unwrap_or_else(|told| panic!("{text}: {told}"));
            let read = (config.server.get_user(), config.server.get_dbname());
            assert_eq!((config.server().to_string().as_str(), read), (server, (user, database)), "{text}");
            assert_eq!(config.server.get_password(), password.map(str::as_bytes), "{text}");
        }
        let odd = url("postgres://ada:%FF%00@h/db").unwrap();
        assert_eq!(odd.server.get_password(), Some([0xff, 0].as_slice()));
        let many = url("postgres://a,b:2,c/db?target_session_attrs=read-write").unwrap();
        assert_eq!(many.server.get_ports(), [5432, 2, 5432]);
    }

    #[test]
    fn zero_is_what_the_table_says_and_a_second_is_the_least_that_tcp_knows() {
        let off = read(&[
            ("DB_URL", "postgres://h/db"),
            ("DB_STATEMENT_TIMEOUT", "0"),
            ("DB_STATEMENT_CACHE", "0"),
        ]);
        let off = off.unwrap_or_else(|told| panic!("{told}"));
        assert_eq!((off.server.get_options(), off.statement_cache), (Some("-c statement_timeout=0"), 0));
        for (key, value, words) in [
            ("DB_KEEPALIVE", "999ms", "is shorter than `1s`, the least"),
            ("DB_KEEPALIVE", "10h", "is longer than `9h`, the most"),
            ("DB_STATEMENT_TIMEOUT", "25h", "is longer than `24h`, the most"),
        ] {
            let told = read(&[("DB_URL", "postgres://h/db"), (key, value)]).err().unwrap();
            assert!(told.contains(&format!("- {key}: {words}")), "{told}");
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
