use lift::Resource;

#[derive(Resource)]
#[resource(initialize = open)]
struct OrdersDb;

async fn open(_: &lift::config::NoSettings) -> Result<OrdersDb, lift::BoxError> {
    Ok(OrdersDb)
}

fn main() {}
