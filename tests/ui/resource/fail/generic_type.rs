use lift::Resource;

#[derive(Resource)]
struct OrdersDb<T>(T);

fn main() {}
