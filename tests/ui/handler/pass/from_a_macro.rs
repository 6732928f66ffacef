//! Handlers that another macro writes.
#![deny(warnings, dead_code)]

macro_rules! lookup {
    ($name:ident, $path:literal, $key:ident: $key_type:ty, $answer:ty) => {
        #[lift::handler(GET, $path, timeout = "1s")]
        async fn $name($key: $key_type) -> $answer {
            $key.into()
        }
    };
}

lookup!(order, "/orders/{id}", id: String, String);

fn main() {
    let _ = lift::handlers![order];
}
