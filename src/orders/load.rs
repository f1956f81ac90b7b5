//! Reading orders, their employers and tasks, for many at a time.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Order, OrderEmployer, Task};
use crate::ids::{AgencyId, OrderEmployerId, OrderId, RenewalId, TaskId};
use crate::storage::entities::{order_employers, orders, tasks};
use crate::storage::ranked::grouped;
use crate::storage::{Database, Error};

/// The orders of the agency among `ids`.
///
/// # Errors
/// When the database fails.
pub async fn load(db: &Database, agency: AgencyId, ids: &[OrderId]) -> Result<HashMap<OrderId, Order>, Error> {
    let query = orders::Entity::find()
        .filter(orders::Column::AgencyId.eq(agency.0))
        .filter(orders::Column::Id.is_in(ids.iter().map(|id| id.0)));
    Ok(query.all(db.read()).await?.into_iter().map(|row| (row.id.into(), row.into())).collect())
}

/// Where the making of an order of the agency stands in a trace; `None` in none.
pub(crate) async fn trace_parent(db: &Database, agency: AgencyId, id: OrderId) -> Result<Option<String>, Error> {
    let query = orders::Entity::find_by_id(id.0).filter(orders::Column::AgencyId.eq(agency.0));
    let query = query.select_only().column(orders::Column::TraceParent);
    Ok(query.into_tuple::<Option<String>>().one(db.read()).await?.flatten())
}

/// The order that Truv knows by this id.
///
/// # Errors
/// When the database fails.
pub async fn find_truv(db: &Database, agency: AgencyId, truv_order_id: &str) -> Result<Option<Order>, Error> {
    super::store::find_by_truv_id(db.read(), agency, truv_order_id).await
}

/// The orders made for each renewal, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn load_of_renewals(
    db: &Database,
    agency: AgencyId,
    renewals: &[RenewalId],
) -> Result<HashMap<RenewalId, Vec<Order>>, Error> {
    let query = orders::Entity::find()
        .filter(orders::Column::AgencyId.eq(agency.0))
        .filter(orders::Column::RenewalId.is_in(renewals.iter().map(|id| id.0)))
        .order_by_asc(orders::Column::Id);
    let rows = query.all(db.read()).await?.into_iter();
    Ok(grouped(rows.filter_map(|row| Some((row.renewal_id?, Order::from(row)))), |(renewal, _)| (*renewal).into())
        .into_iter()
        .map(|(renewal, orders)| (renewal, orders.into_iter().map(|(_, order)| order).collect()))
        .collect())
}

/// The employer entries of each order, in its order.
///
/// # Errors
/// When the database fails.
pub async fn load_employers_of(
    db: &Database,
    agency: AgencyId,
    orders: &[OrderId],
) -> Result<HashMap<OrderId, Vec<OrderEmployer>>, Error> {
    let query = order_employers::Entity::find()
        .filter(order_employers::Column::AgencyId.eq(agency.0))
        .filter(order_employers::Column::OrderId.is_in(orders.iter().map(|id| id.0)))
        .order_by_asc(order_employers::Column::Position);
    Ok(grouped(query.all(db.read()).await?.into_iter().map(OrderEmployer::from), |employer| employer.order))
}

/// The employer entries of the agency among `ids`.
///
/// # Errors
/// When the database fails.
pub async fn load_employers(
    db: &Database,
    agency: AgencyId,
    ids: &[OrderEmployerId],
) -> Result<HashMap<OrderEmployerId, OrderEmployer>, Error> {
    let query = order_employers::Entity::find()
        .filter(order_employers::Column::AgencyId.eq(agency.0))
        .filter(order_employers::Column::Id.is_in(ids.iter().map(|id| id.0)));
    Ok(query.all(db.read()).await?.into_iter().map(|row| (row.id.into(), row.into())).collect())
}

/// The tasks of the agency among `ids`.
///
/// # Errors
/// When the database fails.
pub async fn load_tasks(db: &Database, agency: AgencyId, ids: &[TaskId]) -> Result<HashMap<TaskId, Task>, Error> {
    let query = tasks::Entity::find()
        .filter(tasks::Column::AgencyId.eq(agency.0))
        .filter(tasks::Column::Id.is_in(ids.iter().map(|id| id.0)));
    Ok(query.all(db.read()).await?.into_iter().map(|row| (row.id.into(), row.into())).collect())
}
