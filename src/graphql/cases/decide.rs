//! A caseworker's decision.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::Case;
use crate::caller::Scope;
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::user_errors::{CompleteReviewError, ConflictError, InvalidInputError, NotFoundError};
use crate::graphql::view::View;
use crate::renewals::edits::Edit;
use crate::renewals::{self, Decide, DecideError};
use crate::words::{ReviewDecision, ReviewFieldKey};

/// What was decided.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct CompleteReviewInput {
    /// The case.
    case_id: ID,
    /// The decision. All but `NEEDS_DOCUMENTS` end the renewal.
    decision: ReviewDecision,
    /// In your own words; at most 4,000 characters.
    note: Option<String>,
    /// Corrections to lines of the review, at most 200; only with `CONFIRMED_WITH_EDITS`. What the report says is kept
    /// beside them.
    edits: Option<Vec<ReviewEditInput>>,
    /// The version of the case that the decision was made on.
    expected_version: i32,
}

/// A correction of one line of the review.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ReviewEditInput {
    /// The line.
    key: ReviewFieldKey,
    /// The `key` of the job; null or absent for the line of the whole report.
    employment_key: Option<String>,
    /// What it should say, in the form of the line: US dollars such as `1234.50`, days as `2026-03-04`, words as they are
    /// read.
    value: String,
    /// Why; at most 1,000 characters.
    reason: String,
}

impl From<ReviewEditInput> for Edit {
    fn from(input: ReviewEditInput) -> Self {
        Self { key: input.key, employment_key: input.employment_key, value: input.value, reason: input.reason }
    }
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
            edits: input.edits.unwrap_or_default().into_iter().map(Edit::from).collect(),
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
            Err(error @ DecideError::NeedlessEdits) => InvalidInputError::of(&error.to_string(), &["edits"]).into(),
            Err(DecideError::BadEdit(bad)) => {
                InvalidInputError::of(&bad.message, &["edits", &bad.place.to_string(), bad.part]).into()
            }
            Err(DecideError::Stale { current_version }) => ConflictError::stale(current_version).into(),
            Err(ref error @ DecideError::NoReview { current_version }) => {
                ConflictError::of(&error.to_string(), &["caseId"], current_version).into()
            }
        }))
    }
}
