//! A service in this process, which every input is handed to as an event.

use std::sync::OnceLock;

use lift::testing::TestService;
use lift::{App, Failure};
use serde_json::Value;

/// Hands the bytes to the app, and gives its answer. A panic, also one that lift would catch, ends the fuzzer.
pub fn event(app: fn() -> App, event: &[u8]) -> Result<Value, Failure> {
    static RUNTIME: OnceLock<(tokio::runtime::Runtime, TestService)> = OnceLock::new();
    let (runtime, service) = RUNTIME.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let service = runtime.block_on(app().test().start()).unwrap();
        (runtime, service)
    });
    let answer = runtime.block_on(service.event(event.to_vec()))?;
    Ok(serde_json::from_slice(&answer).expect("an answer is JSON"))
}
