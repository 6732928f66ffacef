//! Child processes: a clean environment, captured output, signals, and an end.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

use crate::deadline::wait_until;

/// What a child keeps of the tests' own environment; settings of whoever runs the tests must not reach it.
const KEPT: [&str; 8] =
    ["PATH", "HOME", "TMPDIR", "LANG", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "LLVM_PROFILE_FILE"];

/// A program with its arguments, ready to start.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    dir: Option<PathBuf>,
}

impl Program {
    /// The program at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), args: Vec::new(), env: Vec::new(), dir: None }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Starts it in this folder.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// When the program cannot be started.
    pub fn start(self) -> Process {
        let mut command = Command::new(&self.path);
        command.args(&self.args).env_clear();
        command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.envs(self.env).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("{} cannot be started: {error}", self.path.display()),
        };
        let output = Arc::new(Output::default());
        let readers = vec![
            Output::read(&output, Stream::Out, child.stdout.take()),
            Output::read(&output, Stream::Err, child.stderr.take()),
        ];
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Process { name, child, output, readers }
    }

    /// Starts it and waits for its end.
    ///
    /// # Panics
    ///
    /// When the program cannot be started or does not end.
    pub fn run(self) -> Finished {
        self.start().wait_for_exit()
    }
}

/// A running child. Dropping it kills it; when the test is failing, its output is printed too.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    output: Arc<Output>,
    readers: Vec<JoinHandle<()>>,
}

/// How a child ended, and what it wrote.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The exit status, or the signal that ended it.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

impl Process {
    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The memory that it has in use, in bytes.
    ///
    /// # Panics
    ///
    /// When it has ended.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("a process");
        let kilobytes =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
        kilobytes.and_then(|number| number.parse::<u64>().ok()).expect("its memory") * 1024
    }

    /// Sends a signal.
    ///
    /// # Panics
    ///
    /// When the process has been waited for already.
    pub fn signal(&self, signal: Signal) {
        // Not reaped before `wait_for_exit` takes `self`, so the id is still this child's.
        kill_process(Pid::from_child(&self.child), signal).expect("a child of this test");
    }

    /// Whether it has not ended yet.
    ///
    /// # Panics
    ///
    /// When the system does not know the process.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child of this test").is_none()
    }

    /// The first line, of either stream, that `pick` finds something in.
    ///
    /// # Panics
    ///
    /// When there is none within [`SOON`](crate::deadline::SOON).
    pub fn wait_for<T>(&self, what: &str, mut pick: impl FnMut(&str) -> Option<T>) -> T {
        let mut seen = 0;
        wait_until(&format!("a line of `{}` with {what}", self.name), || {
            let lines = self.output.lines();
            let found = lines.iter().skip(seen).find_map(|(_, line)| pick(line));
            seen = lines.len();
            found
        })
    }

    /// The first line, of either stream, that contains `text`.
    ///
    /// # Panics
    ///
    /// When there is none within [`SOON`](crate::deadline::SOON).
    pub fn wait_for_line(&self, text: &str) -> String {
        self.wait_for(&format!("`{text}`"), |line| line.contains(text).then(|| line.to_owned()))
    }

    /// What it has written so far, both streams in the order of arrival.
    pub fn written(&self) -> String {
        self.output.text(None)
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When it still runs after [`SOON`](crate::deadline::SOON).
    pub fn wait_for_exit(mut self) -> Finished {
        let status = wait_until(&format!("the end of `{}`", self.name), || {
            self.child.try_wait().expect("a child of this test")
        });
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader does not panic");
        }
        let text = |stream| self.output.text(Some(stream));
        Finished { status, stdout: text(Stream::Out), stderr: text(Stream::Err) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- what `{}` wrote\n{}---", self.name, self.written());
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stream {
    Out,
    Err,
}

/// The lines of both streams as they arrived.
#[derive(Debug, Default)]
struct Output(Mutex<Vec<(Stream, String)>>);

impl Output {
    fn lines(&self) -> MutexGuard<'_, Vec<(Stream, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(&self, only: Option<Stream>) -> String {
        let mut text = String::new();
        for (_, line) in self.lines().iter().filter(|(stream, _)| only.is_none_or(|only| only == *stream)) {
            let _ = writeln!(text, "{line}");
        }
        text
    }

    fn read(output: &Arc<Self>, stream: Stream, pipe: Option<impl Read + Send + 'static>) -> JoinHandle<()> {
        let output = Arc::clone(output);
        thread::spawn(move || {
            let Some(pipe) = pipe else { return };
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                output.lines().push((stream, String::from_utf8_lossy(&line).into_owned()));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program::new("/bin/sh").arg("-c").arg(script)
    }

    #[test]
    fn both_streams_and_the_status_are_captured() {
        let finished = shell("echo out; echo err >&2; exit 3").run();
        assert_eq!(finished.status.code(), Some(3));
        assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("out\n", "err\n"));
    }

    #[test]
    fn a_child_sees_only_the_variables_it_is_given() {
        let finished = shell("env").env("LIFT_LISTEN", "127.0.0.1:0").run();
        assert!(finished.stdout.contains("LIFT_LISTEN=127.0.0.1:0"), "{}", finished.stdout);
        assert!(!finished.stdout.contains("CARGO_PKG_NAME"), "{}", finished.stdout);
    }

    #[test]
    fn a_signal_reaches_the_child() {
        let child =
            shell("trap 'echo got it; exit 0' TERM; echo ready; while :; do sleep 0.01; done").start();
        child.wait_for_line("ready");
        child.signal(Signal::TERM);
        let finished = child.wait_for_exit();
        assert!(finished.status.success());
        assert_eq!(finished.stdout, "ready\ngot it\n");
    }

    #[test]
    fn dropping_it_ends_it() {
        let child = shell("echo ready; exec sleep 1000").start();
        child.wait_for_line("ready");
        let pid = Pid::from_child(&child.child);
        drop(child);
        assert!(rustix::process::test_kill_process(pid).is_err());
    }
}
