//! What the compiler says of an answer's type, aliases included.
//!
//! Method lookup on a [`Kind`] takes the trait with the most references whose bounds hold, as in `pool::probe`. What it
//! gives are marks, types of no size: two that say how a `Result` is opened, and one that says how the rest is
//! closed. Generated code hands them to `judge`.

use std::marker::PhantomData;

use axum_core::response::IntoResponse;

use super::answer::Refusal;
use crate::error::LiftError;
use crate::event::Whole;
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
/// The answer for a whole batch.
#[derive(Debug)]
pub struct Together(());

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
            fn open(&self) -> Marked<M, T> {
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

macro_rules! close {
    ($($level:ident for $type:ty, $mark:ident, [$($generic:ident)*];)*) => {$(
        impl<$($generic),*> $level<$mark> for $type {}
    )*};
}

/// What could hold one more error.
pub trait CloseBuried<M> {
    /// How the answer is closed.
    fn close(&self) -> PhantomData<M> {
        PhantomData
    }
}

/// Everything else.
pub trait ClosePlain<M> {
    /// How the answer is closed.
    fn close(&self) -> PhantomData<M> {
        PhantomData
    }
}

close! {
    CloseBuried for &Kind<Result<T, E>>, Buried, [T E];
    CloseBuried for &Kind<(Result<T, E>,)>, Buried, [T E];
    CloseBuried for &Kind<(A, Result<T, E>)>, Buried, [A T E];
    CloseBuried for &Kind<(A, B, Result<T, E>)>, Buried, [A B T E];
    CloseBuried for &Kind<(A, B, C, Result<T, E>)>, Buried, [A B C T E];
    CloseBuried for &Kind<(A, B, C, D, Result<T, E>)>, Buried, [A B C D T E];
    CloseBuried for &Kind<(A, B, C, D, F, Result<T, E>)>, Buried, [A B C D F T E];
    CloseBuried for &Kind<(A, B, C, D, F, G, Result<T, E>)>, Buried, [A B C D F G T E];
    ClosePlain for Kind<T>, Plain, [T];
}

/// An argument that stands for all records of an event.
pub trait TakesAll {
    /// The answer is for all of them.
    fn close<M>(&self, _: PhantomData<M>) -> PhantomData<Together> {
        PhantomData
    }
}

impl<T: Uses<Resources = Whole>> TakesAll for &Probe<T> {}

/// Any other argument.
pub trait TakesOne {
    /// The answer is what it is.
    fn close<M>(&self, mark: PhantomData<M>) -> PhantomData<M> {
        mark
    }
}

impl<T> TakesOne for Probe<T> {}
