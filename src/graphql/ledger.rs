//! What refreshes cost.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use futures_util::future::BoxFuture;

use super::cases::Case;
use super::error::ApiError;
use super::links::EmployerLink;
use super::orders::Order;
use super::page::{Connection, Listed, PageArgs};
use super::scalars::{DateTime, Decimal};
use super::view::View;
use crate::ids::LedgerLineId;
use crate::ledger;
use crate::page::Page;
use crate::words::{LedgerDifference, LedgerStatus, ProductType, Program};

const PURPOSE: &str = "ledger";

/// Whole cents as dollars.
pub(crate) fn dollars(cents: i64) -> Decimal {
    Decimal(rust_decimal::Decimal::new(cents, 2))
}

/// One refresh, or many, held against the caps of a program and month.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Spending {
    /// The program.
    program: Program,
    /// The calendar month in UTC, such as `2026-11`.
    month: String,
    /// What the month has committed already: what was ordered and is not void.
    committed: Decimal,
    /// What is asked for now adds. Connections for whose product the settings name no price count as nothing.
    requested: Decimal,
    /// Beyond this amount there is a warning; null for none.
    soft_cap: Option<Decimal>,
    /// Beyond this amount nothing is refreshed; null for no limit.
    hard_cap: Option<Decimal>,
    /// Whether both together go beyond the soft cap.
    is_above_soft_cap: bool,
    /// Whether both together go beyond the hard cap.
    is_above_hard_cap: bool,
    /// When the next month begins.
    resets_at: DateTime,
}

impl From<ledger::Spending> for Spending {
    fn from(spending: ledger::Spending) -> Self {
        Self {
            program: spending.program,
            is_above_soft_cap: spending.is_noticeable(),
            is_above_hard_cap: spending.is_forbidden(),
            committed: dollars(spending.committed_cents),
            requested: dollars(spending.requested_cents),
            soft_cap: spending.limits.soft_cents.map(dollars),
            hard_cap: spending.limits.hard_cents.map(dollars),
            resets_at: DateTime(spending.resets_at),
            month: spending.month,
        }
    }
}

/// The cost of one connection that an order refreshed.
#[derive(Clone)]
pub(crate) struct LedgerLine {
    row: ledger::Line,
    view: View,
}

impl Listed for LedgerLine {
    const CONNECTION: &'static str = "LedgerLineConnection";
    const EDGE: &'static str = "LedgerLineEdge";
}

/// The cost of one connection that an order refreshed. Written with the order; moved by its fate, and by Truv's invoice.
#[Object]
impl LedgerLine {
    /// Names the line. Nothing can be fetched by it.
    async fn id(&self) -> ID {
        ID(self.row.id.0.simple().to_string())
    }

    /// The calendar month of the order in UTC, such as `2026-11`.
    async fn month(&self) -> &str {
        &self.row.month
    }

    /// The case's program.
    async fn program(&self) -> Program {
        self.row.program
    }

    /// What was asked for.
    async fn product(&self) -> ProductType {
        self.row.product
    }

    /// What is known about the cost.
    async fn status(&self) -> LedgerStatus {
        self.row.status
    }

    /// The price when it was ordered; null where the settings named none.
    async fn amount(&self) -> Option<Decimal> {
        self.row.price_cents.map(dollars)
    }

    /// When it was ordered.
    async fn attempted_at(&self) -> DateTime {
        DateTime(self.row.attempted_at)
    }

    /// When its outcome was known; null until then.
    async fn settled_at(&self) -> Option<DateTime> {
        self.row.settled_at.map(DateTime)
    }

    /// When Truv's invoice confirmed it; null unless it did.
    async fn confirmed_at(&self) -> Option<DateTime> {
        self.row.confirmed_at.map(DateTime)
    }

    /// Where Truv's invoice is not what was expected; null while nothing is amiss.
    async fn difference(&self) -> Option<LedgerDifference> {
        self.row.difference
    }

    /// The case; null when it is not in the caller's sight.
    async fn case(&self) -> Option<Result<Case, ApiError>> {
        Case::find(&self.view, self.row.case).await.transpose()
    }

    /// The order; null when its case is not in the caller's sight.
    async fn order(&self) -> Option<Result<Order, ApiError>> {
        self.find_order().await.transpose()
    }

    /// The connection; null when its case is not in the caller's sight.
    async fn link(&self) -> Option<Result<EmployerLink, ApiError>> {
        self.find_link().await.transpose()
    }
}

impl LedgerLine {
    async fn find_order(&self) -> Result<Option<Order>, ApiError> {
        if self.view.load().cases.get(self.row.case).await?.is_none() {
            return Ok(None);
        }
        Order::find(&self.view, self.row.order).await
    }

    async fn find_link(&self) -> Result<Option<EmployerLink>, ApiError> {
        if self.view.load().cases.get(self.row.case).await?.is_none() {
            return Ok(None);
        }
        let link = self.view.load().links.get(self.row.link).await?;
        Ok(link.map(|link| EmployerLink::new(link, Some(self.row.case), &self.view)))
    }
}

/// The lines of a month that agree in program, product and state, together.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct LedgerTotal {
    /// The calendar month in UTC, such as `2026-11`.
    month: String,
    /// The program.
    program: Program,
    /// What was asked for.
    product: ProductType,
    /// What is known about the cost.
    status: LedgerStatus,
    /// How many connections.
    count: i32,
    /// Their prices together; those without a price count as nothing.
    amount: Decimal,
}

impl From<ledger::Total> for LedgerTotal {
    fn from(total: ledger::Total) -> Self {
        Self {
            month: total.month,
            program: total.program,
            product: total.product,
            status: total.status,
            count: i32::try_from(total.count).unwrap_or(i32::MAX),
            amount: dollars(total.cents),
        }
    }
}

/// Which lines; what is left out matches all.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct LedgerFilter {
    /// The first calendar month, such as `2026-11`.
    from_month: Option<String>,
    /// The last calendar month.
    to_month: Option<String>,
    /// Any of these programs; empty for all.
    program: Option<Vec<Program>>,
    /// Any of these states; empty for all.
    status: Option<Vec<LedgerStatus>>,
    /// Any of these differences; empty for all lines, with a difference or without.
    difference: Option<Vec<LedgerDifference>>,
}

impl LedgerFilter {
    fn parse(self) -> Result<ledger::Filter, ApiError> {
        for (name, month) in [("fromMonth", &self.from_month), ("toMonth", &self.to_month)] {
            if month.as_ref().is_some_and(|month| !ledger::is_month(month)) {
                return Err(ApiError::bad_input(format!("{name} must be a month such as 2026-11")));
            }
        }
        Ok(ledger::Filter {
            from_month: self.from_month,
            to_month: self.to_month,
            programs: self.program.unwrap_or_default(),
            status: self.status.unwrap_or_default(),
            differences: self.difference.unwrap_or_default(),
        })
    }
}

#[derive(Default)]
pub(crate) struct LedgerQuery;

#[Object]
impl LedgerQuery {
    /// What the agency's refreshes cost, a line for each connection, oldest first. Needs `audit:read`.
    async fn ledger(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Default 25.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which lines; absent for all.")] filter: Option<LedgerFilter>,
    ) -> Result<Connection<LedgerLine>, ApiError> {
        let view = ctx.data_unchecked::<View>().clone();
        view.oversees()?;
        let (kit, agency) = (view.kit().clone(), view.caller().agency);
        let filter = filter.unwrap_or_default().parse()?;
        let open = |cursor: &str| {
            let id = kit.opaque.open(PURPOSE, agency, cursor)?;
            Some(LedgerLineId(uuid::Uuid::from_slice(&id).ok()?))
        };
        let window = PageArgs { first, after, last, before }.window(open)?;
        let page = ledger::page(&kit.db, agency, &filter, &window).await?;
        let page = Page {
            has_more: page.has_more,
            items: page
                .items
                .into_iter()
                .map(|row| {
                    let cursor = kit.opaque.seal(PURPOSE, agency, row.id.0.as_bytes());
                    (cursor, LedgerLine { row, view: view.clone() })
                })
                .collect(),
        };
        let count = move || -> BoxFuture<'static, _> {
            let (view, filter) = (view.clone(), filter.clone());
            Box::pin(async move { Ok(ledger::count(&view.kit().db, agency, &filter).await?) })
        };
        Ok(Connection::new(page, &window, Box::new(count)))
    }

    /// The same in sums, by month, program, product and state. Needs `audit:read`.
    async fn ledger_totals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which lines; absent for all.")] filter: Option<LedgerFilter>,
    ) -> Result<Vec<LedgerTotal>, ApiError> {
        let view = ctx.data_unchecked::<View>();
        view.oversees()?;
        let filter = filter.unwrap_or_default().parse()?;
        let totals = ledger::totals(&view.kit().db, view.caller().agency, &filter).await?;
        Ok(totals.into_iter().map(LedgerTotal::from).collect())
    }
}
