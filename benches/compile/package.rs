//! A package that is written for one measurement, in cargo's folder for temporary files.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[derive(Clone, Copy)]
pub(crate) enum Style {
    Lift,
    Axum,
}

pub(crate) struct Package {
    folder: PathBuf,
}

impl Package {
    pub(crate) fn write(style: Style, handlers: usize) -> Self {
        let (name, dependencies, main) = match style {
            Style::Lift => ("lift", lift_dependency(), lift_main(handlers)),
            Style::Axum => ("axum", AXUM.to_owned(), axum_main(handlers)),
        };
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("compile-{name}-{handlers}"));
        fs::create_dir_all(folder.join("src")).unwrap();
        let manifest = format!(
            "[package]\nname = \"service\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [profile.dev]\ndebug = \"line-tables-only\"\n\n[dependencies]\n{dependencies}\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        // The same versions as everywhere here.
        fs::copy(Path::new(ROOT).join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        fs::write(folder.join("src/main.rs"), main).unwrap();
        Self { folder }
    }

    /// Builds it with its dependencies.
    pub(crate) fn build(&self) {
        self.cargo(&["build", "--quiet"]);
    }

    /// Builds it again as after a change in it.
    pub(crate) fn rebuild(&self) -> Duration {
        let main = self.folder.join("src/main.rs");
        let source = fs::read_to_string(&main).unwrap();
        fs::write(&main, source).unwrap();
        let begin = Instant::now();
        self.cargo(&["build", "--quiet"]);
        begin.elapsed()
    }

    /// The lines of its source after expansion.
    pub(crate) fn expanded(&self) -> usize {
        let output = self.cargo(&["rustc", "--quiet", "--profile", "check", "--", "-Zunpretty=expanded"]);
        output.stdout.iter().filter(|byte| **byte == b'\n').count()
    }

    /// All share one folder for what they depend on. What only nightly has is used for reading an expansion.
    fn cargo(&self, arguments: &[&str]) -> Output {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(arguments).current_dir(&self.folder).env("RUSTC_BOOTSTRAP", "1");
        cargo.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile-target"));
        for name in ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "RUSTC_WRAPPER"] {
            cargo.env_remove(name);
        }
        let output = cargo.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }
}

fn lift_dependency() -> String {
    let path = fs::canonicalize(Path::new(ROOT).join("lift")).unwrap();
    format!("lift = {{ path = {path:?} }}\nserde = {{ version = \"1\", features = [\"derive\"] }}")
}

const AXUM: &str = "\
axum = { version = \"0.8\", default-features = false, features = [\"http1\", \"json\", \"tokio\"] }
serde = { version = \"1\", features = [\"derive\"] }
tokio = { version = \"1\", features = [\"macros\", \"net\", \"rt-multi-thread\"] }";

const ORDER: &str = "\
#[derive(serde::Serialize)]
struct Order {
    id: u64,
    name: String,
}
";

fn body(number: usize) -> String {
    format!("    Json(Order {{ id: id + {number}, name: format!(\"order {{id}}\") }})")
}

fn lift_main(handlers: usize) -> String {
    let mut text = format!("use lift::prelude::*;\n\n{ORDER}");
    let mut names = String::new();
    for number in 0..handlers {
        let _ = write!(
            text,
            "\n#[lift::handler(GET, \"/orders{number}/{{id}}\")]\nasync fn order{number}(id: u64) -> Json<Order> {{\n{}\n}}\n",
            body(number)
        );
        let _ = write!(names, "order{number}, ");
    }
    let _ = write!(
        text,
        "\n#[lift::main]\nasync fn main() -> lift::Result<()> {{\n    App::new(\"service\").handlers(lift::handlers![{names}]).run().await\n}}\n"
    );
    text
}

fn axum_main(handlers: usize) -> String {
    let mut text =
        format!("use axum::extract::Path;\nuse axum::routing::get;\nuse axum::{{Json, Router}};\n\n{ORDER}");
    let mut routes = String::new();
    for number in 0..handlers {
        let _ = write!(
            text,
            "\nasync fn order{number}(Path(id): Path<u64>) -> Json<Order> {{\n{}\n}}\n",
            body(number)
        );
        let _ = write!(routes, "\n        .route(\"/orders{number}/{{id}}\", get(order{number}))");
    }
    let _ = write!(
        text,
        "\n#[tokio::main]\nasync fn main() -> std::io::Result<()> {{\n    let router = Router::new(){routes};\n    \
         let listener = tokio::net::TcpListener::bind(\"127.0.0.1:3000\").await?;\n    axum::serve(listener, router).await\n}}\n"
    );
    text
}
