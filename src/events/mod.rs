//! The event log: every committed change of a case, in an order that readers can rely on.
//!
//! `append_in_tx` writes an event inside the transaction that makes the change; the case's version is taken under the lock
//! of the case's row. Readers go by [`Position`]: the log is read in the order (transaction, id) and, on PostgreSQL, only
//! below the oldest transaction of this database that is still open, so that a reader who has passed a position never
//! later finds an event before it. The choice and its price: serial ids alone lose events under concurrent writers, a
//! lock around every append would queue all of them, and this order costs the writers nothing but lets an open
//! transaction delay the readers (`horizon`, which proves the rule, limits our own transactions and raises the alarm
//! about others). A cursor carries the epoch of the database; after a backup was restored `epoch` begins a new one.
//!
//! `hub` tails the log once for the process and hands each event to the streams that it concerns (`listeners`); `stream`
//! turns a starting point into replay and then live events. The log is the truth, a wake-up only a hint.

mod cursor;
mod epoch;
mod happening;
mod horizon;
mod hub;
mod listeners;
mod log;
mod prune;
mod stream;
mod timeline;

use chrono::{DateTime, Utc};

use crate::ids::{AgencyId, CaseId, CaseworkerId, LinkId, OrderEmployerId, OrderId, ReportId, TaskId};
use crate::words::{CaseEventKind, CaseStatus, OrderStatus, RestoredBy};

pub use self::cursor::{Cursor, Position};
pub use self::epoch::{is_foreign as has_foreign_numbers, renew as renew_epoch};
pub use self::happening::Happening;
pub use self::hub::Hub;
pub use self::log::{Filter, Page, Window, page, pruned};
pub(crate) use self::log::{Subject, append_in_tx};
pub(crate) use self::prune::prune;
pub use self::stream::{Frame, stream};
pub use self::timeline::{count, count_of_cases, find, timelines};

/// One committed change of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Where it stands in the log.
    pub position: Position,
    /// The tenant.
    pub agency: AgencyId,
    /// The case.
    pub case: CaseId,
    /// The case's version after the change; unique for the case.
    pub case_version: i64,
    /// The case's caseworker after the change.
    pub assignee: Option<CaseworkerId>,
    /// What happened.
    pub kind: CaseEventKind,
    /// The order concerned.
    pub order: Option<OrderId>,
    /// The employer entry concerned.
    pub employer: Option<OrderEmployerId>,
    /// The task concerned.
    pub task: Option<TaskId>,
    /// The report concerned.
    pub report: Option<ReportId>,
    /// Small facts that the rows do not keep. Never personal data.
    pub facts: Facts,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// Where the change stands in a trace; `None` in none.
    pub trace_parent: Option<String>,
}

/// What an event remembers beside its ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The case's status before, where it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_case_status: Option<CaseStatus>,
    /// The case's status after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_status: Option<CaseStatus>,
    /// The order's status before, where it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_order_status: Option<OrderStatus>,
    /// The order's status after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_status: Option<OrderStatus>,
    /// Truv's word for the task's state, where a task moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_status: Option<String>,
    /// The connection concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkId>,
    /// How it came back, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restored_by: Option<RestoredBy>,
}

/// A change to be appended; the log adds position and time.
#[derive(Clone, Debug)]
pub struct Change {
    /// What happened.
    pub kind: CaseEventKind,
    /// The order concerned.
    pub order: Option<OrderId>,
    /// The employer entry concerned.
    pub employer: Option<OrderEmployerId>,
    /// The task concerned.
    pub task: Option<TaskId>,
    /// The report concerned.
    pub report: Option<ReportId>,
    /// Small facts.
    pub facts: Facts,
}

impl Change {
    /// A change that concerns no more than the case.
    pub fn of(kind: CaseEventKind) -> Self {
        Self { kind, order: None, employer: None, task: None, report: None, facts: Facts::default() }
    }
}
