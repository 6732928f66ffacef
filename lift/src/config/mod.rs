//! Settings: read from the environment and `lift.toml`, checked all at once.
//!
//! A value comes from, in rising precedence, the attribute in the code, `lift.toml`, the environment. A wrong or
//! missing value does not stop the reading: every fault is collected and told together, with the variable's name
//! and an example.

mod asked;
mod fault;
pub(crate) mod lambda;
pub(crate) mod limits;
mod listen;
mod path;
mod path_rules;
mod section;
mod sources;
#[cfg(test)]
mod tests;
mod value;

pub use fault::{Fault, Faults};
pub(crate) use listen::Listen;
pub(crate) use path::path_problem;
pub(crate) use section::Attribute;
pub use section::{Invalid, Section};
pub use sources::Sources;
pub(crate) use sources::{Reader, distance};
pub use value::Value;
pub(crate) use value::duration_text;

/// The settings of a resource, read once at start.
///
/// ```
/// use lift::config::{Invalid, Section, Settings};
///
/// struct Search {
///     url: String,
///     shards: u16,
/// }
///
/// impl Settings for Search {
///     fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
///         // Read everything first, fail afterwards: so all faults are told at once.
///         let url = section.required("url", "http://127.0.0.1:9200");
///         let shards = section.or("shards", 1);
///         Ok(Self { url: url?, shards: shards? })
///     }
/// }
/// ```
///
/// For a resource named `search` these are `SEARCH_URL` and `SEARCH_SHARDS`, or `url` and `shards` under
/// `[resources.search]` in `lift.toml`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read as settings",
    label = "not settings",
    note = "implement `lift::config::Settings`, or use `lift::config::NoSettings`"
)]
pub trait Settings: Sized + Send + Sync + 'static {
    /// Reads the settings from their section.
    ///
    /// # Errors
    /// [`Invalid`], after the section has noted what is missing or wrong.
    fn read(section: &mut Section<'_>) -> Result<Self, Invalid>;
}

/// The settings of a resource that needs none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoSettings;

impl Settings for NoSettings {
    fn read(_: &mut Section<'_>) -> Result<Self, Invalid> {
        Ok(Self)
    }
}
