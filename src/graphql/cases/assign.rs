//! Putting a case into a caseload.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::Case;
use crate::caller::Scope;
use crate::cases;
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::user_errors::{AssignCaseError, ConflictError, InvalidInputError, NotFoundError};
use crate::graphql::view::View;
use crate::ids::CaseworkerId;

/// Which case goes into whose caseload.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct AssignCaseInput {
    /// The case.
    case_id: ID,
    /// The caseworker; null or absent takes the case out of every caseload.
    assignee_id: Option<ID>,
    /// The version that the caller has seen; absent to assign whatever happened meanwhile.
    expected_version: Option<i32>,
}

/// What became of an assignment.
#[derive(SimpleObject)]
pub(crate) struct AssignCasePayload {
    /// The case as it is now; null with a user error, and when the case has left the caller's own sight.
    case: Option<Case>,
    /// Why nothing changed; empty when it did.
    user_errors: Vec<AssignCaseError>,
}

#[derive(Default)]
pub(crate) struct AssignMutation;

#[Object]
impl AssignMutation {
    /// Puts a case into a caseload, or takes it out of every one. Needs `cases:write` beside a scope to read the case.
    async fn assign_case(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which case goes into whose caseload.")] input: AssignCaseInput,
    ) -> Result<AssignCasePayload, ApiError> {
        // An earlier mutation of the same request may have changed what the loaders keep.
        let view = ctx.data_unchecked::<View>().renewed();
        view.cases()?;
        view.require(Scope::CasesWrite)?;
        match assign(&view, input).await? {
            Ok(case) => {
                let is_seen = view.cases()?.admits(case.agency, case.assignee);
                let case = is_seen.then(|| Case::new(case.into(), &view));
                Ok(AssignCasePayload { case, user_errors: Vec::new() })
            }
            Err(refused) => Ok(AssignCasePayload { case: None, user_errors: vec![refused] }),
        }
    }
}

async fn assign(view: &View, input: AssignCaseInput) -> Result<Result<cases::Case, AssignCaseError>, ApiError> {
    let Some(case) = ids::find(&input.case_id) else {
        return Ok(Err(InvalidInputError::of("This is not the id of a case.", &["caseId"]).into()));
    };
    let assignee: Option<CaseworkerId> = match input.assignee_id.as_ref().map(ids::find) {
        None => None,
        Some(Some(assignee)) => Some(assignee),
        Some(None) => {
            return Ok(Err(InvalidInputError::of("This is not the id of a caseworker.", &["assigneeId"]).into()));
        }
    };
    let expected = input.expected_version.map(i64::from);
    Ok(Err(match cases::assign(view.kit(), view.caller(), case, assignee, expected).await {
        Ok(case) => return Ok(Ok(case)),
        Err(cases::Error::NotFound) => NotFoundError::of("There is no such case.", &["caseId"]).into(),
        Err(cases::Error::UnknownCaseworker) => {
            NotFoundError::of("There is no such caseworker.", &["assigneeId"]).into()
        }
        Err(cases::Error::Stale { current }) => ConflictError::stale(current).into(),
        Err(cases::Error::Forbidden(missing)) => return Err(missing.into()),
        Err(cases::Error::Storage(error)) => return Err(error.into()),
    }))
}
