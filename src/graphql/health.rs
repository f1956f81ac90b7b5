//! Whether webhooks come and background work goes on, for operators.

use async_graphql::{Context, Object, SimpleObject};

use super::error::ApiError;
use super::ids;
use super::scalars::DateTime;
use super::view::View;
use crate::caller::Scope;
use crate::ids::OrderId;
use crate::jobs;
use crate::webhooks;
use crate::words::{JobKind, WebhookState};

/// Most jobs in one answer.
const MOST: u64 = 100;

/// Whether the agency's webhooks come.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct WebhookHealth {
    /// The conclusion.
    state: WebhookState,
    /// When the last webhook came; null when none has. What was found in Truv's history does not count.
    last_delivery_at: Option<DateTime>,
    /// How many refreshes are at Truv and should be told of.
    waiting_orders: i32,
    /// When the one that waits longest was sent; null when none waits.
    waiting_since: Option<DateTime>,
    /// Whether Truv's endpoint is switched on; null while that is not known.
    is_endpoint_enabled: Option<bool>,
    /// When Truv was last asked about the endpoint; null when it has not been.
    endpoint_checked_at: Option<DateTime>,
    /// When the endpoint was last found switched off and was switched on again; null when that has not happened.
    switched_on_at: Option<DateTime>,
    /// When Truv's delivery history was last read; null when it has not been.
    history_read_at: Option<DateTime>,
    /// When something was last learned by asking that a webhook should have told; null when that has not happened.
    missed_at: Option<DateTime>,
    /// Deliveries that are still to be applied.
    received_count: i32,
    /// Deliveries that wait for their order to appear.
    parked_count: i32,
    /// Deliveries for which no order appeared in time.
    unmatched_count: i32,
    /// Deliveries that could not be used. `deliveries(status: [DEAD])` shows them.
    quarantined_count: i32,
}

impl From<webhooks::Health> for WebhookHealth {
    fn from(health: webhooks::Health) -> Self {
        let count = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
        Self {
            state: health.state,
            last_delivery_at: health.last_delivery_at.map(DateTime),
            waiting_orders: count(health.waiting),
            waiting_since: health.waiting_since.map(DateTime),
            is_endpoint_enabled: health.is_endpoint_enabled,
            endpoint_checked_at: health.endpoint_checked_at.map(DateTime),
            switched_on_at: health.switched_on_at.map(DateTime),
            history_read_at: health.history_read_at.map(DateTime),
            missed_at: health.missed_at.map(DateTime),
            received_count: count(health.received),
            parked_count: count(health.parked),
            unmatched_count: count(health.unmatched),
            quarantined_count: count(health.quarantined),
        }
    }
}

/// Background work that kept failing and was set aside. It runs again when it is asked for again.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct SetAsideJob {
    /// What was to be done.
    kind: JobKind,
    /// The id of the order that it was about, for `node`; null for work on a renewal batch.
    order_id: Option<async_graphql::ID>,
    /// Attempts that ended without success.
    attempts: i32,
    /// How the last of them ended; null when nothing is known of it.
    last_error: Option<String>,
    /// When it was first wanted.
    created_at: DateTime,
}

#[derive(Default)]
pub(crate) struct HealthQuery;

#[Object]
impl HealthQuery {
    /// Whether the agency's webhooks come: tells quiet (nothing is expected) from deaf (something was, and nothing came).
    /// Needs `audit:read` or `admin`.
    async fn webhook_health(&self, ctx: &Context<'_>) -> Result<WebhookHealth, ApiError> {
        let view = operator(ctx)?;
        Ok(webhooks::health(view.kit(), view.caller().agency).await?.into())
    }

    /// The agency's background work that kept failing and was set aside, the oldest 100. Needs `audit:read` or `admin`.
    async fn set_aside_jobs(&self, ctx: &Context<'_>) -> Result<Vec<SetAsideJob>, ApiError> {
        let view = operator(ctx)?;
        let jobs = jobs::set_aside(&view.kit().db, view.caller().agency, MOST).await?;
        let shown = jobs.into_iter().map(|job| SetAsideJob {
            kind: job.kind,
            order_id: (!matches!(job.kind, JobKind::FeedBatch | JobKind::SendLink | JobKind::TellLink))
                .then(|| ids::seal(&OrderId(job.subject))),
            attempts: i32::try_from(job.attempts).unwrap_or(i32::MAX),
            last_error: job.last_error,
            created_at: DateTime(job.created_at),
        });
        Ok(shown.collect())
    }
}

fn operator<'a>(ctx: &'a Context<'_>) -> Result<&'a View, ApiError> {
    let view = ctx.data_unchecked::<View>();
    if !view.has(Scope::Admin) {
        view.require(Scope::AuditRead)?;
    }
    Ok(view)
}
