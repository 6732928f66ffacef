//! A real service in a process of its own: this program once more.

use std::io::{self, BufRead, BufReader};
use std::iter::repeat_n;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::components::{Check, app};

/// Set where this program is to be the service.
const SERVICE: &str = "LIFT_BENCH_SERVICE";

/// The ticks of a second in `/proc`, on every Linux.
const TICKS: f64 = 100.0;

pub(crate) fn is_this() -> bool {
    std::env::var_os(SERVICE).is_some()
}

/// Serves 20 components, two of which misbehave for ever, until it is killed or its parent has ended.
pub(crate) fn serve() {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
    let checks = [Check::Hangs, Check::Blocks].into_iter().chain(repeat_n(Check::Trivial, 18));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(app(checks, Duration::ZERO).run()).unwrap();
    // One of its threads never ends.
    runtime.shutdown_background();
}

/// A running service, which ends when this is dropped.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Service {
    /// Starts it; its address is that of the listener for probes alone when it is to have one.
    pub(crate) fn start(own_thread: bool) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["serve", "--listen", "127.0.0.1:0"]).env_clear().env(SERVICE, "1");
        command.env("LIFT_HEALTH_SYSTEM_ENABLED", "false").env("LIFT_LOG_FORMAT", "text");
        let mut before = " listens on http://";
        if own_thread {
            command.env("LIFT_HEALTH_LISTEN", "127.0.0.1:0");
            before = " the same at http://";
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| {
            let (_, after) = line.split_once(before)?;
            after.split(',').next()?.trim().parse().ok()
        });
        // Its log goes nowhere, but it goes.
        thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.expect("the service tells where it listens") }
    }

    /// Seconds of all its threads on a CPU so far, and kilobytes in memory now, where the system tells.
    pub(crate) fn usage(&self) -> Option<(f64, f64)> {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).ok();
        let (stat, status) = (read("stat")?, read("status")?);
        // The program's name, in parentheses, may contain spaces.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<f64>().ok();
        let seconds = (ticks()? + ticks()?) / TICKS;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some((seconds, resident.split_whitespace().next()?.parse().ok()?))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail only when it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
