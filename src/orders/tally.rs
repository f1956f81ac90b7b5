//! What an order means for the item of a renewal batch that it was made for. Pure.

use super::{Order, policy};
use crate::words::{BatchItemStatus, NextAction, OrderStatus};

/// Where the order puts its item; `None` while it leaves it where it is.
pub(super) fn told(order: &Order) -> Option<BatchItemStatus> {
    if policy::is_reviewable(order) {
        return Some(BatchItemStatus::Succeeded);
    }
    let asks_client = order.contact.is_some();
    let by_failure = || match order.failure.as_ref().map(|failure| failure.next_action) {
        Some(NextAction::SendVerificationLink) => BatchItemStatus::NeedsLink,
        // Truv has asked the client.
        Some(NextAction::Wait) => BatchItemStatus::LinkSent,
        Some(NextAction::RetryLater) if !asks_client => BatchItemStatus::Retrying,
        _ => BatchItemStatus::Failed,
    };
    Some(match order.status {
        // The look-up was given up: somebody must find out.
        OrderStatus::OutcomeUnknown if order.failure.is_some() => by_failure(),
        // The link is on its way to Truv; nobody has it yet.
        OrderStatus::Requested | OrderStatus::OutcomeUnknown if asks_client => return None,
        OrderStatus::Pending | OrderStatus::InProgress | OrderStatus::Stalled if asks_client => {
            BatchItemStatus::LinkSent
        }
        OrderStatus::Canceled if asks_client => BatchItemStatus::NeedsLink,
        OrderStatus::Requested | OrderStatus::OutcomeUnknown | OrderStatus::Pending | OrderStatus::InProgress => {
            BatchItemStatus::Refreshing
        }
        OrderStatus::Canceled => BatchItemStatus::Skipped,
        OrderStatus::Completed
        | OrderStatus::Partial
        | OrderStatus::NoData
        | OrderStatus::Failed
        | OrderStatus::Rejected
        | OrderStatus::Expired
        | OrderStatus::Stalled => by_failure(),
    })
}
