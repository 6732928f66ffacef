use std::ffi::OsString;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::{load, start_logs};
use crate::app::{self, Arrival, Service, Starting, errors, routes, samples, table};
use crate::{App, Error};

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Serve { listen: Option<String>, dev: bool },
    Invoke { file: PathBuf, name: Option<String> },
    Events { kind: Option<String>, name: Option<String>, body: Option<PathBuf> },
    Routes,
    Errors,
    Health,
    Help,
    Version,
}

const HELP: &str = "\
usage: NAME [COMMAND]

commands:
  serve [--listen ADDR] [--dev] serve HTTP until SIGTERM or Ctrl-C (the default); with --dev take events, too:
                                POST /_lift/events from this machine, in a program built with lift's feature `dev`
  invoke FILE [--name HANDLER]  call the service once with an AWS event; FILE may be - for standard input
  events [KIND [NAME]] [--body FILE]
                                list the events that it takes, or write one: events sqs > event.json; NAME is the queue,
                                the rule or any route (events http-api \"POST /orders\"), FILE what is in it, - for standard input
  routes                        list what is served
  errors                        list what the errors of the handlers tell a client: status, code, retry, text
  health                        look at every component once; exit status 0 healthy, 1 degraded, 2 not healthy
  --help, --version             this text; the versions of the service and of lift

environment:
  LIFT_LISTEN, PORT             where to listen: LIFT_LISTEN, else 0.0.0.0:$PORT, else 127.0.0.1:3000
  LIFT_CONFIG                   the settings file, else lift.toml in the working folder when there is one
  LIFT_START_WAIT               for how long a start function that fails is tried again (0)
  LIFT_SHUTDOWN_DELAY, _GRACE   how long to go on accepting after SIGTERM, and all of the shutdown
  LIFT_HEALTH_BASE_PATH         where the probes are (/health)
  LIFT_HEALTH_LISTEN            an address that answers probes alone, on a thread of its own
  LIFT_HEALTH_DETAILS, _TOKEN   never, always or authorized show details of the checks (never)
  LIFT_HEALTH_INTERVAL          how often the server looks at each component (5s)
  LIFT_LOG_FORMAT, RUST_LOG     json or text; which log lines
  AWS_LAMBDA_RUNTIME_API        set by Lambda: then the service is a function and takes no command
";

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, Error> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_args(arguments);
    let (mut command, mut file, mut listen, mut name, mut body, mut dev) =
        (None, None, None, None, None, false);
    let mut words: Vec<String> = Vec::new();
    let usage = |problem: String| Error::msg(format!("{problem}\nhelp: see --help"));
    while let Some(argument) = parser.next().map_err(|error| usage(error.to_string()))? {
        let value = |parser: &mut lexopt::Parser| {
            parser.value().and_then(|value| value.string()).map_err(|error| usage(error.to_string()))
        };
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('V') | Long("version") => return Ok(Command::Version),
            Long("body") => body = Some(PathBuf::from(value(&mut parser)?)),
            Long("listen") => listen = Some(value(&mut parser)?),
            Long("dev") => dev = true,
            Long("name") => name = Some(value(&mut parser)?),
            Value(word) if command.is_none() => command = Some(word.to_string_lossy().into_owned()),
            Value(path) if command.as_deref() == Some("invoke") && file.is_none() => {
                file = Some(PathBuf::from(path))
            }
            Value(word) if command.as_deref() == Some("events") && words.len() < 2 => {
                words.push(word.to_string_lossy().into_owned());
            }
            other => return Err(usage(other.unexpected().to_string())),
        }
    }
    let command = match (command.as_deref(), file) {
        (None | Some("serve"), None) => {
            Command::Serve { listen: listen.take(), dev: std::mem::take(&mut dev) }
        }
        (Some("events"), None) => {
            let mut words = words.into_iter();
            Command::Events { kind: words.next(), name: words.next(), body: body.take() }
        }
        (Some("routes"), None) => Command::Routes,
        (Some("errors"), None) => Command::Errors,
        (Some("health"), None) => Command::Health,
        (Some("help"), None) => Command::Help,
        (Some("version"), None) => Command::Version,
        (Some("invoke"), Some(file)) => Command::Invoke { file, name: name.take() },
        (Some("invoke"), None) => return Err(usage("`invoke` needs the file of an event".to_owned())),
        (Some(word), _) => return Err(usage(format!("there is no command `{word}`"))),
        (None, Some(_)) => return Err(usage("a file needs the command `invoke`".to_owned())),
    };
    if body.is_some() || matches!(&command, Command::Events { kind: None, body: Some(_), .. }) {
        return Err(usage("`--body` belongs to `events KIND`".to_owned()));
    }
    match (listen, name, dev) {
        (Some(_), ..) => Err(usage("`--listen` belongs to `serve`".to_owned())),
        (_, Some(_), _) => Err(usage("`--name` belongs to `invoke`".to_owned())),
        (.., true) => Err(usage("`--dev` belongs to `serve`".to_owned())),
        (None, None, false) => Ok(command),
    }
}

pub(super) async fn run(app: App) -> crate::Result<()> {
    let command = parse(std::env::args_os().skip(1))?;
    if command == Command::Help {
        let program = std::env::args_os().next().map(PathBuf::from);
        let name = program
            .as_deref()
            .and_then(|path| path.file_name())
            .map(|name| name.to_string_lossy().into_owned());
        print(&HELP.replacen("NAME", name.as_deref().unwrap_or("service"), 1));
        return Ok(());
    }
    if command == Command::Version {
        print(&format!("{}\n", super::main::versions(&app)));
        return Ok(());
    }
    start_logs();
    let sources = load()?;
    match command {
        Command::Serve { listen, dev } => serve(app, &sources, listen, dev).await,
        Command::Events { kind, name, body } => events(app, &sources, kind.as_deref(), name.as_deref(), body),
        Command::Invoke { file, name } => invoke(app, &sources, file, name).await,
        Command::Routes => {
            print(&routes(&app.build(&sources)?.0));
            Ok(())
        }
        Command::Errors => {
            print(&errors(&app.build(&sources)?.0));
            Ok(())
        }
        Command::Health => health(app, &sources).await,
        Command::Help | Command::Version => Ok(()),
    }
}

#[cfg(feature = "server")]
async fn serve(
    app: App,
    sources: &crate::config::Sources,
    listen: Option<String>,
    dev: bool,
) -> crate::Result<()> {
    if dev && !cfg!(feature = "dev") {
        let help = "build it with lift's feature `dev`, for your own machine only";
        return Err(Error::msg(format!(
            "this program was built without the endpoint for events\nhelp: {help}"
        )));
    }
    super::server::run(app, sources, listen, dev).await
}

#[cfg(not(feature = "server"))]
async fn serve(_: App, _: &crate::config::Sources, _: Option<String>, _: bool) -> crate::Result<()> {
    Err(Error::msg("this program was built without the HTTP server; build lift with its feature `server`"))
}

/// Lists the events that the service takes, or writes the one that is asked for.
fn events(
    app: App,
    sources: &crate::config::Sources,
    kind: Option<&str>,
    name: Option<&str>,
    body: Option<PathBuf>,
) -> crate::Result<()> {
    let body = body.map(|file| read(&file)).transpose()?;
    let (service, settings) = app.build(sources)?;
    settings.apply();
    let Some(kind) = kind else {
        let rows: Vec<_> =
            samples(&service).into_iter().map(|(kind, name)| [kind.to_owned(), name]).collect();
        print(&table(&rows));
        return Ok(());
    };
    let event = app::event(&service, kind, name, body.as_deref()).map_err(Error::msg)?;
    print(&format!("{event:#}\n"));
    Ok(())
}

/// Standard output may be a pipe that nobody reads any more.
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Looks at every component from this process, and exits with a status that scripts can read.
async fn health(app: App, sources: &crate::config::Sources) -> crate::Result<()> {
    let (service, settings) = app.build(sources)?;
    settings.apply();
    let report = service.probes.health().await;
    print(&report.render(crate::health::Form::Text, crate::health::Sight::ALL));
    service.close(None).await;
    std::process::exit(report.status.exit_code().into())
}

async fn invoke(
    app: App,
    sources: &crate::config::Sources,
    file: PathBuf,
    name: Option<String>,
) -> crate::Result<()> {
    let event = read(&file)?;
    let (service, settings) = app.build(sources)?;
    settings.apply();
    service.start(Starting { functions: Some(settings.start_wait), warm: None }).await?;
    let answer = answer(&service, event, name.as_deref()).await;
    service.close(None).await;
    let (json, failed) = answer?;
    let records = if failed { 0 } else { failed_records(&json) };
    let json = if std::io::stdout().is_terminal() { pretty(&json).unwrap_or(json) } else { json };
    print(&format!("{}\n", json.trim_end()));
    match (failed, records) {
        (true, _) => Err(Error::msg("the invocation failed")),
        (false, 0) => Ok(()),
        (false, 1) => Err(Error::msg("one record failed; the log says why")),
        (false, records) => Err(Error::msg(format!("{records} records failed; the log says why"))),
    }
}

/// How many records an answer gives back to their source.
fn failed_records(answer: &str) -> usize {
    #[derive(serde::Deserialize)]
    struct Partial {
        #[serde(rename = "batchItemFailures")]
        failures: Vec<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<Partial>(answer).map_or(0, |answer| answer.failures.len())
}

fn read(file: &std::path::Path) -> crate::Result<Bytes> {
    let mut bytes = Vec::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(file).map(|content| bytes = content)
    };
    read.map_err(|error| Error::msg(format!("cannot read the event `{}`: {error}", file.display())))?;
    Ok(bytes.into())
}

fn pretty(json: &str) -> Option<String> {
    serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(json).ok()?).ok()
}

/// The answer as Lambda would give it, and whether the invocation failed.
async fn answer(service: &Arc<Service>, event: Bytes, name: Option<&str>) -> crate::Result<(String, bool)> {
    let arrival = Arrival::here();
    let answer = match name {
        None => service.event(event, &arrival).await,
        Some(name) => {
            let named = service.triggers.iter().find(|triggered| triggered.invoke_name() == Some(name));
            let named = named.ok_or_else(|| {
                let serves = service.serves();
                Error::msg(format!("no handler serves invoke `{name}`\nhelp: this service serves {serves}"))
            })?;
            service.json(named, event, &arrival).await
        }
    };
    match answer {
        Ok(answer) => Ok((String::from_utf8_lossy(&answer.into_json()).into_owned(), false)),
        Err(failure) => Ok((failure.to_invoke_error().to_string(), true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn records_that_are_given_back_are_counted() {
        for (answer, count) in [
            (r#"{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]}"#, 2),
            (r#"{"batchItemFailures": []}"#, 0),
            (r#"{"statusCode": 500}"#, 0),
            ("null", 0),
        ] {
            assert_eq!(failed_records(answer), count, "{answer}");
        }
    }

    #[test]
    fn commands_are_told_apart() {
        let invoke = |file: &str, name: Option<&str>| Command::Invoke {
            file: file.into(),
            name: name.map(str::to_owned),
        };
        let serve = |listen: Option<&str>, dev| Command::Serve { listen: listen.map(str::to_owned), dev };
        for (line, expected) in [
            ("", Ok(serve(None, false))),
            ("serve --listen 127.0.0.1:0", Ok(serve(Some("127.0.0.1:0"), false))),
            ("--listen=:1 --dev", Ok(serve(Some(":1"), true))),
            ("events", Ok(Command::Events { kind: None, name: None, body: None })),
            (
                "events sqs jobs",
                Ok(Command::Events {
                    kind: Some("sqs".to_owned()),
                    name: Some("jobs".to_owned()),
                    body: None,
                }),
            ),
            (
                "events --body - sqs",
                Ok(Command::Events { kind: Some("sqs".to_owned()), name: None, body: Some("-".into()) }),
            ),
            ("--version", Ok(Command::Version)),
            ("routes -V", Ok(Command::Version)),
            ("invoke e.json", Ok(invoke("e.json", None))),
            ("invoke - --name total", Ok(invoke("-", Some("total")))),
            ("routes", Ok(Command::Routes)),
            ("health", Ok(Command::Health)),
            ("errors", Ok(Command::Errors)),
            ("routes --help", Ok(Command::Help)),
        ] {
            assert_eq!(command(line), expected, "{line}");
        }
        for (line, words) in [
            ("server", "there is no command `server`"),
            ("invoke", "needs the file of an event"),
            ("routes --listen x", "`--listen` belongs to `serve`"),
            ("--port 1", "invalid option '--port'"),
            ("routes extra", "unexpected argument"),
            ("routes --dev", "`--dev` belongs to `serve`"),
            ("events a b c", "unexpected argument"),
            ("events --body x", "`--body` belongs to `events KIND`"),
            ("invoke e.json --body x", "`--body` belongs to `events KIND`"),
        ] {
            let text = command(line).unwrap_err();
            assert!(text.contains(words) && text.contains("see --help"), "{line}: {text}");
        }
    }
}
