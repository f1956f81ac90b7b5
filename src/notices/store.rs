//! The table of notices: stored in a transaction, claimed by one statement, settled by the holder of the lease alone.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, LockBehavior, LockType, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, DbBackend, EntityTrait, QueryFilter, QuerySelect};

use super::About;
use crate::ids::{AgencyId, NoticeId};
use crate::kit::Kit;
use crate::storage::entities::notices::{ActiveModel, Column, Entity};
use crate::storage::{Error, Tx};
use crate::words::{NoticeKind, NoticeStatus};

/// A notice in hand.
#[derive(Clone)]
pub(crate) struct Claimed {
    pub(super) id: NoticeId,
    pub(super) agency: AgencyId,
    pub(super) body: String,
    pub(super) attempts: u32,
    lease: uuid::Uuid,
}

pub(super) async fn insert_in_tx(
    tx: &Tx,
    id: NoticeId,
    about: About<'_>,
    kind: NoticeKind,
    body: String,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = ActiveModel {
        id: Set(id.0),
        agency_id: Set(about.agency.0),
        case_id: Set(about.case.0),
        kind: Set(kind),
        body: Set(body),
        status: Set(NoticeStatus::Pending),
        attempts: Set(0),
        next_at: Set(now),
        created_at: Set(now),
        ..Default::default()
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Takes up to `limit` notices that are due, of agencies that have an endpoint.
pub(crate) async fn claim(kit: &Kit, limit: u64) -> Result<Vec<Claimed>, Error> {
    let now = kit.clock.now();
    let with_endpoint: Vec<uuid::Uuid> =
        kit.accounts.iter().filter(|(_, account)| account.notices.is_some()).map(|(id, _)| id.0).collect();
    if with_endpoint.is_empty() {
        return Ok(Vec::new());
    }
    let due = Condition::all()
        .add(Column::Status.eq(NoticeStatus::Pending))
        .add(Column::NextAt.lte(now))
        .add(Column::AgencyId.is_in(with_endpoint))
        .add(Condition::any().add(Column::LeasedUntil.is_null()).add(Column::LeasedUntil.lt(now)));
    // A look first: most wake-ups find nothing, and a look takes no lock.
    let look = Entity::find().select_only().column(Column::Id).filter(due.clone()).limit(1);
    if look.into_tuple::<uuid::Uuid>().one(kit.db.read()).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut select = Query::select();
    select
        .column(Column::Id)
        .from(Entity)
        .cond_where(due)
        .order_by(Column::NextAt, sea_orm::Order::Asc)
        .order_by(Column::Id, sea_orm::Order::Asc)
        .limit(limit);
    if kit.db.backend() == DbBackend::Postgres {
        select.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let lease: NoticeId = kit.ids.next();
    let until = now + TimeDelta::from_std(kit.work.lease).unwrap_or_default();
    let tx = kit.db.begin().await?;
    let mut rows = Entity::update_many()
        .col_expr(Column::LeasedUntil, Expr::value(until))
        .col_expr(Column::Lease, Expr::value(lease.0))
        .filter(Column::Id.in_subquery(select))
        .exec_with_returning(&tx)
        .await?;
    // Not `Database::commit`: taking a notice is no news for anybody.
    tx.commit().await.map_err(Error::from)?;
    rows.sort_by_key(|row| row.id);
    let claimed = rows.into_iter().map(|row| Claimed {
        id: row.id.into(),
        agency: row.agency_id.into(),
        body: row.body,
        attempts: u32::try_from(row.attempts).unwrap_or_default(),
        lease: lease.0,
    });
    Ok(claimed.collect())
}

async fn write(kit: &Kit, notice: &Claimed, row: ActiveModel) -> Result<(), Error> {
    let row = ActiveModel { leased_until: Set(None), lease: Set(None), ..row };
    let tx = kit.db.begin().await?;
    Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(notice.id.0))
        .filter(Column::Lease.eq(notice.lease))
        .exec(&tx)
        .await?;
    tx.commit().await.map_err(Error::from)
}

pub(super) async fn delivered(kit: &Kit, notice: &Claimed) -> Result<(), Error> {
    let row = ActiveModel {
        status: Set(NoticeStatus::Delivered),
        settled_at: Set(Some(kit.clock.now())),
        last_error: Set(None),
        ..Default::default()
    };
    write(kit, notice, row).await
}

/// Writes down an attempt in vain; without a time to wait it is given up.
pub(super) async fn failed(kit: &Kit, notice: &Claimed, wait: Option<Duration>, why: &str) -> Result<(), Error> {
    let now = kit.clock.now();
    let row = ActiveModel {
        attempts: Set(i32::try_from(notice.attempts + 1).unwrap_or(i32::MAX)),
        last_error: Set(Some(why.to_owned())),
        ..Default::default()
    };
    let row = match wait {
        Some(wait) => ActiveModel { next_at: Set(now + TimeDelta::from_std(wait).unwrap_or_default()), ..row },
        None => ActiveModel { status: Set(NoticeStatus::GivenUp), settled_at: Set(Some(now)), ..row },
    };
    write(kit, notice, row).await
}

/// Gives a notice back untried.
pub(super) async fn put_back(kit: &Kit, notice: &Claimed) -> Result<(), Error> {
    write(kit, notice, ActiveModel::default()).await
}

/// Removes notices that are older than the log reaches back, whatever became of them. Answers how many.
pub(crate) async fn forget(kit: &Kit) -> Result<u64, Error> {
    let before = kit.clock.now() - TimeDelta::from_std(kit.work.event_retention).unwrap_or(TimeDelta::MAX);
    let old = Entity::delete_many().filter(Column::CreatedAt.lt(before));
    Ok(old.exec(kit.db.write()).await?.rows_affected)
}
