//! `POST /webhooks/truv/{agency}`: the HTTP half of a delivery. Verify the raw bytes, have them stored, answer 204.
//!
//! Nothing is parsed here: what is signed but unusable is still kept, and the answer only says whether it was.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use secrecy::{ExposeSecret, SecretString};

use crate::failure::Code;
use crate::http::negotiation::Media;
use crate::http::ports::RawDelivery;
use crate::http::refusal::Refusal;
use crate::http::{Edge, RequestId, body};
use crate::truv::signature;

/// Every method on the webhook's path.
pub(crate) async fn handle(
    State(edge): State<Arc<Edge>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Path(agency): Path<String>,
    request: Request,
) -> Response {
    let begun = Instant::now();
    let received = receive(&edge, agency, request).await;
    let outcome = match &received {
        Ok(()) => "stored",
        Err(refusal) if refusal.is_ours() => "unavailable",
        Err(_) => "refused",
    };
    metrics::histogram!("recert_webhook_seconds", "outcome" => outcome).record(begun.elapsed());
    match received {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => refusal.answer(Media::Json, request_id),
    }
}

async fn receive(edge: &Edge, agency: String, request: Request<Body>) -> Result<(), Refusal> {
    if request.method() != Method::POST {
        return Err(Refusal::method("POST"));
    }
    let (parts, body) = request.into_parts();
    if parts.headers.contains_key(header::CONTENT_ENCODING) {
        // The signature covers the bytes that were sent; what they unpack to was never signed.
        return Err(Refusal::new(Code::UnsupportedMediaType, "an encoded body is not accepted").closing());
    }
    let body = body::read(body, &parts.headers, edge.webhook_max_body_bytes, edge.body_timeout).await?;
    // An unknown agency has no secrets, and so no signature is right: nobody learns which agencies there are.
    let secrets = edge.parts.intake.secrets(&agency).unwrap_or_default();
    if !is_signed(&parts.headers, &body, &secrets) {
        return Err(Refusal::new(Code::Unauthenticated, "the signature is missing or wrong").constant());
    }
    let headers = [("content-type", header::CONTENT_TYPE), ("user-agent", header::USER_AGENT)]
        .into_iter()
        .filter_map(|(name, key)| Some((name, parts.headers.get(key)?.to_str().ok()?.to_owned())))
        .collect();
    let delivery = RawDelivery { agency, body, headers, received_at: edge.parts.clock.now() };
    edge.parts.intake.store(delivery).await.map_err(|_| {
        Refusal::unavailable("the delivery could not be stored; send it again").retry_after(Duration::from_secs(5))
    })
}

fn is_signed(headers: &HeaderMap, body: &[u8], secrets: &[SecretString]) -> bool {
    let mut values = headers.get_all(signature::HEADER).iter();
    match (values.next(), values.next()) {
        (Some(only), None) => signature::verify(only.as_bytes(), body, secrets.iter().map(ExposeSecret::expose_secret)),
        _ => false,
    }
}
