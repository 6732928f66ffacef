use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::shared::Shared;
use super::{Answer, InvokeError};

/// What can be sent as an event: bytes as they are, or a JSON value.
pub trait Event {
    /// The bytes that the function gets.
    fn into_bytes(self) -> Bytes;
}

impl Event for Value {
    fn into_bytes(self) -> Bytes {
        self.to_string().into()
    }
}

impl Event for &Value {
    fn into_bytes(self) -> Bytes {
        self.to_string().into()
    }
}

impl Event for &str {
    fn into_bytes(self) -> Bytes {
        Bytes::copy_from_slice(self.as_bytes())
    }
}

impl Event for String {
    fn into_bytes(self) -> Bytes {
        self.into()
    }
}

impl Event for Vec<u8> {
    fn into_bytes(self) -> Bytes {
        self.into()
    }
}

/// A call of the function that is being prepared; `.await` makes it.
#[must_use = "nothing is called before `.await`"]
pub struct Invoke {
    pub(super) shared: Arc<Shared>,
    pub(super) number: u64,
    pub(super) request_id: String,
    pub(super) event: Bytes,
    pub(super) timeout: Duration,
    pub(super) trace_id: Option<String>,
    pub(super) client_context: Option<String>,
    pub(super) cognito_identity: Option<String>,
    pub(super) tenant_id: Option<String>,
}

impl Invoke {
    /// The id that the function gets for it.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Another time between delivery and deadline than the function's.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The header `Lambda-Runtime-Trace-Id`; made up unless set.
    pub fn trace_id(mut self, id: impl Into<String>) -> Self {
        self.trace_id = Some(id.into());
        self
    }

    /// The header `Lambda-Runtime-Client-Context`, as the caller wrote it.
    pub fn client_context(mut self, json: impl Into<String>) -> Self {
        self.client_context = Some(json.into());
        self
    }

    /// The header `Lambda-Runtime-Cognito-Identity`.
    pub fn cognito_identity(mut self, json: impl Into<String>) -> Self {
        self.cognito_identity = Some(json.into());
        self
    }

    /// The header `Lambda-Runtime-Aws-Tenant-Id`.
    pub fn tenant_id(mut self, id: impl Into<String>) -> Self {
        self.tenant_id = Some(id.into());
        self
    }
}

impl IntoFuture for Invoke {
    type Output = Result<Answer, InvokeError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let answer = self.shared.clone().submit(self);
            // Dropped without an answer only when the double itself goes.
            answer.await.unwrap_or(Err(InvokeError::Ended))
        })
    }
}
