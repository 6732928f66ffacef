struct Orders;

impl Orders {
    #[lift::health_check]
    async fn check(&self) {}
}

fn main() {}
