//! Metrics and traces: where they are collected, and what each of them means.
//!
//! Code that counts something calls the macros of the `metrics` crate with a name from [`METRICS`]; whoever adds a name
//! adds its line there and in docs/operator.md (`tests/it/telemetry.rs` checks both). The process has one collector,
//! because the macros reach it from everywhere; operators read it as `GET /metrics` on their own listener. A label holds
//! a word out of a short, closed list: never an id, a subject, an address, or anything else about a person.

mod list;
#[cfg(feature = "otel")]
mod otlp;
mod trace;

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

pub use self::list::{Kind, METRICS, Metric};
#[cfg(feature = "otel")]
pub use self::otlp::{Exporter, ExporterError};
pub use self::trace::TRACE;
pub(crate) use self::trace::{follow, follow_caller, here};

/// How often [`Collector::keep_up`] tidies.
const UPKEEP: Duration = Duration::from_secs(5);
/// Upper bounds of the buckets of every histogram, in seconds: from a statement to a long outage.
const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// What this process has counted so far.
#[derive(Clone, Debug)]
pub struct Collector(PrometheusHandle);

/// The collector of this process. The first call begins to count; what was counted before is lost.
pub fn collector() -> Collector {
    static COLLECTOR: OnceLock<Collector> = OnceLock::new();
    COLLECTOR.get_or_init(begin).clone()
}

fn begin() -> Collector {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(seconds, &SECONDS).unwrap_or_else(|error| {
        // An empty list is the only fault, and the list is not empty.
        tracing::error!(%error, "histograms are shown as quantiles");
        PrometheusBuilder::new()
    });
    let recorder = builder.build_recorder();
    let collector = Collector(recorder.handle());
    if metrics::set_global_recorder(recorder).is_err() {
        // Only when the library is used inside a program that collects metrics itself.
        tracing::warn!("metrics go to a collector that was there before; /metrics stays empty");
    }
    METRICS.iter().for_each(Metric::describe);
    // Its only word, so that its rate is right from the first time on.
    metrics::counter!("recert_resyncs_total", "reason" => "retention").absolute(0);
    collector
}

impl Collector {
    /// Everything, in the text format of Prometheus.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds what was measured into the histograms from time to time; where nobody asks for the metrics, they would
    /// otherwise grow without end. Never returns.
    pub async fn keep_up(&self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.0.run_upkeep();
        }
    }
}
