use std::any::type_name;
use std::future::Future;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::time::Instant;

use super::Service;
use crate::clock::Deadline;
use crate::error::{self, BoxError, boxed};
use crate::layer::fence;
use crate::pool::{FromContext, settle};
use crate::resource::{Context, Requirements, ResourceSet, User, Uses, Warm};

/// The first pause before a start function is tried again, and the longest; each is twice as long as the last.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(2)];

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

/// What is done before a service has started.
pub(crate) struct Starting {
    /// Whether start functions run, and for how long one that fails is tried again.
    pub(crate) functions: Option<Duration>,
    /// Whether resources are opened afterwards, and how long that may take.
    pub(crate) warm: Option<Duration>,
}

#[cfg(test)]
impl Starting {
    /// Each start function once, and nothing else.
    pub(crate) const FUNCTIONS: Self = Self { functions: Some(Duration::ZERO), warm: None };
}

impl Service {
    /// Runs the start functions and opens what `warm` asks for, then says that the service has started.
    ///
    /// The functions come first: where a server is away that they need, they tell it, once.
    pub(crate) async fn start(&self, starting: Starting) -> Result<(), crate::Error> {
        if let Some(wait) = starting.functions {
            let until = Instant::now() + wait;
            for start in &self.starts {
                self.run_until(start, until).await?;
            }
        }
        if let Some(limit) = starting.warm
            && tokio::time::timeout(limit, self.warm()).await.is_err()
        {
            tracing::warn!("not every resource could be opened in time; the first use tries again");
        }
        self.lifecycle().started();
        Ok(())
    }

    /// Runs a start function, and again when it fails, until then.
    async fn run_until(&self, start: &Start, until: Instant) -> Result<(), StartFailed> {
        let name = start.user.name();
        let [mut pause, longest] = PAUSES;
        let mut is_told = false;
        loop {
            let context = Context::new(self.resources.clone(), start.user, Deadline::NONE);
            let error = match fence((start.run)(context)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => error,
                // A mistake in the code is there the next time, too.
                Err(panic) => {
                    return Err(StartFailed { name, error: boxed(format!("it panicked: {panic}")) });
                }
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StartFailed { name, error });
            }
            if !is_told {
                let error = error::logged(error.as_ref());
                tracing::warn!(start = name, error, ?left, "a start function failed; it is tried again");
                is_told = true;
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(longest);
            for resource in self.resources.managed() {
                resource.try_again();
            }
        }
    }

    /// Opens what `warm` asks for, all at the same time; a failure is logged and never fatal.
    pub(crate) async fn warm(&self) {
        let opening = self.resources.managed().iter().filter(|resource| resource.warm() != Warm::Lazy);
        join_all(opening.map(|resource| async move {
            let name = resource.spec().name;
            match resource.start().await {
                Ok(()) => tracing::debug!(resource = name, "opened"),
                Err(error) => {
                    let error = error::logged(error.as_ref());
                    tracing::warn!(resource = name, error, "cannot be opened yet");
                }
            }
        }))
        .await;
    }
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
