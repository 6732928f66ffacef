//! What `main` may return, and how it is attributed.
#![deny(warnings, dead_code)]

/// The service.
#[allow(clippy::unused_async)]
#[lift::main]
async fn main() -> lift::Result<()> {
    std::future::ready(()).await;
    if std::env::args().count() > 100 {
        return Err(std::fmt::Error)?;
    }
    Ok(())
}
