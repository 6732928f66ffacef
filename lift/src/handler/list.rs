use std::marker::PhantomData;
use std::sync::Arc;

use axum_core::extract::Request;
use axum_core::response::Response;
use futures_util::future::BoxFuture;

use super::{Endpoint, Handler, HandlerMeta, IntoRoute, layered};
use crate::resource::Requirements;

/// One handler of a list.
pub struct Entry {
    pub(crate) meta: HandlerMeta,
    pub(crate) declare: fn(&mut Requirements),
    pub(crate) endpoint: Arc<dyn Endpoint>,
}

/// The handlers that [`handlers!`](crate::handlers!) lists.
#[must_use = "a list does nothing before `App::handlers` or `App::group` takes it"]
pub struct Handlers {
    pub(crate) entries: Vec<Entry>,
}

struct Call<H>(PhantomData<fn() -> H>);

impl<H: Handler> Endpoint for Call<H> {
    fn call(&self, request: Request) -> BoxFuture<'static, Response> {
        Box::pin(H::call(request))
    }
}

/// The entry of a handler; [`handlers!`](crate::handlers!) calls this.
#[doc(hidden)]
#[must_use]
pub fn entry<H: Handler>() -> Entry {
    Entry { meta: H::META, declare: H::declare, endpoint: Arc::new(Call::<H>(PhantomData)) }
}

impl Handlers {
    /// A list of entries; [`handlers!`](crate::handlers!) calls this.
    #[doc(hidden)]
    pub fn new<const N: usize>(entries: [Entry; N]) -> Self {
        Self { entries: entries.into() }
    }

    /// Puts a layer around every handler of the list, whatever triggers it.
    pub fn layer(mut self, layer: impl IntoRoute) -> Self {
        for entry in &mut self.entries {
            entry.endpoint = layered(entry.endpoint.clone(), &layer);
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
        const _: () = $crate::__private::assert_unique(&[
            $(&<$handler as $crate::__private::Handler>::META),*
        ]);
        $crate::__private::Handlers::new([$($crate::__private::entry::<$handler>()),*])
    }};
}
