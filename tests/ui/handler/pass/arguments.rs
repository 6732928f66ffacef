//! Every way to write an argument.
#![deny(warnings, dead_code, unreachable_pub, unused_qualifications)]

use lift::prelude::*;
use lift::sqlite;

#[derive(Resource)]
struct OrdersDb(sqlite::Connection);

type Db = Pooled<OrdersDb>;
type Names = (String, u64);

#[derive(serde::Deserialize)]
struct Params {
    shop: String,
    id: u64,
}

struct Wrapper<T>(T);

#[lift::handler(GET, "/{shop}/{id}")]
async fn plain(shop: String, id: u64) -> String {
    format!("{shop} {id}")
}

#[lift::handler(POST, "/{shop}/{id}/mutable")]
async fn mutable(mut shop: String, mut id: u64, mut body: String) -> String {
    shop.push('!');
    id += 1;
    body.push('.');
    format!("{shop} {id} {body}")
}

#[lift::handler(GET, "/{shop}/{id}/tuple")]
async fn tuple(Path((shop, id)): Path<Names>) -> String {
    format!("{shop} {id}")
}

#[lift::handler(GET, "/{shop}/{id}/struct")]
async fn structure(Path(Params { shop, id }): Path<Params>) -> String {
    format!("{shop} {id}")
}

#[lift::handler(GET, "/{type}")]
async fn keyword(r#type: String) -> String {
    r#type
}

#[lift::handler(GET, "/files/{*rest}")]
async fn catch_all(rest: String) -> String {
    rest
}

#[lift::handler(POST, "/resources")]
async fn resources(
    one: Db,
    two: Option<Pooled<OrdersDb>>,
    three: Result<Pooled<OrdersDb>, PoolError>,
    pool: Pool<OrdersDb>,
    value: Shared<String>,
    _: Query<Params>,
    Json(body): Json<Params>,
) -> StatusCode {
    let _ = (one, two, three, pool, value, body.shop, body.id);
    StatusCode::NO_CONTENT
}

#[lift::handler(GET, "/opaque")]
async fn opaque() -> impl IntoResponse {
    (StatusCode::OK, "opaque")
}

#[lift::handler(GET, "/result")]
async fn result() -> Result<impl IntoResponse, lift::Error> {
    Ok("opaque")
}

#[lift::handler(invoke = "report", timeout = "15m")]
async fn report(Json(body): Json<Vec<u8>>) -> Json<Vec<u8>> {
    let Wrapper(body) = Wrapper(body);
    Json(body)
}

#[lift::handler(OPTIONS, "/", timeout = "250ms", cancel_on_disconnect, crate = "::lift")]
async fn options() {}

fn main() {
    let _ = lift::handlers![
        plain, mutable, tuple, structure, keyword, catch_all, resources, opaque, result, report, options,
    ];
}
