//! Employer entries of orders, and their tasks.

use std::sync::Arc;

use async_graphql::{ID, Object};

use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::links::EmployerLink;
use crate::graphql::orders::RefreshFailure;
use crate::graphql::scalars::DateTime;
use crate::graphql::view::View;
use crate::ids::{CaseId, OrderEmployerId};
use crate::orders;
use crate::words::{AuditAccess, SuborderStatus, TaskStatus};

/// One employer entry of one order.
#[derive(Clone)]
pub(crate) struct OrderEmployer {
    row: Arc<orders::OrderEmployer>,
    case: CaseId,
    view: View,
}

impl OrderEmployer {
    pub(crate) fn new(row: Arc<orders::OrderEmployer>, case: CaseId, view: &View) -> Self {
        view.show(case, AuditAccess::Read);
        Self { row, case, view: view.clone() }
    }

    /// The entry behind an id, when its case is in the caller's sight.
    pub(crate) async fn find(view: &View, id: OrderEmployerId) -> Result<Option<Self>, ApiError> {
        let Some(row) = view.load().employers.get(id).await? else { return Ok(None) };
        let Some(order) = view.load().orders.get(row.order).await? else { return Ok(None) };
        Ok(view.sees(order.case).await?.then(|| Self::new(row, order.case, view)))
    }
}

/// One employer entry (Truv suborder) of one order.
#[Object]
impl OrderEmployer {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        ids::seal(&self.row.id)
    }

    /// The employer's name; null when Truv named none.
    async fn company_name(&self) -> Option<&str> {
        self.row.company_name.as_deref()
    }

    /// Its state.
    async fn status(&self) -> SuborderStatus {
        self.row.status()
    }

    /// Truv's own word for its state.
    async fn raw_status(&self) -> &str {
        &self.row.raw_status
    }

    /// The connection; null until the client has connected.
    async fn link(&self) -> Option<Result<EmployerLink, ApiError>> {
        let found = self.view.load().links.get(self.row.link?).await;
        found.map(|row| row.map(|row| EmployerLink::new(row, Some(self.case), &self.view))).transpose()
    }

    /// Why this employer brought no data and what follows; null unless it failed.
    async fn failure(&self) -> Option<Result<RefreshFailure, ApiError>> {
        let order = self.view.load().orders.get(self.row.order).await.transpose()?;
        order.map(|order| orders::policy::shown_of_employer(&self.row, &order).map(RefreshFailure::from)).transpose()
    }

    /// The task that counts; null before any task.
    async fn latest_task(&self) -> Option<Result<Task, ApiError>> {
        self.view.load().tasks.get(self.row.latest_task?).await.map(|row| row.map(Task::new)).transpose()
    }
}

/// One pull on one connection.
#[derive(Clone)]
pub(crate) struct Task(Arc<orders::Task>);

impl Task {
    pub(crate) fn new(row: Arc<orders::Task>) -> Self {
        Self(row)
    }
}

/// One pull on one connection, as Truv reports it.
#[Object]
impl Task {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        ids::seal(&self.0.id)
    }

    /// Truv's id.
    async fn truv_task_id(&self) -> &str {
        &self.0.truv_task_id
    }

    /// Its state.
    async fn status(&self) -> TaskStatus {
        TaskStatus::parse(&self.0.raw_status)
    }

    /// Truv's own word for its state.
    async fn raw_status(&self) -> &str {
        &self.0.raw_status
    }

    /// Whether it has ended, well or badly.
    async fn is_terminal(&self) -> bool {
        TaskStatus::parse(&self.0.raw_status).is_terminal()
    }

    /// When Truv last moved it.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.status_at)
    }
}
