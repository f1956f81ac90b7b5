//! A collector of traces that keeps what it is sent.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use url::Url;

#[derive(Clone, Default)]
pub(crate) struct Collector(Arc<Mutex<Vec<Span>>>);

impl Collector {
    /// Listens, at the address that is the second answer.
    pub(crate) async fn start() -> (Self, Url) {
        async fn take(State(collector): State<Collector>, body: Bytes) {
            let request = ExportTraceServiceRequest::decode(body).unwrap();
            let spans = request.resource_spans.into_iter().flat_map(|of| of.scope_spans).flat_map(|of| of.spans);
            collector.0.lock().unwrap().extend(spans);
        }
        let collector = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        TaskTracker::new().spawn(axum::serve(listener, router).into_future());
        (collector, url)
    }

    /// What has come so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.0.lock().unwrap().clone()
    }
}
