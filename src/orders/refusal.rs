//! Why an order was not made, in terms a client of the API can act on.

use chrono::{DateTime, NaiveDate, Utc};

use super::Order;
use super::rules::Fresh;
use crate::ledger::Spending;
use crate::links::Link;
use crate::words::{Program, PurposeRule, RefreshPurpose};

/// Why a verb did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller lacks a scope.
    #[error(transparent)]
    Forbidden(#[from] crate::caller::Forbidden),
    /// The rules forbid it; every reason is listed.
    #[error("refused for {} reasons", .0.len())]
    Refused(Vec<Refusal>),
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] crate::storage::Error),
}

/// One reason.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// Absent, or not the caller's.
    NotFound {
        /// Where in the input.
        path: Vec<String>,
        /// What is missing.
        message: String,
    },
    /// An argument is wrong.
    Invalid {
        /// Where in the input.
        path: Vec<String>,
        /// What is wrong with it.
        message: String,
    },
    /// The state forbids it now.
    Conflict {
        /// Where in the input.
        path: Vec<String>,
        /// What is in the way.
        message: String,
        /// The case's version.
        current_version: i64,
    },
    /// The link has no refresh left.
    Limit {
        /// The link.
        link: Box<Link>,
        /// When it has one again.
        next_available_at: DateTime<Utc>,
    },
    /// Another order is at work on the same link.
    InProgress {
        /// That order.
        order: Box<Order>,
    },
    /// Nothing can be sent to Truv now.
    Unavailable {
        /// When it is tried again; not before then would another request fare better.
        retry_at: DateTime<Utc>,
        /// Whether somebody must put the agency's access key right.
        is_locked_out: bool,
    },
    /// The program's cap of the month leaves no room for it.
    Cap {
        /// What was asked for, and what stands against it.
        spending: Box<Spending>,
    },
    /// The agency's rule forbids a refresh of this purpose outside the certification window.
    Purpose {
        /// What the rule says.
        rule: PurposeRule,
        /// The case's program.
        program: Program,
        /// The purpose that was stated.
        purpose: RefreshPurpose,
        /// When the renewal opens, from which day on it is allowed.
        opens_on: NaiveDate,
    },
    /// The agency's rule forbids a refresh while there is data that is fresh enough.
    Fresh {
        /// That data.
        fresh: Fresh,
    },
    /// The link does not work any more.
    Reauthenticate {
        /// The link.
        link: Box<Link>,
    },
}

/// The path `["input", field]`.
pub(crate) fn input(field: &str) -> Vec<String> {
    vec!["input".to_owned(), field.to_owned()]
}

impl Refusal {
    pub(crate) fn not_found(path: Vec<String>, message: impl Into<String>) -> Self {
        Self::NotFound { path, message: message.into() }
    }

    pub(crate) fn invalid(path: Vec<String>, message: impl Into<String>) -> Self {
        Self::Invalid { path, message: message.into() }
    }

    /// The word in metrics.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Invalid { .. } => "invalid",
            Self::Conflict { .. } => "conflict",
            Self::Limit { .. } => "limit",
            Self::InProgress { .. } => "in_progress",
            Self::Unavailable { .. } => "unavailable",
            Self::Cap { .. } => "cap",
            Self::Purpose { .. } => "purpose",
            Self::Fresh { .. } => "fresh",
            Self::Reauthenticate { .. } => "reauthenticate",
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}
