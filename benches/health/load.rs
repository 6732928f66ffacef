//! Probes at a fixed rate, whether or not the service keeps up.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Probes of all connections in a second.
pub(crate) const RATE: u32 = 200;

/// Connections, which are kept; they take turns.
pub(crate) const CONNECTIONS: u32 = 8;

/// What the service answers while two of its components are unhealthy.
const EXPECTED: &str = "HTTP/1.1 503 ";

/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How early to wake up: sleeping alone ends about 0.1 ms late, which would count as the service's time.
const EARLY: Duration = Duration::from_micros(200);

type Connection = BufReader<TcpStream>;

/// What became of one probe, in nanoseconds from when it was due: one that had to wait for the one before counts that,
/// too.
pub(crate) struct Answer {
    pub(crate) sent: u64,
    pub(crate) done: u64,
    pub(crate) expected: bool,
}

/// Probes from now until `end`; those that are due before `counted` are left out.
pub(crate) fn probe(address: SocketAddr, counted: Instant, end: Instant) -> Vec<Answer> {
    let begin = Instant::now();
    thread::scope(|scope| {
        let connections = (0..CONNECTIONS).map(|number| {
            let first = begin + Duration::from_secs(1) / RATE * number;
            scope.spawn(move || keep_asking(address, first, counted, end))
        });
        let connections: Vec<_> = connections.collect();
        connections.into_iter().flat_map(|connection| connection.join().unwrap()).collect()
    })
}

fn keep_asking(address: SocketAddr, first: Instant, counted: Instant, end: Instant) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut connection = connect(address).ok();
    let mut due = first;
    let since = |due: Instant| due.elapsed().as_nanos().try_into().unwrap();
    while due < end {
        thread::sleep(due.saturating_duration_since(Instant::now() + EARLY));
        while Instant::now() < due {
            std::hint::spin_loop();
        }
        let sent = since(due);
        // A service that answers nobody must not hold this up for ever.
        let asked = match connection.take() {
            _ if Instant::now() > end + PATIENCE => Err(io::ErrorKind::TimedOut.into()),
            Some(connection) => ask(connection),
            None => connect(address).and_then(ask),
        };
        if due >= counted {
            let expected = asked.as_ref().is_ok_and(|(status, _)| status.starts_with(EXPECTED));
            answers.push(Answer { sent, done: since(due), expected });
        }
        connection = asked.ok().map(|(_, connection)| connection);
        due += Duration::from_secs(1) / RATE * CONNECTIONS;
    }
    answers
}

fn connect(address: SocketAddr) -> io::Result<Connection> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

/// The status line of an answer that was read to its end, and the connection for the next one.
fn ask(mut connection: Connection) -> io::Result<(String, Connection)> {
    connection.get_mut().write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")?;
    let (mut status, mut line, mut length) = (String::new(), String::new(), 0);
    connection.read_line(&mut status)?;
    while line != "\r\n" {
        line.clear();
        if connection.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    connection.read_exact(&mut vec![0; length])?;
    Ok((status, connection))
}
