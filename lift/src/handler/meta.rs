use std::time::Duration;

/// What calls a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trigger {
    /// An HTTP request.
    Http {
        /// The method in capitals.
        method: &'static str,
        /// The path as it is written, such as `/orders/{id}`.
        path: &'static str,
        /// The names of its parameters, in order.
        params: &'static [&'static str],
    },
    /// A direct invoke: JSON in, JSON out.
    Invoke {
        /// The logical name.
        name: &'static str,
    },
}

/// What `#[lift::handler]` has read: constants, checked at compile time.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HandlerMeta {
    /// The function's name.
    pub name: &'static str,
    /// The module it is in.
    pub module: &'static str,
    /// The file it is written in.
    pub file: &'static str,
    /// The line it is written on.
    pub line: u32,
    /// What calls it.
    pub trigger: Trigger,
    /// Its own time limit.
    pub timeout: Option<Duration>,
    /// Whether it is dropped when its client goes away.
    pub cancel_on_disconnect: bool,
    /// FNV-1a of `shape`.
    pub(super) hash: u64,
    /// The trigger with parameters made anonymous: two handlers of one shape cannot be told apart.
    pub(super) shape: &'static str,
}

impl HandlerMeta {
    /// An HTTP handler. Generated code calls this with what it has checked.
    #[must_use]
    #[allow(clippy::too_many_arguments)] // generated code is the only caller
    pub const fn http(
        name: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
        method: &'static str,
        path: &'static str,
        params: &'static [&'static str],
        hash: u64,
        shape: &'static str,
    ) -> Self {
        Self::new(name, module, file, line, Trigger::Http { method, path, params }, hash, shape)
    }

    /// A handler of direct invokes.
    #[must_use]
    pub const fn invoke(
        name: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
        trigger: &'static str,
        hash: u64,
        shape: &'static str,
    ) -> Self {
        Self::new(name, module, file, line, Trigger::Invoke { name: trigger }, hash, shape)
    }

    const fn new(
        name: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
        trigger: Trigger,
        hash: u64,
        shape: &'static str,
    ) -> Self {
        Self { name, module, file, line, trigger, timeout: None, cancel_on_disconnect: false, hash, shape }
    }

    /// Sets its own time limit.
    #[must_use]
    pub const fn timeout_ms(mut self, milliseconds: u64) -> Self {
        self.timeout = Some(Duration::from_millis(milliseconds));
        self
    }

    /// Lets it be dropped when its client goes away.
    #[must_use]
    pub const fn cancel_on_disconnect(mut self) -> Self {
        self.cancel_on_disconnect = true;
        self
    }
}
