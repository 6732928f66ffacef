use lift::Resource;

#[derive(Resource)]
struct __(lift::sqlite::Connection);

fn main() {}
