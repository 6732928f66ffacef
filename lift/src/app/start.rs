use std::any::type_name;
use std::future::Future;

use futures_util::future::BoxFuture;

use crate::error::BoxError;
use crate::pool::{FromContext, settle};
use crate::resource::{Context, Requirements, ResourceSet, User, Uses};

/// An async function of resources that runs once before the service is ready.
#[diagnostic::on_unimplemented(
    message = "this cannot run at start",
    label = "not a start function",
    note = "write `async fn migrate(db: Pooled<OrdersDb>) -> Result<(), E>`, with at most four resource arguments"
)]
pub trait StartFn<Args>: Send + Sync + 'static {
    /// Notes the resources that it takes.
    fn declare(requirements: &mut Requirements);

    /// Takes them and runs.
    fn run(&self, context: Context) -> BoxFuture<'static, Result<(), BoxError>>;
}

/// A start function, whatever its arguments.
pub(super) struct Start {
    pub(super) user: User,
    pub(super) declare: fn(&mut Requirements),
    pub(super) run: Box<dyn Fn(Context) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>,
}

/// Its own text is for everybody, the error behind it for the log.
#[derive(Debug, thiserror::Error)]
#[error("start function `{name}` failed")]
pub(crate) struct StartFailed {
    pub(super) name: &'static str,
    #[source]
    pub(super) error: BoxError,
}

pub(super) fn start<Args, F: StartFn<Args>>(function: F) -> Start {
    Start {
        user: User::new(type_name::<F>()),
        declare: F::declare,
        run: Box::new(move |context| function.run(context)),
    }
}

macro_rules! start_functions {
    ($($($item:ident $value:ident),*;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<F, Fut, Error, $($item),*> StartFn<($($item,)*)> for F
        where
            F: Fn($($item),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Result<(), Error>> + Send,
            Error: Into<BoxError>,
            $($item: FromContext + Uses,)*
        {
            fn declare(_requirements: &mut Requirements) {
                $($item::Resources::declare(_requirements);)*
            }

            fn run(&self, context: Context) -> BoxFuture<'static, Result<(), BoxError>> {
                let function = self.clone();
                Box::pin(async move {
                    let _context = &context;
                    $(let $value = $item::from_context(_context).await?;)*
                    settle(_context);
                    function($($value),*).await.map_err(crate::error::boxed)
                })
            }
        }
    )+};
}

start_functions! {
    ;
    A a;
    A a, B b;
    A a, B b, C c;
    A a, B b, C c, D d;
}
