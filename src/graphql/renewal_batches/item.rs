//! The cases of a renewal batch.

use std::sync::Arc;

use async_graphql::{ID, Object};
use futures_util::future::BoxFuture;

use crate::batches;
use crate::graphql::cases::Case;
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::orders::{Order, RefreshFailure};
use crate::graphql::page::{Connection, Listed, PageArgs};
use crate::graphql::scalars::DateTime;
use crate::graphql::view::View;
use crate::ids::{BatchId, BatchItemId};
use crate::words::{AuditAccess, BatchItemStatus, BatchSkipReason};

/// The list's name in cursors.
const LIST: &str = "renewal batch items";

/// One case of a renewal batch.
#[derive(Clone)]
pub(crate) struct RenewalBatchItem {
    row: Arc<batches::Item>,
    view: View,
}

impl RenewalBatchItem {
    fn new(row: Arc<batches::Item>, view: &View) -> Self {
        view.show(row.case, AuditAccess::Read);
        Self { row, view: view.clone() }
    }

    /// The item of the agency behind an id. Whether the caller may see batches is for whoever asks.
    pub(crate) async fn find(view: &View, id: BatchItemId) -> Result<Option<Self>, ApiError> {
        Ok(view.load().batch_items.get(id).await?.map(|row| Self::new(row, view)))
    }

    async fn find_order(&self) -> Result<Option<Order>, ApiError> {
        match self.row.order {
            Some(id) => Order::find(&self.view, id).await,
            None => Ok(None),
        }
    }
}

impl Listed for RenewalBatchItem {
    const CONNECTION: &'static str = "RenewalBatchItemConnection";
    const EDGE: &'static str = "RenewalBatchItemEdge";
}

/// A page of a batch's items.
pub(super) async fn page(
    view: &View,
    batch: BatchId,
    filter: batches::Filter,
    args: &PageArgs,
) -> Result<Connection<RenewalBatchItem>, ApiError> {
    let window = args.window(|cursor| view.open::<i32>(LIST, cursor))?;
    let page = view.load().items_of_batch.get((batch, (filter.clone(), window.clone()))).await?;
    let page = (*page).clone().map(|row| (view.seal(LIST, &row.position), RenewalBatchItem::new(row.into(), view)));
    let view = view.clone();
    let count = move || -> BoxFuture<'static, _> {
        let (view, key) = (view.clone(), (batch, filter.clone()));
        Box::pin(async move { view.load().item_count.get(key).await })
    };
    Ok(Connection::new(page, &window, Box::new(count)))
}

/// One case of a renewal batch: it is there once, and has one outcome.
#[Object]
impl RenewalBatchItem {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        ids::seal(&self.row.id)
    }

    /// The case.
    async fn case(&self) -> Result<Case, ApiError> {
        let case = Case::find(&self.view, self.row.case).await?;
        case.ok_or_else(|| ApiError::internal("an item of a batch has no case in sight"))
    }

    /// The order that decides: the newest one made for the case. Null before its turn, and where none was made.
    async fn order(&self) -> Option<Result<Order, ApiError>> {
        self.find_order().await.transpose()
    }

    /// Where the case stands in the batch.
    async fn status(&self) -> BatchItemStatus {
        self.row.status
    }

    /// Why the case was left out; null unless it was.
    async fn skip_reason(&self) -> Option<BatchSkipReason> {
        self.row.skip_reason
    }

    /// How many orders were made for it, retries included.
    async fn attempts(&self) -> i32 {
        i32::try_from(self.row.attempts).unwrap_or(i32::MAX)
    }

    /// Why the order failed and what follows; null unless it did.
    async fn failure(&self) -> Option<Result<RefreshFailure, ApiError>> {
        let order = self.find_order().await.transpose()?;
        order.map(|order| order.why_failed()).transpose()
    }

    /// When it had its first outcome; null until then.
    async fn settled_at(&self) -> Option<DateTime> {
        self.row.settled_at.map(DateTime)
    }
}
