//! The benchmarks' function in its versions, as processes: built alone, as its users build it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use crate::cores;
use crate::runtime_api::RuntimeApi;

/// Lift and its peers: the names in the tables, and the packages in `benches/functions`.
pub const VERSIONS: [(&str, &str); 4] = [
    ("lift", "function-lift"),
    ("lambda_http + axum", "function-axum"),
    ("lambda_http + service_fn", "function-http"),
    ("lambda_runtime + aws_lambda_events", "function-raw"),
];

/// The event that they answer, of an HTTP API of API Gateway.
pub const EVENT: &str = include_str!("../dispatch/events/v2.json");

/// A program, without its symbols.
pub struct Program {
    path: PathBuf,
}

impl Program {
    /// Builds a package into the folder and profile of the running benchmark. Alone and not with the workspace, whose
    /// other packages ask dependencies for more features.
    pub fn build(package: &str) -> Self {
        // TARGET/PROFILE/deps/BENCH
        let bench = std::env::current_exe().unwrap();
        let profile = bench.ancestors().nth(2).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", package, "--target-dir"]).arg(profile.parent().unwrap());
        cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "cargo build --package {package}");
        let folder = profile.join("under-bench");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(package);
        // rustc links with a compiler of C, and this comes with it.
        let stripped = Command::new("strip").arg("-o").arg(&path).arg(profile.join(package)).status();
        assert!(stripped.unwrap().success(), "strip {package}");
        Self { path }
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        fs::metadata(&self.path).unwrap().len()
    }

    /// Starts it as a function with 128 MB, on the first of this machine's cores.
    pub fn start(&self, api: &RuntimeApi) -> Function {
        let mut command = Command::new(&self.path);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        command.env("AWS_LAMBDA_RUNTIME_API", api.address().to_string());
        for (name, value) in ENVIRONMENT {
            command.env(name, value);
        }
        // A process starts where the thread runs that starts it.
        let spawn = || {
            cores::stay_on_first();
            Function { started: Instant::now(), child: command.spawn().unwrap() }
        };
        thread::scope(|scope| scope.spawn(spawn).join().unwrap())
    }
}

/// What AWS sets.
const ENVIRONMENT: [(&str, &str); 8] = [
    ("AWS_LAMBDA_FUNCTION_NAME", "orders"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/orders"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
    ("AWS_REGION", "eu-west-1"),
];

/// A running function, which is killed when this is dropped.
pub struct Function {
    /// When it was started.
    pub started: Instant,
    child: Child,
}

impl Function {
    /// Nanoseconds that its threads have been on a core so far.
    pub fn cpu(&self) -> f64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let nanos = tasks.map(|task| {
            let text = fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
            text.split(' ').next().unwrap().parse::<f64>().unwrap()
        });
        nanos.sum()
    }

    /// Bytes of its memory that are resident.
    pub fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        resident.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1024.0
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // Both fail only when it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
