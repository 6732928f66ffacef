//! Orders: the production example. Create, read, list and cancel them, over HTTP and as a Lambda function.

mod error;
mod handlers;
mod order;
mod store;
#[cfg(all(test, not(feature = "postgres")))] // a store in memory is their double
mod tests;
mod warehouse;

use lift::prelude::*;

use handlers::{cancel_order, create_order, get_order, list_orders, order_totals, take_order, tidy_up};

/// The service, put together; `main` runs it and the tests call it.
fn app() -> App {
    App::new("orders")
        .on_start(store::migrate)
        .handlers(lift::handlers![create_order, get_order, list_orders, cancel_order, order_totals])
        .handlers(lift::handlers![take_order, tidy_up])
        .health_checks(lift::health_checks![warehouse::warehouse])
}

#[lift::main]
async fn main() -> lift::Result<()> {
    app().run().await
}
