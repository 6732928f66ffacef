#[lift::health_check]
async fn orders<T: Default>() {
    drop(T::default());
}

fn main() {
    let _ = lift::health_checks![orders];
}
