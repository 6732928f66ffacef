//! The body of an answer is part of its invocation: what is produced after the head is stopped by the same panic and
//! the same deadline.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use axum_core::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body as _, Frame, SizeHint};
use tokio::task::{AbortHandle, coop};
use tokio::time::Sleep;
use tracing::Span;

use super::guard::{Stopped, attempt, discard};
use crate::clock::Deadline;

/// Hears why a body broke off, where its reader cannot be told.
type OnBreak = Box<dyn FnOnce(&Stopped) + Send>;

/// A body that ends in order, or with [`Stopped`] as its error.
///
/// When it is dropped after its beginning and before its end, what it holds is closed instead of lent again.
pub(crate) struct GuardedBody {
    /// `None` after the end.
    body: Option<Body>,
    deadline: Deadline,
    /// Set once the body has made its reader wait.
    timer: Option<Pin<Box<Sleep>>>,
    span: Span,
    /// The bytes that are to come, where that is known: a reader that has them all need not wait for the end.
    left: Option<u64>,
    begun: bool,
    /// Its time was up while nothing polled it.
    expired: bool,
    on_break: Option<OnBreak>,
}

impl GuardedBody {
    /// Guards the body behind these headers.
    pub(crate) fn new(body: Body, headers: &HeaderMap, deadline: Deadline, span: Span) -> Self {
        let declared = || headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
        let left = body.size_hint().exact().or_else(declared);
        Self {
            body: Some(body),
            deadline,
            timer: None,
            span,
            left,
            begun: false,
            expired: false,
            on_break: None,
        }
    }

    /// Calls this when the body breaks off.
    pub(crate) fn on_break(mut self, on_break: impl FnOnce(&Stopped) + Send + 'static) -> Self {
        self.on_break = Some(Box::new(on_break));
        self
    }

    /// Whether the time is up; called while the body is pending.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.deadline.at() else { return Poll::Pending };
        self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at))).as_mut().poll(cx)
    }

    /// Breaks it off from outside, unless it has ended.
    fn expire(&mut self) {
        if self.body.is_some() {
            self.expired = true;
            let _ = self.break_off(Stopped::Deadline);
        }
    }

    fn break_off(&mut self, stopped: Stopped) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        discard(self.body.take());
        if let Some(on_break) = self.on_break.take() {
            on_break(&stopped);
        }
        Poll::Ready(Some(Err(stopped)))
    }
}

impl http_body::Body for GuardedBody {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        // A body that is always ready must not keep its thread to itself.
        let turn = ready!(coop::poll_proceed(cx));
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(this.expired.then_some(Err(Stopped::Deadline)));
        };
        this.begun = true;
        let poll = || {
            let polled = this.span.in_scope(|| Pin::new(&mut *body).poll_frame(cx));
            (polled, body.is_end_stream())
        };
        let (polled, is_last) = match attempt(this.deadline, poll) {
            Ok(polled) => polled,
            Err(stopped) => return this.break_off(stopped),
        };
        let Poll::Ready(frame) = polled else {
            ready!(this.poll_deadline(cx));
            return this.break_off(Stopped::Deadline);
        };
        turn.made_progress();
        match frame {
            None => {
                let _ = attempt(this.deadline, || this.body = None);
                Poll::Ready(None)
            }
            Some(Err(error)) => this.break_off(Stopped::Broken(error.into_inner().into())),
            Some(Ok(_)) if !is_last && this.deadline.has_passed() => this.break_off(Stopped::Deadline),
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                this.left = this.left.map(|left| left.saturating_sub(length));
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let is_over = |body| attempt(self.deadline, || Body::is_end_stream(body)).unwrap_or(false);
        !self.expired && self.body.as_ref().is_none_or(is_over)
    }

    fn size_hint(&self) -> SizeHint {
        let hint = |body| attempt(self.deadline, || Body::size_hint(body)).unwrap_or_default();
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), hint)
    }
}

impl Drop for GuardedBody {
    fn drop(&mut self) {
        let is_over = !self.begun || self.left == Some(0) || self.is_end_stream();
        if is_over {
            let _ = attempt(self.deadline, || self.body = None);
        } else {
            discard(self.body.take());
        }
    }
}

/// A guarded body on its way to a reader that may be slow: at the deadline it breaks off, even while the reader takes
/// nothing, so that nobody can keep a connection by not reading.
pub(crate) struct WatchedBody {
    body: Arc<Mutex<GuardedBody>>,
    deadline: Deadline,
    /// Set once the reader has to come back for more.
    watch: Option<AbortHandle>,
}

impl WatchedBody {
    pub(crate) fn new(body: GuardedBody) -> Self {
        Self { deadline: body.deadline, body: Arc::new(Mutex::new(body)), watch: None }
    }

    fn lock(&self) -> MutexGuard<'_, GuardedBody> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&mut self) {
        let (None, Some(at)) = (&self.watch, self.deadline.at()) else { return };
        let body = Arc::downgrade(&self.body);
        let watching = tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            if let Some(body) = body.upgrade() {
                body.lock().unwrap_or_else(PoisonError::into_inner).expire();
            }
        });
        self.watch = Some(watching.abort_handle());
    }
}

impl http_body::Body for WatchedBody {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        let polled = Pin::new(&mut *self.lock()).poll_frame(cx);
        if matches!(polled, Poll::Ready(Some(Ok(_)))) && !self.is_end_stream() {
            self.watch();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().size_hint()
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
    }
}
