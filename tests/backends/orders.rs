//! The example `orders` on PostgreSQL: the same handlers, another store.

use std::path::PathBuf;

use serde_json::{Value, json};
use tests::binaries::example_with;
use tests::deadline::wait_until;
use tests::http::{Request, Response};
use tests::process::{Process, Program};
use tests::servers::Postgres;

use crate::support::serve;

struct Orders {
    process: Process,
    address: std::net::SocketAddr,
}

impl Orders {
    fn start(program: &PathBuf, postgres: &Postgres) -> Self {
        let (process, address) = serve(Program::new(program).env("ORDERS_DB_URL", postgres.url()));
        Self { process, address }
    }

    fn get(&self, target: &str) -> Response {
        Request::get(target).send(self.address)
    }

    fn post(&self, target: &str, body: &Value) -> Response {
        Request::post(target, body).send(self.address)
    }
}

#[test]
fn orders_on_postgresql_serves_what_it_serves_on_sqlite() {
    let program = example_with("orders", "postgres");
    let postgres = Postgres::start();
    // Two that start together make the tables once.
    let (first, orders) = std::thread::scope(|scope| {
        let first = scope.spawn(|| Orders::start(&program, &postgres));
        let second = scope.spawn(|| Orders::start(&program, &postgres));
        (first.join().unwrap(), second.join().unwrap())
    });
    let new = json!({"customer": "ada", "item": "Difference Engine", "quantity": 2});
    let made = first.post("/orders", &new);
    assert_eq!(made.status, 201, "{}", made.json());
    let place = made.header("location").unwrap().to_owned();
    assert_eq!(orders.get(&place).json(), made.json());
    for _ in 0..3 {
        let bobs = json!({"customer": "bob", "item": "wire", "quantity": 11});
        assert_eq!(orders.post("/orders", &bobs).status, 201);
    }
    for (filter, count) in [("", 4), ("?customer=ada", 1), ("?limit=2", 2), ("?limit=0", 0)] {
        let list = orders.get(&format!("/orders{filter}")).json();
        assert_eq!(list.as_array().unwrap().len(), count, "{filter}");
    }
    assert_eq!(orders.get("/orders?limit=1").json()[0]["customer"], "bob");
    let cancelled = orders.post(&format!("{place}/cancel"), &json!({}));
    assert_eq!((cancelled.status, &cancelled.json()["status"]), (200, &json!("cancelled")));
    let again = orders.post(&format!("{place}/cancel"), &json!({}));
    assert_eq!((again.status, &again.json()["code"]), (409, &json!("ORDER_CANCELLED")));
    assert_eq!(orders.get("/orders/6f9619ff-8b86-4d01-b42d-00cf4fc964ff").status, 404);

    // All sessions end between two calls: nobody sees it.
    assert!(postgres.terminate_all() >= 2);
    assert_eq!((first.get(&place).status, orders.get(&place).status), (200, 200));

    let health = orders.get("/health");
    assert_eq!(health.status, 200, "{}", health.json());
    orders.process.signal(tests::process::Signal::TERM);
    assert!(orders.process.wait_for_exit().status.success());
    drop(first);
    wait_until("the end of the sessions", || (postgres.sessions() == 0).then_some(()));
}
