//! What every request passes before and after its route: an id, limits on its head, CORS, security headers, and a
//! fence that turns a panic into an answer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use futures_util::FutureExt as _;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tracing::{Instrument as _, field};

use crate::failure::Code;
use crate::http::negotiation::Media;
use crate::http::origin::Origins;
use crate::http::refusal::Refusal;
use crate::http::{Edge, RequestId};
use crate::telemetry::{self, TRACE};

const MAX_URI: usize = 8 * 1024;
const MAX_HEADERS: usize = 64 * 1024;
/// Answers below this many bytes fit one packet as they are.
const MIN_COMPRESSED: u64 = 1_024;
const PREFLIGHT_AGE: Duration = Duration::from_mins(10);

/// The routes inside what all of them share.
pub(crate) fn around(routes: Router, edge: &Arc<Edge>) -> Router {
    // Streams go out frame by frame, which a compressor would hold back. Tokens are not cookies, so that nobody else can
    // make a browser ask and then measure the answer.
    let worth_it =
        SizeAbove::new(MIN_COMPRESSED).and(NotForContentType::SSE).and(NotForContentType::const_new("multipart/mixed"));
    let routes = routes.layer(CompressionLayer::new().compress_when(worth_it));
    routes.layer(middleware::from_fn_with_state(Arc::clone(edge), wrap))
}

/// CORS for the routes that browsers call. An unknown origin gets an answer without the headers that would let it read.
pub(crate) fn cors(origins: Origins) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| origins.admit(origin)))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, HeaderName::from_static("last-event-id")])
        .expose_headers([HeaderName::from_static("x-request-id"), header::RETRY_AFTER])
        .max_age(PREFLIGHT_AGE)
}

/// 404 for every path that is not ours.
pub(crate) async fn not_found(Extension(RequestId(id)): Extension<RequestId>) -> Response {
    Refusal::new(Code::NotFound, "there is nothing here").answer(Media::Json, id)
}

/// 405 for a page that can only be read.
pub(crate) async fn only_get(Extension(RequestId(id)): Extension<RequestId>) -> Response {
    Refusal::method("GET").answer(Media::Json, id)
}

async fn wrap(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let id = edge.parts.ids.next();
    let route = route(request.uri().path());
    let traced = tracing::info_span!(
        target: TRACE, "http", otel.name = format!("{} {route}", method(request.method())), otel.kind = "server",
        request.id = %id, http.response.status_code = field::Empty
    );
    if !traced.is_disabled() {
        let parent = request.headers().get("traceparent").and_then(|parent| parent.to_str().ok());
        telemetry::follow_caller(&traced, parent);
    }
    let mut response = if let Err(refusal) = check_head(&request) {
        refusal.answer(Media::Json, id)
    } else {
        request.extensions_mut().insert(RequestId(id));
        // Whatever is logged on the way carries the id that the client has in `X-Request-Id`.
        let span = tracing::info_span!("request", request.id = %id);
        AssertUnwindSafe(next.run(request).instrument(span).instrument(traced.clone()))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| {
                tracing::error!(request.id = %id, "a request panicked");
                Refusal::internal().answer(Media::Json, id)
            })
    };
    traced.record("http.response.status_code", response.status().as_u16());
    drop(traced);
    let status = response.status().as_str().to_owned();
    metrics::counter!("recert_http_responses_total", "route" => route, "status" => status).increment(1);
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert("x-request-id", id);
    }
    response
}

/// A method in a trace, where nobody may write what they like.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// What a path is called in the metrics and in traces.
fn route(path: &str) -> &'static str {
    match path {
        "/graphql" => "graphql",
        "/schema.graphql" => "schema",
        path if path.starts_with("/webhooks/truv/") => "webhook",
        _ => "other",
    }
}

fn check_head(request: &Request) -> Result<(), Refusal> {
    let uri = request.uri();
    let length = uri.path_and_query().map_or(0, |text| text.as_str().len()) + uri.host().map_or(0, str::len);
    if length > MAX_URI {
        let refusal = Refusal::new(Code::BadRequest, "the address is longer than 8 KiB");
        return Err(refusal.status(StatusCode::URI_TOO_LONG).closing());
    }
    if size(request.headers()) > MAX_HEADERS {
        let refusal = Refusal::new(Code::BadRequest, "the header is larger than 64 KiB");
        return Err(refusal.status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE).closing());
    }
    Ok(())
}

/// Bytes of the header lines as they are sent: name, colon, blank, value, line end.
fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}
