//! Which triggers an argument belongs to, said by its type.
//!
//! Generated code asks each argument's type for a mark, by method lookup as in `pool::probe`, and then the mark whether the
//! type fits the handler's trigger.

use axum::extract as axums;
use bytes::Bytes;

use super::{Json, MatchedPath, Path};
use crate::event::{
    Batch, Change, EventBridgeEvent, KinesisRecord, Record, RequestContext, S3Object, SnsNotification,
    SqsMessage, StreamRecord, Window,
};
use crate::pool::probe::Probe;

macro_rules! triggers {
    ($($(#[$doc:meta])* $trigger:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $trigger {}
    )*};
}

/// The triggers, as types.
pub mod on {
    triggers! {
        /// `GET` and `HEAD`: requests without a body.
        Get;
        /// Every other method.
        Http;
        /// A direct invoke.
        Invoke;
        /// A queue.
        Sqs;
        /// A topic.
        Sns;
        /// A bucket.
        S3;
        /// A stream.
        Kinesis;
        /// A table.
        DynamoDb;
        /// A schedule.
        Schedule;
        /// A bus.
        EventBridge;
        /// A WebSocket API.
        WebSocket;
        /// An event that is told by what it holds.
        Event;
    }
}

/// An argument that only some triggers have.
pub trait Special {}

/// A [`Special`] argument that the trigger `K` has.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not available to a handler with this trigger",
    label = "belongs to another trigger",
    note = "`Path` and `MatchedPath` belong to a method and a path, `RequestContext` also to `ws` and `event`",
    note = "`Batch`, `Record`, `SqsMessage`, `KinesisRecord` and the like belong to records of their source; for a handler's shared code take an `Option`, as in `Option<SqsMessage>`"
)]
pub trait GivenBy<K> {}

impl Special for SqsMessage {}
impl GivenBy<on::Sqs> for SqsMessage {}

impl Special for SnsNotification {}
impl GivenBy<on::Sns> for SnsNotification {}

impl Special for S3Object {}
impl GivenBy<on::S3> for S3Object {}

impl Special for KinesisRecord {}
impl GivenBy<on::Kinesis> for KinesisRecord {}

impl Special for StreamRecord {}
impl GivenBy<on::DynamoDb> for StreamRecord {}

impl<T> Special for Change<T> {}
impl<T> GivenBy<on::DynamoDb> for Change<T> {}

impl Special for EventBridgeEvent {}
impl GivenBy<on::EventBridge> for EventBridgeEvent {}
impl GivenBy<on::Schedule> for EventBridgeEvent {}

impl<T> Special for Record<T> {}
impl<T> GivenBy<on::Sqs> for Record<T> {}
impl<T> GivenBy<on::Sns> for Record<T> {}
impl<T> GivenBy<on::S3> for Record<T> {}
impl<T> GivenBy<on::Kinesis> for Record<T> {}
impl<T> GivenBy<on::DynamoDb> for Record<T> {}
impl<T> GivenBy<on::EventBridge> for Record<T> {}
impl<T> GivenBy<on::Schedule> for Record<T> {}

impl<T> Special for Batch<T> {}
impl<T> GivenBy<on::Sqs> for Batch<T> {}
impl<T> GivenBy<on::Sns> for Batch<T> {}
impl<T> GivenBy<on::S3> for Batch<T> {}
impl<T> GivenBy<on::Kinesis> for Batch<T> {}
impl<T> GivenBy<on::DynamoDb> for Batch<T> {}
impl<T> GivenBy<on::EventBridge> for Batch<T> {}
impl<T> GivenBy<on::Schedule> for Batch<T> {}

impl<S> Special for Window<S> {}
impl<S> GivenBy<on::Kinesis> for Window<S> {}
impl<S> GivenBy<on::DynamoDb> for Window<S> {}

impl<T> Special for RequestContext<T> {}
impl<T> GivenBy<on::Get> for RequestContext<T> {}
impl<T> GivenBy<on::Http> for RequestContext<T> {}
impl<T> GivenBy<on::WebSocket> for RequestContext<T> {}
impl<T> GivenBy<on::Event> for RequestContext<T> {}

impl<T> Special for Path<T> {}
impl<T> GivenBy<on::Get> for Path<T> {}
impl<T> GivenBy<on::Http> for Path<T> {}

impl Special for MatchedPath {}
impl GivenBy<on::Get> for MatchedPath {}
impl GivenBy<on::Http> for MatchedPath {}

impl<T: Special, E> Special for Result<T, E> {}
impl<T: GivenBy<K>, E, K> GivenBy<K> for Result<T, E> {}

/// An argument that reads a body.
pub trait ReadsBody {}

impl<T> ReadsBody for Json<T> {}
impl<T> ReadsBody for axum::Json<T> {}
impl ReadsBody for Bytes {}

/// An argument that reads a body, which the trigger `K` has.
#[diagnostic::on_unimplemented(
    message = "a GET or HEAD request has no body that `{Self}` could be read from",
    label = "reads a body",
    note = "write `Query<…>` for what stands behind `?`, or another method"
)]
pub trait BodyOf<K> {}

macro_rules! bodies {
    ($($trigger:ident)*) => {$(
        impl<T> BodyOf<on::$trigger> for T {}
    )*};
}

bodies! { Http Invoke Sqs Sns S3 Kinesis DynamoDb Schedule EventBridge WebSocket Event }

/// What axum's router puts into a request, and lift's does not.
pub trait AxumsOwn {}

impl<T> AxumsOwn for axums::Path<T> {}
impl AxumsOwn for axums::RawPathParams {}
impl AxumsOwn for axums::MatchedPath {}
impl AxumsOwn for axums::NestedPath {}
impl<T: AxumsOwn> AxumsOwn for Option<T> {}
impl<T: AxumsOwn, E> AxumsOwn for Result<T, E> {}

/// No type: its words are the message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is filled by axum's router alone, which does not run here",
    label = "axum's own",
    note = "write `lift::extract::Path` or `lift::extract::MatchedPath`, or name an argument like the parameter of the route",
    note = "instead of `NestedPath` write `lift::Context`: its `route()` begins with the prefix of the group"
)]
pub trait Routed {}

macro_rules! levels {
    ($($(#[$doc:meta])* $level:ident for $type:ty $(where $bound:path)?, $mark:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $mark;

        $(#[$doc])*
        pub trait $level {
            /// The mark.
            fn __lift_scope(&self) -> $mark {
                $mark
            }
        }

        impl<T $(: $bound)?> $level for $type {}
    )*};
}

levels! {
    /// What axum's router would have to give.
    IsAxumsOwn for &&&Probe<T> where AxumsOwn, Foreign;
    /// What only some triggers have.
    IsSpecial for &&Probe<T> where Special, Elsewhere;
    /// What reads a body.
    IsBody for &Probe<T> where ReadsBody, InBody;
    /// Anything else.
    IsPlain for Probe<T>, Anywhere;
}

// That one of these compiles is the answer.

impl Foreign {
    /// `T` is an argument of handlers with the trigger `K`.
    pub const fn __lift_fits<T: Routed, K>(self) {}
}

impl Elsewhere {
    /// `T` is an argument of handlers with the trigger `K`.
    pub const fn __lift_fits<T: GivenBy<K>, K>(self) {}
}

impl InBody {
    /// `T` is an argument of handlers with the trigger `K`.
    pub const fn __lift_fits<T: BodyOf<K>, K>(self) {}
}

impl Anywhere {
    /// `T` is an argument of handlers with the trigger `K`.
    pub const fn __lift_fits<T, K>(self) {}
}
