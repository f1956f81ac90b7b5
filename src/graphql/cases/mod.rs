//! Cases: the type here, the queue and the look-up in `queue`, renewals and assigning beside it.

pub(crate) mod assign;
pub(crate) mod decide;
pub(crate) mod import;
pub(crate) mod queue;
pub(crate) mod renewal;

use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject};

use self::renewal::Renewal;
use super::error::ApiError;
use super::events::{self as told, CaseEvent};
use super::history::CaseHistoryEntry;
use super::ids;
use super::lineage::RefreshLineage;
use super::links::EmployerLink;
use super::orders::query::OrderFilter;
use super::orders::{self as made, Order};
use super::page::{Connection, Listed, PageArgs};
use super::people::{Caseworker, Client};
use super::review::{self, ReviewPrefill};
use super::scalars::{Date, DateTime};
use super::view::View;
use crate::caller::Scope;
use crate::cases;
use crate::policy;
use crate::words::{Actor, AuditAccess, CaseStatus, NextAction, Program};

/// One client in one program.
#[derive(Clone)]
pub(crate) struct Case {
    row: Arc<cases::Case>,
    view: View,
}

impl Case {
    pub(crate) fn new(row: Arc<cases::Case>, view: &View) -> Self {
        view.show(row.id, AuditAccess::Read);
        Self { row, view: view.clone() }
    }

    /// The case behind an id, when it is in the caller's sight.
    pub(crate) async fn find(view: &View, id: crate::ids::CaseId) -> Result<Option<Self>, ApiError> {
        Ok(view.load().cases.get(id).await?.map(|row| Self::new(row, view)))
    }

    pub(super) fn row(&self) -> &cases::Case {
        &self.row
    }

    async fn order(&self, id: Option<crate::ids::OrderId>) -> Option<Result<Order, ApiError>> {
        Order::find(&self.view, id?).await.transpose()
    }
}

impl Listed for Case {
    const CONNECTION: &'static str = "CaseConnection";
    const EDGE: &'static str = "CaseEdge";
}

/// What the caller may do with a case now: the token's scopes, and what the case's status allows. A refusal may still
/// follow, for instance when the allowance of a connection is used up.
#[derive(Clone, Copy, Debug, SimpleObject)]
#[expect(clippy::struct_excessive_bools, reason = "independent permissions")]
pub(crate) struct CasePermissions {
    /// Ask Truv for new data: scope `orders:refresh`, a case with an earlier order that is neither closed nor being
    /// refreshed.
    create_refresh_order: bool,
    /// Send the client a link: scope `clients:contact`, a case that is neither closed nor being refreshed.
    send_verification_link: bool,
    /// Decide: scope `reviews:decide`, a case that is ready for review.
    complete_review: bool,
    /// Put the case into a caseload: scope `cases:write`.
    assign: bool,
}

/// One client in one program, with a certification period and a due date. Needs `cases:read`, or `cases:read:assigned` for
/// the caller's own caseload; a case out of sight looks absent.
#[Object]
impl Case {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        ids::seal(&self.row.id)
    }

    /// The agency's own number, unique inside the agency.
    async fn number(&self) -> &str {
        &self.row.number
    }

    /// The program.
    async fn program(&self) -> Program {
        self.row.program
    }

    /// Where the case stands; while a renewal is open, where the renewal stands.
    async fn status(&self) -> CaseStatus {
        self.row.status
    }

    /// What is to be done next.
    async fn next_action(&self) -> NextAction {
        self.row.next_action
    }

    /// Who does it; null when nothing is to be done.
    async fn next_actor(&self) -> Option<Actor> {
        self.row.next_actor
    }

    /// The day the certification must be renewed by.
    async fn due_on(&self) -> Date {
        Date(self.row.due_on)
    }

    /// Whether that day has passed. A closed case is never overdue.
    async fn is_overdue(&self) -> bool {
        self.row.is_overdue(self.view.now().date_naive())
    }

    /// The person.
    async fn client(&self) -> Result<Client, ApiError> {
        match self.view.load().clients.get(self.row.client).await? {
            Some(row) => Ok(Client::new(row, vec![self.row.id], &self.view)),
            None => Err(ApiError::internal("a case has no client")),
        }
    }

    /// Whose caseload it is in; null for nobody's.
    async fn assignee(&self) -> Option<Result<Caseworker, ApiError>> {
        let found = self.view.load().caseworkers.get(self.row.assignee?).await;
        found.map(|row| row.map(Caseworker::new)).transpose()
    }

    /// The first order of the case; null when none was made or imported.
    async fn original_order(&self) -> Option<Result<Order, ApiError>> {
        self.order(self.row.original_order).await
    }

    /// The newest order; null when there is none.
    async fn latest_order(&self) -> Option<Result<Order, ApiError>> {
        self.order(self.row.latest_order).await
    }

    /// The client's saved payroll connections, oldest first, without those whose data was removed at Truv.
    async fn employer_links(&self) -> Result<Vec<EmployerLink>, ApiError> {
        let rows = self.view.load().links_of_client.get(self.row.client).await?;
        Ok(rows.iter().map(|row| EmployerLink::new(row.clone().into(), Some(self.row.id), &self.view)).collect())
    }

    /// The tree of the case's orders.
    async fn lineage(&self) -> Result<RefreshLineage, ApiError> {
        RefreshLineage::load(&self.view, self.row.id).await
    }

    /// The open renewal; null while none is open.
    async fn renewal(&self) -> Option<Result<Renewal, ApiError>> {
        Renewal::find(&self.view, self.row.renewal?).await.transpose()
    }

    /// Every renewal of the case, in the order they were opened.
    async fn renewals(
        &self,
        #[graphql(desc = "Number of items from the start, 1 to 100. Default 25.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Renewal>, ApiError> {
        renewal::page(&self.view, self.row.id, &PageArgs { first, after, last, before }).await
    }

    /// The pre-filled screen of the open renewal, or of the last one decided when none is open. Null until a report has
    /// come, and withheld without the scope `reports:read`.
    async fn review(&self) -> Option<Result<ReviewPrefill, ApiError>> {
        if !self.view.reveals(&policy::CASE_REVIEW) {
            return None;
        }
        review::of_case(&self.view, &self.row).await.transpose()
    }

    /// What the caller may do with the case now.
    async fn viewer_can(&self) -> CasePermissions {
        let status = self.row.status;
        let is_at_rest = !matches!(status, CaseStatus::Closed | CaseStatus::Refreshing);
        CasePermissions {
            create_refresh_order: self.view.has(Scope::OrdersRefresh) && is_at_rest && self.row.latest_order.is_some(),
            send_verification_link: self.view.has(Scope::ClientsContact) && is_at_rest,
            complete_review: self.view.has(Scope::ReviewsDecide) && status == CaseStatus::ReadyForReview,
            assign: self.view.has(Scope::CasesWrite),
        }
    }

    /// What happened to the case itself, oldest first, for as long as it is here: status, next action, due date, caseload,
    /// renewals and orders. The newest 500; as of the moment of `asOf`, if one is shown.
    async fn history(&self) -> Result<Vec<CaseHistoryEntry>, ApiError> {
        CaseHistoryEntry::of(&self.view, &self.row).await
    }

    /// When the case was stored here.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.row.updated_at)
    }

    /// Grows with every change. Of two copies the one with the larger version is the newer one.
    async fn version(&self) -> i64 {
        self.row.version
    }

    /// The case's orders, in the order they were stored.
    async fn orders(
        &self,
        #[graphql(desc = "Number of items from the start, 1 to 100. Default 25.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which orders; absent means all.")] filter: Option<OrderFilter>,
    ) -> Result<Connection<Order>, ApiError> {
        let args = PageArgs { first, after, last, before };
        made::query::page(&self.view, self.row.id, filter.unwrap_or_default(), &args).await
    }

    /// What happened to the case, oldest first, as far back as the log reaches.
    async fn events(
        &self,
        #[graphql(desc = "Number of items from the start, 1 to 100. Default 25.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<CaseEvent>, ApiError> {
        told::log::timeline(&self.view, self.row.id, &PageArgs { first, after, last, before }).await
    }
}
