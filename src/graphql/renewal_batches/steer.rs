//! Pausing, resuming and canceling a renewal batch.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::RenewalBatch;
use crate::batches::Batch;
use crate::caller::Caller;
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::user_errors::{
    CancelRenewalBatchError, ConflictError, NotFoundError, PauseRenewalBatchError, ResumeRenewalBatchError,
};
use crate::graphql::view::View;
use crate::ids::BatchId;
use crate::kit::Kit;
use crate::renewals::batch;

/// Which batch to pause.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct PauseRenewalBatchInput {
    /// The batch.
    batch_id: ID,
}

/// Which batch to resume.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ResumeRenewalBatchInput {
    /// The batch.
    batch_id: ID,
}

/// Which batch to cancel.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct CancelRenewalBatchInput {
    /// The batch.
    batch_id: ID,
}

/// What became of the request.
#[derive(SimpleObject)]
pub(crate) struct PauseRenewalBatchPayload {
    /// The batch as it is now; null with a user error.
    batch: Option<RenewalBatch>,
    /// Why nothing changed; empty when it did, and when the batch was paused already.
    user_errors: Vec<PauseRenewalBatchError>,
}

/// What became of the request.
#[derive(SimpleObject)]
pub(crate) struct ResumeRenewalBatchPayload {
    /// The batch as it is now; null with a user error.
    batch: Option<RenewalBatch>,
    /// Why nothing changed; empty when it did, and when the batch was running already.
    user_errors: Vec<ResumeRenewalBatchError>,
}

/// What became of the request.
#[derive(SimpleObject)]
pub(crate) struct CancelRenewalBatchPayload {
    /// The batch as it is now; null with a user error.
    batch: Option<RenewalBatch>,
    /// Why nothing changed; empty when it did, and when the batch was canceled already.
    user_errors: Vec<CancelRenewalBatchError>,
}

#[derive(Default)]
pub(crate) struct SteerMutation;

#[Object]
impl SteerMutation {
    /// Takes up no more cases of the batch until it is resumed; refreshes on their way go on. Needs `renewals:run` and
    /// `cases:read`.
    async fn pause_renewal_batch(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which batch to pause.")] input: PauseRenewalBatchInput,
    ) -> Result<PauseRenewalBatchPayload, ApiError> {
        let view = ctx.data_unchecked::<View>().renewed();
        let (batch, user_errors) = steer(&view, &input.batch_id, batch::pause).await?;
        Ok(PauseRenewalBatchPayload { batch, user_errors: user_errors.into_iter().collect() })
    }

    /// Goes on with a paused batch. Needs `renewals:run` and `cases:read`.
    async fn resume_renewal_batch(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which batch to resume.")] input: ResumeRenewalBatchInput,
    ) -> Result<ResumeRenewalBatchPayload, ApiError> {
        let view = ctx.data_unchecked::<View>().renewed();
        let (batch, user_errors) = steer(&view, &input.batch_id, batch::resume).await?;
        Ok(ResumeRenewalBatchPayload { batch, user_errors: user_errors.into_iter().collect() })
    }

    /// Stops a batch for good: cases whose turn has not come are skipped, refreshes on their way go on to their end. Needs
    /// `renewals:run` and `cases:read`.
    async fn cancel_renewal_batch(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which batch to cancel.")] input: CancelRenewalBatchInput,
    ) -> Result<CancelRenewalBatchPayload, ApiError> {
        let view = ctx.data_unchecked::<View>().renewed();
        let (batch, user_errors) = steer(&view, &input.batch_id, batch::cancel).await?;
        Ok(CancelRenewalBatchPayload { batch, user_errors: user_errors.into_iter().collect() })
    }
}

async fn steer<E: From<NotFoundError> + From<ConflictError>>(
    view: &View,
    id: &ID,
    verb: impl AsyncFn(&Kit, &Caller, BatchId) -> Result<Batch, batch::Error>,
) -> Result<(Option<RenewalBatch>, Option<E>), ApiError> {
    batch::require(view.caller())?;
    let missing = || NotFoundError::of("There is no such renewal batch.", &["batchId"]);
    let Some(id) = ids::find(id) else { return Ok((None, Some(missing().into()))) };
    match verb(view.kit(), view.caller(), id).await {
        Ok(row) => Ok((Some(RenewalBatch::new(row.into(), view)), None)),
        Err(batch::Error::NotFound) => Ok((None, Some(missing().into()))),
        Err(batch::Error::Conflict { field, message, current_version }) => {
            Ok((None, Some(ConflictError::of(message, &[field], current_version).into())))
        }
        Err(batch::Error::Forbidden(missing)) => Err(missing.into()),
        Err(batch::Error::Storage(error)) => Err(error.into()),
        Err(batch::Error::Invalid { .. }) => Err(ApiError::internal("a batch was not steered for its input")),
    }
}
