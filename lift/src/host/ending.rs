//! What `main` may return: whatever Rust's own may, and an error of any type is told in lift's way.
//!
//! Which of several conversions an error has, method lookup on an [`Ending`] finds out, as in `handler::kind`.

use std::error::Error as StdError;
use std::future::Future;
use std::marker::PhantomData;
use std::process::{ExitCode, Termination};

use crate::error::{BoxError, Foreign, boxed, last_words};
use crate::telemetry::caught;

/// Stands for what `main` returns.
pub struct Ending<R>(PhantomData<R>);

impl<R> Ending<R> {
    /// Of this function's future.
    pub const fn of<F, Fut>(_: &F) -> Self
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = R>,
    {
        Self(PhantomData)
    }
}

/// An error that may go to another thread, or a text.
#[derive(Debug)]
pub struct Sent(());
/// An error that stays in its thread.
#[derive(Debug)]
pub struct Local(());
/// A boxed error that may go to another thread, but not be shared.
#[derive(Debug)]
pub struct Boxed(());
/// Anything else.
#[derive(Debug)]
pub struct Plain(());

macro_rules! levels {
    ($($(#[$doc:meta])* $level:ident, $mark:ident for $type:ty, [$($generic:ident $(: $bound:path)?),*];)*) => {$(
        $(#[$doc])*
        pub trait $level {
            /// The mark.
            fn __lift_end(&self) -> PhantomData<$mark> {
                PhantomData
            }
        }

        impl<$($generic $(: $bound)?),*> $level for $type {}
    )*};
}

levels! {
    /// The error converts into lift's box.
    EndSent, Sent for &&&Ending<Result<T, E>>, [T, E: Into<BoxError>];
    /// The error converts into a box that stays here.
    EndLocal, Local for &&Ending<Result<T, E>>, [T, E: Into<Box<dyn StdError>>];
    /// The error is the box between these two.
    EndBoxed, Boxed for &Ending<Result<T, Box<dyn StdError + Send>>>, [T];
    /// There is no such error.
    EndPlain, Plain for Ending<R>, [R];
}

/// What `main` may return, with the mark `M` of its type.
#[diagnostic::on_unimplemented(
    message = "`main` cannot return `{Self}`",
    label = "not a result of `main`",
    note = "return `lift::Result<()>`, `Result<(), Box<dyn std::error::Error>>`, or a `Result` with an error of your own"
)]
pub trait MainResult<M> {
    /// The exit code. An error is printed first.
    fn end(self) -> ExitCode;
}

#[diagnostic::do_not_recommend]
impl<T: Termination, E: Into<BoxError>> MainResult<Sent> for Result<T, E> {
    fn end(self) -> ExitCode {
        match self {
            Ok(value) => value.report(),
            Err(error) => failed(&*Foreign::from(boxed(error))),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Termination, E: Into<Box<dyn StdError>>> MainResult<Local> for Result<T, E> {
    fn end(self) -> ExitCode {
        match self {
            Ok(value) => value.report(),
            Err(error) => failed_and_dropped(error.into()),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Termination> MainResult<Boxed> for Result<T, Box<dyn StdError + Send>> {
    fn end(self) -> ExitCode {
        match self {
            Ok(value) => value.report(),
            Err(error) => failed_and_dropped(error),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Termination> MainResult<Plain> for T {
    fn end(self) -> ExitCode {
        self.report()
    }
}

/// Prints the error that ends the process.
pub(super) fn failed(error: &(dyn StdError + 'static)) -> ExitCode {
    eprintln!("error: {}", last_words(error));
    ExitCode::FAILURE
}

fn failed_and_dropped(error: Box<dyn StdError>) -> ExitCode {
    let code = failed(&*error);
    // The process ends with or without a panic there.
    let _ = caught(|| drop(error));
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not `Send`.
    #[derive(Debug, thiserror::Error)]
    #[error("stays here")]
    struct Here(std::rc::Rc<u8>);

    #[derive(Debug)]
    struct NoError;

    async fn nothing() {}
    async fn code() -> ExitCode {
        ExitCode::from(3)
    }
    async fn own() -> crate::Result<()> {
        Err(std::fmt::Error)?
    }
    async fn own_code() -> crate::Result<ExitCode> {
        Ok(ExitCode::from(3))
    }
    async fn text() -> Result<(), String> {
        Err("said".to_owned())
    }
    async fn standard() -> Result<(), std::io::Error> {
        Err(std::io::ErrorKind::NotFound.into())
    }
    async fn boxed_locally() -> Result<(), Box<dyn StdError>> {
        own().await?;
        Ok(())
    }
    async fn boxed_to_send() -> Result<(), Box<dyn StdError + Send>> {
        Err(Box::new(std::fmt::Error))
    }
    async fn boxed_to_share() -> Result<(), BoxError> {
        own().await?;
        Ok(())
    }
    async fn local() -> Result<(), Here> {
        Err(Here(std::rc::Rc::new(1)))
    }
    async fn debug() -> Result<(), NoError> {
        Err(NoError)
    }
    #[cfg(feature = "anyhow")]
    async fn anyhow() -> anyhow::Result<()> {
        own().await?;
        Ok(())
    }

    macro_rules! end {
        ($main:ident) => {{
            let mark = (&&&&Ending::of(&$main)).__lift_end();
            crate::host::run_main(crate::host::MainOptions::new(), $main(), mark)
        }};
    }

    #[test]
    fn a_main_returns_what_rusts_own_does() {
        let (ok, failed, three) = (ExitCode::SUCCESS, ExitCode::FAILURE, ExitCode::from(3));
        let mut rows = vec![
            ("nothing", end!(nothing), ok),
            ("code", end!(code), three),
            ("own", end!(own), failed),
            ("own_code", end!(own_code), three),
            ("text", end!(text), failed),
            ("standard", end!(standard), failed),
            ("boxed_locally", end!(boxed_locally), failed),
            ("boxed_to_send", end!(boxed_to_send), failed),
            ("boxed_to_share", end!(boxed_to_share), failed),
            ("local", end!(local), failed),
            ("debug", end!(debug), failed),
        ];
        #[cfg(feature = "anyhow")]
        rows.push(("anyhow", end!(anyhow), failed));
        for (name, code, expected) in rows.drain(..) {
            assert_eq!(code, expected, "{name}");
        }
    }

    #[test]
    fn an_error_that_panics_while_it_is_dropped_ends_the_process_all_the_same() {
        #[derive(Debug, thiserror::Error)]
        #[error("held")]
        struct Held;
        impl Drop for Held {
            fn drop(&mut self) {
                std::panic::resume_unwind(Box::new("not dropped"));
            }
        }
        assert_eq!(failed_and_dropped(Box::new(Held)), ExitCode::FAILURE);
    }
}
