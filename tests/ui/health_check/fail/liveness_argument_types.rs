use lift::prelude::*;

type Db = Pooled<lift::sqlite::Connection>;

#[lift::health_check(kind = "liveness")]
async fn by_alias(_: Db) {}

#[lift::health_check(kind = "liveness")]
async fn optional(_: Option<Db>, _: Result<Pool<lift::sqlite::Connection>, lift::PoolError>) {}

#[lift::health_check(kind = "liveness")]
async fn borrowed(_: &Db) {}

fn main() {
    let _ = lift::health_checks![by_alias, optional, borrowed];
}
