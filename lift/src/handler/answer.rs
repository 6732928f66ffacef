//! What a handler's answer becomes. An `Err` is never a success.
//!
//! For axum a `Result` is a response whatever its error is: `Err("…")` is a 200. So each `Result` is opened here by the
//! mark that [`kind`](super::kind) gives for its type, and what is left is closed by another one. What stands behind `impl
//! IntoResponse` is [`hidden`](super::hidden) from these.

use axum_core::response::{ErrorResponse, IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use super::hidden::is_err;
use super::kind::{
    Batchless, Buried, Decided, Marks, Plain, Refused, Rejected, Together, Unwritable, WithState, Writes,
};
use crate::error::{Failure, LiftError, answered};
use crate::event::{Failed, Window};

/// What a handler returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a handler's answer",
    label = "not an answer",
    note = "return `Json<T>` (with `T: serde::Serialize`), text, a `StatusCode`, a tuple of them, or a `Result`",
    note = "the error of a `Result` needs `#[derive(LiftError)]`, or is `lift::Error`"
)]
pub trait Answer {
    /// The response.
    fn answer(self) -> Response;
}

#[diagnostic::do_not_recommend]
impl<T: IntoResponse> Answer for T {
    fn answer(self) -> Response {
        let is_err = is_err(&self);
        let response = self.into_response();
        if is_err { failed(response) } else { response }
    }
}

/// No type: what is said of it is what is wrong with its value.
pub trait JsonAnswer {
    /// The response.
    fn answer(self) -> Response;
}

impl<T: Writes<Value: JsonValue>> JsonAnswer for T {
    fn answer(self) -> Response {
        Failure::internal("RESPONSE_NOT_SERIALIZABLE", "its value is not `serde::Serialize`").into_response()
    }
}

/// A value that JSON can hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` in the handler's answer cannot be written as JSON",
    label = "not `serde::Serialize`",
    note = "add `#[derive(serde::Serialize)]` to `{Self}`"
)]
pub trait JsonValue {}

#[diagnostic::do_not_recommend]
impl<T: serde::Serialize> JsonValue for T {}

/// What a handler that takes a `Batch` returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a handler that takes a `Batch`",
    label = "does not say which records are done",
    note = "return `()` when all are done, `Failed` to name those that are not, or a `Result` of one of them"
)]
pub trait BatchAnswer {
    /// The response.
    fn answer(self) -> Response;
}

impl BatchAnswer for () {
    fn answer(self) -> Response {
        self.into_response()
    }
}

impl BatchAnswer for Failed {
    fn answer(self) -> Response {
        self.into_response()
    }
}

/// What a handler that takes a `Window` beside its `Batch` returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a handler that takes a `Window`",
    label = "does not hand on the state of the window",
    note = "return the `Window<S>` (with `S: serde::Serialize`), `(Window<S>, Failed)` to name the records that are not done, or a `Result` of one of them"
)]
pub trait WindowAnswer {
    /// The response.
    fn answer(self) -> Response;
}

impl<S: Serialize> WindowAnswer for Window<S> {
    fn answer(self) -> Response {
        self.into_response()
    }
}

impl<S: Serialize> WindowAnswer for (Window<S>, Failed) {
    fn answer(self) -> Response {
        self.0.respond(self.1)
    }
}

/// An error that is a response with a status of its own: axum's idioms, and lift's types that have decided.
pub trait Refusal {
    /// The response, whatever its status.
    fn refuse(self) -> Response;
}

macro_rules! refusals {
    ($([$($generic:ident)*] $type:ty;)*) => {$(
        impl<$($generic),*> Refusal for $type
        where
            $type: IntoResponse,
        {
            fn refuse(self) -> Response {
                self.into_response()
            }
        }
    )*};
}

refusals! {
    [] StatusCode;
    [] Failure;
    [] crate::error::Error;
    [B] http::Response<B>;
    [R] (StatusCode, R);
    [A R] (StatusCode, A, R);
    [A B R] (StatusCode, A, B, R);
    [A B C R] (StatusCode, A, B, C, R);
}

impl Refusal for ErrorResponse {
    fn refuse(self) -> Response {
        Err::<(), _>(self).into_response()
    }
}

/// An answer that is opened by the mark `M`.
pub trait Open<M> {
    /// What is inside.
    type Inner;

    /// What is inside, or the response of the error that was there.
    #[allow(clippy::missing_errors_doc, clippy::result_large_err)] // a response is what both sides have in hand
    fn open(self) -> Result<Self::Inner, Response>;
}

impl<T> Open<Plain> for T {
    type Inner = T;

    fn open(self) -> Result<T, Response> {
        Ok(self)
    }
}

impl<T, E: LiftError> Open<Decided> for Result<T, E> {
    type Inner = T;

    fn open(self) -> Result<T, Response> {
        self.map_err(|error| Failure::of(error).into_response())
    }
}

impl<T, E: Refusal> Open<Refused> for Result<T, E> {
    type Inner = T;

    fn open(self) -> Result<T, Response> {
        self.map_err(|error| failed(error.refuse()))
    }
}

impl<T, E: IntoResponse> Open<Rejected> for Result<T, E> {
    type Inner = T;

    fn open(self) -> Result<T, Response> {
        self.map_err(|error| failed(error.into_response()))
    }
}

macro_rules! judged {
    ($($(#[$words:meta])* $judged:ident, $close:ident;)*) => {$(
        $(#[$words])*
        pub trait $judged<A, B> {
            /// The response.
            fn judge(self) -> Response;
        }

        impl<T, A, B> $judged<A, B> for T
        where
            T: Open<A>,
            T::Inner: Open<B>,
            <T::Inner as Open<B>>::Inner: $close,
        {
            fn judge(self) -> Response {
                match self.open().and_then(Open::open) {
                    Ok(answer) => answer.answer(),
                    Err(response) => response,
                }
            }
        }
    )*};
}

// The compiler takes the words from here where the answer as a whole is at fault, and from the trait of a part where
// that is.
judged! {
    /// An answer for one call.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a handler's answer",
        label = "not an answer",
        note = "return `Json<T>` (with `T: serde::Serialize`), text, a `StatusCode`, a tuple of them, or a `Result`",
        note = "the error of a `Result` needs `#[derive(LiftError)]`, or is `lift::Error`"
    )]
    Judged, Answer;
    /// An answer for a whole batch.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be the answer of a handler that takes a `Batch`",
        label = "does not say which records are done",
        note = "return `()` when all are done, `Failed` to name those that are not, or a `Result` of one of them"
    )]
    JudgedTogether, BatchAnswer;
    /// An answer that JSON cannot hold.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a handler's answer",
        label = "not an answer",
        note = "return `Json<T>` (with `T: serde::Serialize`), text, a `StatusCode`, a tuple of them, or a `Result`",
        note = "the error of a `Result` needs `#[derive(LiftError)]`, or is `lift::Error`"
    )]
    JudgedUnwritable, JsonAnswer;
    /// An answer for a whole batch of a window.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be the answer of a handler that takes a `Window`",
        label = "does not hand on the state of the window",
        note = "return the `Window<S>` (with `S: serde::Serialize`), `(Window<S>, Failed)` to name the records that are not done, or a `Result` of one of them"
    )]
    JudgedWithState, WindowAnswer;
    /// The answer of a handler whose window has no batch.
    #[diagnostic::on_unimplemented(
        message = "a handler that takes a `Window` takes a `Batch`, too",
        label = "is called once for all records of a call",
        note = "add an argument `batch: Batch<T>`; in the last call of a window it may be empty"
    )]
    JudgedBatchless, NoBatch;
    /// An answer with an `Err` that nobody would see.
    #[diagnostic::on_unimplemented(
        message = "the `Err` in `{Self}` would be answered as a success",
        label = "a `Result` inside of an answer",
        note = "return one `Result` around all of it, such as `Result<(StatusCode, Json<T>), E>`"
    )]
    JudgedBuried, NoAnswer;
}

impl<A, B> Marks<A, B, Plain> {
    /// The response of an answer.
    pub fn __lift_judge<T: Judged<A, B>>(self, answer: T) -> Response {
        answer.judge()
    }
}

impl<A, B> Marks<A, B, Unwritable> {
    /// The response of an answer.
    pub fn __lift_judge<T: JudgedUnwritable<A, B>>(self, answer: T) -> Response {
        answer.judge()
    }
}

impl<A, B> Marks<A, B, Together> {
    /// The response of an answer.
    pub fn __lift_judge<T: JudgedTogether<A, B>>(self, answer: T) -> Response {
        answer.judge()
    }
}

impl<A, B> Marks<A, B, WithState> {
    /// The response of an answer.
    pub fn __lift_judge<T: JudgedWithState<A, B>>(self, answer: T) -> Response {
        answer.judge()
    }
}

impl<A, B> Marks<A, B, Batchless> {
    /// The response of an answer.
    pub fn __lift_judge<T: JudgedBatchless<A, B>>(self, answer: T) -> Response {
        answer.judge()
    }
}

impl<A, B> Marks<A, B, Buried> {
    /// The response of an answer.
    pub fn __lift_judge<T: JudgedBuried<A, B>>(self, answer: T) -> Response {
        answer.judge()
    }
}

/// No type.
#[diagnostic::on_unimplemented(
    message = "the `Err` in `{Self}` would be answered as a success",
    label = "a `Result` inside of an answer",
    note = "return one `Result` around all of it, such as `Result<(StatusCode, Json<T>), E>`"
)]
pub trait NoAnswer {
    /// The response.
    fn answer(self) -> Response;
}

/// No type.
#[diagnostic::on_unimplemented(
    message = "a handler that takes a `Window` takes a `Batch`, too",
    label = "is called once for all records of a call",
    note = "add an argument `batch: Batch<T>`; in the last call of a window it may be empty"
)]
pub trait NoBatch {
    /// The response.
    fn answer(self) -> Response;
}

/// The response of an error: a status alone is a failure like any other; one below 400 would count as a success, so it is an
/// opaque 500.
fn failed(response: Response) -> Response {
    let status = response.status();
    if status.as_u16() >= 400 {
        return answered(response);
    }
    if let Some(failure) = response.extensions().get::<Failure>() {
        return failure.clone().into_response();
    }
    let cause = format!("the handler's error is a response with the status {status}, which is a success");
    Failure::internal("INTERNAL", cause).into_response()
}
