//! Rows of gates. Every change is one statement of its own, never part of a transaction: a call to Truv follows.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, UpdateMany};

use super::rules::{Pace, Urgency};
use crate::ids::AgencyId;
use crate::storage::entities::gates::{self, Column, Entity, Model};
use crate::storage::{Database, Error};
use crate::words::{BreakerReason, BreakerState};

/// Makes the row of a key, where it is missing.
pub(super) async fn found(db: &Database, key: &str, agency: AgencyId, now: DateTime<Utc>) -> Result<(), Error> {
    let row = gates::ActiveModel {
        fingerprint: Set(key.to_owned()),
        agency_id: Set(agency.0),
        paced_to: Set(0),
        bulk_paced_to: Set(0),
        held_until: Set(0),
        throttles: Set(0),
        state: Set(BreakerState::Closed),
        reason: Set(None),
        failures: Set(0),
        openings: Set(0),
        retry_at: Set(0),
        changed_at: Set(now),
    };
    let once = OnConflict::column(Column::Fingerprint).do_nothing().to_owned();
    Entity::insert(row).on_conflict(once).exec_without_returning(db.write()).await?;
    Ok(())
}

/// The row of a key.
pub(super) async fn load<C: ConnectionTrait>(db: &C, key: &str) -> Result<Model, Error> {
    let row = Entity::find_by_id(key).one(db).await?;
    row.ok_or_else(|| Error::Corrupt("the gate of an access key is missing".to_owned()))
}

fn update(key: &str) -> UpdateMany<Entity> {
    Entity::update_many().filter(Column::Fingerprint.eq(key))
}

/// Takes a turn of the budget, if one is to be had now or within `patience` microseconds. The row that is answered has the
/// turn counted in.
pub(super) async fn take(
    db: &Database,
    key: &str,
    pace: Pace,
    urgency: Urgency,
    now: i64,
    patience: i64,
) -> Result<Option<Model>, Error> {
    let later = |column: Column| Expr::case(Expr::col(column).gt(now), Expr::col(column)).finally(now);
    let mut turn = update(key)
        .col_expr(Column::PacedTo, Expr::expr(later(Column::PacedTo)).add(pace.step))
        .filter(Column::State.eq(BreakerState::Closed))
        .filter(Column::HeldUntil.lte(now));
    turn = match urgency {
        Urgency::Interactive => turn.filter(Column::PacedTo.lte(now + pace.ahead + patience)),
        // No turn in advance: interactive calls would stand in line behind it.
        Urgency::Bulk => turn
            .col_expr(Column::BulkPacedTo, Expr::expr(later(Column::BulkPacedTo)).add(pace.bulk_step))
            .filter(Column::PacedTo.lte(now + pace.bulk_ahead))
            .filter(Column::BulkPacedTo.lte(now + pace.bulk_ahead)),
    };
    Ok(turn.exec_with_returning(db.write()).await?.pop())
}

/// Lets one caller try whether Truv is back; `false` when somebody else was first. `until` is when the try is given up.
pub(super) async fn probe(db: &Database, row: &Model, until: i64, now: DateTime<Utc>) -> Result<bool, Error> {
    let done = update(&row.fingerprint)
        .col_expr(Column::State, Expr::value(BreakerState::HalfOpen))
        .col_expr(Column::RetryAt, Expr::value(until))
        .col_expr(Column::ChangedAt, Expr::value(now))
        .filter(Column::State.eq(row.state))
        .filter(Column::RetryAt.eq(row.retry_at))
        .exec(db.write())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Truv answered. A call that was under way while the breaker opened does not close it: only a probe does. Answers whether
/// anything changed.
pub(super) async fn recovered(db: &Database, key: &str, is_probe: bool, now: DateTime<Utc>) -> Result<bool, Error> {
    let mut change = update(key).col_expr(Column::Failures, Expr::value(0)).col_expr(Column::Throttles, Expr::value(0));
    change = if is_probe {
        change
            .col_expr(Column::Openings, Expr::value(0))
            .col_expr(Column::State, Expr::value(BreakerState::Closed))
            .col_expr(Column::Reason, Expr::value(None::<String>))
            .col_expr(Column::ChangedAt, Expr::value(now))
            .filter(Column::State.ne(BreakerState::Closed))
    } else {
        change.filter(Column::State.eq(BreakerState::Closed))
    };
    Ok(change.exec(db.write()).await?.rows_affected == 1)
}

/// Truv asked to wait: nobody calls until then.
pub(super) async fn hold(db: &Database, key: &str, until: i64) -> Result<(), Error> {
    let longer = Expr::case(Expr::col(Column::HeldUntil).gt(until), Expr::col(Column::HeldUntil)).finally(until);
    update(key)
        .col_expr(Column::HeldUntil, longer.into())
        .col_expr(Column::Throttles, Expr::col(Column::Throttles).add(1))
        .exec(db.write())
        .await?;
    Ok(())
}

/// Counts a failure and answers how many there were in a row.
pub(super) async fn failed(db: &Database, key: &str) -> Result<i32, Error> {
    let change = update(key).col_expr(Column::Failures, Expr::col(Column::Failures).add(1));
    let rows = change.exec_with_returning(db.write()).await?;
    Ok(rows.first().map_or(0, |row| row.failures))
}

/// Opens the breaker. Answers the row when it was this call that opened it; `None` when it was open already for this
/// reason.
pub(super) async fn open(
    db: &Database,
    key: &str,
    reason: BreakerReason,
    is_probe: bool,
    retry_at: i64,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let mut opens = Condition::any().add(Column::State.eq(BreakerState::Closed));
    if is_probe {
        opens = opens.add(Column::State.eq(BreakerState::HalfOpen));
    }
    if reason == BreakerReason::Unauthorized {
        // A refused key weighs more than failures: no time cures it.
        opens = opens.add(Column::Reason.ne(reason));
    }
    let done = update(key)
        .col_expr(Column::State, Expr::value(BreakerState::Open))
        .col_expr(Column::Reason, Expr::value(reason))
        .col_expr(Column::RetryAt, Expr::value(retry_at))
        .col_expr(Column::Openings, Expr::col(Column::Openings).add(1))
        .col_expr(Column::ChangedAt, Expr::value(now))
        .filter(opens)
        .exec(db.write())
        .await?;
    Ok(done.rows_affected == 1)
}
