//! What becomes of a case whose turn has come. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::cases::Case;
use crate::links::Link;
use crate::orders::Refusal;
use crate::words::{BatchSkipReason, CaseStatus, NextAction, OrderStatus};

/// How long a case waits for an order of another case over the same connection.
const SHARED: TimeDelta = TimeDelta::minutes(1);
/// How often a spent cap is looked at again before its month ends: it may have been raised.
const CAP: TimeDelta = TimeDelta::days(1);

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Ask Truv for new data.
    Refresh,
    /// Nothing; for this reason.
    Skip(BatchSkipReason),
    /// The client must log in first: every attempt without that brings the account closer to a lock.
    NeedsLink,
    /// Not now; again at this time.
    Wait(DateTime<Utc>),
    /// It cannot be refreshed, and nobody but a caseworker can help.
    Fail,
}

/// By where the case stands.
pub(super) fn of_case(case: &Case) -> Turn {
    match case.status {
        CaseStatus::Due | CaseStatus::NeedsCaseworker => Turn::Refresh,
        CaseStatus::NeedsClient if case.next_action == NextAction::SendVerificationLink => Turn::NeedsLink,
        // The link is on its way, or with the client.
        CaseStatus::NeedsClient | CaseStatus::WaitingOnClient => Turn::Skip(BatchSkipReason::WaitingOnClient),
        CaseStatus::Refreshing | CaseStatus::RetryScheduled => Turn::Skip(BatchSkipReason::InProgress),
        CaseStatus::ReadyForReview => Turn::Skip(BatchSkipReason::ReadyForReview),
        CaseStatus::NotDue => Turn::Skip(BatchSkipReason::NotDue),
        CaseStatus::Closed => Turn::Skip(BatchSkipReason::Closed),
    }
}

/// By what stands against a refresh. What needs the client comes first, since waiting would not help; then what ends the
/// matter; then what passes.
pub(super) fn of_refusals(case: &Case, refusals: &[Refusal], now: DateTime<Utc>) -> Turn {
    let weight = |turn: &Turn| match turn {
        Turn::NeedsLink => (4, None),
        Turn::Fail => (3, None),
        Turn::Skip(_) => (2, None),
        Turn::Wait(at) => (1, Some(*at)),
        Turn::Refresh => (0, None),
    };
    // Truv calls a connection disconnected after an outage, too: the order that met it will tell which it was.
    let is_explained_soon = |link: &Link| {
        link.is_only_disconnected && refusals.iter().any(|refusal| is_of_another(case, refusal) && moves(refusal))
    };
    let turn = |refusal: &Refusal| match refusal {
        Refusal::Reauthenticate { link } if is_explained_soon(link) => Turn::Wait(now + SHARED),
        _ => of_refusal(case, refusal, now),
    };
    refusals.iter().map(turn).max_by_key(weight).unwrap_or(Turn::Fail)
}

/// An order of another case stands in the way.
fn is_of_another(case: &Case, refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::InProgress { order } if order.case != case.id)
}

/// The order in the way comes to its end by itself, as far as anybody knows.
fn moves(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::InProgress { order } if order.status != OrderStatus::Stalled && order.failure.is_none())
}

fn of_refusal(case: &Case, refusal: &Refusal, now: DateTime<Utc>) -> Turn {
    match refusal {
        Refusal::Reauthenticate { .. } => Turn::NeedsLink,
        Refusal::Limit { next_available_at, .. } => Turn::Wait(*next_available_at),
        Refusal::Unavailable { retry_at, .. } => Turn::Wait(*retry_at),
        Refusal::Cap { spending } => Turn::Wait(spending.resets_at.min(now + CAP)),
        Refusal::InProgress { .. } if is_of_another(case, refusal) && moves(refusal) => Turn::Wait(now + SHARED),
        Refusal::InProgress { .. } => Turn::Skip(BatchSkipReason::InProgress),
        Refusal::Fresh { .. } => Turn::Skip(BatchSkipReason::FreshEnough),
        Refusal::Purpose { .. } => Turn::Skip(BatchSkipReason::NotDue),
        // Nothing that the client has connected: a link is how it begins.
        Refusal::Invalid { path, .. } if path.last().is_some_and(|field| field == "caseId") => Turn::NeedsLink,
        Refusal::NotFound { .. } | Refusal::Invalid { .. } | Refusal::Conflict { .. } => Turn::Fail,
    }
}
