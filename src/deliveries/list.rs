//! The deliveries of an agency in pages, for operators: newest last, never with a body.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::ids::{AgencyId, DeliveryId};
use crate::page::{Page, Window};
use crate::storage::entities::deliveries::{Column, Entity};
use crate::storage::ranked::direction;
use crate::storage::{Database, Error};
use crate::words::DeliveryStatus;

/// A delivery as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Our id.
    pub id: DeliveryId,
    /// Truv's name for the event; `None` when the body has none.
    pub event_type: Option<String>,
    /// What became of it.
    pub status: DeliveryStatus,
    /// Why, where that needs saying.
    pub reason: Option<String>,
    /// How often it was looked at without an end.
    pub attempts: u32,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// When nothing more was to be done with it; `None` while something is.
    pub settled_at: Option<DateTime<Utc>>,
}

/// The columns of [`Delivery`]; the body stays in the database.
type Row = (uuid::Uuid, Option<String>, DeliveryStatus, Option<String>, i32, DateTime<Utc>, Option<DateTime<Utc>>);

fn filtered(agency: AgencyId, status: &[DeliveryStatus]) -> Select<Entity> {
    let query = Entity::find().filter(Column::AgencyId.eq(agency.0));
    if status.is_empty() { query } else { query.filter(Column::Status.is_in(status.iter().copied())) }
}

/// A page of the deliveries in these states; no state means any.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Database,
    agency: AgencyId,
    status: &[DeliveryStatus],
    window: &Window<DeliveryId>,
) -> Result<Page<Delivery>, Error> {
    let mut query = filtered(agency, status);
    if let Some(after) = window.after {
        query = query.filter(Column::Id.gt(after.0));
    }
    if let Some(before) = window.before {
        query = query.filter(Column::Id.lt(before.0));
    }
    let columns = [
        Column::Id,
        Column::EventType,
        Column::Status,
        Column::Reason,
        Column::Attempts,
        Column::ReceivedAt,
        Column::SettledAt,
    ];
    let rows: Vec<Row> = query
        .select_only()
        .columns(columns)
        .order_by(Column::Id, direction(window))
        .limit(window.limit + 1)
        .into_tuple()
        .all(db.read())
        .await?;
    let deliveries = rows.into_iter().map(|(id, event_type, status, reason, attempts, received_at, settled_at)| {
        let attempts = u32::try_from(attempts).unwrap_or_default();
        Delivery { id: id.into(), event_type, status, reason, attempts, received_at, settled_at }
    });
    Ok(Page::of(deliveries.collect(), window))
}

/// How many deliveries are in these states; no state means any.
///
/// # Errors
/// When the database fails.
pub async fn count(db: &Database, agency: AgencyId, status: &[DeliveryStatus]) -> Result<u64, Error> {
    Ok(filtered(agency, status).count(db.read()).await?)
}
