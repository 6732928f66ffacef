//! One connection as tokio-postgres has it: its client, the task in which it works, and the way to the server.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Error;
use super::connector::Connector;
use super::tap::Session;
use crate::backend::credentials::Server;
use crate::error::{BoxError, logged};
use crate::resource::Init;

/// How long closing waits for the server, each for the end of an abandoned statement and of the connection.
const GOODBYE: Duration = Duration::from_millis(250);

pub(super) struct Link {
    pub(super) client: Client,
    pub(super) session: Arc<Session>,
    driver: JoinHandle<()>,
    connector: Connector,
    /// The socket of this machine that it goes through, if it does.
    #[cfg(unix)]
    socket: Option<socket::Path>,
}

impl Link {
    pub(super) async fn open(
        mut settings: Config,
        tls: Option<MakeRustlsConnect>,
        server: Server,
        init: &Init,
    ) -> Result<Self, Error> {
        let session = Arc::<Session>::default();
        let connector = Connector::of(&mut settings, tls, session.clone());
        #[cfg(unix)]
        if let Some(socket) = socket::Path::of(&settings) {
            let stream = match socket.open().await {
                Ok(stream) => stream,
                Err(source) => return Err(Error::Socket { server, source }),
            };
            let connector = connector.without_tls();
            let opened = settings.connect_raw(stream, connector.clone()).await;
            let (client, connection) = opened.map_err(|source| Error::Connect { server, source })?;
            let driver = drive(connection, init.name);
            return Ok(Self { client, session, driver, connector, socket: Some(socket) });
        }
        let opened = settings.connect(connector.clone()).await;
        let (client, connection) = opened.map_err(|source| Error::Connect { server, source })?;
        let driver = drive(connection, init.name);
        Ok(Self {
            client,
            session,
            driver,
            connector,
            #[cfg(unix)]
            socket: None,
        })
    }

    /// Asks the server to end the statement that still runs, so that it does not work for nobody.
    async fn cancel(&self) -> Result<(), BoxError> {
        let (token, connector) = (self.client.cancel_token(), self.connector.anew());
        #[cfg(unix)]
        if let Some(socket) = &self.socket {
            return Ok(token.cancel_query_raw(socket.open().await?, connector).await?);
        }
        Ok(token.cancel_query(connector).await?)
    }

    pub(super) async fn close(self) {
        if self.session.is_busy()
            && !self.client.is_closed()
            && let Ok(Err(error)) = timeout(GOODBYE, self.cancel()).await
        {
            let error = logged(&*error);
            tracing::debug!(error, "an abandoned PostgreSQL statement could not be cancelled");
        }
        let Self { client, mut driver, .. } = self;
        drop(client);
        if timeout(GOODBYE, &mut driver).await.is_err() {
            driver.abort();
            let _ = driver.await;
        }
    }
}

/// Lets the connection work in a task until the client is dropped or the stream ends.
fn drive<S, T>(connection: tokio_postgres::Connection<S, T>, resource: &'static str) -> JoinHandle<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(resource, error = logged(&error), "a PostgreSQL connection ended");
        }
    })
}

/// Sockets of this machine, of which tokio-postgres asks no connector.
#[cfg(unix)]
mod socket {
    use std::io;
    use std::path::PathBuf;

    use tokio::net::UnixStream;
    use tokio_postgres::Config;
    use tokio_postgres::config::Host;

    pub(super) struct Path(PathBuf);

    impl Path {
        pub(super) fn of(settings: &Config) -> Option<Self> {
            let Some(Host::Unix(folder)) = settings.get_hosts().first() else { return None };
            let port = settings.get_ports().first().copied().unwrap_or(5432);
            Some(Self(folder.join(format!(".s.PGSQL.{port}"))))
        }

        pub(super) async fn open(&self) -> io::Result<UnixStream> {
            UnixStream::connect(&self.0).await
        }
    }
}
