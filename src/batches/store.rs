//! Rows of batches and of their items.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LockType, Query, WindowStatement};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};

use super::{Batch, Counts, Item, RECENT, is_open};
use crate::caller::CaseScope;
use crate::cases::queue;
use crate::ids::{AgencyId, BatchId, BatchItemId, CaseId, OrderId};
use crate::kit::Kit;
use crate::storage::entities::cases;
use crate::storage::entities::renewal_batch_items::{self as items, Column as I};
use crate::storage::entities::renewal_batches::{self as batches, Column as B};
use crate::storage::{Database, Error, Tx};
use crate::words::{BatchItemStatus, BatchSkipReason, BatchStatus, CaseStatus};

/// The batch of the agency.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Database, agency: AgencyId, id: BatchId) -> Result<Option<Batch>, Error> {
    let query = batches::Entity::find_by_id(id.0).filter(B::AgencyId.eq(agency.0));
    Ok(query.one(db.read()).await?.map(Batch::from))
}

/// The batches of the agency among `ids`.
///
/// # Errors
/// When the database fails.
pub async fn load(db: &Database, agency: AgencyId, ids: &[BatchId]) -> Result<HashMap<BatchId, Batch>, Error> {
    let query = batches::Entity::find().filter(B::AgencyId.eq(agency.0)).filter(B::Id.is_in(ids.iter().map(|id| id.0)));
    Ok(query.all(db.read()).await?.into_iter().map(|row| (row.id.into(), row.into())).collect())
}

/// How many cases of each batch stand where. One statement, answered from an index: a batch that counted along with every
/// item would make all replicas wait for each other at one row.
///
/// # Errors
/// When the database fails.
pub async fn load_progress(
    db: &Database,
    ids: &[BatchId],
    now: DateTime<Utc>,
) -> Result<HashMap<BatchId, Counts>, Error> {
    let recent = Expr::case(Expr::col(I::SettledAt).gt(now - RECENT), Expr::value(1)).finally(Expr::value(0));
    let rows: Vec<(uuid::Uuid, BatchItemStatus, i64, i64)> = items::Entity::find()
        .select_only()
        .column(I::BatchId)
        .column(I::Status)
        .column_as(I::Status.count(), "amount")
        .column_as(Expr::expr(recent).sum(), "recent")
        .filter(I::BatchId.is_in(ids.iter().map(|id| id.0)))
        .group_by(I::BatchId)
        .group_by(I::Status)
        .into_tuple()
        .all(db.read())
        .await?;
    let mut found: HashMap<BatchId, Counts> = HashMap::new();
    for (batch, status, amount, recent) in rows {
        let counts = found.entry(batch.into()).or_default();
        let amount = u64::try_from(amount).unwrap_or(0);
        counts.recent += u64::try_from(recent).unwrap_or(0);
        match status {
            BatchItemStatus::Queued => counts.queued = amount,
            BatchItemStatus::Refreshing => counts.refreshing = amount,
            BatchItemStatus::Retrying => counts.retrying = amount,
            BatchItemStatus::Succeeded => counts.succeeded = amount,
            BatchItemStatus::NeedsLink | BatchItemStatus::LinkSent => counts.needs_link += amount,
            BatchItemStatus::Skipped => counts.skipped = amount,
            BatchItemStatus::Failed => counts.failed = amount,
        }
    }
    Ok(found)
}

/// The batch, which must be there: its item points to it.
pub(crate) async fn load_in_tx(tx: &Tx, id: BatchId) -> Result<Batch, Error> {
    let row = batches::Entity::find_by_id(id.0).one(tx).await?;
    row.map(Batch::from).ok_or_else(|| Error::Corrupt(format!("batch {id} is missing")))
}

/// The batch with its row locked until the transaction ends.
pub(crate) async fn lock_in_tx(tx: &Tx, agency: AgencyId, id: BatchId) -> Result<Option<Batch>, Error> {
    let query = batches::Entity::find_by_id(id.0).filter(B::AgencyId.eq(agency.0)).lock(LockType::Update);
    Ok(query.one(tx).await?.map(Batch::from))
}

/// What was stored under the key, with its fingerprint.
pub(crate) async fn find_by_key_in_tx(tx: &Tx, agency: AgencyId, key: &str) -> Result<Option<(Batch, String)>, Error> {
    let query = batches::Entity::find().filter(B::AgencyId.eq(agency.0)).filter(B::IdempotencyKey.eq(key));
    Ok(query.one(tx).await?.map(|row| (row.clone().into(), row.fingerprint)))
}

/// Stores a new batch. A second one with the same key fails with [`Error::Duplicate`].
pub(crate) async fn insert_in_tx(
    tx: &Tx,
    batch: &Batch,
    selection: serde_json::Value,
    (key, fingerprint): (&str, &str),
) -> Result<(), Error> {
    let row = batches::ActiveModel {
        id: Set(batch.id.0),
        agency_id: Set(batch.agency.0),
        name: Set(batch.name.clone()),
        status: Set(batch.status),
        product: Set(batch.product),
        sends_links: Set(batch.sends_links),
        selection: Set(selection),
        requested_by: Set(batch.requested_by.clone()),
        idempotency_key: Set(key.to_owned()),
        fingerprint: Set(fingerprint.to_owned()),
        version: Set(batch.version),
        created_at: Set(batch.created_at),
        updated_at: Set(batch.updated_at),
        finished_at: Set(batch.finished_at),
    };
    batches::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Writes what has changed on a batch whose row is locked.
pub(crate) async fn save_in_tx(tx: &Tx, batch: &mut Batch, now: DateTime<Utc>) -> Result<(), Error> {
    batch.version += 1;
    batch.updated_at = now;
    let row = batches::ActiveModel {
        status: Set(batch.status),
        version: Set(batch.version),
        updated_at: Set(now),
        finished_at: Set(batch.finished_at),
        ..Default::default()
    };
    batches::Entity::update_many().set(row).filter(B::Id.eq(batch.id.0)).exec(tx).await?;
    Ok(())
}

/// Chooses the batch's cases: what the filter admits, the earliest due date first, at most `most`. One statement inside
/// the database, so that the choice is of one moment and none of it passes through this process. Without a status in the
/// filter it takes the cases whose renewal is open.
pub(crate) async fn choose_in_tx(
    tx: &Tx,
    batch: &Batch,
    scope: CaseScope,
    filter: &queue::Filter,
    most: Option<u64>,
) -> Result<u64, Error> {
    let new_id = match tx.get_database_backend() {
        DbBackend::Postgres => "gen_random_uuid()",
        _ => "randomblob(16)",
    };
    let mut query = queue::filtered(scope, filter);
    if filter.status.is_empty() {
        query = query.filter(cases::Column::Status.is_not_in([CaseStatus::NotDue, CaseStatus::Closed]));
    }
    let mut chosen = query.select_only().into_query();
    let turn = WindowStatement::new()
        .order_by((cases::Entity, cases::Column::DueOn), sea_orm::Order::Asc)
        .order_by((cases::Entity, cases::Column::Id), sea_orm::Order::Asc)
        .take();
    chosen
        .expr(Expr::cust(new_id))
        .expr(Expr::value(batch.agency.0))
        .expr(Expr::value(batch.id.0))
        .column((cases::Entity, cases::Column::Id))
        .expr_window(Func::cust("ROW_NUMBER"), turn)
        .expr(Expr::value(BatchItemStatus::Queued.word()))
        .expr(Expr::value(0))
        .expr(Expr::value(batch.created_at))
        .expr(Expr::value(batch.created_at))
        .order_by((cases::Entity, cases::Column::DueOn), sea_orm::Order::Asc)
        .order_by((cases::Entity, cases::Column::Id), sea_orm::Order::Asc);
    if let Some(most) = most {
        chosen.limit(most);
    }
    let columns =
        [I::Id, I::AgencyId, I::BatchId, I::CaseId, I::Position, I::Status, I::Attempts, I::NextAt, I::UpdatedAt];
    let mut insert = Query::insert();
    insert.into_table(items::Entity).columns(columns);
    insert.select_from(chosen).map_err(|error| Error::Corrupt(error.to_string()))?;
    Ok(tx.execute(&insert).await?.rows_affected())
}

/// Batches of all agencies that still have something to do.
pub(crate) async fn list_unfinished(db: &Database) -> Result<Vec<Batch>, Error> {
    let paused = Condition::all().add(B::Status.eq(BatchStatus::Paused));
    let query = batches::Entity::find().filter(B::FinishedAt.is_null()).filter(paused.not());
    Ok(query.all(db.read()).await?.into_iter().map(Batch::from).collect())
}

/// How many cases of the batch have a refresh on its way.
pub(crate) async fn count_under_way(db: &Database, batch: BatchId) -> Result<u64, Error> {
    use sea_orm::PaginatorTrait as _;
    let query = items::Entity::find().filter(I::BatchId.eq(batch.0)).filter(I::Status.eq(BatchItemStatus::Refreshing));
    Ok(query.count(db.read()).await?)
}

/// The next items of the batch whose turn has come.
pub(crate) async fn list_due(
    db: &Database,
    batch: BatchId,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Item>, Error> {
    let query = items::Entity::find()
        .filter(I::BatchId.eq(batch.0))
        .filter(I::Status.eq(BatchItemStatus::Queued))
        .filter(I::NextAt.lte(now))
        .order_by_asc(I::Position)
        .limit(limit);
    Ok(query.all(db.read()).await?.into_iter().map(Item::from).collect())
}

/// The item with its row locked until the transaction ends. Lock the case first: every writer does.
pub(crate) async fn lock_item_in_tx(tx: &Tx, id: BatchItemId) -> Result<Option<Item>, Error> {
    Ok(items::Entity::find_by_id(id.0).lock(LockType::Update).one(tx).await?.map(Item::from))
}

/// The newest item of the case that stands in one of these states.
pub(super) async fn find_newest_in_tx(
    tx: &Tx,
    case: CaseId,
    statuses: &[BatchItemStatus],
) -> Result<Option<BatchItemId>, Error> {
    let query = items::Entity::find()
        .filter(I::CaseId.eq(case.0))
        .filter(I::Status.is_in(statuses.iter().copied()))
        .order_by_desc(I::UpdatedAt)
        .order_by_desc(I::Id);
    Ok(query.one(tx).await?.map(|row| row.id.into()))
}

/// An outcome that needs no order.
pub(crate) async fn settle_in_tx(
    kit: &Kit,
    tx: &Tx,
    item: &Item,
    status: BatchItemStatus,
    skip_reason: Option<BatchSkipReason>,
) -> Result<(), Error> {
    move_in_tx(tx, item, status, skip_reason, item.order, kit.clock.now()).await?;
    super::follow::announce_in_tx(kit, tx, item, status).await
}

pub(super) async fn move_in_tx(
    tx: &Tx,
    item: &Item,
    status: BatchItemStatus,
    skip_reason: Option<BatchSkipReason>,
    order: Option<OrderId>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let settled_at = item.settled_at.or_else(|| (!is_open(status)).then_some(now));
    let row = items::ActiveModel {
        status: Set(status),
        skip_reason: Set(skip_reason),
        order_id: Set(order.map(|id| id.0)),
        settled_at: Set(settled_at),
        updated_at: Set(now),
        ..Default::default()
    };
    items::Entity::update_many().set(row).filter(I::Id.eq(item.id.0)).exec(tx).await?;
    Ok(())
}

/// An order was made for the item.
pub(super) async fn take_in_tx(
    tx: &Tx,
    item: &Item,
    status: BatchItemStatus,
    order: OrderId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = items::ActiveModel {
        status: Set(status),
        order_id: Set(Some(order.0)),
        attempts: Set(i32::try_from(item.attempts + 1).unwrap_or(i32::MAX)),
        updated_at: Set(now),
        ..Default::default()
    };
    items::Entity::update_many().set(row).filter(I::Id.eq(item.id.0)).exec(tx).await?;
    Ok(())
}

/// The item keeps its turn, and is not taken up before `next_at`.
pub(crate) async fn wait_in_tx(
    tx: &Tx,
    item: BatchItemId,
    next_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = items::ActiveModel { next_at: Set(next_at), updated_at: Set(now), ..Default::default() };
    items::Entity::update_many().set(row).filter(I::Id.eq(item.0)).exec(tx).await?;
    Ok(())
}

/// Leaves out every case whose turn has not come.
pub(crate) async fn skip_waiting_in_tx(tx: &Tx, batch: BatchId, now: DateTime<Utc>) -> Result<(), Error> {
    let row = items::ActiveModel {
        status: Set(BatchItemStatus::Skipped),
        skip_reason: Set(Some(BatchSkipReason::BatchCanceled)),
        settled_at: Set(Some(now)),
        updated_at: Set(now),
        ..Default::default()
    };
    items::Entity::update_many()
        .set(row)
        .filter(I::BatchId.eq(batch.0))
        .filter(I::Status.eq(BatchItemStatus::Queued))
        .exec(tx)
        .await?;
    Ok(())
}

/// A part of the batch's items in their order, each with its case's number: after the given turn, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn list_outcomes(
    db: &Database,
    batch: BatchId,
    after: i32,
    limit: u64,
) -> Result<Vec<(Item, String)>, Error> {
    let rows = items::Entity::find()
        .filter(I::BatchId.eq(batch.0))
        .filter(I::Position.gt(after))
        .order_by_asc(I::Position)
        .limit(limit)
        .all(db.read())
        .await?;
    let numbers: Vec<(uuid::Uuid, String)> = cases::Entity::find()
        .select_only()
        .columns([cases::Column::Id, cases::Column::Number])
        .filter(cases::Column::Id.is_in(rows.iter().map(|row| row.case_id)))
        .into_tuple()
        .all(db.read())
        .await?;
    let numbers: HashMap<_, _> = numbers.into_iter().collect();
    Ok(rows
        .into_iter()
        .map(|row| {
            let number = numbers.get(&row.case_id).cloned().unwrap_or_default();
            (row.into(), number)
        })
        .collect())
}

impl From<batches::Model> for Batch {
    fn from(row: batches::Model) -> Self {
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            name: row.name,
            status: row.status,
            product: row.product,
            sends_links: row.sends_links,
            requested_by: row.requested_by,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            finished_at: row.finished_at,
        }
    }
}

impl From<items::Model> for Item {
    fn from(row: items::Model) -> Self {
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            batch: row.batch_id.into(),
            case: row.case_id.into(),
            position: row.position,
            status: row.status,
            skip_reason: row.skip_reason,
            order: row.order_id.map(Into::into),
            attempts: u32::try_from(row.attempts).unwrap_or_default(),
            settled_at: row.settled_at,
        }
    }
}
