//! Rows of orders, their employers and tasks.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::status;
use super::{Failure, Order, OrderEmployer, Task};
use crate::ids::{AgencyId, CaseId, LinkId, OrderEmployerId, OrderId, RenewalId};
use crate::seal::Sealed;
use crate::storage::entities::{idempotency_keys, order_employers, orders, tasks};
use crate::storage::past::{self, Was};
use crate::storage::{Database, Error, Tx};
use crate::telemetry;
use crate::words::{OrderStatus, RowKind, TaskStatus};

/// States in which an order still may bring news; the others are settled.
pub(crate) const OPEN: [OrderStatus; 5] = [
    OrderStatus::Requested,
    OrderStatus::OutcomeUnknown,
    OrderStatus::Pending,
    OrderStatus::InProgress,
    OrderStatus::Stalled,
];

/// The order of the agency.
pub(crate) async fn find<C: ConnectionTrait>(db: &C, agency: AgencyId, id: OrderId) -> Result<Option<Order>, Error> {
    let query = orders::Entity::find_by_id(id.0).filter(orders::Column::AgencyId.eq(agency.0));
    Ok(query.one(db).await?.map(Order::from))
}

/// The order of the agency, which must be there: something that was stored with it points to it.
pub(crate) async fn load<C: ConnectionTrait>(db: &C, agency: AgencyId, id: OrderId) -> Result<Order, Error> {
    find(db, agency, id).await?.ok_or_else(|| Error::Corrupt(format!("order {id} is missing")))
}

/// The orders of a case, oldest first.
pub(crate) async fn list_of_case<C: ConnectionTrait>(db: &C, case: CaseId) -> Result<Vec<Order>, Error> {
    let query = orders::Entity::find()
        .filter(orders::Column::CaseId.eq(case.0))
        .order_by_asc(orders::Column::CreatedAt)
        .order_by_asc(orders::Column::Id);
    Ok(query.all(db).await?.into_iter().map(Order::from).collect())
}

/// The employer entries of all orders that a renewal of the case has made.
pub(crate) async fn list_employers_of_renewal<C: ConnectionTrait>(
    db: &C,
    case: CaseId,
    renewal: RenewalId,
) -> Result<Vec<OrderEmployer>, Error> {
    let orders = list_of_case(db, case).await?;
    let ids: Vec<_> = orders.iter().filter(|order| order.renewal == Some(renewal)).map(|order| order.id).collect();
    employers_of(db, &ids).await
}

/// Employer entries of the agency by their ids.
pub(crate) async fn find_employers<C: ConnectionTrait>(
    db: &C,
    agency: AgencyId,
    ids: &[OrderEmployerId],
) -> Result<Vec<OrderEmployer>, Error> {
    let query = order_employers::Entity::find()
        .filter(order_employers::Column::AgencyId.eq(agency.0))
        .filter(order_employers::Column::Id.is_in(ids.iter().map(|id| id.0)));
    Ok(query.all(db).await?.into_iter().map(OrderEmployer::from).collect())
}

/// The employer entries of several orders.
pub(crate) async fn employers_of<C: ConnectionTrait>(db: &C, ids: &[OrderId]) -> Result<Vec<OrderEmployer>, Error> {
    let query = order_employers::Entity::find()
        .filter(order_employers::Column::OrderId.is_in(ids.iter().map(|id| id.0)))
        .order_by_asc(order_employers::Column::OrderId)
        .order_by_asc(order_employers::Column::Position);
    Ok(query.all(db).await?.into_iter().map(OrderEmployer::from).collect())
}

/// The same, with its row locked until the transaction ends. Lock the case first: every writer takes case before order.
pub(crate) async fn lock_in_tx(tx: &Tx, agency: AgencyId, id: OrderId) -> Result<Option<Order>, Error> {
    let query = orders::Entity::find_by_id(id.0).filter(orders::Column::AgencyId.eq(agency.0)).lock(LockType::Update);
    Ok(query.one(tx).await?.map(Order::from))
}

/// The order that Truv knows by this id.
pub(crate) async fn find_by_truv_id<C: ConnectionTrait>(
    db: &C,
    agency: AgencyId,
    truv_order_id: &str,
) -> Result<Option<Order>, Error> {
    let query = orders::Entity::find()
        .filter(orders::Column::AgencyId.eq(agency.0))
        .filter(orders::Column::TruvOrderId.eq(truv_order_id));
    Ok(query.one(db).await?.map(Order::from))
}

/// The order whose employer entry Truv knows by this id.
pub(crate) async fn find_by_suborder<C: ConnectionTrait>(
    db: &C,
    agency: AgencyId,
    truv_suborder_id: &str,
) -> Result<Option<OrderId>, Error> {
    let query = order_employers::Entity::find()
        .filter(order_employers::Column::AgencyId.eq(agency.0))
        .filter(order_employers::Column::TruvSuborderId.eq(truv_suborder_id));
    Ok(query.one(db).await?.map(|row| row.order_id.into()))
}

/// The order that a task known to us works for.
pub(crate) async fn find_by_task<C: ConnectionTrait>(
    db: &C,
    agency: AgencyId,
    truv_task_id: &str,
) -> Result<Option<OrderId>, Error> {
    let row = tasks::Entity::find()
        .filter(tasks::Column::AgencyId.eq(agency.0))
        .filter(tasks::Column::TruvTaskId.eq(truv_task_id))
        .one(db)
        .await?;
    let Some(task) = row else { return Ok(None) };
    let employer = order_employers::Entity::find_by_id(task.order_employer_id).one(db).await?;
    Ok(employer.map(|employer| employer.order_id.into()))
}

/// The employer entries of an order, in its order.
pub(crate) async fn employers<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<OrderEmployer>, Error> {
    let query = order_employers::Entity::find()
        .filter(order_employers::Column::OrderId.eq(order.0))
        .order_by_asc(order_employers::Column::Position);
    Ok(query.all(db).await?.into_iter().map(OrderEmployer::from).collect())
}

/// The tasks of an order's employer entries.
pub(crate) async fn tasks_of<C: ConnectionTrait>(db: &C, employers: &[OrderEmployer]) -> Result<Vec<Task>, Error> {
    let query = tasks::Entity::find()
        .filter(tasks::Column::OrderEmployerId.is_in(employers.iter().map(|employer| employer.id.0)));
    Ok(query.all(db).await?.into_iter().map(Task::from).collect())
}

/// An open order that uses one of the links.
pub(crate) async fn find_open_on_links<C: ConnectionTrait>(
    db: &C,
    agency: AgencyId,
    links: &[LinkId],
) -> Result<Vec<Order>, Error> {
    let ids: Vec<uuid::Uuid> = order_employers::Entity::find()
        .select_only()
        .column(order_employers::Column::OrderId)
        .filter(order_employers::Column::AgencyId.eq(agency.0))
        .filter(order_employers::Column::LinkId.is_in(links.iter().map(|link| link.0)))
        .distinct()
        .into_tuple()
        .all(db)
        .await?;
    let query = orders::Entity::find()
        .filter(orders::Column::Id.is_in(ids))
        .filter(orders::Column::Status.is_in(OPEN))
        .order_by_asc(orders::Column::Id);
    Ok(query.all(db).await?.into_iter().map(Order::from).collect())
}

/// Stores a new order with its employers.
pub(crate) async fn insert_in_tx(tx: &Tx, order: &Order, employers: &[OrderEmployer]) -> Result<(), Error> {
    let row = orders::ActiveModel { trace_parent: Set(telemetry::here()), ..order_row(order) };
    orders::Entity::insert(row).exec_without_returning(tx).await?;
    insert_employers_in_tx(tx, employers).await
}

/// Stores new employer entries.
pub(crate) async fn insert_employers_in_tx(tx: &Tx, employers: &[OrderEmployer]) -> Result<(), Error> {
    if !employers.is_empty() {
        order_employers::Entity::insert_many(employers.iter().map(employer_row)).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Writes an order that is there already, and keeps what it said before.
pub(crate) async fn save_in_tx(tx: &Tx, before: &Order, order: &Order, now: DateTime<Utc>) -> Result<(), Error> {
    // That Truv told us anything at all is no change that anybody sees.
    if *before != (Order { news_at: before.news_at, ..order.clone() }) {
        past::keep_in_tx(tx, was(RowKind::Order, order, order.id.0), before, now).await?;
    }
    let row = orders::ActiveModel { id: NotSet, ..order_row(order) };
    orders::Entity::update_many().set(row).filter(orders::Column::Id.eq(order.id.0)).exec(tx).await?;
    Ok(())
}

/// Writes an employer entry that is there already, and keeps what it said before.
pub(crate) async fn save_employer_in_tx(
    tx: &Tx,
    order: &Order,
    before: &OrderEmployer,
    employer: &OrderEmployer,
) -> Result<(), Error> {
    past::keep_in_tx(tx, was(RowKind::Employer, order, employer.id.0), before, employer.updated_at).await?;
    let row = order_employers::ActiveModel { id: NotSet, ..employer_row(employer) };
    order_employers::Entity::update_many()
        .set(row)
        .filter(order_employers::Column::Id.eq(employer.id.0))
        .exec(tx)
        .await?;
    Ok(())
}

fn was(kind: RowKind, order: &Order, row: uuid::Uuid) -> Was {
    Was { agency: order.agency, kind, row, owner: order.case.0 }
}

/// Stores a task, or overwrites it and keeps what it said before.
pub(crate) async fn save_task_in_tx(
    tx: &Tx,
    order: &Order,
    (before, task): (Option<&Task>, &Task),
    message: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    use sea_orm::sea_query::OnConflict;
    let agency = order.agency;
    if let Some(before) = before {
        past::keep_in_tx(tx, was(RowKind::Task, order, task.id.0), before, now).await?;
    }
    let row = tasks::ActiveModel {
        id: Set(task.id.0),
        agency_id: Set(agency.0),
        order_employer_id: Set(task.employer.0),
        truv_task_id: Set(task.truv_task_id.clone()),
        raw_status: Set(task.raw_status.clone()),
        status_at: Set(task.status_at),
        message: Set(message.map(str::to_owned)),
        created_at: Set(task.updated_at),
        updated_at: Set(task.updated_at),
    };
    tasks::Entity::insert(row)
        .on_conflict(
            OnConflict::column(tasks::Column::Id)
                .update_columns([
                    tasks::Column::RawStatus,
                    tasks::Column::StatusAt,
                    tasks::Column::Message,
                    tasks::Column::UpdatedAt,
                ])
                .to_owned(),
        )
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// What a repeated mutation answers with.
#[derive(Clone, Debug)]
pub(crate) struct Remembered {
    pub(crate) fingerprint: String,
    pub(crate) order: OrderId,
}

/// What was stored under an idempotency key of the agency.
pub(crate) async fn find_key_in_tx(tx: &Tx, agency: AgencyId, key: &str) -> Result<Option<Remembered>, Error> {
    let row = idempotency_keys::Entity::find_by_id((agency.0, key.to_owned())).one(tx).await?;
    Ok(row.map(|row| Remembered { fingerprint: row.fingerprint, order: row.order_id.into() }))
}

/// Stores an idempotency key. A second transaction with the same key fails with [`Error::Duplicate`].
pub(crate) async fn remember_key_in_tx(
    tx: &Tx,
    agency: AgencyId,
    key: &str,
    remembered: &Remembered,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = idempotency_keys::ActiveModel {
        agency_id: Set(agency.0),
        key: Set(key.to_owned()),
        fingerprint: Set(remembered.fingerprint.clone()),
        order_id: Set(remembered.order.0),
        created_at: Set(now),
    };
    idempotency_keys::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Removes idempotency keys from before then.
pub(super) async fn forget_keys(db: &Database, before: DateTime<Utc>) -> Result<u64, Error> {
    let old = idempotency_keys::Entity::delete_many().filter(idempotency_keys::Column::CreatedAt.lt(before));
    Ok(old.exec(db.write()).await?.rows_affected)
}

fn order_row(order: &Order) -> orders::ActiveModel {
    let failure = order.failure.as_ref();
    orders::ActiveModel {
        id: Set(order.id.0),
        agency_id: Set(order.agency.0),
        case_id: Set(order.case.0),
        renewal_id: Set(order.renewal.map(|id| id.0)),
        batch_item_id: Set(order.batch_item.map(|id| id.0)),
        is_bulk: Set(order.is_bulk),
        parent_id: Set(order.parent.map(|id| id.0)),
        root_id: Set(order.root.0),
        depth: Set(i32::try_from(order.depth).unwrap_or(i32::MAX)),
        kind: Set(order.kind),
        status: Set(order.status),
        product: Set(order.product),
        purpose: Set(order.purpose),
        truv_order_id: Set(order.truv_order_id.clone()),
        truv_user_id: Set(order.truv_user_id.clone()),
        number: Set(order.number.clone()),
        requested_by: Set(order.requested_by.clone()),
        attempt: Set(i32::try_from(order.attempt).unwrap_or(i32::MAX)),
        refresh_order_before: Set(order.refresh_order_before.clone()),
        sends: Set(i32::try_from(order.sends).unwrap_or(i32::MAX)),
        sent_at: Set(order.sent_at),
        contact: Set(order.contact.as_ref().and_then(|contact| serde_json::to_value(contact).ok())),
        share_url: Set(order.share_url.as_ref().map(|url| url.as_str().to_owned())),
        failure_reason: Set(failure.map(|failure| failure.reason)),
        failure_task_status: Set(failure.and_then(|failure| failure.task_status).map(TaskStatus::word)),
        failure_next_action: Set(failure.map(|failure| failure.next_action)),
        failure_next_actor: Set(failure.map(|failure| failure.next_actor)),
        failure_message: Set(failure.map(|failure| failure.message.clone())),
        failure_retry_at: Set(failure.and_then(|failure| failure.retry_at)),
        failure_at: Set(failure.map(|failure| failure.occurred_at)),
        retry_canceled_at: Set(order.retry_canceled_at),
        retry_moved_to: Set(order.retry_moved_to),
        canceled_at: Set(order.canceled_at),
        completed_at: Set(order.completed_at),
        expires_at: Set(order.expires_at),
        news_at: Set(order.news_at),
        created_at: Set(order.created_at),
        updated_at: Set(order.updated_at),
        version: Set(order.version),
        trace_parent: NotSet,
    }
}

fn employer_row(employer: &OrderEmployer) -> order_employers::ActiveModel {
    order_employers::ActiveModel {
        id: Set(employer.id.0),
        agency_id: Set(employer.agency.0),
        order_id: Set(employer.order.0),
        position: Set(employer.position),
        source_id: Set(employer.source.map(|id| id.0)),
        link_id: Set(employer.link.map(|id| id.0)),
        truv_suborder_id: Set(employer.truv_suborder_id.clone()),
        suborder_number: Set(employer.suborder_number.clone()),
        company_name: Set(employer.company_name.clone()),
        raw_status: Set(employer.raw_status.clone()),
        status_at: Set(employer.status_at),
        task_status: Set(employer.task_status.clone()),
        task_at: Set(employer.task_at),
        latest_task_id: Set(employer.latest_task.map(|id| id.0)),
        told_status: Set(employer.told.as_ref().map(|told| told.raw_status.clone())),
        told_at: Set(employer.told.as_ref().map(|told| told.at)),
        message: Set(employer.message.clone()),
        updated_at: Set(employer.updated_at),
    }
}

impl From<orders::Model> for Order {
    fn from(row: orders::Model) -> Self {
        let failure = match (row.failure_reason, row.failure_next_action, row.failure_next_actor, row.failure_at) {
            (Some(reason), Some(next_action), Some(next_actor), Some(occurred_at)) => Some(Failure {
                reason,
                task_status: row.failure_task_status.as_deref().and_then(TaskStatus::from_word),
                next_action,
                next_actor,
                retry_at: row.failure_retry_at,
                message: row.failure_message.unwrap_or_default(),
                occurred_at,
            }),
            _ => None,
        };
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            case: row.case_id.into(),
            renewal: row.renewal_id.map(Into::into),
            batch_item: row.batch_item_id.map(Into::into),
            is_bulk: row.is_bulk,
            parent: row.parent_id.map(Into::into),
            root: row.root_id.into(),
            depth: u32::try_from(row.depth).unwrap_or_default(),
            kind: row.kind,
            status: row.status,
            product: row.product,
            purpose: row.purpose,
            truv_order_id: row.truv_order_id,
            truv_user_id: row.truv_user_id,
            number: row.number,
            requested_by: row.requested_by,
            attempt: u32::try_from(row.attempt).unwrap_or_default(),
            refresh_order_before: row.refresh_order_before,
            sends: u32::try_from(row.sends).unwrap_or_default(),
            sent_at: row.sent_at,
            contact: row.contact.and_then(|contact| serde_json::from_value(contact).ok()),
            share_url: row.share_url.map(Sealed::of_row),
            failure,
            retry_canceled_at: row.retry_canceled_at,
            retry_moved_to: row.retry_moved_to,
            canceled_at: row.canceled_at,
            completed_at: row.completed_at,
            expires_at: row.expires_at,
            news_at: row.news_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}

impl From<order_employers::Model> for OrderEmployer {
    fn from(row: order_employers::Model) -> Self {
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            order: row.order_id.into(),
            position: row.position,
            source: row.source_id.map(Into::into),
            link: row.link_id.map(Into::into),
            truv_suborder_id: row.truv_suborder_id,
            suborder_number: row.suborder_number,
            company_name: row.company_name,
            raw_status: row.raw_status,
            status_at: row.status_at,
            task_status: row.task_status,
            task_at: row.task_at,
            latest_task: row.latest_task_id.map(Into::into),
            told: row.told_status.zip(row.told_at).map(|(raw_status, at)| status::Told { raw_status, at }),
            message: row.message,
            updated_at: row.updated_at,
        }
    }
}

impl From<tasks::Model> for Task {
    fn from(row: tasks::Model) -> Self {
        Self {
            id: row.id.into(),
            employer: row.order_employer_id.into(),
            truv_task_id: row.truv_task_id,
            raw_status: row.raw_status,
            status_at: row.status_at,
            updated_at: row.updated_at,
        }
    }
}
