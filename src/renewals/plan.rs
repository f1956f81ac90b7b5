//! Plans the renewals of many cases: reads them in chunks, with the same few statements for each, and asks the planner.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};

use super::planner::{Calendar, Planned, plan};
use crate::caller::CaseScope;
use crate::cases::queue::{self, Filter, Key, Sort, SortBy};
use crate::config::{self, RefreshRules};
use crate::ids::CaseId;
use crate::kit::{Account, Kit};
use crate::ledger::{self, Limits, Spending};
use crate::orders::{self, Prospect};
use crate::page::{Page, Window};
use crate::storage::Error;
use crate::words::{CaseStatus, LinkHealth, PlanReason, PlannedAction, ProductType, Program};

/// Cases read by one statement.
const CHUNK: u64 = 1_000;

/// The order of plans: by due date.
pub fn by_due_date() -> Sort {
    Sort { by: vec![SortBy::DueOn], is_descending: false }
}

/// What refreshes would ask for, and the agency's own settings that stand beside it.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What refreshes would ask for.
    pub product: ProductType,
    /// When a refresh is not to be made.
    pub rules: RefreshRules,
    /// What refreshes cost, and how much may be spent.
    pub spending: config::Spending,
}

impl Terms {
    /// The terms of an agency; without rules and prices where it has left the settings.
    pub fn of(account: Option<&Account>, product: ProductType) -> Self {
        let (rules, spending) = match account {
            Some(account) => (account.refresh_rules.clone(), account.spending.clone()),
            None => Default::default(),
        };
        Self { product, rules, spending }
    }

    /// What refreshing one connection costs, in cents; `None` where the settings name no price.
    pub fn price_cents(&self) -> Option<i64> {
        ledger::price(&self.spending, self.product)
    }

    /// What it costs to carry out the plan of a case, in cents; `None` where no refresh is planned, or no price is named.
    pub fn cost_cents(&self, planned: &Planned) -> Option<i64> {
        let price = self.price_cents().filter(|_| planned.chance.is_some())?;
        Some(price.saturating_mul(i64::from(planned.billable_links)))
    }
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
    /// What this month's part of it adds to each program that has a cap.
    pub spending: Vec<Spending>,
}

/// Connections that are planned to be asked in one month, by program.
type Asked = BTreeMap<Program, u64>;

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

/// The filter of a plan for the cases that a batch of this filter would take up.
pub fn batch_filter(mut filter: Filter) -> Filter {
    if filter.status.is_empty() {
        let is_open = |status: &CaseStatus| !matches!(status, CaseStatus::NotDue | CaseStatus::Closed);
        filter.status = CaseStatus::ALL.iter().copied().filter(is_open).collect();
    }
    filter
}

/// Plans every case that the filter admits, and keeps the sums alone: a county of any size needs the memory of one chunk.
/// `most` bounds the cases, the earliest due date first.
///
/// # Errors
/// When the database fails.
pub async fn summary(
    kit: &Kit,
    scope: CaseScope,
    filter: &Filter,
    terms: &Terms,
    most: Option<u64>,
) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    let mut left = most.unwrap_or(u64::MAX);
    let mut asked = Asked::new();
    let today = kit.clock.today();
    let is_this_month = |on: NaiveDate| (on.year(), on.month()) == (today.year(), today.month());
    let mut window = Window::first(CHUNK.min(left));
    loop {
        let page = page(kit, scope, filter, terms, &window).await?;
        left = left.saturating_sub(window.limit);
        for (_, planned) in &page.items {
            summary.add(planned);
            if planned.on.is_some_and(is_this_month) {
                *asked.entry(planned.case.program).or_default() += u64::from(planned.billable_links);
            }
        }
        match page.items.into_iter().next_back() {
            Some((key, _)) if page.has_more && left > 0 => {
                window = Window { after: Some(key), ..Window::first(CHUNK.min(left)) };
            }
            _ => break,
        }
    }
    let links = i64::try_from(summary.billable_links).unwrap_or(i64::MAX);
    summary.cost_cents = terms.price_cents().map(|price| price.saturating_mul(links));
    summary.spending = spending(kit, scope, terms, asked).await?;
    Ok(summary)
}

/// Holds what is planned for this month against the caps of the programs that have one.
async fn spending(kit: &Kit, scope: CaseScope, terms: &Terms, mut asked: Asked) -> Result<Vec<Spending>, Error> {
    let now = kit.clock.now();
    asked.retain(|program, links| *links > 0 && Limits::of(&terms.spending, *program) != Limits::default());
    let mut spending = Vec::new();
    for (program, links) in asked {
        let committed = ledger::committed(kit.db.read(), scope.agency, program, now).await?;
        let links = usize::try_from(links).unwrap_or(usize::MAX);
        spending.push(Spending::of(&terms.spending, (program, terms.product), committed, links, now));
    }
    Ok(spending)
}

/// Plans a page of the cases that the filter admits, by due date.
///
/// # Errors
/// When the database fails.
pub async fn page(
    kit: &Kit,
    scope: CaseScope,
    filter: &Filter,
    terms: &Terms,
    window: &Window<Key>,
) -> Result<Page<(Key, Planned)>, Error> {
    let lifetimes = kit.lifetimes.of(scope.agency, &kit.renewals);
    let calendar = Calendar { today: kit.clock.today(), window_days: kit.renewals.window_days, lifetimes: &lifetimes };
    let page = queue::page(&kit.db, scope, filter, &by_due_date(), window).await?;
    let ids: Vec<CaseId> = page.items.iter().map(|(_, case)| case.id).collect();
    let prospects = orders::load_prospects(kit, scope.agency, &ids, (terms.product, &terms.rules)).await?;
    let unconnected = Prospect::default();
    Ok(page.map(|(key, case)| {
        let prospect = prospects.get(&case.id).unwrap_or(&unconnected);
        (key, plan(case, prospect, calendar))
    }))
}
