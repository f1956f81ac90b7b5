//! An item follows the orders made for it.

use super::{Item, is_open, store};
use crate::ids::{BatchItemId, CaseId, OrderId};
use crate::jobs::{self, NewJob, Priority};
use crate::kit::Kit;
use crate::storage::{Error, Tx};
use crate::words::{BatchItemStatus, BatchSkipReason, JobKind};

/// Where the item stands after one of its orders told where it puts it; `None` when nothing changes. Pure.
///
/// Data counts from whichever order brings it; everything else only from the newest one. An outcome may become another
/// outcome, but a settled item is never on its way again: the batch counts it once.
fn next(item: BatchItemStatus, told: BatchItemStatus, is_newest: bool) -> Option<BatchItemStatus> {
    use BatchItemStatus as S;
    let may = match (item, told) {
        (S::Succeeded, _) | (_, S::Queued) => false,
        (_, S::Succeeded) => true,
        _ if !is_newest => false,
        (_, S::Refreshing | S::Retrying) => is_open(item),
        (_, S::NeedsLink | S::LinkSent | S::Skipped | S::Failed) => true,
    };
    (may && item != told).then_some(told)
}

/// An order made for the item has come to stand somewhere.
pub(crate) async fn follow_in_tx(
    kit: &Kit,
    tx: &Tx,
    id: BatchItemId,
    order: OrderId,
    told: BatchItemStatus,
) -> Result<(), Error> {
    let Some(item) = store::lock_item_in_tx(tx, id).await? else { return Ok(()) };
    let Some(status) = next(item.status, told, item.order == Some(order)) else { return Ok(()) };
    let skip_reason = (status == BatchItemStatus::Skipped).then_some(BatchSkipReason::OrderCanceled);
    store::move_in_tx(tx, &item, status, skip_reason, Some(order), kit.clock.now()).await?;
    announce_in_tx(kit, tx, &item, status).await
}

/// What follows for the batch: a seat becomes free, or a link is to be sent.
pub(super) async fn announce_in_tx(kit: &Kit, tx: &Tx, item: &Item, status: BatchItemStatus) -> Result<(), Error> {
    let job = |kind, subject| NewJob {
        agency: item.agency,
        kind,
        subject,
        priority: Priority::Background,
        run_at: kit.clock.now(),
    };
    // Once: what becomes of the link is for people to see to, not for another link.
    if is_open(item.status)
        && status == BatchItemStatus::NeedsLink
        && store::load_in_tx(tx, item.batch).await?.sends_links
    {
        jobs::enqueue_in_tx(kit, tx, job(JobKind::SendLink, item.id.0)).await?;
    }
    if item.status != status && is_open(item.status) {
        jobs::enqueue_in_tx(kit, tx, job(JobKind::FeedBatch, item.batch.0)).await?;
    }
    Ok(())
}

/// An order was made for the item: it counts from here on.
pub(crate) async fn take_in_tx(kit: &Kit, tx: &Tx, id: BatchItemId, order: OrderId) -> Result<(), Error> {
    let Some(item) = store::lock_item_in_tx(tx, id).await? else { return Ok(()) };
    let status = if is_open(item.status) { BatchItemStatus::Refreshing } else { item.status };
    store::take_in_tx(tx, &item, status, order, kit.clock.now()).await
}

/// The item that an order of the case takes over, whoever makes it: one whose retry or whose link is awaited.
pub(crate) async fn find_followed_in_tx(tx: &Tx, case: CaseId) -> Result<Option<BatchItemId>, Error> {
    use BatchItemStatus as S;
    store::find_newest_in_tx(tx, case, &[S::Retrying, S::NeedsLink, S::LinkSent]).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use BatchItemStatus as S;

    #[test]
    fn data_is_never_lost_again() {
        for told in S::ALL {
            assert_eq!(next(S::Succeeded, *told, true), None, "{told}");
            let from = *told;
            assert_eq!(next(from, S::Succeeded, false), (from != S::Succeeded).then_some(S::Succeeded), "{from}");
        }
    }

    #[test]
    fn only_the_newest_order_brings_anything_but_data() {
        for told in [S::Refreshing, S::Retrying, S::NeedsLink, S::LinkSent, S::Skipped, S::Failed] {
            assert_eq!(next(S::Queued, told, false), None, "{told}");
            assert_eq!(next(S::Queued, told, true), Some(told), "{told}");
        }
    }

    #[test]
    fn a_settled_item_is_never_on_its_way_again() {
        for item in S::ALL.iter().copied().filter(|status| !is_open(*status)) {
            for told in S::ALL.iter().copied().filter(|status| is_open(*status)) {
                assert_eq!(next(item, told, true), None, "{item} {told}");
            }
        }
        assert_eq!(next(S::NeedsLink, S::LinkSent, true), Some(S::LinkSent));
        assert_eq!(next(S::LinkSent, S::NeedsLink, true), Some(S::NeedsLink));
    }
}
