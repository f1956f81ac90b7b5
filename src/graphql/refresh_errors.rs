//! Why a refresh was not ordered, with the errors that only a refresh meets: the agency's own rules.

use async_graphql::{SimpleObject, Union};

use super::links::EmployerLink;
use super::orders::refresh::FreshData;
use super::scalars::{Date, DateTime};
use super::user_errors::{
    ConflictError, ErrorCode, InvalidInputError, NotFoundError, Plain, ReauthenticationRequiredError,
    RefreshInProgressError, RefreshLimitError, SpendingCapError, UpstreamUnavailableError, input, plain, unexpected,
};
use super::view::View;
use crate::ids::CaseId;
use crate::links;
use crate::orders::Refusal;
use crate::words::{Program, PurposeRule, RefreshPurpose};

/// The agency's rule does not allow a refresh of this purpose outside the certification window.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct PurposeGateError {
    /// The kind.
    pub(super) code: ErrorCode,
    /// For people.
    pub(super) message: String,
    /// Where in the arguments; null when no argument is to blame.
    pub(super) path: Option<Vec<String>>,
    /// What the rule says: to be held until the renewal opens, or not to be made at all.
    rule: PurposeRule,
    /// The program whose rule it is.
    program: Program,
    /// The purpose that was stated.
    purpose: RefreshPurpose,
    /// When the renewal opens; from that day on a refresh is allowed.
    opens_on: Date,
}

/// The case has data that is fresh enough by the agency's rule.
#[derive(Clone, SimpleObject)]
pub(crate) struct FreshDataError {
    /// The kind.
    pub(super) code: ErrorCode,
    /// For people.
    pub(super) message: String,
    /// Where in the arguments; null when no argument is to blame.
    pub(super) path: Option<Vec<String>>,
    /// That data.
    data: FreshData,
}

/// Why a refresh was not ordered.
#[derive(Union)]
pub(crate) enum CreateRefreshOrderError {
    NotFound(NotFoundError),
    InvalidInput(InvalidInputError),
    Conflict(ConflictError),
    RefreshLimit(RefreshLimitError),
    RefreshInProgress(RefreshInProgressError),
    ReauthenticationRequired(ReauthenticationRequiredError),
    UpstreamUnavailable(UpstreamUnavailableError),
    SpendingCap(SpendingCapError),
    PurposeGate(PurposeGateError),
    FreshData(FreshDataError),
}

impl CreateRefreshOrderError {
    pub(crate) fn of(refusal: Refusal, case: CaseId, view: &View) -> Self {
        let link = |link: links::Link| EmployerLink::new(link.into(), Some(case), view);
        match plain(refusal) {
            Plain::NotFound(error) => error.into(),
            Plain::Invalid(error) => error.into(),
            Plain::Conflict(error) => error.into(),
            Plain::Other(Refusal::Unavailable { retry_at, is_locked_out }) => {
                UpstreamUnavailableError::of(retry_at, is_locked_out).into()
            }
            Plain::Other(Refusal::InProgress { order }) => RefreshInProgressError::of(*order, view).into(),
            Plain::Other(Refusal::Limit { link: used_up, next_available_at }) => RefreshLimitError {
                code: ErrorCode::RateLimited,
                message: "This connection has no refresh left for now.".to_owned(),
                path: None,
                link: link(*used_up),
                next_available_at: DateTime(next_available_at),
            }
            .into(),
            Plain::Other(Refusal::Cap { spending }) => SpendingCapError {
                code: ErrorCode::Conflict,
                message: "The program's cap for this month leaves no room for this refresh. Ask whoever keeps the \
                          budget, or wait for the next month."
                    .to_owned(),
                path: None,
                spending: (*spending).into(),
            }
            .into(),
            Plain::Other(Refusal::Purpose { rule, program, purpose, opens_on }) => {
                let what = match rule {
                    PurposeRule::Refuse => "The agency does not refresh for this purpose",
                    PurposeRule::Allow | PurposeRule::Hold => {
                        "Held until the renewal opens: no refresh for this purpose"
                    }
                };
                PurposeGateError {
                    code: ErrorCode::Forbidden,
                    message: format!("{what} outside the certification window, which opens on {opens_on}."),
                    path: Some(input(&["purpose"])),
                    rule,
                    program,
                    purpose,
                    opens_on: Date(opens_on),
                }
                .into()
            }
            Plain::Other(Refusal::Fresh { fresh }) => FreshDataError {
                code: ErrorCode::Conflict,
                message: format!(
                    "The newest report is {} days old, and the agency takes data for fresh within {} days. Use it.",
                    fresh.age_days, fresh.fresh_days
                ),
                path: None,
                data: FreshData::new(fresh, view),
            }
            .into(),
            Plain::Other(Refusal::Reauthenticate { link: broken }) => ReauthenticationRequiredError {
                code: ErrorCode::Conflict,
                message: "This connection does not work any more. Send the client a verification link, or name the \
                          other employers in employerIds."
                    .to_owned(),
                path: None,
                link: link(*broken),
            }
            .into(),
            Plain::Other(refusal) => InvalidInputError::of(unexpected(&refusal), &["caseId"]).into(),
        }
    }
}
