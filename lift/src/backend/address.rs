//! Reads `scheme://user:password@host:port/path?option=value` and repeats no piece of it in an error: any piece may belong
//! to a password that was not escaped.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::config::distance;

/// An address without its scheme, each part of it decoded.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) user: Option<String>,
    pub(super) password: Option<Vec<u8>>,
    /// The hosts with their ports; none where the address begins with its path.
    pub(super) hosts: Vec<(String, Option<u16>)>,
    /// Without the slash that it begins with.
    pub(super) path: String,
    pub(super) options: Vec<(String, String)>,
}

const ESCAPES: &str = "write `%40` for an `@`, `%2F` for a `/`, `%3F` for a `?` and `%23` for a `#` in the user and the password";

/// An option that another tool reads in its addresses, and what is written here.
pub(super) type Foreign = (&'static str, &'static str);

impl Address {
    /// Reads what follows `scheme://`. The password begins at the first `:` and ends at the last `@` before the path.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn parse(rest: &str) -> Result<Self, String> {
        if rest.contains('#') {
            return Err(format!("holds a `#`, and nothing reads what follows it; {ESCAPES}"));
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if rest.contains('@') {
            return Err(format!("holds an `@` behind its first `/` or `?`; {ESCAPES}"));
        }
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, authority),
        };
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user, password)) => (Some(decoded(user)?), Some(password)),
            None => (None, None),
        };
        let has_password = login.is_some_and(|login| login.contains(':'));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Ok(Self {
            user: user.filter(|user| !user.is_empty()),
            password: password
                .filter(|_| has_password)
                .map(|password| percent_decode_str(password).collect()),
            hosts: hosts.split(',').filter(|_| !hosts.is_empty()).map(host).collect::<Result<_, _>>()?,
            path: decoded(path.strip_prefix('/').unwrap_or(path))?,
            options: options(query)?,
        })
    }

    /// The path, where it is one part; one slash at its end does not count.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn single(&self) -> Result<Option<&str>, String> {
        let path = self.path.strip_suffix('/').unwrap_or(&self.path);
        if path.contains('/') {
            return Err(format!("has more than one part in its path, and one is read; {ESCAPES}"));
        }
        Ok(Some(path).filter(|path| !path.is_empty()))
    }

    /// Takes an option that has one of these names.
    ///
    /// # Errors
    /// When it is there more than once.
    pub(super) fn take(&mut self, names: &[&str]) -> Result<Option<String>, String> {
        let mut found = None;
        while let Some(index) = self.options.iter().position(|(name, _)| names.contains(&name.as_str())) {
            let (_, value) = self.options.remove(index);
            if found.replace(value).is_some() {
                return Err(twice(names.first().copied().unwrap_or_default()));
            }
        }
        Ok(found)
    }

    /// Finds options that nothing reads: others than these.
    ///
    /// # Errors
    /// What is wrong with the first one. Its name is shown where others are known to have it.
    pub(super) fn all_are(&self, known: &[&str], foreign: &[Foreign]) -> Result<(), String> {
        let Some((name, _)) = self.options.iter().find(|(name, _)| !known.contains(&name.as_str())) else {
            return Ok(());
        };
        let lower = name.to_lowercase();
        if let Some((name, answer)) = foreign.iter().find(|(foreign, _)| foreign.to_lowercase() == lower) {
            return Err(format!("has the option `{name}`, which nothing reads; {answer}"));
        }
        let near = known.iter().map(|known| (distance(&lower, known), known)).min();
        Err(match near.filter(|(slips, known)| *slips <= known.len().max(3) / 3) {
            Some((_, near)) => format!("has an option that nothing reads; did you mean `{near}`?"),
            None => format!("has an option that nothing reads; there are `{}`", known.join("`, `")),
        })
    }
}

/// What is told of a part that is there twice.
pub(super) fn twice(what: &str) -> String {
    format!("names the `{what}` twice; write it once")
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8().map(Cow::into_owned);
    decoded.map_err(|_| "holds an escape that is not UTF-8".to_owned())
}

/// Whether this can be a host, or the folder of a socket.
pub(super) fn is_host(text: &str) -> bool {
    text.starts_with('/') || text.chars().all(|c| c.is_ascii_alphanumeric() || "-._:%".contains(c))
}

fn host(text: &str) -> Result<(String, Option<u16>), String> {
    const IPV6: &str = "has a host that cannot be read; an IPv6 address is written `[::1]`";
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(IPV6)?;
            let port = if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or(IPV6)?) };
            (host, port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let host = decoded(host)?;
    if !is_host(&host) {
        return Err(format!("has a host that cannot be read; {ESCAPES}"));
    }
    let Some(port) = port else { return Ok((host, None)) };
    let number = port.parse::<u16>().ok().filter(|number| *number > 0 && !port.starts_with('+'));
    let problem = || format!("has a `port` that is not a number from 1 to 65535; {ESCAPES}");
    number.map(|number| (host, Some(number))).ok_or_else(problem)
}

fn options(query: &str) -> Result<Vec<(String, String)>, String> {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, value)) => Ok((decoded(name)?, decoded(value)?)),
        None => Err("has an option without a value; write `option=value`".to_owned()),
    };
    query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Address {
        Address::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"))
    }

    #[test]
    fn the_password_ends_at_the_last_at_sign() {
        for (text, user, password, host) in [
            ("h", None, None, "h"),
            ("ada@h", Some("ada"), None, "h"),
            ("ada:p@h", Some("ada"), Some("p"), "h"),
            ("ada:p@ss@h", Some("ada"), Some("p@ss"), "h"),
            ("ada:p:s@s@h:1/db", Some("ada"), Some("p:s@s"), "h"),
            ("ada:@h", Some("ada"), Some(""), "h"),
            (":p@h", None, Some("p"), "h"),
            ("a%40b:p%2Fss%3f@h/db", Some("a@b"), Some("p/ss?"), "h"),
            ("[::1]:5432", None, None, "::1"),
            ("%2Frun%2Fpg", None, None, "/run/pg"),
        ] {
            let address = parse(text);
            assert_eq!(address.user.as_deref(), user, "{text}");
            assert_eq!(address.password.as_deref(), password.map(str::as_bytes), "{text}");
            assert_eq!(address.hosts.first().map(|(host, _)| host.as_str()), Some(host), "{text}");
        }
        let many = parse("a:1,b,[::2]:3/db/?x=1&y=%26&");
        let hosts =
            [("a", Some(1)), ("b", None), ("::2", Some(3))].map(|(host, port)| (host.to_owned(), port));
        assert_eq!(many.hosts, hosts);
        assert_eq!(many.single(), Ok(Some("db")));
        assert_eq!(many.options, [("x", "1"), ("y", "&")].map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(parse("/db").hosts, []);
    }

    #[test]
    fn what_is_wrong_is_told_and_nothing_is_repeated() {
        for (text, problem) in [
            ("ada:hunter2/x@h", "behind its first `/`"),
            ("ada:hunter2?x@h/db", "behind its first `/`"),
            ("ada:hunter2#x@h/db", "holds a `#`"),
            ("ada:hunter2@h#x", "holds a `#`"),
            ("h:hunter2", "`port` that is not a number"),
            ("h:0", "`port` that is not a number"),
            ("h:65536", "`port` that is not a number"),
            ("::1", "`port` that is not a number"),
            ("[::1", "an IPv6 address"),
            ("[::1]hunter2", "an IPv6 address"),
            ("hunter2 x", "a host that cannot be read"),
            ("h/db?hunter2", "without a value"),
            ("hunter%FF@h", "not UTF-8"),
        ] {
            let told = Address::parse(text).unwrap_err();
            assert!(told.contains(problem) && !told.contains("hunter"), "{text}: {told}");
        }
        let mut address = parse("h/a/b?db=1&db=2&ssl=1&hunter2=1&databas=2");
        assert!(address.single().unwrap_err().contains("more than one part"));
        assert_eq!(address.take(&["db", "database"]), Err(twice("db")));
        let told =
            |text: &str| parse(text).all_are(&["database", "user"], &[("SSL", "write `x`")]).unwrap_err();
        assert_eq!(told("h?ssl=1"), "has the option `SSL`, which nothing reads; write `x`");
        assert_eq!(told("h?databas=1"), "has an option that nothing reads; did you mean `database`?");
        assert_eq!(told("h?hunter2=1"), "has an option that nothing reads; there are `database`, `user`");
    }
}
