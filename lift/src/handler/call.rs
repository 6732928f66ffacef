//! The one generic call behind every handler.
//!
//! Order: arguments that need no connection, from left to right; then the body, when the last argument reads it;
//! then connections, so that a bad request never holds one.
//!
//! A call returns its one box, not an opaque future: the bounds of an opaque future are checked again wherever it is
//! returned, which would tell every wrong argument twice.

use std::future::Future;

use axum_core::extract::Request;
use axum_core::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use http::request::Parts;

use super::body_limit::within_limit;
use super::{Early, Last};
use crate::pool::settle;
use crate::resource::Context;

/// What late arguments are taken from: the context alone.
fn late_parts(context: Option<Context>) -> Parts {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    if let Some(context) = context {
        parts.extensions.insert(context);
    }
    parts
}

/// The context of a call that is granted connections together.
fn granted(parts: &Parts) -> Option<Context> {
    parts.extensions.get::<Context>().filter(|context| context.keeps()).cloned()
}

/// Calls a handler without arguments.
#[doc(hidden)]
pub fn call0<R, F, Fut, J>(_: Request, _: [bool; 0], function: F, judge: J) -> BoxFuture<'static, Response>
where
    R: 'static,
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = R> + Send + 'static,
    J: FnOnce(R) -> Response + Send + 'static,
{
    Box::pin(async move { judge(function().await) })
}

// The bounds that a user's types can break are written beside the names, as tokens: the compiler shows such a line then, and
// nothing of the macro.
macro_rules! calls {
    ($($call:ident [$($send:tt)+] $($item:ident [$($early:tt)+] $slot:ident),* ; $last:ident [$($any:tt)+] $last_slot:ident;)+) => {$(
        /// Takes the arguments and calls the handler.
        #[doc(hidden)]
        #[allow(clippy::too_many_arguments, unused_mut, unused_parens, unused_variables)] // with one argument
        pub fn $call<$($item,)* $last, M, R, F, Fut, J>(
            request: Request,
            late: [bool; [$(stringify!($item),)* ""].len()],
            function: F,
            judge: J,
        ) -> BoxFuture<'static, Response>
        where
            $($item: $($early)+ + 'static,)*
            $last: $($any)+ + 'static,
            M: 'static,
            R: 'static,
            F: FnOnce($($item,)* $last) -> Fut + Send + 'static,
            Fut: Future<Output = R> + $($send)+ + 'static,
            J: FnOnce(R) -> Response + Send + 'static,
        {
            Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let [$($slot,)* $last_slot] = late;
            let granted = granted(&parts);
            $(
                let late = $slot;
                let mut $slot = None;
                if !late {
                    match $item::take(&mut parts).await {
                        Ok(argument) => $slot = Some(argument),
                        Err(response) => return response,
                    }
                }
            )*
            let any_late = $($slot.is_none() ||)* false;
            let context = if any_late { parts.extensions.get::<Context>().cloned() } else { None };
            let mut request = Request::from_parts(parts, body);
            let mut last = None;
            if !$last_slot || !any_late {
                match $last::take(within_limit::<$last>(std::mem::take(&mut request))).await {
                    Ok(argument) => last = Some(argument),
                    Err(response) => return response,
                }
            }
            if any_late {
                let mut parts = late_parts(context);
                $(
                    if $slot.is_none() {
                        match $item::take(&mut parts).await {
                            Ok(argument) => $slot = Some(argument),
                            Err(response) => return response,
                        }
                    }
                )*
            }
            if last.is_none() {
                match $last::take(within_limit::<$last>(request)).await {
                    Ok(argument) => last = Some(argument),
                    Err(response) => return response,
                }
            }
            if let Some(context) = granted {
                settle(&context);
            }
            match ($($slot,)* last) {
                ($(Some($slot),)* Some(last)) => judge(function($($slot,)* last).await),
                // Every slot has been filled above, or the function has returned.
                _ => crate::error::Failure::internal("INTERNAL", "an argument was not taken").into_response(),
            }
            })
        }
    )+};
}

calls! {
    call1 [Send]; A1 [Last<M>] a1;
    call2 [Send] A1 [Early] a1; A2 [Last<M>] a2;
    call3 [Send] A1 [Early] a1, A2 [Early] a2; A3 [Last<M>] a3;
    call4 [Send] A1 [Early] a1, A2 [Early] a2, A3 [Early] a3; A4 [Last<M>] a4;
    call5 [Send] A1 [Early] a1, A2 [Early] a2, A3 [Early] a3, A4 [Early] a4; A5 [Last<M>] a5;
    call6 [Send] A1 [Early] a1, A2 [Early] a2, A3 [Early] a3, A4 [Early] a4, A5 [Early] a5; A6 [Last<M>] a6;
    call7 [Send] A1 [Early] a1, A2 [Early] a2, A3 [Early] a3, A4 [Early] a4, A5 [Early] a5,
        A6 [Early] a6; A7 [Last<M>] a7;
    call8 [Send] A1 [Early] a1, A2 [Early] a2, A3 [Early] a3, A4 [Early] a4, A5 [Early] a5, A6 [Early] a6,
        A7 [Early] a7; A8 [Last<M>] a8;
    call9 [Send] A1 [Early] a1, A2 [Early] a2, A3 [Early] a3, A4 [Early] a4, A5 [Early] a5, A6 [Early] a6,
        A7 [Early] a7, A8 [Early] a8; A9 [Last<M>] a9;
    call10 [Send] A1 [Early] a1, A2 [Early] a2, A3 [Early] a3, A4 [Early] a4, A5 [Early] a5, A6 [Early] a6,
        A7 [Early] a7, A8 [Early] a8, A9 [Early] a9; A10 [Last<M>] a10;
    call11 [Send] A1 [Early] a1, A2 [Early] a2, A3 [Early] a3, A4 [Early] a4, A5 [Early] a5, A6 [Early] a6,
        A7 [Early] a7, A8 [Early] a8, A9 [Early] a9, A10 [Early] a10; A11 [Last<M>] a11;
    call12 [Send] A1 [Early] a1, A2 [Early] a2, A3 [Early] a3, A4 [Early] a4, A5 [Early] a5, A6 [Early] a6,
        A7 [Early] a7, A8 [Early] a8, A9 [Early] a9, A10 [Early] a10, A11 [Early] a11; A12 [Last<M>] a12;
}
