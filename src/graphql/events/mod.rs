//! Case events: the interface and its kinds here, the log in pages in `log`, live in `stream`.

pub(crate) mod log;
pub(crate) mod stream;

use std::sync::Arc;

use async_graphql::{ID, Interface, Object};

use super::cases::Case;
use super::error::ApiError;
use super::ids;
use super::links::EmployerLink;
use super::orders::employer::{OrderEmployer, Task};
use super::orders::{Order, RefreshFailure};
use super::page::Listed;
use super::reports::IncomeReport;
use super::scalars::DateTime;
use super::view::View;
use crate::events::{Cursor, Event, Position};
use crate::policy;
use crate::words::{CaseEventKind, CaseStatus, OrderStatus, RestoredBy};

/// What every event tells.
#[derive(Clone)]
pub(crate) struct Told {
    id: ID,
    position: Position,
    kind: CaseEventKind,
    occurred_at: chrono::DateTime<chrono::Utc>,
    case: Option<Case>,
    view: View,
}

/// What an event about an order tells.
#[derive(Clone)]
pub(crate) struct ToldOfOrder {
    told: Told,
    order: Order,
    event: Arc<Event>,
}

/// One committed change of a case, or a note of the stream itself. Needs `cases:read`, or `cases:read:assigned` for the
/// caller's own caseload. Delivered at least once, and in order within a case; ignore a kind that you do not know.
#[derive(Clone, Interface)]
#[graphql(
    field(name = "id", ty = "ID", desc = "Global id."),
    field(
        name = "cursor",
        ty = "String",
        desc = "Where the event stands in the log: `after` of the query and of the subscription goes on from here."
    ),
    field(name = "kind", ty = "CaseEventKind", desc = "What happened."),
    field(name = "occurred_at", ty = "DateTime", desc = "When."),
    field(
        name = "case",
        ty = "Option<Case>",
        desc = "The case as it is now; null for `STREAM_OPENED` and `RESYNC`, and when it has left the caller's sight."
    )
)]
pub(crate) enum CaseEvent {
    StreamOpened(StreamOpened),
    Resync(Resync),
    CaseStatusChanged(CaseStatusChanged),
    OrderCreated(OrderCreated),
    OrderStatusChanged(OrderStatusChanged),
    TaskStatusChanged(TaskStatusChanged),
    RefreshFailed(RefreshFailed),
    ReportReady(ReportReady),
    VerificationLinkSent(VerificationLinkSent),
    ReviewCompleted(ReviewCompleted),
    LinkHealthChanged(LinkHealthChanged),
    ConnectionRestored(ConnectionRestored),
}

impl Listed for CaseEvent {
    const CONNECTION: &'static str = "CaseEventConnection";
    const EDGE: &'static str = "CaseEventEdge";
}

/// One kind of event: the five common fields, and its own.
macro_rules! kind {
    ($(#[$doc:meta])* $name:ident($inner:ty), $told:ident => $common:expr; $($own:tt)*) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub(crate) struct $name($inner);

        impl $name {
            fn told(&self) -> &Told {
                let $told = &self.0;
                $common
            }
        }

        #[Object]
        $(#[$doc])*
        impl $name {
            /// Global id.
            pub(crate) async fn id(&self) -> ID {
                self.told().id.clone()
            }

            /// Where the event stands in the log: `after` of the query and of the subscription goes on from here.
            pub(crate) async fn cursor(&self) -> String {
                let told = self.told();
                Cursor(told.position).seal(&told.view.kit().opaque, told.view.caller().agency)
            }

            /// What happened.
            pub(crate) async fn kind(&self) -> CaseEventKind {
                self.told().kind
            }

            /// When.
            pub(crate) async fn occurred_at(&self) -> DateTime {
                DateTime(self.told().occurred_at)
            }

            /// The case as it is now; null for `STREAM_OPENED` and `RESYNC`, and when it has left the caller's sight.
            pub(crate) async fn case(&self) -> Option<Case> {
                self.told().case.clone()
            }

            $($own)*
        }
    };
}

kind! {
    /// The first frame of every stream: subscribe, wait for it, then read your lists, and nothing is missed in between.
    StreamOpened(Told), told => told;
}

kind! {
    /// Events may be missing before this one: read your lists again, then go on.
    Resync(Told), told => told;
}

kind! {
    /// The case's status, next action, assignee or due date changed.
    CaseStatusChanged((Told, Arc<Event>)), told => &told.0;

    /// The status before; null when the status did not change.
    async fn previous_status(&self) -> Option<CaseStatus> {
        let facts = &self.0.1.facts;
        facts.previous_case_status.filter(|before| Some(*before) != facts.case_status)
    }
}

kind! {
    /// An order was stored.
    OrderCreated(ToldOfOrder), told => &told.told;

    /// The order as it is now.
    async fn order(&self) -> &Order {
        &self.0.order
    }
}

kind! {
    /// An order's status changed.
    OrderStatusChanged(ToldOfOrder), told => &told.told;

    /// The order as it is now.
    async fn order(&self) -> &Order {
        &self.0.order
    }

    /// The status before; null when it is not known.
    async fn previous_status(&self) -> Option<OrderStatus> {
        self.0.event.facts.previous_order_status
    }
}

kind! {
    /// A task of an order moved.
    TaskStatusChanged(ToldOfOrder), told => &told.told;

    /// The order as it is now.
    async fn order(&self) -> &Order {
        &self.0.order
    }

    /// The employer entry as it is now; null when the event names none.
    async fn employer(&self) -> Option<Result<OrderEmployer, ApiError>> {
        self.0.employer().await.transpose()
    }

    /// The task as it is now; null when the event names none.
    async fn task(&self) -> Option<Result<Task, ApiError>> {
        let found = self.0.told.view.load().tasks.get(self.0.event.task?).await;
        found.map(|row| row.map(Task::new)).transpose()
    }
}

kind! {
    /// A refresh failed, wholly or for one employer.
    RefreshFailed(ToldOfOrder), told => &told.told;

    /// The order as it is now.
    async fn order(&self) -> &Order {
        &self.0.order
    }

    /// The employer entry as it is now; null when the order failed as a whole.
    async fn employer(&self) -> Option<Result<OrderEmployer, ApiError>> {
        self.0.employer().await.transpose()
    }

    /// Why the order failed and what follows; null when it does not count as failed any more.
    async fn failure(&self) -> Option<RefreshFailure> {
        self.0.order.why_failed()
    }
}

kind! {
    /// A report was fetched and the review filled.
    ReportReady(ToldOfOrder), told => &told.told;

    /// The order as it is now.
    async fn order(&self) -> &Order {
        &self.0.order
    }

    /// The report; withheld without the scope `reports:read`.
    async fn report(&self) -> Option<Result<IncomeReport, ApiError>> {
        let view = &self.0.told.view;
        if !view.reveals(&policy::EVENT_REPORT) {
            return None;
        }
        IncomeReport::find(view, self.0.event.report?).await.transpose()
    }
}

kind! {
    /// A link for the client exists.
    VerificationLinkSent(ToldOfOrder), told => &told.told;

    /// The order as it is now; its `verificationLink` is the link.
    async fn order(&self) -> &Order {
        &self.0.order
    }
}

kind! {
    /// A caseworker decided.
    ReviewCompleted(Told), told => told;
}

kind! {
    /// A payroll connection of the client was found broken, was removed at Truv, or works again; told to every case of the
    /// client, also before it is due.
    LinkHealthChanged((Told, Arc<Event>)), told => &told.0;

    /// The connection as it is now; null when it is not known any more.
    async fn link(&self) -> Option<Result<EmployerLink, ApiError>> {
        let (told, event) = &self.0;
        told.link(event).await.transpose()
    }
}

kind! {
    /// A connection that the client had to mend works again: nobody need be asked any more, and an open ask for it ends.
    ConnectionRestored(ToldOfOrder), told => &told.told;

    /// The order that brought the data; where another case did, the order of this case that waited for the client, or the
    /// newest one where a batch had found the connection broken before it asked Truv.
    async fn order(&self) -> &Order {
        &self.0.order
    }

    /// How it came back; null when that is not known.
    async fn restored_by(&self) -> Option<RestoredBy> {
        self.0.event.facts.restored_by
    }

    /// The connection as it is now, which may be another one in the place of the broken one; null when it is not known any
    /// more.
    async fn link(&self) -> Option<Result<EmployerLink, ApiError>> {
        self.0.told.link(&self.0.event).await.transpose()
    }
}

impl Told {
    async fn link(&self, event: &Event) -> Result<Option<EmployerLink>, ApiError> {
        let Some(id) = event.facts.link else { return Ok(None) };
        let row = self.view.load().links.get(id).await?;
        Ok(row.map(|row| EmployerLink::new(row, Some(event.case), &self.view)))
    }
}

impl ToldOfOrder {
    async fn employer(&self) -> Result<Option<OrderEmployer>, ApiError> {
        let Some(id) = self.event.employer else { return Ok(None) };
        OrderEmployer::find(&self.told.view, id).await
    }
}

/// An event as its kind; `None` for an event about an order whose case has left the caller's sight since.
pub(crate) async fn tell(view: &View, event: Arc<Event>) -> Result<Option<CaseEvent>, ApiError> {
    let told = Told {
        id: ids::seal(&event.position),
        position: event.position,
        kind: event.kind,
        occurred_at: event.occurred_at,
        case: Case::find(view, event.case).await?,
        view: view.clone(),
    };
    let of_order: fn(ToldOfOrder) -> CaseEvent = match event.kind {
        CaseEventKind::CaseStatusChanged => return Ok(Some(CaseStatusChanged((told, event)).into())),
        CaseEventKind::ReviewCompleted => return Ok(Some(ReviewCompleted(told).into())),
        CaseEventKind::LinkHealthChanged => return Ok(Some(LinkHealthChanged((told, event)).into())),
        CaseEventKind::StreamOpened => return Ok(Some(StreamOpened(told).into())),
        CaseEventKind::Resync => return Ok(Some(Resync(told).into())),
        CaseEventKind::OrderCreated => |told| OrderCreated(told).into(),
        CaseEventKind::OrderStatusChanged => |told| OrderStatusChanged(told).into(),
        CaseEventKind::TaskStatusChanged => |told| TaskStatusChanged(told).into(),
        CaseEventKind::RefreshFailed => |told| RefreshFailed(told).into(),
        CaseEventKind::ReportReady => |told| ReportReady(told).into(),
        CaseEventKind::VerificationLinkSent => |told| VerificationLinkSent(told).into(),
        CaseEventKind::ConnectionRestored => |told| ConnectionRestored(told).into(),
    };
    if told.case.is_none() {
        return Ok(None);
    }
    let order = match event.order {
        Some(id) => Order::find(view, id).await?,
        None => None,
    };
    let order = order.ok_or_else(|| ApiError::internal("an event about an order names none"))?;
    Ok(Some(of_order(ToldOfOrder { told, order, event })))
}
