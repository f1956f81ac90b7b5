//! The operators' listener: `/livez` says that the process runs, `/readyz` whether it should get requests, `/metrics`
//! what it has counted.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures_util::future::BoxFuture;
use serde_json::json;

use crate::telemetry::Collector;

/// Whether the gateway can serve: the database answers, no migration is pending, no drain has begun. The upstream API
/// does not count. The error is one word or two for the operator.
pub type Readiness = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// The text format that Prometheus asks for.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The routes of the operators' listener.
pub fn router(readiness: Readiness, collector: Collector) -> Router {
    let ready = move || {
        let check = readiness();
        async move { report(check.await) }
    };
    // `/livez` looks at nothing else: a process that waits for its database must not be restarted for it.
    Router::new()
        .route("/livez", get(|| async { axum::Json(json!({ "status": "alive" })) }))
        .route("/readyz", get(ready))
        .route("/metrics", get(|| async move { ([(header::CONTENT_TYPE, METRICS)], collector.render()) }))
        .fallback(|| async { (StatusCode::NOT_FOUND, axum::Json(json!({ "status": "no such page" }))) })
}

fn report(outcome: Result<(), String>) -> Response {
    match outcome {
        Ok(()) => axum::Json(json!({ "status": "ready" })).into_response(),
        Err(reason) => {
            (StatusCode::SERVICE_UNAVAILABLE, axum::Json(json!({ "status": "not ready", "reason": reason })))
                .into_response()
        }
    }
}
