fn main() {
    let _ = lift::handlers![orders];
}
