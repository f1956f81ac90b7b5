//! The orders of cases in pages, in the order they were stored.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::Order;
use crate::ids::{AgencyId, CaseId, OrderId};
use crate::page::{Page, Window};
use crate::storage::entities::orders;
use crate::storage::ranked::{direction, first_of_each, pages};
use crate::storage::{Database, Error};
use crate::words::{OrderKind, OrderStatus};

/// Which orders. Several conditions mean all of them, an empty list means no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// How they came from their parents.
    pub kind: Vec<OrderKind>,
    /// Where they stand.
    pub status: Vec<OrderStatus>,
    /// Only orders stored at or after this instant.
    pub created_after: Option<DateTime<Utc>>,
}

impl Filter {
    /// Whether an order in hand passes.
    pub fn admits(&self, order: &Order) -> bool {
        (self.kind.is_empty() || self.kind.contains(&order.kind))
            && (self.status.is_empty() || self.status.contains(&order.status))
            && self.created_after.is_none_or(|after| order.created_at >= after)
    }
}

fn filtered(agency: AgencyId, cases: &[CaseId], filter: &Filter) -> Select<orders::Entity> {
    let mut query = orders::Entity::find()
        .filter(orders::Column::AgencyId.eq(agency.0))
        .filter(orders::Column::CaseId.is_in(cases.iter().map(|id| id.0)));
    if !filter.kind.is_empty() {
        query = query.filter(orders::Column::Kind.is_in(filter.kind.iter().copied()));
    }
    if !filter.status.is_empty() {
        query = query.filter(orders::Column::Status.is_in(filter.status.iter().copied()));
    }
    if let Some(after) = filter.created_after {
        query = query.filter(orders::Column::CreatedAt.gte(after));
    }
    query
}

/// A page of each case's orders.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Database,
    agency: AgencyId,
    cases: &[CaseId],
    filter: &Filter,
    window: &Window<OrderId>,
) -> Result<HashMap<CaseId, Page<Order>>, Error> {
    let mut query = filtered(agency, cases, filter);
    if let Some(after) = window.after {
        query = query.filter(orders::Column::Id.gt(after.0));
    }
    if let Some(before) = window.before {
        query = query.filter(orders::Column::Id.lt(before.0));
    }
    let order = direction(window);
    let key = (orders::Column::Id, orders::Column::CaseId);
    let ids = first_of_each(query, key, &[orders::Column::Id], &order, window.limit.saturating_add(1));
    let query = orders::Entity::find().filter(orders::Column::Id.in_subquery(ids)).order_by(orders::Column::Id, order);
    Ok(pages(query.all(db.read()).await?.into_iter().map(Order::from), window, |order| order.case))
}

/// How many orders of each case the filter admits.
///
/// # Errors
/// When the database fails.
pub async fn count(
    db: &Database,
    agency: AgencyId,
    cases: &[CaseId],
    filter: &Filter,
) -> Result<HashMap<CaseId, u64>, Error> {
    let rows: Vec<(uuid::Uuid, i64)> = filtered(agency, cases, filter)
        .select_only()
        .column(orders::Column::CaseId)
        .column_as(orders::Column::Id.count(), "amount")
        .group_by(orders::Column::CaseId)
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(rows.into_iter().map(|(case, count)| (case.into(), u64::try_from(count).unwrap_or(0))).collect())
}
