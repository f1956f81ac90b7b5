//! Reading the log by case, for many cases at a time, and counting it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::log::{admitted, beyond, settled};
use super::{Event, Filter, Position};
use crate::caller::CaseScope;
use crate::ids::{AgencyId, CaseId};
use crate::page::{Page, Window};
use crate::storage::entities::events;
use crate::storage::ranked::{direction, first_of_each, pages};
use crate::storage::{Database, Error};

fn events_of(
    db: &Database,
    agency: AgencyId,
    cases: &[CaseId],
    until: Option<DateTime<Utc>>,
) -> Select<events::Entity> {
    let mut query = events::Entity::find()
        .filter(events::Column::AgencyId.eq(agency.0))
        .filter(events::Column::CaseId.is_in(cases.iter().map(|id| id.0)));
    if let Some(until) = until {
        query = query.filter(events::Column::OccurredAt.lte(until));
    }
    settled(db, query)
}

/// A page of each case's events, oldest first; with `until`, as the log was then. Whose caseload the case was in at the time does not matter here: who may
/// see the case may see its history.
///
/// # Errors
/// When the database fails.
pub async fn timelines(
    db: &Database,
    agency: AgencyId,
    cases: &[CaseId],
    window: &Window<Position>,
    until: Option<DateTime<Utc>>,
) -> Result<HashMap<CaseId, Page<Event>>, Error> {
    use events::Column as C;
    let query = beyond(events_of(db, agency, cases, until), window.after, window.before);
    let order = direction(window);
    let ids = first_of_each(query, (C::Id, C::CaseId), &[C::Tx, C::Id], &order, window.limit.saturating_add(1));
    let query =
        events::Entity::find().filter(C::Id.in_subquery(ids)).order_by(C::Tx, order.clone()).order_by(C::Id, order);
    Ok(pages(query.all(db.read()).await?.into_iter().map(Event::from), window, |event| event.case))
}

/// How many events the log holds of each case.
///
/// # Errors
/// When the database fails.
pub async fn count_of_cases(
    db: &Database,
    agency: AgencyId,
    cases: &[CaseId],
    until: Option<DateTime<Utc>>,
) -> Result<HashMap<CaseId, u64>, Error> {
    let rows: Vec<(uuid::Uuid, i64)> = events_of(db, agency, cases, until)
        .select_only()
        .column(events::Column::CaseId)
        .column_as(events::Column::Id.count(), "amount")
        .group_by(events::Column::CaseId)
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(rows.into_iter().map(|(case, count)| (case.into(), u64::try_from(count).unwrap_or(0))).collect())
}

/// How many events the scope and the filter admit.
///
/// # Errors
/// When the database fails.
pub async fn count(db: &Database, scope: CaseScope, filter: &Filter) -> Result<u64, Error> {
    match admitted(scope, filter) {
        Some(query) => Ok(settled(db, query).count(db.read()).await?),
        None => Ok(0),
    }
}

/// The event at a position, when the scope admits it.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Database, scope: CaseScope, at: Position) -> Result<Option<Event>, Error> {
    let Some(query) = admitted(scope, &Filter::default()) else { return Ok(None) };
    let query = query.filter(events::Column::Tx.eq(at.tx)).filter(events::Column::Id.eq(at.id));
    Ok(settled(db, query).one(db.read()).await?.map(Event::from))
}
