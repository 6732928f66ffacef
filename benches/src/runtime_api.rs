//! The least of a Lambda Runtime API: it hands out one event over and over, as fast as the function asks.
//!
//! The strict double of the tests notes and checks everything that it hears, and brings every feature of lift with it;
//! here the function is to be busy, and not what measures it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::cores;

/// The longest wait for a function.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where it runs, and the thread that starts it: functions have the first of this machine's cores.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// On the function's core, as in a sandbox of Lambda with one CPU.
    OneCore,
    /// On another one, if there is one.
    TwoCores,
}

/// It listens until it is dropped.
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    event: &'static str,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Events that are still to be handed out.
    events: usize,
    /// How many have been handed out, which numbers them.
    numbered: u64,
    /// Whether the function waits for an event.
    polling: bool,
    first_poll: Option<Instant>,
    /// What the function did wrong.
    fault: Option<String>,
    closed: bool,
}

impl RuntimeApi {
    /// Listens on a free loopback port, for one function.
    pub fn start(event: &'static str, place: Place) -> Self {
        match place {
            Place::OneCore => cores::stay_on_first(),
            Place::TwoCores => cores::leave_first(),
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { event, state: Mutex::default(), changed: Condvar::new() });
        thread::spawn({
            let shared = shared.clone();
            move || {
                for stream in listener.incoming().take_while(|_| !shared.lock().closed) {
                    let shared = shared.clone();
                    // A function that is killed breaks its connections off.
                    thread::spawn(move || shared.serve(stream?));
                }
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// When the function asked for its first event.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub fn first_poll(&self) -> Instant {
        self.shared.wait_for(|state| state.first_poll)
    }

    /// Has the function answer so many events, and waits until it asks for one more.
    ///
    /// # Panics
    ///
    /// When it answers anything but status 200.
    pub fn invoke(&self, events: usize) {
        self.shared.wait_for(|state| state.polling.then_some(()));
        self.shared.update(|state| state.events = events);
        self.shared.wait_for(|state| (state.polling && state.events == 0).then_some(()));
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.shared.update(|state| state.closed = true);
        // The listener sees it when somebody comes.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changed.notify_all();
        changed
    }

    fn wait_for<T>(&self, look: impl Fn(&State) -> Option<T>) -> T {
        let waiting = |state: &mut State| state.fault.is_none() && look(state).is_none();
        let (state, _) = self.changed.wait_timeout_while(self.lock(), PATIENCE, waiting).unwrap();
        match (&state.fault, look(&state)) {
            (None, Some(seen)) => seen,
            (fault, _) => panic!("{}", fault.as_deref().unwrap_or("the function does not ask for events")),
        }
    }

    /// One connection, until it breaks off.
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        loop {
            let (line, body) = request(&mut stream)?;
            let answer = match line.split(' ').collect::<Vec<_>>().as_slice() {
                ["GET", path, _] if path.ends_with("/invocation/next") => match self.next_event() {
                    Some(event) => event,
                    None => return Ok(()),
                },
                ["POST", path, _] if path.ends_with("/response") && good(&body) => ACCEPTED.to_owned(),
                _ => {
                    let fault = format!("{line}\n{}", String::from_utf8_lossy(&body));
                    self.update(|state| state.fault = Some(fault));
                    return Ok(());
                }
            };
            stream.get_mut().write_all(answer.as_bytes())?;
        }
    }

    /// Waits until there is an event to hand out.
    fn next_event(&self) -> Option<String> {
        self.update(|state| {
            state.polling = true;
            state.first_poll.get_or_insert_with(Instant::now);
        });
        let waiting = |state: &mut State| state.events == 0 && !state.closed;
        let mut state = self.changed.wait_while(self.lock(), waiting).unwrap();
        if state.closed {
            return None;
        }
        (state.polling, state.events, state.numbered) = (false, state.events - 1, state.numbered + 1);
        let (number, event) = (state.numbered, self.event);
        drop(state);
        let deadline = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default() + Duration::from_secs(3);
        Some(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-{number:012x}\r\n\
             lambda-runtime-invocation-id: 4d6b2f1e-0c3a-4b5d-8e7f-{number:012x}\r\n\
             lambda-runtime-deadline-ms: {}\r\n\
             lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:123456789012:function:orders\r\n\
             lambda-runtime-trace-id: Root=1-667f1c3e-4f2b6a0d5c8e9f1a2b3c4d5e;Parent=53995c3f42cd8ad8;Sampled=0\r\n\
             \r\n{event}",
            event.len(),
            deadline.as_millis(),
        ))
    }
}

/// The answer to an answer, as Lambda gives it.
const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n{\"status\":\"OK\"}\n";

fn good(answer: &[u8]) -> bool {
    answer.windows(16).any(|window| window == br#""statusCode":200"#)
}

/// The first line and the body.
fn request(stream: &mut BufReader<TcpStream>) -> io::Result<(String, Vec<u8>)> {
    let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
    stream.read_line(&mut first)?;
    while line != "\r\n" {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((first.trim_end().to_owned(), body))
}
