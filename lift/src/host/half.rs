//! A connection whose client may close its half of it after its request and wait for the answer.
//!
//! So an end of what can be read says nothing, except where a handler asks to be dropped when its client goes away: such
//! a client is gone then, because nobody can tell the two apart.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Between two looks behind bytes that nobody has read yet.
const PAUSE: Duration = Duration::from_millis(100);

/// Both halves, of which the one to read from can be looked at.
pub(super) struct Halves {
    read: Arc<OwnedReadHalf>,
    write: OwnedWriteHalf,
}

impl Halves {
    pub(super) fn of(stream: TcpStream) -> Self {
        let (read, write) = stream.into_split();
        Self { read: Arc::new(read), write }
    }

    pub(super) fn client(&self) -> Client {
        Client(self.read.clone())
    }
}

/// The other end of a connection.
#[derive(Clone)]
pub(super) struct Client(Arc<OwnedReadHalf>);

impl Client {
    /// Waits until it sends nothing more.
    pub(super) async fn gone(&self) {
        let stream: &TcpStream = (*self.0).as_ref();
        let mut byte = [0];
        while matches!(stream.peek(&mut byte).await, Ok(1..)) {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl AsyncRead for Halves {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream: &TcpStream = (*self.read).as_ref();
        loop {
            ready!(stream.poll_read_ready(cx))?;
            match stream.try_read_buf(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return Poll::Ready(read.map(drop)),
            }
        }
    }
}

impl AsyncWrite for Halves {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.write).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.write).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.write.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_shutdown(cx)
    }
}
