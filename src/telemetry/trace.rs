//! Traces: what was done because of one request, in all processes, from its coming to the last screen that shows it.
//!
//! A trace of ours goes through the database. Whoever stores a job, an order or an event stores with it where they stand
//! in their trace ([`here`]), and whoever takes it up later goes on from there ([`follow`]): the job that sends an order,
//! the delivery that belongs to it, the frame that tells an event. So a mutation, the call to Truv, Truv's webhook and the
//! frame are one trace, although four tasks and perhaps three replicas had a part in them.
//!
//! Spans of traces are those with the target [`TRACE`]; log lines do not show them, and where no traces are collected they
//! cost nothing. A span holds what a log line may hold, and no more: ids of ours, words out of short lists, times.

use tracing::Span;

/// The target of the spans that are for traces alone.
pub const TRACE: &str = "recert::trace";

/// Where the work in hand stands in its trace, in the form of the header `traceparent` (W3C Trace Context, 3.2); `None`
/// where traces are not collected, or this one is not.
#[cfg(feature = "otel")]
pub(crate) fn here() -> Option<String> {
    use opentelemetry::trace::TraceContextExt as _;
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;

    let context = Span::current().context();
    let context = context.span().span_context().clone();
    let is_kept = context.is_valid() && context.is_sampled();
    is_kept.then(|| format!("00-{}-{}-01", context.trace_id(), context.span_id()))
}

#[cfg(not(feature = "otel"))]
pub(crate) fn here() -> Option<String> {
    None
}

/// Makes a span that has not begun the next one after `parent`, which [`here`] has answered.
#[cfg(feature = "otel")]
pub(crate) fn follow(span: &Span, parent: Option<&str>) {
    join(span, parent, opentelemetry::TraceFlags::SAMPLED);
}

#[cfg(not(feature = "otel"))]
pub(crate) fn follow(_: &Span, _: Option<&str>) {}

/// Makes a span that has not begun part of the trace that a caller from outside has begun. Whether it is kept is decided
/// here, by the setting, and not by the caller.
#[cfg(feature = "otel")]
pub(crate) fn follow_caller(span: &Span, parent: Option<&str>) {
    join(span, parent, opentelemetry::TraceFlags::NOT_SAMPLED);
}

#[cfg(not(feature = "otel"))]
pub(crate) fn follow_caller(_: &Span, _: Option<&str>) {}

#[cfg(feature = "otel")]
fn join(span: &Span, parent: Option<&str>, flags: opentelemetry::TraceFlags) {
    use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceState};
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;

    if span.is_disabled() {
        return;
    }
    let Some((trace, parent)) = parent.and_then(ids) else { return };
    let parent = SpanContext::new(trace, parent, flags, true, TraceState::NONE);
    // It fails for a span that is not for traces, or has begun; it is then in no trace, or in another one.
    let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent));
}

/// The trace and the span that a `traceparent` names; `None` for one that is not in the form of version 00. Of later
/// versions the same beginning is read, as the recommendation asks for.
#[cfg(feature = "otel")]
fn ids(parent: &str) -> Option<(opentelemetry::TraceId, opentelemetry::SpanId)> {
    let is_hex =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut parts = parent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_good = is_hex(version, 2) && is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2);
    if !is_good || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let trace = opentelemetry::TraceId::from_hex(trace).ok()?;
    let span = opentelemetry::SpanId::from_hex(span).ok()?;
    (trace != opentelemetry::TraceId::INVALID && span != opentelemetry::SpanId::INVALID).then_some((trace, span))
}

#[cfg(all(test, feature = "otel"))]
mod tests {
    use super::*;

    const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn a_parent_is_read_as_the_recommendation_says_and_nothing_else_is_one() {
        let good = [
            format!("00-{TRACE_ID}-b7ad6b7169203331-01"),
            format!("00-{TRACE_ID}-b7ad6b7169203331-00"),
            format!("cc-{TRACE_ID}-b7ad6b7169203331-01-what-is-new"),
        ];
        for parent in &good {
            let (trace, span) = ids(parent).unwrap();
            assert_eq!((trace.to_string(), span.to_string()), (TRACE_ID.to_owned(), "b7ad6b7169203331".to_owned()));
        }
        let bad = [
            String::new(),
            "00".to_owned(),
            format!("00-{TRACE_ID}-b7ad6b7169203331"),
            format!("00-{TRACE_ID}-b7ad6b7169203331-01-more"),
            format!("ff-{TRACE_ID}-b7ad6b7169203331-01"),
            format!("00-{}-b7ad6b7169203331-01", TRACE_ID.to_uppercase()),
            format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)),
            format!("00-{TRACE_ID}-{}-01", "0".repeat(16)),
            format!("00-{TRACE_ID}-b7ad6b716920333é-01"),
            format!("00-{}-b7ad6b7169203331-01", "a".repeat(33)),
        ];
        for parent in &bad {
            assert_eq!(ids(parent), None, "{parent}");
        }
    }
}
