//! The table of deliveries.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, LockBehavior, LockType, OnConflict, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
};
use sha2::{Digest, Sha256};

use super::{Claimed, Lease, NewDelivery, WaitsFor};
use crate::ids::{AgencyId, DeliveryId, OrderId};
use crate::kit::Kit;
use crate::storage::entities::deliveries::{self, Column};
use crate::storage::{Database, Error, Tx};
use crate::words::DeliveryStatus;

/// Whether a delivery was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It was.
    New,
    /// It had come before.
    Repeated,
}

/// Stores a delivery once. When this returns, it survives the loss of the process.
pub(crate) async fn store(kit: &Kit, delivery: NewDelivery) -> Result<Stored, Error> {
    let now = kit.clock.now();
    let id: DeliveryId = kit.ids.next();
    let row = deliveries::ActiveModel {
        id: Set(id.0),
        agency_id: Set(delivery.agency.0),
        dedupe_key: Set(delivery.dedupe_key),
        event_type: Set(delivery.event_type),
        body: Set(delivery.body),
        status: Set(DeliveryStatus::Received),
        reason: Set(None),
        attempts: Set(0),
        received_at: Set(now),
        next_at: Set(now),
        is_from_history: Set(delivery.is_from_history),
        ..Default::default()
    };
    let tx = kit.db.begin().await?;
    let rows = deliveries::Entity::insert(row)
        .on_conflict(OnConflict::columns([Column::AgencyId, Column::DedupeKey]).do_nothing().to_owned())
        .exec_without_returning(&tx)
        .await?;
    kit.db.commit(tx).await?;
    Ok(if rows == 0 { Stored::Repeated } else { Stored::New })
}

/// Takes up to `limit` deliveries that are due, oldest first.
pub(crate) async fn claim(kit: &Kit, limit: u64) -> Result<Vec<Claimed>, Error> {
    let now = kit.clock.now();
    let due = Condition::all()
        .add(Column::SettledAt.is_null())
        .add(Column::NextAt.lte(now))
        .add(Condition::any().add(Column::LeasedUntil.is_null()).add(Column::LeasedUntil.lt(now)));
    // A look first: most wake-ups find nothing, and a look takes no lock.
    if deliveries::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(due.clone())
        .limit(1)
        .count(kit.db.read())
        .await?
        == 0
    {
        return Ok(Vec::new());
    }
    let mut select = Query::select();
    select
        .column(Column::Id)
        .from(deliveries::Entity)
        .cond_where(due)
        .order_by(Column::NextAt, sea_orm::Order::Asc)
        .order_by(Column::Id, sea_orm::Order::Asc)
        .limit(limit);
    if kit.db.backend() == DbBackend::Postgres {
        select.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let lease: DeliveryId = kit.ids.next();
    let until = now + TimeDelta::from_std(kit.work.lease).unwrap_or_default();
    let tx = kit.db.begin().await?;
    let mut rows = deliveries::Entity::update_many()
        .col_expr(Column::LeasedUntil, Expr::value(until))
        .col_expr(Column::Lease, Expr::value(lease.0))
        .filter(Column::Id.in_subquery(select))
        .exec_with_returning(&tx)
        .await?;
    // Not `Database::commit`: taking a delivery is no news for anybody.
    tx.commit().await.map_err(Error::from)?;
    rows.sort_by_key(|row| row.id);
    Ok(rows
        .into_iter()
        .map(|row| Claimed {
            id: row.id.into(),
            agency: row.agency_id.into(),
            body: row.body,
            received_at: row.received_at,
            attempts: u32::try_from(row.attempts).unwrap_or_default(),
            lease: lease.0,
        })
        .collect())
}

/// Settles a delivery in the transaction of its effect. Answers `false` when somebody else holds it by now: the caller
/// must then roll back.
pub(crate) async fn settle_in_tx(
    tx: &Tx,
    delivery: &Claimed,
    status: DeliveryStatus,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let row = deliveries::ActiveModel {
        status: Set(status),
        reason: Set(reason.map(str::to_owned)),
        settled_at: Set(Some(now)),
        leased_until: Set(None),
        lease: Set(None),
        ..Default::default()
    };
    let done = mine(delivery).set(row).exec(tx).await?;
    Ok(done.rows_affected == 1)
}

/// Writes down which order a delivery is applied to, in the transaction of its effect.
pub(crate) async fn note_order_in_tx(tx: &Tx, delivery: &Claimed, order: OrderId) -> Result<(), Error> {
    let row = deliveries::ActiveModel {
        order_id: Set(Some(order.0)),
        body_sha256: Set(Some(hex::encode(Sha256::digest(&delivery.body)))),
        ..Default::default()
    };
    mine(delivery).set(row).exec(tx).await?;
    Ok(())
}

/// Lets a delivery wait for an order that is not known yet; it is looked at again at `next_at`, or as soon as the order
/// appears.
pub(crate) async fn park(
    kit: &Kit,
    delivery: &Claimed,
    waits_for: WaitsFor,
    next_at: DateTime<Utc>,
    reason: &str,
) -> Result<(), Error> {
    let row = deliveries::ActiveModel {
        status: Set(DeliveryStatus::Parked),
        reason: Set(Some(reason.to_owned())),
        next_at: Set(next_at),
        attempts: Set(i32::try_from(delivery.attempts + 1).unwrap_or(i32::MAX)),
        leased_until: Set(None),
        lease: Set(None),
        truv_order_id: Set(waits_for.order),
        truv_suborder_id: Set(waits_for.suborder),
        truv_link_id: Set(waits_for.link),
        ..Default::default()
    };
    let tx = kit.db.begin().await?;
    mine(delivery).set(row).exec(&tx).await?;
    tx.commit().await.map_err(Error::from)
}

/// Gives a delivery back that could not be looked at now.
pub(crate) async fn return_lease(kit: &Kit, delivery: &Claimed, next_at: DateTime<Utc>) -> Result<(), Error> {
    let row = deliveries::ActiveModel {
        next_at: Set(next_at),
        attempts: Set(i32::try_from(delivery.attempts + 1).unwrap_or(i32::MAX)),
        leased_until: Set(None),
        lease: Set(None),
        ..Default::default()
    };
    let tx = kit.db.begin().await?;
    mine(delivery).set(row).exec(&tx).await?;
    tx.commit().await.map_err(Error::from)
}

/// Puts back what a claim has taken and nobody has settled.
pub(crate) async fn put_back(kit: &Kit, Lease(lease): Lease) -> Result<(), Error> {
    let row = deliveries::ActiveModel { leased_until: Set(None), lease: Set(None), ..Default::default() };
    let tx = kit.db.begin().await?;
    deliveries::Entity::update_many().set(row).filter(Column::Lease.eq(lease)).exec(&tx).await?;
    kit.db.commit(tx).await
}

fn mine(delivery: &Claimed) -> sea_orm::UpdateMany<deliveries::Entity> {
    deliveries::Entity::update_many().filter(Column::Id.eq(delivery.id.0)).filter(Column::Lease.eq(delivery.lease))
}

/// Makes one parked delivery due now.
pub(crate) async fn wake(kit: &Kit, delivery: &Claimed) -> Result<(), Error> {
    make_due(kit, Condition::all().add(Column::Id.eq(delivery.id.0))).await
}

/// Makes the deliveries due that waited for this order or one of its employer entries. Their order must be committed: see
/// who parks them.
pub(crate) async fn wake_parked(
    kit: &Kit,
    agency: AgencyId,
    truv_order_id: &str,
    suborders: &[String],
) -> Result<(), Error> {
    let waits = Condition::any()
        .add(Column::TruvOrderId.eq(truv_order_id))
        .add(Column::TruvSuborderId.is_in(suborders.iter().map(String::as_str)));
    let parked = Column::Status.eq(DeliveryStatus::Parked);
    make_due(kit, Condition::all().add(Column::AgencyId.eq(agency.0)).add(parked).add(waits)).await
}

async fn make_due(kit: &Kit, which: Condition) -> Result<(), Error> {
    let tx = kit.db.begin().await?;
    let woken = deliveries::Entity::update_many()
        .col_expr(Column::NextAt, Expr::value(kit.clock.now()))
        .filter(which)
        .filter(Column::SettledAt.is_null())
        .exec(&tx)
        .await?;
    if woken.rows_affected == 0 {
        return Ok(());
    }
    kit.db.commit(tx).await
}

/// Which of these keys have come already.
pub(crate) async fn known(db: &Database, agency: AgencyId, keys: &[String]) -> Result<HashSet<String>, Error> {
    let query = deliveries::Entity::find()
        .select_only()
        .column(Column::DedupeKey)
        .filter(Column::AgencyId.eq(agency.0))
        .filter(Column::DedupeKey.is_in(keys.iter().map(String::as_str)));
    Ok(query.into_tuple::<String>().all(db.read()).await?.into_iter().collect())
}

/// Sets a delivery aside that could not be applied, whatever was tried: it keeps nobody else waiting, and an operator may
/// have it applied once more.
pub(crate) async fn quarantine(kit: &Kit, delivery: &Claimed, reason: &str) -> Result<(), Error> {
    let tx = kit.db.begin().await?;
    if settle_in_tx(&tx, delivery, DeliveryStatus::Dead, Some(reason), kit.clock.now()).await? {
        tx.commit().await.map_err(Error::from)?;
    }
    Ok(())
}

/// How many deliveries are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting to be applied, parked ones included.
    pub open: u64,
    /// Settled without an order or as unusable.
    pub troubled: u64,
}

/// Counts the deliveries of all agencies, for operators and for tests.
///
/// # Errors
/// When the database fails.
pub async fn counts(db: &Database) -> Result<Counts, Error> {
    let open = deliveries::Entity::find().filter(Column::SettledAt.is_null()).count(db.read()).await?;
    let troubled = deliveries::Entity::find()
        .filter(Column::Status.is_in([DeliveryStatus::Unmatched, DeliveryStatus::Dead]))
        .count(db.read())
        .await?;
    Ok(Counts { open, troubled })
}
