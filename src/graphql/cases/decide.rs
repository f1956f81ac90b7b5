//! A caseworker's decision.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::Case;
use crate::caller::Scope;
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::user_errors::{CompleteReviewError, ConflictError, InvalidInputError, NotFoundError};
use crate::graphql::view::View;
use crate::renewals::{self, Decide, DecideError};
use crate::words::ReviewDecision;

/// What was decided.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct CompleteReviewInput {
    /// The case.
    case_id: ID,
    /// The decision. All but `NEEDS_DOCUMENTS` end the renewal.
    decision: ReviewDecision,
    /// In your own words; at most 4,000 characters.
    note: Option<String>,
    /// The version of the case that the decision was made on.
    expected_version: i32,
}

/// What became of the decision.
#[derive(SimpleObject)]
pub(crate) struct CompleteReviewPayload {
    /// The case as it is now, with its next due date; null with a user error.
    case: Option<Case>,
    /// Why nothing changed; empty when it did.
    user_errors: Vec<CompleteReviewError>,
}

#[derive(Default)]
pub(crate) struct DecideMutation;

#[Object]
impl DecideMutation {
    /// Records a decision on the review of a case. Needs `reviews:decide` beside a scope to read the case.
    async fn complete_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was decided.")] input: CompleteReviewInput,
    ) -> Result<CompleteReviewPayload, ApiError> {
        let view = ctx.data_unchecked::<View>().renewed();
        view.require(Scope::ReviewsDecide)?;
        view.cases()?;
        let refused = |error: CompleteReviewError| CompleteReviewPayload { case: None, user_errors: vec![error] };
        let Some(case) = ids::find(&input.case_id) else {
            return Ok(refused(InvalidInputError::of("This is not the id of a case.", &["caseId"]).into()));
        };
        let decide = Decide {
            case,
            decision: input.decision,
            note: input.note,
            expected_version: i64::from(input.expected_version),
        };
        Ok(refused(match renewals::decide(view.kit(), view.caller(), &decide).await {
            Ok(case) => {
                let case = Some(Case::new(case.into(), &view));
                return Ok(CompleteReviewPayload { case, user_errors: Vec::new() });
            }
            Err(DecideError::Forbidden(missing)) => return Err(missing.into()),
            Err(DecideError::Storage(error)) => return Err(error.into()),
            Err(error @ DecideError::NotFound) => NotFoundError::of(&error.to_string(), &["caseId"]).into(),
            Err(error @ DecideError::BadNote) => InvalidInputError::of(&error.to_string(), &["note"]).into(),
            Err(DecideError::Stale { current_version }) => ConflictError::stale(current_version).into(),
            Err(ref error @ DecideError::NoReview { current_version }) => {
                ConflictError::of(&error.to_string(), &["caseId"], current_version).into()
            }
        }))
    }
}
