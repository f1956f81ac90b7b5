//! Asking the client to log in again, and canceling an order.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::Order;
use crate::caller::Scope;
use crate::graphql::cases::Case;
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::user_errors::{CancelOrderError, InvalidInputError, SendVerificationLinkError};
use crate::graphql::view::View;
use crate::orders::{self, AskInput, Made};
use crate::words::DeliveryChannel;

/// Whom to ask, and how.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct SendVerificationLinkInput {
    /// The case.
    case_id: ID,
    /// The connection to be restored; absent for every connection of the case that does not work.
    link_id: Option<ID>,
    /// How the link reaches the client: Truv sends it by e-mail, by text message or both; `NONE` alone when you pass it
    /// on yourselves.
    channels: Vec<DeliveryChannel>,
    /// A text of your own, 1 to 200 characters: a repeat with the same key and input answers with the first result and
    /// contacts nobody again; the same key with other input is a conflict.
    idempotency_key: String,
}

/// What became of the request.
#[derive(SimpleObject)]
pub(crate) struct SendVerificationLinkPayload {
    /// The order that asks the client; null with a user error. Its `verificationLink` is null until Truv has answered:
    /// the event `VERIFICATION_LINK_SENT` tells.
    order: Option<Order>,
    /// The case as it is now; null with a user error.
    case: Option<Case>,
    /// Why nothing changed; empty when it did.
    user_errors: Vec<SendVerificationLinkError>,
}

/// Which order to cancel.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct CancelOrderInput {
    /// The order.
    order_id: ID,
}

/// What became of the request.
#[derive(SimpleObject)]
pub(crate) struct CancelOrderPayload {
    /// The order as it is now; null with a user error. An order that Truv has is `CANCELED` once Truv has agreed.
    order: Option<Order>,
    /// The case as it is now; null with a user error.
    case: Option<Case>,
    /// Why nothing changed; empty when it did.
    user_errors: Vec<CancelOrderError>,
}

#[derive(Default)]
pub(crate) struct ContactMutation;

#[Object]
impl ContactMutation {
    /// Makes a new order that asks the client to log in again, and a link for it. Needs `clients:contact` beside a scope
    /// to read the case.
    async fn send_verification_link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to ask, and how.")] input: SendVerificationLinkInput,
    ) -> Result<SendVerificationLinkPayload, ApiError> {
        let view = ctx.data_unchecked::<View>().renewed();
        view.require(Scope::ClientsContact)?;
        view.cases()?;
        let refused = |user_errors| SendVerificationLinkPayload { order: None, case: None, user_errors };
        let asked = match parse(input) {
            Ok(asked) => asked,
            Err(error) => return Ok(refused(vec![error.into()])),
        };
        match outcome(orders::ask(view.kit(), view.caller(), &asked).await)? {
            Ok(made) => {
                let (order, case) = shown(made, &view);
                Ok(SendVerificationLinkPayload { order, case, user_errors: Vec::new() })
            }
            Err(refusals) => {
                let errors = refusals.into_iter().map(|refusal| SendVerificationLinkError::of(refusal, &view));
                Ok(refused(errors.collect()))
            }
        }
    }

    /// Cancels an order that is not settled; one that Truv has is canceled there first. Of an order that failed and is to be
    /// tried again, cancels the retry: the order stays failed, and a caseworker is next. Needs `orders:refresh` beside a
    /// scope to read the case.
    async fn cancel_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order to cancel.")] input: CancelOrderInput,
    ) -> Result<CancelOrderPayload, ApiError> {
        let view = ctx.data_unchecked::<View>().renewed();
        view.require(Scope::OrdersRefresh)?;
        view.cases()?;
        let refused = |user_errors| CancelOrderPayload { order: None, case: None, user_errors };
        let Some(order) = ids::find(&input.order_id) else {
            let error = InvalidInputError::of("This is not the id of an order.", &["orderId"]);
            return Ok(refused(vec![error.into()]));
        };
        match outcome(orders::cancel(view.kit(), view.caller(), order).await)? {
            Ok(made) => {
                let (order, case) = shown(made, &view);
                Ok(CancelOrderPayload { order, case, user_errors: Vec::new() })
            }
            Err(refusals) => Ok(refused(refusals.into_iter().map(CancelOrderError::from).collect())),
        }
    }
}

fn parse(input: SendVerificationLinkInput) -> Result<AskInput, InvalidInputError> {
    let wrong = |message: &str, field: &str| InvalidInputError::of(message, &[field]);
    let case = ids::find(&input.case_id).ok_or_else(|| wrong("This is not the id of a case.", "caseId"))?;
    let link = match input.link_id.as_ref().map(ids::find) {
        Some(None) => return Err(wrong("This is not the id of an employer link.", "linkId")),
        Some(link) => link,
        None => None,
    };
    Ok(AskInput {
        case,
        link,
        channels: input.channels,
        only_where_needed: false,
        idempotency_key: input.idempotency_key,
    })
}

fn shown(made: Made, view: &View) -> (Option<Order>, Option<Case>) {
    (Some(Order::new(made.order.into(), view)), Some(Case::new(made.case.into(), view)))
}

/// What the client can act on apart from what it cannot.
fn outcome(made: Result<Made, orders::Error>) -> Result<Result<Made, Vec<orders::Refusal>>, ApiError> {
    match made {
        Ok(made) => Ok(Ok(made)),
        Err(orders::Error::Refused(refusals)) => Ok(Err(refusals)),
        Err(orders::Error::Forbidden(missing)) => Err(missing.into()),
        Err(orders::Error::Storage(error)) => Err(error.into()),
    }
}
