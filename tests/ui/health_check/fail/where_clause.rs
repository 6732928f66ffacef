#[lift::health_check]
async fn orders()
where
    String: Clone,
{
}

fn main() {
    let _ = lift::health_checks![orders];
}
