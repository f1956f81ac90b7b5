//! Everything with a global id, and its look-up. What the caller may not see looks absent.

use async_graphql::{Context, ID, Interface, Object};
use futures_util::future::join_all;

use super::cases::Case;
use super::cases::renewal::Renewal;
use super::error::ApiError;
use super::events::{
    self, CaseEvent, CaseStatusChanged, ConnectionRestored, LinkHealthChanged, OrderCreated, OrderStatusChanged,
    RefreshFailed, ReportReady, Resync, ReviewCompleted, StreamOpened, TaskStatusChanged, VerificationLinkSent,
};
use super::ids::{self, Global, Kind};
use super::links::EmployerLink;
use super::orders::Order;
use super::orders::employer::{OrderEmployer, Task};
use super::people::{Caseworker, Client};
use super::renewal_batches::RenewalBatch;
use super::renewal_batches::item::RenewalBatchItem;
use super::reports::{IncomeReport, PayStatement};
use super::view::View;
use crate::caller::Scope;
use crate::events::Position;
use crate::ids::{
    BatchId, BatchItemId, CaseId, CaseworkerId, ClientId, LinkId, OrderEmployerId, OrderId, PayStatementId,
};
use crate::ids::{RenewalId, ReportId, TaskId};
use crate::renewals::batch;
use crate::words::AuditAccess;

/// Most ids of one look-up.
const MOST: usize = 100;

/// A thing with a global id, by which it can be fetched again.
#[derive(Clone, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Global id. Opaque: never build one, never take one apart."))]
pub(crate) enum Node {
    Case(Case),
    Renewal(Renewal),
    Client(Client),
    Caseworker(Caseworker),
    Order(Order),
    OrderEmployer(OrderEmployer),
    EmployerLink(EmployerLink),
    Task(Task),
    IncomeReport(IncomeReport),
    PayStatement(PayStatement),
    RenewalBatch(RenewalBatch),
    RenewalBatchItem(RenewalBatchItem),
    // Declares that the interface is a node too; a value always has one of the kinds below.
    CaseEvent(CaseEvent),
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

#[derive(Default)]
pub(crate) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The thing behind a global id; null when the id is not ours or the thing is absent or out of the caller's sight.
    /// Needs `cases:read` or `cases:read:assigned`; reports and pay statements also `reports:read`, renewal batches
    /// `cases:read` and `renewals:run`.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
    ) -> Option<Result<Node, ApiError>> {
        find(ctx.data_unchecked::<View>(), &id).await.transpose()
    }

    /// The things behind global ids, in the same order, each as with `node`.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global ids, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Result<Node, ApiError>>>, ApiError> {
        let view = ctx.data_unchecked::<View>();
        if ids.len() > MOST {
            return Err(ApiError::bad_input(format!("ids has more than {MOST} ids")));
        }
        let found = join_all(ids.iter().map(|id| find(view, id))).await;
        Ok(found.into_iter().map(Result::transpose).collect())
    }
}

/// The thing behind a global id, in the caller's sight.
pub(super) async fn find(view: &View, id: &ID) -> Result<Option<Node>, ApiError> {
    view.cases()?;
    let Some((kind, bytes)) = ids::open(id) else { return Ok(None) };
    let load = view.load();
    Ok(match kind {
        Kind::Case => Case::find(view, CaseId::of(bytes)).await?.map(Node::from),
        Kind::Renewal => match load.renewals.get(RenewalId::of(bytes)).await? {
            Some(row) if view.sees(row.case).await? => Some(Renewal::new(row, view).into()),
            _ => None,
        },
        Kind::Client => {
            let id = ClientId::of(bytes);
            match cases_in_sight(view, id).await? {
                cases if cases.is_empty() => None,
                cases => load.clients.get(id).await?.map(|row| Client::new(row, cases, view).into()),
            }
        }
        Kind::Caseworker => load.caseworkers.get(CaseworkerId::of(bytes)).await?.map(|row| Caseworker::new(row).into()),
        Kind::Order => match load.orders.get(OrderId::of(bytes)).await? {
            Some(row) if view.sees(row.case).await? => Some(Order::new(row, view).into()),
            _ => None,
        },
        Kind::OrderEmployer => OrderEmployer::find(view, OrderEmployerId::of(bytes)).await?.map(Node::from),
        Kind::EmployerLink => link(view, LinkId::of(bytes)).await?,
        Kind::Task => task(view, TaskId::of(bytes)).await?,
        Kind::IncomeReport => IncomeReport::find(view, ReportId::of(bytes)).await?.map(Node::from),
        Kind::PayStatement => statement(view, PayStatementId::of(bytes)).await?,
        Kind::RenewalBatch => {
            batch::require(view.caller())?;
            RenewalBatch::find(view, BatchId::of(bytes)).await?.map(Node::from)
        }
        Kind::RenewalBatchItem => {
            batch::require(view.caller())?;
            RenewalBatchItem::find(view, BatchItemId::of(bytes)).await?.map(Node::from)
        }
        Kind::Event => event(view, Position::of(bytes)).await?,
        Kind::Opening | Kind::Gap | Kind::Delivery | Kind::TokenRevocation => None,
    })
}

/// The client's cases in the caller's sight. Whoever sees none of them does not see the client.
async fn cases_in_sight(view: &View, client: ClientId) -> Result<Vec<CaseId>, ApiError> {
    Ok(view.load().cases_of_client.get(client).await?.iter().map(|case| case.id).collect())
}

async fn link(view: &View, id: LinkId) -> Result<Option<Node>, ApiError> {
    let Some(row) = view.load().links.get(id).await? else { return Ok(None) };
    let cases = cases_in_sight(view, row.client).await?;
    for case in &cases {
        view.show(*case, AuditAccess::Read);
    }
    Ok((!cases.is_empty()).then(|| EmployerLink::new(row, None, view).into()))
}

async fn task(view: &View, id: TaskId) -> Result<Option<Node>, ApiError> {
    let Some(row) = view.load().tasks.get(id).await? else { return Ok(None) };
    Ok(OrderEmployer::find(view, row.employer).await?.map(|_| Task::new(row).into()))
}

async fn statement(view: &View, id: PayStatementId) -> Result<Option<Node>, ApiError> {
    view.require(Scope::ReportsRead)?;
    let load = view.load();
    let Some(row) = load.statements.get(id).await? else { return Ok(None) };
    let Some(job) = load.employments.get(row.employment).await? else { return Ok(None) };
    Ok(IncomeReport::find(view, job.report).await?.map(|_| PayStatement::new(row).into()))
}

async fn event(view: &View, at: Position) -> Result<Option<Node>, ApiError> {
    let Some(event) = crate::events::find(&view.kit().db, view.cases()?, at).await? else { return Ok(None) };
    Ok(events::tell(view, event.into()).await?.map(|event| match event {
        CaseEvent::StreamOpened(event) => event.into(),
        CaseEvent::Resync(event) => event.into(),
        CaseEvent::CaseStatusChanged(event) => event.into(),
        CaseEvent::OrderCreated(event) => event.into(),
        CaseEvent::OrderStatusChanged(event) => event.into(),
        CaseEvent::TaskStatusChanged(event) => event.into(),
        CaseEvent::RefreshFailed(event) => event.into(),
        CaseEvent::ReportReady(event) => event.into(),
        CaseEvent::VerificationLinkSent(event) => event.into(),
        CaseEvent::ReviewCompleted(event) => event.into(),
        CaseEvent::LinkHealthChanged(event) => event.into(),
        CaseEvent::ConnectionRestored(event) => event.into(),
    }))
}
