//! Resources ready to use, each behind its feature.

#[cfg(any(feature = "postgres", feature = "redis"))]
mod address;
#[cfg(any(feature = "postgres", feature = "redis"))]
pub mod credentials;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(any(feature = "http", feature = "postgres", feature = "redis"))]
pub(crate) mod tls;

/// Reads the settings of one resource without an app around it.
#[cfg(any(
    feature = "dynamodb",
    feature = "http",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite"
))]
fn read<C: crate::config::Settings>(
    sources: &crate::config::Sources,
    name: &'static str,
) -> Result<C, crate::config::Faults> {
    let prefix = crate::resource::ResourceSpec::named(name).prefix();
    let mut reader = sources.reader();
    let settings = C::read(&mut reader.section(&["resources", name], &prefix));
    settings.map_err(|_| reader.finish())
}

/// Opens a resource without an app around it, with the default of every setting but its URL.
#[cfg(any(feature = "http", feature = "postgres", feature = "redis", feature = "sqlite"))]
async fn connect<R>(name: &'static str, url: &str) -> crate::Result<R>
where
    R: crate::Resource<Error: std::error::Error + Send + Sync + 'static>,
{
    use crate::config::Sources;
    use crate::resource::{Init, ResourceSpec};

    let variable = format!("{}_URL", ResourceSpec::named(name).prefix());
    let config = read::<R::Config>(&Sources::empty().var(variable, url), name)?;
    let init = Init::new(name, std::time::Duration::from_secs(5));
    match tokio::time::timeout(init.timeout, R::initialize(&config, &init)).await {
        Ok(opened) => Ok(opened?),
        Err(_) => Err(crate::Error::msg(format!("{name} gave no answer within 5 s"))),
    }
}
