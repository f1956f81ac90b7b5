//! Renewal batches: which cases a bulk pass holds, and where each of them stands.
//!
//! A batch is a row, each of its cases another; nothing about a batch lives in memory, so that any replica goes on with it
//! after any crash. The items are chosen once, by one statement, when the batch is stored. Whoever makes an order for an
//! item writes so into the item in the order's own transaction (`take_in_tx`), and an order that settles moves its item in
//! the transaction in which it settles (`follow_in_tx`): an item cannot be taken up twice, and no outcome is lost. `watch`
//! tells progress. Deliberately not here: taking cases up, which is `renewals::batch`, above the orders that it makes.

mod follow;
mod pages;
mod store;
mod watch;

use chrono::{DateTime, Utc};

use crate::ids::{AgencyId, BatchId, BatchItemId, CaseId, OrderId};
use crate::words::{BatchItemStatus, BatchSkipReason, BatchStatus, ProductType};

pub(crate) use self::follow::{find_followed_in_tx, follow_in_tx, take_in_tx};
pub use self::pages::{Filter, count, count_items, load_items, page, page_items};
pub(crate) use self::store::{
    choose_in_tx, count_under_way, find_by_key_in_tx, insert_in_tx, list_due, list_unfinished, load_in_tx, lock_in_tx,
    lock_item_in_tx, save_in_tx, settle_in_tx, skip_waiting_in_tx, wait_in_tx,
};
pub use self::store::{find, list_outcomes, load, load_progress};
pub use self::watch::{Progress, Watch};

/// A bulk pass over due cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Our id.
    pub id: BatchId,
    /// The tenant.
    pub agency: AgencyId,
    /// In the words of whoever started it.
    pub name: String,
    /// Where it stands.
    pub status: BatchStatus,
    /// What Truv is asked for.
    pub product: ProductType,
    /// Whether clients who must log in again are sent a link at once.
    pub sends_links: bool,
    /// The subject that started it.
    pub requested_by: String,
    /// Grows with every change of the batch itself; its items have states of their own.
    pub version: i64,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When the last case had its outcome; `None` until then.
    pub finished_at: Option<DateTime<Utc>>,
}

/// One case of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Our id.
    pub id: BatchItemId,
    /// The tenant.
    pub agency: AgencyId,
    /// The batch.
    pub batch: BatchId,
    /// The case; once in a batch.
    pub case: CaseId,
    /// Its turn, from 1: the case that is due first comes first.
    pub position: i32,
    /// Where it stands.
    pub status: BatchItemStatus,
    /// Why it was left out; `None` unless it was.
    pub skip_reason: Option<BatchSkipReason>,
    /// The newest order made for it; `None` before its turn, and where none was made.
    pub order: Option<OrderId>,
    /// Orders made for it, retries included.
    pub attempts: u32,
    /// When it had its first outcome; `None` until then.
    pub settled_at: Option<DateTime<Utc>>,
}

/// How many cases of a batch stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Their turn has not come.
    pub queued: u64,
    /// A refresh is on its way.
    pub refreshing: u64,
    /// A retry is scheduled.
    pub retrying: u64,
    /// New data came.
    pub succeeded: u64,
    /// The client must log in again, whether or not the link has been sent.
    pub needs_link: u64,
    /// No data, and a caseworker must act.
    pub failed: u64,
    /// Left out.
    pub skipped: u64,
    /// Outcomes of the last [`RECENT`].
    pub recent: u64,
}

/// The time over which the pace of a batch is measured.
pub const RECENT: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

impl Counts {
    /// All cases.
    pub fn total(&self) -> u64 {
        self.queued + self.under_way() + self.succeeded + self.needs_link + self.failed + self.skipped
    }

    /// Cases whose refresh is on its way or will be tried again.
    pub fn under_way(&self) -> u64 {
        self.refreshing + self.retrying
    }

    /// Whether every case has its outcome.
    pub fn is_settled(&self) -> bool {
        self.queued + self.under_way() == 0
    }

    /// When the cases that wait will have had their turn, at the pace of the last minutes; `None` when nothing waits, when
    /// the batch does not run, and before there is a pace to go by. Scheduled retries are not counted in.
    pub fn estimate(&self, batch: &Batch, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let left = self.queued + self.refreshing;
        if batch.status != BatchStatus::Running || left == 0 || self.recent == 0 {
            return None;
        }
        let measured = RECENT.min(now - batch.created_at).num_milliseconds().max(1);
        let (left, recent) = (i64::try_from(left).ok()?, i64::try_from(self.recent).ok()?);
        now.checked_add_signed(chrono::TimeDelta::milliseconds(measured.checked_mul(left)? / recent))
    }
}

/// The cases whose outcome still comes.
pub(crate) fn is_open(status: BatchItemStatus) -> bool {
    matches!(status, BatchItemStatus::Queued | BatchItemStatus::Refreshing | BatchItemStatus::Retrying)
}
