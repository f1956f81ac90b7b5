//! Finds out what became of an order whose answer was lost, as the fact sheet "Lost response" says: adopt the trace that
//! our call left, or prove that there is none and send once more, or leave it to a person.

use std::time::Duration;

use chrono::TimeDelta;

use super::advance::Open;
use super::reject::reject;
use super::send::{adopt, after, again};
use super::{Order, policy, store};
use crate::ids::{AgencyId, OrderId};
use crate::jobs::{self, NewJob, Priority, Ran};
use crate::kit::{Account, Kit};
use crate::storage::Error;
use crate::truv::{self, wire};
use crate::words::{JobKind, OrderStatus};

/// Looks without a trace, spread over the settle delay, that prove that the call had no effect.
const LOOKS: u32 = 3;
/// Calls for one order at most: the first, and one more after absence was proved.
const SENDS: u32 = 2;
/// Pages of Truv's list of orders that are searched for a new order.
const PAGES: u32 = 5;

/// Distance between two looks: all of them together span the settle delay.
fn distance(kit: &Kit) -> Duration {
    kit.work.settle_delay / (LOOKS - 1)
}

/// Whether the settle delay since the call has passed.
fn has_settled(kit: &Kit, order: &Order) -> bool {
    let delay = TimeDelta::from_std(kit.work.settle_delay).unwrap_or_default();
    order.sent_at.is_none_or(|at| at + delay <= kit.clock.now())
}

/// Looks the order up. `looks` counts the earlier looks that worked and found nothing.
pub(crate) async fn resolve(kit: &Kit, agency: AgencyId, id: OrderId, looks: u32) -> Result<Ran, Error> {
    let Some(order) = store::find(kit.db.read(), agency, id).await? else { return Ok(Ran::Finished) };
    if order.status != OrderStatus::OutcomeUnknown {
        return Ok(Ran::Finished);
    }
    let Some(account) = kit.account(agency) else {
        return Ok(again(kit, distance(kit), "the agency has no account in the settings"));
    };
    match trace(kit, account, &order).await? {
        Ok(Some(shown)) => {
            adopt(kit, agency, id, &shown).await?;
            Ok(Ran::Finished)
        }
        // An attempt that a fault of our own ended counts as a look too: so the time must have passed as well.
        Ok(None) if looks + 1 < LOOKS || !has_settled(kit, &order) => {
            Ok(again(kit, distance(kit), "no trace of the call yet"))
        }
        Ok(None) if order.sends < SENDS => send_again(kit, &order).await,
        Ok(None) => give_up(kit, &order).await,
        Err(error @ (truv::Error::Forbidden | truv::Error::NotFound)) => reject(kit, &order, &error).await,
        // A look that saw nothing proves nothing.
        Err(error) => Ok(jobs::hindered(kit, &error).unwrap_or_else(|| Ran::Hindered {
            at: after(kit, distance(kit)),
            why: format!("the look-up failed: {error}"),
        })),
    }
}

pub(super) type Trace = Result<Option<wire::orders::Order>, truv::Error>;

/// What the call left at Truv, if it was carried out.
pub(super) async fn trace(kit: &Kit, account: &Account, order: &Order) -> Result<Trace, Error> {
    match order.parent.filter(|_| order.contact.is_none()) {
        Some(parent) => trace_of_refresh(kit, account, order, parent).await,
        None => trace_of_new(kit, account, order).await,
    }
}

/// A refresh leaves its trace in the parent's `refresh_order`.
async fn trace_of_refresh(kit: &Kit, account: &Account, order: &Order, parent: OrderId) -> Result<Trace, Error> {
    let parent = store::load(kit.db.read(), order.agency, parent).await?;
    let root = store::load(kit.db.read(), order.agency, order.root).await?;
    let Some(parent_id) = &parent.truv_order_id else { return Ok(Ok(None)) };
    let newest = match account.client.order(parent_id).await {
        Ok(shown) => shown.value.refresh_order,
        Err(error) => return Ok(Err(error)),
    };
    let Some(candidate) = newest.filter(|newest| Some(newest) != order.refresh_order_before.as_ref()) else {
        return Ok(Ok(None));
    };
    // Somebody else's refresh of the same order, already ours under another intent.
    if store::find_by_truv_id(kit.db.read(), order.agency, &candidate).await?.is_some() {
        return Ok(Ok(None));
    }
    let shown = match account.client.order(&candidate).await {
        Ok(shown) => shown.value,
        Err(error) => return Ok(Err(error)),
    };
    let origin = shown.initial_order.as_ref();
    let is_of_tree = origin == Some(parent_id) || (origin.is_some() && origin == root.truv_order_id.as_ref());
    let is_of_product = shown.products.iter().any(|product| Some(product.as_str()) == order.product.truv());
    Ok(Ok((is_of_tree && is_of_product).then_some(shown)))
}

/// A new order is found in Truv's list by its number, which we made unique.
async fn trace_of_new(kit: &Kit, account: &Account, order: &Order) -> Result<Trace, Error> {
    for page in 1..=PAGES {
        let shown = match account.client.orders(page).await {
            Ok(shown) => shown,
            Err(error) => return Ok(Err(error)),
        };
        let is_last = shown.next.is_none();
        for candidate in shown.results {
            if candidate.order_number == order.number
                && store::find_by_truv_id(kit.db.read(), order.agency, &candidate.id).await?.is_none()
            {
                return Ok(account.client.order(&candidate.id).await.map(|shown| Some(shown.value)));
            }
        }
        if is_last {
            break;
        }
    }
    Ok(Ok(None))
}

/// Absence is proved: the order waits to be sent again.
async fn send_again(kit: &Kit, order: &Order) -> Result<Ran, Error> {
    let tx = kit.db.begin().await?;
    let Some(mut open) = Open::load_in_tx(&tx, order.agency, order.id).await? else { return Ok(Ran::Finished) };
    if open.order.status == OrderStatus::OutcomeUnknown {
        open.order.status = OrderStatus::Requested;
        open.order.sent_at = None;
        open.settle_in_tx(kit, &tx).await?;
        let job = NewJob {
            agency: order.agency,
            kind: JobKind::SendOrder,
            subject: order.id.0,
            priority: Priority::Interactive,
            run_at: kit.clock.now(),
        };
        jobs::enqueue_in_tx(kit, &tx, job).await?;
        kit.db.commit(tx).await?;
    }
    Ok(Ran::Finished)
}

/// A second answer was lost too and left no trace: a person must ask Truv. The refreshes stay spent, since nobody knows.
async fn give_up(kit: &Kit, order: &Order) -> Result<Ran, Error> {
    tracing::error!(order.id = %order.id, "an order's outcome stays unknown; ask Truv before it is sent again");
    let tx = kit.db.begin().await?;
    let Some(mut open) = Open::load_in_tx(&tx, order.agency, order.id).await? else { return Ok(Ran::Finished) };
    if open.order.status == OrderStatus::OutcomeUnknown && open.order.failure.is_none() {
        let message = "Truv's answer was lost twice and no order is to be found. Ask Truv before trying again.";
        open.order.failure = Some(policy::rejected(message, None, kit.clock.now()));
        open.settle_in_tx(kit, &tx).await?;
        kit.db.commit(tx).await?;
    }
    Ok(Ran::Finished)
}
