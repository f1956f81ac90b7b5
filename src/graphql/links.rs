//! Saved payroll connections.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};

use super::error::ApiError;
use super::history::LinkHistoryEntry;
use super::ids;
use super::scalars::{Date, DateTime};
use super::view::View;
use crate::caller::Scope;
use crate::ids::CaseId;
use crate::lifetimes::Table;
use crate::links::{self, Allowance, Forecast};
use crate::words::{AuditAccess, DataSource, LifetimeBasis, LinkHealth};

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

    fn lifetimes(&self) -> Arc<Table> {
        let kit = self.view.kit();
        kit.lifetimes.of(self.row.agency, &kit.renewals)
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
        let due_on = due_on.unwrap_or_else(|| self.view.now().date_naive());
        Ok(links::health(&self.row, Forecast { due_on, lifetimes: &self.lifetimes() }))
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
        links::expected_expiry(&self.row, &self.lifetimes()).map(Date)
    }

    /// Truv's flag for suspected fraud or a mismatch; null when not reported.
    async fn is_suspicious(&self) -> Option<bool> {
        self.row.is_suspicious
    }

    /// What happened to the connection, oldest first: logins, refreshes, failures, limits, suspicions.
    async fn history(&self) -> Result<Vec<LinkHistoryEntry>, ApiError> {
        LinkHistoryEntry::of(&self.view, &self.row).await
    }

    /// The refreshes it has left.
    async fn allowance(&self) -> Result<RefreshAllowance, ApiError> {
        let spent = self.view.load().spent.get(self.row.id).await?;
        let kit = self.view.kit();
        let allowance = Allowance::from_spent(kit.renewals.refreshes_per_day, &spent)
            .corrected(self.row.limited_until, self.view.now());
        Ok(RefreshAllowance {
            limit: allowance.limit,
            used: allowance.used,
            remaining: allowance.remaining(),
            next_available_at: allowance.next_available_at.map(DateTime),
        })
    }
}

/// How long the connections of one provider last: what is expected, and what refreshes have shown.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct LinkLifetime {
    /// Truv's id of the provider.
    provider_id: String,
    /// How many days after the client's login a connection is expected to work. Forecasts and plans go by it.
    expected_days: u32,
    /// Where that figure comes from.
    basis: LifetimeBasis,
    /// Refreshes that brought data.
    worked_count: i64,
    /// Refreshes whose sign-in the provider refused.
    failed_count: i64,
    /// The greatest age in days at which a refresh has worked; null when none has.
    longest_working_days: Option<u32>,
    /// The smallest age in days at which a refresh was refused; null when none was.
    shortest_failed_days: Option<u32>,
    /// The age in days in the middle of all that were refused; null when none was.
    median_failed_days: Option<u32>,
}

#[derive(Default)]
pub(crate) struct LifetimeQuery;

#[Object]
impl LifetimeQuery {
    /// How long payroll connections last, by provider: every provider that the settings name or that a refresh has asked.
    /// Needs `cases:read`.
    async fn link_lifetimes(&self, ctx: &Context<'_>) -> Result<Vec<LinkLifetime>, ApiError> {
        let view = ctx.data_unchecked::<View>();
        view.require(Scope::CasesRead)?;
        let table = links::lifetimes(view.kit(), view.caller().agency).await?;
        let count = |amount| i64::try_from(amount).unwrap_or(i64::MAX);
        let shown = table.providers().into_iter().map(|(provider_id, expected, seen)| {
            let (worked, failed) = seen.totals();
            LinkLifetime {
                provider_id,
                expected_days: expected.days,
                basis: expected.basis,
                worked_count: count(worked),
                failed_count: count(failed),
                longest_working_days: seen.longest_working(),
                shortest_failed_days: seen.shortest_failed(),
                median_failed_days: seen.median_failed(),
            }
        });
        Ok(shown.collect())
    }
}
