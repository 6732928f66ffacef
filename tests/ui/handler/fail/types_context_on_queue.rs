use lift::event::RequestContext;

type Caller = RequestContext;

#[lift::handler(sqs = "orders")]
async fn orders(caller: Caller) {
    let _ = caller;
}

fn main() {
    let _ = lift::handlers![orders];
}
