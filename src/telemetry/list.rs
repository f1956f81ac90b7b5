//! Every metric there is.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};

/// How a metric moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only up. The name ends in `_total`.
    Counter,
    /// Up and down.
    Gauge,
    /// A distribution of times. The name ends in `_seconds`.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// How it moves.
    pub kind: Kind,
    /// Its name, `recert_…`.
    pub name: &'static str,
    /// The labels it carries, each with a short, closed list of values.
    pub labels: &'static [&'static str],
    /// What it says, for operators.
    pub help: &'static str,
}

impl Metric {
    /// Tells the collector what the metric means. One without labels is shown as 0 before it has moved, so that its rate
    /// is right from the first time on.
    pub(super) fn describe(&self) {
        match self.kind {
            Kind::Counter => {
                describe_counter!(self.name, Unit::Count, self.help);
                if self.labels.is_empty() {
                    counter!(self.name).absolute(0);
                }
            }
            Kind::Gauge => {
                describe_gauge!(self.name, self.help);
                if self.labels.is_empty() {
                    gauge!(self.name).set(0.0);
                }
            }
            Kind::Histogram => describe_histogram!(self.name, Unit::Seconds, self.help),
        }
    }
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { kind: Kind::Counter, name, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { kind: Kind::Gauge, name, labels, help }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { kind: Kind::Histogram, name, labels, help }
}

/// All of them, by name.
pub const METRICS: &[Metric] = &[
    gauge("recert_batch_cases", &["status"], "Cases of the renewal batches that are at work, by where they stand."),
    gauge("recert_batches", &[], "Renewal batches that are at work; paused ones do not count."),
    gauge("recert_build_info", &["version"], "Always 1; the label says which version runs."),
    gauge("recert_connections_used_up", &[], "Connections, of all agencies, without a refresh left for now."),
    gauge(
        "recert_deliveries",
        &["status"],
        "Deliveries that are still to be applied, wait for their order, or could not be used.",
    ),
    counter("recert_deliveries_missed_total", &[], "Deliveries that did not come and were found in Truv's history."),
    counter("recert_deliveries_quarantined_total", &[], "Deliveries set aside because applying them kept failing."),
    histogram("recert_delivery_wait_seconds", &[], "From the coming of a delivery to its being settled or parked."),
    histogram("recert_event_lag_seconds", &[], "From the moment of a change to its reading by the tail of the log."),
    counter("recert_events_total", &[], "Events that the tail of the log has read and handed to the streams."),
    counter(
        "recert_graphql_deprecated_fields_total",
        &["field"],
        "Operations that select a deprecated field, which the label names as `Type.field`.",
    ),
    histogram(
        "recert_graphql_seconds",
        &["operation", "outcome"],
        "Queries and mutations by their root field; `errors`: with errors in the answer, `failed`: too slow or a panic.",
    ),
    counter(
        "recert_graphql_unregistered_documents_total",
        &[],
        "Requests whose document is not registered, where registered ones are preferred.",
    ),
    counter("recert_http_responses_total", &["route", "status"], "Answers of the public listener."),
    histogram(
        "recert_job_seconds",
        &["kind", "outcome"],
        "Runs of background jobs; `again`, `failed`, `hindered` and `error` run once more.",
    ),
    gauge("recert_jobs", &["state"], "Background jobs in hand, waiting, or set aside."),
    counter("recert_jobs_set_aside_total", &[], "Background jobs set aside because they kept failing."),
    counter(
        "recert_ledger_differences_total",
        &["agency", "difference"],
        "Lines of the ledger that were found not to agree with Truv's invoice.",
    ),
    gauge(
        "recert_log_held_events",
        &[],
        "Events that are committed and held back by a transaction before them; 513 stands for more.",
    ),
    gauge("recert_log_held_seconds", &[], "For how long a transaction has held the event log back."),
    counter(
        "recert_notices_total",
        &["outcome"],
        "Attempts to send a notice to an agency's own system, by how they went; `given_up`: it was the last one.",
    ),
    counter(
        "recert_refresh_refusals_total",
        &["reason"],
        "What stood against refreshes that a person asked for; `limit`: no refresh left on a connection.",
    ),
    counter(
        "recert_resyncs_total",
        &["reason"],
        "Streams that were told of a gap; `retention`: the log does not reach back to their cursor.",
    ),
    counter("recert_revoked_total", &[], "Requests refused and streams ended because their token has been revoked."),
    counter(
        "recert_socket_closes_total",
        &["code"],
        "WebSockets that ended, by the close code sent; `none` when the client went first.",
    ),
    gauge("recert_socket_queued_frames", &[], "Frames that wait to be written, over all WebSockets."),
    gauge("recert_sockets", &[], "WebSockets that are open."),
    counter(
        "recert_stream_falls_total",
        &[],
        "Streams that fell behind and went back from live events to reading the log.",
    ),
    gauge("recert_streams", &[], "Event streams that are open, over every transport."),
    counter("recert_subscriptions_total", &["operation"], "Subscriptions that began, by their root field."),
    gauge(
        "recert_upstream_breaker",
        &["agency"],
        "Whether calls to Truv go out, as this process last saw it: 0 closed, 1 half open, 2 open.",
    ),
    gauge(
        "recert_upstream_budget",
        &["agency"],
        "Calls a minute that the access key may make, for all replicas together; 0 for no limit.",
    ),
    counter("recert_upstream_calls_total", &["agency", "outcome"], "Calls to Truv, by how they went."),
    counter(
        "recert_upstream_held_total",
        &["agency", "why"],
        "Calls to Truv that were put off, by what stood in the way.",
    ),
    histogram("recert_upstream_seconds", &["agency", "call"], "Calls to Truv, from sending to the end of the answer."),
    counter("recert_upstream_stops_total", &["agency", "reason"], "How often this process opened the breaker."),
    counter(
        "recert_upstream_unknown_words_total",
        &["kind"],
        "Words of Truv that are not known here and read as `UNKNOWN`, by what they name.",
    ),
    histogram("recert_upstream_wait_seconds", &["agency"], "For how long calls to Truv waited for their turn."),
    gauge("recert_wake_connected", &[], "1 while wake-ups from other replicas can come; 0 on SQLite."),
    counter("recert_wakes_total", &["direction"], "Wake-ups `sent` to other replicas and `received` from them."),
    gauge("recert_webhook_agencies", &["state"], "Agencies by whether their webhooks come."),
    counter(
        "recert_webhook_endpoint_switched_on_total",
        &[],
        "Times that an endpoint had been switched off by Truv and was switched on again.",
    ),
    histogram(
        "recert_webhook_seconds",
        &["outcome"],
        "Webhooks from their coming to the answer; `refused`: not from Truv, `unavailable`: not stored.",
    ),
];
