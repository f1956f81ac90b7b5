//! How the way to Truv stands, for operators.

use async_graphql::{Context, Object, SimpleObject};

use super::error::ApiError;
use super::scalars::DateTime;
use super::view::View;
use crate::caller::Scope;
use crate::words::{BreakerReason, BreakerState};

/// How the way to Truv stands for the agency's access key, the same on every replica.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct UpstreamHealth {
    /// Whether calls go out.
    state: BreakerState,
    /// Why they do not; null while they do.
    reason: Option<BreakerReason>,
    /// When the state last changed.
    changed_at: DateTime,
    /// From when on the next call tries whether Truv is back; null unless the state is `OPEN`.
    retry_at: Option<DateTime>,
    /// Until when Truv has asked every caller to wait; null when it has not.
    held_until: Option<DateTime>,
    /// Calls in a row that failed.
    failures: u32,
    /// Calls a minute that all replicas may make together; null for no limit.
    requests_per_minute: Option<u32>,
}

#[derive(Default)]
pub(crate) struct UpstreamQuery;

#[Object]
impl UpstreamQuery {
    /// How the way to Truv stands; null for an agency that has no access key. Needs `audit:read` or `admin`.
    async fn upstream_health(&self, ctx: &Context<'_>) -> Option<Result<UpstreamHealth, ApiError>> {
        health(ctx.data_unchecked::<View>()).await.transpose()
    }
}

async fn health(view: &View) -> Result<Option<UpstreamHealth>, ApiError> {
    if !view.has(Scope::Admin) {
        view.require(Scope::AuditRead)?;
    }
    let account = view.kit().account(view.caller().agency);
    let Some(gate) = account.and_then(|account| account.client.gate()) else { return Ok(None) };
    let standing = gate.standing(view.kit().db.read()).await?;
    Ok(Some(UpstreamHealth {
        state: standing.state,
        reason: standing.reason,
        changed_at: DateTime(standing.changed_at),
        retry_at: standing.retry_at.map(DateTime),
        held_until: standing.held_until.map(DateTime),
        failures: standing.failures,
        requests_per_minute: Some(standing.budget).filter(|budget| *budget > 0),
    }))
}
