//! Reading cases and renewals, for many at a time.

use std::collections::HashMap;

use sea_orm::sea_query::Order;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::store::in_scope;
use super::{Case, Renewal};
use crate::caller::CaseScope;
use crate::ids::{AgencyId, CaseId, ClientId, RenewalId};
use crate::page::{Page, Window};
use crate::storage::entities::{cases, renewals};
use crate::storage::ranked::{direction, first_of_each, grouped, pages};
use crate::storage::{Database, Error};

/// The cases of the scope among `ids`.
///
/// # Errors
/// When the database fails.
pub async fn load(db: &Database, scope: CaseScope, ids: &[CaseId]) -> Result<HashMap<CaseId, Case>, Error> {
    let query = in_scope(cases::Entity::find(), scope).filter(cases::Column::Id.is_in(ids.iter().map(|id| id.0)));
    Ok(query.all(db.read()).await?.into_iter().map(|row| (row.id.into(), row.into())).collect())
}

/// The case with the agency's own number.
///
/// # Errors
/// When the database fails.
pub async fn find_by_number(db: &Database, scope: CaseScope, number: &str) -> Result<Option<Case>, Error> {
    let query = in_scope(cases::Entity::find(), scope).filter(cases::Column::Number.eq(number));
    Ok(query.one(db.read()).await?.map(Case::from))
}

/// The cases of the scope that each client has, the earliest due date first.
///
/// # Errors
/// When the database fails.
pub async fn load_of_clients(
    db: &Database,
    scope: CaseScope,
    clients: &[ClientId],
) -> Result<HashMap<ClientId, Vec<Case>>, Error> {
    let query = in_scope(cases::Entity::find(), scope)
        .filter(cases::Column::ClientId.is_in(clients.iter().map(|id| id.0)))
        .order_by_asc(cases::Column::DueOn)
        .order_by_asc(cases::Column::Id);
    Ok(grouped(query.all(db.read()).await?.into_iter().map(Case::from), |case| case.client))
}

/// The renewals of the agency among `ids`.
///
/// # Errors
/// When the database fails.
pub async fn load_renewals(
    db: &Database,
    agency: AgencyId,
    ids: &[RenewalId],
) -> Result<HashMap<RenewalId, Renewal>, Error> {
    let query = renewals::Entity::find()
        .filter(renewals::Column::AgencyId.eq(agency.0))
        .filter(renewals::Column::Id.is_in(ids.iter().map(|id| id.0)));
    Ok(query.all(db.read()).await?.into_iter().map(|row| (row.id.into(), row.into())).collect())
}

fn renewals_of(agency: AgencyId, cases: &[CaseId]) -> Select<renewals::Entity> {
    renewals::Entity::find()
        .filter(renewals::Column::AgencyId.eq(agency.0))
        .filter(renewals::Column::CaseId.is_in(cases.iter().map(|id| id.0)))
}

async fn ranked(
    db: &Database,
    query: Select<renewals::Entity>,
    order: Order,
    limit: u64,
) -> Result<Vec<Renewal>, Error> {
    let key = (renewals::Column::Id, renewals::Column::CaseId);
    let ids = first_of_each(query, key, &[renewals::Column::Id], &order, limit);
    let query =
        renewals::Entity::find().filter(renewals::Column::Id.in_subquery(ids)).order_by(renewals::Column::Id, order);
    Ok(query.all(db.read()).await?.into_iter().map(Renewal::from).collect())
}

/// A page of each case's renewals, in the order they were opened.
///
/// # Errors
/// When the database fails.
pub async fn page_renewals(
    db: &Database,
    agency: AgencyId,
    cases: &[CaseId],
    window: &Window<RenewalId>,
) -> Result<HashMap<CaseId, Page<Renewal>>, Error> {
    let mut query = renewals_of(agency, cases);
    if let Some(after) = window.after {
        query = query.filter(renewals::Column::Id.gt(after.0));
    }
    if let Some(before) = window.before {
        query = query.filter(renewals::Column::Id.lt(before.0));
    }
    let rows = ranked(db, query, direction(window), window.limit.saturating_add(1)).await?;
    Ok(pages(rows, window, |renewal| renewal.case))
}

/// How many renewals each case has had, the open one included.
///
/// # Errors
/// When the database fails.
pub async fn count_renewals(db: &Database, agency: AgencyId, cases: &[CaseId]) -> Result<HashMap<CaseId, u64>, Error> {
    let rows: Vec<(uuid::Uuid, i64)> = renewals_of(agency, cases)
        .select_only()
        .column(renewals::Column::CaseId)
        .column_as(renewals::Column::Id.count(), "amount")
        .group_by(renewals::Column::CaseId)
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(rows.into_iter().map(|(case, count)| (case.into(), u64::try_from(count).unwrap_or(0))).collect())
}

/// The newest renewal of each case that ended with a report.
///
/// # Errors
/// When the database fails.
pub async fn load_last_reviewed(
    db: &Database,
    agency: AgencyId,
    cases: &[CaseId],
) -> Result<HashMap<CaseId, Renewal>, Error> {
    let query = renewals_of(agency, cases)
        .filter(renewals::Column::ClosedAt.is_not_null())
        .filter(renewals::Column::CurrentReportId.is_not_null());
    let rows = ranked(db, query, Order::Desc, 1).await?;
    Ok(rows.into_iter().map(|renewal| (renewal.case, renewal)).collect())
}
