//! Redis, as Debian packages it.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use tempfile::TempDir;

use super::Certificate;
use crate::deadline::look_until;
use crate::ports;
use crate::process::{Process, Program, Signal};

/// A running, empty server. It keeps its data in memory only.
#[derive(Debug)]
pub struct Redis {
    address: SocketAddr,
    tls: Option<SocketAddr>,
    settings: Vec<String>,
    // `None` after a crash. Before its folder, so that it ends first.
    server: Option<Process>,
    dir: TempDir,
}

impl Redis {
    /// Starts one on a free port and waits until it answers.
    ///
    /// # Panics
    ///
    /// When Redis is not installed or does not start.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with arguments such as `["--maxclients", "1"]`.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn start_with(settings: &[&str]) -> Self {
        Self::launch(settings, None)
    }

    /// Starts one that also speaks TLS with this certificate, at [`tls_address`](Self::tls_address).
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn start_with_tls(certificate: &Certificate) -> Self {
        let (path, key) = (certificate.path(), certificate.key());
        let (path, key) = (path.to_string_lossy(), key.to_string_lossy());
        let tls = ports::free();
        let port = tls.port().to_string();
        let files = [
            "--tls-port",
            &port,
            "--tls-cert-file",
            &path,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &path,
        ];
        Self::launch(&[&files[..], &["--tls-auth-clients", "no"]].concat(), Some(tls))
    }

    fn launch(settings: &[&str], tls: Option<SocketAddr>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let mut redis = Self { address: ports::free(), tls, settings, server: None, dir };
        // Somebody else may take the port between our look and its start.
        for _ in 0..3 {
            if redis.serve() {
                return redis;
            }
            redis.address = ports::free();
        }
        panic!("Redis did not start; what it wrote is above");
    }

    /// Starts the server and waits until it answers or ends.
    fn serve(&mut self) -> bool {
        let mut program = Program::new("redis-server")
            .arg("--port")
            .arg(self.address.port().to_string())
            .arg("--bind")
            .arg(self.address.ip().to_string())
            .arg("--dir")
            .arg(self.dir.path());
        let fixed = ["--save", "", "--appendonly", "no", "--enable-debug-command", "local"];
        for setting in fixed.into_iter().chain(self.settings.iter().map(String::as_str)) {
            program = program.arg(setting);
        }
        let server = self.server.insert(program.start());
        let address = self.address;
        let answered = look_until(Duration::from_secs(20), || match ask(address, &["PING"]) {
            // A server with a password answers, too.
            Ok(_) => Some(true),
            Err(_) => (!server.is_running()).then_some(false),
        });
        if answered == Some(true) && server.is_running() {
            return true;
        }
        eprintln!("Redis did not start on {address}:\n{}", server.written());
        false
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for TLS.
    ///
    /// # Panics
    ///
    /// When it was not started with TLS.
    pub fn tls_address(&self) -> SocketAddr {
        self.tls.expect("a server that was started with TLS")
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Sends one command on a connection of its own and returns the answer as text, an array with a line for each item.
    ///
    /// # Panics
    ///
    /// When there is no answer or it is an error.
    pub fn command(&self, words: &[&str]) -> String {
        match self.try_command(words) {
            Ok(answer) => answer,
            Err(error) => panic!("{words:?}: {error}"),
        }
    }

    /// As [`command`](Self::command), for one that the server may refuse.
    ///
    /// # Errors
    ///
    /// What the server says.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub fn try_command(&self, words: &[&str]) -> Result<String, String> {
        match ask(self.address, words) {
            Ok(answer) => answer,
            Err(error) => panic!("{words:?}: {error}"),
        }
    }

    /// How often each command was called since the start or [`forget_calls`](Self::forget_calls), by its name in
    /// lower case (`client|setname` for a subcommand).
    pub fn calls(&self) -> BTreeMap<String, u64> {
        let stats = self.command(&["INFO", "commandstats"]);
        let line = |line: &str| {
            let (name, figures) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            Some((name.to_owned(), figures.split(',').next()?.parse().ok()?))
        };
        stats.lines().filter_map(line).collect()
    }

    /// Starts counting [`calls`](Self::calls) afresh.
    pub fn forget_calls(&self) {
        self.command(&["CONFIG", "RESETSTAT"]);
    }

    /// The clients that are connected, without the one that asks.
    pub fn clients(&self) -> usize {
        self.command(&["CLIENT", "LIST"]).lines().filter(|line| !line.is_empty()).count() - 1
    }

    /// Closes the connections of all other clients from the server's side, and returns how many.
    ///
    /// # Panics
    ///
    /// When the answer is no number.
    pub fn kill_clients(&self) -> usize {
        self.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).parse().expect("a number")
    }

    /// Lets all commands wait for this long.
    pub fn pause(&self, time: Duration) {
        self.command(&["CLIENT", "PAUSE", &time.as_millis().to_string(), "ALL"]);
    }

    /// Freezes the server: the kernel still accepts connections, and nobody answers.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets the server go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Kills the server with SIGKILL, and its data with it; connections to it are refused from then on.
    pub fn crash(&mut self) {
        if let Some(server) = self.server.take() {
            server.signal(Signal::KILL);
        }
    }

    /// Starts the server on the same port after [`crash`](Self::crash).
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn restart(&mut self) {
        assert!(self.serve(), "Redis did not start again; what it wrote is above");
    }

    fn signal(&self, signal: Signal) {
        if let Some(server) = &self.server {
            server.signal(signal);
        }
    }
}

/// The answer of the server, or its error.
type Answer = Result<String, String>;

fn ask(address: SocketAddr, words: &[&str]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(request.as_bytes())?;
    let mut reader = BufReader::new(stream);
    let answer = read(&mut reader)?;
    // Until the server has closed it as well it counts as a client.
    let _ = reader.get_ref().shutdown(Shutdown::Write);
    let _ = reader.read_to_end(&mut Vec::new());
    Ok(answer)
}

/// One value of RESP 2.
fn read(reader: &mut impl BufRead) -> io::Result<Answer> {
    let broken = || io::Error::new(io::ErrorKind::UnexpectedEof, "not an answer of Redis");
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let line = line.strip_suffix("\r\n").ok_or_else(broken)?;
    let (kind, rest) = line.split_at_checked(1).ok_or_else(broken)?;
    let length = || rest.parse::<i64>().map_err(|_| broken());
    Ok(match kind {
        "+" | ":" => Ok(rest.to_owned()),
        "-" => Err(rest.to_owned()),
        "$" => match usize::try_from(length()?) {
            Err(_) => Ok(String::new()),
            Ok(length) => {
                let mut bytes = vec![0; length + 2];
                reader.read_exact(&mut bytes)?;
                bytes.truncate(length);
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }
        },
        "*" => {
            let items = (0..length()?.max(0)).map(|_| read(reader)).collect::<io::Result<Vec<_>>>()?;
            items.into_iter().collect::<Result<Vec<_>, _>>().map(|items| items.join("\n"))
        }
        _ => return Err(broken()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_serves_counts_crashes_and_comes_back_empty() {
        let mut redis = Redis::start();
        redis.command(&["SET", "a", "1"]);
        assert_eq!(redis.command(&["MGET", "a", "b"]), "1\n");
        assert_eq!((redis.calls()["set"], redis.calls().get("get")), (1, None));
        redis.forget_calls();
        assert_eq!((redis.calls().get("set"), redis.clients()), (None, 0));
        redis.crash();
        assert!(ask(redis.address(), &["PING"]).is_err());
        redis.restart();
        assert_eq!(redis.command(&["EXISTS", "a"]), "0");
    }
}
