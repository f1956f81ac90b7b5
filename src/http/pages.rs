//! Pages that are in the binary: how they are served, and the reference portal's.

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Map, Value};

use crate::http::documents::Entry;
use crate::http::graphql::plain;
use crate::http::{RequestId, wrap};
use crate::portal;

/// Nothing inline, nothing from elsewhere, and in nobody's frame.
const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/// The portal at `/`, its files and its documents; without any state, so that they fit every router.
pub(crate) fn portal<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(async || served("page.html", portal::PAGE)).fallback(wrap::only_get))
        .route("/portal/{file}", get(portal_file).fallback(wrap::only_get))
}

async fn portal_file(Path(name): Path<String>, request: Extension<RequestId>) -> Response {
    if name == "operations.json" {
        return served("operations.json", operations());
    }
    match portal::FILES.iter().find(|file| file.name == name) {
        Some(file) => served(file.name, file.text),
        None => wrap::not_found(request).await,
    }
}

/// The documents by the names of their operations.
fn operations() -> String {
    let named = portal::operations().into_iter().map(|(name, text)| (name.to_owned(), Value::from(text)));
    Value::Object(named.collect::<Map<_, _>>()).to_string()
}

/// The portal's documents, for a gateway that runs registered ones only.
pub(crate) fn documents() -> Vec<Entry> {
    let own = portal::operations().into_iter();
    own.map(|(name, text)| Entry { name: format!("the portal's {name}"), stated: None, text }).collect()
}

/// A file of ours, with the policy that keeps it to itself.
pub(crate) fn served(name: &str, text: impl Into<Body>) -> Response {
    let mut response = plain(StatusCode::OK, media(name), text.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn media(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => "text/plain; charset=utf-8",
    }
}
