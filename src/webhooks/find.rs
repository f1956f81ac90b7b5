//! Finds the order that a delivery is about (fact sheet "Matching an event to an order").

use super::read::Meaning;
use crate::deliveries::WaitsFor;
use crate::ids::{AgencyId, OrderId};
use crate::kit::Kit;
use crate::orders;
use crate::storage::Error;
use crate::truv::{self, wire::webhooks::Event};

/// Where a delivery belongs.
pub(super) enum Found {
    /// To this order.
    Order(OrderId),
    /// To no order yet: one may appear.
    NotYet(WaitsFor),
}

/// Looks in our own tables only.
pub(super) async fn here(kit: &Kit, agency: AgencyId, event: &Event, meaning: &Meaning) -> Result<Found, Error> {
    let db = kit.db.read();
    let waits_for = WaitsFor {
        order: event.order_id.clone(),
        suborder: event.tracking_info.clone().or_else(|| event.employer_id.clone()),
        link: event.link_id.clone(),
    };
    let order = match meaning {
        Meaning::Order { truv_order_id, .. } => {
            orders::find_by_truv_id(db, agency, truv_order_id).await?.map(|order| order.id)
        }
        Meaning::Task { truv_task_id, .. } => match &event.tracking_info {
            Some(suborder) => match orders::find_by_suborder(db, agency, suborder).await? {
                Some(order) => Some(order),
                None => orders::find_by_task(db, agency, truv_task_id).await?,
            },
            None => orders::find_by_task(db, agency, truv_task_id).await?,
        },
        Meaning::LinkConnected { .. } | Meaning::LinkDisconnected { .. } => match &event.tracking_info {
            Some(suborder) => orders::find_by_suborder(db, agency, suborder).await?,
            None => None,
        },
        Meaning::LinkDeleted { .. } | Meaning::Nothing { .. } => None,
    };
    Ok(order.map_or(Found::NotYet(waits_for), Found::Order))
}

/// Asks Truv which order a task belongs to: the task is the only thing that names it.
pub(super) async fn upstream(
    kit: &Kit,
    agency: AgencyId,
    truv_task_id: &str,
) -> Result<Result<Option<OrderId>, truv::Error>, Error> {
    let Some(account) = kit.account(agency) else { return Ok(Ok(None)) };
    let order = match account.client.task(truv_task_id).await {
        Ok(task) => task.order_id,
        Err(truv::Error::NotFound) => None,
        Err(error) => return Ok(Err(error)),
    };
    let Some(order) = order else { return Ok(Ok(None)) };
    let order = orders::find_by_truv_id(kit.db.read(), agency, &order).await?;
    Ok(Ok(order.map(|order| order.id)))
}
