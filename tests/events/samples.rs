//! Sample events, from the source of two crates and from two packages that `./tests/run tools` installs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tests::binaries::repository;

/// An event of one file.
pub(crate) struct Sample {
    /// The package and the file: `sam/sqs/Sqs`.
    pub(crate) name: String,
    pub(crate) event: Value,
}

/// All of them, by name.
pub(crate) fn all() -> Vec<Sample> {
    let installed = repository().join(".venv");
    let sam = installed.join("samples/samcli/lib/generated_sample_events/events");
    let event_mocks = installed.join("npm/node_modules/@serverless/event-mocks/dist/events/aws");
    let mut samples = Vec::new();
    for (package, folder) in [
        ("aws_lambda_events", source_of("aws_lambda_events", "src/fixtures")),
        ("event-mocks", event_mocks),
        ("lambda_http", source_of("lambda_http", "tests/data")),
        ("sam", sam),
    ] {
        assert!(folder.is_dir(), "{} is missing: run `./tests/run tools` once", folder.display());
        let before = samples.len();
        collect(package, &folder, &mut samples);
        assert!(samples.len() > before, "{} has no samples", folder.display());
    }
    samples
}

/// One of them.
pub(crate) fn one(name: &str) -> Value {
    let sample = all().into_iter().find(|sample| sample.name == name);
    sample.unwrap_or_else(|| panic!("{name} is no sample")).event
}

fn collect(package: &str, folder: &Path, samples: &mut Vec<Sample>) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_stem().unwrap().to_str().unwrap().trim_start_matches("example-");
        let name = format!("{package}/{name}");
        if path.is_dir() {
            collect(&name, &path, samples);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let text = filled(&fs::read_to_string(&path).unwrap());
            let event = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            samples.push(Sample { name, event });
        }
    }
}

/// The templates of SAM leave out what its command line asks for: `{{{region}}}`.
fn filled(template: &str) -> String {
    let mut parts = template.split("{{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").expect("the end of a placeholder");
        let name = name.trim_start_matches('{').trim();
        text.push_str(match name {
            "region" => "eu-central-1",
            "partition" => "aws",
            "dns_suffix" => "eu-central-1.amazonaws.com",
            "account_id" => "123456789012",
            "method" => "GET",
            "stage" => "prod",
            "path" => "path/to/resource",
            // `{}`, which can be a body, a name and data of a stream.
            _ => "e30=",
        });
        text.push_str(rest.trim_start_matches('}'));
    }
    text
}

/// A folder of a crate's source, where cargo keeps it.
fn source_of(name: &str, folder: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let metadata = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(repository())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&metadata.stderr)));
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == name).unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).with_file_name(folder)
}
