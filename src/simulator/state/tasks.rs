//! Pulls.

use chrono::{DateTime, Utc};

use super::Owner;
use crate::simulator::chance::Id;
use crate::simulator::scenarios::{Scenario, TaskState};

/// How a task comes to its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A refresh: the saved authorisation is used.
    Saved,
    /// The applicant signs in to a connection that exists.
    Again(Id),
    /// The applicant signs in somewhere new, or with other credentials (then the old connection is named).
    Fresh(Option<Id>),
}

/// One pull.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: Id,
    pub(crate) owner: Owner,
    pub(crate) user_id: Id,
    pub(crate) order_id: Option<Id>,
    pub(crate) suborder_id: Option<Id>,
    pub(crate) tracking_info: Option<Id>,
    pub(crate) link_id: Option<Id>,
    pub(crate) product: &'static str,
    pub(crate) entry: Entry,
    /// The connection's scenario when the pull began, so that a change of scenario concerns later pulls only.
    pub(crate) scenario: Scenario,
    pub(crate) status: TaskState,
    pub(crate) path: &'static [TaskState],
    pub(crate) position: usize,
    /// Multiplies the length of steps.
    pub(crate) pace: u32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) error_message: Option<&'static str>,
    pub(crate) suspicious: bool,
}

impl Task {
    pub(crate) fn is_refresh(&self) -> bool {
        self.entry == Entry::Saved
    }
}
