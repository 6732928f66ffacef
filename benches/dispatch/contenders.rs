//! The contenders: each gets the bytes of an event and gives the bytes of the answer.

use std::fmt::Debug;
use std::hint::black_box;

use allocation_counter::measure;
use benches::Contender;
use bytes::Bytes;
use lambda_http::Adapter;
use lambda_runtime::tower::{Service, ServiceExt};
use lambda_runtime::{Context, LambdaEvent, service_fn};
use lift::App;
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};

/// Events of one round whose allocations are counted; they are the same every time.
const COUNTED: usize = 10;

/// One thread: allocations of others are not counted.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Nanoseconds, allocations and allocated bytes of one call. The time is the thread's on its core: nothing waits here,
/// so whatever else the machine does is not measured.
pub(crate) fn contender(calls: usize, mut call: impl AsyncFnMut() -> Bytes + 'static) -> Contender {
    let runtime = runtime();
    Box::new(move || {
        let mut repeat = |calls| {
            runtime.block_on(async {
                for _ in 0..calls {
                    black_box(call().await);
                }
            });
        };
        let begin = clock_gettime(ClockId::ThreadCPUTime);
        repeat(calls);
        let took = clock_gettime(ClockId::ThreadCPUTime) - begin;
        let nanos = took.tv_sec as f64 * 1e9 + took.tv_nsec as f64;
        let counted = measure(|| repeat(COUNTED));
        let per_call = |total: u64| total as f64 / COUNTED as f64;
        vec![nanos / calls as f64, per_call(counted.count_total), per_call(counted.bytes_total)]
    })
}

/// Lift, from bytes to bytes as on Lambda.
pub(crate) fn lift(app: App, event: &Bytes) -> impl AsyncFnMut() -> Bytes + use<> {
    let service = runtime().block_on(app.test().start()).unwrap();
    let event = event.clone();
    async move || service.event(event.clone()).await.unwrap()
}

/// A service with what lambda_runtime does around it: its deserializer before, and its serializer after.
fn under_lambda_runtime<E, S>(mut service: S, event: &Bytes) -> impl AsyncFnMut() -> Bytes + use<E, S>
where
    E: DeserializeOwned,
    S: Service<LambdaEvent<E>, Response: Serialize, Error: Debug>,
{
    let (event, context) = (event.clone(), Context::default());
    async move || {
        let mut json = serde_json::Deserializer::from_slice(&event);
        let payload = serde_path_to_error::deserialize(&mut json).unwrap();
        let service = service.ready().await.unwrap();
        let answer = service.call(LambdaEvent::new(payload, context.clone())).await.unwrap();
        serde_json::to_vec(&answer).unwrap().into()
    }
}

/// An axum router under lambda_http.
pub(crate) fn axum(router: axum::Router, event: &Bytes) -> impl AsyncFnMut() -> Bytes + use<> {
    under_lambda_runtime(Adapter::from(router), event)
}

/// A function under lambda_http.
pub(crate) fn http(event: &Bytes) -> impl AsyncFnMut() -> Bytes + use<> {
    under_lambda_runtime(Adapter::from(service_fn(function_http::handle)), event)
}

/// A function under lambda_runtime, with an event of aws_lambda_events.
pub(crate) fn raw<E, A, F, Fut>(handle: F, event: &Bytes) -> impl AsyncFnMut() -> Bytes + use<E, A, F, Fut>
where
    E: DeserializeOwned,
    A: Serialize,
    F: FnMut(LambdaEvent<E>) -> Fut,
    Fut: Future<Output = Result<A, lambda_runtime::Error>>,
{
    under_lambda_runtime(service_fn(handle), event)
}
