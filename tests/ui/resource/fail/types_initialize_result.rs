use lift::Resource;

#[derive(Resource)]
#[resource(initialize = open)]
struct OrdersDb;

async fn open(_: &lift::config::NoSettings, _: &lift::Init) -> OrdersDb {
    OrdersDb
}

fn main() {}
