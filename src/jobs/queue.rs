//! The table of jobs: stored in a transaction, claimed by one statement, ended by the holder of the lease alone.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LockBehavior, LockType, OnConflict, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Claimed, NewJob, Priority};
use crate::ids::JobId;
use crate::kit::Kit;
use crate::storage::entities::jobs::{self, Column};
use crate::storage::{Error, Tx};
use crate::telemetry;

/// Stores a job, or makes the one that is there run (again, and not later than asked).
pub(crate) async fn enqueue_in_tx(kit: &Kit, tx: &Tx, job: NewJob) -> Result<(), Error> {
    let id: JobId = kit.ids.next();
    let row = jobs::ActiveModel {
        id: Set(id.0),
        agency_id: Set(job.agency.0),
        kind: Set(job.kind),
        subject_id: Set(job.subject),
        generation: Set(0),
        priority: Set(rank(job.priority)),
        run_at: Set(job.run_at),
        attempts: Set(0),
        is_dead: Set(false),
        leased_until: Set(None),
        lease: Set(None),
        last_error: Set(None),
        trace_parent: Set(telemetry::here()),
        created_at: Set(kit.clock.now()),
    };
    let old = |column: Column| Expr::col((jobs::Entity, column));
    let new = |column: Column| Expr::col(("excluded", column));
    let earlier = Expr::case(new(Column::RunAt).lt(old(Column::RunAt)), new(Column::RunAt)).finally(old(Column::RunAt));
    jobs::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([Column::Kind, Column::SubjectId])
                .value(Column::Generation, old(Column::Generation).add(1))
                .value(Column::RunAt, earlier)
                .value(Column::Attempts, 0)
                .value(Column::IsDead, false)
                .value(Column::TraceParent, Func::coalesce([new(Column::TraceParent), old(Column::TraceParent)]))
                .to_owned(),
        )
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Takes up to `most` jobs that are due and that nobody holds, up to `background` of them from the background.
pub(crate) async fn claim(kit: &Kit, most: usize, background: usize) -> Result<Vec<Claimed>, Error> {
    let now = kit.clock.now();
    let free = || Condition::any().add(Column::LeasedUntil.is_null()).add(Column::LeasedUntil.lt(now));
    let due = |query: sea_orm::Select<jobs::Entity>| {
        query.filter(Column::IsDead.eq(false)).filter(Column::RunAt.lte(now)).filter(free())
    };
    // A look first: most wake-ups find nothing, and a look takes no lock.
    let look = due(jobs::Entity::find())
        .select_only()
        .column(Column::Priority)
        .order_by_asc(Column::Priority)
        .order_by_asc(Column::RunAt)
        .limit(u64::try_from(most).unwrap_or(u64::MAX));
    let found: Vec<i32> = look.into_tuple().all(kit.db.read()).await?;
    let interactive = found.iter().filter(|priority| **priority == rank(Priority::Interactive)).count();
    let limit = found.len().min(interactive + background);
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut select = Query::select();
    select
        .column(Column::Id)
        .from(jobs::Entity)
        .and_where(Column::IsDead.eq(false))
        .and_where(Column::RunAt.lte(now))
        .cond_where(free())
        .order_by(Column::Priority, sea_orm::Order::Asc)
        .order_by(Column::RunAt, sea_orm::Order::Asc)
        .limit(u64::try_from(limit).unwrap_or(u64::MAX));
    if kit.db.backend() == sea_orm::DbBackend::Postgres {
        // Other replicas pass over what this one is about to take. SQLite has one writer and nobody to pass.
        select.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let lease: JobId = kit.ids.next();
    let until = now + TimeDelta::from_std(kit.work.lease).unwrap_or_default();
    let tx = kit.db.begin().await?;
    let rows = jobs::Entity::update_many()
        .col_expr(Column::LeasedUntil, Expr::value(until))
        .col_expr(Column::Lease, Expr::value(lease.0))
        .filter(Column::Id.in_subquery(select))
        .exec_with_returning(&tx)
        .await?;
    // Not `Database::commit`: taking a job is no news for anybody.
    tx.commit().await.map_err(Error::from)?;
    let mut claimed: Vec<_> = rows.iter().map(|row| (row.priority, row.run_at, Claimed::of(row, lease.0))).collect();
    claimed.sort_by_key(|(priority, run_at, _)| (*priority, *run_at));
    Ok(claimed.into_iter().map(|(_, _, claimed)| claimed).collect())
}

fn rank(priority: Priority) -> i32 {
    match priority {
        Priority::Interactive => 0,
        Priority::Background => 1,
    }
}

impl Claimed {
    fn of(row: &jobs::Model, lease: uuid::Uuid) -> Self {
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            kind: row.kind,
            subject: row.subject_id,
            attempts: u32::try_from(row.attempts).unwrap_or_default(),
            priority: if row.priority == rank(Priority::Interactive) {
                Priority::Interactive
            } else {
                Priority::Background
            },
            generation: row.generation,
            trace_parent: row.trace_parent.clone(),
            lease,
        }
    }
}

/// Ends a job that succeeded. If it was asked for again meanwhile, it stays and runs once more.
pub(crate) async fn finish(kit: &Kit, job: &Claimed) -> Result<(), Error> {
    let tx = kit.db.begin().await?;
    let done = jobs::Entity::delete_many()
        .filter(Column::Id.eq(job.id.0))
        .filter(Column::Lease.eq(job.lease))
        .filter(Column::Generation.eq(job.generation))
        .exec(&tx)
        .await?;
    if done.rows_affected == 0 {
        release(job).col_expr(Column::RunAt, Expr::value(kit.clock.now())).exec(&tx).await?;
        return kit.db.commit(tx).await;
    }
    tx.commit().await.map_err(Error::from)
}

/// Whether a job that is put back has made an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    /// It has, in vain.
    AsAttempt,
    /// It could not.
    AsNone,
}

/// Puts a job back: it did not succeed, and is due again at `run_at`. The reason is for operators.
pub(crate) async fn postpone(
    kit: &Kit,
    job: &Claimed,
    run_at: DateTime<Utc>,
    counts: Counts,
    reason: &str,
) -> Result<(), Error> {
    let tx = kit.db.begin().await?;
    release(job)
        .col_expr(Column::RunAt, Expr::value(run_at))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(i32::from(counts == Counts::AsAttempt)))
        .col_expr(Column::LastError, Expr::value(reason))
        .exec(&tx)
        .await?;
    tx.commit().await.map_err(Error::from)
}

/// Sets a job aside that will not succeed by itself; it stays visible with the reason.
pub(crate) async fn bury(kit: &Kit, job: &Claimed, reason: &str) -> Result<(), Error> {
    let tx = kit.db.begin().await?;
    release(job)
        .col_expr(Column::IsDead, Expr::value(true))
        .col_expr(Column::LastError, Expr::value(reason))
        .exec(&tx)
        .await?;
    tx.commit().await.map_err(Error::from)
}

/// Puts a job back as it was taken: whoever looks next may have it.
pub(crate) async fn put_back(kit: &Kit, job: &Claimed) -> Result<(), Error> {
    let tx = kit.db.begin().await?;
    release(job).exec(&tx).await?;
    kit.db.commit(tx).await
}

fn release(job: &Claimed) -> sea_orm::UpdateMany<jobs::Entity> {
    jobs::Entity::update_many()
        .col_expr(Column::LeasedUntil, Expr::value(None::<DateTime<Utc>>))
        .col_expr(Column::Lease, Expr::value(None::<uuid::Uuid>))
        .filter(Column::Id.eq(job.id.0))
        .filter(Column::Lease.eq(job.lease))
}
