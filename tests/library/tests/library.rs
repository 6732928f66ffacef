//! A program that uses what a library annotates: its whole app, and its handlers one by one.

use library::orders;
use lift::prelude::*;
use serde_json::{json, Value};

#[lift::handler(GET, "/")]
async fn home() -> &'static str {
    "at home"
}

#[tokio::test]
async fn handlers_of_a_library_are_listed_beside_ones_own() {
    let own = App::new("own").handlers(lift::handlers![home, orders::get_order, orders::echo]);
    for app in [orders::app(), own.health_checks(lift::health_checks![orders::orders])] {
        let service = app.test().var("ORDERS_DB_URL", ":memory:").start().await.unwrap();
        assert_eq!(service.get("/orders/7").await.unwrap().json::<Value>().unwrap(), json!({"id": 7}));
        let missing = service.get("/orders/8").await.unwrap();
        let problem: Value = missing.json().unwrap();
        assert_eq!((missing.status(), &problem["details"]), (404, &json!({"id": 8})));
        let echo: Value = service.invoke("echo", json!({"id": 9})).await.unwrap();
        assert_eq!(echo, json!({"id": 9}));
        assert_eq!(service.get("/health/ready").await.unwrap().status(), 200);
        service.close().await;
    }
}
