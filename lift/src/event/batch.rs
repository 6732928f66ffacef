//! A whole batch as one argument.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::record::read;
use crate::error::Failure;
use crate::resource::{Requirements, ResourceSet, Uses};

/// The records of one batch together, for a handler that writes them with one statement or sends them with one call.
///
/// A record whose body is not the JSON of a `T` is not among them; it has failed already. What stands behind it in its
/// message group of a FIFO queue, or in its shard of a stream, goes back with it. When none could be read, the batch is empty. The handler answers `()` when all
/// of them are done, [`Failed`] to name those that are not, or a `Result` of one of them: an error is for all. Naming
/// takes the key `partial`, else one of them fails the whole batch.
///
/// The time limit and a panic concern the batch as a whole, and `concurrency` has no meaning.
///
/// ```
/// use lift::event::{Batch, Failed};
/// use lift::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// struct Click {
///     page: String,
/// }
///
/// #[lift::handler(kinesis = "clicks", partial)]
/// async fn count(batch: Batch<Click>) -> Failed {
///     let mut failed = Failed::none();
///     for click in &batch {
///         if click.page.is_empty() {
///             failed.add(click);
///         }
///     }
///     failed
/// }
/// # fn main() { let _ = lift::handlers![count]; }
/// ```
///
/// # Errors
/// 500 `NO_RECORD` when no records called the handler.
#[derive(Clone, Debug)]
pub struct Batch<T>(pub Vec<Item<T>>);

/// One record of a [`Batch`]: its body as a `T`, and what it is called.
#[derive(Clone, Debug)]
pub struct Item<T> {
    /// The message id of a queue, the sequence number of a stream.
    pub id: String,
    /// The body.
    pub value: T,
    index: usize,
    /// The event, and where the record begins in it.
    place: (Bytes, usize),
}

impl<T> Item<T> {
    /// All that AWS says of it, read as `R`: [`SqsMessage`](super::SqsMessage) and its like, or a type of one's own.
    ///
    /// # Errors
    /// When the record has another shape.
    pub fn record<R: DeserializeOwned>(&self) -> Result<R, serde_json::Error> {
        let (event, start) = &self.place;
        read(event.get(*start..).unwrap_or_default())
    }
}

impl<T> Deref for Item<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Deref for Batch<T> {
    type Target = Vec<Item<T>>;

    fn deref(&self) -> &Vec<Item<T>> {
        &self.0
    }
}

impl<T> DerefMut for Batch<T> {
    fn deref_mut(&mut self) -> &mut Vec<Item<T>> {
        &mut self.0
    }
}

impl<T> IntoIterator for Batch<T> {
    type Item = Item<T>;
    type IntoIter = std::vec::IntoIter<Item<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'b, T> IntoIterator for &'b Batch<T> {
    type Item = &'b Item<T>;
    type IntoIter = std::slice::Iter<'b, Item<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// The records of a batch, in the extensions of its one request.
#[derive(Clone)]
pub(crate) struct Batched {
    pub(crate) event: Bytes,
    pub(crate) items: Arc<[BatchedItem]>,
    pub(crate) unread: Arc<Mutex<Vec<Unread>>>,
}

/// A record that [`Batch`] does not hand out, by its index: it could not be read, for this reason, or it stands behind
/// one of those.
pub(crate) type Unread = (usize, Option<String>);

pub(crate) struct BatchedItem {
    pub(crate) index: usize,
    pub(crate) id: String,
    /// Its message group or shard: behind a record of it that cannot be read, no other one is handed out.
    pub(crate) group: Option<String>,
    pub(crate) body: Bytes,
    pub(crate) start: usize,
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Batch<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let Some(batched) = parts.extensions.get::<Batched>() else {
            return Err(Failure::internal(
                "NO_RECORD",
                "`Batch` was taken, and no records called this handler",
            ));
        };
        let mut unread = batched.unread.lock().unwrap_or_else(PoisonError::into_inner);
        let mut broken: Vec<&str> = Vec::new();
        let mut items = Vec::with_capacity(batched.items.len());
        for item in batched.items.iter() {
            if item.group.as_deref().is_some_and(|group| broken.contains(&group)) {
                unread.push((item.index, None));
                continue;
            }
            match serde_json::from_slice(&item.body) {
                Ok(value) => {
                    let place = (batched.event.clone(), item.start);
                    items.push(Item { id: item.id.clone(), value, index: item.index, place });
                }
                Err(error) => {
                    unread.push((item.index, Some(error.to_string())));
                    broken.extend(item.group.as_deref());
                }
            }
        }
        Ok(Self(items))
    }
}

/// That a handler takes its records together is noted like a resource.
impl<T> Uses for Batch<T> {
    type Resources = Whole;
}

/// The whole batch, as something that a handler uses.
#[doc(hidden)]
#[derive(Debug)]
pub struct Whole(());

impl ResourceSet for Whole {
    fn declare(requirements: &mut Requirements) {
        requirements.whole_batch();
    }
}

/// The records of a [`Batch`] that are not done, as its handler's answer.
#[derive(Clone, Debug, Default)]
#[must_use = "a handler returns it"]
pub struct Failed(BTreeSet<usize>);

impl Failed {
    /// All are done.
    pub fn none() -> Self {
        Self::default()
    }

    /// This one is not; it comes again.
    pub fn add<T>(&mut self, item: &Item<T>) {
        self.0.insert(item.index);
    }
}

impl<'i, T: 'i> Extend<&'i Item<T>> for Failed {
    fn extend<I: IntoIterator<Item = &'i Item<T>>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.add(item));
    }
}

/// What [`Failed`] has named, in the extensions of the response.
#[derive(Clone)]
pub(crate) struct FailedItems(pub(crate) BTreeSet<usize>);

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        if !self.0.is_empty() {
            // Without the extension, which a layer may lose, all of them have failed.
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response.extensions_mut().insert(FailedItems(self.0));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Batch<u32> {
        let event = Bytes::from_static(br#"[{"messageId":"m0"},{"messageId":"m1"},{"messageId":"m2"}]"#);
        let item = |index: usize| {
            let place = (event.clone(), 1 + index * 19);
            Item { id: format!("m{index}"), value: 10 + index as u32, index, place }
        };
        Batch((0..3).map(item).collect())
    }

    fn named(failed: Failed) -> Vec<usize> {
        failed.0.into_iter().collect()
    }

    #[test]
    fn the_records_of_a_batch_are_read_changed_and_taken_like_those_of_a_list() {
        let mut batch = batch();
        assert_eq!(batch.len(), 3);
        assert_eq!((&batch).into_iter().map(|item| **item).collect::<Vec<_>>(), [10, 11, 12]);
        batch.reverse();
        batch.retain(|item| item.value != 11);
        assert_eq!(batch.iter().map(|item| &*item.id).collect::<Vec<_>>(), ["m2", "m0"]);
        assert_eq!(batch.into_iter().map(|item| item.value).collect::<Vec<_>>(), [12, 10]);
    }

    #[test]
    fn what_aws_says_of_each_record_can_be_read() {
        for item in batch() {
            let record: crate::event::SqsMessage = item.record().unwrap();
            assert_eq!(record.message_id, item.id);
            assert!(item.record::<u8>().is_err());
        }
    }

    #[test]
    fn records_that_are_not_done_are_named_one_by_one_or_many_at_once() {
        let batch = batch();
        let mut failed = Failed::none();
        assert!(named(failed.clone()).is_empty());
        failed.extend(batch.iter().filter(|item| item.value != 11));
        assert_eq!(named(failed.clone()), [0, 2]);
        failed.add(&batch[1]);
        failed.add(&batch[1]);
        assert_eq!(named(failed.clone()), [0, 1, 2]);
        let response = failed.into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.extensions().get::<FailedItems>().unwrap().0.len(), 3);
        let response = Failed::none().into_response();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.extensions().get::<FailedItems>().is_none());
    }
}
