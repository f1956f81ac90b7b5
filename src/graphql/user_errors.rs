//! What a caller can act on after a mutation that changed nothing: one union for each mutation, every member a `UserError`.

use async_graphql::{Enum, Interface, SimpleObject, Union};

use super::ledger::Spending;
use super::links::EmployerLink;
use super::orders::Order;
use super::refresh_errors::{FreshDataError, PurposeGateError};
use super::scalars::DateTime;
use super::view::View;
use crate::orders::{self, Refusal};

/// The kind of a user error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum ErrorCode {
    /// Absent, or not yours.
    NotFound,
    /// The scope is missing, or the act is not allowed.
    Forbidden,
    /// An argument could not be parsed or is out of range.
    BadUserInput,
    /// The state forbids it now.
    Conflict,
    /// Try later; the error says when.
    RateLimited,
    /// Truv failed or was too slow.
    UpstreamUnavailable,
}

/// Why a mutation changed nothing.
#[derive(Interface)]
#[graphql(
    field(name = "code", ty = "&ErrorCode", desc = "The kind."),
    field(name = "message", ty = "&String", desc = "For people."),
    field(
        name = "path",
        ty = "&Option<Vec<String>>",
        desc = "Where in the arguments, for instance `[\"input\", \"caseId\"]`; null when no argument is to blame."
    )
)]
pub(crate) enum UserError {
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

/// Something named in the arguments is absent, or out of the caller's sight.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct NotFoundError {
    /// The kind.
    code: ErrorCode,
    /// For people.
    message: String,
    /// Where in the arguments; null when no argument is to blame.
    path: Option<Vec<String>>,
}

/// An argument could not be parsed, is out of range, or does not fit the others.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct InvalidInputError {
    /// The kind.
    code: ErrorCode,
    /// For people.
    message: String,
    /// Where in the arguments; null when no argument is to blame.
    path: Option<Vec<String>>,
}

/// Somebody else changed the thing first, or its state forbids the act.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct ConflictError {
    /// The kind.
    code: ErrorCode,
    /// For people.
    message: String,
    /// Where in the arguments; null when no argument is to blame.
    path: Option<Vec<String>>,
    /// The version the thing has now: read it again, then decide anew.
    current_version: i64,
}

/// The allowance of a connection is used up.
#[derive(Clone, SimpleObject)]
pub(crate) struct RefreshLimitError {
    /// The kind.
    pub(super) code: ErrorCode,
    /// For people.
    pub(super) message: String,
    /// Where in the arguments; null when no argument is to blame.
    pub(super) path: Option<Vec<String>>,
    /// The connection.
    pub(super) link: EmployerLink,
    /// When one more refresh becomes possible.
    pub(super) next_available_at: DateTime,
}

/// A refresh of the same connections is on its way.
#[derive(Clone, SimpleObject)]
pub(crate) struct RefreshInProgressError {
    /// The kind.
    code: ErrorCode,
    /// For people.
    message: String,
    /// Where in the arguments; null when no argument is to blame.
    path: Option<Vec<String>>,
    /// That refresh.
    order: Order,
}

/// A connection does not work any more: the client must log in again.
#[derive(Clone, SimpleObject)]
pub(crate) struct ReauthenticationRequiredError {
    /// The kind.
    pub(super) code: ErrorCode,
    /// For people.
    pub(super) message: String,
    /// Where in the arguments; null when no argument is to blame.
    pub(super) path: Option<Vec<String>>,
    /// The connection.
    pub(super) link: EmployerLink,
}

/// Truv failed or was too slow.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct UpstreamUnavailableError {
    /// The kind.
    code: ErrorCode,
    /// For people.
    message: String,
    /// Where in the arguments; null when no argument is to blame.
    path: Option<Vec<String>>,
    /// When to try again; null when nobody knows.
    retry_at: Option<DateTime>,
}

/// The program's cap of the month leaves no room for the refresh.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct SpendingCapError {
    /// The kind.
    pub(super) code: ErrorCode,
    /// For people.
    pub(super) message: String,
    /// Where in the arguments; null when no argument is to blame.
    pub(super) path: Option<Vec<String>>,
    /// What was asked for, and what stands against it.
    pub(super) spending: Spending,
}

/// A place in the arguments of a mutation: `input`, then the names.
pub(super) fn input(path: &[&str]) -> Vec<String> {
    ["input"].iter().chain(path).map(|name| (*name).to_owned()).collect()
}

impl NotFoundError {
    /// The thing that the argument names was not found.
    pub(crate) fn of(message: &str, path: &[&str]) -> Self {
        Self { code: ErrorCode::NotFound, message: message.to_owned(), path: Some(input(path)) }
    }
}

impl InvalidInputError {
    /// The argument is wrong.
    pub(crate) fn of(message: &str, path: &[&str]) -> Self {
        Self { code: ErrorCode::BadUserInput, message: message.to_owned(), path: Some(input(path)) }
    }
}

impl ConflictError {
    /// The thing has another version than the caller thinks.
    pub(crate) fn stale(current_version: i64) -> Self {
        Self {
            code: ErrorCode::Conflict,
            message: "Somebody else changed this first. Read it again, then decide anew.".to_owned(),
            path: Some(input(&["expectedVersion"])),
            current_version,
        }
    }
}

impl ConflictError {
    /// The state forbids it.
    pub(crate) fn of(message: &str, path: &[&str], current_version: i64) -> Self {
        Self { code: ErrorCode::Conflict, message: message.to_owned(), path: Some(input(path)), current_version }
    }
}

impl RefreshInProgressError {
    pub(super) fn of(order: orders::Order, view: &View) -> Self {
        Self {
            code: ErrorCode::Conflict,
            message: "An order for these employers is on its way. Wait for it, or cancel it.".to_owned(),
            path: None,
            order: Order::new(order.into(), view),
        }
    }
}

impl UpstreamUnavailableError {
    pub(super) fn of(retry_at: chrono::DateTime<chrono::Utc>, is_locked_out: bool) -> Self {
        let message = if is_locked_out {
            "Truv does not accept the agency's access key. Tell whoever runs this gateway."
        } else {
            "Truv does not answer at the moment. Try again later."
        };
        Self {
            code: ErrorCode::UpstreamUnavailable,
            message: message.to_owned(),
            path: None,
            retry_at: Some(DateTime(retry_at)),
        }
    }
}

/// Why a case was not assigned.
#[derive(Union)]
pub(crate) enum AssignCaseError {
    NotFound(NotFoundError),
    InvalidInput(InvalidInputError),
    Conflict(ConflictError),
}

/// Why no delivery was replayed.
#[derive(Union)]
pub(crate) enum ReplayDeliveriesError {
    NotFound(NotFoundError),
    InvalidInput(InvalidInputError),
}

/// Why no token was revoked.
#[derive(Union)]
pub(crate) enum RevokeTokensError {
    InvalidInput(InvalidInputError),
}

/// Why no renewal batch was started.
#[derive(Union)]
pub(crate) enum StartRenewalBatchError {
    InvalidInput(InvalidInputError),
    Conflict(ConflictError),
}

/// Why a renewal batch was not paused.
#[derive(Union)]
pub(crate) enum PauseRenewalBatchError {
    NotFound(NotFoundError),
    Conflict(ConflictError),
}

/// Why a renewal batch was not resumed.
#[derive(Union)]
pub(crate) enum ResumeRenewalBatchError {
    NotFound(NotFoundError),
    Conflict(ConflictError),
}

/// Why a renewal batch was not canceled.
#[derive(Union)]
pub(crate) enum CancelRenewalBatchError {
    NotFound(NotFoundError),
    Conflict(ConflictError),
}

/// Why no case was taken in.
#[derive(Union)]
pub(crate) enum ImportCasesError {
    InvalidInputError(InvalidInputError),
}

/// Why a review was not completed.
#[derive(Union)]
pub(crate) enum CompleteReviewError {
    NotFound(NotFoundError),
    InvalidInput(InvalidInputError),
    Conflict(ConflictError),
}

/// Why an order was not canceled.
#[derive(Union)]
pub(crate) enum CancelOrderError {
    NotFound(NotFoundError),
    InvalidInput(InvalidInputError),
    Conflict(ConflictError),
}

impl From<Refusal> for CancelOrderError {
    fn from(refusal: Refusal) -> Self {
        match plain(refusal) {
            Plain::NotFound(error) => error.into(),
            Plain::Invalid(error) => error.into(),
            Plain::Conflict(error) => error.into(),
            Plain::Other(refusal) => InvalidInputError::of(unexpected(&refusal), &["orderId"]).into(),
        }
    }
}

/// Why no bridge token was made.
#[derive(Union)]
pub(crate) enum CreateBridgeTokenError {
    NotFound(NotFoundError),
    InvalidInput(InvalidInputError),
    Conflict(ConflictError),
    UpstreamUnavailable(UpstreamUnavailableError),
}

impl From<Refusal> for CreateBridgeTokenError {
    fn from(refusal: Refusal) -> Self {
        match plain(refusal) {
            Plain::NotFound(error) => error.into(),
            Plain::Invalid(error) => error.into(),
            Plain::Conflict(error) => error.into(),
            Plain::Other(Refusal::Unavailable { retry_at, is_locked_out }) => {
                UpstreamUnavailableError::of(retry_at, is_locked_out).into()
            }
            Plain::Other(refusal) => InvalidInputError::of(unexpected(&refusal), &["linkId"]).into(),
        }
    }
}

/// Why no link was sent.
#[derive(Union)]
pub(crate) enum SendVerificationLinkError {
    NotFound(NotFoundError),
    InvalidInput(InvalidInputError),
    Conflict(ConflictError),
    RefreshInProgress(RefreshInProgressError),
    UpstreamUnavailable(UpstreamUnavailableError),
}

impl SendVerificationLinkError {
    pub(crate) fn of(refusal: Refusal, view: &View) -> Self {
        match plain(refusal) {
            Plain::NotFound(error) => error.into(),
            Plain::Invalid(error) => error.into(),
            Plain::Conflict(error) => error.into(),
            Plain::Other(Refusal::Unavailable { retry_at, is_locked_out }) => {
                UpstreamUnavailableError::of(retry_at, is_locked_out).into()
            }
            Plain::Other(Refusal::InProgress { order }) => RefreshInProgressError::of(*order, view).into(),
            Plain::Other(refusal) => InvalidInputError::of(unexpected(&refusal), &["caseId"]).into(),
        }
    }
}

/// The refusals that every mutation may answer with, apart from those with things of their own.
pub(super) enum Plain {
    NotFound(NotFoundError),
    Invalid(InvalidInputError),
    Conflict(ConflictError),
    Other(Refusal),
}

pub(super) fn plain(refusal: Refusal) -> Plain {
    match refusal {
        Refusal::NotFound { path, message } => {
            Plain::NotFound(NotFoundError { code: ErrorCode::NotFound, message, path: Some(path) })
        }
        Refusal::Invalid { path, message } => {
            Plain::Invalid(InvalidInputError { code: ErrorCode::BadUserInput, message, path: Some(path) })
        }
        Refusal::Conflict { path, message, current_version } => {
            Plain::Conflict(ConflictError { code: ErrorCode::Conflict, message, path: Some(path), current_version })
        }
        other @ (Refusal::Limit { .. }
        | Refusal::InProgress { .. }
        | Refusal::Reauthenticate { .. }
        | Refusal::Cap { .. }
        | Refusal::Purpose { .. }
        | Refusal::Fresh { .. }
        | Refusal::Unavailable { .. }) => Plain::Other(other),
    }
}

/// A reason that this mutation has no error type for; none is known.
pub(super) fn unexpected(refusal: &Refusal) -> &'static str {
    tracing::error!(?refusal, "a mutation was refused for a reason that its errors do not name");
    "This is not possible now."
}
