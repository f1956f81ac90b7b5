//! What is to be done about the renewals of a time, and what it would cost.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use crate::cases::queue::{self, Filter, Key};
use crate::graphql::cases::Case;
use crate::graphql::cases::queue::DateRange;
use crate::graphql::error::ApiError;
use crate::graphql::ledger::{Spending, dollars};
use crate::graphql::page::{Connection, Listed, PageArgs};
use crate::graphql::scalars::{Date, Decimal};
use crate::graphql::view::View;
use crate::renewals::batch;
use crate::renewals::plan::{self, Summary, Terms};
use crate::words::{LinkHealth, PlanReason, PlannedAction, ProductType, Program};

/// The list's name in cursors.
const LIST: &str = "planned renewals";

/// What is planned for the cases of a time, together and one by one.
pub(crate) struct RenewalPlan {
    filter: Filter,
    terms: Terms,
    view: View,
    summary: OnceCell<Arc<Summary>>,
}

/// Cases for which the same is planned for the same reason.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub(crate) struct PlannedActionCount {
    /// What to do.
    action: PlannedAction,
    /// Why.
    reason: PlanReason,
    /// How many cases.
    case_count: i64,
}

/// Cases whose refresh is planned, by the worst of their connections.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub(crate) struct PlannedHealthCount {
    /// The band of the worst connection, judged against the case's due date.
    health: LinkHealth,
    /// How many cases.
    case_count: i64,
    /// How many of their refreshes are expected to bring data, by what was seen at their providers at that age.
    expected_success_count: i64,
    /// The same in percent.
    expected_success_percent: i32,
}

/// The refreshes of one day.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub(crate) struct PlannedDay {
    /// The day.
    on: Date,
    /// How many cases are refreshed.
    case_count: i64,
    /// How many connections are asked; each one is billed.
    billable_links: i64,
}

/// What is planned for one case.
#[derive(Clone, SimpleObject)]
pub(crate) struct PlannedRenewal {
    /// The case.
    case: Case,
    /// What to do.
    action: PlannedAction,
    /// When; null when nothing is to be done.
    on: Option<Date>,
    /// Why.
    reason: PlanReason,
    /// How many connections the refresh asks, each of them billed; 0 where no refresh is planned.
    billable_links: i64,
    /// The band of the worst connection that a refresh would ask, judged against the due date; `UNKNOWN` without one.
    health: LinkHealth,
    /// What the refresh costs; null where none is planned, or the settings name no price.
    cost: Option<Decimal>,
    /// How likely the refresh brings data from all its connections on its day; null where none is planned.
    expected_success_percent: Option<i32>,
}

impl Listed for PlannedRenewal {
    const CONNECTION: &'static str = "PlannedRenewalConnection";
    const EDGE: &'static str = "PlannedRenewalEdge";
}

impl RenewalPlan {
    async fn summary(&self) -> Result<&Summary, ApiError> {
        let read = async || {
            let scope = self.view.cases()?;
            let summary = plan::summary(self.view.kit(), scope, &self.filter, &self.terms, None).await?;
            Ok::<_, ApiError>(Arc::new(summary))
        };
        Ok(self.summary.get_or_try_init(read).await?)
    }
}

/// Far below what either type holds.
#[expect(clippy::cast_possible_truncation, reason = "a count of cases")]
fn rounded(amount: f64) -> i64 {
    amount.round() as i64
}

#[expect(clippy::cast_possible_truncation, reason = "0 to 100")]
fn percent(share: f64) -> i32 {
    (share * 100.0).round() as i32
}

fn count(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

/// What is planned for the cases that are due in a time. Nothing of it has happened.
#[Object]
impl RenewalPlan {
    /// How many cases.
    async fn case_count(&self) -> Result<i64, ApiError> {
        Ok(count(self.summary().await?.cases))
    }

    /// How many connections the planned refreshes ask; each one is billed.
    async fn billable_links(&self) -> Result<i64, ApiError> {
        Ok(count(self.summary().await?.billable_links))
    }

    /// What they cost; null where the settings name no price for the product.
    async fn cost(&self) -> Result<Option<Decimal>, ApiError> {
        Ok(self.summary().await?.cost_cents.map(dollars))
    }

    /// What the refreshes planned for this month add to the programs that have a cap. Beyond a hard cap nothing is refreshed:
    /// the cases of a batch then wait for the next month.
    async fn spending(&self) -> Result<Vec<Spending>, ApiError> {
        Ok(self.summary().await?.spending.iter().cloned().map(Spending::from).collect())
    }

    /// How many of the planned refreshes are expected to bring data, by what was seen at their providers so far.
    async fn expected_success_count(&self) -> Result<i64, ApiError> {
        Ok(rounded(self.summary().await?.expected_successes))
    }

    /// Cases by what is planned, and why.
    async fn actions(&self) -> Result<Vec<PlannedActionCount>, ApiError> {
        let counted = self.summary().await?.by_action.iter();
        Ok(counted
            .map(|((action, reason), cases)| PlannedActionCount {
                action: *action,
                reason: *reason,
                case_count: count(*cases),
            })
            .collect())
    }

    /// Cases whose refresh is planned, by the worst of their connections.
    async fn health(&self) -> Result<Vec<PlannedHealthCount>, ApiError> {
        let counted = self.summary().await?.by_health.iter();
        Ok(counted
            .map(|(health, (cases, expected))| PlannedHealthCount {
                health: *health,
                case_count: count(*cases),
                expected_success_count: rounded(*expected),
                expected_success_percent: percent(plan::share(*expected, *cases)),
            })
            .collect())
    }

    /// The planned refreshes by day, the earliest first.
    async fn days(&self) -> Result<Vec<PlannedDay>, ApiError> {
        let counted = self.summary().await?.by_day.iter();
        Ok(counted
            .map(|(on, (cases, links))| PlannedDay {
                on: Date(*on),
                case_count: count(*cases),
                billable_links: count(*links),
            })
            .collect())
    }

    /// The cases one by one, the earliest due date first.
    async fn items(
        &self,
        #[graphql(desc = "Number of items from the start, 1 to 100. Default 25.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<PlannedRenewal>, ApiError> {
        let view = &self.view;
        let scope = view.cases()?;
        let sort = plan::by_due_date();
        let open = |cursor: &str| view.open::<Key>(LIST, cursor).filter(|key| key.fits(&sort));
        let window = PageArgs { first, after, last, before }.window(open)?;
        let page = plan::page(view.kit(), scope, &self.filter, &self.terms, &window).await?;
        let page = page.map(|(key, planned)| {
            let item = PlannedRenewal {
                action: planned.action,
                on: planned.on.map(Date),
                reason: planned.reason,
                billable_links: i64::from(planned.billable_links),
                health: planned.health,
                cost: self.terms.cost_cents(&planned).map(dollars),
                expected_success_percent: planned.chance.map(percent),
                case: Case::new(planned.case.into(), view),
            };
            (view.seal(LIST, &key), item)
        });
        let (kit, filter) = (view.kit().clone(), self.filter.clone());
        let count = move || -> BoxFuture<'static, _> {
            let (kit, filter) = (kit.clone(), filter.clone());
            Box::pin(async move { Ok(queue::count(&kit.db, scope, &filter).await?) })
        };
        Ok(Connection::new(page, &window, Box::new(count)))
    }
}

#[derive(Default)]
pub(crate) struct PlanQuery;

#[Object]
impl PlanQuery {
    /// What to do about the renewals that are due in a time, and when: refresh now or on the day the cycle opens, ask the
    /// client, or leave alone. Nothing is done. Needs `renewals:run` and `cases:read`.
    #[expect(clippy::unused_async, reason = "the library asks for it")]
    async fn plan_renewals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The due dates. Overdue cases are in a range without a first day.")] window: DateRange,
        #[graphql(desc = "What refreshes would ask for.", default_with = "ProductType::Income")] product: ProductType,
        #[graphql(desc = "Only these programs; absent for all.")] program: Option<Vec<Program>>,
    ) -> Result<RenewalPlan, ApiError> {
        let view = ctx.data_unchecked::<View>();
        batch::require(view.caller())?;
        let filter = Filter { program: program.unwrap_or_default(), ..window.filter() };
        let filter = plan::planned_filter(filter);
        let terms = Terms::of(view.kit().account(view.caller().agency), product);
        Ok(RenewalPlan { filter, terms, view: view.clone(), summary: OnceCell::new() })
    }
}
