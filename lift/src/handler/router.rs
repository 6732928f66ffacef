//! Which handler serves a method and a path.
//!
//! The path decides first, the method second. A catch-all also serves the empty rest: `/files/{*rest}` serves `/files/`, where
//! its parameter is empty, unless a handler has that very path, such as `/` beside `/{*rest}`. It does not serve `/files`.

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
    /// None where only the empty rest of a catch-all is.
    served: Vec<Served>,
    allow: String,
    /// The catch-all whose empty rest this path is.
    catch_all: Option<usize>,
}

/// What a request came to.
pub(crate) enum Matched<'a> {
    Served(&'a Served, Vec<(&'static str, String)>),
    /// Another method would do; the value of `Allow`.
    MethodNotAllowed(&'a str),
    NotFound,
    /// The path of this handler holds an escape that is not UTF-8.
    BadPath(&'a Served, Failure),
}

impl Router {
    /// Adds a handler, or says why that cannot be.
    pub(crate) fn insert(
        &mut self,
        prefix: &str,
        meta: HandlerMeta,
        user: User,
        endpoint: Arc<dyn Endpoint>,
    ) -> Result<(), Fault> {
        let Trigger::Http { method, path, .. } = meta.trigger else { return Ok(()) };
        let place = format!("{}:{}", meta.file, meta.line);
        let path = match (prefix, path) {
            ("", path) => path.to_owned(),
            (prefix, "/") => prefix.to_owned(),
            (prefix, path) => format!("{prefix}{path}"),
        };
        let index = self.table(&path).map_err(|error| {
            let problem = format!("`{}`: the path `{path}` cannot be told from another: {error}", meta.name);
            Fault::new(&place, problem).help("give one of them another path")
        })?;
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
        table.served.push(Served { meta, user, method, path: path.into(), endpoint });
        let mut methods: Vec<&str> = table.served.iter().map(|served| served.method.as_str()).collect();
        if methods.contains(&"GET") && !methods.contains(&"HEAD") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        table.allow = methods.join(", ");
        Ok(())
    }

    /// The table of a path, a new one if need be. A catch-all gets one for its empty rest, too: the tree has none there.
    fn table(&mut self, path: &str) -> Result<usize, matchit::InsertError> {
        let shape = anonymous(path);
        let index = self.table_of(&shape)?;
        if let Some((before, _)) = shape.split_once("{*") {
            let empty_rest = self.table_of(before)?;
            if let Some(table) = self.tables.get_mut(empty_rest) {
                table.catch_all = Some(index);
            }
        }
        Ok(index)
    }

    fn table_of(&mut self, shape: &str) -> Result<usize, matchit::InsertError> {
        if let Some(index) = self.shapes.get(shape) {
            return Ok(*index);
        }
        let index = self.tables.len();
        self.paths.insert(shape, index)?;
        self.shapes.insert(shape.to_owned(), index);
        self.tables.push(Table::default());
        Ok(index)
    }

    /// The table that serves at this index.
    fn serving(&self, index: usize) -> Option<&Table> {
        let table = self.tables.get(index)?;
        match table.catch_all {
            Some(catch_all) if table.served.is_empty() => self.tables.get(catch_all),
            _ => Some(table),
        }
    }

    /// The handler of a request; `HEAD` is served by `GET` unless it has its own.
    pub(crate) fn route(&self, method: &Method, path: &str) -> Matched<'_> {
        let Ok(found) = self.paths.at(path) else { return Matched::NotFound };
        let Some(table) = self.serving(*found.value) else { return Matched::NotFound };
        let by = |method: &Method| table.served.iter().find(|served| served.method == *method);
        let served = by(method).or_else(|| (method == Method::HEAD).then(|| by(&Method::GET)).flatten());
        let Some(served) = served else { return Matched::MethodNotAllowed(&table.allow) };
        let Trigger::Http { params: names, .. } = served.meta.trigger else { return Matched::NotFound };
        let mut params = Vec::with_capacity(names.len());
        // An empty rest is the only parameter that the tree does not know.
        let values = found.params.iter().map(|(_, raw)| raw).chain([""]);
        for (name, raw) in names.iter().zip(values) {
            match percent_encoding::percent_decode_str(raw).decode_utf8() {
                Ok(text) => params.push((*name, text.into_owned())),
                Err(_) => {
                    let detail = format!("path parameter `{name}`: its escapes are not UTF-8");
                    let failure =
                        Failure::new(http::StatusCode::BAD_REQUEST, "INVALID_PATH_PARAMETER").detail(detail);
                    return Matched::BadPath(served, failure.origin_is(Origin::Rejected));
                }
            }
        }
        Matched::Served(served, params)
    }

    /// Whether anything serves a path, by any method.
    #[cfg(test)]
    pub(crate) fn at(&self, path: &str) -> Option<&Served> {
        self.serving(*self.paths.at(path).ok()?.value)?.served.first()
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
            faults.extend(router.insert("", meta, User::NOBODY, Arc::new(Nothing)).err());
        }
        (router, faults)
    }

    fn word(router: &Router, method: &str, path: &str) -> String {
        match router.route(&Method::from_bytes(method.as_bytes()).unwrap(), path) {
            Matched::Served(served, params) if params.is_empty() => served.meta.name.to_owned(),
            Matched::Served(served, params) => format!("{} {params:?}", served.meta.name),
            Matched::MethodNotAllowed(allow) => format!("allow {allow}"),
            Matched::NotFound => "404".to_owned(),
            Matched::BadPath(..) => "400".to_owned(),
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
            ("GET", "/orders/", "404"),
            ("GET", "/nothing", "404"),
        ] {
            assert_eq!(word(&router, method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn a_catch_all_serves_the_empty_rest_and_not_the_path_without_the_slash() {
        let (router, faults) = router(&[
            ("file", "GET", "/files/{*rest}", &["rest"]),
            ("upload", "PUT", "/files/{*path}", &["path"]),
            ("of_shop", "GET", "/shops/{shop}/files/{*rest}", &["shop", "rest"]),
        ]);
        assert!(faults.is_empty(), "{faults:?}");
        for (method, path, expected) in [
            ("GET", "/files/", "file [(\"rest\", \"\")]"),
            ("HEAD", "/files/", "file [(\"rest\", \"\")]"),
            ("PUT", "/files/", "upload [(\"path\", \"\")]"),
            ("GET", "/files//", "file [(\"rest\", \"/\")]"),
            ("GET", "/files/a", "file [(\"rest\", \"a\")]"),
            ("POST", "/files/", "allow GET, HEAD, PUT"),
            ("OPTIONS", "/files/", "allow GET, HEAD, PUT"),
            ("GET", "/files", "404"),
            ("PUT", "/files", "404"),
            ("GET", "/", "404"),
            ("GET", "/shops/o%20s/files/", "of_shop [(\"shop\", \"o s\"), (\"rest\", \"\")]"),
            ("GET", "/shops/%ff/files/", "400"),
            ("GET", "/shops//files/", "404"),
            ("POST", "/shops/oslo/files/", "allow GET, HEAD"),
            ("GET", "/shops/oslo/files", "404"),
        ] {
            assert_eq!(word(&router, method, path), expected, "{method} {path}");
        }
        assert_eq!(router.at("/files/").map(|served| &*served.path), Some("/files/{*rest}"));
        assert_eq!(router.served().len(), 3);
    }

    #[test]
    fn the_nearest_catch_all_serves_the_empty_rest() {
        let all: [(&str, &str, &str, &[&str]); 4] = [
            ("all", "GET", "/{*rest}", &["rest"]),
            ("file", "GET", "/files/{*rest}", &["rest"]),
            ("old", "GET", "/files/old/{*rest}", &["rest"]),
            ("named", "GET", "/files/old", &[]),
        ];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
            let (router, faults) = router(&order.map(|index| all[index]));
            assert!(faults.is_empty(), "{faults:?}");
            for (path, expected) in [
                ("/", "all [(\"rest\", \"\")]"),
                ("/files", "all [(\"rest\", \"files\")]"),
                ("/files/", "file [(\"rest\", \"\")]"),
                ("/files/old", "named"),
                ("/files/old/", "old [(\"rest\", \"\")]"),
                ("/files/older/", "file [(\"rest\", \"older/\")]"),
            ] {
                assert_eq!(word(&router, "GET", path), expected, "{path} {order:?}");
            }
        }
    }

    #[test]
    fn a_path_of_its_own_comes_before_an_empty_rest_with_all_its_methods() {
        let all: [(&str, &str, &str, &[&str]); 5] = [
            ("home", "GET", "/", &[]),
            ("all", "GET", "/{*rest}", &["rest"]),
            ("post", "POST", "/{*rest}", &["rest"]),
            ("index", "PUT", "/files/", &[]),
            ("file", "GET", "/files/{*rest}", &["rest"]),
        ];
        for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]] {
            let (router, faults) = router(&order.map(|index| all[index]));
            assert!(faults.is_empty(), "{faults:?}");
            for (method, path, expected) in [
                ("GET", "/", "home"),
                ("HEAD", "/", "home"),
                ("POST", "/", "allow GET, HEAD"),
                ("POST", "/a", "post [(\"rest\", \"a\")]"),
                ("PUT", "/files/", "index"),
                ("GET", "/files/", "allow PUT"),
                ("GET", "/files/a", "file [(\"rest\", \"a\")]"),
            ] {
                assert_eq!(word(&router, method, path), expected, "{method} {path}");
            }
            assert_eq!(router.at("/").map(|served| &*served.path), Some("/"));
        }
    }

    #[test]
    fn an_empty_rest_in_a_group_is_behind_the_slash_of_its_prefix() {
        let mut router = Router::default();
        for (name, path, params) in [("index", "/", &[] as &[_]), ("all", "/{*rest}", &["rest"])] {
            let trigger = Trigger::Http { method: "GET", path, params };
            let meta = HandlerMeta::new(name, "m", "a.rs", 1, trigger, 0, "");
            assert!(router.insert("/v1", meta, User::NOBODY, Arc::new(Nothing)).is_ok());
        }
        assert_eq!(word(&router, "GET", "/v1"), "index");
        assert_eq!(word(&router, "GET", "/v1/"), "all [(\"rest\", \"\")]");
    }

    #[test]
    fn what_cannot_be_told_apart_names_both() {
        let (_, faults) = router(&[("a", "GET", "/x/{id}", &["id"]), ("b", "GET", "/x/{key}", &["key"])]);
        let text = format!("{faults:?}");
        assert!(text.contains("`b` serves GET /x/{key}, and so does `a` (a.rs:0)"), "{text}");
    }
}
