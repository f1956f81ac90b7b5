//! Reading the orders of cases for their lineage.

use std::collections::HashMap;

use sea_orm::sea_query;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::ids::{AgencyId, CaseId};
use crate::orders::Order;
use crate::storage::entities::orders;
use crate::storage::ranked::{first_of_each, grouped};
use crate::storage::{Database, Error};

/// Most orders of one case that a lineage shows, the newest ones: 40 years of monthly refreshes.
pub const MOST_ORDERS: u64 = 480;

/// The orders of each case, in the order they were stored; of a case with more than [`MOST_ORDERS`] the newest.
///
/// # Errors
/// When the database fails.
pub async fn load_of_cases(
    db: &Database,
    agency: AgencyId,
    cases: &[CaseId],
) -> Result<HashMap<CaseId, Vec<Order>>, Error> {
    let query = orders::Entity::find()
        .filter(orders::Column::AgencyId.eq(agency.0))
        .filter(orders::Column::CaseId.is_in(cases.iter().map(|id| id.0)));
    let key = (orders::Column::Id, orders::Column::CaseId);
    let ids = first_of_each(query, key, &[orders::Column::Id], &sea_query::Order::Desc, MOST_ORDERS);
    let query = orders::Entity::find().filter(orders::Column::Id.in_subquery(ids)).order_by_asc(orders::Column::Id);
    Ok(grouped(query.all(db.read()).await?.into_iter().map(Order::from), |order| order.case))
}
