#[lift::handler(schedule = "rate(5 minutes)")]
async fn clean() {}

fn main() {
    let _ = lift::handlers![clean];
}
