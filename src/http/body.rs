//! Reads a body up to a limit and within a time, whether or not its length was announced.
//!
//! Frameworks' default body limits do not reach a body that is read by hand, so the limit is here, on the raw frames.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;

use crate::failure::Code;
use crate::http::refusal::Refusal;

/// The whole body. What lies beyond the limit is not read, and the connection ends with the refusal.
pub(crate) async fn read(body: Body, headers: &HeaderMap, limit: usize, time: Duration) -> Result<Bytes, Refusal> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > u64::try_from(limit).unwrap_or(u64::MAX)) {
        return Err(too_large(limit));
    }
    tokio::time::timeout(time, collect(body, limit)).await.unwrap_or_else(|_| {
        let refusal = Refusal::new(Code::BadRequest, "the body did not arrive in time");
        Err(refusal.status(StatusCode::REQUEST_TIMEOUT).closing())
    })
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::new(Code::BadRequest, "the body broke off").closing())?;
        let Ok(data) = frame.into_data() else { continue };
        if read.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(Code::PayloadTooLarge, format!("the body is larger than {limit} bytes")).closing()
}
