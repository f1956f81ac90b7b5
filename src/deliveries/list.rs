//! The deliveries of an agency in pages, for operators: newest last, never with a body.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::ids::{AgencyId, DeliveryId, OrderId};
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
    /// Whether it was found in Truv's history instead of having come as a webhook.
    pub is_from_history: bool,
}

/// The columns of [`Delivery`]; the body stays in the database.
type Row =
    (uuid::Uuid, Option<String>, DeliveryStatus, Option<String>, i32, DateTime<Utc>, Option<DateTime<Utc>>, bool);

const COLUMNS: [Column; 8] = [
    Column::Id,
    Column::EventType,
    Column::Status,
    Column::Reason,
    Column::Attempts,
    Column::ReceivedAt,
    Column::SettledAt,
    Column::IsFromHistory,
];

impl Delivery {
    fn of((id, event_type, status, reason, attempts, received_at, settled_at, is_from_history): Row) -> Self {
        let attempts = u32::try_from(attempts).unwrap_or_default();
        Self { id: id.into(), event_type, status, reason, attempts, received_at, settled_at, is_from_history }
    }
}

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
    let rows: Vec<Row> = query
        .select_only()
        .columns(COLUMNS)
        .order_by(Column::Id, direction(window))
        .limit(window.limit + 1)
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(Page::of(rows.into_iter().map(Delivery::of).collect(), window))
}

/// The deliveries of the agency among `ids`, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn load(db: &Database, agency: AgencyId, ids: &[DeliveryId]) -> Result<Vec<Delivery>, Error> {
    let query = filtered(agency, &[]).filter(Column::Id.is_in(ids.iter().map(|id| id.0)));
    let rows: Vec<Row> =
        query.select_only().columns(COLUMNS).order_by_asc(Column::Id).into_tuple().all(db.read()).await?;
    Ok(rows.into_iter().map(Delivery::of).collect())
}

/// A delivery as evidence: what came when, for which order.
#[derive(Clone, Debug, PartialEq, Eq, sea_orm::FromQueryResult)]
pub struct Used {
    /// Our id.
    pub id: uuid::Uuid,
    /// The order that it was applied to.
    pub order_id: uuid::Uuid,
    /// What "once" means: Truv's id of the request, or the hash of the body.
    pub dedupe_key: String,
    /// Truv's name for the event.
    pub event_type: Option<String>,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// When it was applied.
    pub settled_at: Option<DateTime<Utc>>,
    /// SHA-256 of the body, in hex.
    pub body_sha256: Option<String>,
    /// Whether it was found in Truv's history instead of having come as a webhook.
    pub is_from_history: bool,
}

/// The deliveries that were applied to these orders, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn used(db: &Database, agency: AgencyId, orders: &[OrderId]) -> Result<Vec<Used>, Error> {
    let query = filtered(agency, &[DeliveryStatus::Applied])
        .filter(Column::OrderId.is_in(orders.iter().map(|id| id.0)))
        .select_only()
        .columns([Column::Id, Column::OrderId, Column::DedupeKey, Column::EventType, Column::ReceivedAt])
        .columns([Column::SettledAt, Column::BodySha256, Column::IsFromHistory])
        .order_by_asc(Column::ReceivedAt)
        .order_by_asc(Column::Id);
    Ok(query.into_model().all(db.read()).await?)
}

/// How many deliveries are in each of the states that want somebody's attention: still open, unmatched, or unusable.
///
/// # Errors
/// When the database fails.
pub async fn tally(db: &Database, agency: AgencyId) -> Result<Vec<(DeliveryStatus, u64)>, Error> {
    use DeliveryStatus::{Dead, Parked, Received, Unmatched};
    let rows: Vec<(DeliveryStatus, i64)> = filtered(agency, &[Received, Parked, Unmatched, Dead])
        .select_only()
        .column(Column::Status)
        .column_as(Column::Id.count(), "amount")
        .group_by(Column::Status)
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(rows.into_iter().map(|(status, count)| (status, u64::try_from(count).unwrap_or(0))).collect())
}

/// How many deliveries are in these states; no state means any.
///
/// # Errors
/// When the database fails.
pub async fn count(db: &Database, agency: AgencyId, status: &[DeliveryStatus]) -> Result<u64, Error> {
    Ok(filtered(agency, status).count(db.read()).await?)
}
