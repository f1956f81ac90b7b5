//! What a failure means: the cause in words for staff, who acts next, and whether it is tried again by itself. Pure.
//!
//! The table is the one of Truv's fact sheet "What to do in a renewal". What a client must do is never retried by itself:
//! every automatic attempt with refused credentials brings the account closer to a lock.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::status::{self, Standing};
use super::{Failure, Order, OrderEmployer};
use crate::cases;
use crate::links;
use crate::truv;
use crate::words::{Actor, CaseStatus, FailureReason, NextAction, OrderStatus, SuborderStatus, TaskStatus};

/// Distances of the retries after a provider outage.
const OUTAGE_RETRIES: [Duration; 3] = [Duration::from_hours(1), Duration::from_hours(6), Duration::from_hours(24)];
/// Distance of the only retry after an unexplained error.
const ERROR_RETRY: [Duration; 1] = [Duration::from_hours(1)];
/// Distances of the retries where Truv counts no refresh left.
const LIMIT_RETRIES: [Duration; 3] = [Duration::from_hours(24); 3];

/// By how much of itself a distance may be longer: what failed together does not come back together.
const JITTER: f64 = 0.1;

/// What bounds the retries of an order, and who else may have been in touch with the client.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// The automatic retries before.
    pub attempt: u32,
    /// No retry after this instant: the case is due. `None` for no bound.
    pub deadline: Option<DateTime<Utc>>,
    /// Whether the retry was called off.
    pub is_called_off: bool,
    /// Whether that was because the connection had stopped working meanwhile.
    pub is_left_to_client: bool,
    /// The connection has no refresh left before then.
    pub moved_to: Option<DateTime<Utc>>,
    /// Whether the order itself asks the client.
    pub asks_client: bool,
}

impl Terms {
    /// The terms of an order of a case that is due on that day; `None` where the day does not matter.
    pub fn of(order: &Order, due_on: Option<NaiveDate>) -> Self {
        Self {
            attempt: order.attempt,
            deadline: due_on.and_then(end_of),
            is_called_off: order.retry_canceled_at.is_some(),
            // No other failure that is tried again ends with the client.
            is_left_to_client: order.retry_canceled_at.is_some() && order.failure.as_ref().is_some_and(needs_client),
            moved_to: order.retry_moved_to,
            asks_client: order.contact.is_some(),
        }
    }

    /// Whether a retry at that time still helps a failure of this time: a case that is overdue already is tried all the
    /// same, since late is better than never.
    pub fn admits(&self, retry_at: DateTime<Utc>, failed_at: DateTime<Utc>) -> bool {
        self.deadline.is_none_or(|deadline| retry_at < deadline || failed_at >= deadline)
    }
}

/// The end of a day in UTC.
fn end_of(day: NaiveDate) -> Option<DateTime<Utc>> {
    Some(day.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN).and_utc())
}

/// A row of the table.
struct Row {
    reason: FailureReason,
    action: NextAction,
    actor: Actor,
    /// Distances of the retries by attempt; when they are used up a caseworker takes over.
    retries: &'static [Duration],
    message: &'static str,
}

const fn ask_client(reason: FailureReason, message: &'static str) -> Row {
    Row { reason, action: NextAction::SendVerificationLink, actor: Actor::Client, retries: &[], message }
}

const fn by_hand(reason: FailureReason, message: &'static str) -> Row {
    Row { reason, action: NextAction::ResolveByHand, actor: Actor::Caseworker, retries: &[], message }
}

const fn retry(reason: FailureReason, retries: &'static [Duration], message: &'static str) -> Row {
    Row { reason, action: NextAction::RetryLater, actor: Actor::Gateway, retries, message }
}

/// The row for a task that failed; `None` for one that did not.
fn of_task(task: TaskStatus) -> Option<Row> {
    Some(match task {
        TaskStatus::LoginError => ask_client(
            FailureReason::CredentialsChanged,
            "The payroll provider refused the sign-in. The client must log in again.",
        ),
        TaskStatus::MfaError => ask_client(
            FailureReason::SessionExpired,
            "The payroll provider wants a new security code. The client must log in again.",
        ),
        TaskStatus::AccountLocked => ask_client(
            FailureReason::AccountLocked,
            "The account is locked at the payroll provider. The client must unlock it there first, then log in again.",
        ),
        TaskStatus::UnableToReset => ask_client(
            FailureReason::CredentialsChanged,
            "The credentials could not be reset. The client must log in again.",
        ),
        TaskStatus::Unavailable => retry(
            FailureReason::ProviderUnavailable,
            &OUTAGE_RETRIES,
            "The payroll provider is down or in maintenance. The client need not do anything.",
        ),
        TaskStatus::Error => {
            retry(FailureReason::Unknown, &ERROR_RETRY, "The payroll provider failed without an explanation.")
        }
        TaskStatus::NoData => by_hand(
            FailureReason::NoData,
            "Connected, but the provider holds no pay data. Has the client left the job? Ask for the new employer.",
        ),
        TaskStatus::ConfigError => by_hand(
            FailureReason::Configuration,
            "Wrong organisation data or a document fault; documents may be in review. Read the provider's message.",
        ),
        TaskStatus::NotSupported => {
            by_hand(FailureReason::NotSupported, "This provider cannot be used. Use another data source or documents.")
        }
        TaskStatus::New
        | TaskStatus::Login
        | TaskStatus::Mfa
        | TaskStatus::Parse
        | TaskStatus::FullParse
        | TaskStatus::Done
        | TaskStatus::Unknown => return None,
    })
}

/// The row for an employer entry that settled without its task saying why.
fn of_suborder(suborder: SuborderStatus) -> Option<Row> {
    Some(match suborder {
        SuborderStatus::NoData => return of_task(TaskStatus::NoData),
        SuborderStatus::Error => by_hand(
            FailureReason::Unknown,
            "Truv could not reach the client or could not process the data. Check the contact data.",
        ),
        SuborderStatus::Skipped => {
            ask_client(FailureReason::Unknown, "The client opened the link and left without connecting.")
        }
        SuborderStatus::Expired => {
            ask_client(FailureReason::Stalled, "The client's time to connect ran out. Send a new link.")
        }
        SuborderStatus::Pending
        | SuborderStatus::Sent
        | SuborderStatus::Completed
        | SuborderStatus::Canceled
        | SuborderStatus::Unknown => return None,
    })
}

fn failure(row: &Row, task: Option<TaskStatus>, message: Option<&str>, at: DateTime<Utc>) -> Failure {
    let message = match message {
        Some(words) => format!("{} The provider says: {words}", row.message),
        None => row.message.to_owned(),
    };
    let (next_action, next_actor) = (row.action, row.actor);
    Failure { reason: row.reason, task_status: task, next_action, next_actor, retry_at: None, message, occurred_at: at }
}

/// The same failure when it will not be tried again by itself, with the reason.
pub(crate) fn left_to_caseworker(failure: Failure, why: &str) -> Failure {
    let (next_action, next_actor) = (NextAction::ResolveByHand, Actor::Caseworker);
    let message = if why.is_empty() { failure.message } else { format!("{} {why}", failure.message) };
    Failure { next_action, next_actor, retry_at: None, message, ..failure }
}

/// The same failure when its connection has stopped working before it could be tried again: trying would bring the
/// client's account closer to a lock.
pub(crate) fn left_to_client(failure: &Failure) -> Failure {
    let (next_action, next_actor) = (NextAction::SendVerificationLink, Actor::Client);
    let message =
        format!("{} Meanwhile the connection stopped working; the client must log in again.", failure.message);
    Failure { next_action, next_actor, retry_at: None, message, ..*failure }
}

/// Sets the time of the retry, or leaves the failure to a caseworker when none is due any more. The time is the same
/// however often it is asked for: chance comes from the order's id.
fn scheduled(failure: Failure, row: &Row, employer: &OrderEmployer, terms: &Terms) -> Failure {
    let distance = usize::try_from(terms.attempt).ok().and_then(|attempt| row.retries.get(attempt));
    let Some(distance) = distance else { return left_to_caseworker(failure, "") };
    if terms.is_left_to_client {
        return left_to_client(&failure);
    }
    if terms.is_called_off {
        return left_to_caseworker(failure, "It is not tried again.");
    }
    let spread = f64::from(u32::try_from(employer.order.0.as_u128() % 1_000).unwrap_or_default()) / 1_000.0;
    let wait = TimeDelta::from_std(distance.mul_f64(JITTER.mul_add(spread, 1.0))).unwrap_or_default();
    let planned = failure.occurred_at + wait;
    let retry_at = terms.moved_to.map_or(planned, |moved| moved.max(planned));
    if terms.admits(retry_at, failure.occurred_at) {
        Failure { retry_at: Some(retry_at), ..failure }
    } else {
        left_to_caseworker(failure, "The next try would come after the due date.")
    }
}

/// Truv has written to the client about this failure by itself: the entry went on to `sent` after its task had failed.
fn is_written_about(employer: &OrderEmployer, failed_at: DateTime<Utc>) -> bool {
    employer.status() == SuborderStatus::Sent
        && employer.status_at.is_some_and(|at| at + status::SAME_MOMENT >= failed_at)
}

/// Why an employer of an order failed; `None` while it has not.
pub fn of_employer(employer: &OrderEmployer, terms: &Terms) -> Option<Failure> {
    match status::standing(employer) {
        Standing::Waiting | Standing::Moving | Standing::Completed | Standing::Canceled => return None,
        Standing::NoData | Standing::Failed | Standing::Expired => {}
    }
    let message = employer.message.as_deref();
    let (row, failure) = if let Some(task) = employer.task().filter(|task| task.is_failure()) {
        let row = if is_used_up(employer) { USED_UP } else { of_task(task)? };
        let at = employer.task_at.unwrap_or(employer.updated_at);
        let failure = failure(&row, Some(task), message, at);
        (row, failure)
    } else {
        let row = of_suborder(employer.status())?;
        let failure = failure(&row, None, message, employer.status_at.unwrap_or(employer.updated_at));
        (row, failure)
    };
    Some(match row.action {
        NextAction::RetryLater => scheduled(failure, &row, employer, terms),
        // One sender for one incident: nobody else writes while Truv's own message counts.
        NextAction::SendVerificationLink if !terms.asks_client && is_written_about(employer, failure.occurred_at) => {
            let message = format!("{} Truv has written to the client; the login is awaited.", failure.message);
            Failure { next_action: NextAction::Wait, message, ..failure }
        }
        _ => failure,
    })
}

/// The same as it is shown: an employer is tried again only when its order is.
pub fn shown_of_employer(employer: &OrderEmployer, order: &Order) -> Option<Failure> {
    let failure = of_employer(employer, &Terms::of(order, None))?;
    match &order.failure {
        Some(of_order) if failure.retry_at.is_some() => Some(match of_order.retry_at {
            Some(retry_at) => Failure { retry_at: Some(retry_at), ..failure },
            None => left_to_caseworker(failure, ""),
        }),
        _ => Some(failure),
    }
}

/// Why an order failed: the worst failure among its employers.
pub fn of_employers(employers: &[OrderEmployer], terms: &Terms) -> Option<Failure> {
    let weight = |failure: &Failure| {
        let of_action = match failure.next_action {
            NextAction::SendVerificationLink => 4,
            NextAction::Wait => 3,
            NextAction::RetryLater => 2,
            _ => 1,
        };
        (of_action, failure.task_status.map_or(0, status::severity), failure.occurred_at)
    };
    employers.iter().filter_map(|employer| of_employer(employer, terms)).max_by_key(weight)
}

/// Whether the failure is for the client to mend, whoever asks them.
pub(crate) fn needs_client(failure: &Failure) -> bool {
    matches!(failure.next_action, NextAction::SendVerificationLink | NextAction::Wait)
}

/// The failure of an order that Truv refused.
pub fn rejected(message: &str, retry_at: Option<DateTime<Utc>>, at: DateTime<Utc>) -> Failure {
    let (next_action, next_actor) = match retry_at {
        Some(_) => (NextAction::RetryLater, Actor::Gateway),
        None => (NextAction::ResolveByHand, Actor::Operations),
    };
    Failure {
        reason: FailureReason::Configuration,
        task_status: None,
        next_action,
        next_actor,
        retry_at,
        message: message.to_owned(),
        occurred_at: at,
    }
}

/// Truv's own count of refreshes is used up. No cause of the contract fits but the open one; what matters is that it comes
/// back by itself.
const USED_UP: Row = retry(
    FailureReason::Unknown,
    &LIMIT_RETRIES,
    "Truv counts no refresh left for this connection today; another system may have used them. It is tried again when the \
     day is over.",
);

/// Whether the employer's task failed because Truv counts no refresh left: instead of refusing the order it may fail the
/// employer alone, and then only the task's words tell (fact sheet "Refresh quota").
pub(crate) fn is_used_up(employer: &OrderEmployer) -> bool {
    employer.task() == Some(TaskStatus::Error) && truv::names_refresh_limit(None, employer.message.as_deref())
}

/// When Truv has refreshes left again that were used up then: whatever it counted leaves its window within a day.
pub(crate) fn allowed_after(at: DateTime<Utc>) -> DateTime<Utc> {
    at + TimeDelta::from_std(links::WINDOW).unwrap_or_default()
}

/// The failure of an order that Truv refused because its own count of refreshes is used up.
pub fn used_up(retry_at: DateTime<Utc>, at: DateTime<Utc>) -> Failure {
    Failure { reason: FailureReason::Unknown, ..rejected(USED_UP.message, Some(retry_at), at) }
}

/// The failure of an order that Truv refused because the client has removed the connection.
pub fn removed(at: DateTime<Utc>) -> Failure {
    let message = "Data and credentials of this connection were removed at Truv. The client must log in again.";
    failure(&ask_client(FailureReason::SessionExpired, message), None, None, at)
}

/// The failure of an order without news for too long. A late result is still taken.
pub fn stalled(at: DateTime<Utc>) -> Failure {
    Failure {
        reason: FailureReason::Stalled,
        task_status: None,
        next_action: NextAction::ResolveByHand,
        next_actor: Actor::Caseworker,
        retry_at: None,
        message: "Truv has reported no end for too long. It is still being asked; a late result will be taken."
            .to_owned(),
        occurred_at: at,
    }
}

/// Where an order puts its case.
pub(crate) fn case_standing(order: &Order) -> cases::Standing {
    let stand = |status, next_action, next_actor| cases::Standing { status, next_action, next_actor: Some(next_actor) };
    let refreshing = stand(CaseStatus::Refreshing, NextAction::Wait, Actor::Gateway);
    match (order.status, &order.failure) {
        // The link is on its way to Truv; then the client has it.
        (OrderStatus::Requested | OrderStatus::OutcomeUnknown, None) if order.contact.is_some() => {
            stand(CaseStatus::NeedsClient, NextAction::Wait, Actor::Gateway)
        }
        (OrderStatus::Pending, None) if order.contact.is_some() => {
            stand(CaseStatus::WaitingOnClient, NextAction::Wait, Actor::Client)
        }
        (OrderStatus::Canceled, _) => cases::Standing::DUE,
        (_, Some(failure)) => {
            let status = match failure.next_action {
                NextAction::SendVerificationLink => CaseStatus::NeedsClient,
                NextAction::Wait => CaseStatus::WaitingOnClient,
                NextAction::RetryLater => CaseStatus::RetryScheduled,
                // Some data came: the caseworker sees it in the review, with the failure beside it.
                _ if order.status == OrderStatus::Partial => return refreshing,
                _ => CaseStatus::NeedsCaseworker,
            };
            stand(status, failure.next_action, failure.next_actor)
        }
        // The report is fetched next; the review follows.
        (_, None) => refreshing,
    }
}

/// Whether the review of an order's report is the next step, rather than what its failure asks for.
pub(crate) fn is_reviewable(order: &Order) -> bool {
    let failure_waits = |failure: &Failure| !needs_client(failure) && failure.next_action != NextAction::RetryLater;
    match order.status {
        OrderStatus::Completed => true,
        OrderStatus::Partial => order.failure.as_ref().is_none_or(failure_waits),
        _ => false,
    }
}
