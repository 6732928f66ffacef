struct Orders;

impl Orders {
    #[lift::health_check]
    pub async fn check() {}
}

fn main() {}
