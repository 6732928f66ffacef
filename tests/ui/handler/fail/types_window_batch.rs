use lift::event::Window;

#[lift::handler(kinesis = "clicks")]
async fn clicks(window: Window<u64>) -> Window<u64> {
    window
}

fn main() {
    let _ = lift::handlers![clicks];
}
