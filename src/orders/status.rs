//! Which state follows from what Truv has told. Pure.
//!
//! News come more than once, late, and in any order. So nothing here is a step from one state to the next: what was told
//! is *joined* into the best knowledge so far, and states are derived from that. A join does not care about order or
//! repetition, which is why every permutation of a history ends in the same state (the property test below). Rules:
//! Truv's fact sheets "Order of states" and "Deriving order state".

use chrono::{DateTime, TimeDelta, Utc};

use super::{OrderEmployer, Task};
use crate::ids::TaskId;
use crate::words::{OrderStatus, SuborderStatus, TaskStatus};

/// What the order told about the task of one of its employers: `order-refresh-failed`, or a look at the order.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Told {
    /// Truv's word.
    pub raw_status: String,
    /// When Truv said so.
    pub at: DateTime<Utc>,
}

/// Whether only the client can mend it, by logging in again.
pub fn is_clients_to_mend(task: TaskStatus) -> bool {
    matches!(
        task,
        TaskStatus::LoginError | TaskStatus::MfaError | TaskStatus::AccountLocked | TaskStatus::UnableToReset
    )
}

/// Whether the word alone says too little: what the provider says about the task belongs beside it.
pub fn wants_words(task: TaskStatus) -> bool {
    matches!(task, TaskStatus::Error | TaskStatus::ConfigError)
}

/// How bad a failure is, when several signals tell of one incident: what the client must do beats what passes by itself,
/// and that beats what nobody can explain.
pub fn severity(task: TaskStatus) -> u8 {
    match task {
        TaskStatus::LoginError | TaskStatus::MfaError | TaskStatus::AccountLocked | TaskStatus::UnableToReset => 5,
        TaskStatus::Unavailable => 4,
        TaskStatus::Error => 1,
        TaskStatus::ConfigError | TaskStatus::NotSupported => 3,
        TaskStatus::NoData => 2,
        TaskStatus::New
        | TaskStatus::Login
        | TaskStatus::Mfa
        | TaskStatus::Parse
        | TaskStatus::FullParse
        | TaskStatus::Done
        | TaskStatus::Unknown => 0,
    }
}

/// How much a task's news weigh: `done` is never left, a failure only for `done`; else the later word counts, and of two
/// words with the same time the one further on the way.
fn weight(raw: &str, at: DateTime<Utc>) -> (bool, bool, DateTime<Utc>, u8, u8, &str) {
    let status = TaskStatus::parse(raw);
    (status == TaskStatus::Done, status.is_terminal(), at, status.rank(), severity(status), raw)
}

/// Whether news about a task say more than what is known of it.
pub fn task_moves(known: Option<(&str, DateTime<Utc>)>, news: (&str, DateTime<Utc>)) -> bool {
    known.is_none_or(|(raw, at)| weight(news.0, news.1) > weight(raw, at))
}

/// Whether news that an order told about a task say more than what it told before. A failure that is named outweighs
/// `error`, whenever either was told: that word may stand for every failure.
pub fn told_moves(known: Option<&Told>, news: &Told) -> bool {
    let weight = |told: &Told| {
        let status = TaskStatus::parse(&told.raw_status);
        let is_named = status.is_failure() && status != TaskStatus::Error;
        (status == TaskStatus::Done, is_named, told.at, severity(status), told.raw_status.clone())
    };
    known.is_none_or(|known| weight(news) > weight(known))
}

/// Whether news about an employer entry say more than what is known of it: `completed` is never left.
pub fn suborder_moves(known: (&str, Option<DateTime<Utc>>), news: (&str, DateTime<Utc>)) -> bool {
    let weight = |raw: &str, at: Option<DateTime<Utc>>| {
        let status = SuborderStatus::parse(raw);
        let rank = match status {
            SuborderStatus::Unknown => 0,
            SuborderStatus::Pending => 1,
            SuborderStatus::Sent => 2,
            _ => 3,
        };
        (status == SuborderStatus::Completed, at, rank, raw.to_owned())
    };
    weight(news.0, Some(news.1)) > weight(known.0, known.1)
}

/// Times this close are one moment: an order tells its time without a fraction of the second, an event with one.
pub(super) const SAME_MOMENT: TimeDelta = TimeDelta::seconds(1);

/// The state of the task that counts for an employer, with its time and, when a task itself told it, the task.
pub fn effective(tasks: &[Task], told: Option<&Told>) -> Option<(String, DateTime<Utc>, Option<TaskId>)> {
    let of = |task: &Task| (task.raw_status.clone(), task.status_at, Some(task.id));
    let parsed = |task: &Task| TaskStatus::parse(&task.raw_status);
    if let Some(done) = tasks.iter().filter(|task| parsed(task) == TaskStatus::Done).max_by_key(|task| task.status_at) {
        return Some(of(done));
    }
    let latest = tasks.iter().max_by(|a, b| (a.status_at, &a.truv_task_id).cmp(&(b.status_at, &b.truv_task_id)));
    let told_of = |told: &Told, task: Option<TaskId>| (told.raw_status.clone(), told.at, task);
    match (latest, told) {
        (None, None) => None,
        (None, Some(told)) => Some(told_of(told, None)),
        (Some(task), None) => Some(of(task)),
        (Some(task), Some(told)) => {
            let word = TaskStatus::parse(&told.raw_status);
            let is_newer = told.at + SAME_MOMENT >= task.status_at;
            let wins = match (parsed(task).is_terminal(), word.is_terminal()) {
                _ if word == TaskStatus::Done => true,
                // Two words for one failure: the worse one explains it.
                (true, true) => is_newer && severity(word) > severity(parsed(task)),
                (false, true) => is_newer,
                (_, false) => false,
            };
            Some(if wins { told_of(told, Some(task.id)) } else { of(task) })
        }
    }
}

/// Where one employer of an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing has moved yet.
    Waiting,
    /// A task moves.
    Moving,
    /// The data is there.
    Completed,
    /// Connected, nothing there.
    NoData,
    /// Failed.
    Failed,
    /// The client's time ran out.
    Expired,
    /// Canceled.
    Canceled,
}

impl Standing {
    /// Whether news are still expected.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Moving)
    }
}

/// Where an employer stands by its own state and its task's.
pub fn standing(employer: &OrderEmployer) -> Standing {
    let (suborder, task) = (employer.status(), employer.task());
    // A task that moves again after the entry had settled: the client logged in late.
    let revived = employer.task_at > employer.status_at;
    match (suborder, task) {
        (SuborderStatus::Completed, _) | (_, Some(TaskStatus::Done)) => Standing::Completed,
        (SuborderStatus::Canceled, _) => Standing::Canceled,
        (SuborderStatus::NoData, _) | (_, Some(TaskStatus::NoData)) => Standing::NoData,
        (_, Some(task)) if task.is_failure() => Standing::Failed,
        (SuborderStatus::Error | SuborderStatus::Skipped | SuborderStatus::Expired, Some(_)) if revived => {
            Standing::Moving
        }
        (SuborderStatus::Error | SuborderStatus::Skipped, _) => Standing::Failed,
        (SuborderStatus::Expired, _) => Standing::Expired,
        (SuborderStatus::Pending | SuborderStatus::Sent | SuborderStatus::Unknown, Some(_)) => Standing::Moving,
        (SuborderStatus::Pending | SuborderStatus::Sent | SuborderStatus::Unknown, None) => Standing::Waiting,
    }
}

/// Whether the employer's data is there.
pub fn is_completed(employer: &OrderEmployer) -> bool {
    standing(employer) == Standing::Completed
}

/// The state of an order that Truv has, from the standings of its employers. A wish to cancel that reached Truv only after
/// every task was done changes nothing: the data is there, and it is billed.
pub fn derive(standings: &[Standing], is_canceled: bool) -> OrderStatus {
    let any = |standing| standings.contains(&standing);
    let all = |standing| !standings.is_empty() && standings.iter().all(|s| *s == standing);
    if all(Standing::Completed) {
        OrderStatus::Completed
    } else if is_canceled || all(Standing::Canceled) {
        OrderStatus::Canceled
    } else if standings.iter().all(|s| *s == Standing::Waiting) {
        OrderStatus::Pending
    } else if standings.iter().any(|s| s.is_open()) {
        OrderStatus::InProgress
    } else if any(Standing::Completed) {
        OrderStatus::Partial
    } else if any(Standing::Failed) {
        OrderStatus::Failed
    } else if any(Standing::Expired) {
        OrderStatus::Expired
    } else {
        OrderStatus::NoData
    }
}

/// The state that follows, given the one before: what Truv does not have keeps its state, `COMPLETED` is never left.
pub fn next(before: OrderStatus, derived: OrderStatus) -> OrderStatus {
    match before {
        OrderStatus::Completed | OrderStatus::Rejected => before,
        // Still nothing new: silence does not end the silence.
        OrderStatus::Stalled if matches!(derived, OrderStatus::Pending | OrderStatus::InProgress) => before,
        OrderStatus::Requested
        | OrderStatus::OutcomeUnknown
        | OrderStatus::Pending
        | OrderStatus::InProgress
        | OrderStatus::Partial
        | OrderStatus::NoData
        | OrderStatus::Failed
        | OrderStatus::Canceled
        | OrderStatus::Expired
        | OrderStatus::Stalled => derived,
    }
}
