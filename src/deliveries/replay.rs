//! Has settled deliveries applied once more, on an operator's word. Who, when, why and which is kept.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::caller::{Caller, Forbidden, Scope};
use crate::ids::{DeliveryId, JobId};
use crate::kit::Kit;
use crate::storage::entities::deliveries::{Column, Entity};
use crate::storage::entities::delivery_replays;
use crate::storage::{self, Tx};
use crate::words::DeliveryStatus;

/// Most deliveries of one request.
pub const MOST: usize = 1_000;

/// Which deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// These.
    Ids(Vec<DeliveryId>),
    /// The oldest ones in these states, up to [`MOST`].
    In(Vec<DeliveryStatus>),
}

/// Why nothing was replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The scope is missing.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is no reason, or it is too long.
    #[error("say why in 1 to 500 characters")]
    Reason,
    /// Nothing or too much is named.
    #[error("name 1 to {MOST} deliveries, or states")]
    Which,
    /// One of them is absent.
    #[error("there is no such delivery")]
    NotFound(DeliveryId),
    /// The database fails.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

impl From<sea_orm::DbErr> for ReplayError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Storage(error.into())
    }
}

/// Makes the deliveries due again as if they had just come; those that are still to be applied are left as they are.
/// Answers the ones that were made due, oldest first.
///
/// # Errors
/// [`ReplayError`]; nothing has then changed.
pub async fn replay(kit: &Kit, caller: &Caller, which: &Which, reason: &str) -> Result<Vec<DeliveryId>, ReplayError> {
    caller.require(Scope::Admin)?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 500 || reason.chars().any(char::is_control) {
        return Err(ReplayError::Reason);
    }
    let tx = kit.db.begin().await?;
    let ids = chosen_in_tx(&tx, caller, which).await?;
    if ids.is_empty() {
        return Ok(ids);
    }
    let now = kit.clock.now();
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(DeliveryStatus::Received.word()))
        .col_expr(Column::Reason, Expr::value(None::<String>))
        .col_expr(Column::Attempts, Expr::value(0))
        .col_expr(Column::NextAt, Expr::value(now))
        .col_expr(Column::SettledAt, Expr::value(None::<chrono::DateTime<chrono::Utc>>))
        .filter(Column::AgencyId.eq(caller.agency.0))
        .filter(Column::SettledAt.is_not_null())
        .filter(Column::Id.is_in(ids.iter().map(|id| id.0)))
        .exec(&tx)
        .await?;
    let id: JobId = kit.ids.next();
    let record = delivery_replays::ActiveModel {
        id: Set(id.0),
        agency_id: Set(caller.agency.0),
        requested_by: Set(caller.subject.clone()),
        reason: Set(reason.to_owned()),
        delivery_count: Set(i32::try_from(ids.len()).unwrap_or(i32::MAX)),
        delivery_ids: Set(ids.iter().map(ToString::to_string).collect::<Vec<_>>().into()),
        created_at: Set(now),
    };
    delivery_replays::Entity::insert(record).exec_without_returning(&tx).await?;
    kit.db.commit(tx).await?;
    tracing::info!(subject = caller.subject, count = ids.len(), "deliveries are applied once more");
    Ok(ids)
}

async fn chosen_in_tx(tx: &Tx, caller: &Caller, which: &Which) -> Result<Vec<DeliveryId>, ReplayError> {
    let query = Entity::find()
        .select_only()
        .columns([Column::Id, Column::SettledAt])
        .filter(Column::AgencyId.eq(caller.agency.0))
        .order_by_asc(Column::Id);
    let query = match which {
        Which::Ids(ids) if ids.is_empty() || ids.len() > MOST => return Err(ReplayError::Which),
        Which::Ids(ids) => query.filter(Column::Id.is_in(ids.iter().map(|id| id.0))),
        Which::In(status) if status.is_empty() => return Err(ReplayError::Which),
        Which::In(status) => query
            .filter(Column::Status.is_in(status.iter().copied()))
            .filter(Column::SettledAt.is_not_null())
            .limit(u64::try_from(MOST).unwrap_or(u64::MAX)),
    };
    let rows: Vec<(uuid::Uuid, Option<chrono::DateTime<chrono::Utc>>)> = query.into_tuple().all(tx).await?;
    if let Which::Ids(ids) = which
        && let Some(missing) = ids.iter().find(|id| rows.iter().all(|(row, _)| *row != id.0))
    {
        return Err(ReplayError::NotFound(*missing));
    }
    Ok(rows.into_iter().filter(|(_, settled_at)| settled_at.is_some()).map(|(id, _)| id.into()).collect())
}
