//! The pre-filled screen of a renewal.

use async_graphql::Object;

use super::error::ApiError;
use super::reports::IncomeReport;
use super::scalars::DateTime;
use super::view::View;
use crate::caller::Scope;
use crate::cases;
use crate::ids::ReportId;
use crate::words::ReviewDecision;

/// A renewal's newest data beside what the last decision was based on.
#[derive(Clone)]
pub(crate) struct ReviewPrefill {
    baseline: Option<ReportId>,
    current: ReportId,
    prepared_at: chrono::DateTime<chrono::Utc>,
    decision: Option<ReviewDecision>,
    view: View,
}

/// The review of the case's open renewal, or of the last one that ended with a report.
pub(crate) async fn of_case(view: &View, case: &cases::Case) -> Result<Option<ReviewPrefill>, ApiError> {
    view.require(Scope::ReportsRead)?;
    let renewal = match case.renewal {
        Some(open) => view.load().renewals.get(open).await?,
        None => view.load().last_reviewed.get(case.id).await?,
    };
    match renewal {
        Some(renewal) => of_renewal(view, &renewal),
        None => Ok(None),
    }
}

/// The review of one renewal; `None` until a report has come.
pub(crate) fn of_renewal(view: &View, renewal: &cases::Renewal) -> Result<Option<ReviewPrefill>, ApiError> {
    view.require(Scope::ReportsRead)?;
    Ok(renewal.current.zip(renewal.prepared_at).map(|(current, prepared_at)| ReviewPrefill {
        baseline: renewal.baseline,
        current,
        prepared_at,
        decision: renewal.decision,
        view: view.clone(),
    }))
}

/// The pre-filled screen of a renewal: the newest data, what the last decision was based on, and the caseworker's decision.
/// Needs the scope `reports:read`.
#[Object]
impl ReviewPrefill {
    /// The report of the last decision; null when there was none before.
    async fn baseline(&self) -> Option<Result<IncomeReport, ApiError>> {
        IncomeReport::find(&self.view, self.baseline?).await.transpose()
    }

    /// The newest report.
    async fn current(&self) -> Result<IncomeReport, ApiError> {
        let report = IncomeReport::find(&self.view, self.current).await?;
        report.ok_or_else(|| ApiError::internal("a review has no report"))
    }

    /// When the review was last filled.
    async fn prepared_at(&self) -> DateTime {
        DateTime(self.prepared_at)
    }

    /// The decision; null until somebody has decided.
    async fn decision(&self) -> Option<ReviewDecision> {
        self.decision
    }
}
