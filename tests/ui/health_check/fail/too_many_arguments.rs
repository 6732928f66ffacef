use lift::prelude::*;

#[lift::health_check]
#[rustfmt::skip]
async fn orders(
    a: Shared<u8>, b: Shared<u16>, c: Shared<u32>, d: Shared<u64>,
    e: Shared<i8>, f: Shared<i16>, g: Shared<i32>,
) {
    drop((a, b, c, d, e, f, g));
}

fn main() {
    let _ = lift::health_checks![orders];
}
