//! Asks Truv about orders without news: webhooks get lost, and an end that nobody told must still be noticed.

use std::time::Duration;

use chrono::TimeDelta;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::advance::{Advanced, advance_in_tx};
use super::news::{News, Said};
use super::send::again;
use super::store;
use crate::ids::{AgencyId, OrderId};
use crate::jobs::{self, NewJob, Priority, Ran};
use crate::kit::Kit;
use crate::storage::Error;
use crate::storage::entities::orders::{self, Column};
use crate::words::{JobKind, OrderStatus};

/// Distance between two looks at an order that waits for the client, or that is stalled.
const SLOW: Duration = Duration::from_hours(1);
/// Orders asked about by one sweep.
const BATCH: u64 = 200;

/// Looks at the order and joins what it shows. An order that has not moved for too long is stalled.
pub(crate) async fn poll(kit: &Kit, agency: AgencyId, id: OrderId) -> Result<Ran, Error> {
    let Some(order) = store::find(kit.db.read(), agency, id).await? else { return Ok(Ran::Finished) };
    let (Some(account), Some(truv_order_id)) = (kit.account(agency), &order.truv_order_id) else {
        return Ok(Ran::Finished);
    };
    let shown = match account.client.order(truv_order_id).await {
        Ok(shown) => shown.value,
        Err(error) => {
            let why = || format!("the order could not be read: {error}");
            return Ok(jobs::hindered(kit, &error).unwrap_or_else(|| again(kit, Duration::from_mins(1), &why())));
        }
    };
    let now = kit.clock.now();
    let tx = kit.db.begin().await?;
    let advanced = advance_in_tx(kit, &tx, agency, id, &News::shown(shown)).await?;
    let silent_since = now - TimeDelta::from_std(kit.work.stalled_after).unwrap_or_default();
    if advanced == Advanced::NothingNew && order.contact.is_none() && order.updated_at < silent_since {
        advance_in_tx(kit, &tx, agency, id, &News::said(Said::Silence { at: now })).await?;
    }
    kit.db.commit(tx).await?;
    Ok(Ran::Finished)
}

/// Stores a look for every open order that was silent for a while. Answers how many.
pub(crate) async fn sweep(kit: &Kit) -> Result<usize, Error> {
    let now = kit.clock.now();
    let before = |wait: Duration| now - TimeDelta::from_std(wait).unwrap_or_default();
    let fast = Condition::all()
        .add(Column::Status.is_in([OrderStatus::Pending, OrderStatus::InProgress]))
        .add(Column::Contact.is_null())
        .add(Column::NewsAt.lt(before(kit.work.stalled_after / 10)));
    let slow = Condition::all()
        .add(Column::Status.is_in([OrderStatus::Pending, OrderStatus::InProgress, OrderStatus::Stalled]))
        .add(Column::NewsAt.lt(before(SLOW.max(kit.work.stalled_after / 10))));
    let rows: Vec<(uuid::Uuid, uuid::Uuid)> = orders::Entity::find()
        .select_only()
        .columns([Column::Id, Column::AgencyId])
        .filter(Column::TruvOrderId.is_not_null())
        .filter(Condition::any().add(fast).add(slow))
        .order_by_asc(Column::NewsAt)
        .limit(BATCH)
        .into_tuple()
        .all(kit.db.read())
        .await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let tx = kit.db.begin().await?;
    for (id, agency) in &rows {
        let agency = AgencyId::from(*agency);
        let job =
            NewJob { agency, kind: JobKind::PollOrder, subject: *id, priority: Priority::Background, run_at: now };
        jobs::enqueue_in_tx(kit, &tx, job).await?;
    }
    kit.db.commit(tx).await?;
    Ok(rows.len())
}
