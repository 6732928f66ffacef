use std::future::ready;
use std::sync::Arc;

use axum_core::extract::Request;
use axum_core::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;

use crate::error::Catalog;

use super::{Endpoint, Handler, HandlerMeta, IntoRoute, Uncalled, Wrap, wrap};
use crate::resource::Requirements;

/// One handler of a list.
pub struct Entry {
    pub(crate) meta: HandlerMeta,
    pub(crate) declare: fn(&mut Requirements),
    pub(crate) endpoint: Arc<dyn Endpoint>,
    /// The layers of its list; one added later stands further outside.
    pub(crate) layers: Vec<Wrap>,
    /// What its error tells.
    pub(crate) errors: Catalog,
    /// The type of its answer, if that hides an `Err`.
    pub(crate) hidden: fn() -> Option<&'static str>,
}

/// The handlers that [`handlers!`](crate::handlers!) lists.
#[must_use = "a list does nothing before `App::handlers` or `App::group` takes it"]
pub struct Handlers {
    pub(crate) entries: Vec<Entry>,
}

/// What a list knows of a handler at compile time.
#[doc(hidden)]
pub struct Listed {
    pub(super) meta: HandlerMeta,
    declare: fn(&mut Requirements),
    call: fn(Request) -> BoxFuture<'static, Response>,
    errors: Catalog,
    hidden: fn() -> Option<&'static str>,
}

impl Listed {
    pub(super) const fn of<H: Handler>() -> Self {
        Self { meta: H::META, declare: H::declare, call: H::call, errors: H::ERRORS, hidden: H::hidden }
    }

    #[cfg(test)]
    pub(super) fn new(meta: HandlerMeta) -> Self {
        Self {
            meta,
            declare: |_| {},
            call: |_| Box::pin(std::future::pending()),
            errors: Catalog::EMPTY,
            hidden: || None,
        }
    }
}

struct Call(fn(Request) -> BoxFuture<'static, Response>);

impl Endpoint for Call {
    fn call(&self, request: Request) -> BoxFuture<'static, Response> {
        match request.extensions().get::<Uncalled>() {
            Some(uncalled) => Box::pin(ready(uncalled.clone().into_response())),
            None => (self.0)(request),
        }
    }
}

impl Handlers {
    /// A list of entries; [`handlers!`](crate::handlers!) calls this.
    #[doc(hidden)]
    pub fn new(listed: &[Listed]) -> Self {
        let entry = |listed: &Listed| {
            let Listed { meta, declare, call, errors, hidden } = *listed;
            Entry { meta, declare, endpoint: Arc::new(Call(call)), layers: Vec::new(), errors, hidden }
        };
        Self { entries: listed.iter().map(entry).collect() }
    }

    /// Puts a layer around every handler of the list, whatever triggers it.
    pub fn layer(mut self, layer: impl IntoRoute) -> Self {
        let layer = wrap(layer);
        for entry in &mut self.entries {
            entry.layers.push(layer.clone());
        }
        self
    }
}

/// Lists handlers for [`App::handlers`](crate::App::handlers) and [`App::group`](crate::App::group).
///
/// Two handlers on one trigger are a compile error that names both. A handler in no list gets the compiler's own
/// warning that the function is never used.
///
/// ```
/// use lift::prelude::*;
///
/// #[lift::handler(GET, "/")]
/// async fn home() -> &'static str {
///     "hello"
/// }
///
/// let app = App::new("site").handlers(lift::handlers![home]);
/// ```
#[macro_export]
macro_rules! handlers {
    ($($handler:path),* $(,)?) => {{
        const LISTED: &[$crate::__private::Listed] = &[$(<$handler as $crate::__private::Handler>::LISTED),*];
        const _: () = $crate::__private::assert_unique(LISTED);
        $crate::__private::Handlers::new(LISTED)
    }};
}
