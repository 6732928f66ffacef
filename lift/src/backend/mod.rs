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
#[cfg(any(feature = "dynamodb", feature = "http", feature = "postgres", feature = "redis"))]
fn read<C: crate::config::Settings>(
    sources: &crate::config::Sources,
    name: &'static str,
) -> Result<C, crate::config::Faults> {
    let prefix = crate::resource::ResourceSpec::named(name).prefix();
    let mut reader = sources.reader();
    let settings = C::read(&mut reader.section(&["resources", name], &prefix));
    settings.map_err(|_| reader.finish())
}
