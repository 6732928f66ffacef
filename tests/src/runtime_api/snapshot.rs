//! The start of a function, with and without a snapshot.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use rustix::process::Signal;
use tokio::sync::oneshot;

use super::invocation::function_error;
use super::refusal::{Refusal, Reply, accepted, json_reply};
use super::shared::{Life, Shared};
use super::{Record, RuntimeApi};

/// How far a function has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Started {
    /// It asks for events.
    Ready,
    /// It waits for its snapshot, and its process is stopped, as a machine is whose image is taken.
    AtSnapshot,
    /// It has reported that it cannot start or come back.
    Failed {
        /// The body's `errorType`.
        error_type: String,
        /// The body's `errorMessage`.
        error_message: String,
    },
    /// Its process has ended without a word.
    Ended,
}

impl RuntimeApi {
    /// Waits until the function asks for events or for its snapshot, or fails.
    ///
    /// # Panics
    ///
    /// When nothing happens within [`SOON`](crate::deadline::SOON).
    pub async fn started(&self) -> Started {
        let started = self.shared.wait_for("the function's start", |state| match &state.life {
            Life::Starting | Life::Restored => None,
            Life::Snapshot(_) => Some(Started::AtSnapshot),
            Life::Serving => Some(Started::Ready),
            Life::Failed | Life::Ended => Some(match state.failure.clone() {
                Some((error_type, error_message)) => Started::Failed { error_type, error_message },
                None => Started::Ended,
            }),
        });
        started.await
    }

    /// Restores the snapshot, and waits until the function asks for events or fails.
    ///
    /// # Panics
    ///
    /// When the function does not wait for its snapshot.
    pub async fn restore(&self) -> Started {
        self.shared.update(|state| match std::mem::replace(&mut state.life, Life::Restored) {
            Life::Snapshot(poll) => {
                state.history.push(Record::Restored);
                state.signal(Signal::CONT);
                let mut reply = json_reply(StatusCode::OK, Bytes::new());
                // No connection outlives a snapshot.
                reply.headers_mut().insert(http::header::CONNECTION, HeaderValue::from_static("close"));
                // Fails only when the function has hung up, which its end shows.
                let _ = poll.send(reply);
            }
            other => {
                let text = format!("{other:?}");
                state.life = other;
                panic!("the function does not wait for its snapshot: {text}");
            }
        });
        self.started().await
    }
}

impl Shared {
    /// `GET …/restore/next`: blocks until the snapshot is restored.
    pub(super) fn restore_next(&self) -> Result<oneshot::Receiver<Reply>, Refusal> {
        let (poll, restored) = oneshot::channel();
        self.update(|state| {
            if !self.config.snap_start {
                return Err(Refusal::state("the function has no SnapStart"));
            }
            if !matches!(state.life, Life::Starting) {
                return Err(Refusal::state("/restore/next comes once, before everything else"));
            }
            state.history.push(Record::RestoreNext);
            state.life = Life::Snapshot(poll);
            state.signal(Signal::STOP);
            Ok(restored)
        })
    }

    /// `POST …/init/error`.
    pub(super) fn init_error(&self, headers: &HeaderMap, body: &[u8]) -> Result<Reply, Refusal> {
        self.update(|state| {
            if !matches!(state.life, Life::Starting) {
                return Err(Refusal::state("/init/error comes before everything else"));
            }
            let (error_type, error_message) = function_error(headers, body)?;
            state.failure = Some((error_type.clone(), error_message.clone()));
            state.history.push(Record::InitError { error_type, error_message });
            state.life = Life::Failed;
            Ok(accepted())
        })
    }

    /// `POST …/restore/error`.
    pub(super) fn restore_error(&self, headers: &HeaderMap, body: &[u8]) -> Result<Reply, Refusal> {
        self.update(|state| {
            if !matches!(state.life, Life::Restored) {
                return Err(Refusal::state("/restore/error comes between the restore and the first event"));
            }
            let (error_type, error_message) = function_error(headers, body)?;
            state.failure = Some((error_type.clone(), error_message.clone()));
            state.history.push(Record::RestoreError { error_type, error_message });
            state.life = Life::Failed;
            Ok(accepted())
        })
    }
}
