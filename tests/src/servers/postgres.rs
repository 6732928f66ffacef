//! PostgreSQL, as Debian packages it.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, thread};

use lift::postgres::tokio_postgres::{NoTls, SimpleQueryMessage};
use tempfile::TempDir;

use super::{Certificate, processes};
use crate::deadline::{look_until, wait_until};
use crate::ports;
use crate::process::{Process, Program, Signal};

/// Who may connect how: `guarded` needs its password, everybody else nothing.
const HBA: &str = "local all all trust
host all guarded 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
";

/// A running server with an empty database `postgres`, that of the superuser `postgres`.
///
/// It is fast and forgets a crash of the machine (`fsync=off`), but not one of its own processes.
#[derive(Debug)]
pub struct Postgres {
    address: SocketAddr,
    settings: Vec<String>,
    // `None` after a crash. Before its folder, so that it ends first.
    server: Option<Process>,
    dir: TempDir,
}

impl Postgres {
    /// Starts one on a free port and waits until it answers.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed or does not start.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with settings such as `max_connections=5`.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn start_with(settings: &[&str]) -> Self {
        Self::launch(settings, None)
    }

    /// Starts one that speaks TLS with this certificate.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn start_with_tls(certificate: &Certificate) -> Self {
        Self::launch(&["ssl=on"], Some(certificate))
    }

    fn launch(settings: &[&str], certificate: Option<&Certificate>) -> Self {
        let dir = shared_folder();
        let data = dir.path().join("data");
        run(as_owner("cp").arg("-a").arg(template()).arg(&data));
        if let Some(certificate) = certificate {
            certificate.copy_to(&data).expect("a folder of our own");
            own(&data.join("server.crt"));
            own(&data.join("server.key"));
        }
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let mut postgres = Self { address: ports::free(), settings, server: None, dir };
        // Somebody else may take the port between our look and its start.
        for _ in 0..3 {
            if postgres.serve() {
                return postgres;
            }
            postgres.address = ports::free();
        }
        panic!("PostgreSQL did not start; what it wrote is above");
    }

    /// Starts the server and waits until it answers or ends.
    fn serve(&mut self) -> bool {
        let mut program = owner_program(binary("postgres"))
            .arg("-D")
            .arg(self.dir.path().join("data"))
            .arg("-k")
            .arg(self.dir.path())
            .arg("-h")
            .arg(self.address.ip().to_string())
            .arg("-p")
            .arg(self.address.port().to_string());
        let fast = ["fsync=off", "full_page_writes=off", "shared_buffers=16MB"];
        for setting in fast.into_iter().chain(self.settings.iter().map(String::as_str)) {
            program = program.arg("-c").arg(setting);
        }
        let server = self.server.insert(program.start());
        let address = self.address;
        let answered = look_until(Duration::from_secs(20), || match ask(address, "SELECT 1") {
            Ok(_) => Some(true),
            Err(_) => (!server.is_running()).then_some(false),
        });
        if answered == Some(true) {
            return true;
        }
        eprintln!("PostgreSQL did not start on {address}:\n{}", server.written());
        false
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder of its socket.
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// The URL of the superuser.
    pub fn url(&self) -> String {
        self.url_at(self.address)
    }

    /// The URL of the superuser by another way, such as a [`FaultProxy`](super::FaultProxy).
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("postgres://postgres@{address}/postgres")
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("database{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("CREATE DATABASE {name}"));
        format!("postgres://postgres@{}/{name}", self.address)
    }

    /// Runs statements on a connection of their own and returns the rows, values separated by `|`.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub fn sql(&self, text: &str) -> Vec<String> {
        match ask(self.address, text) {
            Ok(rows) => rows,
            Err(error) => panic!("`{text}`: {error}"),
        }
    }

    /// The sessions of clients, as `pg_stat_activity` counts them, without those of [`sql`](Self::sql), of which the last
    /// one may still be ending.
    pub fn sessions(&self) -> usize {
        let others = "SELECT pid FROM pg_stat_activity
                      WHERE backend_type = 'client backend' AND application_name <> 'harness'";
        self.sql(others).len()
    }

    /// Ends all sessions of clients from the server's side, as an administrator does, and returns how many, when their
    /// processes are gone and with them their ends of the connections.
    ///
    /// # Panics
    ///
    /// When one does not end.
    pub fn terminate_all(&self) -> usize {
        // Without a time-out, because with one the server looks ten times a second whether they are gone.
        let others = "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE backend_type = 'client backend' AND application_name <> 'harness'";
        let pid = |row: &String| row.split('|').next()?.parse().ok();
        let ended: Vec<u32> = self.sql(others).iter().filter_map(pid).collect();
        wait_until("the end of the sessions", || {
            ended.iter().all(|&pid| !processes::is_running(pid)).then_some(())
        });
        ended.len()
    }

    /// The process ids of the clients' sessions.
    pub fn backends(&self) -> Vec<u32> {
        let client = format!(" {}(", self.address.ip());
        let mut pids = self.children();
        pids.retain(|&pid| processes::title(pid).contains(&client));
        pids
    }

    /// Kills one session of a client with SIGKILL. The server then drops all of them and recovers in about 0.1 s.
    ///
    /// # Panics
    ///
    /// When there is no session.
    pub fn kill_a_backend(&self) {
        let pid = *self.backends().first().expect("a client's session");
        processes::signal(pid, Signal::KILL);
        wait_until("the end of a backend", || (!processes::is_running(pid)).then_some(()));
    }

    /// Freezes the server and all of its sessions: the kernel still accepts connections, and nobody answers.
    pub fn freeze(&self) {
        self.signal_all(Signal::STOP);
    }

    /// Lets the server go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.signal_all(Signal::CONT);
    }

    /// Kills the whole server with SIGKILL; connections to it are refused from then on.
    pub fn crash(&mut self) {
        let children = self.children();
        if let Some(server) = self.server.take() {
            server.signal(Signal::KILL);
            for &pid in &children {
                processes::signal(pid, Signal::KILL);
            }
            drop(server);
        }
        wait_until("the end of PostgreSQL's processes", || {
            children.iter().all(|&pid| !processes::is_running(pid)).then_some(())
        });
    }

    /// Starts the server on the same port, with the same data, after [`crash`](Self::crash).
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn restart(&mut self) {
        assert!(self.serve(), "PostgreSQL did not start again; what it wrote is above");
    }

    fn children(&self) -> Vec<u32> {
        self.server.as_ref().map(|server| processes::children(server.pid())).unwrap_or_default()
    }

    fn signal_all(&self, signal: Signal) {
        if let Some(server) = &self.server {
            server.signal(signal);
        }
        for pid in self.children() {
            processes::signal(pid, signal);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // An orderly end, at once, which also frees the server's shared memory.
        self.thaw();
        if let Some(server) = &mut self.server
            && server.is_running()
        {
            server.signal(Signal::QUIT);
            look_until(Duration::from_secs(5), || (!server.is_running()).then_some(()));
        }
    }
}

/// Asks by a connection of its own, on a thread of its own, since the caller may be in a runtime.
pub(super) fn ask(address: SocketAddr, text: &str) -> Result<Vec<String>, String> {
    let url = format!("postgres://postgres@{address}/postgres?connect_timeout=5&application_name=harness");
    let text = text.to_owned();
    let asking = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (client, connection) = lift::postgres::tokio_postgres::connect(&url, NoTls).await?;
            let driver = tokio::spawn(connection);
            let answers = client.simple_query(&text).await?;
            drop(client);
            let _ = driver.await;
            let rows = answers.into_iter().filter_map(|answer| match answer {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            });
            let values = |row: &lift::postgres::tokio_postgres::SimpleQueryRow| {
                (0..row.len()).map(|i| row.get(i).unwrap_or("NULL").to_owned()).collect::<Vec<_>>().join("|")
            };
            Ok(rows.map(|row| values(&row)).collect())
        })
    });
    let answer: Result<_, lift::postgres::tokio_postgres::Error> =
        asking.join().expect("asking does not panic");
    answer.map_err(|error| match error.as_db_error() {
        Some(error) => error.to_string(),
        None => error.to_string(),
    })
}

/// A data folder as `initdb` makes it, made once on this machine.
fn template() -> PathBuf {
    let owner = owner().map_or_else(|| rustix::process::getuid().as_raw().to_string(), str::to_owned);
    let made = std::env::temp_dir().join(format!("lift-tests-{}-{owner}", version()));
    if !made.join("PG_VERSION").exists() {
        let dir = shared_folder();
        let data = dir.path().join("data");
        run(as_owner(binary("initdb")).arg("-D").arg(&data).args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "--no-sync",
            "--locale=C",
            "-E",
            "UTF8",
        ]));
        fs::write(data.join("pg_hba.conf"), HBA).expect("a file in a folder of our own");
        // Another test process may have come first; then this one goes with its folder.
        let _ = fs::rename(&data, &made);
    }
    made
}

fn version() -> String {
    binary("postgres").ancestors().nth(2).and_then(Path::file_name).map_or_else(
        || "postgresql".to_owned(),
        |version| format!("postgresql-{}", version.to_string_lossy()),
    )
}

/// A program of the newest PostgreSQL that Debian's packages have installed, else one on the path.
fn binary(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())))
        .map(|(version, path)| (version, path.join("bin").join(name)))
        .filter(|(_, path)| path.exists())
        .max();
    newest.map_or_else(|| name.into(), |(_, path)| path)
}

/// The user to run PostgreSQL as: it refuses to be root.
fn owner() -> Option<&'static str> {
    rustix::process::getuid().is_root().then_some("postgres")
}

const BECOME: [&str; 3] = ["--reuid=postgres", "--regid=postgres", "--init-groups"];

fn as_owner(program: impl AsRef<OsStr>) -> Command {
    if owner().is_none() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(BECOME).arg(program);
    command
}

/// `setpriv` becomes the program, so the child is the server itself.
pub(super) fn owner_program(program: PathBuf) -> Program {
    if owner().is_none() {
        return Program::new(program);
    }
    BECOME.into_iter().fold(Program::new("/usr/bin/setpriv"), Program::arg).arg(program)
}

/// A temporary folder that PostgreSQL's user may write to.
pub(super) fn shared_folder() -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("a folder of our own");
    own(dir.path());
    dir
}

pub(super) fn own(path: &Path) {
    if let Some(owner) = owner() {
        run(Command::new("chown").arg(owner).arg(path));
        assert_ne!(fs::metadata(path).expect("a file of our own").uid(), 0, "chown had no effect");
    }
}

fn run(command: &mut Command) {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!(
            "`{program}` cannot be started ({error}): install PostgreSQL (on Debian or Ubuntu: apt-get install postgresql)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_serves_crashes_comes_back_with_its_data_and_ends() {
        let mut postgres = Postgres::start_with(&["max_connections=7"]);
        assert_eq!(postgres.sql("SHOW max_connections"), ["7"]);
        postgres.sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (NULL)");
        // `synchronous_commit=off` may lose what was written last.
        postgres.sql("CHECKPOINT");
        postgres.crash();
        assert!(ask(postgres.address(), "SELECT 1").is_err());
        postgres.restart();
        assert_eq!(postgres.sql("SELECT a, 'x' FROM t"), ["1|x", "NULL|x"]);
        let children = postgres.children();
        assert!(!children.is_empty());
        drop(postgres);
        wait_until("the end of all", || {
            children.iter().all(|&pid| !processes::is_running(pid)).then_some(())
        });
    }
}
