//! The explorer at `/graphiql`: a page of our own, embedded, that needs no other server.
//!
//! Written by hand because GraphiQL is 5 MB of bundle with an editor in workers, made for a CDN and for inline styles; this
//! is 30 kB that runs under `default-src 'self'`. The files are served as they stand in this folder. They hold nothing
//! secret, so that no token is needed to load them; the page asks for one before it can ask anything.

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use crate::http::graphql::plain;
use crate::http::{RequestId, wrap};

/// Nothing inline, nothing from elsewhere, and in nobody's frame.
const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Files by name, with their media types.
const FILES: [(&str, &str, &str); 6] = [
    ("style.css", "text/css; charset=utf-8", include_str!("style.css")),
    ("app.js", JAVASCRIPT, include_str!("app.js")),
    ("docs.js", JAVASCRIPT, include_str!("docs.js")),
    ("editor.js", JAVASCRIPT, include_str!("editor.js")),
    ("language.js", JAVASCRIPT, include_str!("language.js")),
    ("transport.js", JAVASCRIPT, include_str!("transport.js")),
];

/// Documents of the contract to begin with.
const EXAMPLES: [(&str, &str); 6] = [
    ("Queue", include_str!("../../../schema/operations/Queue.graphql")),
    ("Case", include_str!("../../../schema/operations/Case.graphql")),
    ("Lineage", include_str!("../../../schema/operations/Lineage.graphql")),
    ("Review", include_str!("../../../schema/operations/Review.graphql")),
    ("Create a refresh order", include_str!("../../../schema/operations/CreateRefreshOrder.graphql")),
    ("Case events", include_str!("../../../schema/operations/CaseEvents.graphql")),
];

/// The page and its files; without any state, so that they fit every router.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(
            "/graphiql",
            get(async || served("text/html; charset=utf-8", include_str!("page.html"))).fallback(wrap::only_get),
        )
        .route("/graphiql/{file}", get(file).fallback(wrap::only_get))
}

async fn file(Path(name): Path<String>, request: Extension<RequestId>) -> Response {
    if name == "examples.json" {
        let examples = EXAMPLES.map(|(name, document)| json!({ "name": name, "document": document }));
        return served("application/json", json!(examples).to_string());
    }
    match FILES.iter().find(|(known, ..)| *known == name) {
        Some((_, media, text)) => served(media, *text),
        None => wrap::not_found(request).await,
    }
}

fn served(media: &'static str, text: impl Into<Body>) -> Response {
    let mut response = plain(StatusCode::OK, media, text.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
