use lift::Resource;

#[derive(Resource)]
struct OrdersDb(String);

fn main() {}
