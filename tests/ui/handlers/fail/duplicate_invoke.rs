#[lift::handler(invoke = "reindex")]
async fn reindex() {}

mod jobs {
    #[lift::handler(invoke = "reindex")]
    pub async fn again() {}
}

fn main() {
    let _ = lift::handlers![reindex, jobs::again];
}
