//! What the compiler says of an answer's type, aliases included.
//!
//! Method lookup on a [`Kind`] takes the trait with the most references whose bounds hold, as in `pool::probe`. What it
//! gives are marks, types of no size: two that say how a `Result` is opened, and one that says how the rest is
//! closed. Generated code hands them to `judge`.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use axum_core::response::IntoResponse;
use serde::Serialize;

use super::Json;
use super::answer::Refusal;
use super::hidden::hidden;
use crate::error::LiftError;
use crate::event::{Whole, Windowed};
use crate::pool::probe::Probe;
use crate::resource::Uses;

/// Stands for the type of an answer.
pub struct Kind<T>(PhantomData<T>);

impl<T> Kind<T> {
    /// The type of this answer.
    #[must_use]
    pub const fn of(_: &T) -> Self {
        Self(PhantomData)
    }

    /// The name of the type that stands behind `impl IntoResponse`, if an `Err` inside of it would be answered as a success.
    #[must_use]
    pub fn hidden(&self) -> Option<&'static str> {
        hidden::<T>()
    }
}

macro_rules! functions {
    ($($of:ident: $($argument:ident)*;)+) => {$(
        /// The type of what this function answers, without a call.
        pub const fn $of<$($argument,)* F, Fut>(_: &F) -> Kind<Fut::Output>
        where
            F: FnOnce($($argument),*) -> Fut,
            Fut: Future,
        {
            Kind(PhantomData)
        }
    )+};
}

functions! {
    of0: ;
    of1: A;
    of2: A B;
    of3: A B C;
    of4: A B C D;
    of5: A B C D E;
    of6: A B C D E G;
    of7: A B C D E G H;
    of8: A B C D E G H I;
    of9: A B C D E G H I J;
    of10: A B C D E G H I J K;
    of11: A B C D E G H I J K L;
    of12: A B C D E G H I J K L M;
}

/// No `Result`.
#[derive(Debug)]
pub struct Plain(());
/// A `Result` whose error is a [`LiftError`], or has to be.
#[derive(Debug)]
pub struct Decided(());
/// A `Result` whose error is a `Refusal`.
#[derive(Debug)]
pub struct Refused(());
/// A `Result` whose error is an error and a response: the rejections of extractors.
#[derive(Debug)]
pub struct Rejected(());
/// A `Result` where nobody would look for its error.
#[derive(Debug)]
pub struct Buried(());
/// A value that JSON cannot hold.
#[derive(Debug)]
pub struct Unwritable(());
/// The answer for a whole batch.
#[derive(Debug)]
pub struct Together(());
/// The answer for a whole batch, with the state of its window.
#[derive(Debug)]
pub struct WithState(());
/// The answer of a handler that takes a window, and no batch so far.
#[derive(Debug)]
pub struct Batchless(());

/// The mark of an answer whose handler also takes a batch, or a window.
pub trait Also {
    /// With a batch.
    type Batch;
    /// With a window.
    type Window;
}

macro_rules! also {
    ($($mark:ident, $batch:ident, $window:ident;)*) => {$(
        impl Also for $mark {
            type Batch = $batch;
            type Window = $window;
        }
    )*};
}

also! {
    Plain, Together, Batchless;
    Buried, Together, Batchless;
    Unwritable, Together, Batchless;
    Together, Together, WithState;
    Batchless, WithState, Batchless;
    WithState, WithState, WithState;
}

/// A mark, and the type that is left behind it.
pub type Marked<M, T> = (PhantomData<M>, Kind<T>);

/// How an answer is judged: two marks that open it, one that closes what is left.
#[derive(Debug)]
pub struct Marks<A, B, C>(PhantomData<(A, B, C)>);

impl<A, B, C> Marks<A, B, C> {
    /// Of what the compiler has said.
    #[must_use]
    pub const fn new(_: PhantomData<A>, _: PhantomData<B>, _: PhantomData<C>) -> Self {
        Self(PhantomData)
    }
}

macro_rules! open {
    ($($(#[$doc:meta])* $level:ident for $type:ty, $mark:ident, $inner:ty, [$($generic:ident $(: $bound:path $(, $more:path)*)?;)*];)*) => {$(
        $(#[$doc])*
        pub trait $level<M, T> {
            /// How the answer is opened, and what is inside.
            fn __lift_open(&self) -> Marked<M, T> {
                (PhantomData, Kind(PhantomData))
            }
        }

        impl<$($generic $(: $bound $(+ $more)*)?),*> $level<$mark, $inner> for $type {}
    )*};
}

open! {
    /// The error has decided.
    OpenDecided for &&&&Kind<Result<T, E>>, Decided, T, [T; E: LiftError;];
    /// The error is a response with a status of its own.
    OpenRefused for &&&Kind<Result<T, E>>, Refused, T, [T; E: Refusal;];
    /// The error is an error that knows its response.
    OpenRejected for &&Kind<Result<T, E>>, Rejected, T, [T; E: std::error::Error, IntoResponse;];
    /// The error says nothing of what a client sees.
    OpenUndecided for &Kind<Result<T, E>>, Decided, T, [T; E;];
    /// There is no error.
    OpenPlain for Kind<T>, Plain, T, [T;];
}

/// What could hold one more error.
pub trait CloseBuried<M> {
    /// How the answer is closed.
    fn __lift_close(&self) -> PhantomData<M> {
        PhantomData
    }
}

/// What is written as JSON, and can be.
pub trait CloseWritten<M> {
    /// How the answer is closed.
    fn __lift_close(&self) -> PhantomData<M> {
        PhantomData
    }
}

/// What should be written as JSON.
pub trait CloseUnwritable<M> {
    /// How the answer is closed.
    fn __lift_close(&self) -> PhantomData<M> {
        PhantomData
    }
}

/// Everything else.
pub trait ClosePlain<M> {
    /// How the answer is closed.
    fn __lift_close(&self) -> PhantomData<M> {
        PhantomData
    }
}

impl<T: Buries> CloseBuried<Buried> for &&&Kind<T> {}
impl<T: Writes<Value: Serialize>> CloseWritten<Plain> for &&Kind<T> {}
impl<T: Writes> CloseUnwritable<Unwritable> for &Kind<T> {}
impl<T> ClosePlain<Plain> for Kind<T> {}

/// An answer whose body is a value as JSON.
pub trait Writes {
    /// The value.
    type Value;
}

impl<T> Writes for Json<T> {
    type Value = T;
}

impl<T> Writes for axum::Json<T> {
    type Value = T;
}

/// An answer with a `Result` inside, where axum makes a success of its `Err`: it puts the status of a tuple over it, and
/// `Json` shows it as data.
///
/// What is deeper in `Json` is data: each item of a bulk answer may have an error of its own.
pub trait Buries {}

impl<T, E> Buries for Result<T, E> {}
impl<T: Shown> Buries for Json<T> {}
impl<T: Shown> Buries for axum::Json<T> {}

/// The last element is the answer, the others are what stands around it.
macro_rules! tuples {
    ($last:ident) => {
        impl<$last: Buries> Buries for ($last,) {}
        impl<$last: Writes> Writes for ($last,) {
            type Value = $last::Value;
        }
    };
    ($first:ident $($more:ident)+) => {
        tuples! { @ [$first] $($more)+ }
        tuples! { $($more)+ }
    };
    (@ [$($first:ident)+] $last:ident) => {
        impl<$($first,)+ $last: Buries> Buries for ($($first,)+ $last) {}
        impl<$($first,)+ $last: Writes> Writes for ($($first,)+ $last) {
            type Value = $last::Value;
        }
    };
    (@ [$($first:ident)+] $next:ident $($more:ident)+) => {
        tuples! { @ [$($first)+ $next] $($more)+ }
    };
}

// The longest that axum answers with: a status, sixteen parts and the answer.
tuples! { A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16 A17 A18 }

/// A `Result` for the one who reads the JSON.
pub trait Shown {}

impl<T, E> Shown for Result<T, E> {}
impl<T: Shown> Shown for &T {}
impl<T: Shown> Shown for Box<T> {}
impl<T: Shown> Shown for Arc<T> {}

/// An argument that stands for all records of an event.
pub trait TakesAll {
    /// The answer is for all of them.
    fn __lift_close<M: Also>(&self, _: PhantomData<M>) -> PhantomData<M::Batch> {
        PhantomData
    }
}

impl<T: Uses<Resources = Whole>> TakesAll for &Probe<T> {}

/// An argument that stands for the window of an event.
pub trait TakesWindow {
    /// The answer has its state.
    fn __lift_close<M: Also>(&self, _: PhantomData<M>) -> PhantomData<M::Window> {
        PhantomData
    }
}

impl<T: Uses<Resources = Windowed>> TakesWindow for &Probe<T> {}

/// Any other argument.
pub trait TakesOne {
    /// The answer is what it is.
    fn __lift_close<M>(&self, mark: PhantomData<M>) -> PhantomData<M> {
        mark
    }
}

impl<T> TakesOne for Probe<T> {}
