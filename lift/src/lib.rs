//! lift
pub mod clock; pub mod config; pub mod error; pub mod resource; pub mod pool; pub mod handler; mod layer; #[doc(hidden)] pub mod __private { pub use crate::handler::*; }
pub use resource::*; pub use pool::*; pub use error::{Error,BoxError};
