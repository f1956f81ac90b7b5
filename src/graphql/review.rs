//! The pre-filled screen of a renewal.

use std::collections::HashSet;

use async_graphql::{Object, SimpleObject};

use super::error::ApiError;
use super::reports::IncomeReport;
use super::scalars::{DateTime, Decimal};
use super::view::View;
use crate::caller::Scope;
use crate::cases;
use crate::ids::{LinkId, ReportId};
use crate::orders;
use crate::page::Window;
use crate::renewals;
use crate::words::{AuditAccess, ChangeKind, DataSource, ReviewDecision, ReviewFieldKey};

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
    if renewal.prepared_at.is_some() {
        view.show(renewal.case, AuditAccess::Pay);
    }
    Ok(renewal.current.zip(renewal.prepared_at).map(|(current, prepared_at)| ReviewPrefill {
        baseline: renewal.baseline,
        current,
        prepared_at,
        decision: renewal.decision,
        view: view.clone(),
    }))
}

/// One line of a review.
#[derive(SimpleObject)]
pub(crate) struct ReviewField {
    /// What the line is about.
    key: ReviewFieldKey,
    /// The same in plain words, naming the employer.
    label: String,
    /// The `key` of the job; null on the line for the whole report.
    employment_key: Option<String>,
    /// The newest value: US dollars with two decimals, days as `2026-03-04`, words as they are read. Null when it is not
    /// known or the job is gone.
    value: Option<String>,
    /// The value of the baseline in the same form; null when there was none.
    previous_value: Option<String>,
    /// How the two differ.
    change: ChangeKind,
    /// By how many percent money or hours rose or fell; null where that says nothing.
    percent_change: Option<Decimal>,
    /// Whether the change is worth a look by the agency's thresholds.
    is_material: bool,
    /// Where the value comes from.
    source: DataSource,
}

impl From<renewals::Field> for ReviewField {
    fn from(field: renewals::Field) -> Self {
        Self {
            key: field.key,
            label: field.label,
            employment_key: field.employment_key,
            value: field.value,
            previous_value: field.previous_value,
            change: field.change,
            percent_change: field.percent_change.map(Decimal),
            is_material: field.is_material,
            source: field.source,
        }
    }
}

impl ReviewPrefill {
    async fn lines(&self) -> Result<Vec<renewals::Field>, ApiError> {
        let rules = renewals::Rules { material_percent: self.view.kit().renewals.material_percent };
        let current = self.jobs(self.current).await?;
        let Some(baseline) = self.baseline else { return Ok(renewals::compare(&current, None, rules)) };
        let jobs = self.jobs(baseline).await?;
        let asked = self.asked().await?;
        let baseline = renewals::Baseline { jobs: &jobs, asked: &asked };
        Ok(renewals::compare(&current, Some(baseline), rules))
    }

    /// The jobs of a report, each with its newest pay statement.
    async fn jobs(&self, report: ReportId) -> Result<Vec<renewals::Job>, ApiError> {
        let employments = self.view.load().employments_of_report.get(report).await?;
        let newest = Window::first(1);
        let latest = employments.iter().map(|job| self.view.load().statements_of.get((job.id, newest.clone())));
        let latest = futures_util::future::try_join_all(latest).await?;
        let jobs = employments.iter().zip(latest);
        Ok(jobs
            .map(|(employment, page)| renewals::Job {
                employment: employment.clone(),
                latest: page.items.first().cloned(),
            })
            .collect())
    }

    /// The connections that were asked for the newest report, and have answered.
    async fn asked(&self) -> Result<HashSet<LinkId>, ApiError> {
        let Some(report) = self.view.load().reports.get(self.current).await? else { return Ok(HashSet::new()) };
        let employers = self.view.load().employers_of_order.get(report.order).await?;
        let answered = employers.iter().filter(|employer| orders::status::is_completed(employer));
        Ok(answered.filter_map(|employer| employer.link).collect())
    }
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

    /// Every line of the review: the income of the whole report first, then each job.
    async fn fields(&self) -> Result<Vec<ReviewField>, ApiError> {
        Ok(self.lines().await?.into_iter().map(ReviewField::from).collect())
    }

    /// The lines that differ from the baseline, the material ones first; empty without a baseline.
    async fn changes(&self) -> Result<Vec<ReviewField>, ApiError> {
        Ok(renewals::changes(&self.lines().await?).into_iter().map(ReviewField::from).collect())
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
