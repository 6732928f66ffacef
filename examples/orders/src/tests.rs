#![allow(clippy::unwrap_used)] // clippy sees that a file is for tests only by a plain `cfg(test)`

use std::collections::BTreeMap;

use lift::testing::TestService;
use serde_json::{Value, json};

use super::*;
use crate::order::Order;
use crate::store::OrdersDb;

/// The whole app in this process, with a store in memory.
async fn service() -> TestService {
    let host = app().test().var("ORDERS_DB_POOL_MAX_SIZE", "1");
    host.with::<OrdersDb>(OrdersDb::in_memory).start().await.unwrap()
}

#[tokio::test]
async fn a_handler_is_an_ordinary_function() {
    let db = || async { Pooled::detached(OrdersDb::in_memory().await.unwrap()) };
    let missing = uuid::Uuid::new_v4();
    let error = get_order(missing, db().await).await.unwrap_err();
    assert_eq!(error.to_string(), format!("order {missing} does not exist"));
    let new = serde_json::from_value(json!({"customer": "ada", "item": "engine", "quantity": 2})).unwrap();
    let (status, [(_, location)], Json(order)) = create_order(db().await, Json(new)).await.unwrap();
    assert_eq!((status.as_u16(), location), (201, format!("/orders/{}", order.id)));
}

#[tokio::test]
async fn an_order_is_made_shown_listed_and_cancelled_once() {
    let service = service().await;
    let new = json!({"customer": "ada", "item": "engine", "quantity": 2});
    let made = service.post("/orders").json(&new).await.unwrap();
    assert_eq!(made.status(), 201);
    let location = made.header("location").unwrap().to_owned();
    let order: Order = made.json().unwrap();
    assert_eq!(service.get(&location).await.unwrap().json::<Order>().unwrap(), order);
    for (filter, count) in [("", 1), ("?customer=ada", 1), ("?customer=bob", 0), ("?limit=0", 0)] {
        let list: Vec<Order> = service.get(format!("/orders{filter}")).await.unwrap().json().unwrap();
        assert_eq!(list.len(), count, "{filter}");
    }
    let totals: BTreeMap<String, i64> = service.invoke("order-totals", ()).await.unwrap();
    assert_eq!(totals, BTreeMap::from([("engine".to_owned(), 2)]));
    let cancelled: Value = service.post(format!("{location}/cancel")).await.unwrap().json().unwrap();
    assert_eq!(cancelled["status"], "cancelled");
    let again = service.post(format!("{location}/cancel")).await.unwrap();
    assert_eq!(
        (again.status(), again.json::<Value>().unwrap()["code"].as_str().unwrap()),
        (409, "ORDER_CANCELLED")
    );
}

/// What is hard to pass on: cookies, repeated keys, bytes that are no text.
#[lift::handler(POST, "/echo/{word}")]
async fn echo(
    word: String,
    Query(query): Query<Vec<(String, String)>>,
    headers: lift::extract::HeaderMap,
    body: bytes::Bytes,
) -> impl IntoResponse {
    let cookies: Vec<_> = headers.get_all("cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    let seen = [("x-word", word), ("x-query", format!("{query:?}")), ("x-cookies", cookies.join("; "))];
    let kind = [("content-type", "application/octet-stream".to_owned())];
    (kind, [("set-cookie", "a=1; Path=/".to_owned())], seen, body)
}

#[tokio::test]
async fn every_way_to_it_gives_the_same_answers() {
    let app = || {
        let host = app().handlers(lift::handlers![echo]).test().var("ORDERS_DB_POOL_MAX_SIZE", "1");
        host.with::<OrdersDb>(OrdersDb::in_memory)
    };
    let flow = lift::testing::conformance(app, async |client| {
        for quantity in [json!(2), json!(0), json!("two")] {
            let new = json!({"customer": "ada", "item": "engine", "quantity": quantity});
            client.post("/orders").header("cookie", "a=1; b=2").json(&new).await?;
        }
        let orders: Vec<Order> = client.get("/orders?customer=ada&limit=5").await?.json()?;
        let id = orders[0].id;
        for target in [format!("/orders/{id}"), format!("/orders/{id}/nothing"), "/orders/no-id".to_owned()] {
            client.get(target).await?;
        }
        client.get("/orders?limit=1&limit=2").await?;
        client.post(format!("/orders/{id}/cancel")).await?;
        client.post(format!("/orders/{id}/cancel")).await?;
        client.delete("/orders").await?;
        client.head(format!("/orders/{id}")).await?;
        client.get("/health/ready").await?;
        for body in [&b"text"[..], b"", b"\xff\x00\xfe"] {
            let echo = client.post("/echo/a%20b?a=1&a=2&b=%C3%BC").header("cookie", "x=1; y=2");
            let answer = echo.body(body).await?;
            assert_eq!((answer.status(), answer.header("x-cookies")), (200, Some("x=1; y=2")));
            assert_eq!(answer.bytes(), body);
        }
        Ok(())
    });
    flow.await.unwrap();
}

#[tokio::test]
async fn partners_orders_come_by_a_queue_each_once() {
    let service = service().await;
    let record = |id: &str, quantity: u32| {
        json!({"messageId": id, "body": json!({"customer": "bob", "item": "engine", "quantity": quantity}).to_string(),
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-central-1:1:incoming-orders"})
    };
    let first = "059f36b4-87a3-44ab-83d2-661975830a7d";
    let records = [record(first, 1), record(first, 1), record("wrong", 0)];
    let answer = service.event(json!({"Records": records}).to_string()).await.unwrap();
    assert_eq!(answer, r#"{"batchItemFailures":[{"itemIdentifier":"wrong"}]}"#);
    let order = format!("/orders/{first}");
    assert_eq!(service.get(&order).await.unwrap().json::<Order>().unwrap().customer, "bob");

    service.post(format!("{order}/cancel")).await.unwrap();
    let night = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {},
        "resources": ["arn:aws:events:eu-central-1:1:rule/nightly"]});
    assert_eq!(service.event(night.to_string()).await.unwrap(), "null");
    assert_eq!(service.get(&order).await.unwrap().status(), 404);
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let service = service().await;
    for (body, pointer, words) in [
        (
            json!({"customer": "ada", "item": "engine", "quantity": 0}),
            "#/quantity",
            "must be between 1 and 1000",
        ),
        (
            json!({"customer": " ", "item": "engine", "quantity": 1}),
            "#/customer",
            "must have 1 to 100 characters",
        ),
        (json!({"customer": "ada", "item": "engine", "quantity": "two"}), "#/quantity", "expected u32"),
        (json!({"customer": "ada", "item": "engine"}), "#", "missing field `quantity`"),
        (json!({"customer": "a", "item": "b", "quantity": 1, "vip": true}), "#/vip", "unknown field `vip`"),
    ] {
        let answer = service.post("/orders").json(&body).await.unwrap();
        let problem: Value = answer.json().unwrap();
        assert_eq!((answer.status(), &problem["code"]), (422, &json!("INVALID_BODY")), "{body}");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains(words), "{problem}");
    }
}

#[tokio::test]
async fn a_start_function_that_fails_is_named_with_its_cause() {
    let host =
        app().test().with::<OrdersDb>(|| async { Err::<OrdersDb, _>(lift::Error::msg("the disk is full")) });
    let refused = host.start().await.err().unwrap().to_string();
    let named = refused.contains("`orders::store::migrate` failed: pool `orders-db`");
    assert!(named && refused.ends_with("the disk is full"), "{refused}");
}
