//! Other services over HTTP, by reqwest; TLS by rustls.
//!
//! ```
//! use lift::prelude::*;
//!
//! #[derive(Clone, Resource)]
//! #[resource(name = "warehouse")]
//! pub struct Warehouse(lift::http::Client);
//!
//! #[lift::handler(GET, "/stock/{item}")]
//! async fn stock(item: u64, warehouse: Shared<Warehouse>) -> Result<String, lift::Error> {
//!     let answer = warehouse.get(&format!("/items/{item}")).send().await?.error_for_status()?;
//!     Ok(answer.text().await?)
//! }
//! ```
//!
//! | setting | meaning | default |
//! |---|---|---|
//! | `url` | what paths are appended to, `https://warehouse.internal/v1` | required |
//! | `timeout` | the whole request, answer included; never longer than the invocation may still run | 10 s |
//! | `connect_timeout` | opening a connection | 1 s |
//! | `idle_timeout` | how long an unused connection is kept; `0` for ever | 15 s |
//! | `ca_file` | the certificates to trust, in PEM form, instead of Mozilla's | none |
//! | `user_agent` | what the other side sees | the resource's name |
//! | `health_path` | a `GET` of it has to answer with a 2xx; without it nobody is asked | none |
//!
//! A client keeps its connections itself and is therefore [`Shared`](crate::Shared), not lent.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use reqwest;
use reqwest::{Method, RequestBuilder, StatusCode, Url};
use tokio_rustls::rustls::ClientConfig;

use crate::backend::{self, tls};
use crate::clock::Deadline;
use crate::config::limits::Part;
use crate::config::{Faults, Invalid, Section, Settings, Sources};
use crate::error::class::{Judged, class_above};
use crate::resource::{Init, Resource, ResourceSpec};

/// Kept back from the time that an invocation has left, so that it can still answer.
const MARGIN: Duration = Duration::from_millis(100);

/// A client of one service. Clones share their connections.
#[derive(Clone)]
pub struct Client {
    client: reqwest::Client,
    url: Url,
    timeout: Duration,
    health_path: Option<String>,
}

impl Client {
    /// A client for `url` by itself, for a unit test or a script: no app, and the default of every other setting.
    ///
    /// ```
    /// # use lift::prelude::*;
    /// # async fn handler(_: Shared<lift::http::Client>) {}
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// handler(Shared::new(lift::http::Client::connect("http://127.0.0.1:8080").await?)).await;
    /// # Ok::<_, lift::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub async fn connect(url: &str) -> crate::Result<Self> {
        crate::backend::connect("http", url).await
    }

    /// A request to `url` + `path`, with a time-out that ends before the invocation does.
    ///
    /// The path is taken as it is: escape what comes from outside, or give it as
    /// [`query`](RequestBuilder::query).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.address(path)).timeout(self.limit())
    }

    /// A `GET` of `url` + `path`.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A `POST` to `url` + `path`.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A `PUT` to `url` + `path`.
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// A `PATCH` of `url` + `path`.
    pub fn patch(&self, path: &str) -> RequestBuilder {
        self.request(Method::PATCH, path)
    }

    /// A `DELETE` of `url` + `path`.
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// reqwest's own client, which knows neither the setting `url` nor `timeout` nor the deadline.
    #[must_use]
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    fn address(&self, path: &str) -> String {
        format!("{}/{}", self.url.as_str().trim_end_matches('/'), path.trim_start_matches('/'))
    }

    fn limit(&self) -> Duration {
        match Deadline::current().remaining() {
            Some(left) => self.timeout.min(left.saturating_sub(MARGIN).max(left / 2)),
            None => self.timeout,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

/// The settings of an HTTP resource; the module's page lists them.
pub struct Config {
    url: Url,
    timeout: Duration,
    connect_timeout: Duration,
    /// `None` for never.
    idle_timeout: Option<Duration>,
    tls: ClientConfig,
    user_agent: Option<String>,
    health_path: Option<String>,
}

impl Settings for Config {
    fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
        let url = section.required::<String>("url", "https://warehouse.internal/v1");
        let mut limit = |key, default| section.limit(Part::Http, key, Duration::from_secs(default));
        let timeout = limit("timeout", 10);
        let connect_timeout = limit("connect_timeout", 1);
        let idle_timeout = limit("idle_timeout", 15);
        let ca_file = section.optional::<PathBuf>("ca_file");
        let user_agent = section.optional::<String>("user_agent");
        let health_path = section.optional::<String>("health_path");
        let url = url.and_then(|url| parse(&url).map_err(|problem| section.invalid("url", problem)));
        let tls = tls::client(section, ca_file?.as_deref());
        Ok(Self {
            url: url?,
            timeout: timeout?,
            connect_timeout: connect_timeout?,
            idle_timeout: Some(idle_timeout?).filter(|idle| !idle.is_zero()),
            tls: tls?,
            user_agent: user_agent?,
            health_path: health_path?,
        })
    }
}

impl Config {
    /// Reads the settings of the resource `name` by hand, for a script or a test; an app reads them itself.
    ///
    /// ```
    /// let sources = lift::config::Sources::empty().var("WAREHOUSE_URL", "https://warehouse.internal/v1");
    /// assert!(lift::http::Config::of("warehouse", &sources).is_ok());
    /// ```
    ///
    /// # Errors
    /// Everything that is missing or wrong.
    pub fn of(name: &'static str, sources: &Sources) -> Result<Self, Faults> {
        backend::read(sources, name)
    }
}

/// Reads a URL and never repeats it, for it may hold a password.
fn parse(url: &str) -> Result<Url, &'static str> {
    let url: Url = url.parse().map_err(|_| "is not a URL; write `https://host/path`")?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("is not an HTTP URL; write `https://host/path`");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("holds a query or a fragment; paths are appended to it, so it has to end with its path");
    }
    Ok(url)
}

/// Why there is no client, or what is wrong with the service.
///
/// It holds no URL: its path and query may be secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client cannot be made.
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
    /// The service cannot be asked.
    #[error("{host} cannot be reached")]
    Away {
        /// The service.
        host: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The service answers `health_path` with another status than a 2xx.
    #[error("{host} answers its health path with {status}")]
    Unhealthy {
        /// The service.
        host: String,
        /// The answer.
        status: StatusCode,
    },
}

impl Resource for Client {
    type Config = Config;
    type Error = Error;

    fn spec() -> ResourceSpec {
        ResourceSpec::named("http")
    }

    async fn initialize(config: &Config, init: &Init) -> Result<Self, Error> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(config.tls.clone())
            .connect_timeout(config.connect_timeout)
            .pool_idle_timeout(config.idle_timeout)
            .user_agent(config.user_agent.as_deref().unwrap_or(init.name))
            .build()
            .map_err(|error| Error::Client(error.without_url()))?;
        Ok(Self {
            client,
            url: config.url.clone(),
            timeout: config.timeout,
            health_path: config.health_path.clone(),
        })
    }

    async fn health_check(&mut self) -> Result<(), Error> {
        let Some(path) = &self.health_path else { return Ok(()) };
        let host = || self.url.host_str().unwrap_or_default().to_owned();
        match self.get(path).send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(Error::Unhealthy { host: host(), status: answer.status() }),
            Err(error) => Err(Error::Away { host: host(), source: error.without_url() }),
        }
    }
}

/// The URL stays out: its path and query may be secret.
pub(crate) fn judge<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
    if let Some(error) = error.downcast_ref::<reqwest::Error>() {
        // reqwest's own words without what follows them.
        let what = match error.status() {
            Some(status) => format!("HTTP status {}", status.as_u16()),
            None if error.is_redirect() => "error following redirect".to_owned(),
            None if error.is_decode() => "error decoding response body".to_owned(),
            None if error.is_body() => "request or response body error".to_owned(),
            None if error.is_builder() => "builder error".to_owned(),
            None if error.is_timeout() => "error sending request: timed out".to_owned(),
            None if error.is_connect() => "error sending request: cannot connect".to_owned(),
            None => "error sending request".to_owned(),
        };
        return class_above(what, error.source());
    }
    error.is::<Error>().then_some(Judged::Clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Config, String> {
        Config::of("shop", &Sources::empty().var("SHOP_URL", url)).map_err(|faults| faults.to_string())
    }

    async fn client(url: &str) -> Client {
        let init = Init::new("shop", Duration::from_secs(1));
        Client::initialize(&read(url).unwrap(), &init).await.unwrap()
    }

    #[test]
    fn a_fault_never_shows_the_url() {
        for (url, words) in [
            ("hunter2", "is not a URL"),
            ("ftp://ada:hunter2@h/", "is not an HTTP URL"),
            ("https://ada:hunter2@h/?key=hunter2", "holds a query"),
        ] {
            let shown = read(url).err().unwrap();
            assert!(
                shown.contains("SHOP_URL") && shown.contains(words) && !shown.contains("hunter2"),
                "{shown}"
            );
        }
    }

    #[test]
    fn zero_is_what_the_table_says() {
        let read = |key: &str, value: &str| {
            let sources = Sources::empty().var("SHOP_URL", "http://h").var(key, value);
            Config::of("shop", &sources).map_err(|faults| faults.to_string())
        };
        for key in ["SHOP_TIMEOUT", "SHOP_CONNECT_TIMEOUT"] {
            let told = read(key, "0").err().unwrap();
            assert!(told.contains(&format!("- {key}: must be longer than zero")), "{told}");
        }
        assert_eq!(read("SHOP_IDLE_TIMEOUT", "0").ok().unwrap().idle_timeout, None);
        assert_eq!(read("SHOP_IDLE_TIMEOUT", "1s").ok().unwrap().idle_timeout, Some(Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn paths_are_appended() {
        for (url, path, whole) in [
            ("http://h", "/a", "http://h/a"),
            ("http://h/v1/", "a?b=c", "http://h/v1/a?b=c"),
            ("http://h/v1", "http://elsewhere/", "http://h/v1/http://elsewhere/"),
        ] {
            let request = client(url).await.get(path).build().unwrap();
            assert_eq!(request.url().as_str(), whole);
        }
    }

    #[tokio::test]
    async fn a_request_ends_before_its_invocation() {
        let client = client("http://h").await;
        let limit = |left: Option<u64>| {
            let deadline = left.map_or(Deadline::NONE, |left| Deadline::after(Duration::from_millis(left)));
            deadline.enter(|| client.get("/").build().unwrap().timeout().copied().unwrap())
        };
        assert_eq!(limit(None), Duration::from_secs(10));
        assert_eq!(limit(Some(60_000)), Duration::from_secs(10));
        let (second, tenth) = (limit(Some(1_000)), limit(Some(100)));
        assert!(second <= Duration::from_millis(900) && second > Duration::from_millis(500), "{second:?}");
        assert!(tenth <= Duration::from_millis(50) && tenth > Duration::from_millis(10), "{tenth:?}");
    }
}
