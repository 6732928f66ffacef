//! Who a backend logs in as, asked again for every connection that is opened.
//!
//! By default user and password are those in the URL. A token that lives for a quarter of an hour, or a secret that is
//! rotated, comes from a [`CredentialProvider`] that stands beside the connection in the resource's type:
//!
//! ```
//! # #[cfg(feature = "postgres")] mod example {
//! use lift::config::{Invalid, Section, Settings};
//! use lift::credentials::{CredentialProvider, Credentials, Server};
//! use lift::prelude::*;
//!
//! #[derive(Resource)]
//! #[resource(name = "orders-db")]
//! pub struct OrdersDb(lift::postgres::Connection<SecretFile>);
//!
//! /// A file that the platform rewrites. Setting: `ORDERS_DB_SECRET_FILE`, beside `ORDERS_DB_URL`.
//! pub struct SecretFile(std::path::PathBuf);
//!
//! impl Settings for SecretFile {
//!     fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
//!         Ok(Self(section.required("secret_file", "/run/secrets/orders")?))
//!     }
//! }
//!
//! impl CredentialProvider for SecretFile {
//!     async fn credentials(&self, _: &Server) -> Result<Credentials, lift::BoxError> {
//!         let path = self.0.clone();
//!         let secret = lift::blocking(move || std::fs::read_to_string(path)).await?;
//!         Ok(Credentials::password(secret.trim()))
//!     }
//! }
//! # }
//! ```
//!
//! A provider is read from the resource's settings once, at start, and lives as long as the pool: what it caches, such
//! as a client of the service that signs, lies in its own fields.

use std::fmt;
use std::future::Future;

use crate::config::{Invalid, Section, Settings};
use crate::error::BoxError;

/// Where the user and the password of a new connection come from.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not provide credentials",
    label = "not a credential provider",
    note = "implement `lift::config::Settings` and `lift::credentials::CredentialProvider` for it"
)]
pub trait CredentialProvider: Settings {
    /// Asked once for every connection that is opened, within the pool's `connect_timeout`.
    ///
    /// What it fails with becomes the source of the error that the borrower sees, so it should hold no secret.
    fn credentials(&self, server: &Server) -> impl Future<Output = Result<Credentials, BoxError>> + Send;
}

/// The user and the password in the URL: what holds when a connection names no provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FromUrl;

impl Settings for FromUrl {
    fn read(_: &mut Section<'_>) -> Result<Self, Invalid> {
        Ok(Self)
    }
}

impl CredentialProvider for FromUrl {
    async fn credentials(&self, _: &Server) -> Result<Credentials, BoxError> {
        Ok(Credentials::default())
    }
}

/// The server that a connection is opened to, as its URL names it; what a token is signed for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// The host, or the path of a Unix socket; the first one where the URL has several.
    pub host: String,
    /// The port; 0 for a Unix socket of Redis, which has none.
    pub port: u16,
    /// The user in the URL.
    pub user: Option<String>,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.starts_with('/') {
            f.write_str(&self.host)
        } else if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A user and a password; what is absent is taken from the URL. Its `Debug` shows no password.
#[derive(Clone, Default)]
pub struct Credentials {
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
}

impl Credentials {
    /// A password, or a token that stands for one, for the user in the URL.
    #[must_use]
    pub fn password(password: impl Into<String>) -> Self {
        Self { user: None, password: Some(password.into()) }
    }

    /// A user, for secrets whose rotation changes it, too.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map(|_| "…");
        f.debug_struct("Credentials").field("user", &self.user).field("password", &password).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let shown = format!("{:?}", Credentials::password("hunter2").user("ada"));
        assert!(shown.contains("ada") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_server_is_shown_as_people_write_it() {
        for (host, shown) in [("db.local", "db.local:5432"), ("::1", "[::1]:5432"), ("/run/pg", "/run/pg")] {
            let server = Server { host: host.to_owned(), port: 5432, user: None };
            assert_eq!(server.to_string(), shown);
        }
    }
}
