#[lift::health_check]
async extern "C" fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
