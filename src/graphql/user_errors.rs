//! What a caller can act on after a mutation that changed nothing: one union for each mutation, every member a `UserError`.

use async_graphql::{Enum, Interface, SimpleObject, Union};

use super::links::EmployerLink;
use super::orders::Order;
use super::scalars::DateTime;

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
    NotFoundError(NotFoundError),
    InvalidInputError(InvalidInputError),
    ConflictError(ConflictError),
    RefreshLimitError(RefreshLimitError),
    RefreshInProgressError(RefreshInProgressError),
    ReauthenticationRequiredError(ReauthenticationRequiredError),
    UpstreamUnavailableError(UpstreamUnavailableError),
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
    code: ErrorCode,
    /// For people.
    message: String,
    /// Where in the arguments; null when no argument is to blame.
    path: Option<Vec<String>>,
    /// The connection.
    link: EmployerLink,
    /// When one more refresh becomes possible.
    next_available_at: DateTime,
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
    code: ErrorCode,
    /// For people.
    message: String,
    /// Where in the arguments; null when no argument is to blame.
    path: Option<Vec<String>>,
    /// The connection.
    link: EmployerLink,
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

/// A place in the arguments of a mutation: `input`, then the names.
fn input(path: &[&str]) -> Option<Vec<String>> {
    Some(["input"].iter().chain(path).map(|name| (*name).to_owned()).collect())
}

impl NotFoundError {
    /// The thing that the argument names was not found.
    pub(crate) fn of(message: &str, path: &[&str]) -> Self {
        Self { code: ErrorCode::NotFound, message: message.to_owned(), path: input(path) }
    }
}

impl InvalidInputError {
    /// The argument is wrong.
    pub(crate) fn of(message: &str, path: &[&str]) -> Self {
        Self { code: ErrorCode::BadUserInput, message: message.to_owned(), path: input(path) }
    }
}

impl ConflictError {
    /// The thing has another version than the caller thinks.
    pub(crate) fn stale(current_version: i64) -> Self {
        Self {
            code: ErrorCode::Conflict,
            message: "Somebody else changed this first. Read it again, then decide anew.".to_owned(),
            path: input(&["expectedVersion"]),
            current_version,
        }
    }
}

/// Why a case was not assigned.
#[derive(Union)]
pub(crate) enum AssignCaseError {
    NotFoundError(NotFoundError),
    InvalidInputError(InvalidInputError),
    ConflictError(ConflictError),
}

/// Why a refresh was not ordered.
#[derive(Union)]
pub(crate) enum CreateRefreshOrderError {
    NotFoundError(NotFoundError),
    InvalidInputError(InvalidInputError),
    ConflictError(ConflictError),
    RefreshLimitError(RefreshLimitError),
    RefreshInProgressError(RefreshInProgressError),
    ReauthenticationRequiredError(ReauthenticationRequiredError),
    UpstreamUnavailableError(UpstreamUnavailableError),
}
