struct Orders;

impl Orders {
    #[lift::handler(GET, "/orders")]
    async fn list(&self) {}
}

fn main() {}
