//! What the README shows, done as a stranger does it: its blocks in a crate of their own, its commands in a shell.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tests::deadline::look_until;
use tests::process::{Process, Program};

use crate::support::folder;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

/// The first block of the README behind these words, written in this language.
fn block(readme: &str, words: &str, language: &str) -> String {
    let rest = readme.split_once(words).unwrap_or_else(|| panic!("the README says `{words}`")).1;
    let rest = rest.split_once(&format!("```{language}\n")).expect("a block").1;
    rest.split_once("```").expect("the end of the block").0.to_owned()
}

/// A crate beside the repository, as far as its dependencies can tell.
fn crate_of(readme: &str) -> tempfile::TempDir {
    let dir = folder();
    let root = repository();
    let dependencies = block(readme, "In a crate of your own", "toml");
    assert!(dependencies.contains("path = \"../lift/lift\""), "{dependencies}");
    let dependencies = dependencies.replace("../lift/lift", &root.join("lift").display().to_string());
    let manifest = format!(
        "[package]\nname = \"notes\"\nversion = \"0.3.0\"\nedition = \"2024\"\n\n{dependencies}\n[workspace]\n"
    );
    let main = block(readme, "`src/main.rs`", "rust,no_run");
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write("Cargo.toml", &manifest);
    write("src/main.rs", &main);
    // The versions that everything else here is tested with.
    std::fs::copy(root.join("Cargo.lock"), dir.path().join("Cargo.lock")).expect("the lock file");
    std::fs::copy(root.join("rust-toolchain.toml"), dir.path().join("rust-toolchain.toml"))
        .expect("the toolchain");
    dir
}

/// Builds it beside everything else that has been built here, and returns the program.
fn built(dir: &Path) -> PathBuf {
    let target = repository().join("target/readme");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or(target, |target| PathBuf::from(target).join("readme"));
    // In the environment of whoever runs the tests, where cargo finds what it has loaded, and for as long as it takes.
    let built = Command::new(env!("CARGO"))
        .current_dir(dir)
        .env("CARGO_TARGET_DIR", &target)
        .args(["build", "--quiet"])
        .output()
        .expect("cargo");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join("debug/notes")
}

fn shell(dir: &Path, line: &str) -> String {
    let ran = Program::new("sh").dir(dir).arg("-c").arg(line).run();
    assert!(ran.status.success(), "{line}: {}", ran.stderr);
    ran.stdout
}

#[test]
fn the_service_of_the_readme_is_written_built_and_asked_as_it_says() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("the README");
    let dir = crate_of(&readme);
    let program = built(dir.path());
    let version = Program::new(&program).dir(dir.path()).arg("--version").run();
    assert!(version.stdout.starts_with("notes 0.3.0 (lift "), "{}", version.stdout);

    let service: Process = Program::new(&program).dir(dir.path()).arg("--listen").arg("127.0.0.1:0").start();
    let address = service
        .wait_for("its address", |line| Some(line.split_once(" listens on http://")?.1.trim().to_owned()));
    let ready = look_until(Duration::from_secs(20), || {
        let looked = Program::new("curl").arg("-sf").arg(format!("http://{address}/health/ready")).run();
        looked.status.success().then_some(())
    });
    assert!(ready.is_some(), "{}", service.written());

    let answers: Vec<String> = block(&readme, "in another terminal", "sh")
        .lines()
        .map(|line| shell(dir.path(), &line.replace("127.0.0.1:3000", &address)))
        .collect();
    let [missing, wrong, ready] = &*answers else { panic!("three requests: {answers:?}") };
    assert!(
        missing.starts_with("HTTP/1.1 404") && missing.contains("\"code\":\"NOTE_NOT_FOUND\""),
        "{missing}"
    );
    assert!(
        wrong.starts_with("HTTP/1.1 400") && wrong.contains("`id`") || wrong.contains("\"id\""),
        "{wrong}"
    );
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
}
