//! Loads what a review compares, for one renewal. The API loads the same through its batches, so that a page of reviews
//! costs no more statements than one.

use std::collections::HashSet;

use crate::cases::{Case, Renewal};
use crate::ids::{AgencyId, LinkId, ReportId};
use crate::kit::Kit;
use crate::orders;
use crate::reports::{self, Report};
use crate::storage::Error;

use super::review::{Baseline, Filled, Job, Rules, Side, fill};

/// A review with what it was filled from.
#[derive(Clone, Debug)]
pub struct Prefill {
    /// The lines and the answers.
    pub filled: Filled,
    /// The newest report.
    pub current: Report,
    /// Its jobs, those it carries on included.
    pub jobs: Vec<Job>,
    /// The report that it was compared with.
    pub baseline: Option<Report>,
}

/// Fills the review of a renewal; `None` when no report has come.
///
/// # Errors
/// When the database fails.
pub async fn prefill(kit: &Kit, case: &Case, renewal: &Renewal) -> Result<Option<Prefill>, Error> {
    let agency = case.agency;
    let ids: Vec<ReportId> = renewal.current.into_iter().chain(renewal.baseline).collect();
    let mut found = reports::load(&kit.db, agency, &ids).await?;
    let baseline = renewal.baseline.and_then(|id| found.remove(&id));
    let current = renewal.current.and_then(|id| match &baseline {
        Some(same) if same.id == id => Some(same.clone()),
        _ => found.remove(&id),
    });
    let Some(current) = current else { return Ok(None) };
    let jobs = jobs_of(kit, agency, &current).await?;
    let before = match &baseline {
        Some(report) => jobs_of(kit, agency, report).await?,
        None => Vec::new(),
    };
    let employers = orders::employers(kit.db.read(), current.order).await?;
    let (asked, unanswered) = answers(&employers);
    let baseline_side = baseline
        .as_ref()
        .map(|report| Baseline { side: Side { jobs: &before, on: report.generated_at.date_naive() }, asked: &asked });
    let side = Side { jobs: &jobs, on: current.generated_at.date_naive() };
    let filled = fill(side, baseline_side, unanswered, Rules::of(kit.review(agency), case.program));
    Ok(Some(Prefill { filled, current, jobs, baseline }))
}

/// The connections that have answered, and how many entries of the order have not.
pub fn answers(employers: &[orders::OrderEmployer]) -> (HashSet<LinkId>, usize) {
    let (answered, waiting): (Vec<_>, Vec<_>) =
        employers.iter().partition(|employer| orders::status::is_completed(employer));
    (answered.iter().filter_map(|employer| employer.link).collect(), waiting.len())
}

/// The jobs of a report with those that it carries on, each with its pay statements' times.
async fn jobs_of(kit: &Kit, agency: AgencyId, report: &Report) -> Result<Vec<Job>, Error> {
    let mut jobs =
        reports::load_employments_of(&kit.db, agency, &[report.id]).await?.remove(&report.id).unwrap_or_default();
    if !report.carried.is_empty() {
        let mut carried = reports::load_employments(&kit.db, agency, &report.carried).await?;
        jobs.extend(report.carried.iter().filter_map(|id| carried.remove(id)));
    }
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    let mut stubs = reports::load_stubs(&kit.db, agency, &ids).await?;
    let job =
        |employment: reports::Employment| Job { stubs: stubs.remove(&employment.id).unwrap_or_default(), employment };
    Ok(jobs.into_iter().map(job).collect())
}
