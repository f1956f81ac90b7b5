//! Renewal batches: the type here, their cases in `item`, look-ups in `query`; `start` and `steer` change them, `progress`
//! streams them. `plan` says beforehand what is to be done.

pub(crate) mod item;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod query;
pub(crate) mod start;
pub(crate) mod steer;

use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject};

use self::item::RenewalBatchItem;
use super::error::ApiError;
use super::ids;
use super::page::{Connection, Listed, PageArgs};
use super::scalars::DateTime;
use super::view::View;
use crate::batches::{self, Counts};
use crate::ids::BatchId;
use crate::words::{BatchItemStatus, BatchStatus, ProductType};

/// A bulk pass over due cases.
#[derive(Clone)]
pub(crate) struct RenewalBatch {
    row: Arc<batches::Batch>,
    /// Known where the stream has counted already.
    counts: Option<Counts>,
    view: View,
}

impl RenewalBatch {
    pub(crate) fn new(row: Arc<batches::Batch>, view: &View) -> Self {
        Self { row, counts: None, view: view.clone() }
    }

    /// The batch of the agency behind an id. Whether the caller may see batches is for whoever asks.
    pub(crate) async fn find(view: &View, id: BatchId) -> Result<Option<Self>, ApiError> {
        Ok(view.load().batches.get(id).await?.map(|row| Self::new(row, view)))
    }

    async fn counts(&self) -> Result<Counts, ApiError> {
        match self.counts {
            Some(counts) => Ok(counts),
            None => self.view.load().batch_progress.get(self.row.id).await,
        }
    }
}

impl Listed for RenewalBatch {
    const CONNECTION: &'static str = "RenewalBatchConnection";
    const EDGE: &'static str = "RenewalBatchEdge";
}

/// How many cases of a renewal batch stand where. The counts add up to `total`.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub(crate) struct BatchProgress {
    /// All cases of the batch.
    total: i64,
    /// Cases whose turn has not come.
    queued: i64,
    /// Cases whose refresh is on its way or will be tried again by itself.
    running: i64,
    /// Cases for which new data came.
    succeeded: i64,
    /// Cases whose client must log in again, whether or not the link has been sent.
    needs_link: i64,
    /// Cases that brought no data and need a caseworker.
    failed: i64,
    /// Cases that were left out.
    skipped: i64,
    /// When the cases that wait will have had their turn, at the pace of the last five minutes; scheduled retries may come
    /// later. Null when nothing waits, while the batch does not run, and before there is a pace to go by.
    estimated_finish_at: Option<DateTime>,
}

/// A bulk pass over due cases. Needs `renewals:run` and `cases:read`.
#[Object]
impl RenewalBatch {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        ids::seal(&self.row.id)
    }

    /// In the words of whoever started it.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// Where it stands.
    async fn status(&self) -> BatchStatus {
        self.row.status
    }

    /// What Truv is asked for.
    async fn product(&self) -> ProductType {
        self.row.product
    }

    /// Whether clients who must log in again are sent a link at once.
    async fn sends_links_on_failure(&self) -> bool {
        self.row.sends_links
    }

    /// How many cases stand where.
    async fn progress(&self) -> Result<BatchProgress, ApiError> {
        let counts = self.counts().await?;
        let count = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
        Ok(BatchProgress {
            total: count(counts.total()),
            queued: count(counts.queued),
            running: count(counts.under_way()),
            succeeded: count(counts.succeeded),
            needs_link: count(counts.needs_link),
            failed: count(counts.failed),
            skipped: count(counts.skipped),
            estimated_finish_at: counts.estimate(&self.row, self.view.kit().clock.now()).map(DateTime),
        })
    }

    /// The subject that started it.
    async fn requested_by(&self) -> &str {
        &self.row.requested_by
    }

    /// When it was started.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }

    /// When the last case had its outcome; null until then, also for a canceled batch whose refreshes are still on their
    /// way.
    async fn finished_at(&self) -> Option<DateTime> {
        self.row.finished_at.map(DateTime)
    }

    /// Grows with every change of the batch itself; the outcomes of its cases do not count.
    async fn version(&self) -> i64 {
        self.row.version
    }

    /// Its cases, the earliest due date first, each with its outcome.
    async fn items(
        &self,
        #[graphql(desc = "Number of items from the start, 1 to 100. Default 25.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only cases that stand there; absent or empty means all.")] status: Option<
            Vec<BatchItemStatus>,
        >,
    ) -> Result<Connection<RenewalBatchItem>, ApiError> {
        let args = PageArgs { first, after, last, before };
        item::page(&self.view, self.row.id, status.unwrap_or_default(), &args).await
    }
}
