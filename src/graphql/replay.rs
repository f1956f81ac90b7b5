//! Having deliveries applied once more.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::deliveries::Delivery;
use super::error::ApiError;
use super::ids;
use super::user_errors::{InvalidInputError, NotFoundError, ReplayDeliveriesError};
use super::view::View;
use crate::caller::Scope;
use crate::deliveries::{self, ReplayError, Which};
use crate::ids::DeliveryId;
use crate::words::DeliveryStatus;

/// Which deliveries, and why.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ReplayDeliveriesInput {
    /// These deliveries, at most 1,000. Either this or `status`.
    ids: Option<Vec<ID>>,
    /// The deliveries in these states, the oldest 1,000. Either this or `ids`.
    status: Option<Vec<DeliveryStatus>>,
    /// Why: kept with who did it and when. 1 to 500 characters, no personal data.
    reason: String,
}

/// What became of a replay.
#[derive(SimpleObject)]
pub(crate) struct ReplayDeliveriesPayload {
    /// How many are applied once more. Deliveries that are still to be applied are left as they are.
    replayed_count: i32,
    /// Those deliveries as they are now, the oldest 100.
    deliveries: Vec<Delivery>,
    /// Why nothing changed; empty when it did.
    user_errors: Vec<ReplayDeliveriesError>,
}

#[derive(Default)]
pub(crate) struct ReplayMutation;

#[Object]
impl ReplayMutation {
    /// Applies webhook deliveries once more, as if they had just come: those that no case knew then, or that could not be
    /// used. What has taken effect already changes nothing. Needs `admin`.
    async fn replay_deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which deliveries, and why.")] input: ReplayDeliveriesInput,
    ) -> Result<ReplayDeliveriesPayload, ApiError> {
        let view = ctx.data_unchecked::<View>().renewed();
        view.require(Scope::Admin)?;
        match replay(&view, input).await? {
            Ok(ids) => {
                let shown = ids.get(..ids.len().min(100)).unwrap_or_default();
                let rows = deliveries::load(&view.kit().db, view.caller().agency, shown).await?;
                Ok(ReplayDeliveriesPayload {
                    replayed_count: i32::try_from(ids.len()).unwrap_or(i32::MAX),
                    deliveries: rows.into_iter().map(Delivery::from).collect(),
                    user_errors: Vec::new(),
                })
            }
            Err(refused) => {
                Ok(ReplayDeliveriesPayload { replayed_count: 0, deliveries: Vec::new(), user_errors: vec![refused] })
            }
        }
    }
}

async fn replay(
    view: &View,
    input: ReplayDeliveriesInput,
) -> Result<Result<Vec<DeliveryId>, ReplayDeliveriesError>, ApiError> {
    let which = match (input.ids, input.status) {
        (Some(named), None) => {
            let mut found = Vec::with_capacity(named.len());
            for id in &named {
                let Some(id) = ids::find(id) else {
                    return Ok(Err(InvalidInputError::of("This is not the id of a delivery.", &["ids"]).into()));
                };
                found.push(id);
            }
            Which::Ids(found)
        }
        (None, Some(status)) => Which::In(status),
        _ => {
            let message = "Name the deliveries by their ids or by their states, one of the two.";
            return Ok(Err(InvalidInputError::of(message, &["ids"]).into()));
        }
    };
    let path: &[&str] = if matches!(which, Which::Ids(_)) { &["ids"] } else { &["status"] };
    Ok(Err(match deliveries::replay(view.kit(), view.caller(), &which, &input.reason).await {
        Ok(ids) => return Ok(Ok(ids)),
        Err(ReplayError::Reason) => {
            InvalidInputError::of("Say why, in 1 to 500 characters on one line.", &["reason"]).into()
        }
        Err(ReplayError::Which) => InvalidInputError::of("Name 1 to 1,000 deliveries, or a state.", path).into(),
        Err(ReplayError::NotFound(_)) => NotFoundError::of("There is no such delivery.", path).into(),
        Err(ReplayError::Forbidden(missing)) => return Err(missing.into()),
        Err(ReplayError::Storage(error)) => return Err(error.into()),
    }))
}
