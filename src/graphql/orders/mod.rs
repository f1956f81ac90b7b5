//! Orders: the type here, employers and tasks in `employer`, look-ups in `query`; `refresh` and `contact` make new ones.

pub(crate) mod bridge;
pub(crate) mod contact;
pub(crate) mod employer;
pub(crate) mod query;
pub(crate) mod refresh;

use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject};
use secrecy::ExposeSecret;

use self::employer::OrderEmployer;
use super::cases::Case;
use super::error::ApiError;
use super::ids;
use super::page::Listed;
use super::reports::IncomeReport;
use super::scalars::{DateTime, Url};
use super::view::View;
use crate::ids::OrderId;
use crate::orders;
use crate::policy;
use crate::words::{
    Actor, AuditAccess, DeliveryChannel, FailureReason, NextAction, OrderKind, OrderStatus, ProductType,
    RefreshPurpose, TaskStatus,
};

/// Our record of one Truv order.
#[derive(Clone)]
pub(crate) struct Order {
    row: Arc<orders::Order>,
    view: View,
}

impl Order {
    pub(crate) fn new(row: Arc<orders::Order>, view: &View) -> Self {
        view.show(row.case, AuditAccess::Read);
        Self { row, view: view.clone() }
    }

    /// The order behind an id. Whether the caller may see its case is for whoever got the id from outside to ask.
    pub(crate) async fn find(view: &View, id: OrderId) -> Result<Option<Self>, ApiError> {
        Ok(view.load().orders.get(id).await?.map(|row| Self::new(row, view)))
    }

    /// Why the order failed; `None` unless it did.
    pub(crate) fn why_failed(&self) -> Option<RefreshFailure> {
        self.row.failure.clone().map(RefreshFailure::from)
    }
}

impl Listed for Order {
    const CONNECTION: &'static str = "OrderConnection";
    const EDGE: &'static str = "OrderEdge";
}

/// Why an order, or one employer of it, brought no data, and what follows.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct RefreshFailure {
    /// The cause.
    reason: FailureReason,
    /// The state of the task that failed; null when no task was involved.
    task_status: Option<TaskStatus>,
    /// What to do.
    next_action: NextAction,
    /// Who does it.
    next_actor: Actor,
    /// When it will be tried again by itself; null when it will not.
    retry_at: Option<DateTime>,
    /// The explanation for staff.
    message: String,
    /// When it happened.
    occurred_at: DateTime,
}

impl From<orders::Failure> for RefreshFailure {
    fn from(failure: orders::Failure) -> Self {
        Self {
            reason: failure.reason,
            task_status: failure.task_status,
            next_action: failure.next_action,
            next_actor: failure.next_actor,
            retry_at: failure.retry_at.map(DateTime),
            message: failure.message,
            occurred_at: DateTime(failure.occurred_at),
        }
    }
}

/// A link that lets its holder log in as the client. Pass it on to the client and to nobody else.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct VerificationLink {
    /// The address.
    url: Url,
    /// When it stops working; null when Truv did not say.
    expires_at: Option<DateTime>,
    /// How Truv sends it; `NONE` alone when the agency passes it on.
    channels: Vec<DeliveryChannel>,
}

/// Our record of one Truv order, from the moment it is intended. Seen by whoever sees its case.
#[Object]
impl Order {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        ids::seal(&self.row.id)
    }

    /// Truv's id; null until Truv has answered.
    async fn truv_order_id(&self) -> Option<&str> {
        self.row.truv_order_id.as_deref()
    }

    /// Our reference at Truv, which a refresh takes over from its parent; null when there is none.
    async fn number(&self) -> Option<&str> {
        self.row.number.as_deref()
    }

    /// How it came from its parent.
    async fn kind(&self) -> OrderKind {
        self.row.kind
    }

    /// Where it stands.
    async fn status(&self) -> OrderStatus {
        self.row.status
    }

    /// What it asks for.
    async fn products(&self) -> Vec<ProductType> {
        vec![self.row.product]
    }

    /// Why it was made; null for orders from before.
    async fn purpose(&self) -> Option<RefreshPurpose> {
        self.row.purpose
    }

    /// The case.
    async fn case(&self) -> Result<Case, ApiError> {
        Case::find(&self.view, self.row.case).await?.ok_or_else(|| ApiError::internal("an order has no case in sight"))
    }

    /// The order it came from; null for an original order.
    async fn parent(&self) -> Option<Result<Order, ApiError>> {
        Self::find(&self.view, self.row.parent?).await.transpose()
    }

    /// The employers it asks, in the order's own order.
    async fn employers(&self) -> Result<Vec<OrderEmployer>, ApiError> {
        let rows = self.view.load().employers_of_order.get(self.row.id).await?;
        Ok(rows.iter().map(|row| OrderEmployer::new(row.clone().into(), self.row.case, &self.view)).collect())
    }

    /// The newest report it brought. Null until one has come, and withheld without the scope `reports:read`.
    async fn report(&self) -> Option<Result<IncomeReport, ApiError>> {
        if !self.view.reveals(&policy::ORDER_REPORT) {
            return None;
        }
        IncomeReport::of_order(&self.view, self.row.id).await.transpose()
    }

    /// Why it failed and what follows; null unless it failed.
    async fn failure(&self) -> Option<RefreshFailure> {
        self.why_failed()
    }

    /// The client's link. Null for an order that asks no client and until Truv has answered, and withheld without the scope
    /// `clients:contact`.
    async fn verification_link(&self) -> Option<Result<VerificationLink, ApiError>> {
        let sealed = self.row.share_url.as_ref()?;
        if !self.view.reveals(&policy::ORDER_LINK) {
            return None;
        }
        self.view.show(self.row.case, AuditAccess::Link);
        let url = match self.view.kit().sealer.open(&self.row.share_url_place(), sealed) {
            Ok(url) => url::Url::parse(url.expose_secret()).ok()?,
            Err(error) => return Some(Err(ApiError::internal(&format!("a client's link: {error}")))),
        };
        let channels = self.row.contact.as_ref().map(|contact| contact.channels.clone());
        Some(Ok(VerificationLink {
            url: Url(url),
            expires_at: self.row.expires_at.map(DateTime),
            channels: channels.unwrap_or_else(|| vec![DeliveryChannel::None]),
        }))
    }

    /// Whether its status can change no more. A failed or expired order may still complete, since Truv lets the client log
    /// in late.
    async fn is_final(&self) -> bool {
        matches!(self.row.status, OrderStatus::Completed | OrderStatus::Rejected | OrderStatus::Canceled)
    }

    /// The subject that asked for it; `system:` and a name for what the gateway did by itself.
    async fn requested_by(&self) -> &str {
        &self.row.requested_by
    }

    /// When it was stored.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.row.updated_at)
    }

    /// When every employer had completed; null until then.
    async fn completed_at(&self) -> Option<DateTime> {
        self.row.completed_at.map(DateTime)
    }

    /// When the client's time runs out; null when there is no such time.
    async fn expires_at(&self) -> Option<DateTime> {
        self.row.expires_at.map(DateTime)
    }

    /// Grows with every change of the order.
    async fn version(&self) -> i64 {
        self.row.version
    }
}
