//! Addresses to listen at: judged with all other settings, before anything is opened.

use std::fmt;
use std::net::SocketAddr;

use super::{Fault, Invalid, Section};

/// An address and a port, such as `127.0.0.1:3000` or `localhost:3000`, and what has named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen {
    address: String,
    source: String,
}

impl Listen {
    /// An address that `source` names: a variable, a key of the settings file, an option.
    ///
    /// # Errors
    /// The fault when it is none.
    pub(crate) fn new(address: &str, source: impl Into<String>) -> Result<Self, Fault> {
        let source = source.into();
        if is_address(address) {
            return Ok(Self { address: address.to_owned(), source });
        }
        // What is left of a URL, of `:3000` or of `*:3000`.
        let port = address.trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
        let port = port.unwrap_or(3000);
        let help = format!("write `127.0.0.1:{port}`, or `0.0.0.0:{port}` for every interface");
        Err(Fault::new(source, "is not an address and a port").help(help))
    }

    /// Every interface at this port.
    pub(crate) fn everywhere(port: u16, source: &str) -> Self {
        Self { address: format!("0.0.0.0:{port}"), source: source.to_owned() }
    }

    /// Loopback at port 3000.
    pub(crate) fn loopback() -> Self {
        Self { address: "127.0.0.1:3000".to_owned(), source: "the default".to_owned() }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Whether both cannot be listened at; at port 0 each gets a port of its own.
    pub(crate) fn collides(&self, other: &Self) -> bool {
        self.address == other.address && !self.address.ends_with(":0")
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl Section<'_> {
    /// The address to listen at that a key names.
    pub(crate) fn listen(&mut self, key: &str) -> Result<Option<Listen>, Invalid> {
        let Some(address) = self.optional::<String>(key)? else { return Ok(None) };
        let source = self.source_of(key).unwrap_or_default();
        Listen::new(address.trim(), source).map(Some).map_err(|fault| self.fault(fault))
    }
}

/// An IP address or a host's name, and a port.
fn is_address(text: &str) -> bool {
    if text.parse::<SocketAddr>().is_ok() {
        return true;
    }
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    !host.is_empty() && host.bytes().all(in_name) && digits && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for text in ["127.0.0.1:3000", "[::1]:0", "localhost:80", "my-host.local:65535"] {
            assert_eq!(
                Listen::new(text, "LIFT_LISTEN").map(|listen| listen.to_string()),
                Ok(text.to_owned())
            );
        }
        for (text, port) in [
            ("127.0.0.1", 3000),
            ("3000", 3000),
            (":8080", 8080),
            ("*:8080", 8080),
            ("localhost", 3000),
            ("localhost:http", 3000),
            ("127.0.0.1:70000", 3000),
            ("127.0.0.1:+80", 80),
            ("::1:3000", 3000),
            ("http://127.0.0.1:3001/", 3001),
            ("tcp://0.0.0.0:3001", 3001),
            ("unix:/run/lift.sock", 3000),
            ("a b:1", 1),
        ] {
            let fault = Listen::new(text, "LIFT_LISTEN").unwrap_err();
            assert_eq!(fault.subject, "LIFT_LISTEN", "{text}");
            assert!(
                fault.help.as_ref().unwrap().contains(&format!("`127.0.0.1:{port}`")),
                "{text}: {fault:?}"
            );
        }
    }

    #[test]
    fn one_address_is_for_one_listener() {
        let listen = |text| Listen::new(text, "-").unwrap();
        assert!(listen("127.0.0.1:3000").collides(&listen("127.0.0.1:3000")));
        assert!(!listen("127.0.0.1:3000").collides(&listen("127.0.0.1:3001")));
        assert!(!listen("127.0.0.1:0").collides(&listen("127.0.0.1:0")));
    }
}
