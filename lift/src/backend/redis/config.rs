use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use redis::{ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo};
use tokio_rustls::TlsConnector;

use super::open::Refusal;
use crate::backend::credentials::{CredentialProvider, FromUrl, Server};
use crate::backend::{self, tls};
use crate::config::{Faults, Invalid, Section, Settings, Sources};

/// The settings of a Redis resource; the module's page lists them.
pub struct Config<C = FromUrl> {
    pub(super) address: Address,
    pub(super) tls: Option<TlsConnector>,
    /// User, password, database and protocol.
    pub(super) session: RedisConnectionInfo,
    pub(super) client_name: Option<String>,
    pub(super) response_timeout: Option<Duration>,
    pub(super) keepalive: Option<Duration>,
    pub(super) credentials: C,
    pub(super) refusal: Refusal,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Tcp(String, u16),
    Unix(PathBuf),
}

const EXAMPLE: &str = "redis://user:password@localhost:6379/0";

impl<C: CredentialProvider> Settings for Config<C> {
    fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
        let url = section.required::<String>("url", EXAMPLE);
        let ca_file = section.optional::<PathBuf>("ca_file");
        let client_name = section.optional::<String>("client_name");
        let response_timeout = section.or("response_timeout", Duration::from_secs(1));
        let keepalive = section.or("keepalive", Duration::from_secs(60));
        let credentials = C::read(section);
        let server = url.and_then(|url| parse(&url).map_err(|problem| section.invalid("url", problem)));

        let client_name = client_name?;
        if client_name.as_deref().is_some_and(|name| !is_client_name(name)) {
            return Err(section.invalid("client_name", "holds a blank or a control character"));
        }
        let (ca_file, (encrypted, address, session)) = (ca_file?, server?);
        let tls = match (encrypted, &ca_file) {
            (true, ca_file) => Some(TlsConnector::from(Arc::new(tls::client(section, ca_file.as_deref())?))),
            (false, Some(_)) => {
                return Err(
                    section.invalid("ca_file", "is of no use without TLS; write `rediss://…` in the URL")
                );
            }
            (false, None) => None,
        };
        let some = |time: Duration| Some(time).filter(|time| !time.is_zero());
        Ok(Self {
            address,
            tls,
            session,
            client_name,
            response_timeout: some(response_timeout?),
            keepalive: some(keepalive?),
            credentials: credentials?,
            refusal: Refusal::default(),
        })
    }
}

/// What Redis takes as the name of a client.
pub(super) fn is_client_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_graphic())
}

type Parsed = (bool, Address, RedisConnectionInfo);

/// Reads a URL and never repeats a part of it that may be a secret.
fn parse(url: &str) -> Result<Parsed, String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    // TLS is ours, since the crate's own would panic where a program has two providers of cryptography.
    let (encrypted, plain) = match scheme {
        "rediss" | "valkeys" => (true, format!("redis://{rest}")),
        "redis" | "valkey" | "unix" | "redis+unix" | "valkey+unix" => (false, url.to_owned()),
        _ => return Err(format!("is not a Redis URL; write `{EXAMPLE}`, or `rediss://…` for TLS")),
    };
    if encrypted && rest.ends_with("#insecure") {
        return Err(
            "asks for TLS that checks nothing; name the server's certificate in `ca_file` instead".to_owned()
        );
    }
    let info = plain
        .as_str()
        .into_connection_info()
        .map_err(|_| format!("cannot be read; write `{EXAMPLE}`, with `%40` for an `@` in the password"))?;
    let address = match info.addr() {
        ConnectionAddr::Tcp(host, port) => Address::Tcp(host.clone(), *port),
        ConnectionAddr::Unix(path) => Address::Unix(path.clone()),
        _ => return Err(format!("is not a Redis URL; write `{EXAMPLE}`")),
    };
    Ok((encrypted, address, info.redis_settings().clone()))
}

impl<C: CredentialProvider> Config<C> {
    /// Reads the settings of the resource `name` by hand, for a script or a test; an app reads them itself.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use lift::redis::{Config, Connection, FromUrl};
    /// use lift::{Init, Resource};
    ///
    /// let sources = lift::config::Sources::empty().var("CACHE_URL", "redis://127.0.0.1:1");
    /// let config = Config::<FromUrl>::of("cache", &sources)?;
    /// let init = Init::new("cache", std::time::Duration::from_secs(1));
    /// let error = Connection::initialize(&config, &init).await.err().unwrap();
    /// assert_eq!(error.to_string(), "cannot connect to Redis at 127.0.0.1:1");
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
        let (host, port) = match &self.address {
            Address::Tcp(host, port) => (host.clone(), *port),
            Address::Unix(path) => (path.display().to_string(), 0),
        };
        Server { host, port, user: self.session.username().map(str::to_owned) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Config, String> {
        let sources =
            settings.iter().fold(Sources::empty(), |sources, (key, value)| sources.var(*key, *value));
        Config::of("cache", &sources).map_err(|faults| faults.to_string())
    }

    #[test]
    fn urls_name_server_user_database_and_tls() {
        for (url, encrypted, shown, user, db) in [
            ("redis://h", false, "h:6379", None, 0),
            ("valkey://ada:p%40ss@h:7000/3", false, "h:7000", Some("ada"), 3),
            ("rediss://h", true, "h:6379", None, 0),
            ("redis://[::1]:1", false, "[::1]:1", None, 0),
            ("unix:///run/redis.sock?db=2", false, "/run/redis.sock", None, 2),
        ] {
            let config = read(&[("CACHE_URL", url)]).unwrap_or_else(|faults| panic!("{faults}"));
            assert_eq!(
                (config.tls.is_some(), config.server().to_string().as_str()),
                (encrypted, shown),
                "{url}"
            );
            assert_eq!((config.session.username(), config.session.db()), (user, db), "{url}");
        }
    }

    #[test]
    fn a_fault_never_shows_the_url() {
        for (settings, words) in [
            (&[("CACHE_URL", "")][..], "CACHE_URL: is not set"),
            (&[("CACHE_URL", "http://ada:hunter2@h")], "CACHE_URL: is not a Redis URL"),
            (&[("CACHE_URL", "hunter2")], "is not a Redis URL"),
            (&[("CACHE_URL", "redis://ada:hunter2@h/hunter2")], "cannot be read"),
            (&[("CACHE_URL", "redis://ada:hunter2@h:port")], "cannot be read"),
            (&[("CACHE_URL", "rediss://ada:hunter2@h/#insecure")], "TLS that checks nothing"),
            (&[("CACHE_URL", "redis://h"), ("CACHE_CA_FILE", "/dev/null")], "write `rediss://…` in the URL"),
            (&[("CACHE_URL", "rediss://h"), ("CACHE_CA_FILE", "/dev/null")], "holds no certificate"),
            (&[("CACHE_URL", "redis://h"), ("CACHE_CLIENT_NAME", "a b")], "CACHE_CLIENT_NAME: holds a blank"),
        ] {
            let shown = read(settings).err().unwrap();
            assert!(shown.contains(words) && !shown.contains("hunter2"), "{settings:?}: {shown}");
        }
    }

    #[test]
    fn times_of_zero_are_none() {
        let times = |config: Config| (config.response_timeout, config.keepalive);
        let url = ("CACHE_URL", "redis://h");
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(times(read(&[url]).ok().unwrap()), (seconds(1), seconds(60)));
        let none = read(&[url, ("CACHE_RESPONSE_TIMEOUT", "0"), ("CACHE_KEEPALIVE", "0")]);
        assert_eq!(times(none.ok().unwrap()), (None, None));
    }
}
