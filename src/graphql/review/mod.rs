//! The pre-filled screen of a renewal: the lines here, what they stand on in `lines`, decisions in `decisions`.

pub(crate) mod decisions;
mod lines;

use std::sync::Arc;

use async_graphql::Object;

use self::decisions::RecordedDecision;
use self::lines::{Edits, ReviewField, ReviewStability, ReviewSufficiency, checks};
use super::error::ApiError;
use super::reports::{Employment, IncomeReport};
use super::scalars::DateTime;
use super::view::View;
use crate::caller::Scope;
use crate::cases;
use crate::ids::ReportId;
use crate::policy;
use crate::renewals::{self, Baseline, Filled, Rules, Side};
use crate::reports;
use crate::words::{AuditAccess, ReviewDecision};

/// A renewal's newest data beside what the last decision was based on.
#[derive(Clone)]
pub(crate) struct ReviewPrefill {
    row: Arc<cases::Renewal>,
    current: ReportId,
    prepared_at: chrono::DateTime<chrono::Utc>,
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
pub(crate) fn of_renewal(view: &View, renewal: &Arc<cases::Renewal>) -> Result<Option<ReviewPrefill>, ApiError> {
    view.require(Scope::ReportsRead)?;
    if renewal.prepared_at.is_some() {
        view.show(renewal.case, AuditAccess::Pay);
    }
    Ok(renewal.current.zip(renewal.prepared_at).map(|(current, prepared_at)| ReviewPrefill {
        row: Arc::clone(renewal),
        current,
        prepared_at,
        view: view.clone(),
    }))
}

/// The decisions of a renewal, oldest first.
pub(crate) async fn decisions_of(view: &View, renewal: &cases::Renewal) -> Result<Vec<RecordedDecision>, ApiError> {
    if !view.reveals(&policy::RENEWAL_DECISIONS) {
        return Ok(Vec::new());
    }
    let rows = view.load().decisions_of_renewal.get(renewal.id).await?;
    if !rows.is_empty() {
        view.show(renewal.case, AuditAccess::Pay);
    }
    Ok(rows.iter().map(|row| RecordedDecision::new(row.clone().into(), view)).collect())
}

impl ReviewPrefill {
    async fn report(&self, id: ReportId) -> Result<Arc<reports::Report>, ApiError> {
        let report = self.view.load().reports.get(id).await?;
        report.ok_or_else(|| ApiError::internal("a review has no report"))
    }

    async fn filled(&self) -> Result<Filled, ApiError> {
        let load = self.view.load();
        let case = load.cases.get(self.row.case).await?;
        let case = case.ok_or_else(|| ApiError::internal("a review has no case in sight"))?;
        let rules = Rules::of(self.view.kit().review(case.agency), case.program);
        let current = self.report(self.current).await?;
        let employers = load.employers_of_order.get(current.order).await?;
        let (asked, unanswered) = renewals::answers(&employers);
        let jobs = self.jobs(&current).await?;
        let side = Side { jobs: &jobs, on: current.generated_at.date_naive() };
        let Some(baseline) = self.row.baseline else { return Ok(renewals::fill(side, None, unanswered, rules)) };
        let baseline = self.report(baseline).await?;
        let before = self.jobs(&baseline).await?;
        let baseline = Baseline { side: Side { jobs: &before, on: baseline.generated_at.date_naive() }, asked: &asked };
        Ok(renewals::fill(side, Some(baseline), unanswered, rules))
    }

    /// The jobs of a report with those that it carries on, each with its pay statements' times.
    async fn jobs(&self, report: &reports::Report) -> Result<Vec<renewals::Job>, ApiError> {
        let load = self.view.load();
        let mut jobs = (*load.employments_of_report.get(report.id).await?).clone();
        jobs.extend(self.carried_by(report).await?.iter().map(|job| (**job).clone()));
        let stubs = futures_util::future::try_join_all(jobs.iter().map(|job| load.stubs.get(job.id))).await?;
        let jobs = jobs.into_iter().zip(stubs);
        Ok(jobs.map(|(employment, stubs)| renewals::Job { employment, stubs: (*stubs).clone() }).collect())
    }

    async fn carried_by(&self, report: &reports::Report) -> Result<Vec<Arc<reports::Employment>>, ApiError> {
        let load = self.view.load();
        let carried = report.carried.iter().map(|id| load.employments.get(*id));
        Ok(futures_util::future::try_join_all(carried).await?.into_iter().flatten().collect())
    }

    async fn edits(&self) -> Result<Edits, ApiError> {
        Ok(Edits::of(&self.view.load().decisions_of_renewal.get(self.row.id).await?))
    }
}

/// The pre-filled screen of a renewal: the newest data, what the last decision was based on, and the caseworker's decision.
/// Needs the scope `reports:read`.
#[Object]
impl ReviewPrefill {
    /// The report of the last decision; null when there was none before.
    async fn baseline(&self) -> Option<Result<IncomeReport, ApiError>> {
        IncomeReport::find(&self.view, self.row.baseline?).await.transpose()
    }

    /// The newest report.
    async fn current(&self) -> Result<IncomeReport, ApiError> {
        let report = IncomeReport::find(&self.view, self.current).await?;
        report.ok_or_else(|| ApiError::internal("a review has no report"))
    }

    /// Jobs of earlier reports that nobody asked about this time, because the refresh was of some employers only. Their
    /// last evidence stands, and the lines of the review count them in.
    async fn carried_employments(&self) -> Result<Vec<Employment>, ApiError> {
        let report = self.report(self.current).await?;
        Ok(self.carried_by(&report).await?.into_iter().map(|job| Employment::new(job, &self.view)).collect())
    }

    /// Every line of the review: the income of the whole report first, then each job.
    async fn fields(&self) -> Result<Vec<ReviewField>, ApiError> {
        let (filled, edits) = (self.filled().await?, self.edits().await?);
        Ok(filled.fields.into_iter().map(|field| ReviewField::new(field, &edits, &self.view)).collect())
    }

    /// The lines that differ from the baseline, the material ones first; empty without a baseline.
    async fn changes(&self) -> Result<Vec<ReviewField>, ApiError> {
        let (filled, edits) = (self.filled().await?, self.edits().await?);
        let changes = renewals::changes(&filled.fields).into_iter();
        Ok(changes.map(|field| ReviewField::new(field, &edits, &self.view)).collect())
    }

    /// Whether there is enough evidence for the program's window. This is no judgement of eligibility.
    async fn sufficiency(&self) -> Result<ReviewSufficiency, ApiError> {
        let filled = self.filled().await?;
        let on = self.report(self.current).await?.generated_at.date_naive();
        Ok(ReviewSufficiency::new(&filled, on, checks(&filled.evidence, &self.view)))
    }

    /// Whether anything speaks against a renewal without contact. This is no judgement of eligibility.
    async fn stability(&self) -> Result<ReviewStability, ApiError> {
        let filled = self.filled().await?;
        Ok(ReviewStability::new(&filled, checks(&filled.stability, &self.view)))
    }

    /// When the review was last filled.
    async fn prepared_at(&self) -> DateTime {
        DateTime(self.prepared_at)
    }

    /// The decision; null until somebody has decided.
    async fn decision(&self) -> Option<ReviewDecision> {
        self.row.decision
    }

    /// Every decision with its corrections, oldest first: all but the last one asked for documents.
    async fn decisions(&self) -> Result<Vec<RecordedDecision>, ApiError> {
        decisions_of(&self.view, &self.row).await
    }

    /// Reports that came for this renewal after it had been decided, oldest first. They changed nothing: look whether they
    /// should.
    async fn late_reports(&self) -> Result<Vec<IncomeReport>, ApiError> {
        let Some(closed_at) = self.row.closed_at else { return Ok(Vec::new()) };
        let load = self.view.load();
        let orders = load.orders_of_renewal.get(self.row.id).await?;
        let found = futures_util::future::try_join_all(orders.iter().map(|order| load.reports_of_order.get(order.id)));
        let found = found.await?;
        let late = found.iter().flat_map(|reports| reports.iter()).filter(|report| report.created_at > closed_at);
        let mut late: Vec<_> = late.cloned().collect();
        late.sort_by_key(|report| report.id);
        Ok(late.into_iter().map(|report| IncomeReport::new(report.into(), &self.view)).collect())
    }
}
