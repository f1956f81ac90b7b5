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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// All cases.
    pub cases: u64,
    /// Connections that the planned refreshes ask, each of them billed.
    pub billable_links: u64,
    /// Cases by what is planned, and why.
    pub by_action: BTreeMap<(PlannedAction, PlanReason), u64>,
    /// Cases whose refresh is planned, by the worst of their connections.
    pub by_health: BTreeMap<LinkHealth, u64>,
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
        *self.by_health.entry(planned.health).or_default() += 1;
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

/// The filter of a plan: without a status it takes every case that has not ended, because the cycles of most open later.
pub fn planned_filter(mut filter: Filter) -> Filter {
    if filter.status.is_empty() {
        filter.status = CaseStatus::ALL.iter().copied().filter(|status| *status != CaseStatus::Closed).collect();
    }
    filter
}

/// Plans every case that the filter admits, and keeps the sums alone: a county of any size needs the memory of one chunk.
///
/// # Errors
/// When the database fails.
pub async fn summary(kit: &Kit, scope: CaseScope, filter: &Filter) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    let mut window = Window::first(CHUNK);
    loop {
        let page = page(kit, scope, filter, &window).await?;
        for (_, planned) in &page.items {
            summary.add(planned);
        }
        match page.items.into_iter().next_back() {
            Some((key, _)) if page.has_more => window.after = Some(key),
            _ => return Ok(summary),
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
    let calendar = Calendar {
        today: kit.clock.today(),
        window_days: kit.renewals.window_days,
        link_lifetime_days: kit.renewals.link_lifetime_days,
    };
    let page = queue::page(&kit.db, scope, filter, &by_due_date(), window).await?;
    let cases: Vec<&Case> = page.items.iter().map(|(_, case)| case).collect();
    let targets =
        orders::load_targets(&kit.db, scope.agency, &cases.iter().map(|case| case.id).collect::<Vec<_>>()).await?;
    Ok(page.map(|(key, case)| {
        let links = targets.get(&case.id).map_or(&[][..], Vec::as_slice);
        (key, plan(case, links, calendar))
    }))
}
