use std::fmt::Write as _;
use std::net::SocketAddr;

use http::Method;

use super::Service;
use crate::error::CatalogEntry;
use crate::handler::Trigger;

/// The table of what the service serves.
pub(crate) fn routes(service: &Service) -> String {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for served in service.router.served() {
        let place = format!("{}:{}", served.meta.file, served.meta.line);
        rows.push([served.method.to_string(), served.path.to_string(), served.meta.name.to_owned(), place]);
    }
    for triggered in service.triggers.iter() {
        let place = format!("{}:{}", triggered.meta.file, triggered.meta.line);
        let (kind, name) = triggered.describe();
        let name = match &triggered.physical {
            Some(physical) => format!("{name} = {physical}"),
            None => name,
        };
        rows.push([kind.to_owned(), name, triggered.meta.name.to_owned(), place]);
    }
    table(&rows)
}

/// What a client may be told with one status and code.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) code: &'static str,
    retry: Vec<String>,
    text: Vec<&'static str>,
    /// The handlers that return it.
    handlers: Vec<&'static str>,
}

impl Answered {
    pub(super) fn of(told: CatalogEntry, handler: &'static str) -> Self {
        let CatalogEntry { status, code, .. } = told;
        let mut answered = Self { status, code, retry: Vec::new(), text: Vec::new(), handlers: Vec::new() };
        answered.add(told, handler);
        answered
    }

    /// Another error or another handler tells it, too.
    pub(super) fn add(&mut self, told: CatalogEntry, handler: &'static str) {
        let retry = told.retry.map_or_else(|| "-".to_owned(), |retry| retry.to_string());
        once(&mut self.retry, retry);
        once(&mut self.text, told.text.unwrap_or("-"));
        once(&mut self.handlers, handler);
    }
}

fn once<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// The table of what the errors of the handlers tell.
pub(crate) fn errors(service: &Service) -> String {
    let head = ["status", "code", "retry", "text", "handlers"].map(str::to_owned);
    let row = |answered: &Answered| {
        let Answered { status, code, retry, text, handlers } = answered;
        [status.to_string(), (*code).to_owned(), retry.join(", "), text.join(" / "), handlers.join(", ")]
    };
    let rows: Vec<_> = std::iter::once(head).chain(service.catalog.iter().map(row)).collect();
    table(&rows)
}

/// Rows with their columns below each other.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(line, "{cell:<width$}  ", width = width(column).unwrap_or(0));
        }
        let _ = writeln!(text, "  {}", line.trim_end());
    }
    text
}

/// What a person sees when the server starts.
pub(crate) fn banner(service: &Service, address: SocketAddr, probes: Option<SocketAddr>) -> String {
    let mut text = format!("{} listens on http://{address}\n", service.name);
    let _ = writeln!(text, "\nroutes");
    text.push_str(&routes(service));
    if !service.triggers.is_empty() {
        let _ = writeln!(
            text,
            "  (this server feeds HTTP requests only: for the rest use Lambda, or `{} invoke FILE`)",
            service.name
        );
    }
    let managed = service.resources.managed();
    if !managed.is_empty() {
        let _ = writeln!(text, "\nresources");
        let rows: Vec<[String; 2]> =
            managed.iter().map(|resource| [resource.spec().name.to_owned(), resource.describe()]).collect();
        text.push_str(&table(&rows));
    }
    if !service.backgrounds.is_empty() {
        let names: Vec<_> = service.backgrounds.iter().map(|background| background.name).collect();
        let _ = writeln!(text, "\nbackground {}", names.join("  "));
    }
    let base = &service.probes.base_path;
    let groups = service.probes.handle.groups.iter().map(|group| group.name);
    let paths = ["ready", "live", "startup"].into_iter().chain(groups);
    let _ = write!(text, "\nhealth     {base}");
    for path in paths {
        let _ = write!(text, "  {base}/{path}");
    }
    let _ = writeln!(text);
    if let Some(probes) = probes {
        let _ = writeln!(text, "           the same at http://{probes}, on a thread of its own");
    }
    let settings = match &service.settings_file {
        Some(path) => format!("{} and the environment", path.display()),
        None => "the environment (no lift.toml here)".to_owned(),
    };
    let _ = writeln!(text, "settings   {settings}");
    let _ = writeln!(text, "try        {}", example(service, address));
    text
}

/// A command to begin with: a `GET` without parameters, else the health report.
fn example(service: &Service, address: SocketAddr) -> String {
    let simple = service.router.served().into_iter().find(|served| {
        served.method == Method::GET && matches!(served.meta.trigger, Trigger::Http { params: [], .. })
    });
    let path = simple.map_or(service.probes.base_path.as_str(), |served| &*served.path);
    format!("curl -i http://{address}{path}")
}
