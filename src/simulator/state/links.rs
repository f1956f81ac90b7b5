//! People and their connections.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::Owner;
use crate::simulator::chance::Id;
use crate::simulator::payroll::{Job, Snapshot};
use crate::simulator::scenarios::{Scenario, TaskState};

/// A person.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: Id,
    pub(crate) owner: Owner,
    pub(crate) external_user_id: Option<String>,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) ssn: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) deleted: bool,
    pub(crate) links: Vec<Id>,
    pub(crate) orders: Vec<Id>,
}

/// A payroll provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    pub(crate) id: Arc<str>,
    pub(crate) name: Arc<str>,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: Id,
    pub(crate) owner: Owner,
    pub(crate) user_id: Id,
    pub(crate) access_token: Id,
    pub(crate) hash: Id,
    pub(crate) provider: Provider,
    pub(crate) company_mapping_id: Option<Id>,
    pub(crate) company_name: Arc<str>,
    pub(crate) data_source: Arc<str>,
    pub(crate) product: &'static str,
    pub(crate) tracking_info: Option<Id>,
    pub(crate) status: TaskState,
    pub(crate) suspicious: bool,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// The last login by the applicant: the age of the authorisation counts from here.
    pub(crate) authorised_at: DateTime<Utc>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    pub(crate) scenario: Scenario,
    /// Pulls under the present scenario, for those that change their mind.
    pub(crate) pulls: u32,
    pub(crate) jobs: Arc<[Job]>,
    /// What was read last.
    pub(crate) data: Option<Snapshot>,
    /// When the last pull ended; its report appears a little later.
    pub(crate) done_at: Option<DateTime<Utc>>,
    /// Refreshes that count towards the quota.
    pub(crate) attempts: VecDeque<(DateTime<Utc>, Id)>,
}

impl Link {
    /// Refreshes in the 24 hours before `now`.
    pub(crate) fn refreshes_today(&self, now: DateTime<Utc>) -> usize {
        let day_ago = now - TimeDelta::hours(24);
        self.attempts.iter().filter(|(at, _)| *at > day_ago).count()
    }
}
