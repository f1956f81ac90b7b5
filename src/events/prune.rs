//! Forgets the oldest part of the log.

use chrono::TimeDelta;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Position;
use crate::kit::Kit;
use crate::storage::Error;
use crate::storage::entities::{events, installation};

/// Events removed by one transaction.
const BATCH: u64 = 2_000;

/// Removes events that are older than the retention, and writes down up to where: a cursor before that is answered with
/// `RESYNC`. Answers how many were removed.
///
/// # Errors
/// When the database fails.
pub(crate) async fn prune(kit: &Kit) -> Result<u64, Error> {
    let before = kit.clock.now() - TimeDelta::from_std(kit.work.event_retention).unwrap_or(TimeDelta::MAX);
    let mut removed = 0;
    loop {
        // From the start of the log on, so that what stays has no hole.
        let oldest: Vec<(i64, i64, chrono::DateTime<chrono::Utc>)> = events::Entity::find()
            .select_only()
            .columns([events::Column::Tx, events::Column::Id, events::Column::OccurredAt])
            .order_by_asc(events::Column::Tx)
            .order_by_asc(events::Column::Id)
            .limit(BATCH)
            .into_tuple()
            .all(kit.db.read())
            .await?;
        let old: Vec<_> = oldest.iter().take_while(|(_, _, at)| *at < before).collect();
        let Some((tx, id, _)) = old.last() else { return Ok(removed) };
        let upto = Position { tx: *tx, id: *id };
        removed += forget(kit, upto).await?;
        if old.len() < oldest.len() {
            return Ok(removed);
        }
    }
}

async fn forget(kit: &Kit, upto: Position) -> Result<u64, Error> {
    let row = installation::ActiveModel { pruned_tx: Set(upto.tx), pruned_id: Set(upto.id), ..Default::default() };
    let place = Expr::tuple([Expr::col(events::Column::Tx), Expr::col(events::Column::Id)]);
    let bound = Expr::tuple([Expr::value(upto.tx), Expr::value(upto.id)]);
    let tx = kit.db.begin().await?;
    installation::Entity::update_many().set(row).filter(installation::Column::Id.eq(1)).exec(&tx).await?;
    let done = events::Entity::delete_many().filter(place.lte(bound)).exec(&tx).await?;
    tx.commit().await?;
    Ok(done.rows_affected)
}
