//! The progress of a renewal batch, live.

use std::sync::Arc;

use async_graphql::{Context, ID, Subscription};
use futures_util::future::ready;
use futures_util::{Stream, StreamExt};

use super::RenewalBatch;
use crate::batches::{Progress, Watch};
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::view::View;
use crate::renewals::batch;
use crate::storage;

#[derive(Default)]
pub(crate) struct BatchSubscription;

#[Subscription]
impl BatchSubscription {
    /// The batch as it stands now, then again whenever it has moved, at most twice a second; each frame is the whole
    /// state, so a client that missed some has missed nothing. Ends when every case has its outcome, and at once for a
    /// batch that is not there. Needs `renewals:run` and `cases:read`.
    #[expect(clippy::unused_async, reason = "the library asks for it")]
    async fn renewal_batch_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The batch.")] id: ID,
    ) -> Result<impl Stream<Item = Result<RenewalBatch, ApiError>> + use<>, ApiError> {
        let view = ctx.data_unchecked::<View>().clone();
        batch::require(view.caller())?;
        let watch = ctx.data_unchecked::<Watch>();
        let frames = watch.stream(view.kit().clone(), view.caller().agency, ids::parse(&id, "id")?);
        Ok(frames.scan(true, move |goes_on, frame| {
            // An error is the last word.
            let told = goes_on.then(|| tell(frame, &view));
            *goes_on = told.as_ref().is_some_and(Result::is_ok);
            ready(told)
        }))
    }
}

/// The frame as the caller may see it by the newest token. What it leads to is read anew for each frame.
fn tell(frame: Result<Arc<Progress>, storage::Error>, view: &View) -> Result<RenewalBatch, ApiError> {
    let Progress { batch, counts } = Arc::unwrap_or_clone(frame?);
    let view = view.renewed();
    batch::require(view.caller())?;
    Ok(RenewalBatch { row: batch.into(), counts: Some(counts), view })
}
