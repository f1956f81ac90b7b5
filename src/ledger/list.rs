//! The ledger in pages and in sums.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::Line;
use crate::ids::{AgencyId, LedgerLineId, OrderId};
use crate::page::{Page, Window};
use crate::storage::entities::ledger_lines::{Column, Entity};
use crate::storage::entities::orders;
use crate::storage::ranked::direction;
use crate::storage::{Database, Error};
use crate::words::{LedgerDifference, LedgerStatus, ProductType, Program};

/// Which lines; what is left out matches all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The first month, `2026-11`.
    pub from_month: Option<String>,
    /// The last month.
    pub to_month: Option<String>,
    /// Any of these programs; empty for all.
    pub programs: Vec<Program>,
    /// Any of these states; empty for all.
    pub status: Vec<LedgerStatus>,
    /// Any of these differences; empty for all, also for none.
    pub differences: Vec<LedgerDifference>,
}

fn filtered(agency: AgencyId, filter: &Filter) -> Select<Entity> {
    let mut query = Entity::find().filter(Column::AgencyId.eq(agency.0));
    if let Some(from) = &filter.from_month {
        query = query.filter(Column::Month.gte(from.as_str()));
    }
    if let Some(to) = &filter.to_month {
        query = query.filter(Column::Month.lte(to.as_str()));
    }
    if !filter.programs.is_empty() {
        query = query.filter(Column::Program.is_in(filter.programs.iter().copied()));
    }
    if !filter.status.is_empty() {
        query = query.filter(Column::Status.is_in(filter.status.iter().copied()));
    }
    if !filter.differences.is_empty() {
        query = query.filter(Column::Difference.is_in(filter.differences.iter().copied()));
    }
    query
}

/// A page of the lines, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Database,
    agency: AgencyId,
    filter: &Filter,
    window: &Window<LedgerLineId>,
) -> Result<Page<Line>, Error> {
    let mut query = filtered(agency, filter);
    if let Some(after) = window.after {
        query = query.filter(Column::Id.gt(after.0));
    }
    if let Some(before) = window.before {
        query = query.filter(Column::Id.lt(before.0));
    }
    let rows = query.order_by(Column::Id, direction(window)).limit(window.limit + 1).all(db.read()).await?;
    Ok(Page::of(rows.into_iter().map(Line::from).collect(), window))
}

/// How many lines there are.
///
/// # Errors
/// When the database fails.
pub async fn count(db: &Database, agency: AgencyId, filter: &Filter) -> Result<u64, Error> {
    Ok(filtered(agency, filter).count(db.read()).await?)
}

/// Truv's ids of the orders among `ids` that have one.
///
/// # Errors
/// When the database fails.
pub async fn load_orders(db: &Database, agency: AgencyId, ids: &[OrderId]) -> Result<HashMap<OrderId, String>, Error> {
    let rows: Vec<(uuid::Uuid, Option<String>)> = orders::Entity::find()
        .select_only()
        .columns([orders::Column::Id, orders::Column::TruvOrderId])
        .filter(orders::Column::AgencyId.eq(agency.0))
        .filter(orders::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(rows.into_iter().filter_map(|(id, truv)| Some((id.into(), truv?))).collect())
}

/// The sum of the lines of a month that agree in program, product and state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// The month in UTC, `2026-11`.
    pub month: String,
    /// The program.
    pub program: Program,
    /// What was asked for.
    pub product: ProductType,
    /// What is known about the cost.
    pub status: LedgerStatus,
    /// How many connections.
    pub count: u64,
    /// Their prices together, in cents; those without a price count as nothing.
    pub cents: i64,
}

/// The sums of the filtered lines, by month, program, product and state.
///
/// # Errors
/// When the database fails.
pub async fn totals(db: &Database, agency: AgencyId, filter: &Filter) -> Result<Vec<Total>, Error> {
    use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func};
    let keys = [Column::Month, Column::Program, Column::Product, Column::Status];
    let cents = Func::coalesce([Column::PriceCents.sum(), Expr::value(0)]);
    let mut query = filtered(agency, filter).select_only().columns(keys);
    for key in keys {
        query = query.group_by(key).order_by_asc(key);
    }
    let rows: Vec<(String, Program, ProductType, LedgerStatus, i64, i64)> = query
        .column_as(Column::Id.count(), "lines")
        // PostgreSQL sums whole numbers into decimals.
        .column_as(Expr::expr(cents).cast_as(Alias::new("bigint")), "cents")
        .into_tuple()
        .all(db.read())
        .await?;
    let total = |(month, program, product, status, count, cents)| Total {
        month,
        program,
        product,
        status,
        count: u64::try_from(count).unwrap_or_default(),
        cents,
    };
    Ok(rows.into_iter().map(total).collect())
}
