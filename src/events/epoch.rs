//! Another life of the database: after a backup was restored, or the rows moved to another server.
//!
//! A restored database has forgotten events that clients have seen, and will give their positions to others. Cursors of
//! before must therefore be refused, and they are when the epoch in their code is another one. A dump that is loaded into
//! another server brings numbers of transactions that this server has not reached yet: the log would stand still until it
//! has, and new events would stand before old ones. In a new epoch the old events are therefore ordered by their ids
//! alone, which is the order of each case's versions.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Statement};

use super::Position;
use crate::storage::entities::{events, installation};
use crate::storage::{Database, Error};

/// Begins a new epoch and answers its number. To be called while no gateway runs: one that runs goes on with the old one
/// until it is started again.
///
/// # Errors
/// When the database fails; nothing has then changed.
pub async fn renew(db: &Database) -> Result<i64, Error> {
    // Drawn, not counted on: a backup that is restored twice must not come to the same number twice.
    let epoch = i64::from(rand::random::<u32>() >> 1);
    let tx = db.begin().await?;
    installation::Entity::update_many()
        .col_expr(installation::Column::Epoch, Expr::value(epoch))
        .col_expr(installation::Column::PrunedTx, Expr::value(Position::START.tx))
        .col_expr(installation::Column::PrunedId, Expr::value(Position::START.id))
        .exec(&tx)
        .await?;
    events::Entity::update_many()
        .col_expr(events::Column::Tx, Expr::value(0_i64))
        .filter(events::Column::Tx.ne(0_i64))
        .exec(&tx)
        .await?;
    db.commit(tx).await?;
    Ok(epoch)
}

/// Whether the log holds events of transactions that this server has not begun yet, so that it stands still.
///
/// # Errors
/// When the database fails.
pub async fn is_foreign(db: &Database) -> Result<bool, Error> {
    const AHEAD: &str =
        "SELECT EXISTS (SELECT FROM events WHERE tx >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)";
    if db.backend() != DbBackend::Postgres {
        return Ok(false);
    }
    let row = db.read().query_one_raw(Statement::from_string(DbBackend::Postgres, AHEAD)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false))
}
