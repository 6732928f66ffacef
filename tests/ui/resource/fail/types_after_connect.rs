use lift::Resource;

#[derive(Resource)]
#[resource(after_connect = prepare)]
struct OrdersDb(lift::sqlite::Connection);

async fn prepare(_: OrdersDb) -> Result<(), lift::sqlite::Error> {
    Ok(())
}

fn main() {}
