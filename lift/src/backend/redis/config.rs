use std::any::TypeId;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use redis::{ProtocolVersion, RedisConnectionInfo};
use tokio_rustls::TlsConnector;

use super::open::Refusal;
use crate::backend::address::{self, Foreign, twice};
use crate::backend::credentials::{CredentialProvider, FromUrl, Server};
use crate::backend::{self, tls};
use crate::config::limits::Part;
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
        let response_timeout = section.limit(Part::Redis, "response_timeout", Duration::from_secs(1));
        let keepalive = section.limit(Part::Redis, "keepalive", Duration::from_secs(60));
        let credentials = C::read(section);
        let asks_for_password = TypeId::of::<C>() != TypeId::of::<FromUrl>();
        let server = url.and_then(|url| {
            parse(&url, asks_for_password).map_err(|problem| section.invalid("url", problem))
        });

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

/// The options that others have in their addresses.
const FOREIGN: [Foreign; 22] = {
    const SIZE: &str = "set `max_size` of the resource's pool instead";
    const TLS: &str = "write `rediss://…` for TLS";
    const TIME: &str =
        "write the setting `response_timeout`, or `connect_timeout` of the resource's pool, instead";
    const LEAVE: &str = "leave it out";
    [
        ("client_name", "write the setting `client_name` instead"),
        ("clientName", "write the setting `client_name` instead"),
        ("timeout", TIME),
        ("socket_timeout", TIME),
        ("socket_connect_timeout", TIME),
        ("connect_timeout", TIME),
        ("dial_timeout", TIME),
        ("read_timeout", TIME),
        ("write_timeout", TIME),
        ("ssl", TLS),
        ("tls", TLS),
        ("ssl_cert_reqs", TLS),
        ("ssl_ca_certs", "write the setting `ca_file` instead"),
        ("skip_verify", "name the server's certificate in the setting `ca_file` instead"),
        ("pool_size", SIZE),
        ("max_connections", SIZE),
        ("min_idle_conns", "set `min_idle` of the resource's pool instead"),
        ("health_check_interval", "set `interval` of the resource's `health` instead"),
        ("decode_responses", LEAVE),
        ("encoding", LEAVE),
        ("family", LEAVE),
        ("max_retries", LEAVE),
    ]
};

const DATABASE: [&str; 2] = ["db", "database"];
const USER: [&str; 2] = ["user", "username"];
const PASSWORD: [&str; 2] = ["password", "pass"];

type Parsed = (bool, Address, RedisConnectionInfo);

/// Reads a URL and never repeats a part of it that may be a secret.
fn parse(url: &str, asks_for_password: bool) -> Result<Parsed, String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    // TLS is ours, since the crate's own would panic where a program has two providers of cryptography.
    let (encrypted, is_socket) = match &*scheme.to_lowercase() {
        "rediss" | "valkeys" => (true, false),
        "redis" | "valkey" => (false, false),
        "unix" | "redis+unix" | "valkey+unix" => (false, true),
        _ => return Err(format!("is not a Redis URL; write `{EXAMPLE}`, or `rediss://…` for TLS")),
    };
    if encrypted && rest.ends_with("#insecure") {
        return Err(
            "asks for TLS that checks nothing; name the server's certificate in `ca_file` instead".to_owned()
        );
    }
    let mut parts = address::Address::parse(rest)?;
    let known = [DATABASE, USER, PASSWORD].concat().into_iter().chain(["protocol"]).collect::<Vec<_>>();
    parts.all_are(&known, &FOREIGN)?;
    let (address, in_path) =
        if is_socket { (socket(&parts)?, None) } else { (server(&parts)?, parts.single()?) };
    let in_path = in_path.map(str::to_owned);
    let mut session = RedisConnectionInfo::default();
    if let Some(database) = one(in_path, parts.take(&DATABASE)?, "db")? {
        let is_number = database.bytes().all(|byte| byte.is_ascii_digit());
        let number = database.parse::<i64>().ok().filter(|_| is_number);
        session = session.set_db(number.ok_or("has a database that is not a number, such as `/0`")?);
    }
    let user = one(parts.user.take(), parts.take(&USER)?, "user")?;
    let password = parts.password.take().map(String::from_utf8).transpose();
    let password = password.map_err(|_| "has a password that is not UTF-8")?;
    let password = one(password, parts.take(&PASSWORD)?, "password")?;
    if user.is_some() && password.is_none() && !asks_for_password {
        return Err(
            "names a user without a password, whom nobody would log in; write `redis://user:password@…`, or \
                    `redis://:password@…` for a password alone"
                .to_owned(),
        );
    }
    session = user.into_iter().fold(session, RedisConnectionInfo::set_username);
    session = password.into_iter().fold(session, RedisConnectionInfo::set_password);
    match parts.take(&["protocol"])?.as_deref() {
        None => {}
        Some("2" | "resp2") => session = session.set_protocol(ProtocolVersion::RESP2),
        Some("3" | "resp3") => session = session.set_protocol(ProtocolVersion::RESP3),
        Some(_) => return Err("has a `protocol` that is not `resp2` or `resp3`".to_owned()),
    }
    Ok((encrypted, address, session))
}

/// What stands in one of two places.
fn one(one: Option<String>, other: Option<String>, what: &str) -> Result<Option<String>, String> {
    match (one, other) {
        (Some(_), Some(_)) => Err(twice(what)),
        (one, other) => Ok(one.or(other)),
    }
}

fn server(parts: &address::Address) -> Result<Address, String> {
    match parts.hosts.as_slice() {
        [] => Err(format!("names no host; write `{EXAMPLE}`")),
        [(host, _)] if host.is_empty() || host.starts_with('/') => {
            Err(format!("names no host; write `{EXAMPLE}`"))
        }
        [(host, _)] if host == "0.0.0.0" || host == "::" => {
            Err("names every interface as its host; write the one where the server is".to_owned())
        }
        [(host, port)] => Ok(Address::Tcp(host.clone(), port.unwrap_or(6379))),
        _ => {
            Err("names several hosts, and a connection is to one; write the one that takes writes".to_owned())
        }
    }
}

fn socket(parts: &address::Address) -> Result<Address, String> {
    if parts.path.is_empty() || !parts.hosts.is_empty() {
        return Err("is not the path of a socket; write `unix:///path/to/socket`".to_owned());
    }
    Ok(Address::Unix(PathBuf::from(format!("/{}", parts.path))))
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
            ("redis://h/?db=4", false, "h:6379", None, 4),
            ("redis://h?database=4", false, "h:6379", None, 4),
            ("redis://h/4/", false, "h:6379", None, 4),
            ("REDIS://h:1?username=ada&password=p", false, "h:1", Some("ada"), 0),
            ("redis://ada:p@ss:w@h/1", false, "h:6379", Some("ada"), 1),
            ("unix://ada:p@/run/redis.sock", false, "/run/redis.sock", Some("ada"), 0),
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
            (&[("CACHE_URL", "redis://ada:hunter2@h/hunter2")], "a database that is not a number"),
            (&[("CACHE_URL", "redis://h/-1")], "a database that is not a number"),
            (&[("CACHE_URL", "redis://h/?db=+1")], "a database that is not a number"),
            (&[("CACHE_URL", "redis://ada:hunter2@h:port")], "a `port` that is not a number"),
            (&[("CACHE_URL", "redis://ada:hunter2/x@h")], "write `%40` for an `@`, `%2F` for a `/`"),
            (&[("CACHE_URL", "redis://h/4?db=5")], "names the `db` twice"),
            (&[("CACHE_URL", "redis://h?db=4&database=4")], "names the `db` twice"),
            (&[("CACHE_URL", "redis://ada:p@h?password=hunter2")], "names the `password` twice"),
            (&[("CACHE_URL", "redis://h/4#hunter2")], "holds a `#`"),
            (&[("CACHE_URL", "redis://h/4/hunter2")], "more than one part in its path"),
            (&[("CACHE_URL", "redis://hunter2@h")], "a user without a password"),
            (&[("CACHE_URL", "redis://h,hunter2:1")], "names several hosts"),
            (&[("CACHE_URL", "redis:///4?password=hunter2")], "names no host"),
            (&[("CACHE_URL", "redis://0.0.0.0")], "names every interface"),
            (&[("CACHE_URL", "redis+sentinel://:hunter2@h")], "is not a Redis URL"),
            (&[("CACHE_URL", "redis:hunter2")], "is not a Redis URL"),
            (&[("CACHE_URL", "unix://hunter2/run/x")], "is not the path of a socket"),
            (&[("CACHE_URL", "redis://h?protocol=hunter2")], "`resp2` or `resp3`"),
            (&[("CACHE_URL", "redis://h?ssl=true")], "write `rediss://…` for TLS"),
            (&[("CACHE_URL", "redis://h?clientName=hunter2")], "the setting `client_name`"),
            (&[("CACHE_URL", "redis://h?hunter2=1")], "an option that nothing reads"),
            (&[("CACHE_URL", "redis://h"), ("CACHE_KEEPALIVE", "10ms")], "is shorter than `1s`"),
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
