//! Starting a renewal batch.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::RenewalBatch;
use crate::graphql::cases::queue::CaseFilter;
use crate::graphql::error::ApiError;
use crate::graphql::user_errors::{ConflictError, InvalidInputError, StartRenewalBatchError};
use crate::graphql::view::View;
use crate::renewals::batch::{self, NewBatch};
use crate::words::ProductType;

/// A renewal batch to be started.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct StartRenewalBatchInput {
    /// In your own words, 1 to 200 characters.
    name: String,
    /// Which cases, chosen once when the batch starts. Without a status: those whose renewal is open.
    filter: CaseFilter,
    /// What to ask Truv for.
    #[graphql(default_with = "ProductType::Income")]
    product: ProductType,
    /// Most cases, the earliest due date first; absent for all that the filter admits.
    max_cases: Option<i32>,
    /// Send clients who must log in again a link at once, by e-mail where the address is known, else by text message;
    /// false leaves them in the queue of cases with the next action `SEND_VERIFICATION_LINK`. True needs
    /// `clients:contact`.
    #[graphql(default)]
    send_links_on_failure: bool,
    /// A text of your own, 1 to 200 characters: a repeat with the same key and input answers with the first batch; the
    /// same key with other input is a conflict.
    idempotency_key: String,
}

/// What became of the request.
#[derive(SimpleObject)]
pub(crate) struct StartRenewalBatchPayload {
    /// The batch with all its cases, stored; null with a user error.
    batch: Option<RenewalBatch>,
    /// Why nothing was started; empty when it was.
    user_errors: Vec<StartRenewalBatchError>,
}

#[derive(Default)]
pub(crate) struct StartMutation;

#[Object]
impl StartMutation {
    /// Refreshes many cases, one after the other, each once: as many at a time as the settings allow, behind whatever a
    /// person waits for. Every refresh is billed. What succeeds is put up for review by itself. Follow
    /// `renewalBatchProgress`. Needs `renewals:run` and `cases:read`.
    async fn start_renewal_batch(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which cases, and what to do with them.")] input: StartRenewalBatchInput,
    ) -> Result<StartRenewalBatchPayload, ApiError> {
        let view = ctx.data_unchecked::<View>().renewed();
        batch::require(view.caller())?;
        let refused = |error| Ok(StartRenewalBatchPayload { batch: None, user_errors: vec![error] });
        let Some(max_cases) = input.max_cases.map(u64::try_from).transpose().ok() else {
            let error = InvalidInputError::of("Take at least one case, or leave maxCases out.", &["maxCases"]);
            return refused(error.into());
        };
        let new = NewBatch {
            name: input.name,
            filter: input.filter.read()?,
            product: input.product,
            max_cases,
            sends_links: input.send_links_on_failure,
            idempotency_key: input.idempotency_key,
        };
        match batch::start(view.kit(), view.caller(), &new).await {
            Ok(row) => Ok(StartRenewalBatchPayload {
                batch: Some(RenewalBatch::new(row.into(), &view)),
                user_errors: Vec::new(),
            }),
            Err(batch::Error::Invalid { field, message }) => refused(InvalidInputError::of(message, &[field]).into()),
            Err(batch::Error::Conflict { field, message, current_version }) => {
                refused(ConflictError::of(message, &[field], current_version).into())
            }
            Err(batch::Error::Forbidden(missing)) => Err(missing.into()),
            Err(batch::Error::Storage(error)) => Err(error.into()),
            Err(batch::Error::NotFound) => Err(ApiError::internal("a batch about to be stored was not found")),
        }
    }
}
