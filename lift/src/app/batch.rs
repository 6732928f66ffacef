//! The records of one event: each in a call of its own, or all in one; what failed goes back to where it came from.
//!
//! Done is only what a handler has answered below 400. What has failed, what could not be read and what was not begun
//! in time comes again: duplicates, never loss.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::StatusCode;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::Instant;

use super::events::EventAnswer;
use super::invocation::panicked;
use super::produce::drained;
use super::request::json_request;
use super::service::Call;
use super::{Service, Triggered, window};
use crate::clock::Deadline;
use crate::error::{self, Failure, OfRecord, Origin, Outcome};
use crate::event::{self, BatchItem, Batched, BatchedItem, FailedItems, RecordKind, Records};
use crate::layer::fence;
use crate::telemetry::caught;

/// What became of one record.
enum End {
    Done,
    Failed(Failure),
    /// It was not begun: the time was too short, or it stands behind one that has failed.
    NotBegun,
}

/// Serves the records of one event.
///
/// # Errors
/// What makes the event source deliver all of them again.
pub(super) async fn run(
    service: &Arc<Service>,
    triggered: &Triggered,
    mut records: Records<'_>,
    event: &Bytes,
    call: &Call,
    request_id: &Arc<str>,
) -> Result<EventAnswer, Failure> {
    let (kind, is_window) = (records.kind, records.is_window);
    let batch = Batch { service, triggered, event, call, request_id, kind, is_window };
    let items = std::mem::take(&mut records.items);
    let (ends, state) = match triggered.whole {
        true => batch.together(&items).await,
        false => (batch.one_by_one(&items).await, None),
    };
    batch.answer(&items, ends, state)
}

/// The state of a window after a call, or why there is none; `None` where there is no window.
type State = Option<Result<Box<RawValue>, Failure>>;

struct Batch<'b> {
    service: &'b Arc<Service>,
    triggered: &'b Triggered,
    event: &'b Bytes,
    call: &'b Call,
    request_id: &'b Arc<str>,
    kind: RecordKind,
    is_window: bool,
}

impl Batch<'_> {
    async fn one_by_one(&self, items: &[BatchItem<'_>]) -> Vec<End> {
        let concurrency = self.triggered.meta.concurrency.max(1);
        let meta = &self.triggered.meta;
        let time = Time::new(self.call.deadline, meta.timeout, meta.partial);
        let mut ends: Vec<End> = items.iter().map(|_| End::NotBegun).collect();
        let stop = Stop::new(self.kind, items);
        let mut ended = |index, end| set(&mut ends, index, end);
        if concurrency == 1 && items.iter().all(|item| item.group.is_none()) {
            for index in 0..items.len() {
                self.lane([index], items, &time, &stop, &mut ended).await;
            }
            return ends;
        }
        let lanes = lanes(self.kind, items, concurrency);
        if concurrency == 1 {
            for lane in lanes {
                self.lane(lane.0, items, &time, &stop, &mut ended).await;
            }
            return ends;
        }
        let mut waiting = lanes.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < concurrency
                && let Some(lane) = waiting.next()
            {
                running.push(async {
                    let mut done = Vec::with_capacity(lane.0.len());
                    self.lane(lane.0, items, &time, &stop, &mut |index, end| done.push((index, end))).await;
                    done
                });
            }
            let Some(done) = running.next().await else { break };
            done.into_iter().for_each(|(index, end)| ended(index, end));
        }
        ends
    }

    /// Records that keep their order, until one of them fails.
    async fn lane(
        &self,
        lane: impl IntoIterator<Item = usize>,
        items: &[BatchItem<'_>],
        time: &Time,
        stop: &Stop,
        ended: &mut (impl FnMut(usize, End) + Send),
    ) {
        for index in lane {
            let Some(item) = items.get(index) else { continue };
            if !stop.may_begin(index) || !time.is_enough() {
                break;
            }
            let begun = time.begin();
            let end = self.one(item).await;
            time.took(begun);
            let failed = matches!(end, End::Failed(_));
            ended(index, end);
            if failed {
                stop.failed(index);
                break;
            }
        }
    }

    async fn one(&self, item: &BatchItem<'_>) -> End {
        let body = match &item.body {
            Ok(body) => body.clone(),
            Err(problem) => return self.unreadable(&item.id, problem),
        };
        let call = Call {
            request_id: None,
            event: self.call.event.clone(),
            record: Some(item.start),
            streams: false,
            deadline: self.call.deadline,
            default_timeout: self.call.default_timeout,
        };
        let request = json_request(body);
        let invoked = async {
            let invocation = self.service.triggered(self.triggered, request, self.request_id, &call);
            drained(invocation.of_record(&item.id).run().await).await
        };
        self.judge(&self.fenced(invoked).await, &item.id)
    }

    /// The response of an invocation; a failure where something beside its handler has panicked.
    async fn fenced(&self, invoked: impl Future<Output = Response>) -> Response {
        let ended = fence(invoked).await;
        ended.unwrap_or_else(|panic| panicked(&panic, "serving the record").into_response())
    }

    fn unreadable(&self, id: &str, problem: &str) -> End {
        let failure = Failure::new(StatusCode::BAD_REQUEST, "RECORD_NOT_VALID").origin_is(Origin::Internal);
        let failure = failure.cause(format!("the {} cannot be read: {problem}", self.kind.noun()));
        self.log(&failure, OfRecord { id, returns: true });
        End::Failed(failure)
    }

    fn judge(&self, response: &Response, id: &str) -> End {
        let (failure, permanent) = match Outcome::of(response) {
            Outcome::Done => return End::Done,
            Outcome::Retry(Some(failure)) => (failure, false),
            Outcome::Retry(None) => {
                let failure = Failure::new(response.status(), "FAILED").origin_is(Origin::Internal);
                (failure.cause("the handler answered with this status and without an error"), false)
            }
            Outcome::Permanent(failure) => (failure, true),
        };
        let is_dropped = permanent && self.triggered.meta.drop_permanent;
        self.log(&failure, OfRecord { id, returns: !is_dropped });
        if is_dropped { End::Done } else { End::Failed(failure) }
    }

    fn log(&self, failure: &Failure, record: OfRecord<'_>) {
        error::log(
            failure,
            Some(self.triggered.meta.name),
            self.request_id,
            Some(record),
            self.service.errors.unmasked,
        );
    }

    async fn together(&self, items: &[BatchItem<'_>]) -> (Vec<End>, State) {
        let mut ends: Vec<End> = items.iter().map(|_| End::NotBegun).collect();
        let readable = self.readable(items, &mut ends);
        let indices: Vec<usize> = readable.iter().map(|item| item.index).collect();
        let unread = Arc::default();
        let mut request = json_request(Bytes::new());
        let batched =
            Batched { event: self.event.clone(), items: readable.into(), unread: Arc::clone(&unread) };
        request.extensions_mut().insert(batched);
        let invoked = async {
            let invocation = self.service.triggered(self.triggered, request, self.request_id, self.call);
            drained(invocation.run().await).await
        };
        let response = self.fenced(invoked).await;
        let named = response.extensions().get::<FailedItems>();
        let end = if named.is_some() { End::Done } else { self.judge(&response, "*") };
        let state = self.is_window.then(|| self.state(&response, &end));
        for index in indices {
            let is_named = named.is_some_and(|named| named.0.contains(&index));
            set(
                &mut ends,
                index,
                match &end {
                    End::Done if is_named => {
                        let failure = Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "RECORD_FAILED");
                        End::Failed(failure.cause("the handler named it among those that are not done"))
                    }
                    End::Done => End::Done,
                    End::Failed(failure) => End::Failed(failure.clone()),
                    End::NotBegun => End::NotBegun,
                },
            );
        }
        let unread = std::mem::take(&mut *unread.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        for (index, problem) in unread {
            let id = items.get(index).map_or("", |item| &item.id);
            let end = problem.map_or(End::NotBegun, |problem| self.unreadable(id, &problem));
            set(&mut ends, index, end);
        }
        if self.kind == RecordKind::Sqs {
            keep_groups(items, &mut ends);
        }
        (ends, state)
    }

    /// The records that have a body, up to the first one of a group or a shard that has none.
    fn readable(&self, items: &[BatchItem<'_>], ends: &mut [End]) -> Vec<BatchedItem> {
        let mut readable = Vec::with_capacity(items.len());
        let mut broken: Vec<&str> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match &item.body {
                Ok(body) => {
                    let (id, body) = (item.id.clone().into_owned(), body.clone());
                    let group = self.in_order(item).map(ToOwned::to_owned);
                    if group.as_deref().is_some_and(|group| broken.contains(&group)) {
                        continue;
                    }
                    readable.push(BatchedItem { index, id, group, body, start: item.start });
                }
                Err(problem) => {
                    set(ends, index, self.unreadable(&item.id, problem));
                    broken.extend(self.in_order(item));
                }
            }
        }
        readable
    }

    fn state(&self, response: &Response, end: &End) -> Result<Box<RawValue>, Failure> {
        if let End::Failed(failure) = end {
            return Err(failure.clone());
        }
        window::state(self.event, response)
            .inspect_err(|failure| self.log(failure, OfRecord { id: "*", returns: true }))
    }

    /// What a record is in order with: its message group, or its shard.
    fn in_order<'i>(&self, item: &'i BatchItem<'_>) -> Option<&'i str> {
        match self.kind {
            RecordKind::Sqs => item.group.as_deref(),
            kind => kind.is_stream().then_some(&*item.shard),
        }
    }

    /// What the event source is told.
    fn answer(&self, items: &[BatchItem<'_>], ends: Vec<End>, state: State) -> Result<EventAnswer, Failure> {
        let meta = &self.triggered.meta;
        let (mut done, mut failed, mut not_begun) = (0_u64, 0_u64, 0_u64);
        for end in &ends {
            match end {
                End::Done => done += 1,
                End::Failed(_) => failed += 1,
                End::NotBegun => not_begun += 1,
            }
        }
        // A recorder of the program's own that panics changes nothing for the records.
        let _ = caught(|| {
            for (outcome, count) in [("done", done), ("failed", failed), ("returned", not_begun)] {
                if count > 0 {
                    metrics::counter!("lift_records_total", "handler" => meta.name, "outcome" => outcome)
                        .increment(count);
                }
            }
        });
        if not_begun > 0 {
            let (handler, request_id) = (meta.name, self.request_id);
            tracing::warn!(
                request_id = &**request_id,
                handler,
                not_begun,
                failed,
                done,
                "records go back that were not begun"
            );
        }
        // Without a state there is no answer that Lambda takes for one.
        let state = state.transpose()?;
        if meta.partial || (state.is_some() && failed + not_begun == 0) {
            let failures = unfinished(self.kind, items, &ends);
            let failures = failures.into_iter().map(|id| ItemFailure { item_identifier: id }).collect();
            let answer = to_raw_value(&PartialAnswer { state, batch_item_failures: failures });
            return answer.map(EventAnswer::Json).map_err(|error| Failure::unwritable(&error));
        }
        let all = ends.len();
        let first = ends
            .into_iter()
            .find_map(|end| if let End::Failed(failure) = end { Some(failure) } else { None });
        match first {
            None if not_begun == 0 => Ok(EventAnswer::nothing()),
            Some(failure) if all == 1 => Err(failure),
            _ => {
                let detail = format!(
                    "{failed} of {all} records failed and {not_begun} were not begun; all come again"
                );
                Err(Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "BATCH_FAILED").detail(detail))
            }
        }
    }
}

fn set(ends: &mut [End], index: usize, end: End) {
    if let Some(place) = ends.get_mut(index) {
        *place = end;
    }
}

/// Of a FIFO queue all of a group goes back that stands behind what is not done.
fn keep_groups(items: &[BatchItem<'_>], ends: &mut [End]) {
    let mut broken: Vec<&str> = Vec::new();
    for (item, end) in items.iter().zip(ends) {
        let Some(group) = item.group.as_deref() else { continue };
        match end {
            End::Done if broken.contains(&group) => *end = End::NotBegun,
            End::Done => {}
            _ => broken.push(group),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PartialAnswer<'a> {
    /// Of a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<Box<RawValue>>,
    batch_item_failures: Vec<ItemFailure<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure<'a> {
    item_identifier: &'a str,
}

/// The ids of what is not done; of a stream, the first of each shard, because everything behind it comes again.
fn unfinished<'i>(kind: RecordKind, items: &'i [BatchItem<'_>], ends: &[End]) -> Vec<&'i str> {
    let not_done = items.iter().zip(ends).filter(|(_, end)| !matches!(end, End::Done)).map(|(item, _)| item);
    if !kind.is_stream() {
        return not_done.map(|item| &*item.id).collect();
    }
    let mut shards: Vec<&str> = Vec::new();
    let mut first = Vec::new();
    for item in not_done {
        if !shards.contains(&&*item.shard) {
            shards.push(&item.shard);
            first.push(&*item.id);
        }
    }
    first
}

/// Records that run one after the other, by their index.
#[derive(Debug, PartialEq, Eq)]
struct Lane(Vec<usize>);

/// Which records keep an order: those of one message group of a FIFO queue; those of a stream, or with a concurrency
/// those of one partition key.
fn lanes(kind: RecordKind, items: &[BatchItem<'_>], concurrency: usize) -> Vec<Lane> {
    if concurrency == 1 && kind.is_stream() {
        return vec![Lane((0..items.len()).collect())];
    }
    let mut lanes: Vec<Lane> = Vec::with_capacity(items.len());
    let mut places: HashMap<(&str, Cow<'_, str>), usize> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        let Some(group) = &item.group else {
            lanes.push(Lane(vec![index]));
            continue;
        };
        let group = match kind {
            RecordKind::DynamoDb => Cow::Owned(event::item_key(group)),
            _ => Cow::Borrowed(&**group),
        };
        let place = *places.entry((&*item.shard, group)).or_insert(lanes.len());
        match lanes.get_mut(place) {
            Some(lane) => lane.0.push(index),
            None => lanes.push(Lane(vec![index])),
        }
    }
    lanes
}

/// Where a stream has come to a record that failed: nothing behind it need be begun.
struct Stop {
    /// The shard of each record, and the first failure of each shard; empty where nothing is a stream.
    shards: Vec<usize>,
    failed: Vec<AtomicUsize>,
}

impl Stop {
    fn new(kind: RecordKind, items: &[BatchItem<'_>]) -> Self {
        let mut names: Vec<&str> = Vec::new();
        let mut shards = Vec::new();
        if kind.is_stream() {
            for item in items {
                let place = names.iter().position(|name| *name == item.shard);
                shards.push(place.unwrap_or(names.len()));
                if place.is_none() {
                    names.push(&item.shard);
                }
            }
        }
        Self { shards, failed: names.iter().map(|_| AtomicUsize::new(usize::MAX)).collect() }
    }

    fn of(&self, index: usize) -> Option<&AtomicUsize> {
        self.failed.get(*self.shards.get(index)?)
    }

    fn may_begin(&self, index: usize) -> bool {
        self.of(index).is_none_or(|failed| index < failed.load(Ordering::Relaxed))
    }

    fn failed(&self, index: usize) {
        if let Some(failed) = self.of(index) {
            failed.fetch_min(index, Ordering::Relaxed);
        }
    }
}

/// Whether there is time for one record more.
struct Time {
    deadline: Deadline,
    /// What has to be left, where a record that is not begun is worth more than one that is cut off: with `partial`.
    /// Without it all records come again when one is missing.
    reserve: Option<Reserve>,
}

/// Twice what the longest record took, and at least a tenth of all; never more than a record can take.
struct Reserve {
    /// A tenth of what there was at the beginning.
    least: Duration,
    /// No record takes longer.
    most: Duration,
    /// What the longest one took, in nanoseconds.
    longest: AtomicU64,
}

impl Time {
    fn new(deadline: Deadline, timeout: Option<Duration>, partial: bool) -> Self {
        let reserve = deadline.remaining().filter(|_| partial).map(|all| Reserve {
            least: all / 10,
            most: timeout.unwrap_or(Duration::MAX),
            longest: AtomicU64::new(0),
        });
        Self { deadline, reserve }
    }

    /// When a record is begun, where that matters.
    fn begin(&self) -> Option<Instant> {
        self.reserve.as_ref().map(|_| Instant::now())
    }

    fn took(&self, begun: Option<Instant>) {
        if let (Some(begun), Some(reserve)) = (begun, &self.reserve) {
            let nanos = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
            reserve.longest.fetch_max(nanos, Ordering::Relaxed);
        }
    }

    fn is_enough(&self) -> bool {
        let Some(left) = self.deadline.remaining() else { return true };
        !left.is_zero() && self.reserve.as_ref().is_none_or(|reserve| left >= reserve.now())
    }
}

impl Reserve {
    fn now(&self) -> Duration {
        let longest = Duration::from_nanos(self.longest.load(Ordering::Relaxed));
        longest.saturating_mul(2).max(self.least).min(self.most)
    }
}
