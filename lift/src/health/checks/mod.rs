//! Checks that are ready to use, for [`App::health_check`](crate::App::health_check).
//!
//! ```
//! use lift::App;
//! use lift::health::checks::TcpCheck;
//!
//! let app = App::new("orders").health_check(TcpCheck::new("mail", "mail.internal:25").critical(false));
//! ```

#[cfg(feature = "http")]
mod http;
mod tcp;

#[cfg(feature = "http")]
pub use http::HttpCheck;
pub use tcp::TcpCheck;

/// The same builders for every check: [`CheckSettings`](super::CheckSettings), one by one.
macro_rules! settings {
    () => {
        /// Sets everything about how it is run.
        #[must_use]
        pub fn settings(mut self, settings: $crate::health::CheckSettings) -> Self {
            self.settings = settings;
            self
        }

        /// Sets whether the service is unhealthy when this is; else it is degraded. Default yes.
        #[must_use]
        pub fn critical(mut self, critical: bool) -> Self {
            self.settings = self.settings.critical(critical);
            self
        }

        /// Sets how long it may take. Default 500 ms.
        #[must_use]
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.settings = self.settings.timeout(timeout);
            self
        }
    };
}
use settings;
