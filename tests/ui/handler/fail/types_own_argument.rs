struct CurrentUser;

#[lift::handler(GET, "/orders")]
async fn orders(user: CurrentUser, body: String) {
    let _ = (user, body);
}

fn main() {
    let _ = lift::handlers![orders];
}
