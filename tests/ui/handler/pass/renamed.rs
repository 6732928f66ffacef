//! The runtime crate under another name.
#![deny(warnings, dead_code)]

mod vendored {
    pub(crate) use lift as framework;
}

use vendored::framework;

#[framework::handler(GET, "/", crate = "crate::vendored::framework")]
async fn home() {}

#[framework::health_check(crate = "crate::vendored::framework")]
async fn well() {}

#[derive(framework::Resource)]
#[resource(crate = "crate::vendored::framework")]
struct Db(framework::sqlite::Connection);

#[derive(Debug, thiserror::Error, framework::LiftError)]
#[lift(crate = "crate::vendored::framework")]
enum Failed {
    #[error("no")]
    #[lift(status = 404)]
    No,
}

#[framework::main(crate = "crate::vendored::framework")]
async fn main() -> framework::Result<()> {
    let _ = framework::handlers![home];
    let _ = framework::health_checks![well];
    let _ = (Failed::No, std::any::type_name::<Db>());
    Ok(())
}
