//! A TCP proxy that breaks what goes through it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// A proxy to one server. It works on a thread of its own, so also while the test blocks its runtime.
///
/// ```no_run
/// use tests::servers::{FaultProxy, Redis};
///
/// let redis = Redis::start();
/// let proxy = FaultProxy::start(redis.address());
/// let url = format!("redis://{}", proxy.address());
/// // … connect to the URL, then:
/// proxy.reset();
/// ```
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    faults: watch::Sender<Faults>,
    seen: Arc<Seen>,
    // `Some` until it is dropped.
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Faults {
    delay: Duration,
    connect_delay: Duration,
    black_hole: bool,
    /// How often all connections have been silenced so far.
    silences: usize,
    refusing: bool,
    /// How often all connections have been ended so far, and how the last time.
    endings: usize,
    reset: bool,
    over: bool,
}

/// What has gone through.
#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    /// The connections that are open, by how often all had been ended when they came.
    open: Mutex<BTreeMap<usize, usize>>,
    exchanges: AtomicUsize,
    listening: AtomicBool,
}

impl Seen {
    fn open(&self) -> MutexGuard<'_, BTreeMap<usize, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FaultProxy {
    /// Starts one on a free loopback port.
    ///
    /// # Panics
    ///
    /// When the system refuses a port or a thread.
    pub fn start(server: SocketAddr) -> Self {
        let faults = watch::Sender::new(Faults::default());
        let seen = Arc::new(Seen::default());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a listener of our own");
        let address = listener.local_addr().expect("the listener's address");
        let (orders, counters) = (faults.subscribe(), Arc::clone(&seen));
        let thread = thread::Builder::new().name("fault proxy".to_owned()).spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            // The connections end with the runtime.
            runtime
                .block_on(listen(listener, address, server, orders, counters))
                .expect("a proxy that can listen");
        });
        let proxy = Self { address, faults, seen, thread: Some(thread.expect("a thread")) };
        proxy.wait_until_listening(true);
        proxy
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Holds everything back for this long, in both directions; an exchange takes twice as long.
    pub fn delay(&self, delay: Duration) {
        self.faults.send_modify(|faults| faults.delay = delay);
    }

    /// Holds new connections back for this long, after they were accepted.
    pub fn delay_connects(&self, delay: Duration) {
        self.faults.send_modify(|faults| faults.connect_delay = delay);
    }

    /// Swallows everything from now on, in both directions; connections stay open and are still accepted.
    pub fn black_hole(&self) {
        self.faults.send_modify(|faults| faults.black_hole = true);
    }

    /// Swallows everything from now on that goes through the connections there are, in both directions, for ever; new
    /// ones pass, as when a firewall has forgotten what was idle.
    pub fn silence(&self) {
        self.faults.send_modify(|faults| faults.silences += 1);
    }

    /// Passes everything on again. A connection of which something was swallowed stays silent for ever.
    pub fn pass(&self) {
        self.faults.send_modify(|faults| {
            (faults.black_hole, faults.delay, faults.connect_delay) = (false, Duration::ZERO, Duration::ZERO);
        });
    }

    /// Ends all connections in order (FIN), and waits until they are.
    pub fn cut(&self) {
        self.end(false);
    }

    /// Ends all connections with a reset (RST), and waits until they are.
    pub fn reset(&self) {
        self.end(true);
    }

    fn end(&self, reset: bool) {
        let mut endings = 0;
        self.faults.send_modify(|faults| {
            (faults.endings, faults.reset) = (faults.endings + 1, reset);
            endings = faults.endings;
        });
        // New ones may come meanwhile.
        crate::deadline::wait_until("the end of the proxy's connections", || {
            (self.seen.open().range(..endings).all(|(_, &open)| open == 0)).then_some(())
        });
    }

    /// Refuses new connections.
    pub fn refuse(&self) {
        self.faults.send_modify(|faults| faults.refusing = true);
        self.wait_until_listening(false);
    }

    /// Takes new connections again, on the same port.
    pub fn accept(&self) {
        self.faults.send_modify(|faults| faults.refusing = false);
        self.wait_until_listening(true);
    }

    /// How many connections it has taken so far.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.seen.open().values().sum()
    }

    /// How many round trips it has seen so far: how often a client said something first or after an answer.
    pub fn exchanges(&self) -> usize {
        self.seen.exchanges.load(Ordering::SeqCst)
    }

    fn wait_until_listening(&self, listening: bool) {
        crate::deadline::wait_until("the proxy's listener", || {
            (self.seen.listening.load(Ordering::SeqCst) == listening).then_some(())
        });
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.faults.send_modify(|faults| faults.over = true);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the proxy panicked");
        }
    }
}

async fn listen(
    listener: std::net::TcpListener,
    address: SocketAddr,
    server: SocketAddr,
    mut faults: watch::Receiver<Faults>,
    seen: Arc<Seen>,
) -> io::Result<()> {
    let mut listener = Some(TcpListener::from_std(listener)?);
    loop {
        let (over, refusing) = {
            let faults = faults.borrow_and_update();
            (faults.over, faults.refusing)
        };
        if over {
            return Ok(());
        }
        match &listener {
            Some(_) if refusing => listener = None,
            None if !refusing => listener = Some(TcpListener::bind(address).await?),
            _ => {}
        }
        seen.listening.store(listener.is_some(), Ordering::SeqCst);
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = faults.changed() => if changed.is_err() { return Ok(()) },
            accepted = accepted => {
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let endings = {
                    let mut open = seen.open();
                    // Read while it is locked: whoever ends all connections looks at it afterwards.
                    let endings = faults.borrow().endings;
                    *open.entry(endings).or_default() += 1;
                    endings
                };
                tokio::spawn(connection(accepted?.0, server, faults.clone(), endings, Arc::clone(&seen)));
            }
        }
    }
}

async fn connection(
    mut client: TcpStream,
    server: SocketAddr,
    faults: watch::Receiver<Faults>,
    before: usize,
    seen: Arc<Seen>,
) {
    let (silences, wait) = {
        let faults = faults.borrow();
        (faults.silences, faults.connect_delay)
    };
    let mut ending = faults.clone();
    let mut upstream = None;
    tokio::select! {
        _ = ending.wait_for(|faults| faults.endings != before) => {}
        () = async {
            sleep(wait).await;
            let Ok(stream) = TcpStream::connect(server).await else { return };
            let upstream = upstream.insert(stream);
            let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
            let (answered, swallowed) = (AtomicBool::new(true), AtomicBool::new(false));
            let line = Line { faults, seen: &seen, silences, answered, swallowed };
            let (mut from_client, mut to_client) = client.split();
            let (mut from_server, mut to_server) = upstream.split();
            tokio::select! {
                _ = line.pump(&mut from_client, &mut to_server, true) => {}
                _ = line.pump(&mut from_server, &mut to_client, false) => {}
            }
        } => {}
    }
    if ending.borrow().reset && ending.borrow().endings != before {
        let _ = client.set_zero_linger();
        let _ = upstream.as_ref().map(TcpStream::set_zero_linger);
    }
    drop((client, upstream));
    if let Some(open) = seen.open().get_mut(&before) {
        *open -= 1;
    }
}

/// What both directions of a connection share.
struct Line<'a> {
    faults: watch::Receiver<Faults>,
    seen: &'a Seen,
    /// How often all connections had been silenced when this one came.
    silences: usize,
    answered: AtomicBool,
    swallowed: AtomicBool,
}

impl Line<'_> {
    /// Carries bytes until one end closes; inside a black hole that is not passed on either.
    async fn pump(
        &self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        from_client: bool,
    ) -> io::Result<()> {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let count = from.read(&mut bytes).await;
            let (delay, black_hole) = {
                let faults = self.faults.borrow();
                (faults.delay, faults.black_hole || faults.silences != self.silences)
            };
            if black_hole || self.swallowed.load(Ordering::SeqCst) {
                self.swallowed.store(true, Ordering::SeqCst);
                match count {
                    Ok(count) if count > 0 => continue,
                    _ => std::future::pending().await,
                }
            }
            let count = count?;
            if count == 0 {
                return Ok(());
            }
            if self.answered.swap(!from_client, Ordering::SeqCst) && from_client {
                self.seen.exchanges.fetch_add(1, Ordering::SeqCst);
            }
            if !delay.is_zero() {
                sleep(delay).await;
            }
            to.write_all(&bytes[..count]).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};

    use super::*;

    /// A server that answers each byte with the same one.
    fn echo() -> SocketAddr {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut byte = [0];
                    while stream.read_exact(&mut byte).and_then(|()| stream.write_all(&byte)).is_ok() {}
                });
            }
        });
        address
    }

    fn connect(proxy: &FaultProxy) -> std::net::TcpStream {
        let stream = std::net::TcpStream::connect(proxy.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        stream
    }

    fn exchange(mut stream: &std::net::TcpStream) -> io::Result<u8> {
        let mut byte = [7];
        stream.write_all(&byte)?;
        stream.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    #[test]
    fn it_passes_and_counts_then_swallows() {
        let proxy = FaultProxy::start(echo());
        let stream = connect(&proxy);
        assert_eq!((exchange(&stream).unwrap(), exchange(&stream).unwrap()), (7, 7));
        assert_eq!((proxy.connections(), proxy.open(), proxy.exchanges()), (1, 1, 2));
        proxy.black_hole();
        assert_eq!(exchange(&stream).unwrap_err().kind(), ErrorKind::WouldBlock);
        proxy.pass();
        assert_eq!(exchange(&stream).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(exchange(&connect(&proxy)).unwrap(), 7);
    }

    #[test]
    fn it_silences_what_is_there_and_nothing_else() {
        let proxy = FaultProxy::start(echo());
        let stream = connect(&proxy);
        assert_eq!(exchange(&stream).unwrap(), 7);
        proxy.silence();
        assert_eq!(exchange(&stream).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(exchange(&connect(&proxy)).unwrap(), 7);
    }

    #[test]
    fn it_ends_connections_both_ways() {
        let proxy = FaultProxy::start(echo());
        let mut stream = connect(&proxy);
        exchange(&stream).unwrap();
        proxy.cut();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        let mut stream = connect(&proxy);
        exchange(&stream).unwrap();
        proxy.reset();
        assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(exchange(&connect(&proxy)).unwrap(), 7);
    }

    #[test]
    fn it_refuses_and_accepts_on_the_same_port() {
        let proxy = FaultProxy::start(echo());
        let old = connect(&proxy);
        exchange(&old).unwrap();
        proxy.refuse();
        let refused = std::net::TcpStream::connect(proxy.address()).unwrap_err();
        assert_eq!((refused.kind(), exchange(&old).unwrap()), (ErrorKind::ConnectionRefused, 7));
        proxy.accept();
        assert_eq!(exchange(&connect(&proxy)).unwrap(), 7);
    }

    #[test]
    fn it_is_slow_where_it_is_told() {
        let proxy = FaultProxy::start(echo());
        let stream = connect(&proxy);
        proxy.delay(Duration::from_millis(400));
        assert_eq!(exchange(&stream).unwrap_err().kind(), ErrorKind::WouldBlock);
        proxy.pass();
        proxy.delay_connects(Duration::from_millis(400));
        assert_eq!(exchange(&connect(&proxy)).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}
