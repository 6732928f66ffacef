//! The way to a server: TLS as it is wanted, and a [`Tap`] above it.
//!
//! tokio-postgres lets a connector see the stream only where there is TLS. It is therefore told that TLS begins at once,
//! and the connector asks the server itself.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_postgres::config::{Config, SslMode, SslNegotiation};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::either::Either;

use super::tap::{Session, Tap};
use crate::error::{BoxError, Words};

/// SSLRequest: its length and its code, 1234 and 5679.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Opens streams whose frames a session follows.
#[derive(Clone)]
pub(super) struct Connector {
    /// `None` for no TLS.
    tls: Option<MakeRustlsConnect>,
    /// Whether there is to be no connection without TLS.
    required: bool,
    negotiation: SslNegotiation,
    session: Arc<Session>,
    hostname: String,
}

impl Connector {
    /// One for connections with these settings, which are changed so that it is asked.
    pub(super) fn of(server: &mut Config, tls: Option<MakeRustlsConnect>, session: Arc<Session>) -> Self {
        let required = server.get_ssl_mode() == SslMode::Require;
        let negotiation = server.get_ssl_negotiation();
        server.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
        Self { tls, required, negotiation, session, hostname: String::new() }
    }

    /// The same without TLS, for a socket of this machine, where PostgreSQL has none.
    #[cfg(unix)]
    pub(super) fn without_tls(self) -> Self {
        Self { tls: None, ..self }
    }

    /// The same for a connection of its own, such as one that cancels what this one does.
    pub(super) fn anew(&self) -> Self {
        Self { session: Arc::default(), ..self.clone() }
    }

    async fn open<S>(mut self, mut socket: S) -> Result<Secured<S>, BoxError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(mut tls) = self.tls.take() else { return Ok(Either::Left(socket)) };
        if self.negotiation == SslNegotiation::Postgres {
            socket.write_all(&SSL_REQUEST).await?;
            socket.flush().await?;
            match socket.read_u8().await? {
                b'S' => {}
                _ if self.required => return Err(Words("the server does not support TLS".to_owned()).into()),
                _ => return Ok(Either::Left(socket)),
            }
        }
        let connect = MakeTlsConnect::<S>::make_tls_connect(&mut tls, &self.hostname)?;
        Ok(Either::Right(connect.connect(socket).await?))
    }
}

type Secured<S> = Either<S, <MakeRustlsConnect as MakeTlsConnect<S>>::Stream>;

impl<S> MakeTlsConnect<S> for Connector
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Tap<Secured<S>>;
    type TlsConnect = Self;
    type Error = BoxError;

    fn make_tls_connect(&mut self, hostname: &str) -> Result<Self, BoxError> {
        Ok(Self { hostname: hostname.to_owned(), ..self.clone() })
    }
}

impl<S> TlsConnect<S> for Connector
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Tap<Secured<S>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Stream, BoxError>>;

    fn connect(self, socket: S) -> Self::Future {
        let session = self.session.clone();
        Box::pin(async move { Ok(Tap::new(self.open(socket).await?, session)) })
    }
}

impl<S> TlsStream for Tap<Secured<S>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn channel_binding(&self) -> ChannelBinding {
        match self.get_ref() {
            Either::Left(_) => ChannelBinding::none(),
            Either::Right(stream) => stream.channel_binding(),
        }
    }
}
