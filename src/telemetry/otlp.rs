//! Sends traces to a collector, by OTLP over HTTP.
//!
//! Spans are collected by the library's own thread, in a queue that is bounded: when the collector is slow or away, spans
//! are lost and the gateway is not held up. What else the library can do is left to its standard variables, such as
//! `OTEL_EXPORTER_OTLP_HEADERS` for a collector that wants a key.

use std::time::Duration;

use bytes::Bytes;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use super::TRACE;

/// How long a collector may take for one batch.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends traces for as long as it lives.
#[derive(Debug)]
pub struct Exporter(SdkTracerProvider);

/// Why traces cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum ExporterError {
    /// The HTTP client cannot be built, for instance because the system has no root certificates.
    #[error("the HTTP client for traces could not be built")]
    Http(#[from] reqwest::Error),
    /// The library refuses what its variables (`OTEL_…`) say.
    #[error("the exporter of traces could not be built; look at the variables OTEL_EXPORTER_OTLP_…")]
    Build(#[from] ExporterBuildError),
}

impl Exporter {
    /// Sends a `share` of all traces, from 0 to 1, to the collector at `endpoint`, whose path is the whole path. To be
    /// called inside the runtime, which carries the sending.
    ///
    /// # Errors
    /// [`ExporterError`].
    pub fn new(endpoint: &Url, share: f64) -> Result<Self, ExporterError> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(Sender { http, runtime: Handle::current() })
            .with_endpoint(endpoint.as_str())
            .with_timeout(TIMEOUT)
            .build()?;
        let resource = Resource::builder()
            .with_service_name("recert")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let sampler = if share >= 1.0 { Sampler::AlwaysOn } else { Sampler::TraceIdRatioBased(share) };
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        Ok(Self(provider))
    }

    /// Turns spans with the target [`TRACE`] into spans of the trace.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("recert"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(filter_fn(|metadata| metadata.target() == TRACE))
    }

    /// Sends what is still in the queue, if the collector takes it.
    pub async fn end(self) {
        // The library waits by blocking the thread.
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(TIMEOUT)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

/// The HTTP client of the gateway, for a thread that has no part in the runtime.
#[derive(Debug)]
struct Sender {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait::async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (http, request) = (self.http.clone(), reqwest::Request::try_from(request)?);
        let exchange = async move {
            let answer = http.execute(request).await?;
            let mut response = Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                headers.clone_from(answer.headers());
            }
            Ok(response.body(answer.bytes().await?)?)
        };
        self.runtime.spawn(exchange).await?
    }
}
