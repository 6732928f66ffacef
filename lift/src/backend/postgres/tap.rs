//! What the server says of its session, read as it passes.
//!
//! Every ReadyForQuery carries whether a transaction is open. tokio-postgres does not pass that on, so a [`Tap`] above TLS
//! follows the headers of the frames in both directions: what was asked for whose end has not come back, and what the
//! server said last. It changes and delays nothing, and looks at five bytes of a frame and the first one of its content.

use std::collections::VecDeque;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::eviction::{LOOKED_AT, evicts};

/// What is known of a session by the frames that have passed.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// The byte of the last ReadyForQuery; zero before the first.
    status: AtomicU8,
    /// The first letter of the last command that ended, as its answer names it.
    command: AtomicU8,
    /// Whether something is under way.
    busy: AtomicBool,
    /// Whether the server has said that it is not the one to be asked any more.
    evicted: AtomicBool,
    /// Whether an error has come whose ReadyForQuery has not; PostgreSQL sends the two apart.
    failing: AtomicBool,
    settled: Notify,
}

impl Session {
    /// Whether the next borrower may have it: no transaction is open, nothing is under way, and the server serves.
    pub(super) fn is_clean(&self) -> bool {
        self.status.load(Ordering::Acquire) == b'I'
            && !self.is_busy()
            && !self.evicted.load(Ordering::Acquire)
    }

    /// Makes a call; after an error, waits until the server has said what it left.
    pub(super) async fn heard<T, E>(&self, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let answer = call.await;
        while answer.is_err() {
            let mut settled = pin!(self.settled.notified());
            settled.as_mut().enable();
            if !self.failing.load(Ordering::Acquire) {
                break;
            }
            settled.await;
        }
        answer
    }

    /// Keeps it from being lent again.
    pub(super) fn evict(&self) {
        self.evicted.store(true, Ordering::Release);
    }

    /// Begins anew, as another server may have been asked before.
    fn forget(&self) {
        for word in [&self.status, &self.command] {
            word.store(0, Ordering::Release);
        }
        for mark in [&self.busy, &self.evicted, &self.failing] {
            mark.store(false, Ordering::Release);
        }
    }

    fn settle(&self) {
        if self.failing.swap(false, Ordering::AcqRel) {
            self.settled.notify_waiters();
        }
    }

    /// Whether something is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Whether a transaction is open, as far as the server has said.
    pub(super) fn is_in_transaction(&self) -> bool {
        self.status.load(Ordering::Acquire) != b'I'
    }

    /// Whether a transaction is open that PostgreSQL will not commit, since a statement of it failed.
    pub(super) fn has_failed(&self) -> bool {
        self.status.load(Ordering::Acquire) == b'E'
    }

    /// Whether the last command was a `ROLLBACK`, which is PostgreSQL's answer to the `COMMIT` of what has failed.
    pub(super) fn was_rolled_back(&self) -> bool {
        self.command.load(Ordering::Acquire) == b'R'
    }
}

/// A stream whose frames are followed.
pub(super) struct Tap<S> {
    stream: S,
    sent: Frames,
    received: Frames,
    exchange: Exchange,
    session: Arc<Session>,
}

impl<S> Tap<S> {
    /// Follows a stream on which nothing has passed yet.
    pub(super) fn new(stream: S, session: Arc<Session>) -> Self {
        session.forget();
        // The first frame of a client has no tag.
        let sent = Frames { passed: 1, ..Frames::default() };
        Self { stream, sent, received: Frames::default(), exchange: Exchange::default(), session }
    }

    pub(super) fn get_ref(&self) -> &S {
        &self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let Self { received, exchange, session, .. } = &mut *self;
        let new = buffer.filled().get(before..).unwrap_or_default();
        received.pass(new, Exchange::wanted, |tag, head| exchange.received(tag, head, session));
        session.busy.store(exchange.is_busy(), Ordering::Release);
        if !exchange.failing {
            session.settle();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        let Self { sent, exchange, session, .. } = &mut *self;
        sent.pass(bytes.get(..written).unwrap_or_default(), |_| 0, |tag, _| exchange.sent(tag));
        session.busy.store(exchange.is_busy(), Ordering::Release);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Ends with the server's end of the stream, which comes when its session is over and no longer counts there.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        let mut rest = [0; 1024];
        loop {
            let mut rest = ReadBuf::new(&mut rest);
            // A server that ends the session may do so in a hurry.
            let end = ready!(Pin::new(&mut self.stream).poll_read(context, &mut rest));
            if end.is_err() || rest.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S> Drop for Tap<S> {
    fn drop(&mut self) {
        // Nothing more comes.
        self.session.settle();
    }
}

/// The frames of one direction: a tag, four bytes of length that count themselves, content.
#[derive(Default)]
struct Frames {
    header: [u8; HEADER],
    /// How many bytes of the frame have passed.
    passed: usize,
    /// The beginning of the content, as far as it is wanted.
    kept: Vec<u8>,
}

const HEADER: usize = 5;

impl Frames {
    /// Follows the next bytes, wherever they are cut; tells the tag of each frame and as much of the beginning of its content
    /// as is wanted.
    fn pass(&mut self, mut bytes: &[u8], wanted: impl Fn(u8) -> usize, mut frame: impl FnMut(u8, &[u8])) {
        while let Some((&first, rest)) = bytes.split_first() {
            if let Some(next) = self.header.get_mut(self.passed) {
                *next = first;
                self.passed += 1;
                bytes = rest;
                if self.passed == HEADER && self.length().min(wanted(self.tag())) == 0 {
                    frame(self.tag(), &[]);
                }
            } else {
                let left = self.length().saturating_sub(self.passed - HEADER);
                let (content, rest) = bytes.split_at(left.min(bytes.len()));
                let wanted = self.length().min(wanted(self.tag()));
                if self.kept.len() < wanted {
                    self.kept.extend(content.iter().take(wanted - self.kept.len()));
                    if self.kept.len() == wanted {
                        frame(self.tag(), &self.kept);
                    }
                }
                self.passed += content.len();
                bytes = rest;
            }
            if self.passed >= HEADER && self.passed - HEADER == self.length() {
                self.passed = 0;
                self.kept.clear();
            }
        }
    }

    fn tag(&self) -> u8 {
        self.header[0]
    }

    /// How long the content is.
    fn length(&self) -> usize {
        let [_, length @ ..] = self.header;
        usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX).saturating_sub(4)
    }
}

/// What the client asked for, in order, each ended by a ReadyForQuery.
#[derive(Default)]
struct Exchange {
    asked: VecDeque<Asked>,
    /// How many of these do something.
    working: usize,
    /// Whether anything but the end of a statement was sent since the last Sync.
    works: bool,
    /// Whether the server takes rows until the client says that they are all.
    copying: bool,
    failing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// A Query.
    Text,
    /// What came before a Sync.
    Synced,
    /// A Sync behind nothing but the end of a statement, which changes nothing and which nobody awaits.
    Nothing,
}

impl Exchange {
    fn sent(&mut self, tag: u8) {
        let asked = match tag {
            b'Q' | b'F' => Asked::Text,
            b'S' if self.works => Asked::Synced,
            b'S' => Asked::Nothing,
            // The start, a password, the end of a statement.
            0 | b'p' | b'C' => return,
            _ => return self.works = true,
        };
        self.works = false;
        self.copying = false;
        self.working += usize::from(asked != Asked::Nothing);
        self.asked.push_back(asked);
    }

    /// How much of what the server says is looked at, by its tag.
    fn wanted(tag: u8) -> usize {
        match tag {
            b'E' => LOOKED_AT,
            b'C' | b'Z' => 1,
            _ => 0,
        }
    }

    fn received(&mut self, tag: u8, head: &[u8], session: &Session) {
        let first = head.first().copied().unwrap_or_default();
        match tag {
            b'Z' => {
                session.status.store(first, Ordering::Release);
                self.copying = false;
                self.failing = false;
                self.end_first();
            }
            b'E' => {
                self.failing = true;
                session.failing.store(true, Ordering::Release);
                if evicts(head) {
                    session.evict();
                }
            }
            b'C' => session.command.store(first, Ordering::Release),
            // CopyInResponse: the server ignores the Sync behind the call that began it.
            b'G' => {
                if self.asked.front() == Some(&Asked::Synced) {
                    self.end_first();
                }
                self.copying = true;
            }
            _ => {}
        }
    }

    fn end_first(&mut self) {
        if self.asked.pop_front().is_some_and(|asked| asked != Asked::Nothing) {
            self.working -= 1;
        }
    }

    fn is_busy(&self) -> bool {
        self.working > 0 || self.works || self.copying
    }
}
