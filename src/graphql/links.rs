//! Saved payroll connections.

use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject};

use super::error::ApiError;
use super::ids;
use super::scalars::{Date, DateTime};
use super::view::View;
use crate::ids::CaseId;
use crate::links::{self, Allowance, Forecast};
use crate::words::{AuditAccess, DataSource, LinkHealth};

/// A saved payroll connection.
#[derive(Clone)]
pub(crate) struct EmployerLink {
    row: Arc<links::Link>,
    /// The case it is looked at from; `None` when it was fetched by its own id.
    case: Option<CaseId>,
    view: View,
}

impl EmployerLink {
    pub(crate) fn new(row: Arc<links::Link>, case: Option<CaseId>, view: &View) -> Self {
        if let Some(case) = case {
            view.show(case, AuditAccess::Read);
        }
        Self { row, case, view: view.clone() }
    }
}

/// The refreshes of a connection inside 24 hours.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub(crate) struct RefreshAllowance {
    /// Most refreshes in 24 hours.
    limit: u32,
    /// Refreshes spent in the last 24 hours.
    used: u32,
    /// Refreshes left now.
    remaining: u32,
    /// When one more becomes possible; null while one is possible now.
    next_available_at: Option<DateTime>,
}

/// A saved payroll connection (Truv link). It outlives the orders that used it. Seen by whoever sees one of its client's
/// cases.
#[Object]
impl EmployerLink {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        ids::seal(&self.row.id)
    }

    /// Truv's id.
    async fn truv_link_id(&self) -> &str {
        &self.row.truv_link_id
    }

    /// The employer's name; null when Truv named none.
    async fn company_name(&self) -> Option<&str> {
        self.row.company_name.as_deref()
    }

    /// The payroll provider's name; null when Truv named none.
    async fn provider_name(&self) -> Option<&str> {
        self.row.provider_name.as_deref()
    }

    /// Where its data comes from.
    async fn data_source(&self) -> DataSource {
        self.row.data_source
    }

    /// How likely it still works on the due date of the case that it is reached through; fetched by id, of the client's
    /// case that is due first.
    async fn health(&self) -> Result<LinkHealth, ApiError> {
        let load = self.view.load();
        let due_on = match self.case {
            Some(case) => load.cases.get(case).await?.map(|case| case.due_on),
            None => load.cases_of_client.get(self.row.client).await?.first().map(|case| case.due_on),
        };
        // Without a case in sight nothing is due.
        let due_on = due_on.unwrap_or_else(|| self.view.kit().clock.today());
        let lifetime_days = self.view.kit().renewals.link_lifetime_days;
        Ok(links::health(&self.row, Forecast { due_on, lifetime_days }))
    }

    /// When the client last logged in; null when unknown.
    async fn connected_at(&self) -> Option<DateTime> {
        self.row.connected_at.map(DateTime)
    }

    /// When a refresh last brought data; null when none has.
    async fn last_refreshed_at(&self) -> Option<DateTime> {
        self.row.last_refreshed_at.map(DateTime)
    }

    /// The day it is expected to stop working; null when nobody knows when the client logged in.
    async fn expected_expiry_on(&self) -> Option<Date> {
        links::expected_expiry(&self.row, self.view.kit().renewals.link_lifetime_days).map(Date)
    }

    /// Truv's flag for suspected fraud or a mismatch; null when not reported.
    async fn is_suspicious(&self) -> Option<bool> {
        self.row.is_suspicious
    }

    /// The refreshes it has left.
    async fn allowance(&self) -> Result<RefreshAllowance, ApiError> {
        let spent = self.view.load().spent.get(self.row.id).await?;
        let kit = self.view.kit();
        let allowance = Allowance::from_spent(kit.renewals.refreshes_per_day, &spent)
            .corrected(self.row.limited_until, kit.clock.now());
        Ok(RefreshAllowance {
            limit: allowance.limit,
            used: allowance.used,
            remaining: allowance.remaining(),
            next_available_at: allowance.next_available_at.map(DateTime),
        })
    }
}
