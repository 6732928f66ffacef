//! Which handler serves a method and a path.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;

use super::{Endpoint, HandlerMeta, Trigger};
use crate::config::Fault;
use crate::error::{Failure, Origin};
use crate::resource::User;

/// One handler at its full path.
pub(crate) struct Served {
    pub(crate) meta: HandlerMeta,
    /// Who holds a connection that the handler takes.
    pub(crate) user: User,
    pub(crate) method: Method,
    /// The full path, with the prefix of its group.
    pub(crate) path: Arc<str>,
    pub(crate) endpoint: Arc<dyn Endpoint>,
}

/// The handlers of HTTP requests.
#[derive(Default)]
pub(crate) struct Router {
    paths: matchit::Router<usize>,
    /// For each path of the tree, the handlers by method.
    tables: Vec<Table>,
    /// The paths as the tree knows them, for finding a table again.
    shapes: BTreeMap<String, usize>,
}

#[derive(Default)]
struct Table {
    served: Vec<Served>,
    allow: String,
}

/// What a request came to.
pub(crate) enum Matched<'a> {
    Served(&'a Served, Vec<(&'static str, String)>),
    /// Another method would do; the value of `Allow`.
    MethodNotAllowed(&'a str),
    NotFound,
    /// The path holds an escape that is not UTF-8.
    BadPath(Failure),
}

impl Router {
    /// Adds a handler, or says why that cannot be.
    pub(crate) fn insert(
        &mut self,
        prefix: &str,
        meta: HandlerMeta,
        endpoint: Arc<dyn Endpoint>,
    ) -> Result<(), Fault> {
        let Trigger::Http { method, path, .. } = meta.trigger else { return Ok(()) };
        let place = format!("{}:{}", meta.file, meta.line);
        let path = match (prefix, path) {
            ("", path) => path.to_owned(),
            (prefix, "/") => prefix.to_owned(),
            (prefix, path) => format!("{prefix}{path}"),
        };
        let shape = anonymous(&path);
        let index = match self.shapes.get(&shape) {
            Some(index) => *index,
            None => {
                let index = self.tables.len();
                self.paths.insert(shape.as_str(), index).map_err(|error| {
                    let problem =
                        format!("`{}`: the path `{path}` cannot be told from another: {error}", meta.name);
                    Fault::new(&place, problem).help("give one of them another path")
                })?;
                self.shapes.insert(shape, index);
                self.tables.push(Table::default());
                index
            }
        };
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| Fault::new(&place, format!("`{method}` is not an HTTP method")))?;
        let Some(table) = self.tables.get_mut(index) else { return Ok(()) };
        if let Some(other) = table.served.iter().find(|served| served.method == method) {
            let other = other.meta;
            let problem = format!(
                "`{}` serves {method} {path}, and so does `{}` ({}:{})",
                meta.name, other.name, other.file, other.line
            );
            return Err(Fault::new(place, problem).help("give one of them another method or path"));
        }
        table.served.push(Served { meta, user: User::new(meta.name), method, path: path.into(), endpoint });
        let mut methods: Vec<&str> = table.served.iter().map(|served| served.method.as_str()).collect();
        if methods.contains(&"GET") && !methods.contains(&"HEAD") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        table.allow = methods.join(", ");
        Ok(())
    }

    /// The handler of a request; `HEAD` is served by `GET` unless it has its own.
    pub(crate) fn route(&self, method: &Method, path: &str) -> Matched<'_> {
        let Ok(found) = self.paths.at(path) else { return Matched::NotFound };
        let Some(table) = self.tables.get(*found.value) else { return Matched::NotFound };
        let by = |method: &Method| table.served.iter().find(|served| served.method == *method);
        let served = by(method).or_else(|| (method == Method::HEAD).then(|| by(&Method::GET)).flatten());
        let Some(served) = served else { return Matched::MethodNotAllowed(&table.allow) };
        let Trigger::Http { params: names, .. } = served.meta.trigger else { return Matched::NotFound };
        let mut params = Vec::with_capacity(names.len());
        for (name, (_, raw)) in names.iter().zip(found.params.iter()) {
            match percent_encoding::percent_decode_str(raw).decode_utf8() {
                Ok(text) => params.push((*name, text.into_owned())),
                Err(_) => {
                    let detail = format!("path parameter `{name}`: its escapes are not UTF-8");
                    let failure =
                        Failure::new(http::StatusCode::BAD_REQUEST, "INVALID_PATH_PARAMETER").detail(detail);
                    return Matched::BadPath(failure.origin_is(Origin::Rejected));
                }
            }
        }
        Matched::Served(served, params)
    }

    /// Whether anything serves a path, by any method.
    pub(crate) fn at(&self, path: &str) -> Option<&Served> {
        self.tables.get(*self.paths.at(path).ok()?.value)?.served.first()
    }

    /// All handlers by path and method, for the banner and the `routes` command.
    pub(crate) fn served(&self) -> Vec<&Served> {
        let mut all: Vec<&Served> = self.tables.iter().flat_map(|table| &table.served).collect();
        all.sort_by(|a, b| (&a.path, a.method.as_str()).cmp(&(&b.path, b.method.as_str())));
        all
    }
}

/// The path with its parameters numbered, because the tree wants one name at one place.
fn anonymous(path: &str) -> String {
    let mut shape = String::with_capacity(path.len());
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            shape.push('/');
        }
        if segment.starts_with("{*") {
            shape.push_str(&format!("{{*p{index}}}"));
        } else if segment.starts_with('{') {
            shape.push_str(&format!("{{p{index}}}"));
        } else {
            shape.push_str(segment);
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use axum_core::extract::Request;
    use axum_core::response::Response;
    use futures_util::future::BoxFuture;

    use super::*;

    struct Nothing;
    impl Endpoint for Nothing {
        fn call(&self, _: Request) -> BoxFuture<'static, Response> {
            Box::pin(async { Response::default() })
        }
    }

    fn router(
        list: &[(&'static str, &'static str, &'static str, &'static [&'static str])],
    ) -> (Router, Vec<Fault>) {
        let (mut router, mut faults) = (Router::default(), Vec::new());
        for (line, (name, method, path, params)) in list.iter().enumerate() {
            let meta = HandlerMeta::new(
                name,
                "m",
                "a.rs",
                line as u32,
                Trigger::Http { method, path, params },
                0,
                "",
            );
            faults.extend(router.insert("", meta, Arc::new(Nothing)).err());
        }
        (router, faults)
    }

    fn word(router: &Router, method: &str, path: &str) -> String {
        match router.route(&Method::from_bytes(method.as_bytes()).unwrap(), path) {
            Matched::Served(served, params) if params.is_empty() => served.meta.name.to_owned(),
            Matched::Served(served, params) => format!("{} {params:?}", served.meta.name),
            Matched::MethodNotAllowed(allow) => format!("allow {allow}"),
            Matched::NotFound => "404".to_owned(),
            Matched::BadPath(_) => "400".to_owned(),
        }
    }

    #[test]
    fn requests_find_their_handler() {
        let (router, faults) = router(&[
            ("list", "GET", "/orders", &[]),
            ("create", "POST", "/orders", &[]),
            ("get", "GET", "/orders/{id}", &["id"]),
            ("cancel", "DELETE", "/orders/{order}", &["order"]),
            ("special", "GET", "/orders/special", &[]),
            ("file", "GET", "/files/{*rest}", &["rest"]),
        ]);
        assert!(faults.is_empty(), "{faults:?}");
        for (method, path, expected) in [
            ("GET", "/orders", "list"),
            ("HEAD", "/orders", "list"),
            ("PUT", "/orders", "allow GET, HEAD, POST"),
            ("GET", "/orders/special", "special"),
            ("GET", "/orders/a%20b%2Fc", "get [(\"id\", \"a b/c\")]"),
            ("DELETE", "/orders/7", "cancel [(\"order\", \"7\")]"),
            ("GET", "/orders/%ff", "400"),
            ("GET", "/files/a/b", "file [(\"rest\", \"a/b\")]"),
            ("GET", "/files/", "404"),
            ("GET", "/orders/", "404"),
            ("GET", "/nothing", "404"),
        ] {
            assert_eq!(word(&router, method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn what_cannot_be_told_apart_names_both() {
        let (_, faults) = router(&[("a", "GET", "/x/{id}", &["id"]), ("b", "GET", "/x/{key}", &["key"])]);
        let text = format!("{faults:?}");
        assert!(text.contains("`b` serves GET /x/{key}, and so does `a` (a.rs:0)"), "{text}");
    }
}
