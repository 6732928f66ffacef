//! From settings to a connection that the server has let in.

use std::io;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::socket2::{SockRef, TcpKeepalive};
use redis::{
    AsyncConnectionConfig, ErrorKind, Pipeline, ProtocolVersion, RedisConnectionInfo, RedisError,
    ServerErrorKind, Value,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::rustls::pki_types::ServerName;

use super::Error;
use super::config::{Address, Config, is_client_name};
use crate::backend::credentials::{CredentialProvider, Credentials};
use crate::resource::Init;

pub(super) type Opened = (MultiplexedConnection, JoinHandle<()>);

/// Connects, and introduces itself in one round trip.
pub(super) async fn open<C: CredentialProvider>(config: &Config<C>, init: &Init) -> Result<Opened, Error> {
    let server = config.server();
    let credentials = match config.credentials.credentials(&server).await {
        Ok(credentials) => credentials,
        Err(source) => return Err(Error::Credentials { server, source }),
    };
    let stream = match connect(config).await {
        Ok(stream) => stream,
        Err(source) => return Err(Error::Connect { server, source }),
    };
    let login = Login::of(config, credentials);
    let (mut connection, driver) = match start(config, &login, stream).await {
        Ok(started) => started,
        Err(source) => return Err(Error::Refused { server, source }),
    };
    match introduce(&mut connection, config, &login, init).await {
        Ok(()) => Ok((connection, driver.keep())),
        // One that runs into its time-out has been met with silence, not turned away.
        Err(source) if source.is_io_error() && !source.is_timeout() => {
            let source = turned_away(config).await.unwrap_or(source);
            Err(Error::Refused { server, source })
        }
        Err(source) => Err(Error::Refused { server, source }),
    }
}

/// How long to listen to a server that hung up.
const LISTEN: Duration = Duration::from_millis(100);

/// How long what it said is good for connects that fail in the same way.
const FRESH: Duration = Duration::from_millis(200);

/// What the server said when it was last listened to, and when that was. Connects that fail side by side listen once,
/// so that they are not twice as many for a server that is in trouble already.
#[derive(Default)]
pub(super) struct Refusal(Mutex<Option<(Instant, Option<String>)>>);

/// What a server says to everybody before it closes, such as that it is full. The driver has no use for an answer to
/// nothing and drops it, so it is listened to on a connection on which nothing is said.
async fn turned_away<C>(config: &Config<C>) -> Option<RedisError> {
    let mut last = config.refusal.0.lock().await;
    let said = match &*last {
        Some((heard, said)) if heard.elapsed() < FRESH => said.clone(),
        _ => {
            let said = tokio::time::timeout(LISTEN, listen(config)).await.ok().flatten();
            *last = Some((Instant::now(), said.clone()));
            said
        }
    }?;
    let kind = ErrorKind::Server(ServerErrorKind::ResponseError);
    Some(RedisError::from((kind, "the server closed the connection", said)))
}

async fn listen<C>(config: &Config<C>) -> Option<String> {
    let mut said = Vec::new();
    connect(config).await.ok()?.take(512).read_to_end(&mut said).await.ok()?;
    Some(String::from_utf8_lossy(&said).strip_prefix('-')?.trim_end().to_owned())
}

/// Who logs in.
struct Login {
    user: Option<String>,
    password: Option<String>,
}

impl Login {
    fn of<C>(config: &Config<C>, credentials: Credentials) -> Self {
        let session = &config.session;
        Self {
            user: credentials.user.or_else(|| session.username().map(str::to_owned)),
            password: credentials.password.or_else(|| session.password().map(str::to_owned)),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn connect<C>(config: &Config<C>) -> io::Result<Box<dyn Stream>> {
    let (host, port) = match &config.address {
        Address::Tcp(host, port) => (host, *port),
        #[cfg(unix)]
        Address::Unix(path) => return Ok(Box::new(tokio::net::UnixStream::connect(path).await?)),
        #[cfg(not(unix))]
        Address::Unix(_) => return Err(io::ErrorKind::Unsupported.into()),
    };
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    stream.set_nodelay(true)?;
    if let Some(idle) = config.keepalive {
        let probes = TcpKeepalive::new().with_time(idle);
        #[cfg(target_os = "linux")]
        let probes = probes.with_interval(Duration::from_secs(15)).with_retries(4);
        SockRef::from(&stream).set_tcp_keepalive(&probes)?;
    }
    let Some(tls) = &config.tls else { return Ok(Box::new(stream)) };
    let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
    Ok(Box::new(tls.connect(name, stream).await?))
}

/// The task that does the connection's work; it ends with its owner until it is kept.
struct Driver(Option<JoinHandle<()>>);

impl Driver {
    fn keep(mut self) -> JoinHandle<()> {
        // Taken nowhere else but while dropping.
        self.0.take().unwrap_or_else(|| tokio::spawn(async {}))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(driver) = &self.0 {
            driver.abort();
        }
    }
}

/// A connection of the crate's over our stream, so that the driver is ours to watch.
async fn start<C>(
    config: &Config<C>,
    login: &Login,
    stream: Box<dyn Stream>,
) -> Result<(MultiplexedConnection, Driver), RedisError> {
    let options = AsyncConnectionConfig::new().set_response_timeout(config.response_timeout);
    let mut session = RedisConnectionInfo::default().set_skip_set_lib_name();
    // In RESP 3 the crate says who we are in its `HELLO`. Else it says nothing and leaves all to our introduction, so
    // that an error is the server's own.
    if is_resp3(config) {
        session = session.set_protocol(config.session.protocol());
        if let Some(user) = &login.user {
            session = session.set_username(user);
        }
        if let Some(password) = &login.password {
            session = session.set_password(password);
        }
    }
    let (connection, driver) = MultiplexedConnection::new_with_config(&session, stream, options).await?;
    Ok((connection, Driver(Some(tokio::spawn(driver)))))
}

fn is_resp3<C>(config: &Config<C>) -> bool {
    !matches!(config.session.protocol(), ProtocolVersion::RESP2)
}

async fn introduce<C>(
    connection: &mut MultiplexedConnection,
    config: &Config<C>,
    login: &Login,
    init: &Init,
) -> Result<(), RedisError> {
    let mut words = Pipeline::new();
    if let Some(password) = login.password.as_ref().filter(|_| !is_resp3(config)) {
        words.cmd("AUTH").arg(&login.user).arg(password);
    }
    if config.session.db() != 0 {
        words.cmd("SELECT").arg(config.session.db());
    }
    // Without a password, this is where the server says that it wants one, or that it is full.
    words.cmd("PING");
    let needed = words.len();
    let name = config.client_name.as_deref().unwrap_or(init.name);
    if is_client_name(name) {
        words.cmd("CLIENT").arg("SETNAME").arg(name);
    }
    let answers = connection.send_packed_commands(&words, 0, words.len()).await?;
    // A user may be allowed neither `PING` nor `CLIENT`, and still do its work.
    for answer in answers.into_iter().take(needed) {
        if let Value::ServerError(refused) = answer {
            let refused = RedisError::from(refused);
            if refused.kind() != ErrorKind::Server(ServerErrorKind::NoPerm) {
                return Err(refused);
            }
        }
    }
    Ok(())
}
