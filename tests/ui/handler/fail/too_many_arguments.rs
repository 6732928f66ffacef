#[lift::handler(POST, "/orders")]
#[rustfmt::skip]
async fn orders(
    a: String, b: String, c: String, d: String, e: String, f: String, g: String,
    h: String, i: String, j: String, k: String, l: String, m: String, n: String,
) {
    drop((a, b, c, d, e, f, g, h, i, j, k, l, m, n));
}

fn main() {
    let _ = lift::handlers![orders];
}
