use lift::Resource;

#[derive(Resource)]
#[resource(cleanup = close)]
struct OrdersDb(lift::sqlite::Connection);

async fn close(_: &OrdersDb) {}

fn main() {}
