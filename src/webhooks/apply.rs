//! Applies one delivery: reads it, finds its order, and joins it. Here a webhook becomes an event.

use std::time::Duration;

use chrono::TimeDelta;
use tracing::Instrument as _;

use super::find::{self, Found};
use super::read::{self, Meaning, OrderNews};
use crate::deliveries::{self, Claimed, WaitsFor};
use crate::ids::OrderId;
use crate::kit::Kit;
use crate::links;
use crate::orders::{self, News, Said};
use crate::storage::{Error, Tx};
use crate::telemetry::{self, TRACE};
use crate::truv::{self, wire::webhooks::Event};
use crate::words::{DeliveryStatus, TaskStatus};

/// After how many looks in vain Truv is asked whose task it is.
const ASK_AFTER: u32 = 3;

/// Applies the delivery and settles it, or parks it when its order is not known yet.
///
/// # Errors
/// When the database fails; nothing has then changed, and the delivery comes again when its lease ends.
pub(crate) async fn apply(kit: &Kit, delivery: &Claimed) -> Result<(), Error> {
    let event = match read::parse(&delivery.body) {
        Ok(event) => event,
        Err(why) => return settle(kit, delivery, DeliveryStatus::Dead, why.0).await,
    };
    let meaning = match read::meaning(&event) {
        Ok(Meaning::Nothing { why }) => {
            if why == read::UNHEARD_OF {
                truv::unknown_word("event_type", &event.event_type);
            }
            return settle(kit, delivery, DeliveryStatus::Ignored, why).await;
        }
        Ok(Meaning::LinkDeleted { truv_link_id }) => return link_deleted(kit, delivery, &event, &truv_link_id).await,
        Ok(meaning) => meaning,
        Err(why) => return settle(kit, delivery, DeliveryStatus::Dead, why.0).await,
    };
    match find::here(kit, delivery.agency, &event, &meaning).await? {
        Found::Order(order) => join(kit, delivery, &event, &meaning, order).await,
        Found::NotYet(waits_for) => not_yet(kit, delivery, &event, &meaning, waits_for).await,
    }
}

/// Joins the delivery into its order, as a part of the trace that the order was made in.
async fn join(kit: &Kit, delivery: &Claimed, event: &Event, meaning: &Meaning, order: OrderId) -> Result<(), Error> {
    let span = tracing::info_span!(
        target: TRACE, "delivery", otel.kind = "consumer", delivery.id = %delivery.id, order.id = %order
    );
    if !span.is_disabled() {
        telemetry::follow(&span, orders::trace_parent(&kit.db, delivery.agency, order).await?.as_deref());
    }
    join_in_tx(kit, delivery, event, meaning, order).instrument(span).await
}

/// Rows, events and the settled delivery in one transaction.
async fn join_in_tx(
    kit: &Kit,
    delivery: &Claimed,
    event: &Event,
    meaning: &Meaning,
    order: OrderId,
) -> Result<(), Error> {
    let tx = kit.db.begin().await?;
    let news = News::said(said(event, meaning, delivery));
    if let Meaning::LinkDisconnected { truv_link_id } = meaning {
        disconnect_in_tx(kit, &tx, delivery, event, order, truv_link_id).await?;
    } else {
        orders::advance_in_tx(kit, &tx, delivery.agency, order, &news).await?;
    }
    deliveries::note_order_in_tx(&tx, delivery, order).await?;
    if !deliveries::settle_in_tx(&tx, delivery, DeliveryStatus::Applied, None, kit.clock.now()).await? {
        // Another worker took the delivery over and applies it; ours is rolled back.
        return Ok(());
    }
    kit.db.commit(tx).await
}

fn said(event: &Event, meaning: &Meaning, delivery: &Claimed) -> Said {
    let at = read::instant(event, delivery.received_at);
    let truv_suborder_id = event.tracking_info.clone().or_else(|| event.employer_id.clone());
    let truv_link_id = event.link_id.clone();
    match meaning {
        Meaning::Order { news: OrderNews::Suborder { raw_status }, .. } => {
            Said::Suborder { truv_suborder_id, truv_link_id, raw_status: raw_status.clone(), at }
        }
        Meaning::Order { news: OrderNews::RefreshFailed { raw_status }, .. } => {
            Said::Failed { truv_suborder_id, truv_link_id, raw_status: raw_status.clone(), at }
        }
        Meaning::Order { news: OrderNews::Touched, .. } => Said::Touched,
        Meaning::Task { truv_task_id, raw_status } => Said::Task {
            truv_task_id: truv_task_id.clone(),
            truv_suborder_id,
            truv_link_id,
            raw_status: raw_status.clone(),
            at,
        },
        Meaning::LinkConnected { truv_link_id } => {
            Said::Connected { truv_suborder_id, truv_link_id: truv_link_id.clone(), at }
        }
        Meaning::Order { news: OrderNews::Created, .. }
        | Meaning::LinkDisconnected { .. }
        | Meaning::LinkDeleted { .. }
        | Meaning::Nothing { .. } => Said::Created,
    }
}

/// `link-disconnected` comes with every failed refresh, in any order with the task's own word. Where that word is known
/// and the client need not act, the link is not broken.
async fn disconnect_in_tx(
    kit: &Kit,
    tx: &Tx,
    delivery: &Claimed,
    event: &Event,
    order: OrderId,
    truv_link_id: &str,
) -> Result<(), Error> {
    let Some(link) = links::find_by_truv_id_in_tx(tx, delivery.agency, truv_link_id).await? else { return Ok(()) };
    let employers = orders::employers(tx, order).await?;
    let employer = employers.iter().find(|employer| employer.truv_suborder_id == event.tracking_info);
    let task = employer.and_then(orders::OrderEmployer::task);
    let explained = task.is_some_and(|task| {
        task == TaskStatus::Done || (task.is_failure() && !orders::status::is_clients_to_mend(task))
    });
    if explained {
        return Ok(());
    }
    break_in_tx(kit, tx, delivery, event, &link).await
}

async fn break_in_tx(kit: &Kit, tx: &Tx, delivery: &Claimed, event: &Event, link: &links::Link) -> Result<(), Error> {
    if links::mark_disconnected_in_tx(tx, link.id, read::instant(event, delivery.received_at), kit.clock.now()).await? {
        links::tell_in_tx(kit, tx, delivery.agency, link.id).await?;
    }
    Ok(())
}

async fn link_deleted(kit: &Kit, delivery: &Claimed, event: &Event, truv_link_id: &str) -> Result<(), Error> {
    let tx = kit.db.begin().await?;
    let Some(link) = links::find_by_truv_id_in_tx(&tx, delivery.agency, truv_link_id).await? else {
        return settle_tx(kit, tx, delivery, DeliveryStatus::Ignored, Some("no case uses this link")).await;
    };
    let at = read::instant(event, delivery.received_at);
    if links::mark_deleted_in_tx(&tx, link.id, at, kit.clock.now()).await? {
        links::tell_in_tx(kit, &tx, delivery.agency, link.id).await?;
    }
    settle_tx(kit, tx, delivery, DeliveryStatus::Applied, None).await
}

/// The order is not known. The call that makes it may not have been answered yet, so the delivery waits; a task is then
/// asked for its order; and what still belongs nowhere at the end of the time is kept as unmatched.
async fn not_yet(
    kit: &Kit,
    delivery: &Claimed,
    event: &Event,
    meaning: &Meaning,
    waits_for: WaitsFor,
) -> Result<(), Error> {
    let now = kit.clock.now();
    if let Meaning::Task { truv_task_id, .. } = meaning
        && delivery.attempts >= ASK_AFTER
    {
        match find::upstream(kit, delivery.agency, truv_task_id).await? {
            Ok(Some(order)) => return join(kit, delivery, event, meaning, order).await,
            Ok(None) => {}
            Err(error) => tracing::warn!(error = %error, "a task could not be asked for its order; trying again"),
        }
    }
    if now >= delivery.received_at + TimeDelta::from_std(kit.webhooks.park).unwrap_or_default() {
        // A connection that is in use elsewhere still tells about itself.
        if let Meaning::LinkDisconnected { truv_link_id } = meaning {
            let tx = kit.db.begin().await?;
            if let Some(link) = links::find_by_truv_id_in_tx(&tx, delivery.agency, truv_link_id).await? {
                break_in_tx(kit, &tx, delivery, event, &link).await?;
                return settle_tx(kit, tx, delivery, DeliveryStatus::Applied, None).await;
            }
        }
        return settle(kit, delivery, DeliveryStatus::Unmatched, "no order of ours appeared in time").await;
    }
    let wait = Duration::from_secs(1_u64 << delivery.attempts.min(6));
    let next_at = now + TimeDelta::from_std(wait).unwrap_or_default();
    deliveries::park(kit, delivery, waits_for, next_at, "the order is not known yet").await?;
    // The order may have appeared since we looked, and its waking call have missed what was not parked yet.
    if let Found::Order(_) = find::here(kit, delivery.agency, event, meaning).await? {
        deliveries::wake(kit, delivery).await?;
    }
    Ok(())
}

async fn settle(kit: &Kit, delivery: &Claimed, status: DeliveryStatus, reason: &str) -> Result<(), Error> {
    if status != DeliveryStatus::Applied {
        tracing::info!(delivery.id = %delivery.id, delivery.status = %status, reason, "a delivery changed nothing");
    }
    let tx = kit.db.begin().await?;
    settle_tx(kit, tx, delivery, status, Some(reason)).await
}

async fn settle_tx(
    kit: &Kit,
    tx: Tx,
    delivery: &Claimed,
    status: DeliveryStatus,
    reason: Option<&str>,
) -> Result<(), Error> {
    if deliveries::settle_in_tx(&tx, delivery, status, reason, kit.clock.now()).await? {
        kit.db.commit(tx).await?;
    }
    Ok(())
}
