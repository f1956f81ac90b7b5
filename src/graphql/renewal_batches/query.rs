//! The look-up of one renewal batch, and all of them in pages.

use async_graphql::{Context, ID, Object};
use futures_util::future::BoxFuture;

use super::RenewalBatch;
use crate::batches;
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::page::{Connection, PageArgs};
use crate::graphql::view::View;
use crate::ids::BatchId;
use crate::renewals::batch;

/// The list's name in cursors.
const LIST: &str = "renewal batches";

#[derive(Default)]
pub(crate) struct BatchQuery;

#[Object]
impl BatchQuery {
    /// One renewal batch; null when there is none of this id in the agency. Needs `renewals:run` and `cases:read`.
    async fn renewal_batch(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The batch.")] id: ID,
    ) -> Option<Result<RenewalBatch, ApiError>> {
        let view = ctx.data_unchecked::<View>();
        find(view, &id).await.transpose()
    }

    /// The agency's renewal batches, the newest first. Needs `renewals:run` and `cases:read`.
    async fn renewal_batches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Default 25.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<RenewalBatch>, ApiError> {
        let view = ctx.data_unchecked::<View>();
        batch::require(view.caller())?;
        let window = PageArgs { first, after, last, before }.window(|cursor| view.open::<BatchId>(LIST, cursor))?;
        let agency = view.caller().agency;
        let page = batches::page(&view.kit().db, agency, &window).await?;
        let page = page.map(|row| (view.seal(LIST, &row.id), RenewalBatch::new(row.into(), view)));
        let kit = view.kit().clone();
        let count = move || -> BoxFuture<'static, _> {
            let kit = kit.clone();
            Box::pin(async move { Ok(batches::count(&kit.db, agency).await?) })
        };
        Ok(Connection::new(page, &window, Box::new(count)))
    }
}

async fn find(view: &View, id: &ID) -> Result<Option<RenewalBatch>, ApiError> {
    batch::require(view.caller())?;
    RenewalBatch::find(view, ids::parse(id, "id")?).await
}
