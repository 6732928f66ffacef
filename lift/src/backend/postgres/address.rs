//! From an address to what tokio-postgres takes: a URL, or libpq's `key=value` pairs.

use tokio_postgres::config::Host;
#[cfg(unix)]
use tokio_postgres::config::TargetSessionAttrs;

use crate::backend::address::{Address, Foreign, is_host, twice};

/// What the address says, where other settings ask.
pub(super) struct Parsed {
    pub(super) server: tokio_postgres::Config,
    pub(super) names_sslmode: bool,
    pub(super) names_keepalives: bool,
}

/// Reads a URL, or `key=value` pairs, and never repeats a part of it that may be a secret.
pub(super) fn parse(url: &str) -> Result<Parsed, String> {
    let Pairs { text, password, names } = match url.split_once("://") {
        Some((scheme, rest)) if SCHEMES.contains(&&*scheme.to_lowercase()) => {
            pairs_of(Address::parse(rest)?)?
        }
        // A password in pairs may hold anything.
        Some((scheme, _)) if !scheme.contains('=') => {
            return Err(format!("is not a PostgreSQL URL; write `{EXAMPLE}`"));
        }
        _ => pairs_of(Address { options: written(url).ok_or_else(unreadable)?, ..Address::default() })?,
    };
    let mut server: tokio_postgres::Config = text.parse().map_err(|error: tokio_postgres::Error| {
        let reason = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        // The one reason that names nothing but an option of PostgreSQL's own.
        if reason == "invalid value for option `sslmode`" {
            format!("{reason}; write `disable`, `prefer` or `require`")
        } else if reason.starts_with("invalid value for option") {
            reason
        } else {
            unreadable()
        }
    })?;
    if let Some(password) = password {
        server.password(password);
    }
    let is_nowhere = |host: &Host| matches!(host, Host::Tcp(name) if name.is_empty());
    if (server.get_hosts().is_empty() && server.get_hostaddrs().is_empty())
        || server.get_hosts().iter().any(is_nowhere)
    {
        return Err(format!("names no host; write `{EXAMPLE}`"));
    }
    let servers = server.get_hosts().len().max(server.get_hostaddrs().len());
    if server.get_ports().len() > 1 && server.get_ports().len() != servers {
        return Err(
            "names another number of ports than of hosts; write one `port`, or one for each host".to_owned()
        );
    }
    #[cfg(unix)]
    sockets(&server)?;
    let names = |start: &str| names.iter().any(|name| name.starts_with(start));
    Ok(Parsed { names_sslmode: names("sslmode"), names_keepalives: names("keepalives"), server })
}

/// `key=value` pairs, as tokio-postgres reads them.
struct Pairs {
    text: String,
    /// Beside them, because it may be any bytes.
    password: Option<Vec<u8>>,
    names: Vec<String>,
}

impl Pairs {
    fn of(pairs: Vec<(String, String)>, password: Option<Vec<u8>>) -> Self {
        let text: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
        Self { text: text.join(" "), password, names: pairs.into_iter().map(|(name, _)| name).collect() }
    }
}

/// libpq's pairs: blanks may stand around the `=`, and a value with blanks stands in quotes. `None` for anything else.
fn written(text: &str) -> Option<Vec<(String, String)>> {
    let (mut pairs, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_end();
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') || name.is_empty() {
            return None;
        }
        let after = after.trim_start();
        let (is_quoted, after) = after.strip_prefix('\'').map_or((false, after), |inside| (true, inside));
        let (mut value, mut letters) = (String::new(), after.char_indices());
        let end = loop {
            match letters.next() {
                Some((at, '\'')) if is_quoted => break at + 1,
                Some((at, letter)) if !is_quoted && letter.is_whitespace() => break at,
                Some((_, '\\')) => value.push(letters.next()?.1),
                Some((_, letter)) => value.push(letter),
                None if is_quoted => return None,
                None => break after.len(),
            }
        };
        rest = after.get(end..)?;
        if !(rest.is_empty() || rest.starts_with(char::is_whitespace)) {
            return None;
        }
        rest = rest.trim_start();
        pairs.push((name.to_owned(), value));
    }
    Some(pairs)
}

fn unreadable() -> String {
    format!(
        "cannot be read; write `{EXAMPLE}`, with `%40` for an `@` in the password, and only options that tokio-postgres knows"
    )
}

/// A value of `sslmode` as tokio-postgres knows it. TLS that is required is also verified here, so libpq's two words for
/// that mean the same.
fn sslmode(value: String) -> String {
    if matches!(value.as_str(), "verify-full" | "verify-ca") { "require".to_owned() } else { value }
}

const EXAMPLE: &str = "postgres://user:password@host:5432/database";
const SCHEMES: [&str; 2] = ["postgres", "postgresql"];

/// The options that tokio-postgres reads.
const OPTIONS: [&str; 19] = [
    "user",
    "password",
    "dbname",
    "host",
    "hostaddr",
    "port",
    "sslmode",
    "sslnegotiation",
    "application_name",
    "options",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

/// The options of others.
const FOREIGN: [Foreign; 36] = {
    const SIZE: &str = "set `max_size` of the resource's pool instead";
    const CACHE: &str =
        "write the setting `statement_cache = 0` instead, for a proxy that pools transactions";
    const CERTIFICATE: &str = "there is no TLS with a certificate of the client";
    const LEAVE: &str = "leave it out";
    const SCHEMA: &str = "write `options=-csearch_path%3Dname` instead";
    const WAIT: &str = "set `wait` of the resource's pool instead";
    [
        ("sslrootcert", "write the setting `ca_file` instead"),
        ("sslcert", CERTIFICATE),
        ("sslkey", CERTIFICATE),
        ("sslpassword", CERTIFICATE),
        ("sslidentity", CERTIFICATE),
        ("ssl", "write `sslmode=require` instead"),
        ("sslaccept", "write `sslmode=require` instead, which checks the certificate"),
        ("sslcrl", LEAVE),
        ("schema", SCHEMA),
        ("currentSchema", SCHEMA),
        ("search_path", SCHEMA),
        ("ApplicationName", "write `application_name` instead"),
        ("fallback_application_name", "write `application_name` instead"),
        ("statement_timeout", "write the setting `statement_timeout` instead"),
        ("statement-cache-capacity", CACHE),
        ("statement_cache_size", CACHE),
        ("prepared_statement_cache_size", CACHE),
        ("prepareThreshold", CACHE),
        ("prepare_threshold", CACHE),
        ("pgbouncer", CACHE),
        ("binary_parameters", CACHE),
        ("default_query_exec_mode", CACHE),
        ("connection_limit", SIZE),
        ("max_connections", SIZE),
        ("pool_max_conns", SIZE),
        ("pool_size", SIZE),
        ("pool_timeout", WAIT),
        ("socket_timeout", "write the setting `statement_timeout` instead"),
        ("client_encoding", "leave it out; it is always UTF-8"),
        ("charset", "leave it out; it is always UTF-8"),
        ("timezone", "write `options=-cTimeZone%3DUTC` instead"),
        ("gssencmode", LEAVE),
        ("krbsrvname", LEAVE),
        ("requirepeer", LEAVE),
        ("passfile", "write the password into the URL, or name a credential provider"),
        ("service", "write what the service file says into the URL"),
    ]
};

/// An address as pairs. What stands both in the address and in its options is refused, because the two need not be the same.
fn pairs_of(mut address: Address) -> Result<Pairs, String> {
    address.all_are(&OPTIONS, &FOREIGN)?;
    let database = address.single()?.map(str::to_owned);
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, in_address) in [("user", address.user.clone()), ("dbname", database)] {
        match (in_address, address.take(&[name])?) {
            (Some(_), Some(_)) => return Err(twice(name)),
            (one, other) => pairs.extend(one.or(other).map(|value| (name.to_owned(), value))),
        }
    }
    let password = match (address.password.take(), address.take(&["password"])?) {
        (Some(_), Some(_)) => return Err(twice("password")),
        (one, other) => one.or(other.map(String::into_bytes)),
    };
    pairs.extend(hosts_of(&mut address)?);
    for name in OPTIONS {
        let value = address.take(&[name])?;
        let value = if name == "sslmode" { value.map(sslmode) } else { value };
        pairs.extend(value.map(|value| (name.to_owned(), value)));
    }
    Ok(Pairs::of(pairs, password))
}

/// The hosts and their ports, each of which stands in one place.
fn hosts_of(address: &mut Address) -> Result<Vec<(String, String)>, String> {
    let (host, port) = (address.take(&["host"])?, address.take(&["port"])?);
    if host.iter().flat_map(|hosts| hosts.split(',')).any(|host| !is_host(host)) {
        return Err("has a host that cannot be read; pairs are separated by blanks, options of a URL by `&`"
            .to_owned());
    }
    let join = |texts: Vec<String>| texts.join(",");
    let hosts = match (address.hosts.is_empty(), host) {
        (true, host) => host,
        (false, None) => Some(join(address.hosts.iter().map(|(host, _)| host.clone()).collect())),
        (false, Some(_)) => return Err(twice("host")),
    };
    let names_port = address.hosts.iter().any(|(_, port)| port.is_some());
    let ports = match port {
        Some(_) if names_port => return Err(twice("port")),
        Some(port) => Some(port),
        None if address.hosts.is_empty() => None,
        None => Some(join(address.hosts.iter().map(|(_, port)| port.unwrap_or(5432).to_string()).collect())),
    };
    let pair = |name: &str, value: Option<String>| value.map(|value| (name.to_owned(), value));
    Ok(pair("host", hosts).into_iter().chain(pair("port", ports)).collect())
}

/// A value as libpq's pairs have it.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:,/".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
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
