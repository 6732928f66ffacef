#[lift::health_check]
async unsafe fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
