//! Runs one admitted operation: with a time limit, inside a fence against panics, its errors masked. Every transport
//! comes through here.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use async_graphql::Response;
use async_graphql::parser::types::OperationType;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _};
use tracing::{Instrument as _, field};
use uuid::Uuid;

use crate::caller::Standing;
use crate::failure::Code;
use crate::http::answer::{Answer, Concurrency, Extensions};
use crate::http::documents::Document;
use crate::http::guard::{Admitted, Measured};
use crate::http::ports::{Session, Streamed};
use crate::http::refusal::Refusal;
use crate::http::request::Parameters;
use crate::http::{Edge, SubjectSeat};
use crate::telemetry::TRACE;

/// An operation that has passed the gate and found a place.
pub(crate) struct Operation {
    admitted: Admitted,
    session: Session,
    edge: Arc<Edge>,
    /// The places it takes in its agency's and its subject's count, until it ends.
    seats: [SubjectSeat; 2],
    extensions: Extensions,
}

impl Operation {
    /// Lets a request through the gate and counts it.
    pub(crate) fn admit(
        edge: &Arc<Edge>,
        parameters: Parameters,
        standing: &Standing,
        request_id: Uuid,
    ) -> Result<Self, Refusal> {
        let Parameters { document, hash, operation_name, variables } = parameters;
        let measured = match document {
            Document::Registered(measured) => measured,
            Document::Sent(source) => {
                let is_billed = |name: &str| edge.parts.executor.is_billed(name);
                let measure = |source, hash: &_| edge.guard.measure(source, hash, &is_billed);
                let measured = edge.documents.measured(source, measure)?;
                if let Some(hash) = hash {
                    edge.documents.keep(hash, measured.source());
                }
                measured
            }
        };
        let admitted = edge.guard.admit(Measured::clone(&measured), operation_name, variables)?;
        for field in &admitted.deprecated {
            // Deprecated fields are few, and all of them are the schema's own names.
            metrics::counter!("recert_graphql_deprecated_fields_total", "field" => field.clone()).increment(1);
        }
        let busy = || {
            Refusal::new(Code::RateLimited, "too many requests at once").retry_after(std::time::Duration::from_secs(1))
        };
        let settings = &edge.graphql;
        let caller = standing.now();
        let who = (caller.agency, Some(caller.subject.clone()));
        if !edge.rates.admits(who.clone()) {
            let refusal = Refusal::new(Code::RateLimited, "too many requests in a short time");
            return Err(refusal.retry_after(std::time::Duration::from_secs(1)));
        }
        let agency = edge.in_hand.take((caller.agency, None), settings.max_per_agency).ok_or_else(busy)?;
        let subject = edge.in_hand.take(who, settings.max_per_subject).ok_or_else(busy)?;
        let session = Session { caller: standing.clone(), request_id, operation: admitted.info.clone() };
        let remaining = agency.left.min(subject.left);
        let extensions = Extensions {
            cost: Some(admitted.cost),
            concurrency: Some(Concurrency { limit: settings.max_per_subject, remaining }),
            withheld: None,
        };
        Ok(Self { admitted, session, edge: Arc::clone(edge), seats: [agency, subject], extensions })
    }

    /// The id that the operation's answers carry.
    pub(crate) fn request_id(&self) -> Uuid {
        self.session.request_id
    }

    /// What the operation is.
    pub(crate) fn kind(&self) -> OperationType {
        self.admitted.info.kind
    }

    /// Runs a query or a mutation to its end.
    pub(crate) async fn run(self) -> Result<Answer, Refusal> {
        let Self { admitted, session, edge, seats, extensions } = self;
        let (request_id, begun, label) = (session.request_id, Instant::now(), admitted.label);
        // The call itself may panic as well as the future it makes.
        let execution = async { edge.parts.executor.execute(admitted.request, session).await };
        let span = tracing::info_span!(
            target: TRACE, "operation", otel.name = format!("{} {label}", admitted.info.kind),
            request.id = %request_id, outcome = field::Empty
        );
        let fenced = AssertUnwindSafe(execution.instrument(span.clone())).catch_unwind();
        let outcome = tokio::time::timeout(edge.graphql.timeout, fenced).await;
        drop(seats);
        let word = match &outcome {
            Ok(Ok(executed)) if executed.errors.is_empty() => "ok",
            Ok(Ok(_)) => "errors",
            Ok(Err(_)) | Err(_) => "failed",
        };
        span.record("outcome", word);
        drop(span);
        metrics::histogram!("recert_graphql_seconds", "operation" => label, "outcome" => word).record(begun.elapsed());
        match outcome {
            Ok(Ok(executed)) => Ok(Answer::of(executed, request_id).costing(Some(extensions))),
            Ok(Err(_)) => {
                tracing::error!(request.id = %request_id, "an operation panicked");
                Err(Refusal::internal())
            }
            Err(_) => {
                tracing::warn!(request.id = %request_id, "an operation ran out of time");
                Err(Refusal::unavailable("the operation took too long"))
            }
        }
    }

    /// Starts a subscription. A panic ends it with the internal error.
    pub(crate) fn stream(self) -> BoxStream<'static, Event> {
        let Self { admitted, session, edge, seats, extensions } = self;
        metrics::counter!("recert_subscriptions_total", "operation" => admitted.label).increment(1);
        let mut extensions = Some(extensions);
        let request_id = session.request_id;
        let start = async move { edge.parts.executor.subscribe(admitted.request, session) };
        let events = AssertUnwindSafe(start.into_stream().flatten()).catch_unwind();
        events
            .map(move |event| {
                // The places are given back with the closure, when the stream is dropped.
                let _held = &seats;
                event.map_or_else(
                    |_| {
                        tracing::error!(request.id = %request_id, "a subscription panicked");
                        Event::said(&Answer::refused(&Refusal::internal(), request_id))
                    },
                    |streamed| Event::of(streamed, request_id, extensions.take()),
                )
            })
            .boxed()
    }
}

/// One result of a subscription, ready for the wire.
pub(crate) struct Event {
    /// The result as JSON.
    pub(crate) json: Arc<str>,
    /// The event's cursor, where there is one.
    pub(crate) cursor: Option<Arc<str>>,
    /// The errors as JSON, when the operation did not begin or could not go on.
    pub(crate) failure: Option<String>,
}

impl Event {
    fn of(streamed: Streamed, request_id: Uuid, extensions: Option<Extensions>) -> Self {
        match (streamed, extensions) {
            (Streamed::Written { json, cursor, .. }, None) => Self { json, cursor, failure: None },
            // The first result says what the operation costs: it is the one that nobody shares.
            (Streamed::Written { json, cursor, withheld }, Some(extensions)) => {
                let open = match withheld {
                    // What is withheld is written out already, at the end.
                    Some(_) => json.rsplit_once(r#","extensions":"#).map_or(&*json, |(open, _)| open),
                    None => json.strip_suffix('}').unwrap_or(&json),
                };
                let extensions = Extensions { withheld, ..extensions };
                let extensions = serde_json::to_string(&extensions).unwrap_or_default();
                Self { json: format!(r#"{open},"extensions":{extensions}}}"#).into(), cursor, failure: None }
            }
            (Streamed::Raw(shared), extensions) => {
                let mut executed = Response::new(shared.data.clone());
                executed.errors.clone_from(&shared.errors);
                executed.extensions.clone_from(&shared.extensions);
                Self::said(&Answer::of(executed, request_id).costing(extensions))
            }
        }
    }

    /// What is said to one client alone.
    pub(crate) fn said(answer: &Answer) -> Self {
        let failure = (!answer.began()).then(|| serde_json::to_string(&answer.errors).unwrap_or_default());
        Self { json: serde_json::to_string(answer).unwrap_or_default().into(), cursor: None, failure }
    }
}
