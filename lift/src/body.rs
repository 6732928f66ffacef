//! Bodies that are wanted whole.

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;

/// Bodies up to this size need no limit of ours: axum's own default, 2 MB, lets them pass.
pub(crate) const AXUM_BODY_LIMIT: u64 = 2 * 1024 * 1024;

/// All bytes of a body. One that lies ready in memory, as most do, is one frame and is neither copied nor collected.
pub(crate) async fn whole<B: Body<Data = Bytes> + Unpin>(mut body: B) -> Result<Bytes, B::Error> {
    let mut first = match body.frame().await {
        None => return Ok(Bytes::new()),
        Some(frame) => frame?.into_data().unwrap_or_default(),
    };
    if body.is_end_stream() {
        return Ok(first);
    }
    let rest = body.collect().await?.to_bytes();
    if rest.is_empty() {
        return Ok(first);
    }
    let mut all = Vec::with_capacity(first.len() + rest.len());
    all.extend_from_slice(&std::mem::take(&mut first));
    all.extend_from_slice(&rest);
    Ok(all.into())
}
