//! What is known about the way an agency's webhooks come: the endpoint at Truv, and how far Truv's history has been read.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ids::AgencyId;
use crate::kit::Kit;
use crate::storage::entities::deliveries;
use crate::storage::entities::webhook_watch::{ActiveModel, Column, Entity, Model};
use crate::storage::{Database, Error, Tx};

/// The event type of what a check of ours sends to our own door (`webhooks::Trial`): kept, and no sign that Truv's own
/// webhooks come.
pub const CHECK_EVENT: &str = "recert-check";

/// What is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Everything that Truv sent up to here has been looked through.
    pub history_read_to: DateTime<Utc>,
    /// A pass under way: where it goes on, and up to when it will then have read.
    pub under_way: Option<(String, DateTime<Utc>)>,
    /// When the history was last read; `None` before the first time.
    pub history_read_at: Option<DateTime<Utc>>,
    /// When we last learned by asking what a webhook should have told; `None` when that has not happened.
    pub missed_at: Option<DateTime<Utc>>,
    /// Whether the endpoint is switched on; `None` while that is not known.
    pub is_enabled: Option<bool>,
    /// When Truv was last asked about the endpoint.
    pub checked_at: Option<DateTime<Utc>>,
    /// When the endpoint was last found switched off and switched on again.
    pub switched_on_at: Option<DateTime<Utc>>,
}

impl From<Model> for Watch {
    fn from(row: Model) -> Self {
        Self {
            history_read_to: row.history_read_to,
            under_way: row.history_cursor.zip(row.history_until),
            history_read_at: row.history_read_at,
            missed_at: row.missed_at,
            is_enabled: row.is_enabled,
            checked_at: row.checked_at,
            switched_on_at: row.switched_on_at,
        }
    }
}

fn of(agency: AgencyId) -> sea_orm::UpdateMany<Entity> {
    Entity::update_many().filter(Column::AgencyId.eq(agency.0))
}

/// What is known about the agency; `None` before its first look.
///
/// # Errors
/// When the database fails.
pub async fn find_watch(db: &Database, agency: AgencyId) -> Result<Option<Watch>, Error> {
    Ok(Entity::find_by_id(agency.0).one(db.read()).await?.map(Watch::from))
}

/// What is known about the agency. It begins with the newest delivery that came, or now: what was sent before an agency
/// was known here concerns nothing that is here.
pub(crate) async fn watch(kit: &Kit, agency: AgencyId) -> Result<Watch, Error> {
    if let Some(watch) = find_watch(&kit.db, agency).await? {
        return Ok(watch);
    }
    let begin = last_received(&kit.db, agency, None).await?.unwrap_or_else(|| kit.clock.now());
    let row = ActiveModel { agency_id: Set(agency.0), history_read_to: Set(begin), ..Default::default() };
    let tx = kit.db.begin().await?;
    Entity::insert(row)
        .on_conflict(OnConflict::column(Column::AgencyId).do_nothing().to_owned())
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await.map_err(Error::from)?;
    let watch = find_watch(&kit.db, agency).await?;
    watch.ok_or_else(|| Error::Corrupt(format!("the watch of agency {agency} is missing after it was stored")))
}

/// Takes the turn to look, for one replica at a time: `false` when somebody has looked within `distance`.
pub(crate) async fn take_turn(kit: &Kit, agency: AgencyId, distance: TimeDelta) -> Result<bool, Error> {
    let now = kit.clock.now();
    let is_due = Condition::any().add(Column::HistoryReadAt.is_null()).add(Column::HistoryReadAt.lte(now - distance));
    let tx = kit.db.begin().await?;
    let taken = of(agency).col_expr(Column::HistoryReadAt, Expr::value(now)).filter(is_due).exec(&tx).await?;
    tx.commit().await.map_err(Error::from)?;
    Ok(taken.rows_affected == 1)
}

/// Gives the turn back after a look that failed.
pub(crate) async fn return_turn(kit: &Kit, agency: AgencyId, before: &Watch) -> Result<(), Error> {
    let tx = kit.db.begin().await?;
    of(agency).col_expr(Column::HistoryReadAt, Expr::value(before.history_read_at)).exec(&tx).await?;
    tx.commit().await.map_err(Error::from)
}

/// Writes down how far a pass through the history has come: to its end, or to a cursor where it goes on.
pub(crate) async fn save_pass(
    kit: &Kit,
    agency: AgencyId,
    until: DateTime<Utc>,
    cursor: Option<String>,
) -> Result<(), Error> {
    let mut update = of(agency).col_expr(Column::HistoryCursor, Expr::value(cursor.clone()));
    update = match cursor {
        Some(_) => update.col_expr(Column::HistoryUntil, Expr::value(until)),
        None => update
            .col_expr(Column::HistoryUntil, Expr::value(None::<DateTime<Utc>>))
            .col_expr(Column::HistoryReadTo, Expr::value(until)),
    };
    let tx = kit.db.begin().await?;
    update.exec(&tx).await?;
    tx.commit().await.map_err(Error::from)
}

/// Writes down what Truv says about the endpoint.
pub(crate) async fn save_endpoint(
    kit: &Kit,
    agency: AgencyId,
    is_enabled: Option<bool>,
    was_switched_on: bool,
) -> Result<(), Error> {
    let now = kit.clock.now();
    let mut update =
        of(agency).col_expr(Column::IsEnabled, Expr::value(is_enabled)).col_expr(Column::CheckedAt, Expr::value(now));
    if was_switched_on {
        update = update.col_expr(Column::SwitchedOnAt, Expr::value(now));
    }
    let tx = kit.db.begin().await?;
    update.exec(&tx).await?;
    tx.commit().await.map_err(Error::from)
}

/// Writes down that we learned by asking what a webhook should have told.
pub(crate) async fn note_missed_in_tx(tx: &Tx, agency: AgencyId, at: DateTime<Utc>) -> Result<(), Error> {
    of(agency).col_expr(Column::MissedAt, Expr::value(at)).exec(tx).await?;
    Ok(())
}

/// When the agency's newest delivery came; `None` when none has. What a check of ours has sent does not count. `by_history` asks for those alone that were (or were
/// not) found in Truv's history.
pub(crate) async fn last_received(
    db: &Database,
    agency: AgencyId,
    by_history: Option<bool>,
) -> Result<Option<DateTime<Utc>>, Error> {
    let mut query = deliveries::Entity::find()
        .select_only()
        .column(deliveries::Column::ReceivedAt)
        .filter(deliveries::Column::AgencyId.eq(agency.0))
        .filter(
            Condition::any()
                .add(deliveries::Column::EventType.is_null())
                .add(deliveries::Column::EventType.ne(CHECK_EVENT)),
        )
        .order_by_desc(deliveries::Column::Id)
        .limit(1);
    if let Some(by_history) = by_history {
        query = query.filter(deliveries::Column::IsFromHistory.eq(by_history));
    }
    Ok(query.into_tuple().one(db.read()).await?)
}
