//! The notices of an agency in pages, and sending them once more.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Notice;
use crate::ids::{AgencyId, NoticeId};
use crate::kit::Kit;
use crate::page::{Page, Window};
use crate::storage::entities::notices::{Column, Entity, Model};
use crate::storage::ranked::direction;
use crate::storage::{Database, Error};
use crate::words::NoticeStatus;

/// Which notices to send once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// These.
    Ids(Vec<NoticeId>),
    /// All in these states.
    InState(Vec<NoticeStatus>),
}

/// A page of the notices in these states, oldest first; no state means any.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Database,
    agency: AgencyId,
    status: &[NoticeStatus],
    window: &Window<NoticeId>,
) -> Result<Page<Notice>, Error> {
    let mut query = Entity::find().filter(Column::AgencyId.eq(agency.0));
    if !status.is_empty() {
        query = query.filter(Column::Status.is_in(status.iter().copied()));
    }
    if let Some(after) = window.after {
        query = query.filter(Column::Id.gt(after.0));
    }
    if let Some(before) = window.before {
        query = query.filter(Column::Id.lt(before.0));
    }
    let rows = query.order_by(Column::Id, direction(window)).limit(window.limit + 1).all(db.read()).await?;
    Ok(Page::of(rows.into_iter().map(Notice::from).collect(), window))
}

/// Has notices sent once more, as if they had just been stored: same id, same body. Answers how many.
///
/// # Errors
/// When the database fails.
pub async fn replay(kit: &Kit, agency: AgencyId, which: &Which) -> Result<u64, Error> {
    let mut update = Entity::update_many()
        .col_expr(Column::Status, Expr::value(NoticeStatus::Pending))
        .col_expr(Column::Attempts, Expr::value(0))
        .col_expr(Column::NextAt, Expr::value(kit.clock.now()))
        .col_expr(Column::SettledAt, Expr::value(None::<chrono::DateTime<chrono::Utc>>))
        .filter(Column::AgencyId.eq(agency.0));
    update = match which {
        Which::Ids(ids) => update.filter(Column::Id.is_in(ids.iter().map(|id| id.0))),
        Which::InState(states) => update.filter(Column::Status.is_in(states.iter().copied())),
    };
    let tx = kit.db.begin().await?;
    let done = update.exec(&tx).await?;
    kit.db.commit(tx).await?;
    Ok(done.rows_affected)
}

impl From<Model> for Notice {
    fn from(row: Model) -> Self {
        Self {
            id: row.id.into(),
            case: row.case_id.into(),
            kind: row.kind,
            status: row.status,
            attempts: u32::try_from(row.attempts).unwrap_or_default(),
            next_at: row.next_at,
            settled_at: row.settled_at,
            last_error: row.last_error,
            created_at: row.created_at,
        }
    }
}
