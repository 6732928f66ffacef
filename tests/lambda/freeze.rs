//! A process that is stopped between its invocations.

use std::time::Duration;

use tests::runtime_api::Record;

use crate::support::{folder, function, get, http, lambda};

#[tokio::test]
async fn the_invocation_after_a_freeze_is_answered_like_any_other() {
    let dir = folder();
    let lambda = lambda().freeze_between(Duration::from_secs(1)).start();
    let _function = lambda.spawn(function(dir.path()));
    for _ in 0..3 {
        let invoke = lambda.invoke(get("/id/0"));
        let id = invoke.request_id().to_owned();
        let response = http(&invoke.await.expect("an answer"));
        assert_eq!((response.status, response.text()), (200, id));
    }
    assert_eq!(lambda.count(|record| *record == Record::Thawed), 2);
    lambda.finish();
}
