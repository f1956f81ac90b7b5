//! Tokens for Truv's widget in a page of the agency's own.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use secrecy::ExposeSecret;

use crate::caller::Scope;
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::links::EmployerLink;
use crate::graphql::user_errors::{CreateBridgeTokenError, InvalidInputError};
use crate::graphql::view::View;
use crate::orders::{self, BridgeInput};

/// Which connection the client is to revive.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct CreateBridgeTokenInput {
    /// The case.
    case_id: ID,
    /// The connection.
    link_id: ID,
}

/// A token that opens Truv's widget for one visit of the client.
#[derive(SimpleObject)]
pub(crate) struct BridgeToken {
    /// For the widget (Truv Bridge), and for nobody else. Lives some hours; make a new one for each visit.
    token: String,
    /// The connection that the widget is tied to.
    link: EmployerLink,
}

/// What became of the request.
#[derive(SimpleObject)]
pub(crate) struct CreateBridgeTokenPayload {
    /// The token; null with a user error.
    bridge_token: Option<BridgeToken>,
    /// Why there is none; empty when there is one.
    user_errors: Vec<CreateBridgeTokenError>,
}

#[derive(Default)]
pub(crate) struct BridgeMutation;

#[Object]
impl BridgeMutation {
    /// Makes a token in update mode: the client logs in again inside your own page, without the employer search, and the
    /// connection stays the same one. Nobody is contacted. The order that failed on it completes late, and an open ask for
    /// it ends. Needs `clients:contact` beside a scope to read the case.
    async fn create_bridge_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which connection.")] input: CreateBridgeTokenInput,
    ) -> Result<CreateBridgeTokenPayload, ApiError> {
        let view = ctx.data_unchecked::<View>().renewed();
        view.require(Scope::ClientsContact)?;
        view.cases()?;
        let refused = |user_errors| CreateBridgeTokenPayload { bridge_token: None, user_errors };
        let Some(case) = ids::find(&input.case_id) else {
            return Ok(refused(vec![InvalidInputError::of("This is not the id of a case.", &["caseId"]).into()]));
        };
        let Some(link) = ids::find(&input.link_id) else {
            let error = InvalidInputError::of("This is not the id of an employer link.", &["linkId"]);
            return Ok(refused(vec![error.into()]));
        };
        match orders::bridge(view.kit(), view.caller(), BridgeInput { case, link }).await {
            Ok(made) => Ok(CreateBridgeTokenPayload {
                bridge_token: Some(BridgeToken {
                    token: made.token.expose_secret().to_owned(),
                    link: EmployerLink::new(made.link.into(), Some(case), &view),
                }),
                user_errors: Vec::new(),
            }),
            Err(orders::Error::Refused(refusals)) => {
                Ok(refused(refusals.into_iter().map(CreateBridgeTokenError::from).collect()))
            }
            Err(orders::Error::Forbidden(missing)) => Err(missing.into()),
            Err(orders::Error::Storage(error)) => Err(error.into()),
        }
    }
}
