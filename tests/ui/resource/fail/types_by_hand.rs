use lift::prelude::*;

#[derive(Resource)]
struct OrdersDb {
    connection: lift::sqlite::Connection,
}

impl Resource for OrdersDb {
    type Config = lift::config::NoSettings;
    type Error = lift::BoxError;

    fn spec() -> lift::resource::ResourceSpec {
        lift::resource::ResourceSpec::new("orders-db", module_path!(), file!(), line!())
    }

    async fn initialize(_: &Self::Config, _: &lift::Init) -> Result<Self, Self::Error> {
        std::future::pending().await
    }

    async fn health_check(&mut self) -> Result<(), Self::Error> {
        std::future::pending().await
    }
}

#[lift::handler(GET, "/orders")]
async fn orders(db: Pooled<OrdersDb>) {
    let _ = db;
}

fn main() {
    let _ = lift::handlers![orders];
}
