//! The explorer at `/graphiql`: a page of our own, embedded, that needs no other server.
//!
//! Written by hand because GraphiQL is 5 MB of bundle with an editor in workers, made for a CDN and for inline styles; this
//! is 30 kB that runs under `default-src 'self'`. The files are served as they stand in this folder. They hold nothing
//! secret, so that no token is needed to load them; the page asks for one before it can ask anything.

use axum::Router;
use axum::extract::{Extension, Path};
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use crate::http::pages::served;
use crate::http::{RequestId, wrap};

/// Files by name.
const FILES: [(&str, &str); 6] = [
    ("style.css", include_str!("style.css")),
    ("app.js", include_str!("app.js")),
    ("docs.js", include_str!("docs.js")),
    ("editor.js", include_str!("editor.js")),
    ("language.js", include_str!("language.js")),
    ("transport.js", include_str!("transport.js")),
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
        .route("/graphiql", get(async || served("page.html", include_str!("page.html"))).fallback(wrap::only_get))
        .route("/graphiql/{file}", get(file).fallback(wrap::only_get))
}

async fn file(Path(name): Path<String>, request: Extension<RequestId>) -> Response {
    if name == "examples.json" {
        let examples = EXAMPLES.map(|(name, document)| json!({ "name": name, "document": document }));
        return served("examples.json", json!(examples).to_string());
    }
    match FILES.iter().find(|(known, _)| *known == name) {
        Some((name, text)) => served(name, *text),
        None => wrap::not_found(request).await,
    }
}
