use lift::prelude::*;

struct Orders;

impl Orders {
    #[lift::handler(POST, "/orders/{id}")]
    pub async fn orders(id: u64, body: Json<u8>) -> Result<Json<u8>, lift::Error> {
        let _ = id;
        Ok(body)
    }
}

fn main() {}
