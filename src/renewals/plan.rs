//! Plans the renewals of many cases: reads them in chunks, four statements each, and asks the planner.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::planner::{Calendar, Planned, plan};
use crate::caller::CaseScope;
use crate::cases::Case;
use crate::cases::queue::{self, Filter, Key, Sort, SortBy};
use crate::kit::Kit;
use crate::orders;
use crate::page::{Page, Window};
use crate::storage::Error;
use crate::words::{CaseStatus, LinkHealth, PlanReason, PlannedAction};

/// Cases read by one statement.
const CHUNK: u64 = 1_000;

/// The order of plans: by due date.
pub fn by_due_date() -> Sort {
    Sort { by: vec![SortBy::DueOn], is_descending: false }
}

/// What is planned for many cases together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// All cases.
    pub cases: u64,
    /// Connections that the planned refreshes ask, each of them billed.
    pub billable_links: u64,
    /// What they cost, in US cents; `None` where the settings name no price for the product.
    pub cost_cents: Option<i64>,
    /// How many of the planned refreshes are expected to bring data.
    pub expected_successes: f64,
    /// Cases by what is planned, and why.
    pub by_action: BTreeMap<(PlannedAction, PlanReason), u64>,
    /// Cases whose refresh is planned, by the worst of their connections, and how many of them are expected to bring data.
    pub by_health: BTreeMap<LinkHealth, (u64, f64)>,
    /// Cases and billed connections by the day of the refresh.
    pub by_day: BTreeMap<NaiveDate, (u64, u64)>,
}

impl Summary {
    fn add(&mut self, planned: &Planned) {
        self.cases += 1;
        *self.by_action.entry((planned.action, planned.reason)).or_default() += 1;
        if !matches!(planned.action, PlannedAction::RefreshNow | PlannedAction::RefreshLater) {
            return;
        }
        self.billable_links += u64::from(planned.billable_links);
        let chance = planned.chance.unwrap_or_default();
        self.expected_successes += chance;
        let (cases, expected) = self.by_health.entry(planned.health).or_default();
        *cases += 1;
        *expected += chance;
        if let Some(on) = planned.on {
            let (cases, links) = self.by_day.entry(on).or_default();
            *cases += 1;
            *links += u64::from(planned.billable_links);
        }
    }

    /// Cases for which this is planned, whatever the reason.
    pub fn count(&self, action: PlannedAction) -> u64 {
        self.by_action.iter().filter(|((planned, _), _)| *planned == action).map(|(_, count)| count).sum()
    }
}

/// A part of a number of cases, from 0 to 1; 0 of none.
#[expect(clippy::cast_precision_loss, reason = "counts of cases are far below 2^52")]
pub fn share(part: f64, cases: u64) -> f64 {
    if cases == 0 { 0.0 } else { part / cases as f64 }
}

/// The filter of a plan: without a status it takes every case that has not ended, because the cycles of most open later.
pub fn planned_filter(mut filter: Filter) -> Filter {
    if filter.status.is_empty() {
        filter.status = CaseStatus::ALL.iter().copied().filter(|status| *status != CaseStatus::Closed).collect();
    }
    filter
}

/// Plans every case that the filter admits, and keeps the sums alone: a county of any size needs the memory of one chunk.
/// `price_cents` is what refreshing one connection costs.
///
/// # Errors
/// When the database fails.
pub async fn summary(kit: &Kit, scope: CaseScope, filter: &Filter, price_cents: Option<i64>) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    let mut window = Window::first(CHUNK);
    loop {
        let page = page(kit, scope, filter, &window).await?;
        for (_, planned) in &page.items {
            summary.add(planned);
        }
        match page.items.into_iter().next_back() {
            Some((key, _)) if page.has_more => window.after = Some(key),
            _ => {
                let links = i64::try_from(summary.billable_links).unwrap_or(i64::MAX);
                summary.cost_cents = price_cents.map(|price| price.saturating_mul(links));
                return Ok(summary);
            }
        }
    }
}

/// Plans a page of the cases that the filter admits, by due date.
///
/// # Errors
/// When the database fails.
pub async fn page(
    kit: &Kit,
    scope: CaseScope,
    filter: &Filter,
    window: &Window<Key>,
) -> Result<Page<(Key, Planned)>, Error> {
    let lifetimes = kit.lifetimes.of(scope.agency, &kit.renewals);
    let calendar = Calendar { today: kit.clock.today(), window_days: kit.renewals.window_days, lifetimes: &lifetimes };
    let page = queue::page(&kit.db, scope, filter, &by_due_date(), window).await?;
    let cases: Vec<&Case> = page.items.iter().map(|(_, case)| case).collect();
    let targets =
        orders::load_targets(&kit.db, scope.agency, &cases.iter().map(|case| case.id).collect::<Vec<_>>()).await?;
    Ok(page.map(|(key, case)| {
        let links = targets.get(&case.id).map_or(&[][..], Vec::as_slice);
        (key, plan(case, links, calendar))
    }))
}
