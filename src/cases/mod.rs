//! Cases and their renewals.
//!
//! A case is one client in one program; a renewal is one recertification of it. While a renewal is open, the case's
//! status is the renewal's. Whoever changes a case locks its row first (`lock_in_tx`), and every change raises the
//! case's version and appends an event in the same transaction, so that the events of one case have the order of their
//! versions. Deliberately not here: what an order's news mean for the case (`orders::policy`), and reviews (`renewals`).

mod assign;
pub mod import;
mod load;
pub mod queue;
mod renewal;
mod store;

use chrono::{DateTime, NaiveDate, Utc};

use crate::ids::{AgencyId, CaseId, CaseworkerId, ClientId, OrderId, RenewalId, ReportId};
use crate::notices::About;
use crate::words::{Actor, CaseStatus, NextAction, Program, ReviewDecision};

pub use self::assign::assign;
pub use self::load::{
    count_renewals, find_by_number, load, load_last_reviewed, load_of_clients, load_renewals, page_renewals,
};
pub(crate) use self::renewal::{close_renewal, open_due_renewals, open_renewal_in_tx};
pub(crate) use self::store::{
    Locked, Standing, find_any, find_in_tx, find_last_decided_in_tx, find_renewal_in_tx, list_open_of_client_in_tx,
    lock_in_tx, lock_open_of_client_in_tx, save_renewal_in_tx,
};

/// One client in one program, with a certification period and a due date.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Case {
    /// Our id.
    pub id: CaseId,
    /// The tenant.
    pub agency: AgencyId,
    /// The agency's own number, unique inside the agency.
    pub number: String,
    /// The program.
    pub program: Program,
    /// The person.
    pub client: ClientId,
    /// Whose caseload it is in; `None` for nobody's.
    pub assignee: Option<CaseworkerId>,
    /// Where it stands.
    pub status: CaseStatus,
    /// What is to be done next.
    pub next_action: NextAction,
    /// Who does it; `None` when nothing is to be done.
    pub next_actor: Option<Actor>,
    /// When the certification must be renewed.
    pub due_on: NaiveDate,
    /// Length of a certification period in months.
    pub cycle_months: u32,
    /// The first order of the case; `None` when none was made or imported.
    pub original_order: Option<OrderId>,
    /// The newest order.
    pub latest_order: Option<OrderId>,
    /// The open renewal.
    pub renewal: Option<RenewalId>,
    /// Grows with every change.
    pub version: i64,
    /// When the case was stored here.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Case {
    /// What a notice says of it.
    pub(crate) fn about(&self) -> About<'_> {
        let Self { id, agency, program, version, .. } = *self;
        About { agency, case: id, number: &self.number, program, version }
    }

    /// Whether the due date has passed on this day. A closed case is never overdue.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.status != CaseStatus::Closed && self.due_on < today
    }
}

/// One recertification of a case.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Renewal {
    /// Our id.
    pub id: RenewalId,
    /// The tenant.
    pub agency: AgencyId,
    /// The case.
    pub case: CaseId,
    /// The due date it was opened for.
    pub due_on: NaiveDate,
    /// The day it was opened.
    pub opened_on: NaiveDate,
    /// What the new report is compared with; `None` for a first report.
    pub baseline: Option<ReportId>,
    /// The newest report; `None` until one has come.
    pub current: Option<ReportId>,
    /// When the review was last filled.
    pub prepared_at: Option<DateTime<Utc>>,
    /// The decision; `None` until somebody has decided.
    pub decision: Option<ReviewDecision>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// When it ended; `None` while it is open.
    pub closed_at: Option<DateTime<Utc>>,
}

/// Why a change of a case was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller lacks a scope.
    #[error(transparent)]
    Forbidden(#[from] crate::caller::Forbidden),
    /// There is no such case for this caller.
    #[error("no such case")]
    NotFound,
    /// There is no such caseworker in the agency.
    #[error("no such caseworker")]
    UnknownCaseworker,
    /// Somebody else changed the case first.
    #[error("the case has changed; its version is {current}")]
    Stale {
        /// The version it has now.
        current: i64,
    },
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] crate::storage::Error),
}
