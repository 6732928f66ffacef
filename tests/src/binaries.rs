//! The programs under test, built as their users build them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// The program of the example `name`, after `cargo build -p NAME`.
///
/// It is built alone and not with the workspace, whose other packages may ask a dependency for features that the
/// example forgot. Into the folder and profile of the running test, once in a test process.
///
/// # Panics
///
/// When it cannot be built.
pub fn example(name: &str) -> PathBuf {
    example_with(name, "")
}

/// The program of the example `name` with these features besides its default ones, separated by commas.
///
/// # Panics
///
/// As [`example`].
pub fn example_with(name: &str, features: &str) -> PathBuf {
    // `None` after a build that failed, so that not every test tries it again.
    static BUILT: Mutex<BTreeMap<(String, String), Option<PathBuf>>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (name.to_owned(), features.to_owned());
    let path = built.entry(key).or_insert_with(|| build(name, features)).clone();
    drop(built);
    path.unwrap_or_else(|| panic!("`cargo build -p {name}` failed; its message was printed once"))
}

/// The folder of this repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A tool that `./tests/run tools` has installed.
///
/// # Panics
///
/// When it has not.
pub fn installed(tool: &str) -> PathBuf {
    let path = repository().join(".venv/bin").join(tool);
    assert!(path.exists(), "{tool} is not installed: run `./tests/run tools` once");
    path
}

fn build(name: &str, features: &str) -> Option<PathBuf> {
    // TARGET/PROFILE/deps/TEST
    let test = std::env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("a test lies in cargo's target folder");
    let target = profile.parent().expect("a profile lies in cargo's target folder");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", name, "--target-dir"]).arg(target).current_dir(repository());
    if !features.is_empty() {
        cargo.args(["--features", features]);
    }
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.output().expect("cargo starts");
    if !built.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&built.stderr));
    }
    built.status.success().then(|| {
        // The same program with other features takes the name.
        let kept = profile.join("under-test").join(features);
        fs::create_dir_all(&kept).expect("a folder in cargo's target folder");
        let program = kept.join(name);
        // What still runs keeps its file.
        let _ = fs::remove_file(&program);
        fs::copy(profile.join(name), &program).expect("a copy of the program");
        program
    })
}
