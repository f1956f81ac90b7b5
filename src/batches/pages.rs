//! Batches and their items in pages.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::{Batch, Item};
use crate::ids::{AgencyId, BatchId, BatchItemId};
use crate::page::{Page, Window};
use crate::storage::entities::renewal_batch_items::{self as items, Column as I};
use crate::storage::entities::renewal_batches::{self as batches, Column as B};
use crate::storage::ranked::{direction, first_of_each, pages};
use crate::storage::{Database, Error};
use crate::words::BatchItemStatus;

/// Which items: in one of these states, or all when it is empty.
pub type Filter = Vec<BatchItemStatus>;

/// A page of the agency's batches, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn page(db: &Database, agency: AgencyId, window: &Window<BatchId>) -> Result<Page<Batch>, Error> {
    let mut query = batches::Entity::find().filter(B::AgencyId.eq(agency.0));
    // Ids grow with time, and the list goes down: "after" means older.
    if let Some(after) = window.after {
        query = query.filter(B::Id.lt(after.0));
    }
    if let Some(before) = window.before {
        query = query.filter(B::Id.gt(before.0));
    }
    query = if window.from_end { query.order_by_asc(B::Id) } else { query.order_by_desc(B::Id) };
    let rows = query.limit(window.limit.saturating_add(1)).all(db.read()).await?;
    Ok(Page::of(rows, window).map(Batch::from))
}

/// How many batches the agency has.
///
/// # Errors
/// When the database fails.
pub async fn count(db: &Database, agency: AgencyId) -> Result<u64, Error> {
    Ok(batches::Entity::find().filter(B::AgencyId.eq(agency.0)).count(db.read()).await?)
}

fn filtered(agency: AgencyId, batches: &[BatchId], filter: &Filter) -> Select<items::Entity> {
    let mut query =
        items::Entity::find().filter(I::AgencyId.eq(agency.0)).filter(I::BatchId.is_in(batches.iter().map(|id| id.0)));
    if !filter.is_empty() {
        query = query.filter(I::Status.is_in(filter.iter().copied()));
    }
    query
}

/// A page of each batch's items, in the order of their turns.
///
/// # Errors
/// When the database fails.
pub async fn page_items(
    db: &Database,
    agency: AgencyId,
    batches: &[BatchId],
    filter: &Filter,
    window: &Window<i32>,
) -> Result<HashMap<BatchId, Page<Item>>, Error> {
    let mut query = filtered(agency, batches, filter);
    if let Some(after) = window.after {
        query = query.filter(I::Position.gt(after));
    }
    if let Some(before) = window.before {
        query = query.filter(I::Position.lt(before));
    }
    let order = direction(window);
    let ids = first_of_each(query, (I::Id, I::BatchId), &[I::Position], &order, window.limit.saturating_add(1));
    let query = items::Entity::find().filter(I::Id.in_subquery(ids)).order_by(I::Position, order);
    Ok(pages(query.all(db.read()).await?.into_iter().map(Item::from), window, |item| item.batch))
}

/// How many items of each batch the filter admits.
///
/// # Errors
/// When the database fails.
pub async fn count_items(
    db: &Database,
    agency: AgencyId,
    batches: &[BatchId],
    filter: &Filter,
) -> Result<HashMap<BatchId, u64>, Error> {
    let rows: Vec<(uuid::Uuid, i64)> = filtered(agency, batches, filter)
        .select_only()
        .column(I::BatchId)
        .column_as(I::Id.count(), "amount")
        .group_by(I::BatchId)
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(rows.into_iter().map(|(batch, count)| (batch.into(), u64::try_from(count).unwrap_or(0))).collect())
}

/// The items of the agency among `ids`.
///
/// # Errors
/// When the database fails.
pub async fn load_items(
    db: &Database,
    agency: AgencyId,
    ids: &[BatchItemId],
) -> Result<HashMap<BatchItemId, Item>, Error> {
    let query = items::Entity::find().filter(I::AgencyId.eq(agency.0)).filter(I::Id.is_in(ids.iter().map(|id| id.0)));
    Ok(query.all(db.read()).await?.into_iter().map(|row| (row.id.into(), row.into())).collect())
}
