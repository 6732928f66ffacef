//! DynamoDB, by the AWS SDK; TLS by rustls.
//!
//! ```no_run
//! use lift::dynamodb::types::AttributeValue;
//! use lift::prelude::*;
//!
//! #[derive(Clone, Resource)]
//! #[resource(name = "orders")]
//! pub struct Orders(lift::dynamodb::Client);
//!
//! #[lift::handler(GET, "/orders/{id}")]
//! async fn get_order(id: String, orders: Shared<Orders>) -> Result<String, lift::Error> {
//!     let key = AttributeValue::S(id);
//!     let found = orders.get_item().table_name(orders.table()).key("id", key).send().await?;
//!     Ok(format!("{:?}", found.item))
//! }
//! ```
//!
//! | setting | meaning | default |
//! |---|---|---|
//! | `table` | the table, whose `DescribeTable` is the health check | required |
//! | `region` | where it is | `AWS_REGION`, then what the SDK finds |
//! | `endpoint` | another address, such as that of DynamoDB Local | the region's |
//! | `timeout` | a whole operation, its retries included | 5 s |
//! | `attempt_timeout` | one attempt | 1 s |
//! | `connect_timeout` | opening a connection | 1 s |
//! | `attempts` | how often an operation is tried when a retry may help | 3 |
//! | `idle_timeout` | how long an unused connection is kept; `0` for ever | 15 s |
//!
//! Credentials are the SDK's: environment, profile, web identity, container, instance; they are renewed by themselves.
//! The health check needs the permission `dynamodb:DescribeTable`. A client keeps its connections itself and is therefore
//! [`Shared`](crate::Shared), not lent.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
pub use aws_sdk_dynamodb;
use aws_sdk_dynamodb::config::Region;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
pub use aws_sdk_dynamodb::types;
use aws_sdk_dynamodb::types::TableStatus;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use crate::backend;
use crate::config::limits::Part;
use crate::config::{Faults, Invalid, Section, Settings, Sources};
use crate::error::class::{Judged, class, class_above};
use crate::resource::{Init, Resource, ResourceSpec};

/// The SDK's client, with the table that it is for. Clones share their connections.
#[derive(Clone)]
pub struct Client {
    client: aws_sdk_dynamodb::Client,
    table: String,
}

impl Client {
    /// The name of the table.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }
}

impl Deref for Client {
    type Target = aws_sdk_dynamodb::Client;

    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("table", &self.table).finish_non_exhaustive()
    }
}

/// The settings of a DynamoDB resource; the module's page lists them.
#[derive(Debug)]
pub struct Config {
    table: String,
    region: Option<String>,
    endpoint: Option<String>,
    timeout: Duration,
    attempt_timeout: Duration,
    connect_timeout: Duration,
    attempts: u32,
    /// `None` for never.
    idle_timeout: Option<Duration>,
}

impl Settings for Config {
    fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
        let table = section.required::<String>("table", "orders");
        let region = section.optional("region");
        let endpoint = section.optional::<String>("endpoint");
        let mut limit = |key, default| section.limit(Part::DynamoDb, key, Duration::from_secs(default));
        let timeout = limit("timeout", 5);
        let attempt_timeout = limit("attempt_timeout", 1);
        let connect_timeout = limit("connect_timeout", 1);
        let idle_timeout = limit("idle_timeout", 15);
        let attempts = section.limit(Part::DynamoDb, "attempts", 3_u32);
        let endpoint = endpoint.and_then(|endpoint| match endpoint.as_deref().and_then(not_an_endpoint) {
            Some(problem) => Err(section.invalid("endpoint", problem)),
            None => Ok(endpoint),
        });
        Ok(Self {
            table: table?,
            region: region?,
            endpoint: endpoint?,
            timeout: timeout?,
            attempt_timeout: attempt_timeout?,
            connect_timeout: connect_timeout?,
            attempts: attempts?,
            idle_timeout: Some(idle_timeout?).filter(|idle| !idle.is_zero()),
        })
    }
}

/// What keeps a text from being the URL of a server; it is never repeated.
fn not_an_endpoint(text: &str) -> Option<&'static str> {
    let Ok(url) = text.parse::<::http::Uri>() else {
        return Some("is not a URL; write `http://localhost:8000`");
    };
    if !matches!(url.scheme_str(), Some("http" | "https")) || url.host().is_none_or(str::is_empty) {
        return Some("is not a URL; write `http://localhost:8000`");
    }
    if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Some(
            "names a user, and nothing reads it: credentials are the SDK's, such as AWS_ACCESS_KEY_ID",
        );
    }
    // A fragment is no part of what is parsed.
    (url.query().is_some() || text.contains('#'))
        .then_some("has a query or a fragment, and nothing reads it; write `http://localhost:8000`")
}

impl Config {
    /// Reads the settings of the resource `name` by hand, for a script or a test; an app reads them itself.
    ///
    /// ```
    /// let sources = lift::config::Sources::empty().var("ORDERS_TABLE", "orders-live");
    /// assert!(lift::dynamodb::Config::of("orders", &sources).is_ok());
    /// ```
    ///
    /// # Errors
    /// Everything that is missing or wrong.
    pub fn of(name: &'static str, sources: &Sources) -> Result<Self, Faults> {
        backend::read(sources, name)
    }
}

/// Why there is no client, or what is wrong with the table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing says where the table is.
    #[error("no region is known; set AWS_REGION, or `region` of the resource")]
    NoRegion,
    /// DynamoDB does not describe the table: it cannot be reached, refuses, or there is no such table.
    #[error("the table {table} cannot be described")]
    Describe {
        /// The table.
        table: String,
        /// What the SDK says.
        source: Box<SdkError<DescribeTableError>>,
    },
    /// The table is being made or deleted, or cannot be used for another reason.
    #[error("the table {table} is {status}")]
    NotActive {
        /// The table.
        table: String,
        /// Its status, as DynamoDB spells it.
        status: String,
    },
}

impl Resource for Client {
    type Config = Config;
    type Error = Error;

    fn spec() -> ResourceSpec {
        ResourceSpec::named("dynamodb")
    }

    async fn initialize(config: &Config, _: &Init) -> Result<Self, Error> {
        // Named, because rustls panics when two crates of a program bring different providers and none is chosen.
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .pool_idle_timeout(config.idle_timeout)
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .operation_timeout(config.timeout)
            .operation_attempt_timeout(config.attempt_timeout)
            .connect_timeout(config.connect_timeout)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(config.attempts));
        if let Some(region) = &config.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = &config.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        let loaded = loader.load().await;
        if loaded.region().is_none() {
            return Err(Error::NoRegion);
        }
        Ok(Self { client: aws_sdk_dynamodb::Client::new(&loaded), table: config.table.clone() })
    }

    async fn health_check(&mut self) -> Result<(), Error> {
        let table = || self.table.clone();
        let described = self.client.describe_table().table_name(&self.table).send().await;
        let described =
            described.map_err(|source| Error::Describe { table: table(), source: Box::new(source) })?;
        match described.table.and_then(|table| table.table_status) {
            // An `UPDATING` table serves.
            Some(TableStatus::Active | TableStatus::Updating) => Ok(()),
            status => {
                let status = status.as_ref().map_or("unknown", TableStatus::as_str).to_owned();
                Err(Error::NotActive { table: table(), status })
            }
        }
    }
}

/// The code that the service gives; its message repeats names and values.
pub(crate) fn judge<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
    use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
    use aws_sdk_dynamodb::operation::{
        batch_execute_statement, batch_get_item, batch_write_item, delete_item, describe_table,
        execute_statement, get_item, put_item, query, scan, transact_get_items, transact_write_items,
        update_item,
    };

    fn said<'a, E: StdError + ProvideErrorMetadata + 'static>(
        error: &'a (dyn StdError + 'static),
    ) -> Option<Judged<'a>> {
        if let Some(error) = error.downcast_ref::<SdkError<E>>() {
            let what = match error {
                SdkError::ConstructionFailure(_) => "AWS request that cannot be built",
                SdkError::TimeoutError(_) => "AWS time-out",
                SdkError::DispatchFailure(_) => "AWS request that was not sent",
                SdkError::ResponseError(_) => "AWS answer that cannot be read",
                SdkError::ServiceError(_) => "AWS",
                _ => "AWS request",
            };
            let code = error.code().map(|code| format!("{what} {code}"));
            return class_above(code.unwrap_or_else(|| what.to_owned()), error.source());
        }
        let error = error.downcast_ref::<E>()?;
        class(format!("AWS {}", error.code().unwrap_or("error")), None)
    }
    macro_rules! operations {
        ($($type:ty),+ $(,)?) => { None$(.or_else(|| said::<$type>(error)))+ };
    }
    let judged = operations!(
        batch_execute_statement::BatchExecuteStatementError,
        batch_get_item::BatchGetItemError,
        batch_write_item::BatchWriteItemError,
        delete_item::DeleteItemError,
        describe_table::DescribeTableError,
        execute_statement::ExecuteStatementError,
        get_item::GetItemError,
        put_item::PutItemError,
        query::QueryError,
        scan::ScanError,
        transact_get_items::TransactGetItemsError,
        transact_write_items::TransactWriteItemsError,
        update_item::UpdateItemError,
        aws_sdk_dynamodb::Error,
    );
    judged.or_else(|| {
        if let Some(boxed) = error.downcast_ref::<Box<SdkError<describe_table::DescribeTableError>>>() {
            return Some(Judged::Inside(&**boxed));
        }
        error.is::<Error>().then_some(Judged::Clean)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_read_as_a_whole_and_not_repeated() {
        let read = |key: &str, value: &str| {
            let sources = Sources::empty().var("ORDERS_TABLE", "orders").var(key, value);
            Config::of("orders", &sources).map_err(|faults| faults.to_string())
        };
        for good in
            ["http://localhost:8000", "https://dynamodb.eu-central-1.amazonaws.com/", "http://[::1]:8000/x"]
        {
            assert!(read("ORDERS_ENDPOINT", good).is_ok(), "{good}");
        }
        for (bad, problem) in [
            ("localhost:8000", "is not a URL"),
            ("httphunter2", "is not a URL"),
            ("http:hunter2", "is not a URL"),
            ("ftp://hunter2", "is not a URL"),
            ("http://ada:hunter2@h", "names a user"),
            ("http://h/?key=hunter2", "has a query or a fragment"),
            ("http://h/#hunter2", "has a query or a fragment"),
        ] {
            let told = read("ORDERS_ENDPOINT", bad).err().unwrap();
            assert!(told.contains("- ORDERS_ENDPOINT: ") && told.contains(problem), "{bad}: {told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
        for key in ["TIMEOUT", "ATTEMPT_TIMEOUT", "CONNECT_TIMEOUT", "ATTEMPTS"] {
            let told = read(&format!("ORDERS_{key}"), "0").err().unwrap();
            assert!(told.contains(&format!("- ORDERS_{key}: ")), "{told}");
        }
        assert_eq!(read("ORDERS_IDLE_TIMEOUT", "0").ok().unwrap().idle_timeout, None);
    }
}
